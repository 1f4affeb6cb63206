//! libpq's strings, `host=… dbname='…'` (manual §34.1.1.1). Unknown names are an error, as
//! there.

use super::parameters::{Origin, Parameters, printable};
use crate::error::{Code, Error, Result};

fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidUrl, message).hint(
        "write name=value pairs; a value with blanks, quotes or backslashes in '…', with \\' and \
         \\\\",
    )
}

/// Reads such a string.
///
/// # Errors
/// UP-1002.
pub(super) fn read(text: &str) -> Result<Parameters> {
    let mut parameters = Parameters::default();
    if text.contains('\0') {
        return Err(invalid("the connection string holds a NUL character"));
    }
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest
            .split_once('=')
            .ok_or_else(|| invalid("a name in the connection string has no `=` after it"))?;
        let name = name.trim_end();
        if !Parameters::is_known(name) {
            let shown = printable(name).map(|name| format!(" `{name}`")).unwrap_or_default();
            return Err(invalid(format!("the connection string has an unknown parameter{shown}")));
        }
        let (value, after) = read_value(after.trim_start())?;
        parameters.set(name, value, Origin::KeyValue);
        rest = after.trim_start();
    }
    Ok(parameters)
}

/// One value, quoted or not, and the text after it.
fn read_value(text: &str) -> Result<(String, &str)> {
    let (body, quoted) = match text.strip_prefix('\'') {
        Some(body) => (body, true),
        None => (text, false),
    };
    let mut value = String::new();
    let mut characters = body.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            '\'' if quoted => return Ok((value, &body[at + 1..])),
            c if !quoted && c.is_whitespace() => return Ok((value, &body[at..])),
            c => value.push(c),
        }
    }
    if quoted {
        return Err(invalid("a quoted value in the connection string is not closed"));
    }
    Ok((value, ""))
}
