//! The demo leads somewhere, whichever way one goes.

use admin_tui::view::Target;
use crossterm::event::KeyCode;

use crate::support::{Console, shown};

const SIZE: (u16, u16) = (120, 40);
/// So many things are opened, one from the other.
const STEPS: usize = 7;

#[test]
fn whoever_opens_one_thing_after_the_other_finds_it_in_the_demo() {
    for view in admin_tui::views::ALL {
        let mut console = Console::new(shown(view), SIZE);
        let mut way = vec![view.name];
        for _ in 0..STEPS {
            assert_eq!(console.pane().trouble, None, "{way:?}");
            console.key(KeyCode::Enter);
            way.push(console.pane().view.name);
        }
    }
}

#[test]
fn every_group_and_every_incident_of_the_demo_can_be_opened() {
    for list in ["groups", "incidents", "dead-message-groups", "sqs-queues", "plans"] {
        let mut console = Console::new(Target::of(list), SIZE);
        for at in 0..console.pane().shown.len().min(12) {
            console.state.panes.last_mut().unwrap().cursor = at;
            console.key(KeyCode::Enter);
            assert_eq!(console.pane().trouble, None, "{list}, row {at}");
            console.key(KeyCode::Esc);
        }
    }
}
