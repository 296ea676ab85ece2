//! Rows of a list: which are shown, in which order, and where the cursor is when they change.

use admin_tui::action::{Action, Reply};
use admin_tui::effect::Effect;
use admin_tui::state::{Pane, Place, Rights, State};
use admin_tui::update::update;
use admin_tui::view::Target;
use chrono::{DateTime, Utc};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

/// A list and what is done to it.
struct List(State);

impl List {
    /// A view with its first page.
    fn of(view: &'static str, items: &[Value]) -> Self {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let state = State::new(Target::of(view), Place::default(), Rights::default(), now);
        let mut list = Self(state.unwrap());
        list.read(Action::Tick(now), items);
        list
    }

    fn wallets(wallets: &[(&str, i64)]) -> Self {
        Self::of("wallets", &items(wallets))
    }

    /// Does it, and answers what it asks for.
    fn read(&mut self, action: Action, items: &[Value]) {
        let effects = update(&mut self.0, action);
        let asked = effects.iter().find_map(|effect| match effect {
            Effect::Read { question, more, .. } => Some((*question, *more)),
            _ => None,
        });
        let ((question, more), at) = (asked.unwrap(), self.0.now);
        let page = json!({"items": items, "next_cursor": "more"});
        let answer = Ok(to_raw_value(&page).unwrap());
        update(&mut self.0, Action::Arrived(Reply { question, more, at, answer }));
        assert_eq!(self.pane().trouble, None);
    }

    fn act(&mut self, action: Action) {
        update(&mut self.0, action);
    }

    fn pane(&self) -> &Pane {
        self.0.pane().unwrap()
    }

    /// The owners of what is shown, and of the row under the cursor.
    fn shown(&self) -> (String, String) {
        let pane = self.pane();
        let now = self.0.now;
        let owners: Vec<String> =
            pane.shown.iter().map(|&at| pane.rows[at].cells[1].show(now)).collect();
        let under = pane.row().map(|row| row.cells[1].show(now));
        (owners.join(" "), under.unwrap_or_default())
    }
}

/// Wallets of these owners with these balances. The id follows from the owner.
fn items(wallets: &[(&str, i64)]) -> Vec<Value> {
    let wallet = |(owner, minor): &(&str, i64)| {
        let number =
            owner.bytes().fold(0, |number, byte| (number * 256 + u64::from(byte)) % (1 << 48));
        json!({
            "id": format!("01a1fbb4-1784-7436-bbf5-{number:012x}"), "owner_id": owner, "currency": "EUR",
            "status": "active", "label": null, "metadata": null, "created_at": "2026-11-21T00:00:00Z",
            "balance": {"ledger_minor": minor, "available_minor": minor, "held_minor": 0},
        })
    };
    wallets.iter().map(wallet).collect()
}

fn shown(owners: &str, under: &str) -> (String, String) {
    (owners.to_owned(), under.to_owned())
}

const LEDGER: usize = 4;

#[test]
fn what_is_equal_stays_as_it_came_whichever_way_it_is_sorted() {
    let mut list = List::wallets(&[("d", 5), ("b", 7), ("c", 5), ("a", 5)]);
    // By id, owner, label, status, ledger: amounts the highest first.
    for _ in 0..=LEDGER {
        list.act(Action::Sort);
    }
    assert_eq!(list.pane().sort, Some((LEDGER, true)));
    assert_eq!(list.shown(), shown("b d c a", "d"));
    list.act(Action::Reverse);
    assert_eq!(list.shown(), shown("d c a b", "d"));
    list.act(Action::Reverse);
    assert_eq!(list.shown(), shown("b d c a", "d"));
    for _ in LEDGER..7 {
        list.act(Action::Sort);
    }
    assert_eq!(list.shown(), shown("d b c a", "d"), "as it came");
}

