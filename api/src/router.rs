use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post, put};
use wire::ProblemCode;
use wire::limits::{BODY_BYTES_MAX, BULK_BODY_BYTES_MAX};

use crate::door::Side;
use crate::error::ApiError;
use crate::observe::observe;
use crate::state::App;
use crate::{
    admin, door, health, maintenance, notices, openapi, spending, statements, transfers, wallets,
};

/// What clients call.
pub fn router(app: App) -> Router {
    let routes = public_routes()
        .route_layer(from_fn_with_state(app.clone(), maintenance::door))
        .route("/openapi.json", get(openapi::public_document));
    finish(routes.merge(documentation()), app, Side::Customers)
}

/// The routes of clients. `openapi` describes each.
pub(crate) fn public_routes() -> Router<App> {
    Router::new()
        .route("/v1/wallets", get(wallets::list).post(wallets::open))
        .route("/v1/wallets/{wallet_id}", get(wallets::get))
        .route("/v1/wallets/{wallet_id}/freeze", post(wallets::freeze))
        .route("/v1/wallets/{wallet_id}/unfreeze", post(wallets::unfreeze))
        .route("/v1/wallets/{wallet_id}/close", post(wallets::close))
        .route("/v1/wallets/{wallet_id}/balance", get(statements::balance))
        .route("/v1/wallets/{wallet_id}/postings", get(statements::postings))
        .route("/v1/wallets/{wallet_id}/limits", get(spending::list))
        .route("/v1/deposits", post(transfers::deposit))
        .route("/v1/transfers", get(transfers::list).post(transfers::transfer))
        .route("/v1/payouts", post(transfers::payout))
        .route(
            "/v1/transfers/bulk",
            post(transfers::bulk).layer(DefaultBodyLimit::max(BULK_BODY_BYTES_MAX)),
        )
        .route("/v1/transfers/stream", post(transfers::stream))
        .route("/v1/transfers/{transfer_id}", get(transfers::get))
        .route("/v1/transfers/{transfer_id}/events", get(transfers::events))
        .route("/v1/transfers/{transfer_id}/capture", post(transfers::capture))
        .route("/v1/transfers/{transfer_id}/void", post(transfers::void))
        .route("/v1/transfers/{transfer_id}/reverse", post(transfers::reverse))
        .route("/v1/providers/{provider}/notices", post(notices::receive))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/health/started", get(health::started))
}

/// What operators call.
pub(crate) fn admin_router(app: App) -> Router {
    let routes = admin_routes().route("/openapi.json", get(openapi::admin_document));
    finish(routes.merge(documentation()), app, Side::Operators)
}

