//! Whatever a client sends, the answer is a problem that names what is wrong, and nothing is written.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Api;

/// A request, and what must be said about it.
struct Row {
    name: &'static str,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    status: u16,
    code: &'static str,
    /// What `errors` names; empty when the problem has none.
    field: &'static str,
}

fn post(
    name: &'static str,
    path: &str,
    body: impl Into<Vec<u8>>,
    no: (u16, &'static str, &'static str),
) -> Row {
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("idempotency-key", format!("key-of-{}", name.replace(' ', "-"))),
    ];
    let (status, code, field) = no;
    let (path, body) = (path.to_owned(), body.into());
    Row { name, method: Method::POST, path, headers, body, status, code, field }
}

fn get(name: &'static str, path: &str, no: (u16, &'static str, &'static str)) -> Row {
    Row { method: Method::GET, headers: Vec::new(), ..post(name, path, "", no) }
}

fn with(mut row: Row, header: &'static str, value: Option<&str>) -> Row {
    row.headers.retain(|one| one.0 != header);
    row.headers.extend(value.map(|value| (header, value.to_owned())));
    row
}

/// The valid transfer, changed in one field; null takes the field away.
fn changed(valid: &Value, field: &str, value: Value) -> String {
    let mut body = valid.clone();
    if value.is_null() {
        body.as_object_mut().unwrap().remove(field);
    } else {
        body[field] = value;
    }
    body.to_string()
}

const INVALID: (u16, &str) = (422, "invalid_body");

fn bodies(valid: &Value) -> Vec<Row> {
    let path = "/v1/transfers";
    let json = |name, body: &str, field| post(name, path, body, (INVALID.0, INVALID.1, field));
    let change =
        |name, field: &'static str, value| json(name, &changed(valid, field, value), field);
    let deep = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    let metadata = |text: &str| valid.to_string().replace('}', &format!(",\"metadata\":{text}}}"));
    vec![
        post("no body", path, "", (400, "malformed_json", "")),
        post("broken json", path, "{\"source_wallet_id\": ", (400, "malformed_json", "")),
        post("not utf 8", path, b"{\"reference\": \"\xff\"}", (400, "malformed_json", "")),
        post("two documents", path, format!("{valid}{valid}"), (400, "malformed_json", "")),
        post(
            "a lone surrogate",
            path,
            metadata("{\"a\":\"\\ud800\"}"),
            (400, "malformed_json", ""),
        ),
        post(
            "a number beyond floats",
            path,
            metadata("{\"a\":1e400}"),
            (400, "malformed_json", ""),
        ),
        json("an array", "[]", "body"),
        json("a string", "\"hello\"", "body"),
        json("null", "null", "body"),
        json(
            "the fields as an array",
            &json!([valid["source_wallet_id"], valid["destination_wallet_id"], 100, "EUR"])
                .to_string(),
            "body",
        ),
        json("an empty object", "{}", "source_wallet_id"),
        change("unknown field", "colour", json!("red")),
        change("missing amount", "amount_minor", Value::Null),
        change("missing destination", "destination_wallet_id", Value::Null),
        json(
            "a field twice",
            &valid.to_string().replace('}', ",\"amount_minor\":5}"),
            "amount_minor",
        ),
        change("a wallet that is no uuid", "source_wallet_id", json!("alice")),
        change("a wallet that is a number", "source_wallet_id", json!(7)),
        change("a reference that is a number", "reference", json!(7)),
        change("a long reference", "reference", json!("x".repeat(256))),
        change("U+0000 in the reference", "reference", json!("a\u{0}b")),
        change("metadata that is a text", "metadata", json!("a")),
        change("large metadata", "metadata", json!({ "a": "x".repeat(16 * 1024) })),
        json("U+0000 in metadata", &metadata("{\"a\":[{\"b\":\"\\u0000\"}]}"), "metadata.a[0].b"),
        json("U+0000 in a name", &metadata("{\"a\\u0000\":1}"), "metadata.a\\u0000"),
        json("metadata 17 deep", &metadata(&deep(17)), "metadata"),
        json("metadata 1000 deep", &metadata(&deep(1000)), "metadata"),
    ]
}

