//! A log line as one flat JSON object: the fields of the event, then those of the spans around it.
//!
//! Flat, so that `correlation_id` is at the same place whether the line or the request around it has it.

use std::fmt::{self, Debug, Write};

use chrono::{SecondsFormat, Utc};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes lines.
pub(super) struct Flat;

/// Writes fields of spans as they stand in a line: `,"name":value` for each.
pub(super) struct FlatFields;

impl<S, N> FormatEvent<S, N> for Flat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let of = event.metadata();
        let at = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
        let mut line = String::with_capacity(384);
        write!(
            line,
            r#"{{"timestamp":"{at}","level":"{}","target":"{}""#,
            of.level(),
            of.target()
        )?;
        event.record(&mut Fields(&mut line));
        for span in context.event_scope().into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>() {
                line.push_str(&fields.fields);
            }
        }
        line.push('}');
        writeln!(writer, "{line}")
    }
}

impl<'w> FormatFields<'w> for FlatFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut text = String::new();
        fields.record(&mut Fields(&mut text));
        writer.write_str(&text)
    }

    fn add_fields(
        &self,
        current: &'w mut FormattedFields<Self>,
        fields: &tracing::span::Record<'_>,
    ) -> fmt::Result {
        // Without the blank that the default would put between them.
        fields.record(&mut Fields(&mut current.fields));
        Ok(())
    }
}

/// Appends each field that it is shown.
struct Fields<'a>(&'a mut String);

impl Fields<'_> {
    fn raw(&mut self, field: &Field, value: impl fmt::Display) {
        // Names are identifiers with dots: nothing in them needs an escape.
        let _ = write!(self.0, r#","{}":{value}"#, field.name());
    }

    fn text(&mut self, field: &Field, value: &str) {
        match serde_json::to_string(value) {
            Ok(value) => self.raw(field, value),
            Err(_) => self.raw(field, "null"),
        }
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.raw(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.raw(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.raw(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.raw(field, value);
        } else {
            self.text(field, &value.to_string());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(work: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .fmt_fields(FlatFields)
            .event_format(Flat)
            .finish();
        tracing::subscriber::with_default(subscriber, work);
        let bytes = lines.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_is_flat_and_has_the_fields_of_the_spans_around_it() {
        let lines = written(|| {
            let span = tracing::error_span!(
                "request",
                correlation_id = "c-1",
                trace_id = tracing::field::Empty
            );
            span.record("trace_id", "0af7");
            let _inside = span.enter();
            tracing::warn!(transfer.id = %7, count = 3, "transfer {} said \"no\"\n", 7);
        });
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        for (name, value) in [
            ("level", "WARN"),
            ("message", "transfer 7 said \"no\"\n"),
            ("transfer.id", "7"),
            ("correlation_id", "c-1"),
            ("trace_id", "0af7"),
        ] {
            assert_eq!(line[name], value, "{line}");
        }
        assert_eq!(line["count"], 3);
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    }
}
