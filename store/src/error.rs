//! One error for all statements, sorted by what the caller can do about it.

use sea_orm::{DbErr, RuntimeErr};

/// A statement failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no or is away.
    #[error("database")]
    Sqlx(#[from] sqlx::Error),
    /// The same, through sea-orm.
    #[error("database")]
    Orm(#[from] DbErr),
    /// A stored row does not mean anything in the domain: a bug, or a hand edit.
    #[error("stored row is not valid: {0}")]
    Corrupt(String),
    /// Whoever asked has waited long enough: the connection may lead nowhere any more.
    #[error("no answer in time")]
    NoAnswer,
    /// Someone else changed it in between; the same work may pass at once.
    #[error("changed by someone else in between")]
    Contended,
}

/// What a failed statement means for the work that it was part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Temper {
    /// The data itself is refused (SQLSTATE 22, 23, 54, XX) or makes no sense: trying it again changes nothing.
    Data,
    /// The database is away or busy (08, 25006, 40, 53, 55P03, 57), or does not let us in just now
    /// (28): the same work may pass later.
    Outage,
    /// Anything else: a wrong statement, a missing table.
    Bug,
}

impl StoreError {
    /// The SQLSTATE, when the database sent one.
    pub fn sqlstate(&self) -> Option<String> {
        let database = self.cause()?.as_database_error()?;
        database.code().map(Into::into)
    }

    /// Whether the work, the database, or the program is at fault.
    pub fn temper(&self) -> Temper {
        if let Some(state) = self.sqlstate() {
            return match state.get(..2) {
                // 54: a limit of one row or value; XX: a row that cannot be read.
                Some("22" | "23" | "54" | "XX") => Temper::Data,
                // 28: the password was changed, and ours is not yet the new one.
                Some("08" | "28" | "40" | "53" | "57") => Temper::Outage,
                // A lock not had in time; a writer that has become a replica.
                _ if state == "55P03" || state == "25006" => Temper::Outage,
                _ => Temper::Bug,
            };
        }
        match (self, self.cause()) {
            // A value that this version does not know is one of that row alone.
            (Self::Corrupt(_), _) | (_, Some(sqlx::Error::ColumnDecode { .. })) => Temper::Data,
            // No SQLSTATE: the connection broke, or none was free.
            (
                Self::NoAnswer
                | Self::Contended
                | Self::Orm(DbErr::ConnectionAcquire(_) | DbErr::Conn(_)),
                _,
            )
            | (
                _,
                Some(
                    sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::Protocol(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed,
                ),
            ) => Temper::Outage,
            _ => Temper::Bug,
        }
    }

    /// What sqlx said, also through sea-orm.
    fn cause(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Sqlx(error) => Some(error),
            Self::Orm(
                DbErr::Exec(RuntimeErr::SqlxError(error))
                | DbErr::Query(RuntimeErr::SqlxError(error))
                | DbErr::Conn(RuntimeErr::SqlxError(error)),
            ) => Some(error),
            Self::Orm(_) | Self::Corrupt(_) | Self::NoAnswer | Self::Contended => None,
        }
    }
}

/// The error and its causes, in one line for a log. Some errors from outside
/// already hold their cause's text, which is not said twice.
pub fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let told = cause.to_string();
        if !text.ends_with(&told) {
            text = format!("{text}: {told}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_nobody_here_knows_is_of_its_row_and_not_of_the_program() {
        let source = "unknown variant `later`".into();
        let error = StoreError::Sqlx(sqlx::Error::ColumnDecode { index: "answer".into(), source });
        assert_eq!(error.temper(), Temper::Data);
    }
}
