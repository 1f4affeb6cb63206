//! Parsing without a server.

use proptest::prelude::*;

use super::tls::{Roots, SslMode};
use super::*;
use crate::error::{Code, Error};

const PASSWORD: &str = "s3cr=t/ÿ?#@: %";
const ENCODED: &str = "s3cr%3Dt%2F%C3%BF%3F%23%40%3A%20%25";

fn parse(url: &str) -> ConnectionSettings {
    ConnectionSettings::parse(url).unwrap_or_else(|e| panic!("{url}: {e}"))
}

fn refused(url: &str) -> Error {
    let error = ConnectionSettings::parse(url).expect_err(url);
    assert_eq!(error.code(), Code::InvalidUrl, "{url}: {error}");
    error
}

fn resolve(url: &str, pairs: &[(&str, &str)]) -> ConnectionSettings {
    let environment = pairs.iter().copied().collect();
    ConnectionSettings::resolve(url, &environment).unwrap_or_else(|e| panic!("{url}: {e}"))
}

fn password(settings: &ConnectionSettings) -> Option<&str> {
    settings.password.as_ref().map(|(text, _)| text.as_str())
}

fn everything(error: &Error) -> String {
    format!("{error} {error:?} {}", serde_json::to_string(error).unwrap())
}

#[test]
fn a_prisma_url_is_read_whole() {
    let url = format!(
        "postgresql://an%20n:{ENCODED}@db.example:6432/sh%2Fop?schema=tenant&connection_limit=3"
    );
    let settings = parse(&url);
    assert_eq!(settings.user(), "an n");
    assert_eq!(password(&settings), Some(PASSWORD));
    assert_eq!(settings.database(), "sh/op");
    assert_eq!(settings.schema(), "tenant");
    assert_eq!(settings.address(), "db.example:6432");
    assert!(settings.warnings().is_empty());
    for text in [format!("{settings:?}"), format!("{:?}", settings.warnings())] {
        assert!(!text.contains(PASSWORD) && !text.contains(ENCODED), "{text}");
    }
}

#[test]
fn defaults_are_those_of_the_contract() {
    let settings = parse("postgres://u@/");
    assert_eq!(settings.address(), "localhost:5432");
    assert_eq!((settings.database(), settings.schema()), ("postgres", "public"));
    assert_eq!(settings.connect_timeout, Some(Duration::from_secs(5)));
    assert_eq!(settings.socket_timeout(), None);
    assert_eq!(settings.application_name, "underpin");
    assert_eq!(settings.tls.mode, SslMode::Prefer);
    assert_eq!(settings.tcp_user_timeout, Some(Duration::from_secs(15)));
    assert_eq!(settings.warnings().len(), 1, "no database is named");
    assert_eq!(parse("postgres://h/d?connect_timeout=0").connect_timeout, None);
    assert_eq!(parse("host=h user=ann").database(), "ann");
}

#[test]
fn hosts_ports_and_sockets() {
    let address = |url: &str| parse(url).address();
    assert_eq!(address("postgres://u@a:1,b,[::1]:3/d"), "a:1,b:5432,[::1]:3");
    assert_eq!(address("postgres://u@a:7/d?host=b"), "b:7");
    assert_eq!(address("postgres://u@a,b/d?port=7"), "a:7,b:7");
    assert_eq!(address("postgres://u@localhost/d?host=/run/x"), "/run/x/.s.PGSQL.5432");
    assert_eq!(address("postgres://%2Frun%2Fx:77/d"), "/run/x/.s.PGSQL.77");
    assert_eq!(address("postgres:///d?hostaddr=127.0.0.1"), "127.0.0.1:5432");
    assert_eq!(address("host=a,b port=1,2"), "a:1,b:2");
    assert_eq!(address("postgres://u@h/d?host=&port="), "h:5432");
    for url in [
        "postgres://u@a,b,c/d?port=1,2",
        "postgres://u@a:0/d",
        "postgres://u@a:65536/d",
        "postgres://u@::1/d",
        "postgres://u@[::1/d",
        "postgres://u@a/d?hostaddr=name",
        "postgres://u@/d?host=%40abstract",
    ] {
        refused(url);
    }
}

#[test]
fn an_unescaped_password_gives_help_and_never_itself() {
    for special in
        ["/", "?", "#", "%", "/1", "?a=b", "%zz", "@/", "@x?y", ":/", "?schema=", "?host="]
    {
        let url = format!("postgres://ann:zyx{special}wvu@db.example:5432/shop?schema=s");
        let error = refused(&url);
        let text = everything(&error);
        assert!(!text.contains("zyx") && !text.contains("wvu"), "{special}: {text}");
        assert!(text.contains("%2F"), "no help for {special}: {text}");
    }
    // What Prisma takes is taken.
    assert_eq!(password(&parse("postgres://ann:a@b:c@db/shop")), Some("a@b:c"));
}

