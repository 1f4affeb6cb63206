//! The n-th-call loop: the same deploy again and again, broken at every message it sends.
//!
//! The messages of a clean run are counted at the proxy. Then, for every n and every way to break
//! it: a fresh database, a run that is broken at message n, up to two runs without faults, and the
//! judgement. An application writes all the while.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use underpin_testkit::proxy::{Action, Hook, Proxy, Rule, When};

use super::app::App;
use super::check::{self, Found, Verdict, judge};
use super::lab::{Ended, LOCK_BUDGET, Lab, MIGRATIONS, database, ended};

/// How long the server knows nothing of a client that is gone.
const LINGER: Duration = Duration::from_secs(1);
/// Runs without faults after a broken one.
const HEALS_MAX: usize = 2;
/// What an application may feel: the lock budget, the fault's own length, and a loaded machine.
const STALL_MAX: Duration = LOCK_BUDGET.saturating_add(LINGER).saturating_add(LOCK_BUDGET);

const EFFECTS: &str = "SELECT \"what\", count(*) FROM \"effect\" GROUP BY 1";
const COUNTERS: &str =
    "SELECT 'counter of account ' || \"id\", \"counter\" FROM \"account\" WHERE \"id\" IN (1, 500)";

/// The ways to break a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The server refuses it for good.
    Error,
    /// The server refuses it for a reason that passes (40001).
    Passing,
    /// The connection ends before it arrives.
    CutBefore,
    /// It works, and the connection ends before the answer arrives.
    CutAfter,
    /// Our process is killed (SIGKILL) when it has sent it.
    Kill,
    /// The client sees the connection reset; the server does not, for a second.
    HalfOpen,
    /// Half of it arrives.
    Torn,
    /// The type of a message of the server is wrong.
    Garbage,
    /// The server ends the session in its place, as `pg_terminate_backend` does (57P01).
    Ended,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 9] = [
        Self::Error,
        Self::Passing,
        Self::CutBefore,
        Self::CutAfter,
        Self::Kill,
        Self::HalfOpen,
        Self::Torn,
        Self::Garbage,
        Self::Ended,
    ];

    /// Its name, as in a reproduction command.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Passing => "passing",
            Self::CutBefore => "cut_before",
            Self::CutAfter => "cut_after",
            Self::Kill => "kill",
            Self::HalfOpen => "half_open",
            Self::Torn => "torn",
            Self::Garbage => "garbage",
            Self::Ended => "ended",
        }
    }

    /// The rule that does it at message `n`.
    fn rule(self, n: u64, pid: &Arc<AtomicI32>) -> Rule {
        match self {
            // The server sends about three messages for one of ours.
            Self::Garbage => Rule::to_client(When::Message(3 * n), self.action(pid)),
            _ => Rule::to_server(When::Message(n), self.action(pid)),
        }
    }

    fn action(self, pid: &Arc<AtomicI32>) -> Action {
        match self {
            Self::Error => Action::Fail("XX000"),
            Self::Passing => Action::Fail("40001"),
            Self::CutBefore => Action::Drop,
            Self::CutAfter => Action::LoseAnswer,
            Self::Torn => Action::Tear,
            Self::Garbage => Action::Corrupt(0),
            Self::Ended => Action::Answer { severity: "FATAL", sqlstate: "57P01" },
            Self::HalfOpen => Action::HalfOpen { linger: LINGER, forward: false },
            Self::Kill => {
                let pid = Arc::clone(pid);
                Action::Call(Hook::new(move || kill(pid.load(Ordering::SeqCst))))
            }
        }
    }
}

