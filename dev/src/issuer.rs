//! The issuer of tokens that comes along, and the tokens of the banner.
//!
//! The API believes it in the way in which it believes a real one: it fetches the keys and checks signatures. Its private
//! key is new at every start, and lies beside the data, so that `holdfast-dev token` can make more tokens.

use std::path::Path;
use std::time::Duration;

use embedded::issuer::{Claims, Issuer, Signer};
use serde::{Deserialize, Serialize};

use crate::admin::write;
use crate::error::DevError;

/// What `holdfast-dev token` reads. Whoever can read it can be anybody here.
const FILE: &str = ".holdfast/issuer.json";
/// The tokens of this process outlive it.
const LIFETIME_OWN: Duration = Duration::from_hours(24 * 366);

/// May do everything, for everybody: the demo data and the load.
const OWN_SCOPES: &str = "wallet:read wallet:write wallet:deposit wallet:admin";
/// What a customer has.
const CUSTOMER_SCOPES: &str = "wallet:read wallet:write";
/// What a system has that has received money.
const TILL_SCOPES: &str = "wallet:deposit";

#[derive(Serialize, Deserialize)]
struct Stored {
    issuer: String,
    key: Vec<u8>,
}

/// Tokens for the lines of the banner.
pub(crate) struct Tokens {
    pub(crate) alice: String,
    pub(crate) bob: String,
    pub(crate) till: String,
}

/// Starts the issuer and leaves its key for `holdfast-dev token`.
pub(crate) async fn start() -> Result<Issuer, DevError> {
    let issuer = Issuer::start(None).await?;
    let stored = Stored { issuer: issuer.url(), key: issuer.signer().pkcs8().to_vec() };
    let text = serde_json::to_string(&stored).unwrap_or_default();
    write(Path::new(FILE), &text).map_err(|error| DevError::Introduce(FILE, error))?;
    Ok(issuer)
}

/// The token of this process itself.
pub(crate) fn own(issuer: &Issuer) -> String {
    let claims = Claims::of("holdfast-dev").scope(OWN_SCOPES);
    issuer.token(&Claims { lifetime: LIFETIME_OWN, ..claims })
}

/// Those of the banner.
pub(crate) fn tokens(issuer: &Issuer) -> Tokens {
    let token = |subject: &str, scope: &str| issuer.token(&Claims::of(subject).scope(scope));
    Tokens {
        alice: token("alice", CUSTOMER_SCOPES),
        bob: token("bob", CUSTOMER_SCOPES),
        till: token("till", TILL_SCOPES),
    }
}

/// The word that begins the command line.
pub const COMMAND: &str = "token";

const HELP: &str = "\
Prints a token of the issuer of a `cargo run` that runs in this folder.

usage: cargo run -- token [--subject NAME] [--scope SCOPES] [--role ROLE] [--hours N]

  --subject  whom it is about, which is the owner of wallets, too; else alice
  --scope    scopes with spaces between them, of wallet:read, wallet:write, wallet:deposit and wallet:admin;
             else, without a role, wallet:read wallet:write
  --role     for the operators' address: viewer, operator or approver
  --hours    how long it is good; else 12

  curl -H \"Authorization: Bearer $(cargo run -q -- token --subject bob)\" http://127.0.0.1:8080/v1/wallets
";

/// The token cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The command line cannot be understood.
    #[error("unknown or incomplete argument '{0}'; token --help lists what there is")]
    Argument(String),
    /// Nothing was started here.
    #[error("cannot read {FILE}: start `cargo run` in this folder first")]
    NoIssuer(#[source] std::io::Error),
    /// Somebody else wrote the file.
    #[error("{FILE} does not hold the key of an issuer")]
    NoKey,
}

/// What `holdfast-dev token` prints for these arguments.
pub fn program(
    arguments: impl IntoIterator<Item = std::ffi::OsString>,
) -> Result<String, TokenError> {
    let mut claims = Claims::of("alice");
    let mut scope = None;
    let mut arguments =
        arguments.into_iter().map(|argument| argument.to_string_lossy().into_owned());
    while let Some(argument) = arguments.next() {
        let incomplete = || TokenError::Argument(argument.clone());
        if ["--help", "-h"].contains(&argument.as_str()) {
            return Ok(HELP.to_owned());
        }
        let value = arguments.next().ok_or_else(incomplete)?;
        match argument.as_str() {
            "--subject" => claims.subject = value,
            "--scope" => scope = Some(value),
            "--role" => claims.roles = vec![value],
            "--hours" => {
                let hours: u32 = value.parse().map_err(|_| incomplete())?;
                claims.lifetime = Duration::from_hours(hours.into());
            }
            _ => return Err(incomplete()),
        }
    }
    let usual = if claims.roles.is_empty() { CUSTOMER_SCOPES } else { "" };
    claims.scope = scope.unwrap_or_else(|| usual.to_owned());
    let text = std::fs::read_to_string(FILE).map_err(TokenError::NoIssuer)?;
    let stored: Stored = serde_json::from_str(&text).map_err(|_| TokenError::NoKey)?;
    let signer = Signer::of(stored.issuer, &stored.key).map_err(|_| TokenError::NoKey)?;
    Ok(format!("{}\n", signer.token(&claims)))
}