#[test]
fn other_schemes_are_named_and_the_rest_is_not_printed() {
    for (url, word) in [
        ("prisma://accelerate.example/?api_key=zyx", "Accelerate"),
        ("prisma+postgres://localhost:51213/?api_key=zyx", "prisma+postgres"),
        ("mysql://u:zyx@h/d", "only PostgreSQL"),
        ("jdbc:postgresql://h/d?password=zyx", "JDBC"),
        ("u:zyx@h/d", "postgresql://"),
        ("\"postgres://u:zyx@h/d\"", "quotation"),
        ("", "empty"),
    ] {
        let text = everything(&refused(url));
        assert!(text.contains(word) && !text.contains("zyx"), "{url}: {text}");
    }
}

#[test]
fn values_that_do_not_fit_are_refused() {
    for pair in [
        "sslmode=verify_full",
        "sslmode=VERIFY-FULL",
        "sslmode=none",
        "connect_timeout=soon",
        "connect_timeout=-1",
        "socket_timeout=1.5",
        "connection_limit=x",
        "statement_cache_size=x",
        "pgbouncer=yes",
        "channel_binding=maybe",
        "target_session_attrs=master",
        "load_balance_hosts=yes",
        "keepalives=on",
        "sslsni=2",
        "ssl_min_protocol_version=SSLv3",
        "ssl_max_protocol_version=TLSv1.1",
        "sslnegotiation=direct",
        "sslmode=verify-ca",
        "sslmode=require&sslrootcert=system",
        "sslcertmode=require",
        "sslidentity=client.p12",
        "require_auth=scram-sha-256",
        "requirepeer=postgres",
        "gssencmode=require",
        "replication=database",
        "sslcrldir=/x",
        "ssl=yes",
        "options=a%5C",
        "application_name=%00",
    ] {
        let error = refused(&format!("postgres://u:zyx@h/d?{pair}"));
        assert!(!error.hints().is_empty() || pair.contains("%"), "{pair}: {error}");
    }
}

#[test]
fn unknown_parameters_are_warnings() {
    let settings =
        parse("postgres://u@h/d?sslmod=require&%3Cb%3E=1&gssencmode=prefer&krbsrvname=x");
    assert_eq!(
        settings.warnings(),
        [
            "the URL's parameter `sslmod` is not known",
            "the URL's parameter `(a name of other characters)` is not known"
        ]
    );
    refused("host=h sslmod=require");
}

#[test]
fn sslmode_and_sslaccept_never_weaken_each_other() {
    let mode = |query: &str| parse(&format!("postgres://u@h/d?{query}")).tls.mode;
    assert_eq!(mode("sslmode=require"), SslMode::Require);
    assert_eq!(mode("sslmode=verify-full"), SslMode::VerifyFull);
    assert_eq!(mode("sslaccept=strict"), SslMode::VerifyFull);
    assert_eq!(mode("sslaccept=Strict"), SslMode::VerifyFull);
    assert_eq!(mode("sslmode=require&sslaccept=strict"), SslMode::VerifyFull);
    assert_eq!(mode("sslmode=verify-full&sslaccept=accept_invalid_certs"), SslMode::VerifyFull);
    assert_eq!(mode("sslmode=disable&sslaccept=strict"), SslMode::Disable);
    assert_eq!(mode("sslrootcert=system"), SslMode::VerifyFull);
    assert_eq!(mode("ssl=true"), SslMode::Require);
    let url = "postgres://u@h/d?sslaccept=strict";
    assert_eq!(resolve(url, &[("PGSSLMODE", "disable")]).tls.mode, SslMode::VerifyFull);
}

#[test]
fn sslcert_is_the_ca_or_the_client_by_what_stands_beside_it() {
    let roots = |query: &str| parse(&format!("postgres://u@h/d?{query}")).tls.roots;
    assert_eq!(roots("sslcert=ca.pem"), Roots::File("ca.pem".into()));
    assert_eq!(roots("sslcert=ca.pem&sslaccept=strict"), Roots::File("ca.pem".into()));
    assert_eq!(roots("sslcert=c.crt&sslkey=c.key"), Roots::None);
    assert_eq!(roots("sslcert=c.crt&sslkey=c.key&sslrootcert=r"), Roots::File("r".into()));
    refused("postgres://u@h/d?sslcert=c.crt&sslrootcert=r");
    let environment = [("PGSSLCERT", "c.crt")].into_iter().collect();
    assert!(ConnectionSettings::resolve("postgres://u@h/d", &environment).is_err(), "no key");
}

