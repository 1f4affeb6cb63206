//! Health while there is no application yet: a small HTTP server that answers probes.
//!
//! Invariants: bounded (connections, bytes, time); it says nothing that a log would not; when it is
//! closed its port is free for the application at once. Non-goals: everything else of HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use underpin_core::{Code, Error, Result};

use super::phase::Phase;

/// Probes answered at once; more wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 32;
/// Bytes of a request that are read.
const REQUEST_MAX: usize = 8 << 10;
/// How long one may take.
const REQUEST_TIME: Duration = Duration::from_secs(2);
/// How long the other side may take to hang up first. Who hangs up first keeps the port occupied
/// (TIME-WAIT, RFC 9293 §3.6.1), and the application wants it.
const FAREWELL_TIME: Duration = Duration::from_millis(250);

/// The server; probes are answered until it is closed.
pub(super) struct Health {
    stop: watch::Sender<bool>,
    served: tokio::task::JoinHandle<()>,
}

/// `0.0.0.0:8081`, `[::]:8081`, `:8081` or `8081`.
///
/// # Errors
/// UP-1010.
pub(super) fn address(text: &str) -> Result<SocketAddr> {
    let port = text.strip_prefix(':').unwrap_or(text);
    let parsed = match port.parse::<u16>() {
        Ok(port) => Some(SocketAddr::from(([0, 0, 0, 0], port))),
        Err(_) => text.parse().ok(),
    };
    parsed.ok_or_else(|| {
        let words = format!("`{text}` is no address for health");
        Error::new(Code::StartUnusable, words)
            .hint("such as --health 0.0.0.0:8081, or --health 8081")
    })
}

impl Health {
    /// Listens from now on.
    ///
    /// # Errors
    /// UP-1010.
    pub(super) async fn listen(address: SocketAddr, phase: watch::Receiver<Phase>) -> Result<Self> {
        let listener = TcpListener::bind(address).await.map_err(|e| {
            let words = format!("health cannot be told at {address}");
            Error::new(Code::StartUnusable, words)
                .caused_by(e)
                .hint("choose another one with --health, or leave it out")
        })?;
        let (stop, stopped) = watch::channel(false);
        let served = tokio::spawn(serve(listener, phase, stopped));
        Ok(Self { stop, served })
    }

    /// Ends every conversation and gives the port back.
    pub(super) async fn close(self) {
        self.stop.send_replace(true);
        let _ended = tokio::time::timeout(REQUEST_TIME, self.served).await;
    }
}

async fn serve(
    listener: TcpListener,
    phase: watch::Receiver<Phase>,
    mut stopped: watch::Receiver<bool>,
) {
    let begun = Instant::now();
    let free = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut conversations = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &free) => accepted,
            _ = stopped.wait_for(|stop| *stop) => break,
        };
        while conversations.try_join_next().is_some() {}
        let Some((stream, permit)) = accepted else {
            // Out of file descriptors, say.
            tokio::time::sleep(FAREWELL_TIME).await;
            continue;
        };
        let phase = phase.clone();
        conversations.spawn(async move {
            let _slow = tokio::time::timeout(REQUEST_TIME, converse(stream, &phase, begun)).await;
            drop(permit);
        });
    }
    drop(listener);
    let rest = async { while conversations.join_next().await.is_some() {} };
    let _late = tokio::time::timeout(FAREWELL_TIME * 2, rest).await;
}

async fn accept(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(free).acquire_owned().await.ok()?;
    listener.accept().await.ok().map(|(stream, _)| (stream, permit))
}

async fn converse(mut stream: TcpStream, phase: &watch::Receiver<Phase>, begun: Instant) {
    // What is cut off is reset, which leaves nothing behind at our side.
    let _best_effort = stream.set_zero_linger();
    let Some(line) = request_line(&mut stream).await else { return };
    let response = respond(&line, &phase.borrow(), begun.elapsed());
    if stream.write_all(response.as_bytes()).await.is_err() {
        return;
    }
    let mut rest = [0; 512];
    let farewell = async { while stream.read(&mut rest).await.is_ok_and(|n| n > 0) {} };
    let _in_time = tokio::time::timeout(FAREWELL_TIME, farewell).await;
}

/// The first line, once the head of the request has been read to its end: what is left unread
/// would make the kernel reset the connection before the answer is read.
async fn request_line(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        let read = stream.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
        head.extend_from_slice(&buffer[..read]);
        if head.len() > REQUEST_MAX {
            return None;
        }
    }
    let line = head.split(|byte| *byte == b'\r').next()?;
    String::from_utf8(line.to_vec()).ok()
}

fn respond(line: &str, phase: &Phase, running: Duration) -> String {
    let mut words = line.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = path.split('?').next().unwrap_or_default();
    let status = match (method, path) {
        ("GET" | "HEAD", "/livez") => "200 OK",
        ("GET" | "HEAD", "/readyz" | "/startupz") => "503 Service Unavailable",
        ("GET" | "HEAD", _) => "404 Not Found",
        _ => "405 Method Not Allowed",
    };
    let body = phase.document(running);
    let shown = if method == "HEAD" { "" } else { body.as_str() };
    let allow = if status.starts_with("405") { "Allow: GET, HEAD\r\n" } else { "" };
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\n{allow}Connection: close\r\n\r\n{shown}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_a_port() {
        for (text, wanted) in [
            ("8081", "0.0.0.0:8081"),
            (":8081", "0.0.0.0:8081"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::]:80", "[::]:80"),
        ] {
            assert_eq!(address(text).unwrap().to_string(), wanted);
        }
        for text in ["", "localhost:80", "65536", "1.2.3.4"] {
            assert_eq!(address(text).unwrap_err().code(), Code::StartUnusable, "{text}");
        }
    }

    #[test]
    fn alive_and_not_ready() {
        let status = |line: &str| {
            let answer = respond(line, &Phase::default(), Duration::from_secs(1));
            answer.split(' ').nth(1).map(str::to_owned).unwrap()
        };
        assert_eq!(status("GET /livez HTTP/1.1"), "200");
        assert_eq!(status("GET /readyz?verbose HTTP/1.1"), "503");
        assert_eq!(status("HEAD /startupz HTTP/1.0"), "503");
        assert_eq!(status("GET /metrics HTTP/1.1"), "404");
        assert_eq!(status("POST /livez HTTP/1.1"), "405");
        assert_eq!(status(""), "405");
        let head = respond("HEAD /livez HTTP/1.1", &Phase::default(), Duration::ZERO);
        assert!(head.ends_with("\r\n\r\n"), "{head}");
    }
}
