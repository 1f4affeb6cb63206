//! Redis in every state: what it costs a run, and what the run says.

use std::time::Duration;

use underpin_testkit::redis::Redis;

use super::{Shown, Stage};
use crate::check;
use crate::lab::Ended;

/// What a Redis in whatever state may cost a run.
const LOST_MAX: Duration = Duration::from_millis(500);
/// The best of so many runs counts, because other things on the machine take time too.
const ROUNDS: usize = 3;

/// One state of Redis.
struct State {
    name: &'static str,
    /// `[redis] url`; none without one.
    url: Option<String>,
    /// How many events say that something is missing.
    degraded: usize,
    best: Duration,
}

impl State {
    fn new(name: &'static str, url: Option<String>, degraded: usize) -> Self {
        Self { name, url, degraded, best: Duration::MAX }
    }
}

pub(super) async fn in_every_state(major: u32) -> Shown {
    let full = ["--maxmemory 1mb", "--maxmemory-policy allkeys-random"];
    let password = "--requirepass sesame";
    let (Some(up), Some(full), Some(locked), Some(hung)) = (
        Redis::start(&[]).await.unwrap(),
        Redis::start(&full).await.unwrap(),
        Redis::start(&[password]).await.unwrap(),
        Redis::start(&[]).await.unwrap(),
    ) else {
        return Shown::Skipped("there is no Redis on this machine: ./dev setup".to_owned());
    };
    hung.hang();
    let wrong = locked.url().replacen("//", "//:wrong@", 1);
    let mut states = [
        State::new("none", None, 0),
        State::new("up", Some(up.url()), 0),
        State::new("evicting", Some(full.url()), 0),
        State::new("down", Some("redis://127.0.0.1:1".to_owned()), 1),
        State::new("wrong password", Some(wrong), 1),
        State::new("hung", Some(hung.url()), 1),
    ];
    let stage = Stage::new(major, &[]).await;
    for round in 0..ROUNDS {
        for (number, state) in states.iter_mut().enumerate() {
            let name = format!("redis_{round}_{number}");
            stage.sql("postgres", &format!("CREATE DATABASE {name}")).await;
            let end = deploy(&stage, state, &name).await;
            let degraded = end.text.matches("\"degraded\"").count();
            if !end.is_success() || degraded != state.degraded {
                let words = format!("{}: {degraded} events, {}", state.name, end.text);
                return Shown::Broken(words);
            }
            if check::read(&stage.machine.url(&name), super::EFFECTS).await != stage.clean {
                return Shown::Broken(format!("{}: not what a clean run leaves", state.name));
            }
            state.best = state.best.min(end.took);
        }
    }
    let lost = |state: &State| state.best.saturating_sub(states[0].best);
    let words: Vec<String> =
        states[1..].iter().map(|s| format!("{} {:.2?}", s.name, lost(s))).collect();
    let words = format!("lost of {:.2?}: {}", states[0].best, words.join(", "));
    match states.iter().any(|state| lost(state) > LOST_MAX) {
        true => Shown::Broken(words),
        false => Shown::Kept(words),
    }
}

async fn deploy(stage: &Stage, state: &State, database: &str) -> Ended {
    let settings = match &state.url {
        Some(url) => format!("version = 1\n[redis]\nurl = '{url}'\n"),
        None => "version = 1\n".to_owned(),
    };
    stage.project.settings(&settings);
    let url = stage.machine.url(database);
    stage.project.run(&url, &["deploy", "--output", "ndjson"]).await
}
