//! The kill loop: twenty processes on one database, and signals without mercy.
//!
//! In rounds, because a database has only so much to migrate: each round is a fresh database, the
//! processes start together, and whoever ends is replaced until the round is over. KILL and TERM
//! end a process, STOP pauses it for longer than a lease should last, CONT lets it go on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::task::JoinSet;
use underpin_testkit::Server;

use super::app::App;
use super::check::{self, Found, Verdict, judge};
use super::lab::{Ended, LOCK_BUDGET, Lab, Project, database, ended};

/// Processes at once.
const PROCESSES: usize = 20;
/// How long signals fly in a round.
const ROUND: Duration = Duration::from_millis(3500);
/// The longest pause of a stopped process.
const PAUSE_MAX_MS: u64 = 1500;
/// After SIGTERM a process has so long.
const TERM_MAX: Duration = Duration::from_secs(8);
/// What an application may feel beside the lock budget: a stopped process inside a transaction
/// holds its locks until it is continued.
const STALL_MAX: Duration = Duration::from_millis(PAUSE_MAX_MS + 1500);

const EFFECTS: &str = "SELECT \"what\", count(*) FROM \"effect\" GROUP BY 1";

/// The figures of a loop.
#[derive(Default)]
pub(crate) struct Report {
    /// Databases.
    pub(crate) rounds: u64,
    /// Processes started.
    pub(crate) runs: u64,
    /// Signals sent.
    pub(crate) signals: u64,
    /// Rounds that ended with an instruction.
    pub(crate) stopped: u64,
    /// Broken promises.
    pub(crate) violations: Vec<String>,
    slowest_term: Duration,
    stall: Duration,
    ends: BTreeMap<String, u64>,
}

impl Report {
    /// In words.
    pub(crate) fn text(&self) -> String {
        let ends: Vec<String> = self.ends.iter().map(|(end, n)| format!("{n} {end}")).collect();
        let mut text = format!(
            "kill loop: {} rounds, {} processes, {} signals, {} rounds stopped with instruction\n\
             ended: {}\nslowest end after SIGTERM {:?}; the application was held up for {:?} at most\n",
            self.rounds,
            self.runs,
            self.signals,
            self.stopped,
            ends.join(", "),
            self.slowest_term,
            self.stall
        );
        for violation in &self.violations {
            text += &format!("VIOLATION kill loop {violation}\n");
        }
        text
    }
}

/// A small generator of numbers; the seed makes a run's choices repeatable, though not its timing.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }
}

/// Ten migrations that take a while; with `separate` two of them cannot be one transaction.
fn migrations(separate: bool) -> Vec<(String, String)> {
    let mut all = vec![(
        "20260101000000_start".to_owned(),
        "CREATE TABLE \"effect\" (\"id\" SERIAL PRIMARY KEY, \"what\" TEXT NOT NULL);\n\
         CREATE TABLE \"account\" (\"id\" INTEGER PRIMARY KEY, \"name\" TEXT NOT NULL);\n\
         INSERT INTO \"account\" SELECT g, 'name' FROM generate_series(1, 100) g;\n\
         INSERT INTO \"effect\" (\"what\") VALUES ('start');"
            .to_owned(),
    )];
    for n in 1..10 {
        let effect = format!("INSERT INTO \"effect\" (\"what\") VALUES ('step {n}');");
        let body =
            format!("SELECT pg_sleep(0.1);\nCREATE TABLE \"t{n}\" (\"a\" INTEGER);\n{effect}");
        let sql = match n {
            4 | 7 if separate => format!(
                "{effect}\nCREATE INDEX CONCURRENTLY \"account_{n}\" ON \"account\"(\"name\", \"id\");"
            ),
            _ if n % 3 == 0 => format!("BEGIN;\n{body}\nCOMMIT;"),
            _ => body,
        };
        all.push((format!("2026010100{n:02}00_step"), sql));
    }
    all
}

/// Rounds until the time is up, at least one.
pub(crate) async fn run(major: u32, time: Duration, seed: u64) -> Report {
    let server = Arc::new(Server::start(major, &["max_connections=120"]).await);
    let lab = Lab::on(server);
    let mut dice = Dice(seed | 1);
    let mut report = Report::default();
    let mut prepared = Vec::new();
    for separate in [false, true] {
        let owned = migrations(separate);
        let list: Vec<(&str, &str)> =
            owned.iter().map(|(name, sql)| (name.as_str(), sql.as_str())).collect();
        let project = lab.project(&list);
        let (_, url) = database(&lab.server).await;
        let clean = project.deploy(&url).await;
        assert!(clean.is_success(), "{}", clean.text);
        prepared.push((project, check::read(&url, EFFECTS).await));
    }
    let begun = Instant::now();
    while begun.elapsed() < time || report.rounds == 0 {
        let index = usize::try_from(report.rounds % 2).unwrap_or_default();
        let (project, clean) = &prepared[index];
        round(&lab, project, clean, &mut dice, &mut report).await;
        report.rounds += 1;
    }
    report
}