fn amounts_and_wallets(valid: &Value) -> Vec<Row> {
    let path = "/v1/transfers";
    let amount = |name, literal: &str, code| {
        let text = valid.to_string();
        let text = text.replace("\"amount_minor\":100", &format!("\"amount_minor\":{literal}"));
        assert!(text.contains(literal));
        post(name, path, text, (422, code, "amount_minor"))
    };
    vec![
        amount("an amount of zero", "0", "amount_out_of_range"),
        amount("a negative amount", "-1", "amount_out_of_range"),
        amount("an amount of 2^53", "9007199254740992", "amount_out_of_range"),
        amount("an amount with an exponent", "1e3", "invalid_body"),
        amount("a fraction", "1.5", "invalid_body"),
        amount("a whole float", "100.0", "invalid_body"),
        amount("an amount as text", "\"100\"", "invalid_body"),
        amount("an amount beyond 64 bits", "9223372036854775808", "invalid_body"),
        amount(
            "an amount beyond 128 bits",
            "999999999999999999999999999999999999999999",
            "invalid_body",
        ),
        amount("a null amount", "null", "invalid_body"),
        post(
            "currency in small letters",
            path,
            changed(valid, "currency", json!("eur")),
            (422, "currency_unknown", "currency"),
        ),
        post(
            "a currency that is none",
            path,
            changed(valid, "currency", json!("XXX")),
            (422, "currency_unknown", "currency"),
        ),
        post(
            "one wallet",
            path,
            changed(valid, "destination_wallet_id", valid["source_wallet_id"].clone()),
            (422, "same_wallet", "destination_wallet_id"),
        ),
        post(
            "another currency",
            path,
            changed(valid, "currency", json!("USD")),
            (422, "currency_mismatch", "source_wallet_id"),
        ),
        post(
            "an unknown source",
            path,
            changed(valid, "source_wallet_id", json!("018bcfe5-6800-7000-8000-000000000000")),
            (404, "wallet_not_found", "source_wallet_id"),
        ),
        post(
            "an unknown destination",
            path,
            changed(valid, "destination_wallet_id", json!("018bcfe5-6800-7000-8000-000000000000")),
            (404, "wallet_not_found", "destination_wallet_id"),
        ),
        post(
            "a system wallet",
            path,
            changed(valid, "source_wallet_id", json!("00000000-0000-8001-8000-455552000000")),
            (404, "wallet_not_found", "source_wallet_id"),
        ),
        post("a large body", path, vec![b' '; 64 * 1024 + 1], (413, "body_too_large", "")),
    ]
}

fn headers(valid: &Value) -> Vec<Row> {
    let good = |name, no| post(name, "/v1/transfers", valid.to_string(), no);
    let key = (400, "idempotency_key_invalid", "Idempotency-Key");
    let correlation = (400, "invalid_header", "x-correlation-id");
    let media = (415, "unsupported_media_type", "Content-Type");
    let twice = |header, row: Row| {
        let mut row = with(row, header, Some("a"));
        row.headers.push((header, "b".to_owned()));
        row
    };
    vec![
        with(
            good("no key", (400, "idempotency_key_missing", "Idempotency-Key")),
            "idempotency-key",
            None,
        ),
        with(good("an empty key", key), "idempotency-key", Some("")),
        with(good("a key with a space", key), "idempotency-key", Some("a b")),
        with(good("a key beyond ascii", key), "idempotency-key", Some("schlüssel")),
        with(good("a long key", key), "idempotency-key", Some(&"k".repeat(256))),
        twice("idempotency-key", good("two keys", key)),
        with(good("no content type", media), "content-type", None),
        with(good("a form", media), "content-type", Some("application/x-www-form-urlencoded")),
        with(good("an empty correlation id", correlation), "x-correlation-id", Some("")),
        with(good("a correlation id with a space", correlation), "x-correlation-id", Some("a b")),
        with(
            good("a long correlation id", correlation),
            "x-correlation-id",
            Some(&"c".repeat(129)),
        ),
        twice("x-correlation-id", good("two correlation ids", correlation)),
    ]
}

