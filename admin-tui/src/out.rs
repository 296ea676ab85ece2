//! All that the program writes besides the screen. A reader that has gone, or a full disk, is an
//! error to be told, and no panic.

use std::io::{self, Write};

/// Writes to standard output, and does not keep anything back.
///
/// # Errors
/// When it cannot be written, such as to a pipe that nobody reads any more.
pub fn print(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Tells a person something, on standard error. When that cannot be written, nobody is left
/// to be told.
pub fn tell(text: &str) {
    writeln!(io::stderr().lock(), "{text}").ok();
}
