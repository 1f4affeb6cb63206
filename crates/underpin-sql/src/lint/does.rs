//! From the effect of a statement to what rules ask.

use super::{Does, Options};
use crate::model::Statement;
use crate::lint::record::Record;

pub(super) fn does(_statement: &Statement, _record: &Record, _options: &Options, _file: usize) -> Does {
    Does::default()
}

pub fn tag(_statement: &Statement) -> &'static str {
    "?"
}

pub(super) fn mode_name(mode: u8) -> &'static str {
    match mode {
        1 => "AccessShareLock",
        2 => "RowShareLock",
        3 => "RowExclusiveLock",
        4 => "ShareUpdateExclusiveLock",
        5 => "ShareLock",
        6 => "ShareRowExclusiveLock",
        7 => "ExclusiveLock",
        _ => "AccessExclusiveLock",
    }
}
