//! The steps that sagas are made of.

use crate::text::words;

words! {
    #[cfg_attr(feature = "openapi", schema(as = SagaStep))]
    /// One unit of the saga with one effect and, where needed, one compensation. The order of
    /// the variants is the order in which every saga takes those that are on its
    /// [`Route`](super::Route).
    Step {
        /// Reserves the amount. Its undo voids the hold.
        PlaceHold = "place_hold",
        /// Looks at both wallets, and counts it against limits. What it counted goes back with the hold.
        Screen = "screen",
        /// Asks a screening service. Changes nothing here, so nothing is to undo.
        ScreenOutside = "screen_outside",
        /// Waits until the hold is captured, voided, or out of time. Changes nothing.
        AwaitCapture = "await_capture",
        /// Hands the payout to its provider. Nobody can undo it: the saga turns back from here
        /// only when the provider has said that it does not pay.
        SubmitPayout = "submit_payout",
        /// Waits until the provider says that it has paid: the pivot of a payout.
        ConfirmPayout = "confirm_payout",
        /// Posts the journal entry and captures the hold: the pivot of all others.
        PostEntry = "post_entry",
    }
}

impl Step {
    /// Whether it is run by asking somebody outside the database. A transaction ends before
    /// it, and the answer begins another one.
    pub const fn is_outside(self) -> bool {
        matches!(self, Self::ScreenOutside | Self::SubmitPayout | Self::ConfirmPayout)
    }

    /// Whether money may have left the house without the ledger knowing when a saga stands
    /// before this step, of which so many calls may have gone out.
    pub const fn may_have_left(self, call_count: u32) -> bool {
        match self {
            Self::SubmitPayout => call_count > 0,
            Self::ConfirmPayout => true,
            _ => false,
        }
    }
}
