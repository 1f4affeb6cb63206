//! PostgreSQL's messages as they stand on the wire (manual §55.2, §55.7).
//!
//! Invariants: a frame's bytes are forwarded as they came; nothing is decoded that no rule asks
//! for. Non-goals: TLS. A client that asks for it is told `N`, as by a server without it.

/// The code of a request for TLS.
const SSL_REQUEST: u32 = 80_877_103;
/// The code of a request for GSSAPI encryption.
const GSS_REQUEST: u32 = 80_877_104;
/// The code of a request to cancel another session's query.
const CANCEL_REQUEST: u32 = 80_877_102;

/// One message. `tag` is 0 for those of the start, which have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its type.
    pub tag: u8,
    /// All of it, tag and length included.
    pub bytes: Vec<u8>,
}

/// What a message of the start asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// Encryption, which the proxy itself declines.
    Encryption,
    /// Another session's query to be cancelled; nothing follows.
    Cancel,
    /// A session; tagged messages follow.
    Session,
}

impl Frame {
    /// A message with a tag.
    #[must_use]
    pub fn tagged(tag: u8, payload: &[u8]) -> Self {
        let length = u32::try_from(payload.len() + 4).unwrap_or(u32::MAX);
        let mut bytes = vec![tag];
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(payload);
        Self { tag, bytes }
    }

    /// A simple query.
    #[must_use]
    pub fn query(sql: &str) -> Self {
        Self::tagged(b'Q', format!("{sql}\0").as_bytes())
    }

    /// An `ErrorResponse`.
    #[must_use]
    pub fn error(severity: &str, sqlstate: &str, message: &str) -> Self {
        let fields = format!("S{severity}\0V{severity}\0C{sqlstate}\0M{message}\0\0");
        Self::tagged(b'E', fields.as_bytes())
    }

    /// `ReadyForQuery` outside a transaction.
    #[must_use]
    pub fn ready() -> Self {
        Self::tagged(b'Z', b"I")
    }

    /// The text of a simple query or a `CommandComplete`: what stands before the first NUL.
    #[must_use]
    pub fn text(&self) -> String {
        if !matches!(self.tag, b'Q' | b'C') {
            return String::new();
        }
        let payload = self.bytes.get(5..).unwrap_or_default();
        let end = payload.iter().position(|b| *b == 0).unwrap_or(payload.len());
        String::from_utf8_lossy(&payload[..end]).into_owned()
    }

    /// What a message of the start asks for.
    pub(super) fn opening(&self) -> Opening {
        let code = self.bytes.get(4..8).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes);
        match code {
            Some(SSL_REQUEST | GSS_REQUEST) => Opening::Encryption,
            Some(CANCEL_REQUEST) => Opening::Cancel,
            _ => Opening::Session,
        }
    }
}

/// Takes the first whole message off `buffer`. `tagged`: not one of the start.
pub(super) fn take(buffer: &mut Vec<u8>, tagged: bool) -> Option<Frame> {
    let head = usize::from(tagged);
    let length = buffer.get(head..head + 4)?;
    let length = u32::from_be_bytes(length.try_into().ok()?) as usize + head;
    if length < head + 4 || buffer.len() < length {
        return None;
    }
    let rest = buffer.split_off(length);
    let bytes = std::mem::replace(buffer, rest);
    Some(Frame { tag: if tagged { bytes[0] } else { 0 }, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_when_it_is_whole_and_what_follows_stays() {
        let mut wire = Frame::query("SELECT 1").bytes;
        wire.extend_from_slice(b"Q\0\0");
        let mut part = wire[..6].to_vec();
        assert_eq!(take(&mut part, true), None);
        let frame = take(&mut wire, true).unwrap();
        assert_eq!((frame.tag, frame.text().as_str()), (b'Q', "SELECT 1"));
        assert_eq!(wire, b"Q\0\0");
    }

    #[test]
    fn the_start_is_told_apart() {
        let open = |code: u32| {
            let mut bytes = vec![0, 0, 0, 8];
            bytes.extend_from_slice(&code.to_be_bytes());
            take(&mut bytes, false).unwrap().opening()
        };
        assert_eq!(open(SSL_REQUEST), Opening::Encryption);
        assert_eq!(open(CANCEL_REQUEST), Opening::Cancel);
        assert_eq!(open(196_608), Opening::Session);
    }
}
