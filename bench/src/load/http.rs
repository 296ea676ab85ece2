//! As much of HTTP/1.1 as our own API needs: requests with slots to fill in, and the head of an answer.

/// A rendered request whose slots have a fixed length.
pub(super) struct Template {
    text: Vec<u8>,
    /// Where each slot begins, in the order in which [`Template::new`] was given their marks.
    slots: Vec<usize>,
}

impl Template {
    /// A request in which each of `marks` stands; the last place counts, because a token may hold any text. What
    /// replaces it must be as long.
    pub(super) fn new(text: &str, marks: &[&str]) -> Self {
        let slots = marks.iter().filter_map(|mark| text.rfind(mark)).collect();
        Self { text: text.as_bytes().to_vec(), slots }
    }

    /// Writes the request into `request`, with its slots filled.
    pub(super) fn render(&self, values: &[&[u8]], request: &mut Vec<u8>) {
        request.clear();
        request.extend_from_slice(&self.text);
        for (slot, value) in self.slots.iter().zip(values) {
            if let Some(place) = request.get_mut(*slot..slot + value.len()) {
                place.copy_from_slice(value);
            }
        }
    }
}

/// The head of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Its status.
    pub(super) status: u16,
    /// Where the body begins.
    pub(super) body: usize,
    /// Where the answer ends.
    pub(super) end: usize,
}

/// An answer that this parser does not understand.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotUnderstood;

/// Reads the head of an answer; none while it has not come in whole.
pub(super) fn head(bytes: &[u8]) -> Result<Option<Head>, NotUnderstood> {
    let Some(length) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = bytes.get(..length).and_then(|head| std::str::from_utf8(head).ok());
    let mut lines = text.ok_or(NotUnderstood)?.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
    let status = status.and_then(|line| line.get(..3)?.parse().ok()).ok_or(NotUnderstood)?;
    let content_length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    // Our API never answers in chunks.
    let content_length = content_length.ok_or(NotUnderstood)?.map_err(|_| NotUnderstood)?;
    let body = length + 4;
    Ok(Some(Head { status, body, end: body + content_length }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_when_its_length_has_come_in() {
        let answer = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nlocation: /x\r\n\r\n{}";
        for end in 0..answer.len() - 2 {
            assert_eq!(head(&answer[..end]), Ok(None));
        }
        let whole = Head { status: 202, body: answer.len() - 2, end: answer.len() };
        assert_eq!(head(&answer[..answer.len() - 1]), Ok(Some(whole)));
        assert_eq!(head(answer), Ok(Some(whole)));
    }

    #[test]
    fn what_is_no_answer_of_ours_is_refused() {
        for answer in [
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
            "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 2\r\ncontent-length: 0\r\n\r\n",
        ] {
            assert_eq!(head(answer.as_bytes()), Err(NotUnderstood), "{answer}");
        }
    }

    #[test]
    fn slots_are_filled_where_their_marks_stood() {
        let template = Template::new("POST {k} <bb> end", &["<bb>", "{k}"]);
        let mut request = b"old".to_vec();
        template.render(&[b"1234", b"abc"], &mut request);
        assert_eq!(request, b"POST abc 1234 end");
    }
}
