//! From what the desk reads to what operators are sent.

use store::desk;

/// A dead letter without its timeline, as in lists.
pub(super) fn dead_letter(letter: desk::DeadLetter) -> wire::DeadLetter {
    wire::DeadLetter {
        id: letter.id,
        transfer_id: letter.transfer_id,
        status: letter.status,
        reason: letter.reason,
        step: letter.step,
        undo: letter.undo,
        failure: letter.failure.into(),
        fingerprint: letter.fingerprint,
        attempt_count: letter.attempt_count,
        source_wallet_id: letter.source_wallet_id,
        destination_wallet_id: letter.destination_wallet_id,
        amount_minor: letter.amount_minor,
        currency: letter.currency,
        held_minor: letter.held_minor,
        payload: letter.payload,
        correlation_id: letter.correlation_id,
        opened_at: letter.opened_at,
        closed_at: letter.closed_at,
        closed_by: letter.closed_by,
        closed_reason: letter.closed_reason,
        evidence: letter.evidence,
        steps: None,
    }
}

pub(super) fn dead_letter_group(group: desk::Group) -> wire::DeadLetterGroup {
    wire::DeadLetterGroup {
        fingerprint: group.fingerprint,
        currency: group.currency,
        count: group.count,
        held_minor: group.held_minor,
        amount_minor: group.amount_minor,
        wallet_count: group.wallet_count,
        oldest_at: group.oldest_at,
        newest_at: group.newest_at,
    }
}

pub(super) fn options(options: desk::Options) -> wire::DeadLetterOptions {
    wire::DeadLetterOptions {
        dead_letter: dead_letter(options.letter),
        at: options.at,
        acts: options.acts.into_iter().map(act_option).collect(),
    }
}

fn act_option(option: desk::ActOption) -> wire::ActOption {
    wire::ActOption {
        act: option.act,
        role: option.act.role(),
        possible: option.refusal.is_none(),
        refusal: option.refusal,
        resume: option.resume.map(resume),
        outlook: option.outlook,
        code: option.code,
        wallets: option.wallets.iter().map(balance_change).collect(),
    }
}

fn resume(resume: desk::Resume) -> wire::Resume {
    let planned = |ran: &desk::Ran| wire::PlannedStep { step: ran.step, undo: ran.undo };
    wire::Resume {
        step: resume.step,
        undo: resume.undo,
        reused: resume.reused,
        executed: resume.executed.iter().map(planned).collect(),
    }
}

fn balance_change(change: &desk::BalanceChange) -> wire::BalanceChange {
    wire::BalanceChange {
        wallet_id: change.wallet_id,
        before: balance(change.before),
        after: balance(change.after),
    }
}

fn balance(balance: desk::Balance) -> wire::Balance {
    wire::Balance {
        ledger_minor: balance.ledger_minor,
        available_minor: balance.available_minor,
        held_minor: balance.held_minor,
    }
}

pub(super) fn open_row(row: desk::OpenRow) -> wire::OpenRow {
    wire::OpenRow {
        step: row.step,
        attempt: row.attempt,
        undo_of: row.undo_of.map(Into::into),
        held_minor: row.hold,
        due_at: row.due_at,
        waiting_for: row.waiting_for,
        parked_reason: row.parked_reason,
        crash_count: row.crash_count,
    }
}
