//! Every route times everybody. The routes are read from the router's source, so that a new one without a row here fails.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::operator::OperatorRole::{self, Approver, Operator, Viewer};
use embedded::issuer::{Algorithm, Claims, Issuer, Signer, encode, message};
use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{CUSTOMER, Guarded, transfer};

/// What a route asks of whoever calls it.
#[derive(Debug, Clone, Copy)]
enum Needs {
    /// Nothing, or a signature of its own.
    Nothing,
    /// This scope; it is about nobody's wallet in particular.
    Scope(&'static str),
    /// This scope, and that the wallet or transfer is one's own: else it does not exist.
    Own(&'static str),
    /// This scope, and one's own name in the body.
    Self_(&'static str),
    /// At least this role.
    Role(OperatorRole),
}
use Needs::{Nothing, Own, Role, Scope, Self_};

const READ: &str = "wallet:read";
const WRITE: &str = "wallet:write";

const ROWS: &[(&str, &str, Needs)] = &[
    ("GET", "/v1/wallets", Scope(READ)),
    ("POST", "/v1/wallets", Self_(WRITE)),
    ("GET", "/v1/wallets/{wallet_id}", Own(READ)),
    ("POST", "/v1/wallets/{wallet_id}/freeze", Scope("wallet:admin")),
    ("POST", "/v1/wallets/{wallet_id}/unfreeze", Scope("wallet:admin")),
    ("POST", "/v1/wallets/{wallet_id}/close", Own(WRITE)),
    ("GET", "/v1/wallets/{wallet_id}/balance", Own(READ)),
    ("GET", "/v1/wallets/{wallet_id}/postings", Own(READ)),
    ("GET", "/v1/wallets/{wallet_id}/limits", Own(READ)),
    ("POST", "/v1/deposits", Scope("wallet:deposit")),
    ("GET", "/v1/transfers", Scope(READ)),
    ("POST", "/v1/transfers", Own(WRITE)),
    ("POST", "/v1/payouts", Own(WRITE)),
    ("POST", "/v1/transfers/bulk", Scope(WRITE)),
    ("POST", "/v1/transfers/stream", Scope(WRITE)),
    ("GET", "/v1/transfers/{transfer_id}", Own(READ)),
    ("GET", "/v1/transfers/{transfer_id}/events", Own(READ)),
    ("POST", "/v1/transfers/{transfer_id}/capture", Own(WRITE)),
    ("POST", "/v1/transfers/{transfer_id}/void", Own(WRITE)),
    ("POST", "/v1/transfers/{transfer_id}/reverse", Own(WRITE)),
    ("POST", "/v1/providers/{provider}/notices", Nothing),
    ("GET", "/health/live", Nothing),
    ("GET", "/health/ready", Nothing),
    ("GET", "/health/started", Nothing),
    ("GET", "/health", Nothing),
    ("GET", "/metrics", Nothing),
    ("GET", "/openapi.json", Nothing),
    ("GET", "/docs", Nothing),
    ("GET", "/docs/page.js", Nothing),
    ("GET", "/docs/page.css", Nothing),
    ("GET", "/admin/v1/me", Role(Viewer)),
    ("GET", "/admin/v1/overview", Role(Viewer)),
    ("GET", "/admin/v1/incidents", Role(Viewer)),
    ("GET", "/admin/v1/outbox", Role(Viewer)),
    ("GET", "/admin/v1/transfers", Role(Viewer)),
    ("GET", "/admin/v1/wallets", Role(Viewer)),
    ("GET", "/admin/v1/wallets/{wallet_id}", Role(Viewer)),
    ("GET", "/admin/v1/wallets/{wallet_id}/postings", Role(Viewer)),
    ("GET", "/admin/v1/ledger/check", Role(Viewer)),
    ("GET", "/admin/v1/audit", Role(Viewer)),
    ("GET", "/admin/v1/audit/{seq}", Role(Viewer)),
    ("GET", "/admin/v1/dead-letters", Role(Viewer)),
    ("GET", "/admin/v1/dead-letters/groups", Role(Viewer)),
    ("GET", "/admin/v1/dead-letters/{dead_letter_id}", Role(Viewer)),
    ("GET", "/admin/v1/dead-letters/{dead_letter_id}/options", Role(Viewer)),
    ("POST", "/admin/v1/dead-letters/{dead_letter_id}/redrive", Role(Operator)),
    ("POST", "/admin/v1/dead-letters/{dead_letter_id}/compensate", Role(Operator)),
    ("POST", "/admin/v1/dead-letters/{dead_letter_id}/retry-compensation", Role(Operator)),
    ("POST", "/admin/v1/dead-letters/{dead_letter_id}/force-forward", Role(Approver)),
    ("POST", "/admin/v1/dead-letters/{dead_letter_id}/approve-force-forward", Role(Approver)),
    ("POST", "/admin/v1/dead-letters/{dead_letter_id}/approve-resolve", Role(Approver)),
    ("POST", "/admin/v1/dead-letters/{dead_letter_id}/discard", Role(Operator)),
    ("POST", "/admin/v1/dead-letters/{dead_letter_id}/resolve", Role(Approver)),
    ("GET", "/admin/v1/redrive-plans", Role(Viewer)),
    ("POST", "/admin/v1/redrive-plans", Role(Operator)),
    ("GET", "/admin/v1/redrive-plans/{plan_id}", Role(Viewer)),
    ("GET", "/admin/v1/redrive-plans/{plan_id}/items", Role(Viewer)),
    ("POST", "/admin/v1/redrive-plans/{plan_id}/approve", Role(Approver)),
    ("POST", "/admin/v1/redrive-plans/{plan_id}/apply", Role(Operator)),
    ("POST", "/admin/v1/redrive-plans/{plan_id}/pause", Role(Operator)),
    ("POST", "/admin/v1/redrive-plans/{plan_id}/resume", Role(Operator)),
    ("POST", "/admin/v1/redrive-plans/{plan_id}/stop", Role(Operator)),
    ("GET", "/admin/v1/api-keys", Role(Viewer)),
    ("POST", "/admin/v1/api-keys", Role(Approver)),
    ("GET", "/admin/v1/api-keys/{key_id}", Role(Viewer)),
    ("POST", "/admin/v1/api-keys/{key_id}/revoke", Role(Operator)),
    ("GET", "/admin/v1/limits", Role(Viewer)),
    ("PUT", "/admin/v1/limits", Role(Operator)),
    ("GET", "/admin/v1/owners/{owner_id}/settings", Role(Viewer)),
    ("PUT", "/admin/v1/owners/{owner_id}/settings", Role(Operator)),
    ("GET", "/admin/v1/queues", Role(Viewer)),
    ("POST", "/admin/v1/queues/{queue}/pause", Role(Operator)),
    ("POST", "/admin/v1/queues/{queue}/resume", Role(Operator)),
    ("GET", "/admin/v1/jobs", Role(Viewer)),
    ("GET", "/admin/v1/jobs/{job_id}", Role(Viewer)),
    ("POST", "/admin/v1/jobs/{job_id}/retry-now", Role(Operator)),
    ("GET", "/admin/v1/workers", Role(Viewer)),
    ("GET", "/admin/v1/switches", Role(Viewer)),
    ("PUT", "/admin/v1/switches/maintenance", Role(Approver)),
    ("PUT", "/admin/v1/switches/{kind}/{subject}", Role(Operator)),
    ("GET", "/admin/v1/transfers/{transfer_id}", Role(Viewer)),
    ("POST", "/admin/v1/transfers/{transfer_id}/park", Role(Operator)),
    ("POST", "/admin/v1/transfers/{transfer_id}/unpark", Role(Operator)),
    ("POST", "/admin/v1/transfers/{transfer_id}/review", Role(Operator)),
    ("POST", "/admin/v1/transfers/{transfer_id}/retry-now", Role(Operator)),
    ("GET", "/admin/v1/sqs/queues", Role(Viewer)),
    ("GET", "/admin/v1/sqs/dead-messages", Role(Viewer)),
    ("GET", "/admin/v1/sqs/dead-messages/groups", Role(Viewer)),
    ("GET", "/admin/v1/sqs/dead-messages/{message_id}", Role(Viewer)),
    ("POST", "/admin/v1/sqs/redrive", Role(Operator)),
    ("POST", "/admin/v1/sqs/purge", Role(Operator)),
    ("GET", "/admin/v1/commands", Role(Viewer)),
    ("GET", "/admin/v1/commands/{command_id}", Role(Viewer)),
    ("POST", "/admin/v1/commands/{command_id}/stop", Role(Operator)),
];

/// Method and path of every route that the router has.
pub fn routes() -> BTreeSet<(String, String)> {
    let source = include_str!("../../../src/router.rs");
    let mut routes = BTreeSet::new();
    for text in source.split(".route(").skip(1) {
        let path = text.split('"').nth(1).unwrap();
        // Up to the parenthesis that ends the call.
        let mut depth = 1;
        let call = text.split_inclusive(['(', ')']).take_while(|piece| {
            let inside = depth > 0;
            depth += if piece.ends_with('(') { 1 } else { -1 };
            inside
        });
        for piece in call {
            for method in ["get", "post", "put", "patch", "delete"] {
                let name = piece.strip_suffix('(').and_then(|text| text.strip_suffix(method));
                let whole = |before: &str| {
                    !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
                };
                if name.is_some_and(whole) {
                    routes.insert((method.to_uppercase(), path.to_owned()));
                }
            }
        }
    }
    routes
}

#[test]
fn every_route_has_a_row() {
    let rows: BTreeSet<_> = ROWS.iter().map(|row| (row.0.to_owned(), row.1.to_owned())).collect();
    let routes = routes();
    let new: Vec<_> = routes.difference(&rows).collect();
    let gone: Vec<_> = rows.difference(&routes).collect();
    assert!(new.is_empty(), "say in ROWS who may call: {new:?}");
    assert!(gone.is_empty(), "these rows have no route: {gone:?}");
    assert_eq!(rows.len(), ROWS.len(), "a route has two rows");
}

/// Somebody with something to send.
struct Person {
    name: &'static str,
    credential: Option<String>,
    /// Good for the customers' address, with these scopes; none for what is not good there.
    scopes: Option<&'static [&'static str]>,
    /// Whether the wallets are theirs, or they act for everybody.
    owns: bool,
    role: Standing,
}

/// What somebody is on the operators' address.
#[derive(Debug, Clone, Copy)]
enum Standing {
    Unknown,
    NoRole,
    Has(OperatorRole),
}
use Standing::{Has, NoRole, Unknown};

const ALL: &[&str] = &[READ, WRITE, "wallet:deposit", "wallet:admin"];

#[expect(clippy::too_many_lines, reason = "a table")]
async fn everybody(guarded: &Guarded) -> Vec<Person> {
    let issuer = &guarded.issuer;
    let signer = issuer.signer();
    let alice = Claims::of("alice").scope(CUSTOMER);
    let good = signer.claims(&alice);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        signer.sign(&signer.header(), &claims)
    };
    let long_ago = SystemTime::now() - Duration::from_mins(10);
    let long_ago = long_ago.duration_since(UNIX_EPOCH).unwrap();
    let header = |algorithm: &str| {
        let mut header = signer.header();
        header["alg"] = json!(algorithm);
        header
    };
    let unsigned = format!("{}.", message(&header("none"), &good));
    let forged = message(&header("HS256"), &good);
    let secret = hmac::Key::new(hmac::HMAC_SHA256, signer.public_key());
    let forged = format!("{forged}.{}", encode(hmac::sign(&secret, forged.as_bytes()).as_ref()));
    let other = Issuer::start(None).await.unwrap();
    let revoked = guarded.key(ALL).await;
    let path = format!("/admin/v1/api-keys/{}/revoke", revoked.text("/api_key/id"));
    let olga = guarded.api.token("olga", Operator).await;
    assert_eq!(guarded.post(&olga, &path, &json!({"reason": "a test"})).await.status, 200);
    let admin = guarded.key(ALL).await.text("/key").to_owned();

    let operator = |name: &'static str, role: OperatorRole| Person {
        name,
        credential: Some(issuer.token(&Claims::of(name).role(role.as_str()))),
        scopes: Some(&[]),
        owns: false,
        role: Has(role),
    };
    let customer = |name: &'static str, subject: &str, scopes: &'static [&'static str]| Person {
        name,
        credential: Some(issuer.token(&Claims::of(subject).scope(scopes.join(" ")))),
        scopes: Some(scopes),
        owns: subject == "alice",
        role: NoRole,
    };
    let nobody = |name: &'static str, credential| Person {
        name,
        credential,
        scopes: None,
        owns: false,
        role: Unknown,
    };
    vec![
        nobody("none", None),
        operator("viewer", Viewer),
        operator("operator", Operator),
        operator("approver", Approver),
        customer("owner", "alice", &[READ, WRITE]),
        customer("stranger", "bob", &[READ, WRITE]),
        customer("read-only", "alice", &[READ]),
        customer("write", "alice", &[WRITE]),
        customer("deposit", "till", &["wallet:deposit"]),
        Person {
            name: "admin key",
            credential: Some(admin),
            scopes: Some(ALL),
            owns: true,
            role: Unknown,
        },
        nobody("expired", Some(with("exp", json!(long_ago.as_secs())))),
        nobody("wrong issuer", Some(other.token(&alice))),
        nobody("issuer by name only", Some(with("iss", json!("https://other.example/")))),
        nobody("signed by another", {
            let thief = Signer::new(issuer.url(), Algorithm::EdDsa).unwrap();
            Some(thief.sign(&signer.header(), &good))
        }),
        nobody("wrong audience", Some(with("aud", json!(["other", "services"])))),
        nobody("alg none", Some(unsigned)),
        nobody("HS256 with the public key", Some(forged)),
        nobody("revoked key", Some(revoked.text("/key").to_owned())),
    ]
}

