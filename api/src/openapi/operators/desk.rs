//! What can be done about dead letters, one by one and by plan.

use domain::dead_letter::DeadLetterStatus;
use domain::failure::FailureClass;
use domain::group::Outlook;
use domain::money::Currency;
use domain::plan::{ItemStatus, PlanStatus};
use domain::saga::{Step, StuckReason};
use domain::transfer::TransferKind;
use wire::ProblemCode::{
    AlreadyCompensating, ApprovalNeeded, DeadLetterClosed, DeadLetterNotFound, NotCompensating,
    NotPastPivot, OutcomeOpen, PastPivot, PlanCannot, PlanHashDiffers, PlanNotFound, TransferFinal,
    TransferNotFound,
};
use wire::{
    ApplyPlan, Approval, ApprovePlan, ApproveResolve, DeadLetter, DeadLetterGroup,
    DeadLetterOptions, MakePlan, OperatorReason, Page, Plan, PlanItem, ResolveDeadLetter,
};

use super::{get, post};
use crate::openapi::operation::{Content, Operation};
use crate::openapi::params;
use crate::openapi::shape::Shape;

pub(super) fn dead_letters() -> Vec<Operation> {
    vec![
        get("/admin/v1/dead-letters", "listDeadLetters", "Dead letters, newest first")
            .word::<DeadLetterStatus>("status", "Those that stand so.")
            .word::<TransferKind>("saga", "Of this kind of transfer.")
            .word::<Step>("step", "That stand at this step.")
            .word::<FailureClass>("failure_class", "Whose last failure is of this class.")
            .query("fingerprint", "With this cause.", &params::text())
            .query("wallet_id", "Of transfers from or to this wallet.", &params::uuid())
            .word::<StuckReason>("reason", "That gave up for this reason.")
            .query("opened_from", "Gave up at this time or later.", &params::time())
            .query("opened_to", "Gave up before this time.", &params::time())
            .query("amount_min", "At least this much.", &params::minor())
            .query("amount_max", "At most this much.", &params::minor())
            .word::<Currency>("currency", "Of this currency.")
            .paged()
            .gives::<Page<DeadLetter>>("A page of them."),
        get(
            "/admin/v1/dead-letters/groups",
            "listDeadLetterGroups",
            "Open ones by cause, the most money held first",
        )
        .lists::<DeadLetterGroup>("All causes."),
        get(
            "/admin/v1/dead-letters/{dead_letter_id}",
            "getDeadLetter",
            "A dead letter with its timeline",
        )
        .gives::<DeadLetter>("The dead letter.")
        .problems(&[DeadLetterNotFound]),
        get(
            "/admin/v1/dead-letters/{dead_letter_id}/options",
            "listOptions",
            "What each act would lead to",
        )
        .gives::<DeadLetterOptions>("One for each act, as things are now.")
        .problems(&[DeadLetterNotFound]),
    ]
}

