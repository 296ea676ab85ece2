//! What a token must be like, one wrong thing at a time.

use std::time::{SystemTime, UNIX_EPOCH};

use embedded::issuer::{Algorithm, Claims, Issuer, Signer};
use serde_json::{Value, json};

use super::{CUSTOMER, Guarded};

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A good token with one claim changed, or taken away by null.
fn with(guarded: &Guarded, name: &str, value: Value) -> String {
    let signer = guarded.issuer.signer();
    let mut claims = signer.claims(&Claims::of("alice").scope(CUSTOMER));
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    signer.sign(&signer.header(), &claims)
}

#[tokio::test]
async fn a_claim_that_is_wrong_closes_the_door_and_is_named() {
    let guarded = Guarded::start().await;
    for (claim, value, told) in [
        ("exp", json!(now() - 31), "It has expired."),
        ("exp", Value::Null, "It lacks exp, iss or sub."),
        ("exp", json!("soon"), "It lacks exp, iss or sub."),
        ("nbf", json!(now() + 40), "It is not good yet."),
        ("iss", json!("http://127.0.0.1:1"), "It is of another issuer."),
        ("iss", Value::Null, "It lacks exp, iss or sub."),
        ("aud", json!("others"), "It is for another audience."),
        ("aud", json!(["others"]), "It is for another audience."),
        ("aud", Value::Null, "It is for another audience."),
        ("sub", Value::Null, "It lacks exp, iss or sub."),
        ("sub", json!("a\nb"), "Its subject is no short text."),
        ("sub", json!("x".repeat(256)), "Its subject is no short text."),
    ] {
        let token = with(&guarded, claim, value.clone());
        let answer = guarded.get(&token, "/v1/wallets").await;
        answer.assert_problem(401, "unauthenticated");
        assert!(answer.text("/detail").ends_with(told), "{claim} {value}: {answer:?}");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer error=\"invalid_token\""), "{challenge}");
        assert!(!format!("{answer:?}").contains(&token), "the token is not repeated");
    }
    // Clocks may differ a little, and a token may be for several.
    for (claim, value) in [
        ("exp", json!(now() - 10)),
        ("nbf", json!(now() + 10)),
        ("aud", json!(["others", "holdfast"])),
        ("iat", Value::Null),
    ] {
        let token = with(&guarded, claim, value.clone());
        assert_eq!(guarded.get(&token, "/v1/wallets").await.status, 200, "{claim} {value}");
    }
}

