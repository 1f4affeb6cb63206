//! Large objects are compared to the byte, with their owners and rights.

use underpin_core::Code;
use underpin_core::backup::{self, Level, Replacing};

use super::{Stage, clients};

/// Empty, small, with a hole, larger than what is read at once, exactly that large; with a right and
/// a comment.
const OBJECTS: &str = "SELECT lo_from_bytea(70001, ''), lo_from_bytea(70002, 'small'), lo_create(70003), \
    lo_from_bytea(70004, decode(repeat('00ff17', 800000), 'hex')), \
    lo_from_bytea(70005, decode(repeat('ab', 65536), 'hex')), \
    lo_from_bytea(70006, decode(repeat('cd', 1048576), 'hex')); \
    SELECT lo_put(70003, 100000, 'behind a hole'); \
    GRANT SELECT ON LARGE OBJECT 70002 TO pg_monitor; COMMENT ON LARGE OBJECT 70001 IS 'nothing in it'";

#[tokio::test(flavor = "multi_thread")]
async fn large_objects_reach_level_5_and_come_back() {
    for major in underpin_testkit::majors() {
        let server = underpin_testkit::server(major).await;
        for client in (major..=18).filter(|client| clients(*client).is_some()) {
            let stage = Stage::new(&server, client).await;
            stage.database.run(OBJECTS).await;
            let (name, manifest) = stage.create().await.unwrap();
            assert_eq!(manifest.large_objects, 6);
            let kept = manifest.large_object_contents.clone().unwrap();
            assert_eq!(kept.bytes, 5 + 100_013 + 2_400_000 + 65_536 + 1_048_576);
            let proven = stage.check(&name, Level::Equal).await.unwrap_or_else(|e| {
                panic!("{major} {client}: {e}: {:?} {:?}", e.causes(), e.detail_lines())
            });
            assert_eq!(proven.level(), Some(Level::Equal), "{:?}", proven.proofs);
            assert!(proven.proofs.last().unwrap().unchecked.is_empty());
            // A byte, a right and an object that the manifest knows otherwise are found, in the dump
            // and in the copy.
            let mut forged = proven.clone();
            let contents = forged.large_object_contents.as_mut().unwrap();
            contents
                .contents
                .replace_range(..1, if kept.contents.starts_with('0') { "1" } else { "0" });
            stage.store().update(&name, &forged).unwrap();
            let error = stage.check(&name, Level::Decodable).await.unwrap_err();
            assert_eq!(error.code(), Code::BackupDamaged);
            let error = stage.check(&name, Level::Equal).await.unwrap_err();
            assert_eq!(error.code(), Code::RestoreFailed);
            assert_eq!(error.detail_lines(), ["large objects: other contents"]);
            let mut forged = proven.clone();
            forged.large_object_contents.as_mut().unwrap().rights = "0".repeat(32);
            stage.store().update(&name, &forged).unwrap();
            let error = stage.check(&name, Level::Equal).await.unwrap_err();
            assert_eq!(error.detail_lines(), ["large objects: other owners, rights or comments"]);
            stage.store().update(&name, &proven).unwrap();
            // The way back.
            stage.database.run("SELECT lo_unlink(70002), lo_put(70004, 5, 'changed')").await;
            let meant = Replacing { allow_replace: true, ..Replacing::default() };
            let mut tell = |_| {};
            let save = async |_: backup::Tell<'_>| Ok(());
            let back = backup::restore(&stage.target, &stage.tools, &name, &meant, save, &mut tell);
            back.await.unwrap_or_else(|e| panic!("{e}: {:?}", e.detail_lines()));
            let session = stage.target.connect().await.unwrap();
            let sql = "SELECT md5(lo_get(70004)) || convert_from(lo_get(70002), 'UTF8')";
            let found = session.value(sql).await.unwrap().unwrap();
            let expected = "SELECT md5(decode(repeat('00ff17', 800000), 'hex')) || 'small'";
            assert_eq!(Some(found), session.value(expected).await.unwrap());
        }
    }
}
