//! Encrypted backups: nothing readable is left, everything works with the identity and is refused without.

use std::path::{Path, PathBuf};

use underpin_core::backup::{self, BackupName, Level, Manifest, Replacing, Request, Step};
use underpin_core::config::{Identity, Recipient, Secret};
use underpin_core::error::Result;
use underpin_core::{Code, Error};

use super::{Stage, files, newest, private};

/// Bits that are flipped, one at a time.
const FLIPS: usize = 96;
/// In a row, in a default, in a comment of a large object, in a setting: none of it may be read.
const MARKER: &str = "hunter2marker";

/// How a frame of zstd begins (RFC 8878, 3.1.1).
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

struct Pair {
    recipient: Recipient,
    identity: Identity,
}

fn pair() -> Pair {
    let identity = age::x25519::Identity::generate();
    let text = age::secrecy::ExposeSecret::expose_secret(&identity.to_string()).to_owned();
    Pair {
        recipient: Recipient::try_from(identity.to_public().to_string()).unwrap(),
        identity: Identity::parse(Secret::new(format!("# of a test\n{text}\n"))).unwrap(),
    }
}

/// A stage that encrypts to `pair`, and has no identity.
async fn stage(pair: &Pair) -> Option<Stage> {
    let (major, client) = newest()?;
    let server = underpin_testkit::server(major).await;
    let mut stage = Stage::new(&server, client).await;
    let sql = format!(
        "CREATE TABLE tiny (yes boolean); INSERT INTO tiny VALUES (true); \
         CREATE TABLE marked (m text DEFAULT '{MARKER}'); INSERT INTO marked VALUES ('{MARKER}'); \
         SELECT lo_from_bytea(0, '{MARKER}'); \
         ALTER DATABASE {} SET application_name = '{MARKER}'",
        stage.database.name
    );
    stage.database.run(&sql).await;
    stage.tools.encryption.recipients = vec![pair.recipient.clone()];
    Some(stage)
}

fn holds(bytes: &[u8], line: &[u8]) -> bool {
    bytes.windows(line.len()).any(|part| part == line)
}

async fn made(stage: &Stage, level: Level) -> Result<(BackupName, Manifest)> {
    let wanted = Request { level, ..super::request() };
    backup::create(&stage.target, &stage.tools, &wanted, &mut |_| {}).await
}

fn words(error: &Error) -> String {
    format!("{error:?} {:?} {:?}", error.causes(), error.detail_lines())
}

