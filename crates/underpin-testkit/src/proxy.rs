//! A TCP proxy in front of a PostgreSQL that breaks what it is told to break.
//!
//! It understands the framing of the protocol, so a fault can be put at the n-th message, at a
//! query's text, at the answer to it, or at a byte. Every rule fires once; whoever connects
//! anew gets through. Counts are over all connections, in the order in which messages arrive.
//!
//! Invariants: without a rule every byte arrives as it was sent; a client that is gone ends its
//! session with the server at once, and the other way round, unless a rule says otherwise.
//! Non-goals: TLS (declined, which is a fault of its own: stripped encryption), lost packets. A
//! black hole here still acknowledges what it swallows, as a hung middlebox does.

pub mod frame;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use frame::{Frame, Opening};

/// The server behind the proxy.
#[derive(Debug, Clone)]
pub enum Upstream {
    /// By its Unix socket.
    Unix(PathBuf),
    /// By its address.
    Tcp(SocketAddr),
}

/// The way that a message takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// Which message a rule is for.
#[derive(Debug, Clone)]
pub enum When {
    /// The n-th, from 1.
    Message(u64),
    /// The n-th, from 1, whose text holds this: a simple query on the way to the server, the tag
    /// of a completed command (`COMMIT`, `CREATE INDEX`) on the way back.
    Text(String, u64),
    /// The one that holds this byte, from 0. A cut there lets the bytes before it through.
    Byte(u64),
}

/// A function that a rule calls.
#[derive(Clone)]
pub struct Hook(Arc<dyn Fn() + Send + Sync>);

impl Hook {
    /// From a closure.
    pub fn new(call: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(call))
    }
}

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hook")
    }
}

/// What happens to the message, and to its connection.
#[derive(Debug, Clone)]
pub enum Action {
    /// It is forwarded after a pause.
    Delay(Duration),
    /// Both connections are closed (FIN); it is not forwarded.
    Drop,
    /// As `Drop`, with RST towards the client.
    Reset,
    /// Half of it is forwarded, then both connections are closed.
    Tear,
    /// It is forwarded; what the server answers, up to the end of that answer, is swallowed,
    /// then both connections are closed. On the way to the server only.
    LoseAnswer,
    /// The client gets RST, the server's side stays open for this long and learns nothing.
    /// `forward`: the message itself still arrives there.
    HalfOpen {
        /// How long the server's side stays.
        linger: Duration,
        /// Whether the message arrives.
        forward: bool,
    },
    /// From here on nothing is forwarded either way; both connections stay open.
    BlackHole,
    /// From here on this direction carries so many bytes in a second.
    Throttle(u64),
    /// This byte of the message (from 0, its tag is byte 0) is inverted.
    Corrupt(usize),
    /// Instead of being forwarded it is answered with this error; `FATAL` closes the connections.
    /// The server's session does not know of it: within a transaction use `Fail`.
    Answer {
        /// `ERROR` or `FATAL`.
        severity: &'static str,
        /// Five characters.
        sqlstate: &'static str,
    },
    /// A statement that raises this SQLSTATE arrives in its place, so that the server's own
    /// transaction fails. A message that is no simple query is answered with `FATAL` instead.
    Fail(&'static str),
    /// Another simple query arrives in the place of one: a server that answers otherwise.
    Replace(&'static str),
    /// The function is called and the message forwarded.
    Call(Hook),
    /// The function is called and both connections are closed.
    CallAndDrop(Hook),
}

/// A fault and its place. Fires once.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The way that the message takes.
    pub direction: Direction,
    /// Which message.
    pub when: When,
    /// What happens.
    pub action: Action,
}

impl Rule {
    /// A rule for messages of the client.
    #[must_use]
    pub fn to_server(when: When, action: Action) -> Self {
        Self { direction: Direction::ToServer, when, action }
    }