#[test]
fn a_filter_can_grow_and_shrink_in_any_order() {
    let owners = ["anna", "hanna", "bert", "johanna", "ann"].map(|owner| (owner, 1));
    let mut list = List::wallets(&owners);
    list.act(Action::Sort);
    list.act(Action::Sort);
    assert_eq!(list.shown(), shown("ann anna bert hanna johanna", "anna"));
    list.act(Action::Move(2));
    list.act(Action::StartFilter);
    for (letter, left) in [
        ('H', "hanna johanna"),
        ('a', "hanna johanna"),
        (' ', "hanna johanna"),
        ('!', "hanna johanna"),
        ('j', "hanna"),
    ] {
        list.act(Action::Type(letter));
        assert_eq!(list.shown(), shown(left, "hanna"), "after {letter:?}");
    }
    for filter in ["Ha !", "Ha ", "Ha", "H"] {
        list.act(Action::Erase);
        assert_eq!(list.shown(), shown("hanna johanna", "hanna"), "at {filter:?}");
    }
    list.act(Action::Erase);
    assert_eq!(list.shown(), shown("ann anna bert hanna johanna", "hanna"));
    list.act(Action::Type('x'));
    assert_eq!(list.shown(), shown("", ""));
    list.act(Action::Back);
    assert_eq!(list.shown().0, "ann anna bert hanna johanna");
}

#[test]
fn the_cursor_stays_on_its_row_when_the_list_is_read_again() {
    let (a, b, c, d) = (("a", 1), ("b", 2), ("c", 3), ("d", 4));
    let mut list = List::wallets(&[a, b, c]);
    list.act(Action::Move(1));
    list.act(Action::Mark);
    list.act(Action::Move(-1));
    list.read(Action::Refresh, &items(&[d, a, b, c]));
    assert_eq!(list.shown(), shown("d a b c", "b"));
    let marked = |list: &List| -> Vec<String> {
        list.pane().concerned().iter().map(|row| row.cells[1].show(list.0.now)).collect()
    };
    assert_eq!(marked(&list), ["b"]);
    list.read(Action::Refresh, &items(&[d, a, c]));
    assert_eq!(list.shown(), shown("d a c", "c"), "what is at its place when it is gone");
    assert_eq!(marked(&list), [""; 0], "a mark on what is gone");
    list.read(Action::Refresh, &items(&[c, b]));
    assert_eq!(list.shown(), shown("c b", "c"));
    assert_eq!(marked(&list), ["b"]);
    list.read(Action::Refresh, &[]);
    assert_eq!(list.shown(), shown("", ""));
}

#[test]
fn of_rows_with_one_id_the_cursor_stays_on_its_own() {
    let posting = |seq: u64| {
        json!({
            "wallet_seq": seq, "posted_at": "2026-11-21T00:00:00Z", "side": "debit", "amount_minor": 1,
            "balance_after_minor": 1, "currency": "EUR", "transfer_id": "01a1fbb4-1784-7436-bbf5-000000000001",
            "entry_id": "01a1fbb4-1784-7436-bbf5-000000000002",
        })
    };
    let mut list = List::of("statement", &[posting(1), posting(2)]);
    list.act(Action::Move(1));
    list.read(Action::Refresh, &[posting(1), posting(2)]);
    assert_eq!(list.pane().cursor, 1);
}

#[test]
fn more_rows_are_found_and_take_their_places() {
    let mut list = List::wallets(&[("owner-2", 1), ("owner-4", 1)]);
    list.act(Action::Sort);
    list.act(Action::Sort);
    list.act(Action::Move(1));
    // The second begins in another way than all before it.
    list.read(Action::More, &items(&[("owner-3", 1), ("else", 1), ("owner-1", 1)]));
    assert_eq!(list.shown(), shown("else owner-1 owner-2 owner-3 owner-4", "owner-4"));
    list.act(Action::StartFilter);
    for letter in "els".chars() {
        list.act(Action::Type(letter));
    }
    assert_eq!(list.shown(), shown("else", "else"));
}