/// Proven to level 5 by a machine that cannot read it back; nothing readable is left but what is
/// documented; nothing beyond level 1 goes without the identity, and everything with it.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_identity_reads_an_encrypted_backup() {
    let pair = pair();
    let Some(mut stage) = stage(&pair).await else { return };
    stage.tools.encryption.recipients.clear();
    let (other, plain) = made(&stage, Level::Decodable).await.unwrap();
    stage.tools.encryption.recipients = vec![pair.recipient.clone()];
    let (name, manifest) = made(&stage, Level::Equal).await.unwrap();
    assert_eq!(manifest.level(), Some(Level::Equal), "{:?}", manifest.proofs);
    for proof in &manifest.proofs {
        assert!(proof.evidence.contains("then encrypted"), "{}", proof.evidence);
    }
    let folder = stage.store().folder_of(&name);
    private(&folder);
    let lines = ["SELECT $1 * 2", "PGDMP", "mood", MARKER].map(str::as_bytes);
    let lines = lines.into_iter().chain([&ZSTD[..]]);
    // All of it can be seen where a backup is not encrypted.
    let open: Vec<Vec<u8>> =
        files(&stage.store().folder_of(&other)).iter().map(|p| std::fs::read(p).unwrap()).collect();
    assert!(lines.clone().all(|line| open.iter().any(|bytes| holds(bytes, line))));
    for path in files(&folder) {
        let bytes = std::fs::read(&path).unwrap();
        if path.ends_with("manifest.json") {
            // Of everything that was hashed from rows or plain files, and of where sequences stand: nothing.
            let text = String::from_utf8(bytes.clone()).unwrap();
            let digests = plain.tables.iter().map(|table| &table.digest);
            let hashes = plain.files.iter().map(|file| &file.sha256);
            let own = [&plain.large_object_contents.as_ref().unwrap().contents];
            for secret in digests.chain(hashes).chain(own).filter(|hash| !is_of_nothing(hash)) {
                assert!(!text.contains(secret.as_str()), "{secret}");
            }
            assert!(manifest.sequences.is_empty() && manifest.files.is_empty());
            assert!(!text.contains(MARKER));
            continue;
        }
        assert_eq!(path.extension().unwrap(), "age", "{}", path.display());
        assert!(bytes.starts_with(b"age-encryption.org/v1\n"));
        for line in lines.clone() {
            assert!(!holds(&bytes, line), "{line:?} in {}", path.display());
        }
    }

    // Without the identity.
    stage.check(&name, Level::Intact).await.unwrap();
    let mut wrong = stage.tools.clone();
    wrong.encryption.identity = self::pair().identity;
    for (tools, why) in [
        (stage.tools.clone(), "no identity is configured"),
        (wrong, "the configured identity is none of its recipients"),
    ] {
        for level in [Level::Complete, Level::Decodable, Level::Restored, Level::Equal] {
            let error = backup::check(&tools, &name, level, &mut |_| {}).await.unwrap_err();
            assert_eq!(error.code(), Code::BackupLocked);
            assert!(error.message().contains(why), "{error}");
            let next = format!("underpin backup check {name} --level 1");
            assert!(error.hints().iter().any(|hint| hint.contains(&next)), "{error:?}");
        }
        let error = restore(&stage, &tools, &name).await.unwrap_err();
        assert_eq!(error.code(), Code::BackupLocked);
        let error = backup::archive(&tools, &name, &mut |_| {}).await.unwrap_err();
        assert_eq!(error.code(), Code::BackupLocked);
        let Err(error) = backup::restored_copy(&tools, &name, &[], &mut |_| {}).await else {
            panic!("it was restored without its identity");
        };
        assert_eq!(error.code(), Code::BackupLocked);
    }
    assert_eq!(stage.store().read(&name).unwrap().level(), Some(Level::Equal));

    // With it.
    stage.tools.encryption.identity = pair.identity;
    let before = stage.entries();
    for level in [Level::Intact, Level::Decodable, Level::Equal] {
        let proven = stage.check(&name, level).await.unwrap_or_else(|e| panic!("{}", words(&e)));
        let proof = proven.proofs.last().unwrap();
        assert_eq!(proof.level, level, "{proof:?}");
        assert_eq!(proof.evidence.contains("decrypted"), level > Level::Intact, "{proof:?}");
        // Kept closed, however it was proven.
        assert!(proven.files.is_empty() && proven.tables.iter().all(|t| t.digest.is_empty()));
    }
    assert_eq!(stage.entries(), before);
    let copy = backup::restored_copy(&stage.tools, &name, &[], &mut |_| {}).await.unwrap();
    let session = copy.settings.connect().await.unwrap();
    let rows = session.value("SELECT count(*) FROM users").await.unwrap();
    assert_eq!(rows.as_deref(), Some("3000"));
    drop((session, copy));
    stage.database.run("UPDATE marked SET m = 'gone'; DROP TABLE orders").await;
    let swapped = restore(&stage, &stage.tools, &name).await.unwrap();
    assert!(swapped.kept_as.is_some());
    let session = stage.target.connect().await.unwrap();
    assert_eq!(session.value("SELECT m FROM marked").await.unwrap().as_deref(), Some(MARKER));
    assert!(stage.entries().iter().all(|entry| !entry.starts_with('.')), "{:?}", stage.entries());
}

/// A sum of no rows, or the hash of no bytes.
fn is_of_nothing(hash: &str) -> bool {
    hash.chars().all(|c| c == '0') || hash.starts_with("e3b0c44298fc1c149afb")
}

