//! A proxy in front of an HTTP server that breaks what it is told to break.
//!
//! One request per connection: the proxy closes it behind the answer, so that counts are in the order in
//! which requests arrive. Without a rule every byte arrives as it was sent. Non-goals: TLS, bodies
//! without a length.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A head that is longer is refused.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with this status, and does not arrive.
    Answer(u16),
    /// It arrives after a pause.
    Delay(Duration),
    /// It does not arrive, and is never answered.
    Hang,
    /// The connection is closed; it does not arrive.
    Cut,
    /// It arrives, and the connection is closed before the answer.
    LoseAnswer,
    /// It arrives, and the connection is closed after so many bytes of the answer.
    CutAnswer(usize),
}

/// Which requests, and what happens to them.
#[derive(Debug, Clone)]
pub struct Rule {
    /// `PUT`, `GET`, …; empty: all.
    pub method: &'static str,
    /// A piece of the path with its query; empty: all.
    pub path: String,
    /// So many of them are let through first.
    pub after: usize,
    /// To so many of them it happens.
    pub times: usize,
    /// What.
    pub fault: Fault,
}

impl Rule {
    /// To all requests of a method whose path holds a text.
    #[must_use]
    pub fn all(method: &'static str, path: &str, fault: Fault) -> Self {
        Self { method, path: path.to_owned(), after: 0, times: usize::MAX, fault }
    }

    /// To the first so many of them.
    #[must_use]
    pub fn first(times: usize, method: &'static str, path: &str, fault: Fault) -> Self {
        Self { times, ..Self::all(method, path, fault) }
    }
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    requests: Vec<String>,
}

/// The proxy; it ends when it is dropped.
#[derive(Debug)]
pub struct HttpProxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

impl HttpProxy {
    /// In front of `upstream`.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn before(upstream: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let (address, state) = (listener.local_addr()?, Arc::new(Mutex::new(State::default())));
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shared = shared.clone();
                tokio::spawn(async move {
                    let _either_side_is_gone = serve(client, upstream, &shared).await;
                });
            }
        });
        Ok(Self { address, state, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds a rule. The first that fits is taken.
    pub fn add(&self, rule: Rule) {
        lock(&self.state).rules.push(rule);
    }

    /// Forgets all rules.
    pub fn heal(&self) {
        lock(&self.state).rules.clear();
    }

    /// `PUT /path?query` of all requests since the last call.
    #[must_use]
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.state).requests)
    }
}

impl Drop for HttpProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn decide(state: &Mutex<State>, method: &str, path: &str) -> Option<Fault> {
    let mut state = lock(state);
    state.requests.push(format!("{method} {path}"));
    let fits = |rule: &&mut Rule| {
        rule.times > 0
            && (rule.method.is_empty() || rule.method == method)
            && path.contains(&rule.path)
    };
    let rule = state.rules.iter_mut().find(fits)?;
    if rule.after > 0 {
        rule.after -= 1;
        return None;
    }
    rule.times -= 1;
    Some(rule.fault)
}

async fn serve(
    mut client: TcpStream,
    upstream: SocketAddr,
    state: &Mutex<State>,
) -> io::Result<()> {
    let (head, begun) = read_head(&mut client).await?;
    let mut words = head.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let path = words.next().unwrap_or_default().to_owned();
    let fault = decide(state, &method, &path);
    match fault {
        Some(Fault::Answer(status)) => {
            drain(&mut client, &head, begun.len()).await?;
            let answer = format!(
                "HTTP/1.1 {status} Of The Proxy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            );
            return client.write_all(answer.as_bytes()).await;
        }
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Cut) => return Ok(()),
        Some(Fault::Delay(pause)) => tokio::time::sleep(pause).await,
        Some(Fault::LoseAnswer | Fault::CutAnswer(_)) | None => {}
    }
    let mut server = TcpStream::connect(upstream).await?;
    server.write_all(closing(&head).as_bytes()).await?;
    server.write_all(&begun).await?;
    let rest = length(&head).saturating_sub(begun.len()) as u64;
    tokio::io::copy(&mut (&mut client).take(rest), &mut server).await?;
    let (answer, body) = read_head(&mut server).await?;
    if fault == Some(Fault::LoseAnswer) {
        return Ok(());
    }
    client.write_all(closing(&answer).as_bytes()).await?;
    if let Some(Fault::CutAnswer(bytes)) = fault {
        let mut body = body;
        (&mut server).take(bytes as u64).read_to_end(&mut body).await?;
        body.truncate(bytes);
        return client.write_all(&body).await;
    }
    client.write_all(&body).await?;
    // HEAD and 204 have no body, whatever their length says.
    if method != "HEAD" {
        let rest = length(&answer).saturating_sub(body.len()) as u64;
        match answer.to_ascii_lowercase().contains("\r\ncontent-length:") {
            true => tokio::io::copy(&mut (&mut server).take(rest), &mut client).await?,
            false => tokio::io::copy(&mut server, &mut client).await?,
        };
    }
    client.shutdown().await
}

/// Up to the empty line, and what was read behind it.
async fn read_head(from: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = read.split_off(end + 4);
            return Ok((String::from_utf8_lossy(&read).into_owned(), rest));
        }
        if read.len() > HEAD_BYTES_MAX || from.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

async fn drain(client: &mut TcpStream, head: &str, begun: usize) -> io::Result<()> {
    let rest = length(head).saturating_sub(begun) as u64;
    tokio::io::copy(&mut client.take(rest), &mut tokio::io::sink()).await.map(drop)
}

fn length(head: &str) -> usize {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    found.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0)
}

/// The same head, with the wish to close.
fn closing(head: &str) -> String {
    let is_other = |line: &&str| !line.to_ascii_lowercase().starts_with("connection:");
    let lines: Vec<&str> = head.trim_end().split("\r\n").filter(is_other).collect();
    lines.join("\r\n") + "\r\nConnection: close\r\n\r\n"
}
