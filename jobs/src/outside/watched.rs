//! A call as others see it: counted, and part of the trace of what it is made for.

use std::time::{Instant, SystemTime};

use domain::answer::Answer;
use domain::trace::TraceParent;
use reqwest::RequestBuilder;
use store::calls::Call;
use telemetry::metrics::metrics;
use telemetry::traces::{self, Kind};

use super::ask::Asked;

tokio::task_local! {
    /// The trace context that goes along with the requests of a call. Beside their arguments,
    /// because it is nothing that a provider decides on.
    static TRACEPARENT: Option<String>;
}

/// Makes a call and takes note of it.
pub(super) async fn watched(
    asked: Asked,
    call: &Call,
    making: impl Future<Output = Answer>,
) -> Answer {
    let parent = call.traceparent.as_deref().and_then(TraceParent::parse);
    let mut span = parent.and_then(|parent| {
        let name = format!("call {}", asked.name());
        traces::begin(name, Kind::Client, Some(&parent), SystemTime::now())
    });
    let below = span.as_ref().map(|span| span.context().to_string());
    let context = below.or_else(|| call.traceparent.clone());
    let began = Instant::now();
    let answer = TRACEPARENT.scope(context, making).await;
    let outcome = name(&answer);
    metrics().calls.answers.one([asked.name().into(), outcome.into()]);
    metrics().calls.duration.since([asked.name().into()], began);
    if let Some(span) = &mut span {
        span.set("transfer.id", call.id.to_string());
        span.set("call.count", i64::from(call.call_count));
        span.set("call.outcome", outcome);
        if let Answer::NotSent { detail } | Answer::Unknown { detail } = &answer {
            span.fail(detail.clone());
        }
    }
    answer
}

/// The request with the trace context of its call.
pub(super) fn traced(request: RequestBuilder) -> RequestBuilder {
    match TRACEPARENT.try_with(Clone::clone) {
        Ok(Some(context)) => request.header("traceparent", context),
        _ => request,
    }
}

/// The answer in one word.
fn name(answer: &Answer) -> &'static str {
    match answer {
        Answer::Allowed | Answer::ReviewAllowed => "allowed",
        Answer::Denied { .. } | Answer::ReviewDenied { .. } => "denied",
        Answer::Review { .. } => "review",
        Answer::Accepted { .. } => "accepted",
        Answer::Pending => "pending",
        Answer::Paid { .. } => "paid",
        Answer::Declined { .. } => "declined",
        Answer::NotFound => "not_found",
        Answer::NotSent { .. } => "not_sent",
        Answer::Unknown { .. } => "unknown",
        // No provider answers so.
        Answer::Capture { .. } | Answer::Void { .. } | Answer::Expired => "other",
    }
}