/// The problem that a person gets from a route, or none for whoever is let in.
fn expected(needs: Needs, person: &Person) -> Option<(u16, &'static str)> {
    let scope = match needs {
        Nothing => return None,
        Role(least) => {
            return match person.role {
                Unknown => Some((401, "operator_unknown")),
                Has(role) if role >= least => None,
                NoRole | Has(_) => Some((403, "operator_not_allowed")),
            };
        }
        Scope(scope) | Own(scope) | Self_(scope) => scope,
    };
    match (person.scopes, needs) {
        (None, _) => Some((401, "unauthenticated")),
        (Some(scopes), _) if !scopes.contains(&scope) => Some((403, "forbidden")),
        (_, Self_(_)) if !person.owns => Some((403, "forbidden")),
        (_, Own(_)) if !person.owns => Some((404, "")),
        _ => None,
    }
}

/// A body that is right, so that nothing but the right to send it is in question. Acts of operators are about things
/// that do not exist.
fn body(path: &str, wallet: &str, other: &str) -> Value {
    let beneficiary = json!({ "name": "A", "account": "B" });
    let reason = json!({ "reason": "a test" });
    match path {
        "/v1/wallets" => json!({ "owner_id": "alice", "currency": "EUR" }),
        "/v1/deposits" => json!({ "wallet_id": wallet, "amount_minor": 1, "currency": "EUR" }),
        "/v1/transfers" => transfer(wallet, other),
        "/v1/payouts" => json!({
            "wallet_id": wallet, "amount_minor": 1, "currency": "EUR", "beneficiary": beneficiary
        }),
        "/v1/transfers/bulk" => json!({ "mode": "independent", "transfers": [{}] }),
        "/v1/transfers/{transfer_id}/capture" | "/v1/transfers/{transfer_id}/reverse" => json!({}),
        "/admin/v1/switches/maintenance" => json!({ "on": false, "reason": "a test" }),
        "/admin/v1/api-keys" => {
            json!({ "name": Uuid::now_v7(), "scopes": [READ], "reason": "a test" })
        }
        "/admin/v1/redrive-plans/{plan_id}/approve" => json!({ "hash": "0", "reason": "a test" }),
        "/admin/v1/dead-letters/{dead_letter_id}/approve-resolve" => {
            json!({ "outcome": "failed", "reason": "a test" })
        }
        "/admin/v1/dead-letters/{dead_letter_id}/resolve" => {
            json!({ "outcome": "failed", "evidence": "none", "reason": "a test" })
        }
        _ => reason,
    }
}

