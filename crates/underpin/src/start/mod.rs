//! `deploy -- COMMAND`: brings the database up to date and then becomes the application.
//!
//! Invariants: an application whose program is not there is refused before the database is
//! touched; it is started after a deploy that succeeded, after one that failed only where the policy
//! says so, and never once the process was asked to stop. Between the last look at that and the
//! kernel's `execve` lie microseconds in which a signal is lost; whoever sent it ends the process
//! after its grace period. Non-goals: supervising the application.

mod command;
mod health;
mod init;
mod phase;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use tokio::sync::watch;
use underpin_core::config::OnFailure;
use underpin_core::error::{ExitStatus, Retry};
use underpin_core::event::{Event, EventSink, Silent};
use underpin_core::{Error, engine};

use crate::args::{DeployArguments, Global};
use crate::environment::{self, Project};
use crate::output::Printer;
use crate::{deploy, failed, runtime, signals};
use command::Application;
use health::Health;
use phase::{Phase, Watched};

/// The first pause before a deploy that failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest one.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// What a deploy comes to.
enum Decision {
    Start,
    End(ExitStatus),
}

/// Deploys, and becomes the application. Returns only when there is none to become.
pub(crate) fn run(global: &Global, arguments: &DeployArguments, printer: &Printer) -> ExitCode {
    let ended = |status: ExitStatus| ExitCode::from(status.number());
    let application = match Application::find(&arguments.command) {
        Ok(application) => application,
        Err(error) => return ended(failed(printer, &error)),
    };
    let stopped = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // Told at once, unlike a task that has to be woken first.
        let _listening = signal_hook::flag::register(signal, Arc::clone(&stopped));
    }
    if init::is_needed()
        && let Some(code) = init::supervise()
    {
        return match code {
            0 => ended(become_application(&application, &stopped, printer)),
            code => ExitCode::from(code),
        };
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return ended(failed(printer, &error)),
    };
    let decision = runtime.block_on(async {
        signals::listen();
        let start = Start { global, arguments, printer, application: &application };
        start.prepare().await.unwrap_or_else(|error| {
            start.held(&error, "the process ends: nothing was tried", &mut *printer.sink());
            Decision::End(error.code().exit())
        })
    });
    runtime.shutdown_background();
    match decision {
        Decision::End(status) => ended(status),
        // Process 1 does.
        Decision::Start if init::is_child() => ExitCode::SUCCESS,
        Decision::Start => ended(become_application(&application, &stopped, printer)),
    }
}

fn become_application(
    application: &Application,
    stopped: &AtomicBool,
    printer: &Printer,
) -> ExitStatus {
    if stopped.load(Ordering::SeqCst) {
        return ExitStatus::Interrupted;
    }
    failed(printer, &application.exec())
}

/// One start.
struct Start<'a> {
    global: &'a Global,
    arguments: &'a DeployArguments,
    printer: &'a Printer,
    application: &'a Application,
}

impl Start<'_> {
    async fn prepare(&self) -> Result<Decision, Error> {
        let project = Project::find(self.global)?;
        let said = project.settings.as_ref().map(|s| s.start.clone()).unwrap_or_default();
        let policy = self.arguments.on_failure();
        let policy = policy.or(said.on_failure).unwrap_or_default();
        let (phase, seen) = watch::channel(Phase::default());
        let health = match self.arguments.health.as_ref().or(said.health.as_ref()) {
            Some(text) => Some(Health::listen(health::address(text)?, seen).await?),
            None => None,
        };
        let mut sink = Watched { sink: self.printer.sink(), phase };
        let decision = self.attempts(policy, &mut sink).await;
        if let Some(health) = health {
            health.close().await;
        }
        Ok(decision)
    }

    /// Tries until the application is to be started, or is not.
    async fn attempts(&self, policy: OnFailure, sink: &mut Watched) -> Decision {
        let mut pause = PAUSE;
        loop {
            let attempt = deploy::attempt(self.global, self.arguments, self.printer, sink).await;
            let Err(error) = attempt else {
                self.starts(None, sink);
                return Decision::Start;
            };
            let exit = error.code().exit();
            let end = format!("the process ends with exit code {}", exit.number());
            if exit == ExitStatus::Interrupted || signals::stop().is_requested() {
                self.held(&error, &end, sink);
                return Decision::End(ExitStatus::Interrupted);
            }
            match policy {
                OnFailure::Stop => {
                    self.held(&error, &format!("{end} (on_failure = \"stop\")"), sink);
                    return Decision::End(exit);
                }
                OnFailure::StartAnyway => {
                    self.printer.error(&error);
                    self.starts(Some(error.code().id()), sink);
                    return Decision::Start;
                }
                OnFailure::Wait => {}
            }
            if !self.wait(&error, pause, sink).await {
                return Decision::End(ExitStatus::Interrupted);
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn starts(&self, despite: Option<&'static str>, sink: &mut dyn EventSink) {
        sink.emit(&Event::ApplicationStarts { program: self.application.name(), despite });
    }

    fn held(&self, error: &Error, next: &str, sink: &mut dyn EventSink) {
        self.printer.error(error);
        let (program, next) = (self.application.name(), next.to_owned());
        sink.emit(&Event::ApplicationHeld { program, next });
    }

    /// Waits until it may help to try again: for a pause where the failure can pass, else until
    /// history or folder are other than now. `false`: asked to stop.
    async fn wait(&self, error: &Error, pause: Duration, sink: &mut dyn EventSink) -> bool {
        if error.code().retry() == Retry::Safe {
            let next = format!("tried again in {} s (on_failure = \"wait\")", pause.as_secs());
            self.held(error, &next, sink);
            return slept(pause).await;
        }
        let next = "tried again when the history or the folder has changed (on_failure = \"wait\")";
        self.held(error, next, sink);
        let before = self.state().await;
        let mut pause = PAUSE;
        while slept(pause).await {
            let now = self.state().await;
            if now.is_some() && now != before {
                return true;
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
        false
    }

    /// What `status` says, and what the files hold; nothing while that cannot be told.
    async fn state(&self) -> Option<String> {
        let options = environment::options(self.global, false, true).ok()?;
        let folder = underpin_core::migrations::MigrationFolder::read(&options.folder).ok()?;
        let files: Vec<&str> = folder.migrations.iter().map(|m| m.checksum.as_str()).collect();
        let status = engine::status(&options, &mut Silent).await.ok()?;
        serde_json::to_string(&(status, files)).ok()
    }
}

/// `false` when asked to stop meanwhile.
async fn slept(pause: Duration) -> bool {
    let mut stop = signals::stop();
    tokio::select! {
        () = tokio::time::sleep(pause) => true,
        () = stop.requested() => false,
    }
}
