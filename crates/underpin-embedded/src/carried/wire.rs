//! The messages of the PostgreSQL protocol that one session without a network needs.
//!
//! Manual §55.7. Purpose: a simple query out, its answer back as the same values that a session
//! with a server gives. Invariants: no byte of an answer can make this panic; notices are bounded.

use underpin_core::postgres::{Notice, ResultSet, Row, SqlError};

/// Notices kept between two reads; more are dropped, oldest kept.
pub(super) const NOTICES_MAX: usize = 1000;

/// A simple query. A NUL ends the text in the protocol, so a script cannot hold one.
///
/// Behind one that may be `COPY … FROM STDIN` goes the message that there are no rows: the engine
/// cannot wait for input, and outside of a COPY a server ignores that message (manual §55.2.7).
pub(super) fn query(sql: &str) -> Result<Vec<u8>, SqlError> {
    if sql.contains('\0') {
        return Err(SqlError {
            sqlstate: Some("22021".to_owned()),
            message: "the script holds a NUL character".to_owned(),
            ..SqlError::default()
        });
    }
    let mut bytes = message(b'Q', sql)?;
    if sql.to_ascii_lowercase().contains("stdin") {
        bytes.extend(message(b'f', "a migration has no rows to send")?);
    }
    Ok(bytes)
}

fn message(kind: u8, text: &str) -> Result<Vec<u8>, SqlError> {
    let length = u32::try_from(text.len() + 5).map_err(|_| SqlError {
        sqlstate: Some("54000".to_owned()),
        message: "the script is too large".to_owned(),
        ..SqlError::default()
    })?;
    let mut bytes = Vec::with_capacity(text.len() + 6);
    bytes.push(kind);
    bytes.extend(length.to_be_bytes());
    bytes.extend(text.as_bytes());
    bytes.push(0);
    Ok(bytes)
}

/// What a session answered.
#[derive(Debug, Default)]
pub(super) struct Reply {
    /// Results, one per statement.
    pub(super) sets: Vec<ResultSet>,
    /// The first error.
    pub(super) error: Option<SqlError>,
    /// Notices and warnings.
    pub(super) notices: Vec<Notice>,
    /// It is ready for the next query.
    pub(super) ready: bool,
}

impl Reply {
    /// Reads the messages of an answer. What cannot be read ends it, so that it is not `ready`.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut reply = Self::default();
        let mut current = ResultSet::default();
        let mut rest = Reader(bytes);
        while let Some((kind, mut body)) = rest.message() {
            if reply.take(kind, &mut body, &mut current).is_none() {
                break;
            }
        }
        reply
    }

    fn take(&mut self, kind: u8, body: &mut Reader<'_>, current: &mut ResultSet) -> Option<()> {
        match kind {
            b'T' => current.columns = body.columns()?,
            b'D' => current.rows.push(body.row()?),
            b'C' => {
                current.affected = affected(&body.text()?);
                self.sets.push(std::mem::take(current));
            }
            b'I' => self.sets.push(ResultSet::default()),
            b'E' => {
                self.error.get_or_insert(body.error());
            }
            b'N' if self.notices.len() < NOTICES_MAX => self.notices.push(body.notice()),
            b'Z' => self.ready = true,
            _ => {}
        }
        Some(())
    }
}