async fn restore(
    stage: &Stage,
    tools: &backup::Tools,
    name: &BackupName,
) -> Result<backup::Swapped> {
    let how = Replacing { confirmed: Some(stage.database.name.clone()), ..Replacing::default() };
    let save = async |tell: backup::Tell<'_>| {
        backup::create(&stage.target, tools, &super::request(), tell).await.map(drop)
    };
    backup::restore(&stage.target, tools, name, &how, save, &mut |_| {}).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_flipped_cut_or_swapped_is_found() {
    let pair = pair();
    let Some(mut stage) = stage(&pair).await else { return };
    let (name, _) = made(&stage, Level::Decodable).await.unwrap();
    let folder = stage.store().folder_of(&name);
    let path = folder.join("manifest.json");
    let whole = std::fs::read(&path).unwrap();
    let all = files(&folder);
    let encrypted: Vec<&PathBuf> =
        all.iter().filter(|path| !path.ends_with("manifest.json")).collect();
    let found = async |stage: &Stage, level: Level, what: String| {
        let error = stage.check(&name, level).await.map(drop).unwrap_err();
        assert_eq!(error.code(), Code::BackupDamaged, "{what}: {}", words(&error));
        std::fs::write(&path, &whole).unwrap();
        assert!(stage.entries().iter().all(|entry| !entry.starts_with('.')), "{what}");
    };
    // Without the identity, by the hashes of what is stored.
    for number in 0..FLIPS {
        let file = encrypted[number % encrypted.len()];
        let good = std::fs::read(file).unwrap();
        let turns = FLIPS.div_ceil(encrypted.len());
        let place = (good.len() - 1) * (number / encrypted.len()) / (turns - 1).max(1);
        let mut bad = good.clone();
        bad[place] ^= 1 << (number % 8);
        std::fs::write(file, &bad).unwrap();
        found(&stage, Level::Intact, format!("{} at {place}", file.display())).await;
        std::fs::write(file, &good[..place]).unwrap();
        found(&stage, Level::Intact, format!("{} cut to {place}", file.display())).await;
        std::fs::write(file, &good).unwrap();
    }
    // By somebody who can write the manifest too, so that every hash of what is stored fits.
    stage.tools.encryption.identity = pair.identity.clone();
    let forge = |change: &dyn Fn(&mut Manifest)| {
        let mut manifest = stage.store().read(&name).unwrap();
        change(&mut manifest);
        for file in &mut manifest.encryption.as_mut().unwrap().files {
            let hashed = backup::content::hash_file(&folder.join(&file.path)).unwrap();
            (file.bytes, file.sha256) = (hashed.bytes, hashed.sha256);
        }
        std::fs::write(&path, manifest.to_bytes(None).unwrap()).unwrap();
    };
    for file in &encrypted {
        let good = std::fs::read(file).unwrap();
        for place in [0, 30, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[place] ^= 4;
            std::fs::write(file, &bad).unwrap();
            forge(&|_| {});
            found(&stage, Level::Decodable, format!("{} at {place}", file.display())).await;
        }
        std::fs::write(file, &good).unwrap();
    }
    // Each is authentic, and lies where another belongs; and so does a list of another backup.
    let (a, b) = (folder.join("catalog.json.age"), folder.join("database.json.age"));
    let swap = || {
        std::fs::rename(&a, folder.join("x")).unwrap();
        std::fs::rename(&b, &a).unwrap();
        std::fs::rename(folder.join("x"), &b).unwrap();
    };
    swap();
    found(&stage, Level::Intact, "swapped".to_owned()).await;
    forge(&|_| {});
    found(&stage, Level::Decodable, "swapped and forged".to_owned()).await;
    swap();
    let (other, _) = made(&stage, Level::Decodable).await.unwrap();
    let contents = "contents.json.age";
    let good = std::fs::read(folder.join(contents)).unwrap();
    std::fs::copy(stage.store().folder_of(&other).join(contents), folder.join(contents)).unwrap();
    forge(&|_| {});
    found(&stage, Level::Decodable, "contents of another".to_owned()).await;
    std::fs::write(folder.join(contents), &good).unwrap();
    forge(&|manifest| manifest.encryption.as_mut().unwrap().files.clear());
    let error = stage.check(&name, Level::Intact).await.unwrap_err();
    assert_eq!(error.code(), Code::BackupDamaged);
    std::fs::write(&path, &whole).unwrap();
    stage.check(&name, Level::Equal).await.unwrap();
}