fn paths_and_parameters(wallet: &str) -> Vec<Row> {
    let parameter = |name, path: &str, field| get(name, path, (400, "invalid_parameter", field));
    let of_wallet = |rest: &str| format!("/v1/wallets/{wallet}{rest}");
    vec![
        get("an unknown path", "/v1/accounts", (404, "route_not_found", "")),
        get("a slash at the end", "/v1/wallets/", (404, "route_not_found", "")),
        get("the operators' path", "/v1/../admin/v1/ledger/check", (404, "route_not_found", "")),
        post("a wrong method", "/health/live", "", (405, "method_not_allowed", "")),
        get("deposits are only posted", "/v1/deposits", (405, "method_not_allowed", "")),
        get(
            "an unknown wallet",
            "/v1/wallets/018bcfe5-6800-7000-8000-000000000000",
            (404, "wallet_not_found", ""),
        ),
        get(
            "a system wallet by id",
            "/v1/wallets/00000000-0000-8001-8000-455552000000",
            (404, "wallet_not_found", ""),
        ),
        get(
            "balance of a system wallet",
            "/v1/wallets/00000000-0000-8001-8000-455552000000/balance",
            (404, "wallet_not_found", ""),
        ),
        get(
            "postings of an unknown wallet",
            "/v1/wallets/018bcfe5-6800-7000-8000-000000000000/postings",
            (404, "wallet_not_found", ""),
        ),
        get(
            "an unknown transfer",
            "/v1/transfers/018bcfe5-6800-7000-8000-000000000000",
            (404, "transfer_not_found", ""),
        ),
        parameter("a wallet path that is no uuid", "/v1/wallets/alice", "wallet_id"),
        parameter("a transfer path that is no uuid", "/v1/transfers/1", "transfer_id"),
        parameter("a path that is no utf 8", "/v1/transfers/%ff", "path"),
        parameter("an unknown parameter", "/v1/wallets?owner=alice", "owner"),
        parameter("a parameter where none is", &of_wallet("?verbose=1"), "verbose"),
        parameter("a limit of zero", "/v1/wallets?limit=0", "limit"),
        parameter("a large limit", "/v1/transfers?limit=201", "limit"),
        parameter("a limit in words", "/v1/wallets?limit=ten", "limit"),
        parameter("a limit twice", "/v1/wallets?limit=1&limit=2", "limit"),
        parameter("a made up cursor", "/v1/wallets?cursor=abc", "cursor"),
        parameter(
            "another list's cursor",
            &of_wallet("/postings?cursor=018bcfe5680070008000000000000000"),
            "cursor",
        ),
        parameter("U+0000 in an owner", "/v1/wallets?owner_id=a%00b", "owner_id"),
        parameter("a wallet filter that is no uuid", "/v1/transfers?wallet_id=alice", "wallet_id"),
        parameter("an unknown status", "/v1/transfers?status=done", "status"),
        parameter(
            "a key with a space in the query",
            "/v1/transfers?idempotency_key=a%20b",
            "idempotency_key",
        ),
        parameter("a time that is none", &of_wallet("/balance?at=yesterday"), "at"),
        parameter("a time in the future", &of_wallet("/balance?at=2999-01-01T00:00:00Z"), "at"),
        parameter("an unescaped plus", &of_wallet("/balance?at=2024-01-01T00:00:00+01:00"), "at"),
    ]
}

