//! What a file, a command or a variable says about the login: a password, or a document with
//! more.

use std::fmt;

use serde_json::Value;

/// A login as AWS Secrets Manager keeps it for a database, or only its password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    pub(crate) password: String,
    pub(crate) username: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) dbname: Option<String>,
}

impl Secret {
    /// Reads a JSON object with `password` and whatever else it says, or else a password as it
    /// stands, without line ends behind it. The error is the rest of a sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim_end_matches(['\r', '\n']);
        if text.trim().is_empty() {
            return Err("is empty");
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => Self::of_object(&fields),
            // A password may look like anything else.
            _ => Ok(Self {
                password: text.to_owned(),
                username: None,
                host: None,
                port: None,
                dbname: None,
            }),
        }
    }

    fn of_object(fields: &serde_json::Map<String, Value>) -> Result<Self, &'static str> {
        let text = |name| {
            let text = fields.get(name).and_then(Value::as_str);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        // Written as a number by RDS, and as a text by hand.
        let port = match fields.get("port") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.parse().ok()),
            Some(number) => Some(number.as_u64().and_then(|port| u16::try_from(port).ok())),
        };
        Ok(Self {
            password: text("password").ok_or("is a JSON object without a password")?,
            username: text("username"),
            host: text("host"),
            port: port.map(|port| port.ok_or("has a port that is none")).transpose()?,
            dbname: text("dbname"),
        })
    }
}

impl fmt::Debug for Secret {
    /// Leaves out the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("username", &self.username).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_password_or_a_document_with_one() {
        let plain = Secret::parse("correct horse {battery}\n").unwrap();
        assert_eq!((plain.password.as_str(), plain.username), ("correct horse {battery}", None));
        assert_eq!(Secret::parse("{no json\r\n").unwrap().password, "{no json");
        assert_eq!(Secret::parse("12345").unwrap().password, "12345");

        let full = r#"{"engine": "postgres", "host": "db.example", "username": "app",
            "password": "p\"w", "dbname": "wallets", "port": 5433}"#;
        let full = Secret::parse(full).unwrap();
        assert_eq!((full.password.as_str(), full.username.as_deref()), ("p\"w", Some("app")));
        assert_eq!((full.host.as_deref(), full.port), (Some("db.example"), Some(5433)));
        assert!(!format!("{full:?}").contains("p\\\"w"), "{full:?}");

        assert_eq!(Secret::parse(r#"{"password": "x", "port": "5433"}"#).unwrap().port, Some(5433));
        for (text, problem) in [
            ("\n", "is empty"),
            (r#"{"username": "app"}"#, "is a JSON object without a password"),
            (r#"{"password": "x", "port": 99999}"#, "has a port that is none"),
        ] {
            assert_eq!(Secret::parse(text).unwrap_err(), problem, "{text}");
        }
    }
}
