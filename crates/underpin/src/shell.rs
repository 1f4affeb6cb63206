//! What a shell and a manual need of the command line: completions and man pages, made from the
//! same declarations as the help.

use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;
use underpin_core::error::ExitStatus;
use underpin_core::{Code, Error, Result};

use crate::args::Arguments;
use crate::output::out;

/// `completions`.
pub(crate) fn completions(shell: Shell) -> ExitStatus {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "underpin", &mut script);
    out(&String::from_utf8_lossy(&script));
    ExitStatus::Success
}

/// `man`: a page for the program and one for each verb, into a folder.
pub(crate) fn manual(folder: &Path) -> Result<ExitStatus> {
    let write = || {
        std::fs::create_dir_all(folder)?;
        clap_mangen::generate_to(Arguments::command(), folder)
    };
    write().map_err(|e| {
        let words = format!("the pages cannot be written to `{}`", folder.display());
        Error::new(Code::Usage, words).caused_by(e)
    })?;
    Ok(ExitStatus::Success)
}
