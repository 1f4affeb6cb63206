//! The application: its program is looked for before anything is done, and takes this process's
//! place in the end.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use underpin_core::{Code, Error, Result};

/// What is started.
#[derive(Debug)]
pub(super) struct Application {
    program: PathBuf,
    words: Vec<OsString>,
}

impl Application {
    /// Finds the program as a shell does: a name is looked for in `PATH`, a path is taken as it is.
    ///
    /// # Errors
    /// UP-1010.
    pub(super) fn find(words: &[OsString]) -> Result<Self> {
        let Some(name) = words.first() else {
            return Err(Error::new(Code::StartUnusable, "no command stands behind `--`"));
        };
        let found = |path: &Path| {
            std::fs::metadata(path)
                .is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
        };
        let program = match name.as_encoded_bytes().contains(&b'/') {
            true => Some(PathBuf::from(name)).filter(|path| found(path)),
            false => {
                let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
                std::env::split_paths(&path).map(|folder| folder.join(name)).find(|p| found(p))
            }
        };
        let shown = name.to_string_lossy();
        let program = program.ok_or_else(|| {
            let words = format!("the command `{shown}` is not there, or may not be executed");
            Error::new(Code::StartUnusable, words).hint(format!("command -v {shown}"))
        })?;
        Ok(Self { program, words: words.to_vec() })
    }

    /// Its program, as it was given. Arguments may hold secrets and are not shown.
    pub(super) fn name(&self) -> String {
        self.words.first().map(|w| w.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Takes this process's place: same process id, same environment. Files of ours are closed by
    /// the kernel (all are opened `CLOEXEC`); signals that we listened for and SIGPIPE have their
    /// default meaning again, and none is blocked. Returns only when that fails.
    pub(super) fn exec(&self) -> Error {
        let arguments = self.words.iter().skip(1).map(OsString::as_os_str);
        let name = self.words.first().map_or(OsStr::new(""), OsString::as_os_str);
        let error = Command::new(&self.program).arg0(name).args(arguments).exec();
        let words = format!("the command `{}` could not be started", self.name());
        Error::new(Code::StartUnusable, words).caused_by(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_as_a_shell_finds_it() {
        let words = |name: &str| vec![OsString::from(name), OsString::from("secret")];
        assert!(Application::find(&words("sh")).unwrap().program.is_absolute());
        assert!(Application::find(&words("/bin/sh")).is_ok());
        for absent in ["no-such-program", "/etc/passwd", "/bin", ""] {
            let error = Application::find(&words(absent)).unwrap_err();
            assert_eq!(error.code(), Code::StartUnusable, "{absent}");
        }
    }
}
