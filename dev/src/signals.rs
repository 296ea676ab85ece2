use std::io::Write;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// What a shell answers for a program that SIGINT ended.
const ENDED_BY_SIGINT: i32 = 130;

/// SIGINT (Ctrl-C) and SIGTERM.
pub(crate) struct Signals {
    asked: watch::Receiver<bool>,
}

impl Signals {
    /// From here on the first signal only asks for the end. The second one ends the process, for a person who has
    /// waited enough; a private PostgreSQL then notices by itself and stops.
    pub(crate) fn listen() -> std::io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (ask, asked) = watch::channel(false);
        tokio::spawn(async move {
            either(&mut interrupt, &mut terminate).await;
            ask.send_replace(true);
            either(&mut interrupt, &mut terminate).await;
            let _ = writeln!(std::io::stderr(), "holdfast: ended at once");
            std::process::exit(ENDED_BY_SIGINT);
        });
        Ok(Self { asked })
    }

    /// Done at the first signal.
    pub(crate) async fn asked(&self) {
        // An error would mean that the task above is gone, and then nobody is left to ask.
        if self.asked.clone().wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