fn kill(pid: i32) {
    if let Some(pid) = rustix::process::Pid::from_raw(pid) {
        let _already_gone = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

/// A clean run: what it leaves, and what it sends.
pub(crate) struct Clean {
    /// What it leaves.
    pub(crate) found: Found,
    /// The first words of each message.
    pub(crate) messages: Vec<String>,
    /// The longest that the application was held up.
    pub(crate) stall: Duration,
}

/// One fault and what came of it.
pub(crate) struct Case {
    /// The way.
    pub(crate) kind: Kind,
    /// The message, from 1.
    pub(crate) n: u64,
    /// What it was, in its first words.
    pub(crate) message: String,
    /// Whether the run got as far as that.
    pub(crate) fired: bool,
    /// How the broken run ended.
    pub(crate) broken: Ended,
    /// How the healing runs ended.
    pub(crate) heals: Vec<Ended>,
    /// How it all ended.
    pub(crate) verdict: Verdict,
    /// The longest that the application was held up.
    pub(crate) stall: Duration,
}

/// Runs without a fault, twice: the first fills the cache of replays.
pub(crate) async fn clean(lab: &Lab) -> Clean {
    let mut last = None;
    for _ in 0..2 {
        let (name, direct) = database(&lab.server).await;
        let proxy = Proxy::before(&lab.server).await.unwrap();
        let project = lab.project(&MIGRATIONS);
        let app = App::start(&direct).await;
        let run = project.deploy(&proxy.url(&name)).await;
        assert!(run.is_success(), "a run without faults fails: {}", run.text);
        let stall = app.stop().await.longest;
        last = Some(Clean { found: effects(&direct).await, messages: proxy.counts().log, stall });
    }
    let clean = last.unwrap();
    assert!(clean.found.effects.values().all(|count| *count == 1), "{:?}", clean.found);
    clean
}

async fn effects(url: &str) -> Found {
    let mut found = check::read(url, EFFECTS).await;
    // A counter that is still 0 is no effect.
    let counters = check::read(url, COUNTERS).await.effects.into_iter().filter(|(_, n)| *n > 0);
    found.effects.extend(counters);
    found
}

/// Breaks message `n` and heals.
pub(crate) async fn case(lab: &Lab, clean: &Clean, kind: Kind, n: u64) -> Case {
    let (name, direct) = database(&lab.server).await;
    let proxy = Proxy::before(&lab.server).await.unwrap();
    let mut project = lab.project(&MIGRATIONS);
    let app = App::start(&direct).await;
    let pid = Arc::new(AtomicI32::new(0));
    proxy.add(kind.rule(n, &pid));
    let url = proxy.url(&name);
    let child = project.command(&url, &["deploy", "--wait", "20"]).spawn().unwrap();
    pid.store(child.id().map_or(0, u32::cast_signed), Ordering::SeqCst);
    let broken = ended(child, Instant::now()).await;
    let seen = proxy.counts();
    let place = usize::try_from(n - 1).unwrap_or_default();
    let message = seen.log.get(place).cloned().unwrap_or_default();
    let lie = check::lie(&clean.found, &effects(&direct).await, &broken);
    if n % 2 == 1 {
        project.forget();
    }
    let mut heals = Vec::new();
    while heals.len() < HEALS_MAX && !heals.last().is_some_and(Ended::is_success) {
        heals.push(project.deploy(&direct).await);
    }
    let felt = app.stop().await;
    let mut verdict = judge(&clean.found, &effects(&direct).await, &heals);
    let left = check::left_behind(&direct).await;
    let broken_promise = match (lie, left) {
        (Some(lie), _) => Some(lie),
        (None, Some(left)) => Some(format!("left behind: {left}")),
        _ if broken.hung => Some("the broken run hung".to_owned()),
        _ if felt.longest > STALL_MAX => {
            Some(format!("the application was held up for {:?}", felt.longest))
        }
        _ if !felt.errors.is_empty() => Some(format!("the application saw {:?}", felt.errors)),
        _ => None,
    };
    if let Some(words) = broken_promise
        && !matches!(verdict, Verdict::Violation(_))
    {
        verdict = Verdict::Violation(words);
    }
    let admin = lab.server.cluster().connect("postgres").await.unwrap();
    let _kept = admin.simple_query(&format!("DROP DATABASE \"{name}\" WITH (FORCE)")).await;
    Case { kind, n, message, fired: seen.fired > 0, broken, heals, verdict, stall: felt.longest }
}

/// The figures of many cases.
#[derive(Default)]
pub(crate) struct Tally {
    /// Runs whose fault happened.
    pub(crate) faults: u64,
    /// Runs of the program, the healing ones included.
    pub(crate) runs: u64,
    /// Broken promises, one line each.
    pub(crate) violations: Vec<String>,
    by_kind: BTreeMap<Kind, [u64; 5]>,
    unexplained: BTreeMap<String, (u64, String)>,
    stops: BTreeMap<String, (u64, String)>,
    stall: Duration,
}

impl Tally {
    /// Adds a case.
    pub(crate) fn add(&mut self, case: &Case, major: u32) {
        let row = self.by_kind.entry(case.kind).or_default();
        self.stall = self.stall.max(case.stall);
        self.runs += 1;
        if !case.fired {
            row[4] += 1;
            return;
        }
        self.faults += 1;
        let broken = &case.broken;
        let message = &case.message;
        let place =
            format!("UNDERPIN_FAULT=\"{major} {} {}\" at `{message}`", case.kind.name(), case.n);
        if case.kind != Kind::Kill && !broken.is_success() && !broken.explains() {
            self.unexplained.entry(broken.phrase()).or_insert((0, place.clone())).0 += 1;
        }
        let count = match &case.verdict {
            Verdict::Converged(_) if broken.is_success() => 0,
            Verdict::Converged(heals) => {
                self.runs += *heals as u64;
                1
            }
            Verdict::Stopped(words) => {
                self.runs += HEALS_MAX as u64;
                let words = format!("{words} (the broken run: {})", broken.phrase());
                self.stops.entry(words).or_insert((0, place)).0 += 1;
                2
            }
            Verdict::Violation(words) => {
                self.runs += 1;
                self.violations.push(format!("{place}: {words} ({})", broken.phrase()));
                3
            }
        };
        row[count] += 1;
    }

    /// A table, the places where a person is needed, and every violation.
    pub(crate) fn report(&self) -> String {
        let mut text = format!(
            "{:<12} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
            "fault", "went on", "healed", "stopped", "violated", "not met"
        );
        for (kind, [on, healed, stopped, violated, unmet]) in &self.by_kind {
            let _infallible = writeln!(
                text,
                "{:<12} {on:>9} {healed:>9} {stopped:>9} {violated:>9} {unmet:>9}",
                kind.name()
            );
        }
        let _infallible =
            writeln!(text, "the application was held up for {:?} at most", self.stall);
        for (words, (count, place)) in &self.stops {
            let _infallible = writeln!(
                text,
                "stopped with instruction, {count} times: {words}\n    such as {place}"
            );
        }
        for (words, (count, place)) in &self.unexplained {
            let _infallible =
                writeln!(text, "ended without a hint, {count} times: {words}\n    such as {place}");
        }
        for violation in &self.violations {
            let _infallible = writeln!(text, "VIOLATION {violation}");
        }
        text
    }

    /// Runs that stopped with an instruction.
    pub(crate) fn stopped(&self) -> u64 {
        self.by_kind.values().map(|row| row[2]).sum()
    }
}