    /// A rule for messages of the server.
    #[must_use]
    pub fn to_client(when: When, action: Action) -> Self {
        Self { direction: Direction::ToClient, when, action }
    }
}

/// What has passed so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections accepted.
    pub connections: u64,
    /// Messages of clients: starts, queries, terminations.
    pub client_messages: u64,
    /// Messages of the server.
    pub server_messages: u64,
    /// Answers completed (`ReadyForQuery`), the one of the start included.
    pub round_trips: u64,
    /// Bytes of clients.
    pub client_bytes: u64,
    /// Bytes of the server.
    pub server_bytes: u64,
    /// Rules that have fired.
    pub fired: u64,
    /// The first words of each message of a client, in order, for reports.
    pub log: Vec<String>,
}

#[derive(Debug)]
struct State {
    upstream: Upstream,
    rules: VecDeque<(Rule, u64)>,
    counts: Counts,
}

#[derive(Debug)]
struct Shared(Mutex<State>);

/// A running proxy; ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// Starts it on a free port of the loopback address.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start(upstream: Upstream) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = State { upstream, rules: VecDeque::new(), counts: Counts::default() };
        let shared = Arc::new(Shared(Mutex::new(state)));
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, task })
    }

    /// A proxy in front of this server's Unix socket.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn before(server: &crate::Server) -> io::Result<Self> {
        let socket = server.cluster().socket_folder().join(".s.PGSQL.5432");
        Self::start(Upstream::Unix(socket)).await
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a database through the proxy, as superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://postgres@{}/{database}", self.address)
    }

    /// Adds a rule.
    pub fn add(&self, rule: Rule) {
        self.shared.lock().rules.push_back((rule, 0));
    }

    /// Whoever connects from now on gets to another server, as after a failover behind one name.
    pub fn redirect(&self, upstream: Upstream) {
        self.shared.lock().upstream = upstream;
    }

    /// Takes all rules away that have not fired.
    pub fn heal(&self) {
        self.shared.lock().rules.clear();
    }

    /// What has passed so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.lock().counts.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a message and says what is to happen to it; with a byte rule, at which byte.
    fn decide(&self, direction: Direction, frame: &Frame) -> Option<(Action, usize)> {
        let mut state = self.lock();
        let length = frame.bytes.len() as u64;
        let counts = &mut state.counts;
        let (number, start) = match direction {
            Direction::ToServer => {
                counts.client_messages += 1;
                counts.client_bytes += length;
                counts.log.push(first_words(frame));
                (counts.client_messages, counts.client_bytes - length)
            }
            Direction::ToClient => {
                counts.server_messages += 1;
                counts.server_bytes += length;
                counts.round_trips += u64::from(frame.tag == b'Z');
                (counts.server_messages, counts.server_bytes - length)
            }
        };
        let text = frame.text();
        let mut found = None;
        for (index, (rule, seen)) in state.rules.iter_mut().enumerate() {
            if rule.direction != direction {
                continue;
            }
            let offset = match &rule.when {
                When::Message(n) => (*n == number).then_some(0),
                When::Text(part, n) => {
                    *seen += u64::from(text.contains(part.as_str()));
                    (text.contains(part.as_str()) && seen == n).then_some(0)
                }
                When::Byte(at) => {
                    at.checked_sub(start).filter(|_| *at < start + length).map(|o| o as usize)
                }
            };
            if let Some(offset) = offset {
                found = Some((index, offset));
                break;
            }
        }
        let (index, offset) = found?;
        let (rule, _) = state.rules.remove(index)?;
        state.counts.fired += 1;
        Some((rule.action, offset))
    }
}

