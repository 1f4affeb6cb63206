//! Encrypted backups: every file is kept as `NAME.age`, in the format of age, to X25519 recipients.
//!
//! Invariants: nothing of a backup is encrypted before it is proven, because the machine that makes it
//! usually cannot read it afterwards; what is not encrypted holds no row and no definition, and of what is
//! computed from them counts, sizes, the fingerprint of the whole catalog and the newest migration's
//! checksum; an encrypted file replaces the
//! plain one only after what lies on the disk was read back. To be read, a backup is decrypted into a folder
//! that is gone with its [`Opened`], and killed processes' ones with the next that begins. Memory does not
//! grow with the backup. Non-goals: making and keeping identities; authenticity: who knows a recipient can
//! encrypt to it, so that it is the manifest's key that tells our backups from others.
//!
//! The format is in `format`, which a build without the feature `encryption` replaces by `absent`.

#[cfg(not(feature = "encryption"))]
mod absent;
#[cfg(feature = "encryption")]
mod format;

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

#[cfg(not(feature = "encryption"))]
use absent::{Identities, Recipients};
#[cfg(feature = "encryption")]
use format::{Identities, Recipients};

use super::content::{self, Hashed};
use super::dump::not_written;
use super::large_object::LargeObjects;
use super::manifest::{Encrypted, FileEntry, Manifest, SequenceState, is_plain};
use super::seal::hex;
use super::store::{Partial, Store};
use super::{Step, Tell, Tools, files, interrupted};
use crate::config::{Identity, Recipient};
use crate::error::{Code, Error, Result};
use crate::execute::Stop;

/// Behind the name of an encrypted file.
const SUFFIX: &str = ".age";
/// What the readable manifest does not say.
const CONTENTS: &str = "contents.json.age";
/// A larger one is refused; as the manifest's.
const CONTENTS_BYTES_MAX: u64 = 256 << 20;
/// Encrypted or decrypted at once.
const BUFFER_BYTES: usize = 256 << 10;

/// Who can read the backups that are made, and what reads those that there are.
#[derive(Debug, Clone, Default)]
pub struct Encryption {
    /// None: backups are not encrypted.
    pub recipients: Vec<Recipient>,
    /// Usually not on the machine that makes them.
    pub identity: Identity,
}

impl Encryption {
    /// Whether backups are encrypted.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.recipients.is_empty()
    }

    /// Refuses where they are to be and cannot be.
    ///
    /// # Errors
    /// UP-6021.
    pub(super) fn require(&self) -> Result<()> {
        self.is_on().then(|| Recipients::parse(&self.names())).transpose().map(drop)
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.recipients.iter().map(|recipient| recipient.as_str().to_owned()).collect()
    }

    /// What opens files that are encrypted to these.
    ///
    /// # Errors
    /// UP-6021, UP-6022.
    fn identities(&self, name: &str, recipients: &[String]) -> Result<Identities> {
        let locked = |why: &str| {
            let words = format!("the backup `{name}` is encrypted, and {why}");
            Error::new(Code::BackupLocked, words)
                .hint("give its identity: identity = { file = \"PATH\" } in [backup] of underpin.toml")
                .hint(format!("its files are checked without: underpin backup check {name} --level 1"))
        };
        let identities = match &self.identity {
            Identity::Here(text) => Identities::parse(text)?,
            Identity::Unnamed => {
                Recipients::parse(recipients)?;
                return Err(locked("no identity is configured"));
            }
            Identity::Absent(why) => {
                Recipients::parse(recipients)?;
                return Err(locked(why));
            }
        };
        match identities.recipients().iter().any(|own| recipients.contains(own)) {
            true => Ok(identities),
            false => Err(locked("the configured identity is none of its recipients")
                .details(recipients.iter().map(|recipient| format!("recipient {recipient}")))),
        }
    }
}

