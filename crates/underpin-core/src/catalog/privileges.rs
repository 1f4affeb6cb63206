//! Access privileges: what a list grants beyond, or below, PostgreSQL's default.

use std::collections::{BTreeMap, BTreeSet};

use super::normalise::array_elements;

/// Privileges by grantee; `None` is PUBLIC. Grantors are merged: who granted is no fact.
type Grants = BTreeMap<Option<String>, BTreeSet<String>>;

/// The grantees whose privileges differ between an access list and the default one, with what
/// they hold now: sorted words, `*` after one with grant option, `ALL` for all that exist for the
/// kind of object, `none` where a default was taken away. Grantee `None` is PUBLIC.
///
/// `ALL` matters beyond looks: PostgreSQL 17 added MAINTAIN to what `GRANT ALL` means.
pub(super) fn beyond_default(
    list: &str,
    default: &str,
    all: &str,
) -> Vec<(Option<String>, String)> {
    let (now, usual) = (parse(list), parse(default));
    let grantees: BTreeSet<&Option<String>> = now.keys().chain(usual.keys()).collect();
    let nothing = BTreeSet::new();
    let mut differing = Vec::new();
    for grantee in grantees {
        let held = now.get(grantee).unwrap_or(&nothing);
        if held != usual.get(grantee).unwrap_or(&nothing) {
            differing.push((grantee.clone(), words(held, all)));
        }
    }
    differing
}

/// Every letter of an access list that some grantee holds: taken from a default list, it is all
/// privileges that exist for the kind of object.
pub(super) fn letters(list: &str) -> String {
    let held: BTreeSet<String> = parse(list).into_values().flatten().collect();
    held.into_iter().filter(|p| !p.ends_with('*')).collect()
}

/// Reads `{"a b"=r*w/owner,=r/owner}`: an array of `grantee=letters/grantor` (manual §5.8).
fn parse(list: &str) -> Grants {
    let mut grants = Grants::new();
    for item in array_elements(list) {
        let (grantee, rest) = role_name(&item);
        let Some(rest) = rest.strip_prefix('=') else { continue };
        let held = grants.entry((!grantee.is_empty()).then_some(grantee)).or_default();
        let letters: Vec<char> = rest.chars().take_while(|c| *c != '/').collect();
        for (at, letter) in letters.iter().enumerate() {
            match (letter, letters.get(at + 1)) {
                ('*', _) => {}
                (letter, Some('*')) => drop(held.insert(format!("{letter}*"))),
                (letter, _) => drop(held.insert(letter.to_string())),
            }
        }
    }
    grants
}

/// The role name at the start of an item, which is in double quotes unless it is plain, and the
/// rest of the item.
fn role_name(item: &str) -> (String, &str) {
    let Some(quoted) = item.strip_prefix('"') else {
        let end = item.find('=').unwrap_or(item.len());
        return (item[..end].to_owned(), &item[end..]);
    };
    let mut name = String::new();
    let mut characters = quoted.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        if c != '"' {
            name.push(c);
        } else if characters.next_if(|(_, next)| *next == '"').is_some() {
            name.push('"');
        } else {
            return (name, &quoted[at + 1..]);
        }
    }
    (name, "")
}

fn words(held: &BTreeSet<String>, all: &str) -> String {
    if held.is_empty() {
        return "none".to_owned();
    }
    let plain: String = held.iter().map(|p| p.trim_end_matches('*')).collect();
    let options = held.iter().filter(|p| p.ends_with('*')).count();
    let is_all = !all.is_empty() && all.chars().all(|letter| plain.contains(letter));
    if is_all && options == 0 {
        return "ALL".to_owned();
    }
    if is_all && options == held.len() {
        return "ALL*".to_owned();
    }
    let mut names: Vec<String> = held.iter().map(|p| word(p)).collect();
    names.sort();
    names.join(", ")
}

/// Table 5.1 of the manual.
fn word(privilege: &str) -> String {
    let name = match privilege.trim_end_matches('*') {
        "r" => "SELECT",
        "a" => "INSERT",
        "w" => "UPDATE",
        "d" => "DELETE",
        "D" => "TRUNCATE",
        "x" => "REFERENCES",
        "t" => "TRIGGER",
        "C" => "CREATE",
        "c" => "CONNECT",
        "T" => "TEMPORARY",
        "X" => "EXECUTE",
        "U" => "USAGE",
        "s" => "SET",
        "A" => "ALTER SYSTEM",
        "m" => "MAINTAIN",
        other => other,
    };
    format!("{name}{}", if privilege.ends_with('*') { "*" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: &str = "{o=arwdDxt/o}";

    fn beyond(list: &str, default: &str) -> Vec<(Option<String>, String)> {
        beyond_default(list, default, &letters(default))
    }

    #[test]
    fn the_owners_own_privileges_are_no_fact() {
        assert_eq!(beyond(DEFAULT, DEFAULT), []);
    }

    #[test]
    fn grants_options_and_public_are_read() {
        let list = r#"{o=arwdDxt/o,"\"a \"\"b\"=r*w/o",=r/o,g=arwdDxt/o}"#;
        let expected = [
            (None, "SELECT".to_owned()),
            (Some("a \"b".to_owned()), "SELECT*, UPDATE".to_owned()),
            (Some("g".to_owned()), "ALL".to_owned()),
        ];
        assert_eq!(beyond(list, DEFAULT), expected);
    }

    #[test]
    fn a_default_taken_away_is_a_fact() {
        let gone = beyond("{o=X/o}", "{=X/o,o=X/o}");
        assert_eq!(gone, [(None, "none".to_owned())]);
    }

    #[test]
    fn privileges_of_two_grantors_are_one_set() {
        let both = beyond("{o=arwdDxt/o,g=r/o,g=w/h}", DEFAULT);
        assert_eq!(both, [(Some("g".to_owned()), "SELECT, UPDATE".to_owned())]);
    }
}
