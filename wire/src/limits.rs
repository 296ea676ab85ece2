//! The most that a request may hold. Larger ones are refused before anything is written.

/// Bytes of a request body: room for the largest metadata, escaped, and all other fields.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// Bytes of the address of a request: path and query. Room for every filter with its longest text.
pub const URI_BYTES_MAX: usize = 8 * 1024;

/// Bytes of the headers of a request, names and values together. A token may have some kilobytes.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Headers of a request.
pub const HEADER_COUNT_MAX: usize = 64;

/// Bytes of metadata, written as compact JSON. It is copied into jobs and dead letters.
pub const METADATA_BYTES_MAX: usize = 16 * 1024;

/// Objects and arrays inside each other in metadata, the outermost included.
pub const METADATA_DEPTH_MAX: usize = 16;

/// Characters of an owner id, a label, a reference or a reason.
pub const TEXT_CHARS_MAX: usize = 255;

/// Characters of the evidence for how a dead letter was resolved: room for a link.
pub const EVIDENCE_CHARS_MAX: usize = 1024;

/// Visible ASCII characters of a correlation id.
pub const CORRELATION_ID_CHARS_MAX: usize = 128;

/// Items on a page when the client does not say.
pub const PAGE_ITEMS_DEFAULT: u64 = 50;

/// Items on a page at most.
pub const PAGE_ITEMS_MAX: u64 = 200;

/// Seconds that `Prefer: wait` waits at most; proxies give up soon after.
pub const WAIT_SECONDS_MAX: u64 = 30;

/// Messages that one redrive may name; their ids fit into a body.
pub const MESSAGE_IDS_MAX: usize = 1_000;

/// How long a hold stays when the client does not say, in seconds: 7 days.
pub const HOLD_SECONDS_DEFAULT: u32 = 7 * 24 * 60 * 60;
/// The longest that a hold stays, in seconds: 31 days.
pub const HOLD_SECONDS_MAX: u32 = 31 * 24 * 60 * 60;
/// Characters of the name of who receives a payout, as ISO 20022 has them.
pub const BENEFICIARY_NAME_CHARS_MAX: usize = 140;
/// Characters of an account or a bank.
pub const ACCOUNT_CHARS_MAX: usize = 64;

/// Commands of one bulk request.
pub const BULK_TRANSFERS_MAX: usize = 1_000;

/// Bytes of the body of a bulk request: 4 KiB for each of its commands.
pub const BULK_BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes of one line of a stream of commands: as of a body with the same command.
pub const LINE_BYTES_MAX: usize = BODY_BYTES_MAX;

/// Lines of a stream that have been read and not yet been answered. No more is read before.
pub const STREAM_WINDOW_LINES: usize = 2_048;
