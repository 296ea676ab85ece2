//! Finds the queues, and in development creates them.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Credentials;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::QueueAttributeName;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use futures::FutureExt;
use serde_json::{Value, json};

use super::config::VISIBILITY_FACTOR;
use super::{FIFO, Queue, QueueAt, Queues, SqsConfig, SqsError};

/// Receives of one message before SQS moves it to the dead-letter queue.
const RECEIVE_COUNT_MAX: u32 = 5;
/// Seconds that dead letters are kept: 14 days, the most that SQS allows.
const DEAD_LETTERS_KEPT_S: &str = "1209600";
/// Seconds that a receive waits for a first message, when it does not say so itself.
const LONG_POLL_S: &str = "20";
/// Waiting for a connection longer than this means that SQS is away.
const CONNECT_MAX: Duration = Duration::from_secs(3);

/// Finds both queues. Fails when one is missing and may not be created.
pub(crate) async fn connect(config: &SqsConfig) -> Result<Queues, SqsError> {
    let client = client(config.endpoint_url.as_deref()).await;
    let (audit, metrics) = (
        pair(&client, &config.audit, config).await?,
        pair(&client, &config.metrics, config).await?,
    );
    Ok(Queues { audit, metrics })
}

/// A client for an endpoint, or for AWS's own. Credentials and region come from where AWS's own
/// tools have them. An endpoint without TLS is no AWS: there, none are asked for.
async fn client(endpoint_url: Option<&str>) -> Client {
    let plain = endpoint_url.filter(|url| url.starts_with("http://"));
    let http = match plain {
        Some(_) => Builder::new().build_http(),
        None => Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https(),
    };
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_MAX).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        // The roles try again by themselves, with longer pauses.
        .retry_config(RetryConfig::standard().with_max_attempts(2));
    if plain.is_some() {
        if std::env::var_os("AWS_ACCESS_KEY_ID").is_none() {
            let nobody = Credentials::new("holdfast", "holdfast", None, None, "none");
            loader = loader.credentials_provider(nobody);
        }
        let set = ["AWS_REGION", "AWS_DEFAULT_REGION"].map(|name| std::env::var(name).ok());
        let region = set.into_iter().flatten().next().unwrap_or_else(|| "us-east-1".to_owned());
        loader = loader.region(Region::new(region));
    }
    if let Some(url) = endpoint_url {
        loader = loader.endpoint_url(url);
    }
    // Boxed, because the compiler cannot follow its lifetimes through the callers.
    Client::new(&loader.load().boxed().await)
}

/// One queue with its dead-letter queue.
async fn pair(client: &Client, at: &QueueAt, config: &SqsConfig) -> Result<Queue, SqsError> {
    let url = match address(client, at).await? {
        Some(url) => url,
        None if config.create_queues => {
            create_pair(client, at, config.consumer_timeout * VISIBILITY_FACTOR).await?
        }
        None => return Err(missing(at)),
    };
    let none = || SqsError::NoDeadLetterQueue { queue: at.name().into(), variable: at.variable };
    let queue = Queue::new(client.clone(), at.name(), &url, None);
    let policy = queue.attribute(QueueAttributeName::RedrivePolicy).await?.ok_or_else(none)?;
    let policy: Value = serde_json::from_str(&policy).unwrap_or_default();
    let arn = policy["deadLetterTargetArn"].as_str().ok_or_else(none)?;
    let dead =
        QueueAt { variable: at.variable, place: arn.rsplit(':').next().unwrap_or(arn).into() };
    // An ARN names the account, and a queue of another one is not found by name alone.
    let owner = arn.rsplit(':').nth(1);
    let dead_url = lookup(client, &dead, owner).await?.ok_or_else(|| missing(&dead))?;
    Ok(Queue::new(client.clone(), at.name(), &url, Some(dead_url)))
}

/// One queue by name or address, without asking for a dead-letter queue: for a replay,
/// also to a subscriber that Holdfast does not know otherwise.
pub(crate) async fn connect_one(
    endpoint_url: Option<&str>,
    at: &QueueAt,
) -> Result<Queue, SqsError> {
    let client = client(endpoint_url).await;
    let url = address(&client, at).await?.ok_or_else(|| missing(at))?;
    Ok(Queue::new(client, at.name(), &url, None))
}

