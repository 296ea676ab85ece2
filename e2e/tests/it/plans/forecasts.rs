//! What a plan shows is what then happens.

use domain::dead_letter::DeskAct;

use super::*;

/// As an operator of the wallets would.
async fn set_status(world: &World, wallet: WalletId, status: &str) {
    let sql = "UPDATE wallet_balance SET status = $2 WHERE wallet_id = $1";
    sqlx::query(sql).bind(wallet.0).bind(status).execute(&world.reads).await.expect("an update");
    let sql = "UPDATE wallet SET status = $2 WHERE id = $1";
    sqlx::query(sql).bind(wallet.0).bind(status).execute(&world.reads).await.ok();
}

/// A world in which stuck transfers have seven different futures.
async fn seven_futures() -> (World, Vec<TransferId>) {
    let world = World::new().await;
    let rich = world.wallets(5, 100_000).await;
    let poor = world.wallets(2, 100).await;
    let (good, frozen, closed) = (rich[0], rich[1], rich[2]);
    let to = rich[3];
    let mut ends = Vec::new();
    // Amounts 600..612 have all twelve causes.
    for amount in 600..612 {
        ends.extend([(good, to, amount), (frozen, to, amount), (good, closed, amount)]);
    }
    // Two of 60 want the same 100; 60 and 63 stick at place_hold, where nothing is held yet.
    ends.extend([(poor[0], to, 60), (poor[0], to, 63)]);
    // Its money is spent by others before the plan is made.
    ends.push((poor[1], to, 90));
    let ids = stuck(&world, &ends).await;
    let spent = world.accept(&[transfer(poor[1], to, 50)]).await;
    world.drive(&rules(Boundaries::Fused, NoFaults), &spent).await;
    set_status(&world, frozen, "frozen").await;
    set_status(&world, closed, "closed").await;
    (world, ids)
}

