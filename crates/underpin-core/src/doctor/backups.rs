//! Whether there is a backup to go back to, and how old it is.

use super::{Finding, age};

const CHECK: &str = "backup";
/// A newest backup of this age is too old.
const OLD_SECONDS: u64 = 7 * 86_400;

/// The newest backup of the folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Newest {
    /// Its name.
    pub name: String,
    /// Since its snapshot.
    pub age_seconds: u64,
    /// The level it is proven to; `None` for a damaged one.
    pub level: Option<u8>,
    /// Why it cannot be believed.
    pub fault: Option<String>,
}

/// Judges. `configured`: `underpin.toml` has a section `[backup]`.
#[must_use]
pub fn judge(newest: Option<&Newest>, configured: bool) -> Finding {
    let Some(Newest { name, age_seconds, level, fault }) = newest else {
        return match configured {
            true => Finding::warning(CHECK, "there is none yet").remedy("underpin backup create"),
            false => {
                Finding::note(CHECK, "none is made by Underpin: underpin.toml has no [backup]")
                    .remedy("underpin backup create")
            }
        };
    };
    match (fault, level) {
        (Some(fault), _) => {
            Finding::error(CHECK, format!("the newest, {name}, is not to be trusted: {fault}"))
                .remedy("underpin backup create --level 5")
                .remedy("underpin backup list")
        }
        (None, None) => Finding::error(CHECK, format!("the newest, {name}, is damaged"))
            .remedy("underpin backup create --level 5"),
        (None, Some(level)) => {
            let words = format!("{name}, {} old, proven to level {level}", age(*age_seconds));
            match *age_seconds >= OLD_SECONDS {
                true => Finding::warning(CHECK, words).remedy("underpin backup create"),
                false => Finding::ok(CHECK, words),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn none_old_and_damaged_are_told_apart() {
        let of = |age_seconds, fault: Option<&str>| Newest {
            name: "b".to_owned(),
            age_seconds,
            level: Some(5),
            fault: fault.map(str::to_owned),
        };
        assert_eq!(judge(None, true).level, Level::Warning);
        assert_eq!(judge(None, false).level, Level::Note);
        assert_eq!(judge(Some(&of(60, None)), true).level, Level::Ok);
        assert_eq!(judge(Some(&of(8 * 86_400, None)), true).level, Level::Warning);
        assert_eq!(judge(Some(&of(60, Some("UP-6005"))), true).level, Level::Error);
    }
}
