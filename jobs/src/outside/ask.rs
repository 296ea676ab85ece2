//! Which call a step makes, and of whom.

use std::time::Duration;

use chrono::Utc;
use domain::answer::Answer;
use domain::saga::Step;
use serde_json::Value;
use store::calls::Call;

use super::config::OutsideConfig;
use super::guard::{Entry, Guard};
use super::http::OutsideError;
use super::payouts::HttpPayouts;
use super::screening::HttpScreener;
use super::{PayoutOrder, PayoutProvider, Question, Screener};

/// What a step asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// May it go on?
    Screening,
    /// Make the payout.
    Submission,
    /// What became of it?
    Confirmation,
}

impl Asked {
    /// Its name in figures and traces.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Screening => "screening",
            Self::Submission => "submission",
            Self::Confirmation => "confirmation",
        }
    }

    /// None for a step that asks nobody.
    pub(super) fn by(step: Step) -> Option<Self> {
        match step {
            Step::ScreenOutside => Some(Self::Screening),
            Step::SubmitPayout => Some(Self::Submission),
            Step::ConfirmPayout => Some(Self::Confirmation),
            Step::PlaceHold | Step::Screen | Step::AwaitCapture | Step::PostEntry => None,
        }
    }

    /// Whether a notice of the provider may have answered it already.
    pub(super) fn is_told(self, call: &Call) -> bool {
        match self {
            Self::Screening => false,
            Self::Submission => call.call_count > 1,
            Self::Confirmation => true,
        }
    }

    /// The answer as the saga may take it. An earlier request for the payout may still be on
    /// its way, so that this one surely was not sent says nothing about the payout.
    pub(super) fn careful(self, call: &Call, answer: Answer) -> Answer {
        match (self, answer) {
            (Self::Submission, Answer::NotSent { detail }) if call.call_count > 1 => {
                Answer::Unknown { detail }
            }
            (Self::Confirmation, Answer::Accepted { .. }) => Answer::Pending,
            (_, answer) => answer,
        }
    }
}

/// Everybody who can be asked.
pub(super) struct Outside {
    payouts: Option<(Guard, Box<dyn PayoutProvider>)>,
    screening: Option<(Guard, Box<dyn Screener>)>,
    time_max: Duration,
}

impl Outside {
    /// Makes the clients. Nothing is sent yet.
    pub(super) fn open(config: &OutsideConfig) -> Result<Self, OutsideError> {
        let mut outside = Self { payouts: None, screening: None, time_max: Duration::ZERO };
        if let Some(config) = &config.payouts {
            let guard = Guard::new(config);
            let provider: Box<dyn PayoutProvider> = Box::new(HttpPayouts::new(config)?);
            outside.payouts = Some((guard, provider));
            // One call to ask what became of it, another one to make it.
            outside.time_max = config.timeout * 2;
        }
        if let Some(config) = &config.screening {
            let guard = Guard::new(config);
            let screener: Box<dyn Screener> = Box::new(HttpScreener::new(config)?);
            outside.screening = Some((guard, screener));
            outside.time_max = outside.time_max.max(config.timeout);
        }
        Ok(outside)
    }

    /// The longest that one call takes once it has a place.
    pub(super) fn time_max(&self) -> Duration {
        self.time_max
    }

    /// Asks for a place.
    pub(super) async fn enter(&self, asked: Asked) -> Entry<'_> {
        let guard = match asked {
            Asked::Screening => self.screening.as_ref().map(|(guard, _)| guard),
            Asked::Submission | Asked::Confirmation => {
                self.payouts.as_ref().map(|(guard, _)| guard)
            }
        };
        match guard {
            Some(guard) => guard.enter().await,
            None => Entry::Refused("nobody to ask is configured here".to_owned()),
        }
    }

    /// Makes the call.
    pub(super) async fn ask(&self, asked: Asked, call: &Call) -> Answer {
        let nobody = || Answer::NotSent { detail: "nobody to ask is configured here".to_owned() };
        if asked == Asked::Screening {
            return match &self.screening {
                Some((_, screener)) => screener.ask(&question(call)).await,
                None => nobody(),
            };
        }
        let Some((_, provider)) = &self.payouts else { return nobody() };
        // A call before this one may have made the payout: only a provider that has never
        // heard of it is asked for it again, by the same key.
        if asked == Asked::Confirmation || call.call_count > 1 {
            let answer = provider.probe(call.id).await;
            if asked == Asked::Confirmation || answer != Answer::NotFound {
                return answer;
            }
        }
        provider.submit(&order(call)).await
    }
}

fn order(call: &Call) -> PayoutOrder {
    PayoutOrder {
        id: call.id,
        source: call.source,
        amount: call.amount,
        currency: call.currency,
        reference: call.reference.clone(),
        beneficiary: call.payout.as_ref().map_or(Value::Null, |payout| payout.beneficiary.clone()),
    }
}

fn question(call: &Call) -> Question {
    Question {
        id: call.id,
        source: call.source,
        amount: call.amount,
        currency: call.currency,
        reference: call.reference.clone(),
        beneficiary: call.payout.as_ref().map(|payout| payout.beneficiary.clone()),
        asked_at: Utc::now(),
    }
}
