//! Whom the API believes.

use std::net::IpAddr;
use std::time::Duration;

use crate::config::{ConfigError, Source};

/// How those who ask on the customers' address are known.
#[derive(Debug, Clone)]
pub enum AuthConfig {
    /// Not at all: everybody may do everything there. Only for tests and measurements; the API then
    /// listens on the loopback alone.
    Off,
    /// By the tokens of an issuer, and by API keys.
    Issuer(Box<IssuerConfig>),
}

/// An issuer of tokens, and what its tokens must say.
#[derive(Debug, Clone)]
pub struct IssuerConfig {
    /// What `iss` must be, letter for letter.
    pub issuer: String,
    /// One of these must be among the audiences of a token.
    pub audiences: Vec<String>,
    /// Where its keys are; none to ask its discovery document.
    pub jwks_url: Option<String>,
    /// The claim that holds the audiences: `aud`, or `client_id` for issuers that leave `aud` out.
    pub audience_claim: String,
    /// The claim that names the owner of the wallets.
    pub owner_claim: String,
    /// The claim that holds the scopes: a text with spaces or a list.
    pub scope_claim: String,
    /// What stands before each scope of ours, such as the name of a resource server; often nothing.
    pub scope_prefix: String,
    /// The claim that holds the roles of an operator: a text or a list.
    pub roles_claim: String,
    /// What stands before each role of ours; often nothing.
    pub roles_prefix: String,
    /// By how much the issuer's clock and ours may differ.
    pub skew: Duration,
    /// Between two looks at the keys because of a token with an unknown one.
    pub refetch_min: Duration,
}

/// Clocks that are kept by NTP differ by less than a second.
const SKEW: Duration = Duration::from_secs(30);
const SKEW_S_MAX: u64 = 120;
/// A rotation is noticed soon, and a flood of made-up key ids asks the issuer for nothing more.
const REFETCH_MIN: Duration = Duration::from_secs(10);

impl IssuerConfig {
    /// An issuer whose tokens have the usual claims.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audiences: vec![audience.into()],
            jwks_url: None,
            audience_claim: "aud".to_owned(),
            owner_claim: "sub".to_owned(),
            scope_claim: "scope".to_owned(),
            scope_prefix: String::new(),
            roles_claim: "roles".to_owned(),
            roles_prefix: String::new(),
            skew: SKEW,
            refetch_min: REFETCH_MIN,
        }
    }
}

const SWITCH: &str = "HOLDFAST_AUTH";
const ISSUER: &str = "HOLDFAST_AUTH_ISSUER";
const AUDIENCE: &str = "HOLDFAST_AUTH_AUDIENCE";
const JWKS_URL: &str = "HOLDFAST_AUTH_JWKS_URL";
const ALLOW_HTTP: &str = "HOLDFAST_AUTH_ALLOW_HTTP";
const SKEW_S: &str = "HOLDFAST_AUTH_SKEW_S";

fn wrong(variable: &'static str, problem: impl Into<String>) -> ConfigError {
    ConfigError { variable, problem: problem.into() }
}

impl<F: Fn(&'static str) -> Result<Option<String>, String>> Source<F> {
    /// Nobody is let in by mistake: without an issuer the API starts only when it is told to be open.
    pub(crate) fn auth(&self) -> Result<AuthConfig, ConfigError> {
        match self.text(SWITCH)?.as_deref() {
            Some("off") => return Ok(AuthConfig::Off),
            None | Some("on") => {}
            Some(other) => {
                return Err(wrong(SWITCH, format!("is '{other}'; it must be on or off")));
            }
        }
        let issuer = self.text(ISSUER)?.ok_or_else(|| {
            let problem = "is not set; it must be the issuer of the tokens, such as \
                           https://login.example.com/";
            wrong(ISSUER, problem)
        })?;
        let audience = self.text(AUDIENCE)?.ok_or_else(|| {
            wrong(AUDIENCE, "is not set; it must be what tokens for this API have as audience")
        })?;
        let mut config = IssuerConfig::new(issuer, "");
        config.audiences = audience.split(',').map(|one| one.trim().to_owned()).collect();
        if config.audiences.iter().any(String::is_empty) {
            return Err(wrong(AUDIENCE, "has an empty audience between its commas"));
        }
        config.jwks_url = self.text(JWKS_URL)?;
        let mut http = false;
        self.read(ALLOW_HTTP, "true or false", &mut http)?;
        check_url(ISSUER, &config.issuer, http)?;
        if let Some(url) = &config.jwks_url {
            check_url(JWKS_URL, url, http)?;
        }
        for (variable, target) in [
            ("HOLDFAST_AUTH_AUDIENCE_CLAIM", &mut config.audience_claim),
            ("HOLDFAST_AUTH_OWNER_CLAIM", &mut config.owner_claim),
            ("HOLDFAST_AUTH_SCOPE_CLAIM", &mut config.scope_claim),
            ("HOLDFAST_AUTH_SCOPE_PREFIX", &mut config.scope_prefix),
            ("HOLDFAST_AUTH_ROLES_CLAIM", &mut config.roles_claim),
            ("HOLDFAST_AUTH_ROLES_PREFIX", &mut config.roles_prefix),
        ] {
            if let Some(text) = self.text(variable)? {
                *target = text;
            }
        }
        let mut skew_s = SKEW.as_secs();
        let wanted = "a whole number of seconds from 0 to 120";
        if self.read(SKEW_S, wanted, &mut skew_s)? && skew_s > SKEW_S_MAX {
            return Err(wrong(SKEW_S, format!("is '{skew_s}'; it must be {wanted}")));
        }
        config.skew = Duration::from_secs(skew_s);
        Ok(AuthConfig::Issuer(Box::new(config)))
    }
}