/// Whether a backup's contents can be read here.
///
/// # Errors
/// UP-6021, UP-6022.
pub fn readable(tools: &Tools, manifest: &Manifest) -> Result<()> {
    let Some(encrypted) = &manifest.encryption else { return Ok(()) };
    tools.encryption.identities(&manifest.name, &encrypted.recipients).map(drop)
}

/// `contents.json.age`: what a manifest says of the plain files and of what is in them.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    /// The backup that it is of.
    name: String,
    files: Vec<FileEntry>,
    /// Of the manifest's tables, in their order.
    digests: Vec<String>,
    sequences: Vec<SequenceState>,
    large_object_contents: Option<LargeObjects>,
}

impl Contents {
    /// Takes them out of a manifest.
    fn take(manifest: &mut Manifest) -> Self {
        let digests = manifest.tables.iter_mut().map(|table| std::mem::take(&mut table.digest));
        Self {
            digests: digests.collect(),
            name: manifest.name.clone(),
            files: std::mem::take(&mut manifest.files),
            sequences: std::mem::take(&mut manifest.sequences),
            large_object_contents: manifest.large_object_contents.take(),
        }
    }

    /// Puts them back: the manifest of the plain backup.
    fn give(self, manifest: &Manifest) -> Result<Manifest> {
        let strange = |why: &str| {
            let words = format!("`{CONTENTS}` of `{}` {why}", manifest.name);
            Error::new(Code::BackupDamaged, words).hint("the others: underpin backup list")
        };
        if self.name != manifest.name || self.digests.len() != manifest.tables.len() {
            return Err(strange("is not of this backup"));
        }
        if self.files.iter().any(|file| !is_plain(&file.path)) {
            return Err(strange("names a file outside of its folder"));
        }
        let mut plain = Manifest {
            files: self.files,
            sequences: self.sequences,
            large_object_contents: self.large_object_contents,
            encryption: None,
            ..manifest.clone()
        };
        for (table, digest) in plain.tables.iter_mut().zip(self.digests) {
            table.digest = digest;
        }
        Ok(plain)
    }
}

/// A backup whose files can be read.
pub(super) struct Opened {
    /// As of a backup that is not encrypted.
    pub(super) manifest: Manifest,
    /// Where they are.
    pub(super) folder: PathBuf,
    /// Removes it, where it is a decrypted copy.
    _stage: Option<Partial>,
}

/// Opens a backup whose stored files were checked. One that is not encrypted is used where it lies.
///
/// # Errors
/// UP-6003, UP-6005, UP-6012, UP-6021, UP-6022, UP-4005. Nothing is left.
pub(super) async fn open(tools: &Tools, manifest: &Manifest, tell: Tell<'_>) -> Result<Opened> {
    let store = Store::new(tools.folder.clone(), tools.key.clone());
    let folder = store.folder_of(&super::BackupName::parse(&manifest.name)?);
    let Some(encrypted) = manifest.encryption.clone() else {
        return Ok(Opened { manifest: manifest.clone(), folder, _stage: None });
    };
    let identities = tools.encryption.identities(&manifest.name, &encrypted.recipients)?;
    tell(Step::Begun("decrypt"));
    let (closed, stop, of) = (manifest.clone(), tools.stop.clone(), manifest.bytes());
    super::check::blocking("decrypt", of, tell, move |done| {
        let opening = Opening { folder: &folder, identities: &identities, stop: &stop, done };
        opening.run(&store, &closed)
    })
    .await
}

struct Opening<'a> {
    folder: &'a Path,
    identities: &'a Identities,
    stop: &'a Stop,
    done: &'a AtomicU64,
}

