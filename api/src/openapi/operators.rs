//! What operators call.

use domain::job::JobState;
use domain::money::Currency;
use domain::queue::{CommandStatus, DeadMessageStatus};
use domain::transfer::{TransferKind, TransferStatus};
use domain::wallet::{WalletKind, WalletStatus};
use serde_json::json;
use wire::ProblemCode::{
    ApiKeyExists, ApiKeyNotFound, AuditEntryNotFound, CommandNotFound, CurrencyMismatch,
    CurrencyUnknown, DeadLetterClosed, DeadMessageNotFound, IdempotencyKeyInvalid,
    IdempotencyKeyReused, JobNotFound, JobNotWaiting, NotReady, QueueNotFound, ReviewNotOpen,
    SwitchNotFound, TransferFinal, TransferNotFound, TransferNotParked, TransferParked,
    WalletNotFound,
};
use wire::{
    ApiKey, AuditEntry, Command, DeadMessage, DeadMessageGroup, Incidents, Job, LedgerReport,
    LimitNow, MadeApiKey, MakeApiKey, Me, OperatorLimit, OperatorReason, OperatorTransfer,
    OperatorWallet, OutboxPage, Overview, OwnerSettings, Page, Posting, PurgeQueue, Queues,
    RedriveQueue, ReviewTransfer, SetLimit, SetOwner, SqsQueue, Switch, Transfer, TurnSwitch,
    Wallet, Worker,
};

use super::clients::health;
use super::operation::{Access, Content, Operation};
use super::shape::Shape;
use super::{examples, params};

mod desk;

pub(super) fn operations() -> Vec<Operation> {
    let parts = [
        tagged("overview", overview()),
        tagged("transfers", transfers()),
        tagged("wallets", wallets()),
        tagged("limits", limits()),
        tagged("dead letters", desk::dead_letters()),
        tagged("dead letters", desk::acts()),
        tagged("redrive plans", desk::plans()),
        tagged("access", access()),
        tagged("queues", queues()),
        tagged("queues", switches()),
        tagged("sqs", sqs()),
        tagged("sqs", commands()),
        tagged("audit", audit()),
    ];
    let ready = health(
        "/health",
        "isReady",
        "Whether the process can do its work",
        r#"{"status":"ready"}"#,
    )
    .problems(&[NotReady]);
    let metrics =
        Operation::new(Access::Health, ("get", "/metrics"), "getMetrics", "Figures for Prometheus")
            .tag("health")
            .answer(200, "All of them.", Some(Content::Text(METRICS_TYPE, examples::METRICS)));
    parts.into_iter().flatten().chain([ready, metrics]).collect()
}

/// As an exposition says what it is; see `telemetry::listener`.
const METRICS_TYPE: &str = telemetry::listener::MEDIA_TYPE;

fn tagged(tag: &'static str, operations: Vec<Operation>) -> Vec<Operation> {
    operations.into_iter().map(|operation| operation.tag(tag)).collect()
}

fn get(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new(Access::Viewer, ("get", path), id, summary)
}

fn post(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new(Access::Changer, ("post", path), id, summary)
}

fn put(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new(Access::Changer, ("put", path), id, summary)
}

/// Of lists that a replica may serve.
fn of_replica(operation: Operation) -> Operation {
    operation.header("Holdfast-As-Of", "The instant that a list from a replica shows.")
}

fn overview() -> Vec<Operation> {
    let points = json!({ "type": "integer", "minimum": 1, "maximum": crate::overview::POINTS_MAX });
    vec![
        get("/admin/v1/me", "whoAmI", "Whose token it is").gives::<Me>("Name and role."),
        get("/admin/v1/overview", "getOverview", "How Holdfast stands")
            .query("points", "Seconds of history; 120 when absent.", &points)
            .gives::<Overview>("As the newest sample has it."),
        get(
            "/admin/v1/incidents",
            "listIncidents",
            "Every cause of what is dead, the most money first",
        )
        .gives::<Incidents>("All of them."),
        get("/admin/v1/outbox", "listOutbox", "Events that wait to be sent, oldest first")
            .paged()
            .gives::<OutboxPage>("A page of them, with totals."),
    ]
}