/// A message of a client in a few words.
fn first_words(frame: &Frame) -> String {
    match frame.tag {
        0 => "(start)".to_owned(),
        b'Q' => {
            let text = frame.text().split_whitespace().collect::<Vec<_>>().join(" ");
            text.chars().take(100).collect()
        }
        b'X' => "(terminate)".to_owned(),
        tag => format!("({})", char::from(tag)),
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Ends its connections with itself.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let upstream = {
            let mut state = shared.lock();
            state.counts.connections += 1;
            state.upstream.clone()
        };
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let _nodelay = client.set_nodelay(true);
            // A server that is not there: the client sees its connection close.
            match upstream {
                Upstream::Unix(path) => {
                    if let Ok(server) = UnixStream::connect(path).await {
                        serve(client, server, &shared).await;
                    }
                }
                Upstream::Tcp(address) => {
                    if let Ok(server) = TcpStream::connect(address).await {
                        serve(client, server, &shared).await;
                    }
                }
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Close,
    Reset,
    HalfOpen(Duration),
    Hole,
}

async fn serve<S>(mut client: TcpStream, server: S, shared: &Shared)
where
    S: AsyncRead + AsyncWrite,
{
    let (mut server_reads, mut server_writes) = tokio::io::split(server);
    let end = {
        let (mut client_reads, client_writes) = client.split();
        let link = Link {
            shared,
            client: tokio::sync::Mutex::new(client_writes),
            swallow: AtomicBool::new(false),
        };
        let up = link.upward(&mut client_reads, &mut server_writes);
        let down = link.downward(&mut server_reads);
        let (mut up, mut down) = (std::pin::pin!(up), std::pin::pin!(down));
        let end = tokio::select! { end = &mut up => end, end = &mut down => end };
        end.unwrap_or(End::Close)
    };
    match end {
        End::Close => {}
        End::Reset => drop(client.set_zero_linger()),
        End::HalfOpen(linger) => {
            let _already_gone = client.set_zero_linger();
            drop(client);
            tokio::time::sleep(linger).await;
        }
        End::Hole => std::future::pending().await,
    }
}

/// One connection under way. Either way returns how it ends; an error is a peer that is gone.
struct Link<'a, W> {
    shared: &'a Shared,
    client: tokio::sync::Mutex<W>,
    /// The answer to the last message is to be lost, and the connection with it.
    swallow: AtomicBool,
}

impl<W: AsyncWrite + Unpin> Link<'_, W> {
    async fn upward(
        &self,
        client: &mut (impl AsyncRead + Unpin),
        server: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<End> {
        let mut buffer = Vec::new();
        let mut speed = None;
        let mut started = false;
        loop {
            let Some(frame) = next(client, &mut buffer, started).await? else {
                return Ok(End::Close);
            };
            if !started && frame.opening() == Opening::Encryption {
                self.answer(b"N").await?;
                continue;
            }
            started = started || frame.opening() == Opening::Session;
            let fault = self.shared.decide(Direction::ToServer, &frame);
            match self.apply(fault, frame, server, &mut speed).await? {
                Some(end) => return Ok(end),
                None => continue,
            }
        }
    }

    async fn downward(&self, server: &mut (impl AsyncRead + Unpin)) -> io::Result<End> {
        let mut buffer = Vec::new();
        let mut speed = None;
        loop {
            let Some(frame) = next(server, &mut buffer, true).await? else {
                return Ok(End::Close);
            };
            let fault = self.shared.decide(Direction::ToClient, &frame);
            if self.swallow.load(Ordering::Relaxed) {
                if frame.tag == b'Z' {
                    return Ok(End::Reset);
                }
                continue;
            }
            let mut client = self.client.lock().await;
            if let Some(end) = self.apply(fault, frame, &mut *client, &mut speed).await? {
                return Ok(end);
            }
        }
    }

    /// Does what the rule says with a message on its way `onward`.
    async fn apply(
        &self,
        fault: Option<(Action, usize)>,
        mut frame: Frame,
        onward: &mut (impl AsyncWrite + Unpin),
        speed: &mut Option<u64>,
    ) -> io::Result<Option<End>> {
        let mut end = None;
        match fault {
            None => {}
            Some((Action::Delay(pause), _)) => tokio::time::sleep(pause).await,
            Some((Action::Drop, at)) => return cut(onward, &frame.bytes[..at], End::Close).await,
            Some((Action::Reset, at)) => return cut(onward, &frame.bytes[..at], End::Reset).await,
            Some((Action::Tear, _)) => {
                return cut(onward, &frame.bytes[..frame.bytes.len() / 2], End::Close).await;
            }
            Some((Action::LoseAnswer, _)) => self.swallow.store(true, Ordering::Relaxed),
            Some((Action::HalfOpen { linger, forward }, _)) => {
                let kept = if forward { frame.bytes.as_slice() } else { &[] };
                return cut(onward, kept, End::HalfOpen(linger)).await;
            }
            Some((Action::BlackHole, _)) => return Ok(Some(End::Hole)),
            Some((Action::Throttle(rate), _)) => *speed = Some(rate.max(1)),
            Some((Action::Corrupt(at), _)) => {
                let last = frame.bytes.len() - 1;
                frame.bytes[at.min(last)] ^= 0xff;
            }
            Some((Action::Answer { severity, sqlstate }, _)) => {
                return self.refuse(severity, sqlstate).await;
            }
            Some((Action::Fail(sqlstate), _)) if frame.tag == b'Q' => {
                frame = Frame::query(&raising(sqlstate));
            }
            Some((Action::Fail(sqlstate), _)) => return self.refuse("FATAL", sqlstate).await,
            Some((Action::Replace(sql), _)) => frame = Frame::query(sql),
            Some((Action::Call(hook), _)) => (hook.0)(),
            Some((Action::CallAndDrop(hook), _)) => {
                (hook.0)();
                end = Some(End::Close);
            }
        }
        if end.is_none() {
            forward(onward, &frame.bytes, *speed).await?;
        }
        Ok(end)
    }

    /// Answers in the server's place.
    async fn refuse(&self, severity: &str, sqlstate: &str) -> io::Result<Option<End>> {
        let mut bytes = Frame::error(severity, sqlstate, MESSAGE).bytes;
        let fatal = severity != "ERROR";
        if !fatal {
            bytes.extend_from_slice(&Frame::ready().bytes);
        }
        self.answer(&bytes).await?;
        Ok(fatal.then_some(End::Close))
    }

    async fn answer(&self, bytes: &[u8]) -> io::Result<()> {
        let mut client = self.client.lock().await;
        client.write_all(bytes).await?;
        client.flush().await
    }
}

/// What every error of ours says.
const MESSAGE: &str = "a fault put here by a test";

fn raising(sqlstate: &str) -> String {
    format!(
        "DO $fault$ BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = '{sqlstate}'; END $fault$"
    )
}

async fn cut(
    onward: &mut (impl AsyncWrite + Unpin),
    kept: &[u8],
    end: End,
) -> io::Result<Option<End>> {
    onward.write_all(kept).await?;
    onward.flush().await?;
    Ok(Some(end))
}

async fn forward(
    onward: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
    speed: Option<u64>,
) -> io::Result<()> {
    let Some(rate) = speed else {
        onward.write_all(bytes).await?;
        return onward.flush().await;
    };
    // Twenty pieces a second, or one byte at a time where that is slower.
    let piece = usize::try_from((rate / 20).max(1)).unwrap_or(1);
    for part in bytes.chunks(piece) {
        onward.write_all(part).await?;
        onward.flush().await?;
        tokio::time::sleep(Duration::from_secs_f64(part.len() as f64 / rate as f64)).await;
    }
    Ok(())
}

/// The next whole message; `None` at the end.
async fn next(
    reader: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
    tagged: bool,
) -> io::Result<Option<Frame>> {
    loop {
        if let Some(frame) = frame::take(buffer, tagged) {
            return Ok(Some(frame));
        }
        let mut part = [0; 16 << 10];
        match reader.read(&mut part).await? {
            0 => return Ok(None),
            length => buffer.extend_from_slice(&part[..length]),
        }
    }
}

#[cfg(test)]
mod tests;
