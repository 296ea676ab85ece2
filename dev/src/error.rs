use crate::client::ClientError;

/// Why the system could not be brought up, or had to end. Texts are for the person who typed the command.
#[derive(Debug, thiserror::Error)]
pub enum DevError {
    /// The operating system gives no handlers.
    #[error("cannot listen for SIGINT and SIGTERM")]
    Signals(#[source] std::io::Error),
    /// `--fresh` on data that are not ours to drop.
    #[error(
        "--fresh drops only the data of the private PostgreSQL, and DATABASE_URL is set; \
         empty that database yourself, or unset DATABASE_URL"
    )]
    FreshOnForeign,
    /// No way to a PostgreSQL server, or it did not do what it should.
    #[error(transparent)]
    Postgres(#[from] embedded::postgres::EmbeddedError),
    /// The user's own database does not answer, or lets nobody in.
    #[error("cannot connect to {address} (DATABASE_URL)")]
    Unreachable {
        /// Without the password.
        address: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date.
    #[error(transparent)]
    Migrate(#[from] migration::MigrateError),
    /// The demo operators could not be written down.
    #[error("cannot issue the operators' tokens")]
    Operators(#[source] store::StoreError),
    /// The console could not be told where this system is.
    #[error("cannot write {0} for the operators' console")]
    Introduce(&'static str, #[source] std::io::Error),
    /// No issuer of tokens.
    #[error(transparent)]
    Issuer(#[from] embedded::issuer::IssuerError),
    /// The API cannot start or had to stop.
    #[error("the API")]
    Api(#[from] api::ApiStartError),
    /// A variable of the workers is wrong.
    #[error(transparent)]
    WorkerConfig(#[from] jobs::ConfigError),
    /// The workers cannot start.
    #[error("the workers")]
    Workers(#[source] jobs::RunError),
    /// No port for the SQS endpoint.
    #[error(transparent)]
    Sqs(#[from] embedded::sqs::SqsEndpointError),
    /// `--failures` on queues that are not ours to break.
    #[error(
        "--failures breaks only the queues brought along, and SQS_ENDPOINT_URL is set; unset it"
    )]
    FailuresOnForeign,
    /// No process for the sandbox provider.
    #[error("cannot start the sandbox provider")]
    Provider(#[source] std::io::Error),
    /// The secret that was given is too short.
    #[error("HOLDFAST_PAYOUT_WEBHOOK_SECRET {0}")]
    WebhookSecret(wire::signature::SecretTooShort),
    /// The queues cannot be looked at.
    #[error("cannot look at the queues")]
    Queues(#[from] crate::queues::QueuesError),
    /// What the failures left behind cannot be read.
    #[error("cannot make the invariant report")]
    Report(#[source] store::StoreError),
    /// After the failures something is not as it must be.
    #[error("{0} invariants are broken; the report names them")]
    Broken(usize),
    /// The outcomes of the load cannot be read.
    #[error("cannot follow the load's transfers")]
    Load(#[source] store::StoreError),
    /// The API did not do what was asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A deposit came to another end than it must.
    #[error("a deposit of the start ended as {0}")]
    Deposit(domain::transfer::TransferStatus),
    /// PostgreSQL was not told to end.
    #[error("PostgreSQL ended by itself; the end of its log:\n{log}")]
    PostgresEnded {
        /// Last lines of its log.
        log: String,
    },
    /// A part that should run until it is told to end did not.
    #[error("{0} ended by itself")]
    Ended(&'static str),
    /// A part ended in a bug.
    #[error("{part} broke off")]
    BrokeOff {
        /// Which one.
        part: &'static str,
        /// Why.
        #[source]
        source: tokio::task::JoinError,
    },
}
