//! What is sent as others see it: counted, and for events of traces that are recorded, a span.

use std::time::SystemTime;

use domain::trace::TraceParent;
use store::relay::Claim;
use telemetry::metrics::{metrics, seconds_since};
use telemetry::traces::{self, Kind, Live};

use super::held::Answer;
use crate::sqs::{Outgoing, Queue};

/// The attribute that carries the trace context.
const TRACEPARENT: &str = "traceparent";

/// Begins a span for each message that has a trace, and puts it above what the consumer will do.
pub(super) fn begin(queue: &Queue, messages: &mut [Outgoing]) -> Vec<Option<Live>> {
    if !traces::is_on() {
        return Vec::new();
    }
    let now = SystemTime::now();
    messages.iter_mut().map(|message| begin_one(queue, message, now)).collect()
}

fn begin_one(queue: &Queue, message: &mut Outgoing, now: SystemTime) -> Option<Live> {
    let (_, context) = message.attributes.iter_mut().find(|(name, _)| *name == TRACEPARENT)?;
    let parent = TraceParent::parse(context)?;
    let name = format!("send {}", queue.name());
    let span = traces::begin(name, Kind::Producer, Some(&parent), now)?;
    *context = span.context().to_string();
    let queue = queue.name().to_owned();
    Some(span.with("messaging.system", "aws_sqs").with("messaging.destination.name", queue))
}

/// Ends them with what the queue said.
pub(super) fn end(spans: Vec<Option<Live>>, answers: &[Answer]) {
    let now = SystemTime::now();
    for (span, answer) in spans.into_iter().zip(answers) {
        let Some(mut span) = span else { continue };
        match answer {
            Answer::Taken => {}
            Answer::Refused | Answer::RefusedTogether => span.fail("refused"),
            Answer::None => span.fail("no answer"),
        }
        span.end(now);
    }
}

/// Counts what a queue said to the `wanted` events, and how old those are that it took.
pub(super) fn count(queue: &Queue, claim: &Claim, wanted: &[usize], answers: &[Answer]) {
    let to = &metrics().events;
    let now = SystemTime::now();
    let mut counts = [("taken", 0), ("refused", 0), ("unanswered", 0)];
    let mut delays = Vec::with_capacity(wanted.len());
    for &at in wanted {
        let place = match answers[at] {
            Answer::Taken => 0,
            Answer::Refused | Answer::RefusedTogether => 1,
            Answer::None => 2,
        };
        counts[place].1 += 1;
        if place == 0 {
            delays.push(seconds_since(claim.events[at].id.0.as_u128(), now));
        }
    }
    for (outcome, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        to.sent.add([queue.name().to_owned().into(), outcome.into()], count);
    }
    to.sent_after.all([queue.name().to_owned().into()], delays);
}