impl Opening<'_> {
    fn run(&self, store: &Store, closed: &Manifest) -> Result<Opened> {
        let mut text = Vec::new();
        self.decrypt(CONTENTS, &mut text, CONTENTS_BYTES_MAX)?;
        let contents: Contents = serde_json::from_slice(&text)
            .map_err(|e| undecryptable(CONTENTS, &format!("line {} is not known", e.line())))?;
        let manifest = contents.give(closed)?;
        store.require_room(manifest.bytes(), "decrypting the backup needs")?;
        let stage = store.begin_stage()?;
        for file in &manifest.files {
            let stored = format!("{}{SUFFIX}", file.path);
            let to = stage.folder().join(&file.path);
            let output = to.parent().map_or(Ok(()), make).and_then(|()| create(&to));
            let mut output = Hashing::new(output.map_err(|e| not_written(&e))?);
            self.decrypt(&stored, &mut output, file.bytes)?;
            if output.hashed() != hashed_of(file) {
                return Err(undecryptable(&stored, "it holds another file"));
            }
        }
        Ok(Opened { folder: stage.folder().to_owned(), manifest, _stage: Some(stage) })
    }

    /// Decrypts a stored file of at most so many bytes.
    fn decrypt(&self, stored: &str, output: &mut dyn Write, bytes_max: u64) -> Result<()> {
        let damaged = |e: io::Error| undecryptable(stored, &e.to_string());
        let file = content::open_plain(&self.folder.join(stored)).map_err(damaged)?;
        self.done.fetch_add(file.metadata().map_or(0, |about| about.len()), Ordering::Relaxed);
        let plain = self.identities.decrypt(file).map_err(damaged)?;
        // One byte more shows that there are more.
        pass(
            &mut plain.take(bytes_max.saturating_add(1)),
            output,
            self.stop,
            "decrypting",
            &damaged,
        )
    }
}

fn undecryptable(stored: &str, why: &str) -> Error {
    Error::new(Code::BackupDamaged, format!("`{stored}` cannot be decrypted"))
        .caused_by(why)
        .hint("do not restore from it; the others: underpin backup list")
}

/// Encrypts a backup under way: each of its manifest's files is replaced by an encrypted one. Gives the
/// manifest of what is there then, and words for the evidence.
///
/// # Errors
/// UP-6003, UP-6005 when what was written does not read back, UP-6012, UP-6021, UP-4005.
pub(super) async fn encrypt(
    tools: &Tools,
    folder: &Path,
    recipients: &[String],
    manifest: Manifest,
    tell: Tell<'_>,
) -> Result<(Manifest, String)> {
    tell(Step::Begun("encrypt"));
    let parsed = Recipients::parse(recipients)?;
    let identities = tools.encryption.identities(&manifest.name, recipients).ok();
    if let (None, Identity::Here(_)) = (&identities, &tools.encryption.identity) {
        let words =
            "the configured identity is none of the recipients: it will not open this backup";
        tell(Step::Caution(words.to_owned()));
    }
    let store = Store::new(tools.folder.clone(), tools.key.clone());
    let (folder, recipients) = (folder.to_owned(), recipients.to_vec());
    let (stop, of) = (tools.stop.clone(), manifest.bytes());
    super::check::blocking("encrypt", of, tell, move |done| {
        let largest = manifest.files.iter().map(|file| file.bytes).max().unwrap_or(0);
        store.require_room(largest, "encrypting the backup needs")?;
        let closing = Closing { folder, recipients: parsed, identities, stop };
        closing.run(manifest, recipients, done)
    })
    .await
}

struct Closing {
    folder: PathBuf,
    recipients: Recipients,
    /// Where they are here, what was encrypted is decrypted again.
    identities: Option<Identities>,
    stop: Stop,
}

