//! Configuration of what a process says about itself; part of that of each process.

use std::net::SocketAddr;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Which log lines are written.
    pub log: String,
    /// How they are written.
    pub log_format: LogFormat,
    /// Where metrics and health are asked for; none for no listener of their own.
    pub metrics_addr: Option<SocketAddr>,
    /// Whether figures are written for CloudWatch, too.
    pub emf: bool,
    /// Who gets spans; none when nobody does. Where it is and which traces it gets, the OpenTelemetry
    /// variables say.
    pub traces: Option<Collector>,
    /// Whether a schema is accepted that has migrations which this version does not know.
    pub newer_schema: bool,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// Somebody who gets spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collector {
    /// How spans are encoded.
    pub encoding: Encoding,
    /// Whether it is reached over TLS.
    pub tls: bool,
}

/// How spans are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `http/protobuf`: small.
    Protobuf,
    /// `http/json`: can be read without tools.
    Json,
}

/// A variable has no value that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}")]
pub struct ConfigError {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong with it, as the rest of a sentence.
    pub problem: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            log: "info".to_owned(),
            log_format: LogFormat::Text,
            metrics_addr: None,
            emf: false,
            traces: None,
            newer_schema: false,
        }
    }
}

/// Each of them names a collector, and so switches traces on.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
/// How spans may be encoded.
const PROTOCOLS: [&str; 2] = ["http/protobuf", "http/json"];
/// Who decides which traces are recorded.
const SAMPLERS: [&str; 6] = [
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];

impl Config {
    /// Reads variables through `lookup`, where one that is set to nothing counts as not set.
    pub fn from_lookup(
        lookup: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let lookup = |variable| lookup(variable).filter(|value| !value.is_empty());
        let mut config = Self::default();
        if let Some(log) = lookup("HOLDFAST_LOG") {
            if let Err(error) = EnvFilter::try_new(&log) {
                let problem =
                    format!("is '{log}', which is no filter such as info,store=debug: {error}");
                return Err(ConfigError { variable: "HOLDFAST_LOG", problem });
            }
            config.log = log;
        }
        if let Some(format) = lookup("HOLDFAST_LOG_FORMAT") {
            config.log_format = parse("HOLDFAST_LOG_FORMAT", &format, "text or json")?;
        }
        if let Some(addr) = lookup("HOLDFAST_METRICS_ADDR") {
            let wanted = "an address with a port, such as 0.0.0.0:9464";
            config.metrics_addr = Some(parse("HOLDFAST_METRICS_ADDR", &addr, wanted)?);
        }
        config.emf = switch("HOLDFAST_EMF", &lookup, ["off", "on"])?;
        config.newer_schema = switch("HOLDFAST_NEWER_SCHEMA", &lookup, ["refuse", "accept"])?;
        config.traces = traces(&lookup)?;
        Ok(config)
    }
}

/// Whether there is a collector, and what it reads. What OpenTelemetry's own reading would pass over
/// in silence is said.
fn traces(
    lookup: &impl Fn(&'static str) -> Option<String>,
) -> Result<Option<Collector>, ConfigError> {
    let mut encoding = Encoding::Protobuf;
    for variable in ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] {
        if let Some(protocol) = one_of(variable, lookup, &PROTOCOLS)? {
            let json = protocol == "http/json";
            encoding = if json { Encoding::Json } else { Encoding::Protobuf };
        }
    }
    let sampler = one_of("OTEL_TRACES_SAMPLER", lookup, &SAMPLERS)?;
    if sampler.is_some_and(|sampler| sampler.ends_with("traceidratio")) {
        let variable = "OTEL_TRACES_SAMPLER_ARG";
        let ratio = lookup(variable).unwrap_or_default();
        if !ratio.parse().is_ok_and(|ratio: f64| (0.0..=1.0).contains(&ratio)) {
            let problem = format!("is '{ratio}'; it must be a number from 0 to 1");
            return Err(ConfigError { variable, problem });
        }
    }
    let off = switch("OTEL_SDK_DISABLED", lookup, ["false", "true"])?
        || one_of("OTEL_TRACES_EXPORTER", lookup, &["otlp", "none"])?.as_deref() == Some("none");
    let endpoint = ENDPOINTS.iter().find_map(|variable| lookup(variable)).filter(|_| !off);
    Ok(endpoint.map(|url| Collector { encoding, tls: !url.starts_with("http://") }))
}