async fn round(lab: &Lab, project: &Project, clean: &Found, dice: &mut Dice, report: &mut Report) {
    let (name, url) = database(&lab.server).await;
    let app = App::start(&url).await;
    let ends = storm(project, &url, dice, report).await;
    for (end, termed) in &ends {
        *report.ends.entry(end.phrase()).or_default() += 1;
        let words = if end.hung {
            "a process hung".to_owned()
        } else if end.exit == Some(101) || end.code.as_deref() == Some("UP-9001") {
            format!("a process broke: {}", end.text)
        } else if termed.is_some_and(|took| took > TERM_MAX) {
            format!("a process needed {termed:?} to end after SIGTERM")
        } else {
            report.slowest_term = report.slowest_term.max(termed.unwrap_or_default());
            continue;
        };
        report.violations.push(words);
    }
    let mut heals = Vec::new();
    while heals.len() < 2 && !heals.last().is_some_and(Ended::is_success) {
        heals.push(project.deploy(&url).await);
    }
    let felt = app.stop().await;
    report.stall = report.stall.max(felt.longest);
    if felt.longest > LOCK_BUDGET + STALL_MAX {
        report.violations.push(format!("the application was held up for {:?}", felt.longest));
    }
    match judge(clean, &check::read(&url, EFFECTS).await, &heals) {
        Verdict::Converged(_) => {
            // Nothing had failed, so whoever said so looked at work that was under way.
            let is_alarm =
                |(end, _): &&(Ended, _)| matches!(end.code.as_deref(), Some("UP-3001" | "UP-3201"));
            let alarms = ends.iter().filter(is_alarm).count();
            if alarms > 0 {
                let words = format!("{alarms} processes took work under way for a broken database");
                report.violations.push(words);
            }
        }
        Verdict::Stopped(_) => report.stopped += 1,
        Verdict::Violation(words) => report.violations.push(words),
    }
    if let Some(left) = check::left_behind(&url).await {
        report.violations.push(format!("left behind: {left}"));
    }
    let admin = lab.server.cluster().connect("postgres").await.unwrap();
    let _kept = admin.simple_query(&format!("DROP DATABASE \"{name}\" WITH (FORCE)")).await;
}

/// A process as the signals see it.
struct Target {
    pid: Pid,
    resume: Option<Instant>,
    termed: Option<Instant>,
}

impl Target {
    fn send(&self, signal: Signal) {
        let _already_gone = kill_process(self.pid, signal);
    }
}

/// Starts, signals and replaces processes until the round is over; returns how each ended, and
/// how long it took after SIGTERM.
async fn storm(
    project: &Project,
    url: &str,
    dice: &mut Dice,
    report: &mut Report,
) -> Vec<(Ended, Option<Duration>)> {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    let mut targets: BTreeMap<i32, Target> = BTreeMap::new();
    let mut ends = Vec::new();
    loop {
        let flying = begun.elapsed() < ROUND;
        while flying && targets.len() < PROCESSES {
            let child = project.command(url, &["deploy", "--wait", "8"]).spawn().unwrap();
            let number = child.id().map_or(0, u32::cast_signed);
            let Some(pid) = Pid::from_raw(number) else { continue };
            targets.insert(number, Target { pid, resume: None, termed: None });
            report.runs += 1;
            tasks.spawn(async move { (number, ended(child, Instant::now()).await) });
        }
        let pause = tokio::time::sleep(Duration::from_millis(20 + dice.below(60)));
        tokio::select! {
            end = tasks.join_next() => match end {
                Some(Ok((number, end))) => {
                    let termed = targets.remove(&number).and_then(|t| t.termed);
                    ends.push((end, termed.map(|at| at.elapsed())));
                    continue;
                }
                Some(Err(error)) => panic!("{error}"),
                None => return ends,
            },
            () = pause => {}
        }
        for target in targets.values_mut() {
            if !flying || target.resume.is_some_and(|at| Instant::now() >= at) {
                target.send(Signal::CONT);
                target.resume = None;
            }
        }
        if flying {
            strike(&mut targets, dice);
            report.signals += 1;
        }
    }
}

/// One signal for one process.
fn strike(targets: &mut BTreeMap<i32, Target>, dice: &mut Dice) {
    let chosen = usize::try_from(dice.below(targets.len() as u64)).unwrap_or_default();
    let Some(target) = targets.values_mut().nth(chosen) else { return };
    match dice.below(4) {
        0 => target.send(Signal::KILL),
        1 => {
            // A stopped process would get it only when it goes on.
            target.send(Signal::CONT);
            target.resume = None;
            target.send(Signal::TERM);
            target.termed.get_or_insert_with(Instant::now);
        }
        // How long one takes to end is measured: it is not to be paused meanwhile.
        _ if target.termed.is_some() => {}
        _ => {
            target.send(Signal::STOP);
            let pause = Duration::from_millis(100 + dice.below(PAUSE_MAX_MS - 100));
            target.resume = Some(Instant::now() + pause);
        }
    }
}