fn transfers() -> Vec<Operation> {
    let change = |operation: Operation| {
        operation
            .takes::<OperatorReason>()
            .gives::<OperatorTransfer>("The transfer as it stands now.")
            .problems(&[TransferNotFound, TransferFinal])
    };
    vec![
        of_replica(
            get("/admin/v1/transfers", "findTransfers", "Transfers, newest first")
                .query("wallet_id", "From or to this wallet.", &params::uuid())
                .word::<TransferStatus>("status", "Those that stand so.")
                .word::<TransferKind>("kind", "Those of this kind.")
                .query("reference", "With exactly this reference.", &params::text())
                .query("correlation_id", "Of this request.", &params::text())
                .query("from", "Accepted at this time or later.", &params::time())
                .query("to", "Accepted before this time.", &params::time())
                .query(
                    "idempotency_key",
                    "The one that this key made.",
                    &params::visible_ascii(255),
                )
                .query("caller", "Whose key it is; needs `idempotency_key`.", &params::text())
                .paged()
                .gives::<Page<Transfer>>("A page of them, without timelines."),
        ),
        get("/admin/v1/transfers/{transfer_id}", "getTransfer", "A transfer as operators see it")
            .gives::<OperatorTransfer>("Transfer, open row and dead letters.")
            .problems(&[TransferNotFound]),
        change(post("/admin/v1/transfers/{transfer_id}/park", "parkTransfer", "Stops its saga"))
            .problems(&[TransferParked]),
        change(post(
            "/admin/v1/transfers/{transfer_id}/unpark",
            "unparkTransfer",
            "Lets its saga go on",
        ))
        .problems(&[TransferNotParked, DeadLetterClosed]),
        change(post(
            "/admin/v1/transfers/{transfer_id}/retry-now",
            "retryTransfer",
            "Does not wait for its time",
        ))
        .problems(&[TransferParked]),
        post(
            "/admin/v1/transfers/{transfer_id}/review",
            "reviewTransfer",
            "Says whether it may go on",
        )
        .takes::<ReviewTransfer>()
        .gives::<OperatorTransfer>("The transfer as it stands now.")
        .problems(&[TransferNotFound, ReviewNotOpen, TransferFinal]),
    ]
}

fn wallets() -> Vec<Operation> {
    vec![
        of_replica(
            get("/admin/v1/wallets", "findWallets", "Wallets, newest first, ours last")
                .query("owner_id", "This owner's.", &params::text())
                .word::<WalletKind>("kind", "Customers' or ours.")
                .query("label", "With exactly this label.", &params::text())
                .word::<Currency>("currency", "Those that count it.")
                .word::<WalletStatus>("status", "Those that stand so.")
                .paged()
                .gives::<Page<Wallet>>("A page of them."),
        ),
        get("/admin/v1/wallets/{wallet_id}", "getWallet", "A wallet and what holds its money")
            .query("at", "Its balance at this instant, too.", &params::time())
            .gives::<OperatorWallet>("The wallet.")
            .problems(&[WalletNotFound]),
        of_replica(
            get(
                "/admin/v1/wallets/{wallet_id}/postings",
                "listPostings",
                "Its statement, newest first",
            )
            .paged()
            .gives::<Page<Posting>>("A page of it.")
            .problems(&[WalletNotFound]),
        ),
    ]
}

fn limits() -> Vec<Operation> {
    vec![
        get("/admin/v1/limits", "listLimits", "Limits and how they stand, newest first")
            .query("wallet_id", "Those that concern this wallet, its owner's too.", &params::uuid())
            .query("owner_id", "Those of this owner and its wallets.", &params::text())
            .paged()
            .gives::<Page<OperatorLimit>>("A page of them.")
            .problems(&[WalletNotFound]),
        put("/admin/v1/limits", "setLimit", "Sets a limit, or takes it away")
            .takes::<SetLimit>()
            .gives::<LimitNow>("The limit as it stands now.")
            .problems(&[WalletNotFound, CurrencyUnknown, CurrencyMismatch]),
        get("/admin/v1/owners/{owner_id}/settings", "getOwner", "What is set for an owner")
            .gives::<OwnerSettings>("The settings; defaults when nobody has set any."),
        put("/admin/v1/owners/{owner_id}/settings", "setOwner", "Sets an owner's time zone")
            .takes::<SetOwner>()
            .gives::<OwnerSettings>("The settings as they are now."),
    ]
}

fn access() -> Vec<Operation> {
    let made = || Some(Content::Json(Shape::of::<MadeApiKey>()));
    vec![
        get("/admin/v1/api-keys", "listApiKeys", "API keys of machines, newest first")
            .paged()
            .gives::<Page<ApiKey>>("A page of them, without what they are sent with."),
        post("/admin/v1/api-keys", "makeApiKey", "Makes a key for a machine")
            .about("The only answer that ever shows the key.")
            .takes::<MakeApiKey>()
            .answer(201, "The key.", made())
            .header("Location", "Path of what can be seen of it later.")
            .problems(&[ApiKeyExists]),
        get("/admin/v1/api-keys/{key_id}", "getApiKey", "A key as it stands")
            .gives::<ApiKey>("The key, without what it is sent with.")
            .problems(&[ApiKeyNotFound]),
        post("/admin/v1/api-keys/{key_id}/revoke", "revokeApiKey", "Ends a key for good")
            .about("All processes know it within seconds.")
            .takes::<OperatorReason>()
            .gives::<ApiKey>("The key as it stands now.")
            .problems(&[ApiKeyNotFound]),
    ]
}