/// The routes of operators. `openapi` describes each.
pub(crate) fn admin_routes() -> Router<App> {
    Router::new()
        .route("/health", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/admin/v1/me", get(admin::me))
        .route("/admin/v1/overview", get(admin::overview))
        .route("/admin/v1/incidents", get(admin::incidents::list))
        .route("/admin/v1/outbox", get(admin::incidents::outbox))
        .route("/admin/v1/transfers", get(admin::transfers))
        .route("/admin/v1/wallets", get(admin::wallets::list))
        .route("/admin/v1/wallets/{wallet_id}", get(admin::wallets::get))
        .route("/admin/v1/wallets/{wallet_id}/postings", get(admin::wallets::postings))
        .route("/admin/v1/ledger/check", get(admin::ledger_check))
        .route("/admin/v1/audit", get(admin::audit))
        .route("/admin/v1/audit/{seq}", get(admin::audit_entry))
        .route("/admin/v1/dead-letters", get(admin::dead_letters))
        .route("/admin/v1/dead-letters/groups", get(admin::dead_letter_groups))
        .route("/admin/v1/dead-letters/{dead_letter_id}", get(admin::dead_letter))
        .route("/admin/v1/dead-letters/{dead_letter_id}/redrive", post(admin::redrive))
        .route("/admin/v1/dead-letters/{dead_letter_id}/compensate", post(admin::compensate))
        .merge(key_routes())
        .merge(desk_routes())
        .merge(limit_routes())
        .merge(queue_routes())
        .merge(sqs_routes())
        .route("/admin/v1/redrive-plans", get(admin::plans::list).post(admin::plans::make))
        .route("/admin/v1/redrive-plans/{plan_id}", get(admin::plans::get))
        .route("/admin/v1/redrive-plans/{plan_id}/items", get(admin::plans::items))
        .route("/admin/v1/redrive-plans/{plan_id}/approve", post(admin::approvals::approve_plan))
        .route("/admin/v1/redrive-plans/{plan_id}/apply", post(admin::plans::apply))
        .route("/admin/v1/redrive-plans/{plan_id}/pause", post(admin::plans::pause))
        .route("/admin/v1/redrive-plans/{plan_id}/resume", post(admin::plans::resume))
        .route("/admin/v1/redrive-plans/{plan_id}/stop", post(admin::plans::stop))
}

/// The page that shows the document.
fn documentation() -> Router<App> {
    Router::new()
        .route("/docs", get(openapi::page))
        .route("/docs/page.js", get(openapi::script))
        .route("/docs/page.css", get(openapi::style))
}

/// API keys of machines.
fn key_routes() -> Router<App> {
    Router::new()
        .route("/admin/v1/api-keys", get(admin::api_keys::list).post(admin::api_keys::make))
        .route("/admin/v1/api-keys/{key_id}", get(admin::api_keys::get))
        .route("/admin/v1/api-keys/{key_id}/revoke", post(admin::api_keys::revoke))
}

/// What wallets and owners may send.
fn limit_routes() -> Router<App> {
    Router::new().route("/admin/v1/limits", get(admin::limits::list).put(admin::limits::put)).route(
        "/admin/v1/owners/{owner_id}/settings",
        get(admin::limits::owner).put(admin::limits::put_owner),
    )
}

/// Queues, jobs and workers, and what operators stop and start.
fn queue_routes() -> Router<App> {
    Router::new()
        .route("/admin/v1/queues", get(admin::queues))
        .route("/admin/v1/queues/{queue}/pause", post(admin::pause_queue))
        .route("/admin/v1/queues/{queue}/resume", post(admin::resume_queue))
        .route("/admin/v1/jobs", get(admin::jobs))
        .route("/admin/v1/jobs/{job_id}", get(admin::job))
        .route("/admin/v1/jobs/{job_id}/retry-now", post(admin::retry_job))
        .route("/admin/v1/workers", get(admin::workers))
        .route("/admin/v1/switches", get(admin::switches))
        .route("/admin/v1/switches/maintenance", put(admin::put_maintenance))
        .route("/admin/v1/switches/{kind}/{subject}", put(admin::put_switch))
}

/// What operators do about one dead letter or one transfer.
fn desk_routes() -> Router<App> {
    Router::new()
        .route("/admin/v1/dead-letters/{dead_letter_id}/options", get(admin::dead_letter_options))
        .route(
            "/admin/v1/dead-letters/{dead_letter_id}/retry-compensation",
            post(admin::retry_compensation),
        )
        .route("/admin/v1/dead-letters/{dead_letter_id}/force-forward", post(admin::force_forward))
        .route(
            "/admin/v1/dead-letters/{dead_letter_id}/approve-force-forward",
            post(admin::approvals::approve_force_forward),
        )
        .route(
            "/admin/v1/dead-letters/{dead_letter_id}/approve-resolve",
            post(admin::approvals::approve_resolve),
        )
        .route("/admin/v1/dead-letters/{dead_letter_id}/discard", post(admin::discard))
        .route("/admin/v1/dead-letters/{dead_letter_id}/resolve", post(admin::resolve))
        .route("/admin/v1/transfers/{transfer_id}", get(admin::transfer))
        .route("/admin/v1/transfers/{transfer_id}/park", post(admin::park))
        .route("/admin/v1/transfers/{transfer_id}/unpark", post(admin::unpark))
        .route("/admin/v1/transfers/{transfer_id}/review", post(admin::review))
        .route("/admin/v1/transfers/{transfer_id}/retry-now", post(admin::retry_now))
}

/// What operators see of the SQS queues, and have done to them.
fn sqs_routes() -> Router<App> {
    Router::new()
        .route("/admin/v1/sqs/queues", get(admin::sqs::queues))
        .route("/admin/v1/sqs/dead-messages", get(admin::sqs::messages))
        .route("/admin/v1/sqs/dead-messages/groups", get(admin::sqs::groups))
        .route("/admin/v1/sqs/dead-messages/{message_id}", get(admin::sqs::message))
        .route("/admin/v1/sqs/redrive", post(admin::commands::redrive))
        .route("/admin/v1/sqs/purge", post(admin::commands::purge))
        .route("/admin/v1/commands", get(admin::commands::list))
        .route("/admin/v1/commands/{command_id}", get(admin::commands::get))
        .route("/admin/v1/commands/{command_id}/stop", post(admin::commands::stop))
}

fn finish(routes: Router<App>, app: App, side: Side) -> Router {
    routes
        .fallback(route_not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state((app.clone(), side), door::guard))
        // Last, so that it is outermost: it sees every answer, those of the fallbacks too.
        .layer(from_fn(observe))
        .with_state(app)
}

async fn route_not_found(uri: Uri) -> ApiError {
    ApiError::new(ProblemCode::RouteNotFound, format!("There is nothing at {}.", uri.path()))
}

async fn method_not_allowed(method: Method, uri: Uri) -> ApiError {
    let detail = format!("{} does not know the method {method}.", uri.path());
    ApiError::new(ProblemCode::MethodNotAllowed, detail)
}
