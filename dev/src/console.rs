use std::io::Write;
use std::time::Instant;

/// What a person at the terminal reads: short lines on stdout. Log lines go to stderr.
pub(crate) struct Console {
    began: Instant,
}

impl Console {
    /// Times are counted from here.
    pub(crate) fn start() -> Self {
        Self { began: Instant::now() }
    }

    /// Says what begins now, and when that is.
    pub(crate) fn step(&self, text: &str) {
        print(&format!("{:>5.1} s  {text}\n", self.began.elapsed().as_secs_f32()));
    }
}

/// Unlike `println!` it does not mind a reader that went away: the system goes on without one.
pub(crate) fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