/// The count at the end of `INSERT 0 3`.
fn affected(tag: &str) -> u64 {
    tag.rsplit(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn message(&mut self) -> Option<(u8, Reader<'a>)> {
        let [kind] = self.number()?;
        let length = usize::try_from(u32::from_be_bytes(self.number()?)).ok()?;
        Some((kind, Reader(self.take(length.checked_sub(4)?)?)))
    }

    fn text(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let text = String::from_utf8_lossy(self.take(end)?).into_owned();
        self.take(1)?;
        Some(text)
    }

    fn columns(&mut self) -> Option<Vec<String>> {
        let count = u16::from_be_bytes(self.number()?);
        (0..count)
            .map(|_| {
                let name = self.text()?;
                self.take(18)?; // table, column, type, its size and modifier, format
                Some(name)
            })
            .collect()
    }

    fn row(&mut self) -> Option<Row> {
        let count = u16::from_be_bytes(self.number()?);
        (0..count)
            .map(|_| match i32::from_be_bytes(self.number()?) {
                -1 => Some(None),
                length => {
                    let value = self.take(usize::try_from(length).ok()?)?;
                    Some(Some(String::from_utf8_lossy(value).into_owned()))
                }
            })
            .collect()
    }

    /// The fields of an error or a notice (manual §55.8).
    fn fields(&mut self) -> std::collections::BTreeMap<u8, String> {
        let mut fields = std::collections::BTreeMap::new();
        while let Some([field]) = self.number()
            && field != 0
            && let Some(text) = self.text()
        {
            fields.insert(field, text);
        }
        fields
    }

    fn error(&mut self) -> SqlError {
        let mut fields = self.fields();
        let severity = fields.remove(&b'V').or_else(|| fields.remove(&b'S')).unwrap_or_default();
        SqlError {
            sqlstate: fields.remove(&b'C'),
            message: fields.remove(&b'M').unwrap_or_default(),
            hint: fields.remove(&b'H'),
            position: fields.get(&b'P').and_then(|position| position.parse().ok()),
            context: fields.get(&b'W').and_then(|w| w.lines().next()).map(str::to_owned),
            connection_lost: matches!(severity.as_str(), "FATAL" | "PANIC"),
        }
    }

    fn notice(&mut self) -> Notice {
        let mut fields = self.fields();
        Notice {
            severity: fields
                .remove(&b'V')
                .or_else(|| fields.remove(&b'S'))
                .unwrap_or_else(|| "NOTICE".to_owned()),
            sqlstate: fields.remove(&b'C').unwrap_or_default(),
            message: fields.remove(&b'M').unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[kind], length.to_be_bytes().as_slice(), body].concat()
    }

    fn answer() -> Vec<u8> {
        [
            frame(b'N', b"SNOTICE\0VNOTICE\0C00000\0Mhello\0\0"),
            frame(b'T', &[b"\0\x02a\0".as_slice(), &[0; 18], b"b\0", &[0; 18]].concat()),
            frame(b'D', b"\0\x02\0\0\0\x011\xff\xff\xff\xff"),
            frame(b'C', b"SELECT 1\0"),
            frame(b'E', b"SERROR\0VERROR\0C42703\0Mno such column\0P35\0Wline 1\nline 2\0\0"),
            frame(b'Z', b"I"),
        ]
        .concat()
    }

    #[test]
    fn rows_errors_and_notices_are_read() {
        let reply = Reply::read(&answer());
        assert!(reply.ready);
        assert_eq!(reply.sets[0].columns, ["a", "b"]);
        assert_eq!(reply.sets[0].rows, [[Some("1".to_owned()), None]]);
        assert_eq!(reply.sets[0].affected, 1);
        let error = reply.error.unwrap();
        assert_eq!((error.sqlstate.as_deref(), error.position), (Some("42703"), Some(35)));
        assert_eq!(error.context.as_deref(), Some("line 1"));
        assert!(!error.connection_lost);
        assert_eq!(reply.notices[0].message, "hello");
    }

    #[test]
    fn no_damage_makes_it_panic_and_a_cut_answer_is_not_ready() {
        let answer = answer();
        for end in 0..answer.len() {
            assert!(!Reply::read(&answer[..end]).ready);
        }
        for at in 0..answer.len() {
            for byte in [0, 1, 0x7f, 0xff] {
                let mut damaged = answer.clone();
                damaged[at] = byte;
                let _whatever = Reply::read(&damaged);
            }
        }
    }

    #[test]
    fn a_nul_character_is_refused() {
        assert_eq!(query("SELECT '\0'").unwrap_err().sqlstate.as_deref(), Some("22021"));
        assert_eq!(query("x").unwrap(), b"Q\0\0\0\x06x\0");
    }
}