impl Closing {
    fn run(
        &self,
        mut manifest: Manifest,
        recipients: Vec<String>,
        done: &AtomicU64,
    ) -> Result<(Manifest, String)> {
        let mut files = Vec::new();
        for file in &manifest.files {
            let plain = self.folder.join(&file.path);
            let input = content::open_plain(&plain).map_err(|e| not_written(&e))?;
            files.push(self.encrypt(&format!("{}{SUFFIX}", file.path), input, file)?);
            std::fs::remove_file(&plain).map_err(|e| not_written(&e))?;
            done.fetch_add(file.bytes, Ordering::Relaxed);
        }
        let text = serde_json::to_vec(&Contents::take(&mut manifest)).map_err(|e| {
            Error::new(Code::Internal, "the contents could not be serialised").caused_by(e)
        })?;
        let mut hashing = Hashing::new(io::sink());
        hashing.write_all(&text).map_err(|e| not_written(&e))?;
        let Hashed { bytes, sha256 } = hashing.hashed();
        let entry = FileEntry { path: CONTENTS.to_owned(), bytes, sha256 };
        files.push(self.encrypt(CONTENTS, text.as_slice(), &entry)?);
        self.refuse_plain()?;
        let how = match &self.identities {
            Some(_) => "decrypted again and equal",
            None => "read back as they were written",
        };
        let words = format!("; then encrypted, {} files {how}", files.len());
        Ok((Manifest { encryption: Some(Encrypted { recipients, files }), ..manifest }, words))
    }

    /// What nobody thought of must not stay readable.
    fn refuse_plain(&self) -> Result<()> {
        let all = files::files(&self.folder).map_err(|e| not_written(&e))?;
        match all.iter().find(|path| path.extension().is_none_or(|extension| extension != "age")) {
            Some(path) => {
                let words = format!("`{}` was left unencrypted", path.display());
                Err(Error::new(Code::Internal, words))
            }
            None => Ok(()),
        }
    }

    /// Writes one encrypted file and reads it back.
    fn encrypt(&self, stored: &str, mut input: impl Read, plain: &FileEntry) -> Result<FileEntry> {
        let path = self.folder.join(stored);
        let failed = |e: io::Error| not_written(&e);
        let mut output = Hashing::new(create(&path).map_err(failed)?);
        let mut writer = self.recipients.encrypt(&mut output).map_err(failed)?;
        pass(&mut input, &mut writer, &self.stop, "encrypting", &failed)?;
        writer.finish().map_err(failed)?;
        let written = output.hashed();
        let changed = |why: &str| {
            let words = format!("`{stored}` does not read back as it was written");
            Error::new(Code::BackupDamaged, words).caused_by(why).hint("run the same command again")
        };
        let found = content::hash_file(&path).map_err(|e| changed(&e.to_string()))?;
        if found != written {
            return Err(changed("other bytes"));
        }
        if let Some(identities) = &self.identities {
            let reader = content::open_plain(&path).and_then(|file| identities.decrypt(file));
            let mut hashing = Hashing::new(io::sink());
            let damaged = |e: io::Error| changed(&e.to_string());
            pass(&mut reader.map_err(damaged)?, &mut hashing, &self.stop, "encrypting", &damaged)?;
            if hashing.hashed() != hashed_of(plain) {
                return Err(changed("it decrypts to another file"));
            }
        }
        Ok(FileEntry { path: stored.to_owned(), bytes: written.bytes, sha256: written.sha256 })
    }
}

fn hashed_of(file: &FileEntry) -> Hashed {
    Hashed { bytes: file.bytes, sha256: file.sha256.clone() }
}

/// A folder for us alone, and those above it.
fn make(folder: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().mode(0o700).recursive(true).create(folder)
}

/// A new file for us alone.
fn create(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

/// Everything from one to the other, unless it is stopped. `unread` says what an error of reading is.
fn pass(
    from: &mut dyn Read,
    to: &mut dyn Write,
    stop: &Stop,
    doing: &str,
    unread: &dyn Fn(io::Error) -> Error,
) -> Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        if stop.is_requested() {
            return Err(interrupted(doing));
        }
        match from.read(&mut buffer).map_err(unread)? {
            0 => return Ok(()),
            read => to.write_all(&buffer[..read]).map_err(|e| not_written(&e))?,
        }
    }
}

/// Counts and hashes what is written.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

impl<W> Hashing<W> {
    fn new(inner: W) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    fn hashed(self) -> Hashed {
        Hashed { bytes: self.bytes, sha256: hex(&self.hash.finalize()) }
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
