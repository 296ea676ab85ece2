//! Operators at work while the matrix runs: they review what the screening is not sure of, and
//! decide about what gets stuck.

use std::collections::BTreeMap;

use domain::operator::OperatorRole;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::cases::{Case, End};
use crate::support::World;
use crate::support::admin::Admin;

/// An approver, and what was found at the desk.
pub struct People {
    admin: Admin,
    /// Dead letters by the reason for which and the step where a payout stuck.
    pub stuck: BTreeMap<String, usize>,
    /// Verdicts given.
    pub reviews: usize,
}

impl People {
    pub async fn start(world: &World) -> Self {
        let admin = Admin::start(world, "ann", OperatorRole::Approver).await;
        Self { admin, stuck: BTreeMap::new(), reviews: 0 }
    }

    /// Gives a verdict wherever one is waited for, and ends or sends on whatever is stuck.
    pub async fn decide(&mut self, world: &World, cases: &BTreeMap<Uuid, Case>) {
        let waiting = "SELECT transfer_id FROM saga_open WHERE waiting_for = 'review'";
        let ids: Vec<Uuid> =
            sqlx::query_scalar(waiting).fetch_all(&world.reads).await.expect("reviews");
        for id in ids {
            let verdict = if cases[&id].end == End::Allowed { "allow" } else { "deny" };
            let body = json!({ "verdict": verdict, "reason": "looked at it" });
            let path = format!("/transfers/{id}/review");
            let (status, answer) = self.admin.ask(Method::POST, &path, &body).await;
            assert_eq!(status, 200, "{answer:#}");
            self.reviews += 1;
        }
        let open = "SELECT d.id, d.transfer_id, d.reason, d.step, o.call_count
            FROM dead_letter AS d JOIN saga_open AS o ON o.transfer_id = d.transfer_id
            WHERE d.status = 'open'";
        let letters: Vec<(Uuid, Uuid, String, String, i16)> =
            sqlx::query_as(open).fetch_all(&world.reads).await.expect("dead letters");
        for (letter, transfer, reason, step, call_count) in letters {
            *self.stuck.entry(format!("{reason} at {step}")).or_default() += 1;
            let may_have_left = match step.as_str() {
                "submit_payout" => call_count > 0,
                other => other == "confirm_payout",
            };
            let what = (reason.as_str(), may_have_left);
            self.act(letter, cases[&transfer].end, what).await;
        }
    }

    /// Looks at what may be done, and does it.
    async fn act(&self, letter: Uuid, end: End, (reason, may_have_left): (&str, bool)) {
        let options = self.admin.get(&format!("/dead-letters/{letter}/options")).await;
        let option = |act: &str| -> Value {
            let acts = options["acts"].as_array().expect("a list");
            acts.iter().find(|one| one["act"] == act).expect("an option for each act").clone()
        };
        // What may have been paid is not given back by a word.
        for act in ["compensate", "discard"] {
            assert_eq!(option(act)["possible"], !may_have_left, "{act}: {options:#}");
        }
        let redrive = option("redrive");
        // One that met too many kills is sent on, and may have nobody to ask any more.
        if reason != "kills_its_worker" {
            assert_eq!(redrive["outlook"], "would_wait", "{redrive:#}");
        }
        let (act, body) = if end == End::Open {
            let evidence = "The provider's support: never seen, ticket 4711.";
            (
                "resolve",
                json!({ "outcome": "failed", "evidence": evidence, "reason": "asked them" }),
            )
        } else {
            ("redrive", json!({ "reason": "asks again" }))
        };
        let path = format!("/dead-letters/{letter}/{act}");
        let (status, answer) = self.admin.ask(Method::POST, &path, &body).await;
        assert_eq!(status, 200, "{act}: {answer:#}");
    }
}