fn queues() -> Vec<Operation> {
    let turn = |path, id, summary| {
        post(path, id, summary)
            .takes::<OperatorReason>()
            .gives::<Switch>("The switch as it stands now.")
            .problems(&[QueueNotFound])
    };
    let saga = json!({ "type": "string", "enum": ["saga"] });
    vec![
        get("/admin/v1/queues", "getQueues", "How the queues stand")
            .gives::<Queues>("All of them."),
        turn("/admin/v1/queues/{queue}/pause", "pauseQueue", "Takes nothing new from a queue"),
        turn("/admin/v1/queues/{queue}/resume", "resumeQueue", "Takes from it again"),
        get("/admin/v1/jobs", "listJobs", "Jobs, newest first")
            .query("queue", "The only queue with jobs.", &saga)
            .word::<JobState>("status", "Those that stand so.")
            .paged()
            .gives::<Page<Job>>("A page of them."),
        get("/admin/v1/jobs/{job_id}", "getJob", "A job with its transfers")
            .gives::<Job>("The job.")
            .problems(&[JobNotFound]),
        post("/admin/v1/jobs/{job_id}/retry-now", "retryJob", "Makes a job ready")
            .takes::<OperatorReason>()
            .gives::<Job>("The job as it stands now.")
            .problems(&[JobNotFound, JobNotWaiting]),
        get("/admin/v1/workers", "listWorkers", "Workers of the last hour")
            .lists::<Worker>("All of them."),
    ]
}

fn switches() -> Vec<Operation> {
    let turn = |path, id, summary| {
        put(path, id, summary).takes::<TurnSwitch>().gives::<Switch>("The switch as it stands now.")
    };
    vec![
        get("/admin/v1/switches", "listSwitches", "Every switch there is")
            .lists::<Switch>("All of them."),
        turn(
            "/admin/v1/switches/maintenance",
            "turnMaintenance",
            "Closes the door for everything but reads",
        ),
        turn("/admin/v1/switches/{kind}/{subject}", "turnSwitch", "Turns a switch")
            .problems(&[SwitchNotFound]),
    ]
}

fn sqs() -> Vec<Operation> {
    vec![
        get("/admin/v1/sqs/queues", "listSqsQueues", "The queues that the desk watches")
            .lists::<SqsQueue>("All of them, with counts."),
        get("/admin/v1/sqs/dead-messages", "listDeadMessages", "Dead messages, newest first")
            .query("queue", "In this dead-letter queue.", &params::text())
            .word::<DeadMessageStatus>("status", "Those that stand so.")
            .query("reason", "For exactly this reason.", &params::text())
            .query("fingerprint", "With this cause.", &params::text())
            .query("transfer_id", "That tell of this transfer.", &params::uuid())
            .paged()
            .gives::<Page<DeadMessage>>("A page of them, without bodies."),
        get(
            "/admin/v1/sqs/dead-messages/groups",
            "listDeadMessageGroups",
            "Present ones by queue and cause",
        )
        .lists::<DeadMessageGroup>("All of them."),
        get(
            "/admin/v1/sqs/dead-messages/{message_id}",
            "getDeadMessage",
            "A dead message with its body",
        )
        .gives::<DeadMessage>("The message.")
        .problems(&[DeadMessageNotFound]),
    ]
}

fn commands() -> Vec<Operation> {
    let asks = |operation: Operation| {
        operation
            .param(params::key(false))
            .answer(
                202,
                "It is written down; the desk of a worker does it.",
                Some(Content::Json(Shape::of::<Command>())),
            )
            .header("Location", "Path of the command.")
            .header("Idempotent-Replayed", "`true`: the key had made the command before.")
            .problems(&[QueueNotFound, IdempotencyKeyInvalid, IdempotencyKeyReused])
    };
    vec![
        asks(
            post("/admin/v1/sqs/redrive", "redriveMessages", "Sends dead messages back")
                .takes::<RedriveQueue>(),
        ),
        asks(
            post("/admin/v1/sqs/purge", "purgeMessages", "Throws dead messages away")
                .takes::<PurgeQueue>(),
        ),
        get("/admin/v1/commands", "listCommands", "What operators wanted done, newest first")
            .query("queue", "To this queue.", &params::text())
            .word::<CommandStatus>("status", "Those that stand so.")
            .paged()
            .gives::<Page<Command>>("A page of them."),
        get("/admin/v1/commands/{command_id}", "getCommand", "A command and how far it is")
            .gives::<Command>("The command.")
            .problems(&[CommandNotFound]),
        post("/admin/v1/commands/{command_id}/stop", "stopCommand", "Asks the desk to stop it")
            .takes::<OperatorReason>()
            .gives::<Command>("The command as it stands now.")
            .problems(&[CommandNotFound]),
    ]
}

fn audit() -> Vec<Operation> {
    let mode = json!({ "type": "string", "enum": ["quick", "full"] });
    vec![
        get("/admin/v1/audit", "listAudit", "What operators did, newest first")
            .paged()
            .gives::<Page<AuditEntry>>("A page of it."),
        get("/admin/v1/audit/{seq}", "getAuditEntry", "One act of an operator")
            .gives::<AuditEntry>("The act.")
            .problems(&[AuditEntryNotFound]),
        get("/admin/v1/ledger/check", "checkLedger", "Whether the money adds up")
            .query("mode", "How much is read; `quick` when absent.", &mode)
            .gives::<LedgerReport>("What was found."),
    ]
}