#[tokio::test]
async fn a_forecast_comes_true_item_by_item() {
    for way in [Way::Redrive, Way::Compensate] {
        let (world, ids) = seven_futures().await;
        let all = desk::list(&world.reads, &open(), 1_000).await.expect("a list");
        // One is sent back by hand before the plan is made, but named in it.
        let first = all.iter().min_by_key(|one| one.transfer_id).expect("a dead letter").id;
        let sent = desk::send_back(&world.reads, first, Way::Redrive, &olga(), "by hand").await;
        sent.expect("a redrive");
        world.drive(&impatient(NoFaults), &ids).await;
        let choice = Choice::Ids(all.iter().map(|one| one.id).collect());
        let plan = plans::make(&world.reads, way, &choice, &olga()).await.expect("a plan");
        assert_eq!(plan.item_count, 39);
        let frozen = items(&world, &plan).await;
        assert_eq!(frozen[0].outlook, Outlook::ClosedAlready);
        assert!(frozen.iter().all(|one| one.status == ItemStatus::Planned), "nothing is touched");

        apply(&world, &plan, HEADLONG).await;
        let done = carry_out(&world, &plan, NoFaults).await;
        assert_eq!((done.status, done.skipped_count), (PlanStatus::Done, 1));
        let mut ends = std::collections::BTreeMap::new();
        for (item, before) in items(&world, &plan).await.iter().zip(&frozen) {
            let wanted = match before.outlook {
                Outlook::WouldSettle => ItemStatus::Settled,
                Outlook::WouldBeRejected => ItemStatus::Rejected,
                Outlook::WouldFail => ItemStatus::Failed,
                Outlook::ClosedAlready => ItemStatus::Skipped,
                other => panic!("{other} is no future of these"),
            };
            let code = item.outcome_code.clone().unwrap_or_default();
            assert_eq!(item.status, wanted, "{} was to come: {code}", before.outlook);
            if wanted == ItemStatus::Rejected {
                assert_eq!(item.outcome_code, before.outlook_code);
            }
            *ends.entry((item.status, code)).or_insert(0) += 1;
        }
        match way {
            Way::Compensate => assert_eq!(ends.len(), 2, "38 failed, one passed over: {ends:?}"),
            Way::Redrive => {
                let rejected = |code: &str| ends[&(ItemStatus::Rejected, code.to_owned())];
                assert_eq!(rejected("insufficient_funds"), 2);
                assert_eq!((rejected("source_frozen"), rejected("destination_closed")), (12, 12));
            }
        }
        let receipt = plans::receipt(&world.reads, plan.id).await.expect("a receipt");
        assert!(receipt.iter().all(|line| line.as_forecast == line.count), "{receipt:?}");
        assert_audited(&world, 38 + 1).await;
        let status = Some(DeskAct::from(way).closes_as());
        let closed = desk::Filter { status, ..desk::Filter::default() };
        let closed = desk::list(&world.reads, &closed, 1_000).await.expect("a list");
        let by_hand = usize::from(way == Way::Redrive);
        assert_eq!(closed.len(), 38 + by_hand, "closed as the way says");
        assert!(closed.iter().all(|one| one.closed_by.as_deref() == Some("olga")));
        assert!(closed.iter().all(|one| one.closed_reason.is_some()));
        let held = "SELECT coalesce(sum(debits_pending), 0)::bigint FROM wallet_balance";
        assert_eq!(world.count(held).await, 0, "every hold was captured or given back");
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn what_looks_worse_than_shown_is_passed_over() {
    let world = World::new().await;
    let wallets = world.wallets(3, 10_000).await;
    let ends = [(wallets[0], wallets[2], 600), (wallets[1], wallets[2], 601)];
    stuck(&world, &ends).await;
    let plan = plan_of_all(&world, Way::Redrive).await;
    set_status(&world, wallets[0], "frozen").await;
    apply(&world, &plan, HEADLONG).await;
    let done = carry_out(&world, &plan, NoFaults).await;
    assert_eq!((done.dispatched_count, done.skipped_count), (1, 1));
    let skipped = &items(&world, &plan).await[0];
    assert_eq!(skipped.status, ItemStatus::Skipped);
    assert_eq!(skipped.outcome_code.as_deref(), Some("would_be_rejected/source_frozen"));
    assert_eq!(world.count("SELECT count(*) FROM dead_letter WHERE status = 'open'").await, 1);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_transfer_that_died_twice_is_forecast_by_the_dead_letter_that_is_open() {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000).await;
    let ids = stuck(&world, &[(wallets[0], wallets[1], 300)]).await;
    let first = plan_of_all(&world, Way::Redrive).await;
    apply(&world, &first, HEADLONG).await;
    let done = carry_out(&world, &first, TwelveCauses).await;
    assert_eq!(done.ended_count, 1);
    let letters = desk::of_transfer(&world.reads, ids[0]).await.expect("its dead letters");
    assert_eq!(letters.len(), 2, "one was redriven, one is open");

    let choice = Choice::Ids(letters.iter().map(|letter| letter.id).collect());
    let plan = plans::make(&world.reads, Way::Redrive, &choice, &olga()).await.expect("a plan");
    let told: Vec<_> = items(&world, &plan)
        .await
        .into_iter()
        .map(|item| (item.outlook, item.outlook_code))
        .collect();
    let closed = (Outlook::ClosedAlready, Some("redriven".to_owned()));
    assert_eq!(told, [closed, (Outlook::WouldSettle, None)]);
    apply(&world, &plan, HEADLONG).await;
    let done = carry_out(&world, &plan, NoFaults).await;
    assert_eq!((done.dispatched_count, done.skipped_count), (1, 1));
    let receipt = plans::receipt(&world.reads, plan.id).await.expect("a receipt");
    assert!(receipt.iter().all(|line| line.as_forecast == line.count), "{receipt:?}");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_plan_is_applied_by_its_own_hash_alone() {
    let world = World::new().await;
    let wallets = world.wallets(2, 10_000).await;
    stuck(&world, &[(wallets[0], wallets[1], 600), (wallets[0], wallets[1], 601)]).await;
    let plan = plan_of_all(&world, Way::Redrive).await;
    let same = plan_of_all(&world, Way::Redrive).await;
    assert_eq!(plan.hash, same.hash, "the same set with the same futures");
    let turned = plan_of_all(&world, Way::Compensate).await;
    assert_ne!(plan.hash, turned.hash);
    set_status(&world, wallets[0], "frozen").await;
    let other = plan_of_all(&world, Way::Redrive).await;
    assert_ne!(plan.hash, other.hash, "another future");

    let refused = plans::apply(&world.reads, plan.id, &other.hash, HEADLONG, &olga(), "x").await;
    assert!(matches!(refused, Err(PlanError::OtherHash)), "{refused:?}");
    assert_eq!(world.count("SELECT count(*) FROM operator_audit").await, 0);
    assert_eq!(tick(&world, &plan).await, 0, "a draft is left alone");
    apply(&world, &plan, HEADLONG).await;
    apply(&world, &plan, HEADLONG).await;
    assert_eq!(world.count("SELECT count(*) FROM operator_audit").await, 1, "applied once");

    let unknown = domain::ids::DeadLetterId(uuid::Uuid::now_v7());
    let made = plans::make(&world.reads, Way::Redrive, &Choice::Ids(vec![unknown]), &olga()).await;
    assert!(matches!(made, Err(PlanError::UnknownDeadLetters(ids)) if ids == [unknown]));
    let nothing = desk::Filter { fingerprint: Some("x".to_owned()), ..open() };
    let made = plans::make(&world.reads, Way::Redrive, &Choice::Matching(nothing), &olga()).await;
    assert!(matches!(made, Err(PlanError::Empty)), "{made:?}");
}
