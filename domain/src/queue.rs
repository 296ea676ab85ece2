//! The queues that events leave through, as operators see them.

use crate::text::words;

words! {
    /// What is known of a message in a dead-letter queue.
    DeadMessageStatus {
        /// It is there.
        Present = "present",
        /// It was sent back to its source.
        Redriven = "redriven",
        /// It was thrown away by an operator.
        Purged = "purged",
        /// It left in another way: it expired, or somebody took it.
        Gone = "gone",
    }
}

words! {
    /// What an operator wants done to a queue.
    CommandKind {
        /// Send everything back to the source.
        RedriveQueue = "redrive_queue",
        /// Send back the messages that the command names.
        RedriveMessages = "redrive_messages",
        /// Throw everything away.
        PurgeQueue = "purge_queue",
    }
}

words! {
    /// How far a command is. The last three are final.
    CommandStatus {
        /// Nobody has begun.
        Queued = "queued",
        /// A desk is at it, or will take it up from one that died.
        Running = "running",
        /// It is done, as far as its detail says.
        Done = "done",
        /// It came to nothing more; the detail says why.
        Failed = "failed",
        /// An operator stopped it; what was done stays done.
        Stopped = "stopped",
    }
}
