//! People who log in: the device flow and the code flow, both with PKCE, and refresh tokens that are good once.
//!
//! Nobody is asked for a password: whoever comes is who [`super::Issuer::admit`] said.

use std::collections::HashMap;

use hyper::StatusCode;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::{Claims, Signer, encode};

/// What a program sent: the parameters of its address or form.
pub(super) type Form = HashMap<String, String>;

/// An answer: a status, and where to go or what to read.
pub(super) enum Answer {
    Json(StatusCode, Value),
    Redirect(String),
}

/// Logins that are not at their end.
#[derive(Default)]
pub(super) struct Logins {
    /// Whoever logs in; none while the person has not come yet.
    pub(super) person: Option<Claims>,
    /// How often a login was renewed.
    pub(super) renewed: usize,
    /// What has to be proved for each device code and each code.
    challenges: HashMap<String, String>,
    refresh: HashMap<String, Claims>,
}

impl Logins {
    /// A device asks for a code (RFC 8628, section 3.1).
    pub(super) fn device(&mut self, url: &str, form: &Form) -> Answer {
        let device_code = self.challenged(form);
        Answer::Json(
            StatusCode::OK,
            json!({
                "device_code": device_code,
                "user_code": "WDJB-MJHT",
                "verification_uri": format!("{url}/activate"),
                "expires_in": 300,
                "interval": 1,
            }),
        )
    }

    /// A browser comes, and is sent back with a code at once (RFC 6749, section 4.1.1).
    pub(super) fn authorize(&mut self, form: &Form) -> Answer {
        let Some(Ok(mut back)) = form.get("redirect_uri").map(|uri| Url::parse(uri)) else {
            return no("invalid_request");
        };
        let state = form.get("state").cloned().unwrap_or_default();
        let outcome = match self.person {
            Some(_) => ("code", self.challenged(form)),
            None => ("error", "access_denied".to_owned()),
        };
        back.query_pairs_mut().append_pair("state", &state).append_pair(outcome.0, &outcome.1);
        Answer::Redirect(back.into())
    }

    fn challenged(&mut self, form: &Form) -> String {
        let code = Uuid::new_v4().to_string();
        let challenge = form.get("code_challenge").cloned().unwrap_or_default();
        self.challenges.insert(code.clone(), challenge);
        code
    }

    /// A token for a code, or for a refresh token.
    pub(super) fn token(&mut self, signer: &Signer, form: &Form) -> Answer {
        let given = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let claims = match given("grant_type") {
            "refresh_token" => {
                let known = self.refresh.remove(given("refresh_token"));
                self.renewed += usize::from(known.is_some());
                known.ok_or("invalid_grant")
            }
            "authorization_code" => self.redeem(given("code"), given("code_verifier")),
            _ => self.redeem(given("device_code"), given("code_verifier")),
        };
        let claims = match claims {
            Ok(claims) => claims,
            Err(error) => return no(error),
        };
        let refresh_token = Uuid::new_v4().to_string();
        let body = json!({
            "access_token": signer.token(&claims),
            "token_type": "Bearer",
            "expires_in": claims.lifetime.as_secs(),
            "refresh_token": refresh_token,
        });
        self.refresh.insert(refresh_token, claims);
        Answer::Json(StatusCode::OK, body)
    }

    fn redeem(&mut self, code: &str, verifier: &str) -> Result<Claims, &'static str> {
        let challenge = self.challenges.get(code).ok_or("invalid_grant")?;
        if *challenge != encode(digest(&SHA256, verifier.as_bytes()).as_ref()) {
            return Err("invalid_grant");
        }
        let person = self.person.clone().ok_or("authorization_pending")?;
        self.challenges.remove(code);
        Ok(person)
    }
}

fn no(error: &str) -> Answer {
    Answer::Json(StatusCode::BAD_REQUEST, json!({ "error": error }))
}
