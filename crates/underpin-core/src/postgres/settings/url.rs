//! Connection URLs, as Prisma's and libpq's readers take them, without ever printing a piece of
//! one: a password with an unescaped `/` makes every other part look like something else.
//!
//! Where the two differ: an `@` in the password needs no escape (Prisma; libpq stops at the
//! first), several hosts are allowed (libpq), `+` is a blank in `options`, `schema` and
//! `application_name` (Prisma) and itself elsewhere (libpq), an invalid `%` escape is refused
//! (libpq), unknown parameters are ignored with a warning (Prisma).

use super::parameters::{Origin, Parameters, printable};
use crate::error::{Code, Error, Result};

const ESCAPE_HINT: &str = "percent-encode special characters of the user, the password and the \
    database: % %25, / %2F, ? %3F, # %23, @ %40, : %3A, space %20";

/// Schemes that people try, and what to do instead.
const OTHER_SCHEMES: &[(&str, &str)] = &[
    ("prisma", "a `prisma://` URL is for Prisma Accelerate, which runs no migrations"),
    ("prisma+postgres", "a `prisma+postgres://` URL is for Prisma's own protocol"),
    ("jdbc:postgresql", "this is a JDBC URL; drop `jdbc:` and move user and password forward"),
    ("postgresql+psycopg2", "drop the driver's name from the scheme"),
    ("postgresql+asyncpg", "drop the driver's name from the scheme"),
    ("postgresql+psycopg", "drop the driver's name from the scheme"),
    ("postgis", "the scheme `postgis` belongs to other tools"),
    ("cockroachdb", "CockroachDB is not supported"),
    ("mysql", "only PostgreSQL is supported"),
    ("mariadb", "only PostgreSQL is supported"),
    ("sqlserver", "only PostgreSQL is supported"),
    ("mongodb", "only PostgreSQL is supported"),
    ("mongodb+srv", "only PostgreSQL is supported"),
    ("file", "only PostgreSQL is supported"),
    ("sqlite", "only PostgreSQL is supported"),
];

fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidUrl, message)
}

/// Reads a URL or a libpq string.
///
/// # Errors
/// UP-1002.
pub(super) fn read(text: &str) -> Result<Parameters> {
    let text = text.trim();
    if text.is_empty() {
        return Err(invalid("the database URL is empty"));
    }
    if text.starts_with(['"', '\'']) {
        return Err(invalid("the database URL starts with a quotation mark").hint(
            "remove the quotation marks; docker's --env-file keeps them as part of the value",
        ));
    }
    match text.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['=', ' ']) => {
            match scheme.to_ascii_lowercase().as_str() {
                "postgres" | "postgresql" => read_url(rest),
                other => Err(other_scheme(other)),
            }
        }
        _ if text.contains('=') => super::keyvalue::read(text),
        _ => Err(other_scheme("")),
    }
}

fn other_scheme(scheme: &str) -> Error {
    let error = match OTHER_SCHEMES.iter().find(|(name, _)| *name == scheme) {
        Some((_, why)) => invalid(format!("the database URL is not PostgreSQL's: {why}")),
        None => invalid("the database URL does not start with `postgres://` or `postgresql://`"),
    };
    error.hint(
        "use the direct URL of the server: postgresql://USER:PASSWORD@HOST:5432/DATABASE \
         (with Prisma: the value of `directUrl`)",
    )
}

