//! What the sandbox has done, payout by payout. With a journal, a restart knows it again.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::behavior::Settles;

/// How a payout stands at the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A key that was asked about, or for, and nothing was done.
    Unknown,
    /// Taken, not yet made.
    Pending,
    /// Made.
    Paid,
    /// Not made.
    Declined,
}

/// Everything about one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The idempotency key.
    pub key: String,
    /// How it stands.
    pub status: Status,
    /// Times that money really left: 0 or 1, or something is very wrong.
    pub executed_count: u32,
    /// Requests for the payout, those too that something went wrong with.
    pub submit_count: u32,
    /// Requests what became of it.
    pub probe_count: u32,
    /// Requests with this key and another body.
    pub conflict_count: u32,
    /// Requests for the payout after it had been taken: somebody did not ask first.
    pub repeat_count: u32,
    /// The sandbox's own id of it.
    pub provider_reference: String,
    /// The body that it was first taken with; null until it was.
    pub body: Option<Value>,
}

impl Record {
    fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            status: Status::Unknown,
            executed_count: 0,
            submit_count: 0,
            probe_count: 0,
            conflict_count: 0,
            repeat_count: 0,
            provider_reference: format!("sandbox-{key}"),
            body: None,
        }
    }
}

/// What came of a request for a payout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is new.
    New(Record),
    /// It was there, with the same body.
    Known(Record),
    /// It was there, with another body.
    Conflict,
}

/// All payouts.
#[derive(Debug, Default)]
pub struct Book {
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    records: BTreeMap<String, Record>,
    journal: Option<File>,
}

impl Book {
    /// Reads the journal, and goes on in it. Its last line may be torn by a crash.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut journal = OpenOptions::new().create(true).append(true).read(true).open(path)?;
        let mut records = BTreeMap::new();
        for line in BufReader::new(&journal).lines() {
            if let Ok(record) = serde_json::from_str::<Record>(&line?) {
                records.insert(record.key.clone(), record);
            }
        }
        // So that a torn line does not spoil the next one.
        journal.write_all(b"\n")?;
        Ok(Self { pages: Mutex::new(Pages { records, journal: Some(journal) }) })
    }

    /// Every payout, by key.
    pub fn all(&self) -> Vec<Record> {
        self.pages().records.values().cloned().collect()
    }

    /// Counts a request for the payout; returns how many requests there were by this key.
    pub fn count_submit(&self, key: &str) -> u32 {
        self.change(key, |record| record.submit_count += 1).requests()
    }

    /// Counts a request what became of it; returns how many requests there were by this key,
    /// and the record if the payout was taken.
    pub fn count_probe(&self, key: &str) -> (u32, Option<Record>) {
        let record = self.change(key, |record| record.probe_count += 1);
        (record.requests(), (record.status != Status::Unknown).then_some(record))
    }

    /// Takes a payout, once.
    pub fn take(&self, key: &str, body: &Value, settles: Settles) -> Taken {
        let mut taken = None;
        let record = self.change(key, |record| {
            taken = Some(match &record.body {
                None => {
                    record.body = Some(body.clone());
                    record.status = match settles {
                        Settles::Paid => Status::Paid,
                        Settles::Declined => Status::Declined,
                        _ => Status::Pending,
                    };
                    record.executed_count += u32::from(settles == Settles::Paid);
                    true
                }
                Some(first) if first == body => {
                    record.repeat_count += 1;
                    false
                }
                Some(_) => {
                    record.conflict_count += 1;
                    return;
                }
            });
        });
        match taken {
            Some(true) => Taken::New(record),
            Some(false) => Taken::Known(record),
            None => Taken::Conflict,
        }
    }

    /// Brings a pending payout to its end; none when it is not pending.
    pub fn settle(&self, key: &str, paid: bool) -> Option<Record> {
        let mut settled = false;
        let record = self.change(key, |record| {
            settled = record.status == Status::Pending;
            if settled {
                record.status = if paid { Status::Paid } else { Status::Declined };
                record.executed_count += u32::from(paid);
            }
        });
        settled.then_some(record)
    }

    /// Changes a record, and writes it down.
    fn change(&self, key: &str, change: impl FnOnce(&mut Record)) -> Record {
        let mut pages = self.pages();
        let record = match pages.records.entry(key.to_owned()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Record::new(key)),
        };
        change(record);
        let record = record.clone();
        if let Some(journal) = &mut pages.journal
            && let Ok(mut line) = serde_json::to_string(&record)
        {
            line.push('\n');
            // One write a line, so that a crash tears none but the last.
            if let Err(error) = journal.write_all(line.as_bytes()) {
                tracing::error!(%error, "the sandbox provider cannot write its journal");
            }
        }
        record
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn requests(&self) -> u32 {
        self.submit_count + self.probe_count
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_payout_is_made_once_however_often_it_is_asked_for() {
        let book = Book::default();
        let body = json!({ "amount_minor": 5 });
        assert!(matches!(book.take("k", &body, Settles::PaidLater), Taken::New(_)));
        assert!(matches!(book.take("k", &body, Settles::Paid), Taken::Known(_)));
        assert_eq!(book.take("k", &json!({}), Settles::Paid), Taken::Conflict);
        assert!(book.settle("k", true).is_some());
        assert!(book.settle("k", true).is_none() && book.settle("k", false).is_none());
        let all = book.all();
        assert_eq!((all.len(), all[0].executed_count, all[0].status), (1, 1, Status::Paid));
        assert_eq!((all[0].repeat_count, all[0].conflict_count), (1, 1));
    }

    #[test]
    fn a_journal_brings_everything_back_but_a_torn_line() {
        let path = std::env::temp_dir().join(format!("sandbox-{}", uuid::Uuid::now_v7()));
        let book = Book::open(&path).unwrap();
        book.take("a", &json!({}), Settles::Paid);
        book.take("b", &json!({}), Settles::PaidLater);
        let before = book.all();
        drop(book);
        let mut torn = OpenOptions::new().append(true).open(&path).unwrap();
        torn.write_all(br#"{"key":"c","sta"#).unwrap();
        let book = Book::open(&path).unwrap();
        assert_eq!(book.all(), before);
        book.settle("b", true);
        drop(book);
        assert_eq!(Book::open(&path).unwrap().all()[1].status, Status::Paid);
        std::fs::remove_file(path).unwrap();
    }
}