fn wallets(wallet: &str) -> Vec<Row> {
    let open = |name, body: Value, no| post(name, "/v1/wallets", body.to_string(), no);
    let invalid = |field| (INVALID.0, INVALID.1, field);
    let freeze = format!("/v1/wallets/{wallet}/freeze");
    let deposit = |field: &str, value: Value| {
        let valid = json!({ "wallet_id": wallet, "amount_minor": 100, "currency": "EUR" });
        changed(&valid, field, value)
    };
    vec![
        open(
            "a wallet of nobody",
            json!({ "owner_id": "", "currency": "EUR" }),
            invalid("owner_id"),
        ),
        open(
            "an owner that is a number",
            json!({ "owner_id": 1, "currency": "EUR" }),
            invalid("owner_id"),
        ),
        open(
            "a long owner",
            json!({ "owner_id": "x".repeat(256), "currency": "EUR" }),
            invalid("owner_id"),
        ),
        open("a wallet without currency", json!({ "owner_id": "a" }), invalid("currency")),
        open(
            "a wallet in a metal",
            json!({ "owner_id": "a", "currency": "XAU" }),
            (422, "currency_unknown", "currency"),
        ),
        open(
            "U+0000 in a label",
            json!({ "owner_id": "a", "currency": "EUR", "label": "\u{0}" }),
            invalid("label"),
        ),
        open(
            "a wallet with a balance",
            json!({ "owner_id": "a", "currency": "EUR", "balance": 5 }),
            invalid("balance"),
        ),
        post("a freeze without reason", &freeze, "{}", invalid("reason")),
        post("a freeze with a blank reason", &freeze, "{\"reason\": \" \"}", invalid("reason")),
        post("a freeze without body", &freeze, "", (400, "malformed_json", "")),
        post(
            "a deposit of nothing",
            "/v1/deposits",
            deposit("amount_minor", json!(0)),
            (422, "amount_out_of_range", "amount_minor"),
        ),
        post(
            "a deposit in another currency",
            "/v1/deposits",
            deposit("currency", json!("USD")),
            (422, "currency_mismatch", "wallet_id"),
        ),
        post(
            "a deposit with metadata",
            "/v1/deposits",
            deposit("metadata", json!({})),
            invalid("metadata"),
        ),
        post(
            "a deposit to nobody",
            "/v1/deposits",
            deposit("wallet_id", json!("018bcfe5-6800-7000-8000-000000000000")),
            (404, "wallet_not_found", "wallet_id"),
        ),
    ]
}

#[tokio::test]
async fn bad_input_is_named_and_writes_nothing() {
    let api = Api::start().await;
    let (alice, bob) = (api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await);
    let valid = json!({
        "source_wallet_id": alice, "destination_wallet_id": bob, "amount_minor": 100, "currency": "EUR",
    });
    let mut rows = bodies(&valid);
    rows.extend(amounts_and_wallets(&valid));
    rows.extend(headers(&valid));
    rows.extend(paths_and_parameters(&alice));
    rows.extend(wallets(&alice));
    let mut wrong = Vec::new();
    for row in rows {
        let headers: Vec<_> = row.headers.iter().map(|one| (one.0, one.1.as_str())).collect();
        let answer = api.send(row.method, &row.path, &headers, row.body).await;
        let fields = answer.body["errors"].as_array().cloned().unwrap_or_default();
        let named = fields.iter().any(|error| error["field"] == row.field);
        let fits = answer.status == row.status
            && answer.body["code"] == row.code
            && answer.header("content-type") == Some("application/problem+json")
            && answer.body["correlation_id"] == answer.header("x-correlation-id").unwrap_or("")
            && (named || row.field.is_empty() && fields.is_empty());
        if !fits {
            wrong.push(format!("{}: {} {}", row.name, answer.status, answer.body));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!(api.count("transfer").await, 0);
    assert_eq!(api.count("saga_open").await, 0);
    assert_eq!(api.count("idempotency_key").await, 0);
    assert_eq!(api.count("wallet WHERE kind = 'customer'").await, 2);
}

#[tokio::test]
async fn all_that_is_wrong_is_said_at_once() {
    let api = Api::start().await;
    let alice = api.wallet("alice", "EUR").await;
    let body = json!({
        "source_wallet_id": alice, "destination_wallet_id": alice,
        "amount_minor": 0, "currency": "euro", "reference": "x".repeat(300),
    });
    let answer = api.post("/v1/transfers", &[("idempotency-key", "k")], &body).await;
    answer.assert_problem(422, "invalid_body");
    let fields: Vec<_> =
        answer.body["errors"].as_array().unwrap().iter().map(|one| one["field"].clone()).collect();
    assert_eq!(fields, ["destination_wallet_id", "amount_minor", "currency", "reference"]);
}
