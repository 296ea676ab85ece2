//! The audit of operators is a chain that shows where it was touched.

use domain::dead_letter::DeadLetterStatus;
use domain::failure::FailureClass;
use domain::group::{Boundaries, NoFaults};
use domain::saga::Step;
use store::desk::{self, Filter, Way};
use store::operator_audit;

use super::{Fails, olga, stuck};
use crate::support::{World, rules};

#[tokio::test]
async fn the_audit_shows_which_row_was_touched() {
    for (harm, seq, what) in [
        (
            "UPDATE operator_audit SET body = replace(body, 'olga', 'otto') WHERE seq = 2",
            2,
            "changed",
        ),
        ("UPDATE operator_audit SET actor = 'otto' WHERE seq = 2", 2, "differ"),
        ("DELETE FROM operator_audit WHERE seq = 2", 2, "missing"),
        ("DELETE FROM operator_audit WHERE seq = 3", 2, "head"),
    ] {
        let world = World::new().await;
        for _ in 0..3 {
            let faults = Fails(Step::Screen, false, FailureClass::Transient);
            let (id, _) = stuck(&world, Boundaries::Fused, faults).await;
            let open = Filter { status: Some(DeadLetterStatus::Open), ..Filter::default() };
            let letters = desk::list(&world.reads, &open, 10).await.expect("a list");
            let sent =
                desk::send_back(&world.reads, letters[0].id, Way::Redrive, &olga(), "mended").await;
            sent.expect("a redrive");
            world.drive(&rules(Boundaries::Fused, NoFaults), &[id]).await;
        }
        let good = operator_audit::verify(&world.reads).await.expect("a check");
        assert_eq!((good.rows, good.broken), (3, None));
        sqlx::query(harm).execute(&world.reads).await.expect("some harm");
        let bad = operator_audit::verify(&world.reads).await.expect("a check");
        let (row, found) = bad.broken.expect("a broken row");
        assert_eq!(row, seq, "{harm}: {found}");
        assert!(found.contains(what), "{harm}: {found}");
    }
}