#[test]
fn libpq_strings_are_read() {
    let settings = parse(r"host = 'db' user='a\'b' dbname=x\ y password='' port=6");
    assert_eq!((settings.user(), settings.database()), ("a'b", "x y"));
    assert_eq!(settings.address(), "db:6");
    assert_eq!(password(&settings), None);
    for text in ["host", "host=h password='zyx", "host=h zyx", "=zyx"] {
        assert!(!everything(&refused(text)).contains("zyx"), "{text}");
    }
}

#[test]
fn the_environment_stands_below_the_url() {
    let variables = [
        ("PGHOST", "other"),
        ("PGHOSTADDR", "10.0.0.1"),
        ("PGPORT", "7"),
        ("PGUSER", "bob"),
        ("PGPASSWORD", PASSWORD),
        ("PGDATABASE", "warehouse"),
        ("PGAPPNAME", "ci"),
        ("PGCONNECT_TIMEOUT", "9"),
        ("PGOPTIONS", "-c work_mem=8MB"),
        ("PGSSLMODE", "disable"),
    ];
    let settings = resolve("postgres://ann@db/shop?connect_timeout=2", &variables);
    assert_eq!((settings.user(), settings.database()), ("ann", "shop"));
    assert_eq!(settings.address(), "db:7");
    assert_eq!(settings.endpoints[0].address, None, "PGHOSTADDR does not redirect a named host");
    assert_eq!(settings.connect_timeout, Some(Duration::from_secs(2)));
    assert_eq!(password(&settings), Some(PASSWORD));
    assert_eq!(settings.tls.mode, SslMode::Disable);
    assert_eq!(
        settings.startup_options().as_deref(),
        Some("-c work_mem=8MB -c search_path=\"public\"")
    );
    let bare = resolve("postgres://", &variables);
    assert_eq!((bare.user(), bare.database()), ("bob", "warehouse"));
    assert_eq!(bare.address(), "other:7");
    let environment: Environment = variables.into_iter().collect();
    assert!(!format!("{environment:?}").contains(PASSWORD));
    assert_eq!(resolve("postgres://h/d", &[("USER", "carol")]).user(), "carol");
}

#[test]
fn options_keep_the_users_and_escape_the_schema() {
    let options = |query: &str| parse(&format!("postgres://u@h/d?{query}")).startup_options();
    assert_eq!(
        options("options=-c+lock_timeout%3D5s&schema=my%20s%22ch%5C").as_deref(),
        Some(r#"-c lock_timeout=5s -c search_path="my\ s""ch\\""#)
    );
    assert_eq!(options("pgbouncer=true"), None);
    assert_eq!(options("pgbouncer=true&options=-c%20a%3Db").as_deref(), Some("-c a=b"));
}

#[test]
fn connecting_may_move_between_threads() {
    fn moves<T: Send>(_: &T) {}
    let settings = parse("postgres://u@h/d");
    moves(&settings.connect());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,80}") {
        let _ = ConnectionSettings::parse(&text);
    }

    #[test]
    fn no_url_makes_the_reader_panic(text in "postgres(ql)?://[a-z:@/?&=%#,.\\[\\]0-9+é-]{0,60}") {
        let _ = ConnectionSettings::parse(&text);
    }

    #[test]
    fn no_libpq_string_makes_the_reader_panic(text in "(host|port|user|sslmode)[ ]?=[ a-z='\\\\é]{0,40}") {
        let _ = ConnectionSettings::parse(&text);
    }

    #[test]
    fn an_encoded_password_comes_back_and_is_shown_nowhere(text in "[^\\x00]{1,30}") {
        let encoded =
            percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC);
        let settings = parse(&format!("postgres://ann:{encoded}@h/d"));
        prop_assert_eq!(password(&settings), Some(text.as_str()));
    }

    /// A raw password is taken as it is or refused with help; it is never shown in part.
    #[test]
    fn a_raw_password_is_never_printed(middle in "[:/?#@%&=a]{0,6}") {
        let url = format!("postgres://ann:ZYX{middle}WVU@db.example:5432/shop?schema=public");
        let shown = match ConnectionSettings::parse(&url) {
            Ok(settings) => format!("{settings:?} {:?}", settings.warnings()),
            Err(error) => everything(&error),
        };
        prop_assert!(!shown.contains("ZYX") && !shown.contains("WVU"), "{}", shown);
    }
}
