//! PostgreSQL's own client programs, `pg_dump` and `pg_restore`: found, judged, run.
//!
//! Purpose: the one place that starts them. Invariants: no shell interprets an argument; a password
//! goes through the child's environment and never onto its command line; a program cannot outlive
//! us, SIGKILL included, because it holds locks on the target; of what it says only messages are
//! kept, never the `CONTEXT`, `DETAIL` and `Command was` lines, which can hold rows.
//! Non-goals: what a dump means.

use std::ffi::OsString;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _};

use super::binaries::{SearchPlaces, names_major};
use super::{ConnectionSettings, ServerVersion};
use crate::error::{Code, Error, Result};

/// Messages of a program that are kept.
const MESSAGES_MAX: usize = 50;
/// Bytes of a message that are kept.
const MESSAGE_BYTES_MAX: usize = 2000;
/// How long a program that was asked to end may take.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs a program and ends it when our pipe closes: with us, however we end. Its answer is that
/// program's exit code.
const KEEPER: &str = r#"exec 3<&0
"$@" </dev/null 3<&- & pid=$!
( read -r _ <&3; kill -TERM $pid ) 2>/dev/null & watch=$!
exec 3<&-
wait $pid; code=$?
kill -KILL $watch 2>/dev/null
exit $code"#;

/// A folder with `pg_dump` and `pg_restore` of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientTools {
    /// The folder.
    pub folder: PathBuf,
    /// What `pg_dump --version` says.
    pub version: ServerVersion,
}

/// How a program ended.
#[derive(Debug, Clone, Default)]
pub struct Ended {
    /// With exit code 0.
    pub success: bool,
    /// Its exit code, when it had one.
    pub code: Option<i32>,
    /// What it said, without anything that could be a row.
    pub messages: Vec<String>,
    /// We asked it to end.
    pub stopped: bool,
}

impl ClientTools {
    /// The tools in `folder`.
    ///
    /// # Errors
    /// In words, when they are not there or do not run.
    pub fn at(folder: &Path) -> std::result::Result<Self, String> {
        for program in ["pg_dump", "pg_restore"] {
            if !folder.join(program).is_file() {
                return Err(format!("{} holds no {program}", folder.display()));
            }
        }
        let program = folder.join("pg_dump");
        let output = std::process::Command::new(&program)
            .arg("--version")
            .output()
            .map_err(|e| format!("{}: {e}", program.display()))?;
        // "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text.split_once(')').and_then(|(_, rest)| ServerVersion::parse(rest));
        version
            .map(|version| Self { folder: folder.to_owned(), version })
            .ok_or_else(|| format!("{} does not run", program.display()))
    }

    /// The best of this machine for a server: its own major, else the lowest newer one. An older
    /// `pg_dump` refuses a newer server and leaves an empty file (measured with 15 against 18), so
    /// it is never taken.
    ///
    /// # Errors
    /// UP-6001 with what was found and the packages that would supply one.
    pub fn for_server(server: ServerVersion, places: &SearchPlaces) -> Result<Self> {
        let found = places.clients();
        let fits = found.iter().filter(|tools| tools.version.major() >= server.major());
        if let Some(best) = fits.min_by_key(|tools| tools.version.major()) {
            return Ok(best.clone());
        }
        let major = server.major();
        let words = match found.is_empty() {
            true => "no pg_dump was found, so no backup can be made".to_owned(),
            false => format!(
                "every pg_dump found is older than the server (PostgreSQL {server}) and would refuse it"
            ),
        };
        let lines = found.iter().map(|t| format!("{}: pg_dump {}", t.folder.display(), t.version));
        Err(Error::new(Code::NoDumpTool, words)
            .details(lines)
            .hint(format!("apt-get install postgresql-client-{major}   (or newer)"))
            .hint("or name the folder of pg_dump and pg_restore: --pg-clients FOLDER"))
    }

    /// Whether this `pg_dump` was built with zstd (possible since 16). A program that has it goes on
    /// to connect, to a socket that cannot exist.
    #[must_use]
    pub fn compresses_with_zstd(&self) -> bool {
        if self.version.major() < 16 {
            return false;
        }
        let output = std::process::Command::new(self.folder.join("pg_dump"))
            .args(["-Fc", "--compress=zstd:1", "-h", "/nonexistent", "-f", "/dev/null", "none"])
            .env_clear()
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output();
        output.is_ok_and(|o| !String::from_utf8_lossy(&o.stderr).contains("does not support"))
    }

    /// Runs `program` of these tools against `target`, until it ends or `stop` does.
    ///
    /// # Errors
    /// UP-6001 when it cannot be started.
    pub async fn run(
        &self,
        program: &str,
        arguments: Vec<OsString>,
        target: Option<&ConnectionSettings>,
        stop: impl Future<Output = ()>,
    ) -> Result<Ended> {
        let mut command = self.command(program, arguments, target);
        let mut child = command.spawn().map_err(|e| {
            Error::new(Code::NoDumpTool, format!("{program} could not be started")).caused_by(e)
        })?;
        let pipe = child.stdin.take();
        let messages = child.stderr.take().map(|stderr| tokio::spawn(collect(stderr)));
        let mut ended = Ended::default();
        let status = tokio::select! {
            status = child.wait() => status,
            () = stop => {
                ended.stopped = true;
                drop(pipe);
                match tokio::time::timeout(END_TIMEOUT, child.wait()).await {
                    Ok(status) => status,
                    Err(_) => {
                        kill_group(child.id());
                        child.wait().await
                    }
                }
            }
        };
        if let Some(messages) = messages {
            ended.messages = messages.await.unwrap_or_default();
        }
        if let Ok(status) = status {
            ended.success = status.success() && !ended.stopped;
            ended.code = status.code();
        }
        Ok(ended)
    }