#[tokio::test]
async fn everybody_may_do_what_the_table_says_and_nothing_else() {
    let guarded = Guarded::start().await;
    let (wallet, other) = (guarded.wallet("alice").await, guarded.wallet("alice").await);
    guarded.wallet("bob").await;
    let alice = guarded.token("alice", CUSTOMER);
    let sent = guarded.post(&alice, "/v1/transfers", &transfer(&wallet, &other)).await;
    assert_eq!(sent.status, 202, "{sent:?}");
    let sent = sent.text("/id");

    let mut wrong = Vec::new();
    for person in everybody(&guarded).await {
        for (method, path, needs) in ROWS {
            let place = path.replace("{wallet_id}", &wallet).replace("{seq}", "1");
            // The rest are ids of what does not exist.
            let place = match place.strip_prefix("/v1/transfers/{transfer_id}") {
                Some(rest) => format!("/v1/transfers/{sent}{rest}"),
                None => place.split('/').map(unknown).collect::<Vec<_>>().join("/"),
            };
            let (status, code) =
                look(&guarded, &person, method, &place, path, (&wallet, &other)).await;
            let right = match expected(*needs, &person) {
                // Hidden: as if it did not exist, whatever it is.
                Some((404, _)) => status == 404 && code.ends_with("_not_found"),
                Some((wanted, problem)) => status == wanted && code == problem,
                None => ![401, 403].contains(&status) && (status < 500 || status == 503),
            };
            if !right {
                wrong.push(format!("{method} {path} as {}: {status} {code}", person.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn unknown(segment: &str) -> String {
    if segment.starts_with('{') { Uuid::now_v7().to_string() } else { segment.to_owned() }
}

/// Status and problem code of an answer. What is no problem is not read: some answers have no end.
async fn look(
    guarded: &Guarded,
    person: &Person,
    method: &str,
    place: &str,
    path: &str,
    (wallet, other): (&str, &str),
) -> (u16, String) {
    let Guarded { api, .. } = guarded;
    let operators = path.starts_with("/admin") || ["/health", "/metrics"].contains(&path);
    let base = if operators { &api.admin } else { &api.public };
    let method: Method = method.parse().unwrap();
    let mut request = api.client.request(method.clone(), format!("{base}{place}"));
    if let Some(credential) = &person.credential {
        request = request.bearer_auth(credential);
    }
    if method != Method::GET {
        let lines = path.ends_with("/stream");
        let media_type = if lines { "application/x-ndjson" } else { "application/json" };
        let text = if lines { String::new() } else { body(path, wallet, other).to_string() };
        request = request.header("content-type", media_type).body(text);
        request = request.header("idempotency-key", Uuid::now_v7().to_string());
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    if status < 400 {
        return (status, String::new());
    }
    if status == 401 && !path.contains("/providers/") {
        let challenge = answer.headers().get("www-authenticate").unwrap().to_str().unwrap();
        assert!(challenge.starts_with("Bearer"), "{challenge}");
    }
    let problem: Value = answer.json().await.unwrap();
    (status, problem["code"].as_str().unwrap().to_owned())
}