#[tokio::test]
async fn what_is_no_token_gets_no_further() {
    let guarded = Guarded::start().await;
    let good = guarded.token("alice", CUSTOMER);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let mut flipped = signature.to_owned();
    let last = if flipped.starts_with('A') { "B" } else { "A" };
    flipped.replace_range(..1, last);
    for wrong in [
        "x",
        "a.b.c",
        "..",
        head,
        &format!("{head}."),
        &format!("{head}.{flipped}"),
        &format!("{good}.x"),
    ] {
        guarded.get(wrong, "/v1/wallets").await.assert_problem(401, "unauthenticated");
    }
    let long = "x".repeat(9_000);
    guarded.get(&long, "/v1/wallets").await.assert_problem(401, "unauthenticated");
    let bearer = format!("Bearer {good}");
    for headers in [
        vec![],
        vec![("authorization", good.as_str())],
        vec![("authorization", "Bearer")],
        vec![("authorization", "Basic YTpi")],
        vec![("authorization", bearer.as_str()), ("authorization", bearer.as_str())],
    ] {
        let answer = guarded.api.send(reqwest::Method::GET, "/v1/wallets", &headers, "").await;
        answer.assert_problem(401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    let headers = [("authorization", bearer.replace("Bearer", "bearer"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = guarded.api.send(reqwest::Method::GET, "/v1/wallets", &headers, "").await;
    assert_eq!(answer.status, 200, "the scheme has no case");
}

#[tokio::test]
async fn a_header_cannot_talk_the_door_into_another_check() {
    let guarded = Guarded::start().await;
    let signer = guarded.issuer.signer();
    let signer = signer.as_ref();
    let claims = signer.claims(&Claims::of("alice").scope(CUSTOMER));
    let ours = signer.header();
    let with = |name: &str, value: Value| {
        let mut header = ours.clone();
        header[name] = value;
        header
    };
    // A key that the token brings along is not looked at.
    let thief = Signer::new(guarded.issuer.url(), Algorithm::EdDsa).unwrap();
    let mut brought = thief.header();
    brought["jwk"] = thief.jwk();
    let mut same_id = with("jwk", thief.jwk());
    same_id["jku"] = json!("http://127.0.0.1:1/jwks.json");
    for (header, by) in [
        (with("alg", json!("ES256")), signer),
        (with("alg", json!("RS256")), signer),
        (with("alg", json!("PS256")), signer),
        (with("kid", json!("unknown")), signer),
        (with("crit", json!(["b64"])), signer),
        (brought, &thief),
        (same_id, &thief),
    ] {
        let token = by.sign(&header, &claims);
        let answer = guarded.get(&token, "/v1/wallets").await;
        assert_eq!(answer.status, 401, "{header}: {answer:?}");
    }
    // Without an id it is for the only key.
    let mut anonymous = ours.clone();
    anonymous.as_object_mut().unwrap().remove("kid");
    let token = signer.sign(&anonymous, &claims);
    assert_eq!(guarded.get(&token, "/v1/wallets").await.status, 200);
}

#[tokio::test]
async fn a_refusal_names_the_scope_that_is_missing() {
    let guarded = Guarded::start().await;
    let token = guarded.token("alice", "wallet:read openid");
    let body = json!({ "owner_id": "alice", "currency": "EUR" });
    let answer = guarded.post(&token, "/v1/wallets", &body).await;
    answer.assert_problem(403, "forbidden");
    let told = "This needs the scope wallet:write; the token or key has: wallet:read.";
    assert_eq!(answer.text("/detail"), told);
    let challenge = "Bearer error=\"insufficient_scope\", scope=\"wallet:write\"";
    assert_eq!(answer.header("www-authenticate"), Some(challenge));
}

#[tokio::test]
async fn claims_may_have_other_names_and_places() {
    let issuer = Issuer::start(None).await.unwrap();
    let guarded = Guarded::believing(issuer, |auth| {
        auth.audience_claim = "client_id".to_owned();
        auth.audiences = vec!["app".to_owned()];
        auth.owner_claim = "https://example.com/tenant".to_owned();
        auth.scope_claim = "scp".to_owned();
        auth.scope_prefix = "holdfast/".to_owned();
        auth.roles_claim = "realm_access.roles".to_owned();
        auth.roles_prefix = "holdfast-".to_owned();
    })
    .await;
    let signer = guarded.issuer.signer();
    let mut claims = signer.claims(&Claims::of("machine"));
    claims["client_id"] = json!("app");
    claims["https://example.com/tenant"] = json!("acme");
    claims["scp"] = json!(["holdfast/wallet:write", "wallet:admin", "email"]);
    claims["realm_access"] = json!({ "roles": ["viewer", "holdfast-viewer", "holdfast-operator"] });
    let token = signer.sign(&signer.header(), &claims);
    let body = json!({ "owner_id": "acme", "currency": "EUR" });
    assert_eq!(guarded.post(&token, "/v1/wallets", &body).await.status, 201);
    guarded.get(&token, "/v1/wallets").await.assert_problem(403, "forbidden");
    let me = guarded.get(&token, "/admin/v1/me").await;
    assert_eq!(me.body, json!({ "name": "machine", "role": "operator" }));

    claims.as_object_mut().unwrap().remove("https://example.com/tenant");
    let token = signer.sign(&signer.header(), &claims);
    let answer = guarded.post(&token, "/v1/wallets", &body).await;
    answer.assert_problem(401, "unauthenticated");
    assert!(answer.text("/detail").contains("does not name an owner"), "{answer:?}");
}

#[tokio::test]
async fn a_token_is_known_no_longer_than_it_is_good() {
    let issuer = Issuer::start(None).await.unwrap();
    let skewless = |auth: &mut api::IssuerConfig| auth.skew = std::time::Duration::ZERO;
    let guarded = Guarded::believing(issuer, skewless).await;
    let token = with(&guarded, "exp", json!(now() + 2));
    assert_eq!(guarded.get(&token, "/v1/wallets").await.status, 200);
    // A second time it is known, and that must end with it.
    assert_eq!(guarded.get(&token, "/v1/wallets").await.status, 200);
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let answer = guarded.get(&token, "/v1/wallets").await;
        if answer.status == 401 {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{answer:?}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
