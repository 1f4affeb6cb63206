//! A store that fails in the midst of a transfer.

use std::time::{Duration, Instant};

use underpin_core::Code;
use underpin_core::execute::Stop;
use underpin_testkit::bucket::ObjectStore;
use underpin_testkit::http_proxy::{Fault, HttpProxy, Rule};

use super::{Bench, contents, is_silent};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_store_refuses_leaves_no_backup_there_and_the_one_here() {
    let Some(bench) = Bench::new(ObjectStore::s3().await).await else { return };
    let proxy = HttpProxy::before(bench.store.address()).await.unwrap();
    let remote = bench.through(proxy.address());
    let before = contents(&bench.here());
    for (rule, cause) in [
        (Rule::all("", "", Fault::Answer(403)), Code::StoreRefused),
        (Rule::all("PUT", "toc.dat", Fault::Answer(403)), Code::StoreRefused),
        (Rule::all("PUT", "manifest.json", Fault::Answer(403)), Code::StoreRefused),
        (Rule::all("PUT", "toc.dat", Fault::Answer(503)), Code::StoreUnreachable),
        (Rule::all("PUT", "manifest.json", Fault::Answer(500)), Code::StoreUnreachable),
        (Rule::all("GET", "list-type", Fault::Answer(500)), Code::StoreUnreachable),
        (Rule::all("PUT", "catalog.json", Fault::Cut), Code::StoreUnreachable),
    ] {
        proxy.heal();
        for key in bench.store.keys().await.unwrap() {
            bench.store.request("DELETE", &key, b"").await.unwrap();
        }
        proxy.add(rule.clone());
        let error = bench.copy(&remote).await.unwrap_err();
        assert_eq!(error.code(), Code::NotCopied, "{rule:?}: {error:?}");
        assert!(error.causes()[0].starts_with(cause.id()), "{rule:?}: {:?}", error.causes());
        assert_eq!(error.hints()[0], format!("underpin backup copy {}", bench.name));
        is_silent(&error);
        assert!(bench.names().await.is_empty(), "{rule:?}");
        assert_eq!(contents(&bench.here()), before);
    }
    // What arrived before is not sent again.
    proxy.heal();
    let copied = bench.copy(&remote).await.unwrap();
    assert!(copied.kept > 0, "{copied:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_recovers_is_waited_for() {
    let Some(bench) = Bench::new(ObjectStore::s3().await).await else { return };
    let proxy = HttpProxy::before(bench.store.address()).await.unwrap();
    let remote = bench.through(proxy.address());
    let delay = Fault::Delay(Duration::from_millis(500));
    for fault in [Fault::Answer(500), Fault::Answer(503), Fault::Cut, Fault::LoseAnswer, delay] {
        proxy.add(Rule::first(2, "PUT", "toc.dat", fault));
        proxy.add(Rule::first(1, "GET", "list-type", fault));
        bench.copy(&remote).await.unwrap_or_else(|e| panic!("{fault:?}: {e:?}"));
        proxy.heal();
        bench.remote().remove(&bench.name).await.unwrap();
    }
    bench.copy(&remote).await.unwrap();
    let before = contents(&bench.here());
    for fault in [Fault::Answer(500), Fault::Cut, Fault::CutAnswer(100), Fault::Hang, delay] {
        bench.lose();
        proxy.add(Rule::first(1, "GET", "toc.dat", fault));
        bench.fetch(&remote).await.unwrap_or_else(|e| panic!("{fault:?}: {e:?}"));
        assert_eq!(contents(&bench.here()), before);
    }
}

/// The write of the manifest took place and was not answered: that is looked up.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_is_no_failure() {
    let Some(bench) = Bench::new(ObjectStore::s3().await).await else { return };
    let proxy = HttpProxy::before(bench.store.address()).await.unwrap();
    proxy.add(Rule::all("PUT", "manifest.json", Fault::LoseAnswer));
    bench.copy(&bench.through(proxy.address())).await.unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(bench.names().await, [bench.name.as_str()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_reached_is_said_to_be() {
    let Some(bench) = Bench::new(ObjectStore::s3().await).await else { return };
    bench.copy(&bench.remote()).await.unwrap();
    // Nobody listens there any more.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = bench.through(nobody).list().await.unwrap_err();
    assert_eq!(error.code(), Code::StoreUnreachable, "{error:?}");
    assert!(error.causes()[0].contains("connection refused"), "{error:?}");
    is_silent(&error);
    // One that takes connections, and never answers: bounded, and so is the wait.
    let proxy = HttpProxy::before(bench.store.address()).await.unwrap();
    proxy.add(Rule::all("", "", Fault::Hang));
    let begun = Instant::now();
    let error = bench.through(proxy.address()).list().await.unwrap_err();
    assert_eq!(error.code(), Code::StoreUnreachable, "{error:?}");
    assert!(error.causes()[0].contains("no answer in time"), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(100));
    // A bucket that is not there is no empty one.
    let url = "s3://no-such-bucket/p".parse().unwrap();
    let variables = bench.store.variables(bench.store.address());
    let other = underpin_core::backup::remote::Remote::open(&url, &variables, None).unwrap();
    for error in [other.list().await.unwrap_err(), other.read(&bench.name).await.unwrap_err()] {
        assert_eq!(error.code(), Code::StoreRefused, "{error:?}");
        assert!(error.message().contains("no bucket"), "{error:?}");
    }
}

/// A fetch that fails leaves nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_that_fails_leaves_nothing() {
    let Some(bench) = Bench::new(ObjectStore::s3().await).await else { return };
    bench.copy(&bench.remote()).await.unwrap();
    bench.lose();
    let proxy = HttpProxy::before(bench.store.address()).await.unwrap();
    let remote = bench.through(proxy.address());
    for fault in [Fault::CutAnswer(10), Fault::Answer(403), Fault::Answer(500), Fault::Cut] {
        proxy.heal();
        proxy.add(Rule::all("GET", "toc.dat", fault));
        let error = bench.fetch(&remote).await.unwrap_err();
        assert!(
            matches!(error.code(), Code::StoreUnreachable | Code::StoreRefused),
            "{fault:?}: {error:?}"
        );
        is_silent(&error);
        assert_eq!(bench.stage.entries(), [] as [String; 0], "{fault:?}");
    }
}

/// A large file goes in parts, which are forgotten when the copy ends early.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_goes_in_parts() {
    let Some(mut bench) = Bench::new(ObjectStore::s3().await).await else { return };
    let noise = "CREATE TABLE noise AS SELECT string_agg(md5(random()::text || i), '') AS t \
        FROM generate_series(1, 1100000) i GROUP BY i / 1000";
    bench.stage.database.run(noise).await;
    let (name, manifest) = bench.stage.create().await.unwrap();
    let largest = manifest.files.iter().map(|file| file.bytes).max().unwrap();
    assert!(largest > 16 << 20, "{largest}");
    bench.name = name;
    let proxy = HttpProxy::before(bench.store.address()).await.unwrap();
    let remote = bench.through(proxy.address());

    proxy.add(Rule::all("PUT", "partNumber=2", Fault::Answer(403)));
    assert_eq!(bench.copy(&remote).await.unwrap_err().code(), Code::NotCopied);
    assert!(bench.store.begun_uploads().await.unwrap().is_empty());
    assert!(bench.names().await.is_empty());

    proxy.heal();
    proxy.add(Rule::all("PUT", "partNumber=2", Fault::Hang));
    let (sender, stop) = Stop::channel();
    bench.stage.tools.stop = stop;
    let ask = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(700)).await;
        sender.send_replace(true);
        sender
    });
    let error = bench.copy(&remote).await.unwrap_err();
    assert_eq!(error.code(), Code::Interrupted, "{error:?}");
    assert_eq!(error.hints().last().unwrap(), &format!("underpin backup copy {}", bench.name));
    let _sender = ask.await.unwrap();
    assert!(bench.store.begun_uploads().await.unwrap().is_empty());
    assert!(bench.names().await.is_empty());

    bench.stage.tools.stop = Stop::default();
    proxy.heal();
    let _before = proxy.take_requests();
    bench.copy(&remote).await.unwrap_or_else(|e| panic!("{e:?}"));
    let parts = proxy.take_requests();
    let parts = parts.iter().filter(|r| r.starts_with("PUT") && r.contains("partNumber")).count();
    assert_eq!(parts as u64, largest.div_ceil(8 << 20));
    let before = contents(&bench.here());
    bench.lose();
    bench.fetch(&remote).await.unwrap();
    assert_eq!(contents(&bench.here()), before);
}
