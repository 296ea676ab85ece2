//! Cuts a body into lines, piece by piece.

use axum::body::Bytes;
use futures::{FutureExt, Stream, StreamExt};
use wire::limits::LINE_BYTES_MAX;

/// Most lines of a piece: as many as one batch of the intake takes.
pub(super) const PIECE_LINES_MAX: usize = crate::intake::BATCH_MAX;
/// A piece with so many bytes takes no further line: long lines fill no memory.
const PIECE_BYTES_MAX: usize = 256 * 1024;

/// A line that is not empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// From 1; empty lines count, too.
    pub(super) number: u64,
    /// None when it is longer than [`LINE_BYTES_MAX`]: then it was not kept.
    pub(super) text: Option<Bytes>,
}

/// What comes next of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// At least one line: what has come in already, and no more than a piece takes.
    Piece(Vec<Line>),
    /// That was all.
    End,
    /// The rest will not come. Of a line that has begun nothing is known.
    BrokenOff,
}

/// A body as lines. It holds one line that has not ended, and one frame.
pub(super) struct Lines<S> {
    source: S,
    /// What is left of the last frame.
    rest: Bytes,
    /// A line that began in an earlier frame.
    begun: Vec<u8>,
    /// Whether that line is too long to be kept.
    too_long: bool,
    /// Lines so far.
    count: u64,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Ended,
    BrokenOff,
}

impl<S, E> Lines<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    pub(super) fn new(source: S) -> Self {
        let (rest, begun) = (Bytes::new(), Vec::new());
        Self { source, rest, begun, too_long: false, count: 0, state: State::Open }
    }

    /// Waits for the next line, and takes with it what follows without waiting. Nothing is lost
    /// when this is given up half-way.
    pub(super) async fn next(&mut self) -> Next {
        let (mut piece, mut bytes) = (Vec::new(), 0);
        loop {
            while let Some(line) = self.take_line() {
                bytes += line.text.as_ref().map_or(0, Bytes::len);
                piece.push(line);
                if piece.len() == PIECE_LINES_MAX || bytes >= PIECE_BYTES_MAX {
                    return Next::Piece(piece);
                }
            }
            if self.state == State::Ended {
                piece.extend(self.take_last());
            }
            let frame = match (self.state, piece.is_empty()) {
                (State::Open, true) => self.source.next().await,
                (State::Open, false) => match self.source.next().now_or_never() {
                    Some(frame) => frame,
                    None => return Next::Piece(piece),
                },
                (_, false) => return Next::Piece(piece),
                (State::Ended, true) => return Next::End,
                (State::BrokenOff, true) => return Next::BrokenOff,
            };
            match frame {
                Some(Ok(frame)) => self.rest = frame,
                Some(Err(_)) => self.state = State::BrokenOff,
                None => self.state = State::Ended,
            }
        }
    }

    /// Reads the rest for nothing.
    pub(super) async fn drain(&mut self) {
        while self.state == State::Open && matches!(self.source.next().await, Some(Ok(_))) {}
    }

    /// The next whole line that is not empty, of what has come in.
    fn take_line(&mut self) -> Option<Line> {
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let text = self.rest.split_to(end);
            // The line's end itself.
            drop(self.rest.split_to(1));
            if let Some(line) = self.finish(text) {
                return Some(line);
            }
        }
        let rest = std::mem::take(&mut self.rest);
        self.too_long |= self.begun.len() + rest.len() > LINE_BYTES_MAX;
        if self.too_long {
            self.begun = Vec::new();
        } else {
            self.begun.extend_from_slice(&rest);
        }
        None
    }

    /// A last line without an end.
    fn take_last(&mut self) -> Option<Line> {
        (self.too_long || !self.begun.is_empty()).then(|| self.finish(Bytes::new())).flatten()
    }

    /// The line that ends with `text`; none when it is empty.
    fn finish(&mut self, text: Bytes) -> Option<Line> {
        self.count += 1;
        let number = self.count;
        if std::mem::take(&mut self.too_long) || self.begun.len() + text.len() > LINE_BYTES_MAX {
            self.begun = Vec::new();
            return Some(Line { number, text: None });
        }
        let text = if self.begun.is_empty() {
            text
        } else {
            self.begun.extend_from_slice(&text);
            Bytes::from(std::mem::take(&mut self.begun))
        };
        (!text.trim_ascii().is_empty()).then_some(Line { number, text: Some(text) })
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    /// All lines of a body that comes in these frames, as (number, text), and how it ended.
    async fn read(frames: Vec<Result<Vec<u8>, ()>>) -> (Vec<(u64, Option<String>)>, Next) {
        let frames = frames.into_iter().map(|frame| frame.map(Bytes::from));
        let mut lines = Lines::new(stream::iter(frames));
        let mut read = Vec::new();
        loop {
            match lines.next().await {
                Next::Piece(piece) => read.extend(piece.into_iter().map(|line| {
                    let text = line.text.map(|text| String::from_utf8(text.to_vec()).unwrap());
                    (line.number, text)
                })),
                end => return (read, end),
            }
        }
    }

    fn some(number: u64, text: &str) -> (u64, Option<String>) {
        (number, Some(text.to_owned()))
    }

    #[tokio::test]
    async fn lines_are_the_same_however_the_body_is_cut() {
        let body = "a\n\n  \nbc\r\n\nd";
        let expected = vec![some(1, "a"), some(4, "bc\r"), some(6, "d")];
        for size in 1..=body.len() {
            let frames = body.as_bytes().chunks(size).map(|frame| Ok(frame.to_vec())).collect();
            assert_eq!(read(frames).await, (expected.clone(), Next::End), "frames of {size}");
        }
        assert_eq!(read(Vec::new()).await, (Vec::new(), Next::End));
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_not_kept_and_harms_no_other() {
        let longest = "x".repeat(LINE_BYTES_MAX);
        let body = format!("a\n{longest}\n{longest}y\nb\n{longest}yy");
        let expected = vec![some(1, "a"), some(2, &longest), (3, None), some(4, "b"), (5, None)];
        for size in [1_000, LINE_BYTES_MAX, body.len()] {
            let frames = body.as_bytes().chunks(size).map(|frame| Ok(frame.to_vec())).collect();
            assert_eq!(read(frames).await, (expected.clone(), Next::End), "frames of {size}");
        }
    }

    #[tokio::test]
    async fn of_a_line_in_which_the_body_broke_off_nothing_is_known() {
        let frames = vec![Ok(b"a\nb\nc".to_vec()), Err(())];
        assert_eq!(read(frames).await, (vec![some(1, "a"), some(2, "b")], Next::BrokenOff));
    }

    #[tokio::test]
    async fn a_piece_has_a_bound_and_waits_for_nothing() {
        let many = "a\n".repeat(PIECE_LINES_MAX + 1);
        let frames = stream::iter([Ok::<_, ()>(Bytes::from(many))]).chain(stream::pending());
        let mut lines = Lines::new(frames);
        for count in [PIECE_LINES_MAX, 1] {
            match lines.next().await {
                Next::Piece(piece) => assert_eq!(piece.len(), count),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(lines.next().now_or_never(), None);
    }
}