    /// What a program prints, at most `limit` bytes of it.
    ///
    /// # Errors
    /// In words.
    pub async fn output(
        &self,
        program: &str,
        arguments: Vec<OsString>,
        limit: u64,
    ) -> std::result::Result<String, String> {
        let mut command = self.command(program, arguments, None);
        command.stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|e| e.to_string())?;
        let _pipe = child.stdin.take();
        let messages = child.stderr.take().map(|stderr| tokio::spawn(collect(stderr)));
        let mut text = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            stdout.take(limit).read_to_end(&mut text).await.map_err(|e| e.to_string())?;
        }
        let status = child.wait().await.map_err(|e| e.to_string())?;
        let messages = match messages {
            Some(messages) => messages.await.unwrap_or_default(),
            None => Vec::new(),
        };
        if !status.success() {
            return Err(messages.first().cloned().unwrap_or_else(|| status.to_string()));
        }
        String::from_utf8(text).map_err(|_| format!("{program} printed what is not UTF-8"))
    }

    fn command(
        &self,
        program: &str,
        arguments: Vec<OsString>,
        target: Option<&ConnectionSettings>,
    ) -> tokio::process::Command {
        let mut command = tokio::process::Command::new("/bin/sh");
        command.args(["-c", KEEPER, "underpin-backup"]).arg(self.folder.join(program));
        command.args(arguments);
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C");
        if let Some(target) = target {
            command.envs(target.libpq_environment());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        command
    }
}

impl SearchPlaces {
    /// The client programs of this machine, each version once.
    #[must_use]
    pub fn clients(&self) -> Vec<ClientTools> {
        if let Some(folder) = &self.clients {
            return ClientTools::at(folder).into_iter().collect();
        }
        let mut found: Vec<ClientTools> = Vec::new();
        let folders = self.folders_with(&["pg_dump", "pg_restore"]);
        // Debian's /usr/bin/pg_dump chooses a version by rules of its own: named folders first.
        let (named, rest): (Vec<_>, Vec<_>) =
            folders.into_iter().partition(|folder| names_major(folder).is_some());
        for folder in named.into_iter().chain(rest) {
            if let Ok(tools) = ClientTools::at(&folder)
                && found.iter().all(|other| other.version != tools.version)
            {
                found.push(tools);
            }
        }
        found
    }
}

fn kill_group(id: Option<u32>) {
    let group = id.and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
    if let Some(group) = group {
        let _gone = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// The messages of a program: lines that start with its name, without their statements and rows.
async fn collect(stderr: tokio::process::ChildStderr) -> Vec<String> {
    let mut lines = tokio::io::BufReader::new(stderr).split(b'\n');
    let mut messages = Vec::new();
    while let Ok(Some(line)) = lines.next_segment().await {
        if messages.len() < MESSAGES_MAX
            && let Some(message) = message(&line)
        {
            messages.push(message);
        }
    }
    messages
}

fn message(line: &[u8]) -> Option<String> {
    let line = &line[..line.len().min(MESSAGE_BYTES_MAX)];
    let text = String::from_utf8_lossy(line);
    let rest = ["pg_dump: ", "pg_restore: "].iter().find_map(|name| text.strip_prefix(name))?;
    let is_row = ["detail:", "hint: COPY", "from TOC entry", "in statement"];
    (!is_row.iter().any(|word| rest.starts_with(word))).then(|| rest.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_a_program_says_only_messages_are_kept() {
        let kept = |line: &str| message(line.as_bytes());
        let line = "pg_restore: error: could not execute query: ERROR:  relation \"t\" exists";
        assert_eq!(kept(line).unwrap(), line.trim_start_matches("pg_restore: "));
        assert_eq!(kept("CONTEXT:  COPY users, line 3: \"7\tada@example.org\""), None);
        assert_eq!(kept("DETAIL:  Key (email)=(ada@example.org) already exists."), None);
        assert_eq!(kept("Command was: INSERT INTO users VALUES ('ada')"), None);
        assert_eq!(kept("pg_dump: detail: Query was: SELECT 'ada'"), None);
    }

    #[test]
    fn an_older_pg_dump_is_refused_with_what_was_found() {
        let folder = tempfile::tempdir().unwrap();
        for program in ["pg_dump", "pg_restore"] {
            let path = folder.path().join(program);
            std::fs::write(&path, "#!/bin/sh\necho 'pg_dump (PostgreSQL) 15.18'\n").unwrap();
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        let places =
            SearchPlaces { clients: Some(folder.path().to_owned()), ..SearchPlaces::default() };
        let server = |text| ServerVersion::parse(text).unwrap();
        assert_eq!(
            ClientTools::for_server(server("14.2"), &places).unwrap().version,
            server("15.18")
        );
        let error = ClientTools::for_server(server("18.1"), &places).unwrap_err();
        assert_eq!(error.code(), Code::NoDumpTool);
        assert!(error.detail_lines()[0].ends_with("pg_dump 15.18"), "{error:?}");
        assert!(error.hints()[0].contains("postgresql-client-18"));
    }
}