/// The queue's address, if it exists.
async fn address(client: &Client, at: &QueueAt) -> Result<Option<String>, SqsError> {
    let Some(url) = at.url() else { return lookup(client, at, None).await };
    let asked = client.get_queue_attributes().queue_url(url);
    match asked.attribute_names(QueueAttributeName::QueueArn).send().await {
        Ok(_) => Ok(Some(url.to_owned())),
        Err(error) => unless_missing(error, at),
    }
}

async fn lookup(
    client: &Client,
    at: &QueueAt,
    owner: Option<&str>,
) -> Result<Option<String>, SqsError> {
    let asked = client.get_queue_url().queue_name(at.name());
    match asked.set_queue_owner_aws_account_id(owner.map(Into::into)).send().await {
        Ok(answer) => Ok(answer.queue_url),
        Err(error) => unless_missing(error, at),
    }
}

/// "It does not exist" is an answer; anything else is none.
fn unless_missing<E>(error: SdkError<E>, at: &QueueAt) -> Result<Option<String>, SqsError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    // The same under the names of both protocols that SQS has had.
    let missing = ["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"];
    match error.code() {
        Some(code) if missing.contains(&code) => Ok(None),
        _ => Err(failed("finding", at.name(), error)),
    }
}

/// Creates the queue and, before it, the one that it names in its redrive policy.
async fn create_pair(
    client: &Client,
    at: &QueueAt,
    visibility: Duration,
) -> Result<String, SqsError> {
    let name = at.name();
    let (stem, suffix) = match name.strip_suffix(FIFO) {
        Some(stem) => (stem, FIFO),
        None => (name, ""),
    };
    let dead = QueueAt { variable: at.variable, place: format!("{stem}-dlq{suffix}") };
    let kept = [(QueueAttributeName::MessageRetentionPeriod, DEAD_LETTERS_KEPT_S.to_owned())];
    let dead_url = match lookup(client, &dead, None).await? {
        Some(url) => url,
        None => create(client, dead.name(), kept.into()).await?,
    };
    let dead_queue = Queue::new(client.clone(), dead.name(), &dead_url, None);
    let dead_arn = dead_queue.arn().await?;
    let policy = json!({ "deadLetterTargetArn": dead_arn, "maxReceiveCount": RECEIVE_COUNT_MAX });
    let attributes = [
        (QueueAttributeName::RedrivePolicy, policy.to_string()),
        (QueueAttributeName::VisibilityTimeout, visibility.as_secs().to_string()),
        (QueueAttributeName::ReceiveMessageWaitTimeSeconds, LONG_POLL_S.to_owned()),
    ];
    let url = create(client, name, attributes.into()).await?;
    let arn = Queue::new(client.clone(), name, &url, None).arn().await?;
    // Nobody else's failures may end up among ours.
    let allow = json!({ "redrivePermission": "byQueue", "sourceQueueArns": [arn] });
    let change = client.set_queue_attributes().queue_url(&dead_url);
    let change = change.attributes(QueueAttributeName::RedriveAllowPolicy, allow.to_string());
    change.send().await.map_err(|error| failed("setting up", dead.name(), error))?;
    tracing::info!("queue {name} and its dead-letter queue {} created", dead.name());
    Ok(url)
}

async fn create(
    client: &Client,
    name: &str,
    attributes: Vec<(QueueAttributeName, String)>,
) -> Result<String, SqsError> {
    let mut request = client.create_queue().queue_name(name);
    for (attribute, value) in attributes {
        request = request.attributes(attribute, value);
    }
    if name.ends_with(FIFO) {
        request = request.attributes(QueueAttributeName::FifoQueue, "true");
    }
    let answer = request.send().await.map_err(|error| failed("creating", name, error))?;
    answer.queue_url.ok_or_else(|| SqsError::Incomplete { queue: name.into(), what: "its address" })
}

fn missing(at: &QueueAt) -> SqsError {
    SqsError::Missing { queue: at.place.clone(), variable: at.variable }
}

/// Wraps what the SDK says.
pub(super) fn failed(
    action: &'static str,
    queue: &str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> SqsError {
    SqsError::Failed { action, queue: queue.to_owned(), source: Box::new(source) }
}
