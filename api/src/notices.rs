//! What payout providers tell by themselves.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use chrono::Utc;
use domain::notice::{CODE_CHARS_MAX, Notice, is_code};
use store::StoreError;
use store::notices::{self, Received};
use wire::limits::BODY_BYTES_MAX;
use wire::signature::{SIGNATURE_HEADER, verify};
use wire::{NoticeReceipt, ProblemCode, ProviderNotice};

use crate::check::Checks;
use crate::error::ApiError;
use crate::extract::{NoParams, RawBody, Words, header_once, read_object};
use crate::state::App;

/// Notices that are being received at a time. A provider that is turned away sends again, and is asked by us, too.
pub(crate) const RECEIVED_MAX: usize = 64;

/// `POST /v1/providers/{provider}/notices`
///
/// A notice is written down before anything is made of it, so an answer of 200 means that it
/// will not be lost. One that comes again, too late or before its time gets the same answer.
pub(crate) async fn receive(
    State(app): State<App>,
    Words([provider]): Words<1>,
    _: NoParams,
    request: Request,
) -> Result<Json<NoticeReceipt>, ApiError> {
    let bytes = signed_body(&app, &provider, request).await?;
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

/// The body, whose signature is right. Nothing of it is believed before. Whoever sends it has shown nothing yet, so
/// what can be checked without it comes first, and few are received at a time.
async fn signed_body(app: &App, provider: &str, request: Request) -> Result<Bytes, ApiError> {
    let Some(webhook) = app.webhook.as_ref().filter(|webhook| webhook.provider == provider) else {
        let detail = format!("Nobody called '{provider}' may send notices here.");
        return Err(ApiError::new(ProblemCode::ProviderNotFound, detail));
    };
    let wrong =
        |detail: String| ApiError::field(ProblemCode::SignatureInvalid, SIGNATURE_HEADER, detail);
    let Ok(Some(signature)) = header_once(request.headers(), SIGNATURE_HEADER) else {
        return Err(wrong("must be there, once".to_owned()));
    };
    let signature = signature.to_owned();
    let bytes = {
        let _place = app.notices.try_acquire().map_err(|_| ApiError::no_room())?;
        RawBody::<BODY_BYTES_MAX>::from_request(request, app).await?.0
    };
    let now = Utc::now().timestamp();
    verify(&webhook.secrets, &signature, &bytes, now).map_err(|error| wrong(error.to_string()))?;
    Ok(bytes)
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
