//! What clients call.

use domain::access::Scope;
use domain::transfer::TransferStatus;
use wire::ProblemCode::{
    AmountOutOfRange, BulkRefused, CurrencyMismatch, CurrencyUnknown, HoldNotOpen,
    IdempotencyKeyInvalid, IdempotencyKeyMissing, IdempotencyKeyReused, NotReady, NotReversible,
    ProviderNotFound, SameWallet, SignatureInvalid, TooManyStreams, TransferNotFound, WalletClosed,
    WalletNotEmpty, WalletNotFound,
};
use wire::{
    BalanceReading, BulkAnswers, BulkTransfer, CaptureTransfer, ChangeWallet, CreateDeposit,
    CreatePayout, CreateTransfer, CreateTransfers, NoticeReceipt, OpenWallet, Page, Posting,
    ProviderNotice, ReverseTransfer, StreamAnswer, StreamEnd, Transfer, VoidTransfer, Wallet,
    WalletLimits,
};

use super::operation::{Access, Content, Operation};
use super::shape::Shape;
use super::{examples, params};

pub(super) fn operations() -> Vec<Operation> {
    let mut all = wallets();
    all.extend(changes());
    all.extend(commands());
    all.extend(holds());
    all.extend(many());
    all.extend(reads());
    all.extend(others());
    all
}

fn get(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new(Access::Client(Scope::Read), ("get", path), id, summary)
}

fn post(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new(Access::Client(Scope::Write), ("post", path), id, summary)
}

/// Of lists that a replica may serve.
fn of_replica(operation: Operation) -> Operation {
    operation.header("Holdfast-As-Of", "The instant that a list from a replica shows.")
}

fn wallets() -> Vec<Operation> {
    let wallet = || Some(Content::Json(Shape::of::<Wallet>()));
    let all = [
        post("/v1/wallets", "openWallet", "Opens a wallet")
            .about("With an `Idempotency-Key` it opens one wallet, however often it is sent.")
            .param(params::key(false))
            .takes::<OpenWallet>()
            .answer(201, "The new wallet.", wallet())
            .header("Location", "Path of the wallet.")
            .answer(200, "The wallet that the key had opened before.", wallet())
            .header("Location", "Path of the wallet.")
            .header("Idempotent-Replayed", "`true`: the request did nothing this time.")
            .problems(&[CurrencyUnknown, IdempotencyKeyInvalid, IdempotencyKeyReused]),
        of_replica(
            get("/v1/wallets", "listWallets", "Wallets, newest first")
                .query("owner_id", "Only this owner's.", &params::text())
                .paged()
                .gives::<Page<Wallet>>("A page of them."),
        ),
        get("/v1/wallets/{wallet_id}", "getWallet", "A wallet with its balance now")
            .gives::<Wallet>("The wallet.")
            .problems(&[WalletNotFound]),
        get("/v1/wallets/{wallet_id}/balance", "getBalance", "A balance, now or at an instant")
            .query("at", "An instant that is not in the future; now when absent.", &params::time())
            .gives::<BalanceReading>("The balance.")
            .problems(&[WalletNotFound]),
        of_replica(
            get("/v1/wallets/{wallet_id}/postings", "listPostings", "The statement, newest first")
                .paged()
                .gives::<Page<Posting>>("A page of it.")
                .problems(&[WalletNotFound]),
        ),
        get("/v1/wallets/{wallet_id}/limits", "listLimits", "What the wallet may still send")
            .gives::<WalletLimits>("Its limits and its owner's.")
            .problems(&[WalletNotFound]),
    ];
    all.into_iter().map(|operation| operation.tag("wallets")).collect()
}

fn changes() -> Vec<Operation> {
    let all = [
        post("/v1/wallets/{wallet_id}/freeze", "freezeWallet", "Keeps a wallet from sending")
            .about("It still receives. A wallet that is frozen already stays so.")
            .needs(Scope::Admin),
        post("/v1/wallets/{wallet_id}/unfreeze", "unfreezeWallet", "Lets a wallet send again")
            .needs(Scope::Admin),
        post("/v1/wallets/{wallet_id}/close", "closeWallet", "Closes an empty wallet for good")
            .problems(&[WalletNotEmpty]),
    ];
    let whole = |operation: Operation| {
        operation
            .tag("wallets")
            .takes::<ChangeWallet>()
            .gives::<Wallet>("The wallet as it is now.")
            .problems(&[WalletNotFound, WalletClosed])
    };
    all.into_iter().map(whole).collect()
}

/// Answers with a transfer: its outcome, or that it is accepted.
fn answers_with_transfer(operation: Operation) -> Operation {
    let transfer = || Some(Content::Json(Shape::of::<Transfer>()));
    operation
        .param(params::prefer())
        .answer(
            200,
            "It has its outcome: settled, rejected, failed, voided or expired.",
            transfer(),
        )
        .answer(202, "It is written down and will run; ask again, or watch it.", transfer())
}

/// Makes a transfer, once for each key.
fn moves_money(operation: Operation) -> Operation {
    let transfer = || Some(Content::Json(Shape::of::<Transfer>()));
    let headers = |operation: Operation| {
        operation
            .header("Location", "Path of the transfer.")
            .header("Idempotent-Replayed", "`true`: the key had made the transfer before.")
            .header("Preference-Applied", "How long was waited at most.")
    };
    let operation =
        operation.tag("transfers").param(params::key(true)).param(params::prefer()).answer(
            200,
            "It has its outcome: settled, rejected, failed, voided or expired.",
            transfer(),
        );
    let operation = headers(operation).answer(
        202,
        "It is written down and will run; ask again, or watch it.",
        transfer(),
    );
    headers(operation).problems(&[
        IdempotencyKeyMissing,
        IdempotencyKeyInvalid,
        IdempotencyKeyReused,
        AmountOutOfRange,
        CurrencyUnknown,
        CurrencyMismatch,
    ])
}

