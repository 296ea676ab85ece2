//! What payout providers tell by themselves.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use chrono::Utc;
use domain::notice::{CODE_CHARS_MAX, Notice, is_code};
use store::StoreError;
use store::notices::{self, Received};
use wire::signature::{SIGNATURE_HEADER, verify};
use wire::{NoticeReceipt, ProblemCode, ProviderNotice};

use crate::check::Checks;
use crate::error::ApiError;
use crate::extract::{NoParams, RawBody, Words, header_once, read_object};
use crate::state::App;

/// `POST /v1/providers/{provider}/notices`
///
/// A notice is written down before anything is made of it, so an answer of 200 means that it
/// will not be lost. One that comes again, too late or before its time gets the same answer.
pub(crate) async fn receive(
    State(app): State<App>,
    Words([provider]): Words<1>,
    _: NoParams,
    headers: HeaderMap,
    RawBody(bytes): RawBody,
) -> Result<Json<NoticeReceipt>, ApiError> {
    check_signature(&app, &provider, &headers, &bytes)?;
    let body: ProviderNotice = read_object(&bytes)?;
    let received = check(provider, body, &bytes)?;
    let id = received.notice.transfer;
    let mut connection = app.readers.writer().acquire().await.map_err(StoreError::from)?;
    if notices::record(&mut connection, &[received]).await?.is_empty() {
        let detail = "There is no payout with this id.";
        return Err(ApiError::new(ProblemCode::TransferNotFound, detail));
    }
    let applied = !notices::apply(&mut connection, &[id]).await?.is_empty();
    drop(connection);
    if applied {
        app.waker.wake();
    }
    Ok(Json(NoticeReceipt { payout_id: id, applied }))
}

/// Nothing of the body is believed before this.
fn check_signature(
    app: &App,
    provider: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), ApiError> {
    let Some(webhook) = app.webhook.as_ref().filter(|webhook| webhook.provider == provider) else {
        let detail = format!("Nobody called '{provider}' may send notices here.");
        return Err(ApiError::new(ProblemCode::ProviderNotFound, detail));
    };
    let wrong =
        |detail: String| ApiError::field(ProblemCode::SignatureInvalid, SIGNATURE_HEADER, detail);
    let Ok(Some(value)) = header_once(headers, SIGNATURE_HEADER) else {
        return Err(wrong("must be there, once".to_owned()));
    };
    let now = Utc::now().timestamp();
    verify(&webhook.secrets, value, body, now).map_err(|error| wrong(error.to_string()))
}

fn check(provider: String, body: ProviderNotice, bytes: &[u8]) -> Result<Received, ApiError> {
    let mut checks = Checks::default();
    checks.text("provider_reference", &body.provider_reference);
    if body.code.as_deref().is_some_and(|code| !is_code(code)) {
        let detail = format!("must be 1 to {CODE_CHARS_MAX} of a to z, 0 to 9 and _");
        checks.wrong(ProblemCode::InvalidBody, "code", detail);
    }
    checks.optional_text("detail", body.detail.as_deref());
    checks.finish()?;
    let raw = str::from_utf8(bytes).map_err(|_| {
        ApiError::new(ProblemCode::MalformedJson, "The body is not UTF-8 throughout.")
    })?;
    let notice = Notice {
        transfer: body.payout_id,
        provider,
        status: body.status,
        reference: body.provider_reference,
        code: body.code,
        detail: body.detail,
    };
    Ok(Received { notice, raw: raw.to_owned() })
}