pub(super) fn acts() -> Vec<Operation> {
    let whole = |operation: Operation| {
        operation.gives::<DeadLetter>("The dead letter as it stands now.").problems(&[
            DeadLetterNotFound,
            DeadLetterClosed,
            TransferNotFound,
            TransferFinal,
        ])
    };
    let act = |path, id, summary| whole(post(path, id, summary).takes::<OperatorReason>());
    vec![
        act("/admin/v1/dead-letters/{dead_letter_id}/redrive", "redrive", "Runs the saga on")
            .problems(&[AlreadyCompensating, PastPivot]),
        act(
            "/admin/v1/dead-letters/{dead_letter_id}/compensate",
            "compensate",
            "Turns the saga back",
        )
        .problems(&[AlreadyCompensating, PastPivot, OutcomeOpen]),
        act(
            "/admin/v1/dead-letters/{dead_letter_id}/retry-compensation",
            "retryCompensation",
            "Tries a failed compensation again",
        )
        .problems(&[NotCompensating, AlreadyCompensating]),
        act(
            "/admin/v1/dead-letters/{dead_letter_id}/force-forward",
            "forceForward",
            "Goes on behind the pivot",
        )
        .problems(&[NotPastPivot, ApprovalNeeded]),
        post(
            "/admin/v1/dead-letters/{dead_letter_id}/approve-force-forward",
            "approveForceForward",
            "Agrees that somebody else forces it forward",
        )
        .takes::<OperatorReason>()
        .gives::<Approval>("Who has agreed, and when.")
        .problems(&[DeadLetterNotFound, DeadLetterClosed]),
        post(
            "/admin/v1/dead-letters/{dead_letter_id}/approve-resolve",
            "approveResolve",
            "Agrees that somebody else resolves it so",
        )
        .takes::<ApproveResolve>()
        .gives::<Approval>("Who has agreed, and when.")
        .problems(&[DeadLetterNotFound, DeadLetterClosed]),
        act("/admin/v1/dead-letters/{dead_letter_id}/discard", "discard", "Gives the transfer up")
            .problems(&[AlreadyCompensating, PastPivot, OutcomeOpen]),
        whole(
            post(
                "/admin/v1/dead-letters/{dead_letter_id}/resolve",
                "resolve",
                "Says how it ended outside",
            )
            .takes::<ResolveDeadLetter>(),
        )
        .problems(&[AlreadyCompensating, PastPivot, ApprovalNeeded]),
    ]
}

pub(super) fn plans() -> Vec<Operation> {
    let act = |path, id, summary| {
        post(path, id, summary)
            .takes::<OperatorReason>()
            .gives::<Plan>("The plan as it stands now.")
            .problems(&[PlanNotFound, PlanCannot])
    };
    let plan = || Some(Content::Json(Shape::of::<Plan>()));
    vec![
        get("/admin/v1/redrive-plans", "listPlans", "Plans, newest first")
            .word::<PlanStatus>("status", "Those that stand so.")
            .paged()
            .gives::<Page<Plan>>("A page of them, without forecasts and receipts."),
        post("/admin/v1/redrive-plans", "makePlan", "Chooses, forecasts and freezes")
            .about("Touches no transfer.")
            .takes::<MakePlan>()
            .answer(201, "The plan, with its hash.", plan()),
        get("/admin/v1/redrive-plans/{plan_id}", "getPlan", "A plan with forecast and receipt")
            .gives::<Plan>("The plan.")
            .problems(&[PlanNotFound]),
        get(
            "/admin/v1/redrive-plans/{plan_id}/items",
            "listPlanItems",
            "Its items, in the order in which they are sent",
        )
        .word::<ItemStatus>("status", "Those that stand so.")
        .word::<Outlook>("outlook", "Those of this forecast.")
        .paged()
        .gives::<Page<PlanItem>>("A page of them.")
        .problems(&[PlanNotFound]),
        post("/admin/v1/redrive-plans/{plan_id}/apply", "applyPlan", "Starts a plan, by its hash")
            .takes::<ApplyPlan>()
            .gives::<Plan>("The plan as it stands now.")
            .problems(&[PlanNotFound, PlanCannot, PlanHashDiffers, ApprovalNeeded]),
        post(
            "/admin/v1/redrive-plans/{plan_id}/approve",
            "approvePlan",
            "Agrees that somebody else applies it",
        )
        .takes::<ApprovePlan>()
        .gives::<Approval>("Who has agreed, and when.")
        .problems(&[PlanNotFound, PlanCannot, PlanHashDiffers]),
        act("/admin/v1/redrive-plans/{plan_id}/pause", "pausePlan", "Sends nothing for now"),
        act("/admin/v1/redrive-plans/{plan_id}/resume", "resumePlan", "Goes on sending"),
        act(
            "/admin/v1/redrive-plans/{plan_id}/stop",
            "stopPlan",
            "Ends it; what was not sent is passed over",
        ),
    ]
}