fn commands() -> Vec<Operation> {
    vec![
        moves_money(
            post("/v1/transfers", "createTransfer", "Moves money from wallet to wallet")
                .about(
                    "Funds, frozen wallets and limits are looked at when it runs: it is accepted here, and \
                     `rejected` then. With `capture: manual` the money is held until it is captured or voided.",
                )
                .takes::<CreateTransfer>()
                .problems(&[WalletNotFound, SameWallet]),
        ),
        moves_money(
            post("/v1/deposits", "createDeposit", "Brings money in")
                .needs(Scope::Deposit)
                .takes::<CreateDeposit>()
                .problems(&[WalletNotFound]),
        ),
        moves_money(
            post("/v1/payouts", "createPayout", "Sends money out, through a provider")
                .takes::<CreatePayout>()
                .problems(&[WalletNotFound]),
        ),
        moves_money(
            post("/v1/transfers/{transfer_id}/reverse", "reverseTransfer", "Takes a transfer back")
                .about("Another transfer the other way, of all or a part of what was moved.")
                .takes::<ReverseTransfer>()
                .problems(&[TransferNotFound, NotReversible]),
        ),
    ]
}

fn holds() -> Vec<Operation> {
    let capture = post("/v1/transfers/{transfer_id}/capture", "captureTransfer", "Captures a hold")
        .about("Of capture, void and the end of the hold the first has its way. Asked again, it says so again.")
        .takes::<CaptureTransfer>()
        .problems(&[AmountOutOfRange]);
    let void = post("/v1/transfers/{transfer_id}/void", "voidTransfer", "Gives a hold back")
        .takes::<VoidTransfer>();
    let whole = |operation: Operation| {
        answers_with_transfer(operation).tag("transfers").problems(&[TransferNotFound, HoldNotOpen])
    };
    [capture, void].into_iter().map(whole).collect()
}

fn many() -> Vec<Operation> {
    vec![
        post("/v1/transfers/bulk", "createTransfers", "Up to 1,000 transfers in one request")
            .tag("transfers")
            .about("Each command has its own key, so the request may be sent again. A body may have 4 MiB.")
            .takes::<CreateTransfers>()
            .gives::<BulkAnswers>("One answer for each command, in their order.")
            .problems(&[BulkRefused]),
        post("/v1/transfers/stream", "streamTransfers", "Transfers line by line, for as long as it takes")
            .tag("transfers")
            .about(
                "Each line of the body is a `BulkTransfer`. Answers come while the request still runs, a line \
                 each: a `StreamAnswer` for each line, and a `StreamEnd` as the last. An answer without one \
                 broke off.",
            )
            .mentions::<BulkTransfer>()
            .mentions::<StreamAnswer>()
            .mentions::<StreamEnd>()
            .body(Content::Text("application/x-ndjson", examples::STREAM_REQUEST))
            .answer(
                200,
                "A line for each line, and one for the end.",
                Some(Content::Text("application/x-ndjson", examples::STREAM_ANSWER)),
            )
            .problems(&[TooManyStreams]),
    ]
}

fn reads() -> Vec<Operation> {
    let all = [
        get("/v1/transfers/{transfer_id}", "getTransfer", "A transfer with its timeline")
            .gives::<Transfer>("The transfer.")
            .problems(&[TransferNotFound]),
        of_replica(
            get("/v1/transfers", "listTransfers", "Transfers, newest first")
                .query("wallet_id", "Only those from or to this wallet.", &params::uuid())
                .word::<TransferStatus>("status", "Only those that stand so.")
                .query(
                    "idempotency_key",
                    "Only the one that this key of the caller made.",
                    &params::visible_ascii(255),
                )
                .paged()
                .gives::<Page<Transfer>>("A page of them, without timelines.")
                .problems(&[WalletNotFound]),
        ),
        get("/v1/transfers/{transfer_id}/events", "watchTransfer", "A transfer's changes as they happen")
            .about(
                "Server-Sent Events of the name `transfer`. The data of each is the whole `Transfer`; the \
                 stream ends with the final state.",
            )
            .param(params::last_event_id())
            .answer(200, "The events.", Some(Content::Text("text/event-stream", examples::EVENTS)))
            .answer(204, "The client has seen the final state: it need not come back.", None)
            .problems(&[TransferNotFound, TooManyStreams]),
    ];
    all.into_iter().map(|operation| operation.tag("transfers")).collect()
}

fn others() -> Vec<Operation> {
    let notice = ("post", "/v1/providers/{provider}/notices");
    vec![
        Operation::new(Access::Provider, notice, "receiveNotice", "How a payout ended")
            .tag("providers")
            .about("Signed with the secret that the provider shares; see `Holdfast-Signature`.")
            .param(params::signature())
            .takes::<ProviderNotice>()
            .gives::<NoticeReceipt>("The notice is kept.")
            .problems(&[SignatureInvalid, ProviderNotFound, TransferNotFound]),
        health("/health/live", "isLive", "Whether the process answers", r#"{"status":"live"}"#),
        health("/health/ready", "isReady", "Whether it can do its work", r#"{"status":"ready"}"#)
            .problems(&[NotReady]),
        health("/health/started", "isStarted", "Whether it has come up", r#"{"status":"started"}"#)
            .problems(&[NotReady]),
    ]
}

/// A question about the process.
pub(super) fn health(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    example: &'static str,
) -> Operation {
    Operation::new(Access::Health, ("get", path), id, summary).tag("health").answer(
        200,
        "Yes.",
        Some(Content::Text("application/json", example)),
    )
}