/// Keys that came over a connection anybody can change are nobody's keys.
fn check_url(variable: &'static str, text: &str, http: bool) -> Result<(), ConfigError> {
    let url = reqwest::Url::parse(text);
    let url = url.map_err(|_| wrong(variable, format!("is '{text}', which is no URL")))?;
    if url.scheme() == "https" || (url.scheme() == "http" && (http || is_loopback(&url))) {
        return Ok(());
    }
    let problem = format!(
        "is '{text}'; it must begin with https:// unless it is on this machine ({ALLOW_HTTP}=true lifts this)"
    );
    Err(wrong(variable, problem))
}

/// Whether a URL leads to this machine.
fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<AuthConfig, String> {
        let lookup = |variable: &str| {
            let one = set.iter().find(|one| one.0 == variable);
            Ok::<_, String>(one.map(|one| one.1.to_owned()))
        };
        Source { lookup }.auth().map_err(|error| error.to_string())
    }

    #[test]
    fn without_an_issuer_only_an_explicit_word_opens_the_door() {
        let error = read(&[]).unwrap_err();
        assert!(error.starts_with("HOLDFAST_AUTH_ISSUER is not set"), "{error}");
        let error = read(&[("HOLDFAST_AUTH", "no")]).unwrap_err();
        assert_eq!(error, "HOLDFAST_AUTH is 'no'; it must be on or off");
        assert!(matches!(read(&[("HOLDFAST_AUTH", "off")]), Ok(AuthConfig::Off)));
        let error = read(&[(ISSUER, "https://login.example.com/")]).unwrap_err();
        assert!(error.starts_with("HOLDFAST_AUTH_AUDIENCE is not set"), "{error}");
    }

    #[test]
    fn an_issuer_is_reached_by_tls_unless_it_is_on_this_machine() {
        let audience = (AUDIENCE, "holdfast, other");
        for (issuer, fits) in [
            ("https://login.example.com/", true),
            ("http://127.0.0.1:9/", true),
            ("http://[::1]:9/", true),
            ("http://localhost:9", true),
            ("http://login.example.com/", false),
            ("ftp://localhost/", false),
            ("login.example.com", false),
        ] {
            assert_eq!(read(&[(ISSUER, issuer), audience]).is_ok(), fits, "{issuer}");
        }
        let far = [(ISSUER, "http://issuer:9"), audience, (ALLOW_HTTP, "true")];
        let Ok(AuthConfig::Issuer(config)) = read(&far) else { panic!("no issuer") };
        assert_eq!(config.audiences, ["holdfast", "other"]);
        let near = (ISSUER, "https://a/");
        let keys = (JWKS_URL, "http://b/keys");
        assert!(read(&[near, audience, keys]).unwrap_err().starts_with(JWKS_URL));
    }

    #[test]
    fn clocks_may_differ_by_two_minutes_at_most() {
        let set = [(ISSUER, "https://a/"), (AUDIENCE, "b"), (SKEW_S, "121")];
        let error = read(&set).unwrap_err();
        assert!(error.starts_with("HOLDFAST_AUTH_SKEW_S is '121'"), "{error}");
    }
}