/// Recompressed with the identity, and as private as before; otherwise it stays, and says why.
#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_backup_is_archived_by_who_can_read_it() {
    use underpin_core::engine::{BackupOptions, Options, backup_list, backup_prune};
    let pair = pair();
    let Some(stage) = stage(&pair).await else { return };
    let (old, manifest) = made(&stage, Level::Decodable).await.unwrap();
    made(&stage, Level::Decodable).await.unwrap();
    let then = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(40 * 24);
    let aged = Manifest { begun_at: then.to_string(), ..manifest.clone() };
    stage.store().update(&old, &aged).unwrap();
    let mut options = Options::new(stage.target.clone(), stage.folder.path().to_owned());
    let mut backups = BackupOptions {
        archive_after_days: 30,
        environment: Some("prod".to_owned()),
        ..BackupOptions::new(stage.tools.folder.clone())
    };
    let mut sink = underpin_core::event::Silent;
    for dry_run in [true, false] {
        options.dry_run = dry_run;
        let report = backup_prune(&options, &backups, &mut sink).await.unwrap();
        let why = report.archived[0].kept_because.as_deref().unwrap();
        assert!(why.contains("no identity is configured"), "{why}");
        assert!(!stage.store().is_archived(&old));
    }
    backups.encryption.identity = pair.identity.clone();
    let report = backup_prune(&options, &backups, &mut sink).await.unwrap();
    assert_eq!(report.archived[0].kept_because, None);
    assert!(stage.store().is_archived(&old));
    let folder = stage.store().folder_of(&old);
    private(&folder);
    for path in files(&folder).iter().filter(|path| !path.ends_with("manifest.json")) {
        assert_eq!(path.extension().unwrap(), "age", "{}", path.display());
    }
    let archived = stage.store().read(&old).unwrap();
    assert_eq!(
        archived.encryption.as_ref().unwrap().recipients,
        manifest.encryption.unwrap().recipients
    );
    let mut tools = stage.tools.clone();
    tools.encryption.identity = pair.identity;
    let proven = backup::check(&tools, &old, Level::Equal, &mut |_| {}).await.unwrap();
    assert_eq!(proven.proofs.last().unwrap().level, Level::Equal);
    let listed = backup_list(&backups, &mut underpin_core::event::Silent).await.unwrap();
    assert!(listed.backups.iter().all(|entry| entry.backup.as_ref().unwrap().encrypted));
}

/// What cannot be proven further is still a backup of level 3, and encrypted; what is bad is known to be.
#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_fails_leaves_an_encrypted_backup() {
    let pair = pair();
    let Some(mut stage) = stage(&pair).await else { return };
    // An identity of somebody else is no obstacle, and is said.
    stage.tools.encryption.identity = self::pair().identity;
    let places = stage.tools.scratch.clone();
    stage.tools.scratch.pg_bin = Some(stage.folder.path().to_owned());
    let mut cautions = Vec::new();
    let wanted = Request { level: Level::Equal, ..super::request() };
    let mut tell = |step| {
        if let Step::Caution(words) = step {
            cautions.push(words);
        }
    };
    let made = backup::create(&stage.target, &stage.tools, &wanted, &mut tell).await;
    assert_eq!(made.unwrap_err().code(), Code::NoScratch);
    assert!(cautions[0].contains("none of the recipients"), "{cautions:?}");
    let (name, manifest) = stage.store().find("last").unwrap();
    assert_eq!(manifest.level(), Some(Level::Decodable));
    assert!(manifest.encryption.is_some());
    // With the right one each file was decrypted again when it was written.
    stage.tools.scratch = places;
    stage.tools.encryption.identity = pair.identity;
    stage.check(&name, Level::Equal).await.unwrap();
    let (_, manifest) = self::made(&stage, Level::Decodable).await.unwrap();
    assert!(manifest.proofs[0].evidence.contains("decrypted again and equal"), "{manifest:?}");
}

/// Before 16 `pg_dump` writes plain files and we compress them; all of it is encrypted as well.
#[tokio::test(flavor = "multi_thread")]
async fn what_we_compressed_is_encrypted_too() {
    let pair = pair();
    for major in underpin_testkit::majors().into_iter().filter(|major| *major < 16) {
        let Some(client) = (major..16).find(|client| super::clients(*client).is_some()) else {
            continue;
        };
        let server = underpin_testkit::server(major).await;
        let mut stage = Stage::new(&server, client).await;
        stage.tools.encryption.recipients = vec![pair.recipient.clone()];
        let (name, _) = made(&stage, Level::Equal).await.unwrap();
        stage.tools.encryption.identity = pair.identity.clone();
        stage.check(&name, Level::Equal).await.unwrap();
        assert_eq!(stage.entries(), [name.as_str()]);
    }
}

