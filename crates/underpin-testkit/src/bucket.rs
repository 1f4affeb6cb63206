//! Real servers of object stores for a test, where this machine has them: moto speaks S3, Azurite
//! speaks Azure.
//!
//! `./dev setup` installs them below `.dev/pg`. They listen on the loopback interface, keep everything
//! in memory and end with the test. Neither checks what a cloud's own checks: moto believes every
//! signature, and both answer at once. Non-goal: Google, for which there is no such server that the
//! client's calls work with.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::machine::{Kept, free_port};

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(60);
/// The bucket, or container.
const BUCKET: &str = "backups";
/// What every copy of Azurite has; it is in its documentation.
const AZURITE_ACCOUNT: &str = "devstoreaccount1";
const AZURITE_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
/// Signed with that key, until 2099.
const AZURITE_TOKEN: &str = "sv=2019-02-02&ss=b&srt=sco&sp=rwdlac&se=2099-01-01T00%3A00%3A00Z\
    &spr=https,http&sig=0PkqhLGUEPZUKQBX9lPTzSyzTttlrnwUn0BDZAcdo9M%3D";
/// moto takes the key's id from it, and checks nothing else.
const S3_AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, \
    SignedHeaders=host, Signature=x";
/// What must be found in no output.
pub const SECRET: &str = "hunter2-is-a-secret-key";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    S3,
    Azure,
}

/// A running server with an empty bucket.
#[derive(Debug)]
pub struct ObjectStore {
    protocol: Protocol,
    address: SocketAddr,
    // Ended before its folder goes.
    _kept: Kept,
    _folder: tempfile::TempDir,
}

impl ObjectStore {
    /// One that speaks S3; `None` when this machine has none.
    ///
    /// # Errors
    /// When it does not start; its log.
    pub async fn s3() -> io::Result<Option<Self>> {
        let python = crate::trees().join("moto/bin/python");
        if !python.exists() {
            return Ok(None);
        }
        let port = free_port()?;
        let words = format!("{} -m moto.server -H 127.0.0.1 -p {port}", python.display());
        Self::start(Protocol::S3, port, &words).await.map(Some)
    }

    /// One that speaks Azure; `None` when this machine has none.
    ///
    /// # Errors
    /// When it does not start; its log.
    pub async fn azure() -> io::Result<Option<Self>> {
        let program = crate::trees().join("azurite/node_modules/azurite/dist/src/blob/main.js");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let node = std::env::split_paths(&path).map(|p| p.join("node")).find(|p| p.is_file());
        let (true, Some(node)) = (program.is_file(), node) else {
            return Ok(None);
        };
        let port = free_port()?;
        let words = format!(
            "{} {} --inMemoryPersistence --disableTelemetry --silent --skipApiVersionCheck \
             --blobHost 127.0.0.1 --blobPort {port}",
            node.display(),
            program.display()
        );
        Self::start(Protocol::Azure, port, &words).await.map(Some)
    }

    async fn start(protocol: Protocol, port: u16, words: &str) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("log");
        let program: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        let mut kept = Kept::start_as_we(&program, &log, "TERM")?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(address).await.is_err() {
            if Instant::now() > deadline || !kept.is_running() {
                return Err(io::Error::other(std::fs::read_to_string(&log).unwrap_or_default()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let store = Self { protocol, address, _kept: kept, _folder: folder };
        let made = match protocol {
            Protocol::S3 => store.request("PUT", "", b"").await?,
            Protocol::Azure => {
                let path = format!("/{AZURITE_ACCOUNT}/{BUCKET}?restype=container&{AZURITE_TOKEN}");
                raw(address, "PUT", &path, "", b"").await?
            }
        };
        match made.0 {
            200 | 201 => Ok(store),
            status => Err(io::Error::other(format!("the bucket was answered with {status}"))),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `copy_to` for a prefix.
    #[must_use]
    pub fn url(&self, prefix: &str) -> String {
        let scheme = match self.protocol {
            Protocol::S3 => "s3",
            Protocol::Azure => "az",
        };
        format!("{scheme}://{BUCKET}/{prefix}")
    }

    /// The variables that lead to it, or to what listens at `through` in front of it. Attempts that
    /// are not answered end after two seconds.
    #[must_use]
    pub fn variables(&self, through: SocketAddr) -> BTreeMap<String, String> {
        let pairs = match self.protocol {
            Protocol::S3 => vec![
                ("AWS_ENDPOINT_URL", format!("http://{through}")),
                ("AWS_ALLOW_HTTP", "true".to_owned()),
                ("AWS_REGION", "us-east-1".to_owned()),
                ("AWS_ACCESS_KEY_ID", "test".to_owned()),
                ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
                ("AWS_TIMEOUT", "2s".to_owned()),
            ],
            Protocol::Azure => vec![
                ("AZURE_STORAGE_ENDPOINT", format!("http://{through}/{AZURITE_ACCOUNT}")),
                ("AZURE_ALLOW_HTTP", "true".to_owned()),
                ("AZURE_STORAGE_ACCOUNT_NAME", AZURITE_ACCOUNT.to_owned()),
                ("AZURE_STORAGE_ACCOUNT_KEY", AZURITE_KEY.to_owned()),
                ("AZURE_TIMEOUT", "2s".to_owned()),
            ],
        };
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// A request to the bucket of S3, past our own client: status and body.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn request(
        &self,
        method: &str,
        key: &str,
        body: &[u8],
    ) -> io::Result<(u16, Vec<u8>)> {
        let path = format!("/{BUCKET}/{key}");
        raw(self.address, method, &path, S3_AUTHORIZATION, body).await
    }

    /// All keys of the bucket of S3, in order.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn keys(&self) -> io::Result<Vec<String>> {
        self.listed("?list-type=2", "Key").await
    }

    /// Keys of multipart uploads that were begun and neither completed nor aborted, on S3.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn begun_uploads(&self) -> io::Result<Vec<String>> {
        self.listed("?uploads", "Key").await
    }

    async fn listed(&self, query: &str, tag: &str) -> io::Result<Vec<String>> {
        let (status, body) = self.request("GET", query, b"").await?;
        if status != 200 {
            return Err(io::Error::other(format!("the list was answered with {status}")));
        }
        let text = String::from_utf8_lossy(&body).into_owned();
        let pieces = text.split(&format!("<{tag}>")).skip(1).map(str::to_owned).collect::<Vec<_>>();
        let end = format!("</{tag}>");
        let key = |piece: &String| piece.split(&end).next().unwrap_or_default().to_owned();
        Ok(pieces.iter().map(key).collect())
    }
}

/// One HTTP request on a connection of its own.
async fn raw(
    to: SocketAddr,
    method: &str,
    path: &str,
    authorization: &str,
    body: &[u8],
) -> io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(to).await?;
    let authorization = match authorization {
        "" => String::new(),
        words => format!("Authorization: {words}\r\n"),
    };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n{authorization}\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.ok_or_else(|| io::Error::other("this is no answer of HTTP"))?;
    Ok((status, answer.get(end + 4..).unwrap_or_default().to_vec()))
}