/// A value that must be one of these words.
fn one_of(
    variable: &'static str,
    lookup: &impl Fn(&'static str) -> Option<String>,
    words: &[&str],
) -> Result<Option<String>, ConfigError> {
    let Some(value) = lookup(variable) else { return Ok(None) };
    if words.contains(&value.as_str()) {
        return Ok(Some(value));
    }
    let problem = format!("is '{value}'; it must be one of {}", words.join(", "));
    Err(ConfigError { variable, problem })
}

/// False, which is also the default, and true.
fn switch(
    variable: &'static str,
    lookup: &impl Fn(&'static str) -> Option<String>,
    words: [&str; 2],
) -> Result<bool, ConfigError> {
    Ok(one_of(variable, lookup, &words)?.as_deref() == Some(words[1]))
}

fn parse<T: FromStr>(variable: &'static str, text: &str, wanted: &str) -> Result<T, ConfigError> {
    let problem = || format!("is '{text}'; it must be {wanted}");
    text.parse().map_err(|_| ConfigError { variable, problem: problem() })
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Config, String> {
        let lookup =
            |variable: &str| set.iter().find(|one| one.0 == variable).map(|one| one.1.to_owned());
        Config::from_lookup(lookup).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_is_on_that_was_not_asked_for() {
        let empty = [("HOLDFAST_METRICS_ADDR", ""), ("OTEL_EXPORTER_OTLP_ENDPOINT", "")];
        assert_eq!(read(&empty), Ok(Config::default()));
    }

    #[test]
    fn a_collector_switches_traces_on_and_two_variables_switch_them_off_again() {
        let named = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        let plain = |encoding| Some(Collector { encoding, tls: false });
        assert_eq!(read(&[named]).unwrap().traces, plain(Encoding::Protobuf));
        let json = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json");
        assert_eq!(read(&[named, json]).unwrap().traces, plain(Encoding::Json));
        assert_eq!(read(&[json]).unwrap().traces, None);
        assert_eq!(read(&[named, ("OTEL_SDK_DISABLED", "true")]).unwrap().traces, None);
        assert_eq!(read(&[named, ("OTEL_TRACES_EXPORTER", "none")]).unwrap().traces, None);
    }

    #[test]
    fn a_wrong_value_is_a_sentence_that_names_the_variable() {
        for (variable, value, sentence) in [
            ("HOLDFAST_LOG_FORMAT", "xml", "is 'xml'; it must be text or json"),
            ("HOLDFAST_EMF", "yes", "is 'yes'; it must be one of off, on"),
            (
                "OTEL_EXPORTER_OTLP_PROTOCOL",
                "grpc",
                "is 'grpc'; it must be one of http/protobuf, http/json",
            ),
            (
                "HOLDFAST_METRICS_ADDR",
                "9464",
                "is '9464'; it must be an address with a port, such as 0.0.0.0:9464",
            ),
        ] {
            assert_eq!(read(&[(variable, value)]).unwrap_err(), format!("{variable} {sentence}"));
        }
        let half = [("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "half")];
        let sentence = "OTEL_TRACES_SAMPLER_ARG is 'half'; it must be a number from 0 to 1";
        assert_eq!(read(&half).unwrap_err(), sentence);
        let error = read(&[("HOLDFAST_LOG", "info=loud=very")]).unwrap_err();
        assert!(
            error.starts_with("HOLDFAST_LOG is 'info=loud=very', which is no filter"),
            "{error}"
        );
    }
}