/// The files are those of age: its own program reads ours, and we read its; and without Underpin the
/// way back is `age` and `pg_restore`.
#[tokio::test(flavor = "multi_thread")]
async fn the_program_age_reads_our_files_and_we_read_its() {
    let mut pair = pair();
    let Some(mut stage) = stage(&pair).await else { return };
    let identity = stage.folder.path().join("identity.txt");
    let run = |program: &Path, arguments: &[&std::ffi::OsStr]| {
        let output = std::process::Command::new(program).args(arguments).output();
        output.map(|output| {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        })
    };
    let Ok(recipient) = run(Path::new("age-keygen"), &["-o".as_ref(), identity.as_ref()])
        .and_then(|_| run(Path::new("age-keygen"), &["-y".as_ref(), identity.as_ref()]))
    else {
        println!("SKIPPED: there is no age here: apt-get install age");
        return;
    };
    // Two recipients; each alone reads it.
    let recipient = Recipient::try_from(recipient.trim().to_owned()).unwrap();
    stage.tools.encryption.recipients.push(recipient.clone());
    let (name, manifest) = made(&stage, Level::Decodable).await.unwrap();
    let folder = stage.store().folder_of(&name);
    let age = |arguments: &[&std::ffi::OsStr]| run(Path::new("age"), arguments).unwrap();
    let by_hand = stage.folder.path().join("by_hand");
    for file in &manifest.encryption.as_ref().unwrap().files {
        let plain = by_hand.join(file.path.strip_suffix(".age").unwrap());
        std::fs::create_dir_all(plain.parent().unwrap()).unwrap();
        let stored = folder.join(&file.path);
        age(&[
            "-d".as_ref(),
            "-i".as_ref(),
            identity.as_ref(),
            "-o".as_ref(),
            plain.as_ref(),
            stored.as_ref(),
        ]);
        // The other way round: the same, as that program encrypts it.
        std::fs::remove_file(&stored).unwrap();
        age(&[
            "-r".as_ref(),
            recipient.as_str().as_ref(),
            "-o".as_ref(),
            stored.as_ref(),
            plain.as_ref(),
        ]);
    }
    // Byte for byte what was dumped, as the encrypted list of the plain files has it.
    let contents: serde_json::Value =
        serde_json::from_slice(&std::fs::read(by_hand.join("contents.json")).unwrap()).unwrap();
    let listed = contents["files"].as_array().unwrap();
    assert_eq!(listed.len() + 1, files(&by_hand).len());
    for file in listed {
        let path = by_hand.join(file["path"].as_str().unwrap());
        assert_eq!(
            backup::content::hash_file(&path).unwrap().sha256,
            file["sha256"].as_str().unwrap()
        );
    }
    // As the reference says, where pg_restore does not read zstd.
    for path in files(&by_hand).into_iter().filter(|path| path.extension().unwrap() == "zst") {
        let plain = zstd::decode_all(std::fs::File::open(&path).unwrap()).unwrap();
        std::fs::write(path.with_extension(""), plain).unwrap();
        std::fs::remove_file(&path).unwrap();
    }
    stage.database.run("CREATE DATABASE by_hand").await;
    let clients = stage.tools.scratch.places.clients.clone().unwrap();
    let url = stage.database.url.replace(&stage.database.name, "by_hand");
    let dump = by_hand.join("dump");
    run(&clients.join("pg_restore"), &["-d".as_ref(), url.as_ref(), dump.as_ref()]).unwrap();
    let session = underpin_core::postgres::ConnectionSettings::parse(&url).unwrap();
    let session = session.connect().await.unwrap();
    let rows = session.value("SELECT count(*) || m FROM users, marked GROUP BY m").await.unwrap();
    assert_eq!(rows, Some(format!("3000{MARKER}")));
    // What the other program wrote.
    let mut manifest = stage.store().read(&name).unwrap();
    for file in &mut manifest.encryption.as_mut().unwrap().files {
        let hashed = backup::content::hash_file(&folder.join(&file.path)).unwrap();
        (file.bytes, file.sha256) = (hashed.bytes, hashed.sha256);
    }
    stage.store().update(&name, &manifest).unwrap();
    pair.identity =
        Identity::parse(Secret::new(std::fs::read_to_string(&identity).unwrap())).unwrap();
    stage.tools.encryption.identity = pair.identity;
    stage.check(&name, Level::Equal).await.unwrap_or_else(|e| panic!("{}", words(&e)));
}
