//! Tokens with which AWS lets one into a database (`rds-db:connect`), in place of a password.
//!
//! Run as the command of `DATABASE_PASSWORD_COMMAND`, it keeps AWS out of all other processes. A
//! token is a signed address of one server and one user. Nothing is sent for it, unless the
//! credentials have to be fetched, as those of a task's role do.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use aws_config::BehaviorVersion;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// The most that AWS allows. Only a new connection needs one.
const GOOD_FOR: Duration = Duration::from_mins(15);
/// The service as a signature names it.
const SERVICE: &str = "rds-db";

/// No token could be made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It is not known whom it is for.
    #[error("{0} is not set; it must say whom the token is for")]
    Missing(&'static str),
    /// AWS's own settings name no region.
    #[error("no region is set; AWS_REGION names one")]
    NoRegion,
    /// There is nobody to sign as.
    #[error("there are no AWS credentials")]
    NoCredentials(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// They do not sign.
    #[error("the token cannot be signed")]
    Signing(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Whom a token is for.
struct Place {
    host: String,
    port: String,
    user: String,
}

/// A token for the server and the user that `PGHOST`, `PGPORT` and `PGUSER` name. Credentials and
/// region come from where AWS's own tools have them.
pub async fn make(lookup: impl Fn(&str) -> Option<String>) -> Result<String, TokenError> {
    let set = |name| lookup(name).filter(|text| !text.is_empty()).ok_or(TokenError::Missing(name));
    let place = Place { host: set("PGHOST")?, port: set("PGPORT")?, user: set("PGUSER")? };
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
    let region = config.region().ok_or(TokenError::NoRegion)?;
    let nobody = || TokenError::NoCredentials("nobody provides any".into());
    let provider = config.credentials_provider().ok_or_else(nobody)?;
    let credentials = provider.provide_credentials().await;
    let credentials = credentials.map_err(|error| TokenError::NoCredentials(error.into()))?;
    token(&place, region.as_ref(), credentials, SystemTime::now())
}

fn token(
    place: &Place,
    region: &str,
    credentials: Credentials,
    now: SystemTime,
) -> Result<String, TokenError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| TokenError::Signing(error);
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(GOOD_FOR);
    let identity = credentials.into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(now)
        .settings(settings)
        .build()
        .map_err(|error| failed(error.into()))?;
    let Place { host, port, user } = place;
    let mut url = format!("https://{host}:{port}/?Action=connect&DBUser={}", encoded(user));
    let request = SignableRequest::new("GET", &url, std::iter::empty(), SignableBody::Bytes(&[]))
        .map_err(|error| failed(error.into()))?;
    let signed = sign(request, &params.into()).map_err(|error| failed(error.into()))?;
    let (instructions, _) = signed.into_parts();
    for (name, value) in instructions.params() {
        // Writing to a String does not fail.
        let _ = write!(url, "&{name}={}", encoded(value));
    }
    // Without the scheme, which was only needed to sign.
    Ok(url.split_off("https://".len()))
}

/// As a part of an address: all but letters, digits and `-._~` as their bytes.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut whole, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                whole.push(char::from(byte));
            }
            _ => {
                let _ = write!(whole, "%{byte:02X}");
            }
        }
        whole
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As AWS's own tools for Python make them, from the same inputs.
    #[test]
    fn a_token_is_signed_as_awss_own_tools_sign_it() {
        let place = |user: &str| Place {
            host: "wallets.cluster-abc.eu-central-1.rds.amazonaws.com".to_owned(),
            port: "5432".to_owned(),
            user: user.to_owned(),
        };
        // 2026-11-21T09:30:00Z
        let now = SystemTime::UNIX_EPOCH + Duration::from_mins(29_920_890);
        let signed = |user: &str, session: Option<&str>| {
            let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
            let session = session.map(str::to_owned);
            let credentials = Credentials::new("AKIDEXAMPLE", secret, session, None, "test");
            let token = token(&place(user), "eu-central-1", credentials, now).unwrap();
            let (at, query) = token.split_once('?').unwrap();
            let mut pairs: Vec<String> = query.split('&').map(str::to_owned).collect();
            pairs.sort();
            (at.to_owned(), pairs)
        };
        let host = "wallets.cluster-abc.eu-central-1.rds.amazonaws.com:5432/";
        let scope = "AKIDEXAMPLE%2F20261121%2Feu-central-1%2Frds-db%2Faws4_request";
        let (at, pairs) = signed("app", None);
        assert_eq!(at, host);
        assert_eq!(
            pairs,
            [
                "Action=connect",
                "DBUser=app",
                "X-Amz-Algorithm=AWS4-HMAC-SHA256",
                &format!("X-Amz-Credential={scope}"),
                "X-Amz-Date=20261121T093000Z",
                "X-Amz-Expires=900",
                "X-Amz-Signature=4b6e064db24c7e54d1c9c42314578c7f989cc0cbb9817719e44b0a7283b80b8e",
                "X-Amz-SignedHeaders=host",
            ]
        );
        let (_, pairs) = signed("app user", Some("a/token+of=the role"));
        for pair in [
            "DBUser=app%20user",
            "X-Amz-Security-Token=a%2Ftoken%2Bof%3Dthe%20role",
            "X-Amz-Signature=b9e5358435e27bd16b129c5af4e2007946f430c7b6d1c367b8de5d04caf72676",
        ] {
            assert!(pairs.iter().any(|one| one == pair), "{pair}: {pairs:?}");
        }
    }
}