fn read_url(rest: &str) -> Result<Parameters> {
    let mut parameters = Parameters::default();
    parameters.is_url = true;
    if rest.contains('#') {
        return Err(invalid("the database URL holds an unescaped `#`").hint(ESCAPE_HINT));
    }
    let (front, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = front.split_once('/').unwrap_or((front, ""));
    // Prisma takes the first segment of the path; one slash at its end is common.
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.contains(['@', '/']) {
        return Err(invalid("the user, the password or the database holds an unescaped character")
            .hint(ESCAPE_HINT));
    }
    let hosts = match authority.rsplit_once('@') {
        Some((login, hosts)) => {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            parameters.set("user", decode(user, "the user")?, Origin::Url);
            parameters.set("password", decode(password, "the password")?, Origin::Url);
            hosts
        }
        None => authority,
    };
    read_hosts(hosts, &mut parameters)?;
    parameters.set("dbname", decode(path, "the database's name")?, Origin::Url);
    read_query(query, &mut parameters)?;
    Ok(parameters)
}

/// `host1:1,host2,[::1]:3` into the lists that libpq knows as `host` and `port`.
fn read_hosts(text: &str, parameters: &mut Parameters) -> Result<()> {
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for part in text.split(',') {
        let (host, port) = if let Some(rest) = part.strip_prefix('[') {
            let (address, rest) = rest
                .split_once(']')
                .ok_or_else(|| invalid("an IPv6 address has no closing bracket"))?;
            let port = match rest.strip_prefix(':') {
                Some(port) => port,
                None if rest.is_empty() => "",
                None => return Err(invalid("text stands between an IPv6 address and its port")),
            };
            (address.to_owned(), port)
        } else {
            let (host, port) = part.split_once(':').unwrap_or((part, ""));
            if port.contains(':') {
                return Err(invalid("a host holds more than one colon")
                    .hint("write an IPv6 address in brackets: [::1]:5432")
                    .hint(ESCAPE_HINT));
            }
            (decode(host, "the host")?, port)
        };
        if !port.is_empty() && port.parse::<u16>().map_or(true, |port| port == 0) {
            return Err(invalid("the port is not a number from 1 to 65535").hint(ESCAPE_HINT));
        }
        if host.contains([',', '@']) || host.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(invalid("the host holds a character that no host has").hint(ESCAPE_HINT));
        }
        hosts.push(host);
        ports.push(port);
    }
    parameters.set("host", blank_if_empty(hosts.join(",")), Origin::Url);
    parameters.set("port", blank_if_empty(ports.join(",")), Origin::Url);
    Ok(())
}

/// A list of nothing but empty entries is no list.
fn blank_if_empty(list: String) -> String {
    if list.chars().all(|c| c == ',') { String::new() } else { list }
}

fn read_query(query: &str, parameters: &mut Parameters) -> Result<()> {
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (raw_name, raw_value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(raw_name, "a parameter's name")?;
        // `user:pa?ss@host/db` comes here; its pieces must not be printed.
        let may_hold_at = matches!(name.as_str(), "user" | "password" | "application_name");
        if pair.contains('@') && !may_hold_at {
            let message = "the user, the password or a parameter holds an unescaped character";
            return Err(invalid(message).hint(ESCAPE_HINT));
        }
        if !Parameters::is_known(&name) {
            let shown = printable(&name).unwrap_or("(a name of other characters)");
            parameters.warnings.push(format!("the URL's parameter `{shown}` is not known"));
            continue;
        }
        let blanks = matches!(name.as_str(), "options" | "schema" | "application_name");
        let value = match blanks && raw_value.contains('+') {
            true => decode(&raw_value.replace('+', " "), &format!("`{name}`"))?,
            false => decode(raw_value, &format!("`{name}`"))?,
        };
        if name == "ssl" {
            // JDBC's spelling, which libpq takes too.
            match value.as_str() {
                "true" => parameters.set_default("sslmode", "require", Origin::Url),
                _ => return Err(invalid("`ssl` of the URL is not `true`").hint("use sslmode")),
            }
            continue;
        }
        // An empty `host=` or `port=` must not hide what stands before the `?`.
        if !value.is_empty() {
            parameters.set(&name, value, Origin::Url);
        }
    }
    Ok(())
}

/// Percent-decodes strictly.
fn decode(text: &str, what: &str) -> Result<String> {
    let bytes = text.as_bytes();
    let hex = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_hexdigit);
    let valid = |&(i, byte): &(usize, &u8)| *byte != b'%' || (hex(i + 1) && hex(i + 2));
    if !bytes.iter().enumerate().all(|item| valid(&item)) {
        return Err(invalid(format!("{what} in the URL holds a `%` that escapes nothing"))
            .hint(ESCAPE_HINT));
    }
    let decoded = percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| invalid(format!("{what} in the URL is not UTF-8 when decoded")))?;
    if decoded.contains('\0') {
        return Err(invalid(format!("{what} in the URL holds a NUL character")));
    }
    Ok(decoded.into_owned())
}
