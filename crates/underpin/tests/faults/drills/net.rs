//! The network is slow, or loses everything without a word.

use std::process::Command;
use std::time::{Duration, Instant};

use underpin_testkit::proxy::{Action, Proxy, Rule, Upstream, When};

use super::{DATABASE, SLEEPING, Shown, Stage};
use crate::lab::ended;

/// A dead network is noticed within 15 s; then it may try for a minute to reach the server again.
const SILENCE_MAX: Duration = Duration::from_secs(80);

pub(super) async fn slow_line(major: u32) -> Shown {
    let stage = Stage::new(major, &[]).await;
    let socket = stage.machine.socket_folder().join(".s.PGSQL.5432");
    let proxy = Proxy::start(Upstream::Unix(socket)).await.unwrap();
    proxy.add(Rule::to_server(When::Message(2), Action::Throttle(8000)));
    proxy.add(Rule::to_client(When::Message(2), Action::Throttle(8000)));
    let run = stage.project.deploy(&proxy.url(DATABASE)).await;
    let words = format!("8 kB/s took {:.1?}", run.took);
    stage.heal(&stage.url(), &run, words).await
}

/// Two ends of a cable, one of them in a network of its own.
struct Cable {
    name: String,
}

impl Cable {
    fn new() -> Result<Self, String> {
        let cable = Self { name: format!("upf{}", std::process::id() % 10_000) };
        let name = &cable.name;
        ip(&format!("netns add {name}"))?;
        ip(&format!("link add {name}a type veth peer name {name}b netns {name}"))?;
        ip(&format!("addr add 10.213.77.1/30 dev {name}a"))?;
        ip(&format!("link set {name}a up"))?;
        ip(&format!("-n {name} addr add 10.213.77.2/30 dev {name}b"))?;
        ip(&format!("-n {name} link set {name}b up"))?;
        Ok(cable)
    }

    /// Nothing arrives any more, and nobody is told.
    fn break_off(&self) -> Result<(), String> {
        ip(&format!("-n {0} route add blackhole 10.213.77.1/32", self.name))?;
        ip("route add blackhole 10.213.77.2/32")
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        let _mended = ip("route del blackhole 10.213.77.2/32");
        let _gone = ip(&format!("link del {}a", self.name));
        let _gone = ip(&format!("netns del {}", self.name));
    }
}

fn ip(arguments: &str) -> Result<(), String> {
    let output =
        Command::new("ip").args(arguments.split(' ')).output().map_err(|e| e.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("ip {arguments}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

pub(super) async fn silent(major: u32) -> Shown {
    let cable = match Cable::new() {
        Ok(cable) => cable,
        Err(reason) => return Shown::Skipped(format!("no network namespace: {reason}")),
    };
    let stage = Stage::new(major, &["listen_addresses=10.213.77.1", "port=5432"]).await;
    let hba = stage.machine.data().join("pg_hba.conf");
    let lines = std::fs::read_to_string(&hba).unwrap() + "host all all 10.213.77.0/30 trust\n";
    std::fs::write(&hba, lines).unwrap();
    stage.sql("postgres", "SELECT pg_reload_conf()").await;
    stage.sleep(30).await;
    let url = format!("postgresql://postgres@10.213.77.1/{DATABASE}");
    let inside = stage.project.command(&url, &["deploy", "--wait", "20"]);
    let mut command = tokio::process::Command::new("ip");
    command.args(["netns", "exec", &cable.name]).arg(inside.as_std().get_program());
    command.args(inside.as_std().get_args()).env_clear();
    command.envs(inside.as_std().get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(inside.as_std().get_current_dir().unwrap());
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped()).kill_on_drop(true);
    let child = command.spawn().unwrap();
    stage.await_query(SLEEPING).await;
    cable.break_off().unwrap();
    let begun = Instant::now();
    let broken = ended(child, begun).await;
    let noticed = begun.elapsed();
    let idle = stage.until_idle(SLEEPING).await;
    stage.wake().await;
    drop(cable);
    let words = format!("gave up after {noticed:.1?}, the server idle {idle:.1?} later");
    let shown = stage.heal(&stage.url(), &broken, words.clone()).await;
    match shown {
        Shown::Kept(_) | Shown::Stopped(_) if noticed > SILENCE_MAX => Shown::Broken(words),
        shown => shown,
    }
}
