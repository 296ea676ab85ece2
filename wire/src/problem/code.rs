use serde::{Deserialize, Serialize};

/// Declares each code once: its word, its HTTP status and its title.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $word:tt, $status:literal, $title:literal;)+) => {
        /// Every way in which Holdfast says no, or that it cannot. A page per code is in `docs/problems/`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum ProblemCode {
            $($(#[$doc])* #[serde(rename = $word)] $variant),+
        }

        impl ProblemCode {
            /// Every code, by status.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as it is sent.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The HTTP status that goes with it, always.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            /// What it means, in a few words; the detail says what happened this time.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }
    };
}

codes! {
    /// The body is no JSON text.
    MalformedJson = "malformed_json", 400, "The body is not JSON";
    /// The body broke off, or its encoding is wrong.
    BodyUnreadable = "body_unreadable", 400, "The body could not be read";
    /// A header that we read has a value that it cannot have.
    InvalidHeader = "invalid_header", 400, "A header is not valid";
    /// A part of the path or the query is unknown or not valid.
    InvalidParameter = "invalid_parameter", 400, "A parameter is not valid";
    /// A request that moves money must carry one.
    IdempotencyKeyMissing = "idempotency_key_missing", 400, "The Idempotency-Key header is missing";
    /// The header is there, but it is not a key.
    IdempotencyKeyInvalid = "idempotency_key_invalid", 400, "The Idempotency-Key header is not valid";
    /// Nobody is known by what was sent, or nothing was.
    Unauthenticated = "unauthenticated", 401, "A token or an API key is needed";
    /// The operator API answers nobody that it does not know.
    OperatorUnknown = "operator_unknown", 401, "An operator token is needed";
    /// A notice that was not signed with a secret of ours, or not now.
    SignatureInvalid = "signature_invalid", 401, "The signature is not valid";
    /// The token or the key does not allow it.
    Forbidden = "forbidden", 403, "The token does not allow this";
    /// The operator's role does not allow it.
    OperatorNotAllowed = "operator_not_allowed", 403, "The role does not allow this";
    /// No route has this path.
    RouteNotFound = "route_not_found", 404, "There is nothing at this path";
    /// There is no such wallet, or it is not the caller's to see.
    WalletNotFound = "wallet_not_found", 404, "There is no such wallet";
    /// There is no such transfer, or it is not the caller's to see.
    TransferNotFound = "transfer_not_found", 404, "There is no such transfer";
    /// There is no such dead letter.
    DeadLetterNotFound = "dead_letter_not_found", 404, "There is no such dead letter";
    /// There is no such switch.
    SwitchNotFound = "switch_not_found", 404, "There is no such switch";
    /// There is no such job; what is done is deleted soon.
    JobNotFound = "job_not_found", 404, "There is no such job";
    /// There is no such queue to pause, or the desk watches none of this name.
    QueueNotFound = "queue_not_found", 404, "There is no such queue";
    /// No dead-letter queue has, or had, such a message.
    DeadMessageNotFound = "dead_message_not_found", 404, "There is no such dead message";
    /// There is no such command of an operator.
    CommandNotFound = "command_not_found", 404, "There is no such command";
    /// Nobody of this name may send notices here.
    ProviderNotFound = "provider_not_found", 404, "There is no such provider";
    /// There is no such redrive plan.
    PlanNotFound = "plan_not_found", 404, "There is no such redrive plan";
    /// There is no such API key.
    ApiKeyNotFound = "api_key_not_found", 404, "There is no such API key";
    /// The audit has no such entry.
    AuditEntryNotFound = "audit_entry_not_found", 404, "There is no such entry in the audit";
    /// The path is known, the method is not.
    MethodNotAllowed = "method_not_allowed", 405, "The path does not know this method";
    /// Two good keys of one name could not be told apart.
    ApiKeyExists = "api_key_exists", 409, "There is an API key of this name";
    /// One operator is not enough for what is so large.
    ApprovalNeeded = "approval_needed", 409, "Another approver must agree first";
    /// A closed wallet stays as it is.
    WalletClosed = "wallet_closed", 409, "The wallet is closed";
    /// Only an empty wallet is closed.
    WalletNotEmpty = "wallet_not_empty", 409, "The wallet is not empty";
    /// A saga that turned back already cannot be turned back again.
    AlreadyCompensating = "already_compensating", 409, "The saga is compensating already";
    /// A job in hand or done cannot be made ready.
    JobNotWaiting = "job_not_waiting", 409, "The job does not wait";
    /// Only a compensation that failed can be tried again.
    NotCompensating = "not_compensating", 409, "The saga was not compensating";
    /// Before the pivot a saga can go back, so nobody may force it forward.
    NotPastPivot = "not_past_pivot", 409, "The saga is not past its pivot";
    /// Another act was first.
    DeadLetterClosed = "dead_letter_closed", 409, "The dead letter is closed";
    /// A transfer at its end stays as it is.
    TransferFinal = "transfer_final", 409, "The transfer is at its end";
    /// A parked transfer runs when a person says so, not by time.
    TransferParked = "transfer_parked", 409, "The transfer is parked";
    /// Only what was parked is unparked.
    TransferNotParked = "transfer_not_parked", 409, "The transfer is not parked";
    /// What would run is not what was shown.
    PlanHashDiffers = "plan_hash_differs", 409, "The hash is not that of the plan";
    /// After the pivot a saga only goes forward.
    PastPivot = "past_pivot", 409, "The saga is past its pivot";
    /// Nobody knows whether the money has left, so it is not given back.
    OutcomeOpen = "outcome_open", 409, "The outcome of the payout is open";
    /// Nothing is held that could be captured or voided: not yet, or no longer.
    HoldNotOpen = "hold_not_open", 409, "The transfer has no open hold";
    /// Only a settled transfer or deposit is reversed.
    NotReversible = "not_reversible", 409, "The transfer cannot be reversed";
    /// Nobody is asked to review the transfer.
    ReviewNotOpen = "review_not_open", 409, "The transfer does not wait for a review";
    /// The act does not fit how the plan stands.
    PlanCannot = "plan_cannot", 409, "The plan does not stand so that this could be done";
    /// Larger than any request that makes sense.
    BodyTooLarge = "body_too_large", 413, "The body is too large";
    /// Longer than any address that makes sense.
    UriTooLong = "uri_too_long", 414, "The address is too long";
    /// The body must be sent as JSON, or a stream of commands as NDJSON.
    UnsupportedMediaType = "unsupported_media_type", 415, "The body has another media type";
    /// A field is missing, unknown, of the wrong type or against a rule.
    InvalidBody = "invalid_body", 422, "A field of the body is not valid";
    /// An amount is 1 to 2^53 - 1 minor units.
    AmountOutOfRange = "amount_out_of_range", 422, "The amount is out of range";
    /// Not a code of ISO 4217.
    CurrencyUnknown = "currency_unknown", 422, "The currency is unknown";
    /// Source and destination are one wallet.
    SameWallet = "same_wallet", 422, "A transfer needs two wallets";
    /// A wallet counts another currency.
    CurrencyMismatch = "currency_mismatch", 422, "A wallet counts another currency";
    /// The key stands for another request.
    IdempotencyKeyReused = "idempotency_key_reused", 422, "The key was used for another request";
    /// The database refused what no rule of ours forbids.
    CommandRefused = "command_refused", 422, "The request cannot be stored";
    /// All commands of a bulk request were to be accepted, and one cannot be.
    BulkRefused = "bulk_refused", 422, "The commands cannot all be accepted";
    /// The caller asks more often than is allowed.
    RateLimited = "rate_limited", 429, "Too many requests";
    /// More or longer headers than any request that makes sense has.
    HeadersTooLarge = "headers_too_large", 431, "The headers are too large";
    /// A bug of ours.
    InternalError = "internal_error", 500, "Something is wrong on our side";
    /// More work is waiting than can be done in time.
    Overloaded = "overloaded", 503, "Too much work is waiting";
    /// The process serves as many answers that take long as it may.
    TooManyStreams = "too_many_streams", 503, "Too many streams are open";
    /// An operator has closed the door for everything but reads.
    Maintenance = "maintenance", 503, "Holdfast is under maintenance";
    /// The database does not answer, or nobody knows whether it committed.
    Unavailable = "unavailable", 503, "The database is not available";
    /// The process runs, but cannot do its work yet.
    NotReady = "not_ready", 503, "Not ready";
}

impl ProblemCode {
    /// Where the code is described.
    pub fn type_url(self) -> String {
        format!("https://holdfast.dev/problems/{}", self.as_str())
    }
}
