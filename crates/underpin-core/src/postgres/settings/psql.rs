//! Commands for hints: what a person types to see the same failure by hand. Never a password.

use super::tls::{Roots, SslMode};
use super::{ConnectionSettings, Endpoint};

/// `text` as one word of a POSIX shell.
pub(super) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// `value` for a libpq string.
fn quoted(value: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && c != '\'' && c != '\\';
    if !value.is_empty() && value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}

/// `psql '…'` for the same server, role and TLS rules, and another database if `database` says so.
pub(super) fn command(
    settings: &ConnectionSettings,
    endpoint: &Endpoint,
    database: &str,
) -> String {
    let mut words = vec![
        format!("host={}", quoted(&endpoint.name())),
        format!("port={}", endpoint.port),
        format!("user={}", quoted(&settings.user)),
        format!("dbname={}", quoted(database)),
    ];
    if settings.tls.mode != SslMode::Prefer {
        words.push(format!("sslmode={}", settings.tls.mode.word()));
    }
    match &settings.tls.roots {
        Roots::File(path) => {
            words.push(format!("sslrootcert={}", quoted(&path.display().to_string())));
        }
        Roots::System => words.push("sslrootcert=system".to_owned()),
        Roots::None => {}
    }
    format!("psql {}", shell_word(&words.join(" ")))
}
