//! Spans over OTLP.
//!
//! A transfer goes through several processes, and most of its spans are known only when they are
//! over: a group of the lane takes hundreds of transfers through their steps and then commits. So
//! spans are not kept open around code; each is made from what has happened, below the trace context
//! that stands in the transfer's row, in its event, or in a message's attributes.
//!
//! Off unless [`start`] was called: [`begin`] is then a look at one pointer, and `traceparent` goes
//! through untouched. Whether a trace is recorded is decided once, where it begins; the flag in its
//! context tells everybody else.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use domain::trace::TraceParent;
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags,
    TraceId, TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span};
use tokio::runtime::Handle;

use crate::{Collector, Encoding};

/// How long the last spans may take to leave when the process ends.
const FLUSH_MAX: Duration = Duration::from_secs(3);

/// What kind of work a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A request that came in.
    Server,
    /// A request that went out.
    Client,
    /// A message that was sent.
    Producer,
    /// A job or message that was taken.
    Consumer,
    /// Part of another span.
    Internal,
}

/// Why spans cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// A variable of OpenTelemetry is wrong.
    #[error("the OTLP exporter cannot be made")]
    Exporter(#[from] ExporterBuildError),
    /// No client for HTTP.
    #[error("no HTTP client for the OTLP exporter")]
    Client(#[from] reqwest::Error),
}

struct Tracing {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

static TRACING: OnceLock<Tracing> = OnceLock::new();

/// From now on spans are sent to the collector that the OpenTelemetry variables name, by the current
/// tokio runtime. `service` is this process's name unless they have one. Only the first call counts.
pub fn start(collector: Collector, service: &'static str) -> Result<(), TracesError> {
    // Fails when somebody was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut http = reqwest::Client::builder();
    if !collector.tls {
        // On the same network: no proxy, and nobody's certificates, which a small machine may lack.
        http = http.no_proxy().tls_certs_only([]);
    }
    let client = Client { http: http.build()?, runtime: Handle::current() };
    let protocol = match collector.encoding {
        Encoding::Protobuf => Protocol::HttpBinary,
        Encoding::Json => Protocol::HttpJson,
    };
    let exporter =
        SpanExporter::builder().with_http().with_http_client(client).with_protocol(protocol);
    let resource = Resource::builder()
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    let named = std::env::var("OTEL_SERVICE_NAME").is_ok_and(|name| !name.is_empty());
    let resource = if named { resource } else { resource.with_service_name(service) };
    let provider = SdkTracerProvider::builder()
        .with_resource(resource.build())
        .with_batch_exporter(exporter.build()?)
        .build();
    let tracer = provider.tracer("holdfast");
    // The second of two providers ends here, with nothing in it.
    let _ = TRACING.set(Tracing { provider, tracer });
    tracing::info!("traces are sent to a collector");
    Ok(())
}

/// Whether there is a collector.
pub fn is_on() -> bool {
    TRACING.get().is_some()
}

/// Sends what is left. For the end of a process.
pub async fn finish() {
    let Some(tracing) = TRACING.get() else { return };
    // It blocks its thread, and the sending needs ours.
    let sent = tokio::task::spawn_blocking(|| tracing.provider.shutdown_with_timeout(FLUSH_MAX));
    match sent.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(error = %error, "the last spans were not sent"),
        Err(error) => tracing::warn!(error = %error, "the last spans were not sent"),
    }
}

/// A span that is not over yet. Dropped, it ends now.
#[derive(Debug)]
pub struct Live(Span);

/// Begins a span at `at`, below `parent` or as the first of a new trace. None when there is no
/// collector, and below a parent that is not recorded.
pub fn begin(
    name: impl Into<Cow<'static, str>>,
    kind: Kind,
    parent: Option<&TraceParent>,
    at: SystemTime,
) -> Option<Live> {
    let tracing = TRACING.get()?;
    let context = match parent {
        Some(parent) if !parent.sampled => return None,
        Some(parent) => Context::new().with_remote_span_context(span_context(parent)),
        None => Context::new(),
    };
    let builder = SpanBuilder::from_name(name).with_kind(kind.into()).with_start_time(at);
    Some(Live(tracing.tracer.build_with_context(builder, &context)))
}

impl Live {
    /// What those below it have as their parent.
    pub fn context(&self) -> TraceParent {
        let context = self.0.span_context();
        TraceParent {
            trace_id: u128::from_be_bytes(context.trace_id().to_bytes()),
            parent_id: u64::from_be_bytes(context.span_id().to_bytes()),
            sampled: context.is_sampled(),
        }
    }

    /// Says more about it.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    /// Says more about it.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        if self.0.is_recording() {
            self.0.set_attribute(KeyValue::new(name, value));
        }
    }

    /// It did not go well.
    pub fn fail(&mut self, why: impl Into<Cow<'static, str>>) {
        self.0.set_status(Status::error(why));
    }

    /// It ended at `at`.
    pub fn end(mut self, at: SystemTime) {
        self.0.end_with_timestamp(at);
    }
}

impl From<Kind> for SpanKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Server => Self::Server,
            Kind::Client => Self::Client,
            Kind::Producer => Self::Producer,
            Kind::Consumer => Self::Consumer,
            Kind::Internal => Self::Internal,
        }
    }
}

fn span_context(parent: &TraceParent) -> SpanContext {
    SpanContext::new(
        TraceId::from_bytes(parent.trace_id.to_be_bytes()),
        SpanId::from_bytes(parent.parent_id.to_be_bytes()),
        if parent.sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED },
        true,
        TraceState::NONE,
    )
}

/// Sends spans with the HTTP client that the rest of the process has. The exporter waits on a thread
/// of its own, without a runtime; so the request is made by ours.
#[derive(Debug)]
struct Client {
    http: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        let http = self.http.clone();
        let sending = self.runtime.spawn(async move {
            let answer = http.execute(request).await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            Ok::<_, reqwest::Error>((status, headers, answer.bytes().await?))
        });
        let (status, headers, body) = sending.await??;
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}
