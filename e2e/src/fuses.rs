//! Fuses for single transfers: each kills the process once, at one place.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::abort;
use std::time::Duration;

use domain::group::OpenTransfer;
use domain::ids::TransferId;
use jobs::outside::CallPoint;
use store::calls::Call;
use store::lane::Point;

/// How long a call stands at its place before its process dies.
const TOGETHER: Duration = Duration::from_millis(500);

/// Which amounts are deadly, and where. A place reads `commit-before:submit_payout`,
/// `commit-after:undo place_hold`, `call-before:submit_payout:1`: for a transaction the step that
/// it begins with, for a call its step and whether it is the first of it (1) or a later one (2).
#[derive(Debug, Clone, Default)]
pub struct Fuses {
    places: HashMap<i64, String>,
    folder: PathBuf,
}

impl Fuses {
    /// Reads `E2E_DIE_AT=amount=place,...` and `E2E_DIE_DIR`, where there is a file for each
    /// transfer that has had its death.
    pub fn from_env() -> Self {
        let text = std::env::var("E2E_DIE_AT").unwrap_or_default();
        let fuse = |one: &str| {
            let (amount, place) = one.split_once('=')?;
            Some((amount.parse().ok()?, place.to_owned()))
        };
        let places = text.split(',').filter_map(fuse).collect();
        let folder = std::env::var("E2E_DIE_DIR").unwrap_or_default().into();
        Self { places, folder }
    }

    /// Aborts when one of the group has its death here. All of them have it then, because none
    /// comes here again.
    pub fn at_commit(&self, point: Point, group: &[OpenTransfer]) {
        let when = match point {
            Point::BeforeCommit => "commit-before",
            Point::AfterCommit => "commit-after",
        };
        let mut dies = false;
        for one in group {
            let undo = if one.undo_of.is_some() { "undo " } else { "" };
            let place = format!("{when}:{undo}{}", one.step);
            dies |= self.burns(one.id, one.amount.minor().0, &place);
        }
        if dies {
            abort();
        }
    }

    /// Aborts when this call is the death of its transfer, after a moment in which others come to
    /// their places, too, and die where they are: a process for each would take long.
    pub fn at_call(&self, point: CallPoint, call: &Call) {
        let when = match point {
            CallPoint::BeforeCall => "call-before",
            CallPoint::AfterCall => "call-after",
        };
        let place = format!("{when}:{}:{}", call.step, call.call_count.min(2));
        if self.burns(call.id, call.amount.minor().0, &place) {
            tokio::task::block_in_place(|| std::thread::sleep(TOGETHER));
            abort();
        }
    }

    /// Whether it is the first time that this transfer comes to its place, also of all processes.
    fn burns(&self, id: TransferId, amount: i64, place: &str) -> bool {
        if self.places.get(&amount).is_none_or(|deadly| deadly != place) {
            return false;
        }
        let file = self.folder.join(id.to_string());
        OpenOptions::new().write(true).create_new(true).open(file).is_ok()
    }
}
