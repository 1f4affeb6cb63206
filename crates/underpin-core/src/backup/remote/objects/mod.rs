//! Objects by their keys below the prefix, on whichever cloud: the only place that knows the crate
//! `object_store`.
//!
//! Invariants: a request has a timeout and bounded retries; a file's content is hashed on its way, and
//! an object is completed only when it is the one that was expected.

mod transfer;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path as Key;
use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions,
    PutPayload, RetryConfig, UpdateVersion,
};

use super::{Object, trouble};
use crate::backup::files::ENTRIES_MAX;
use crate::config::{Cloud, StoreUrl};
use crate::error::{Code, Error, Result};

/// For one attempt of one request: at most 8 MiB, so that 280 kB a second are enough. The variables
/// `AWS_TIMEOUT` and so on change it.
const TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Attempts after the first, and from when on there are no more.
const RETRIES_MAX: usize = 4;
const RETRY_TIMEOUT: Duration = Duration::from_secs(100);

#[derive(Debug)]
pub(in crate::backup::remote) struct Objects {
    store: Arc<dyn ObjectStore>,
    url: StoreUrl,
}

/// Of an object that was read, to replace it and no other.
pub(in crate::backup::remote) struct Version(UpdateVersion);

impl Objects {
    pub(in crate::backup::remote) fn open(
        url: &StoreUrl,
        variables: &BTreeMap<String, String>,
    ) -> Result<Self> {
        // reqwest is built without a provider of its own; this one is used everywhere else, too.
        let _is_set_already = rustls::crypto::ring::default_provider().install_default();
        let store = match url.cloud {
            Cloud::S3 => s3(url, variables),
            Cloud::Gcs => gcs(url, variables),
            Cloud::Azure => azure(url, variables),
        };
        let store = store.map_err(|_| {
            let words = format!("`{url}` cannot be used with the variables of its cloud");
            Error::new(Code::StoreRefused, words).hint(match url.cloud {
                Cloud::S3 => "AWS_ACCESS_KEY_ID comes with AWS_SECRET_ACCESS_KEY",
                Cloud::Gcs => "GOOGLE_APPLICATION_CREDENTIALS names the file of a service account",
                Cloud::Azure => {
                    "AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY (base64) or an identity"
                }
            })
        })?;
        Ok(Self { store, url: url.clone() })
    }

    fn key(&self, key: &str) -> Key {
        Key::from_iter([self.url.prefix.as_str(), key].into_iter().flat_map(|part| part.split('/')))
    }

    /// All objects below a key that ends with a slash, or below the prefix.
    pub(in crate::backup::remote) async fn list(
        &self,
        below: &str,
        take: &mut (dyn FnMut(Object) + Send),
    ) -> Result<()> {
        let above = self.key(below.trim_end_matches('/'));
        let mut prefix = self.key("").to_string();
        if !prefix.is_empty() {
            prefix.push('/');
        }
        let mut objects = self.store.list(Some(&above));
        let mut count = 0;
        while let Some(object) = objects.next().await {
            let object = object.map_err(|e| trouble::told(&self.url, "listing it", &e))?;
            count += 1;
            if count > ENTRIES_MAX {
                let words = format!("`{}` holds more than {ENTRIES_MAX} objects", self.url);
                return Err(
                    Error::new(Code::StoreRefused, words).hint("give it a prefix of its own")
                );
            }
            let at = object.last_modified.timestamp();
            if let Some(key) = object.location.as_ref().strip_prefix(&prefix) {
                let modified = jiff::Timestamp::from_second(at).unwrap_or_default();
                take(Object { key: key.to_owned(), bytes: object.size, modified });
            }
        }
        Ok(())
    }

    /// A small object; `None` where there is none.
    pub(in crate::backup::remote) async fn get(
        &self,
        key: &str,
        bytes_max: u64,
    ) -> Result<Option<(Vec<u8>, Version)>> {
        let told = |e: &object_store::Error| trouble::told(&self.url, "reading a manifest", e);
        let found = match self.store.get(&self.key(key)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => {
                // A bucket that is not there is no empty one.
                return if trouble::is_no_bucket(self.store.as_ref(), &self.key("")).await {
                    Err(trouble::no_bucket(&self.url))
                } else {
                    Ok(None)
                };
            }
            Err(e) => return Err(told(&e)),
        };
        if found.meta.size > bytes_max {
            let words = format!("`{}/{key}` has {} bytes", self.url, found.meta.size);
            return Err(Error::new(Code::BackupDamaged, words));
        }
        let version =
            UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
        let bytes = found.bytes().await.map_err(|e| told(&e))?;
        Ok(Some((bytes.to_vec(), Version(version))))
    }

    /// Writes an object where there is none; false where there is.
    pub(in crate::backup::remote) async fn create(
        &self,
        key: &str,
        bytes: Vec<u8>,
    ) -> Result<bool> {
        self.put(key, bytes, PutMode::Create).await
    }

    /// Replaces an object that is still the one that was read; false where it is not.
    pub(in crate::backup::remote) async fn replace(
        &self,
        key: &str,
        bytes: Vec<u8>,
        version: &Version,
    ) -> Result<bool> {
        self.put(key, bytes, PutMode::Update(version.0.clone())).await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, mode: PutMode) -> Result<bool> {
        let options = PutOptions::from(mode);
        match self.store.put_opts(&self.key(key), PutPayload::from(bytes), options).await {
            Ok(_) => Ok(true),
            Err(
                object_store::Error::AlreadyExists { .. }
                | object_store::Error::Precondition { .. },
            ) => Ok(false),
            Err(e) => Err(trouble::told(&self.url, "writing a manifest", &e)),
        }
    }

    /// Removes objects; those that are gone already count as removed.
    pub(in crate::backup::remote) async fn remove(&self, keys: Vec<String>) -> Result<()> {
        let keys: Vec<_> = keys.iter().map(|key| Ok(self.key(key))).collect();
        let mut removed = self.store.delete_stream(futures_util::stream::iter(keys).boxed());
        while let Some(result) = removed.next().await {
            match result {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(e) => return Err(trouble::told(&self.url, "removing objects", &e)),
            }
        }
        Ok(())
    }
}

type Opened = object_store::Result<Arc<dyn ObjectStore>>;

fn s3(url: &StoreUrl, variables: &BTreeMap<String, String>) -> Opened {
    let mut builder = AmazonS3Builder::new().with_client_options(client()).with_retry(retry());
    for (name, value) in of_cloud(variables, &["AWS_"]) {
        if let Ok(key) = name.parse() {
            builder = builder.with_config(key, value);
        }
    }
    let builder = builder.with_conditional_put(S3ConditionalPut::ETagMatch);
    Ok(Arc::new(builder.with_bucket_name(&url.bucket).build()?))
}

fn gcs(url: &StoreUrl, variables: &BTreeMap<String, String>) -> Opened {
    let mut builder =
        GoogleCloudStorageBuilder::new().with_client_options(client()).with_retry(retry());
    for (name, value) in of_cloud(variables, &["GOOGLE_"]) {
        if let Ok(key) = name.parse() {
            builder = builder.with_config(key, value);
        }
    }
    Ok(Arc::new(builder.with_bucket_name(&url.bucket).build()?))
}

fn azure(url: &StoreUrl, variables: &BTreeMap<String, String>) -> Opened {
    let mut builder =
        MicrosoftAzureBuilder::new().with_client_options(client()).with_retry(retry());
    for (name, value) in of_cloud(variables, &["AZURE_", "IDENTITY_ENDPOINT"]) {
        if let Ok(key) = name.parse() {
            builder = builder.with_config(key, value);
        }
    }
    Ok(Arc::new(builder.with_container_name(&url.bucket).build()?))
}

/// The variables of a cloud, by the names that the crate reads.
fn of_cloud<'a>(
    variables: &'a BTreeMap<String, String>,
    prefixes: &'a [&str],
) -> impl Iterator<Item = (String, &'a str)> {
    let ours = variables.iter().filter(move |(name, value)| {
        !value.is_empty() && prefixes.iter().any(|prefix| name.starts_with(prefix))
    });
    ours.map(|(name, value)| (name.to_ascii_lowercase(), value.as_str()))
}

fn client() -> ClientOptions {
    ClientOptions::new().with_timeout(TIMEOUT).with_connect_timeout(CONNECT_TIMEOUT)
}

fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(5),
            base: 2.0,
        },
        max_retries: RETRIES_MAX,
        retry_timeout: RETRY_TIMEOUT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(url: &str, variables: &[(&str, &str)]) -> Result<Objects> {
        let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Objects::open(&url.parse().unwrap(), &variables)
    }

    /// What the crate would print of a store may hold its keys; of an error it may not.
    #[test]
    fn variables_that_cannot_be_used_are_refused_and_not_shown() {
        for (url, variables) in [
            ("s3://bucket", &[("AWS_SECRET_ACCESS_KEY", "hunter2")][..]),
            ("s3://bucket", &[("AWS_TIMEOUT", "hunter2")]),
            ("gs://bucket", &[("GOOGLE_SERVICE_ACCOUNT_KEY", "{\"hunter2\": 1}")]),
            ("az://container", &[("AZURE_STORAGE_ACCOUNT_KEY", "hunter2")]),
            (
                "az://container",
                &[("AZURE_STORAGE_ACCOUNT_NAME", "a"), ("AZURE_STORAGE_ACCOUNT_KEY", "hunter2 %")],
            ),
        ] {
            let error = open(url, variables).unwrap_err();
            assert_eq!(error.code(), Code::StoreRefused, "{url}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn keys_lie_below_the_prefix() {
        let store = open("gs://bucket/a/b", &[]).unwrap();
        assert_eq!(store.key("name/manifest.json").as_ref(), "a/b/name/manifest.json");
        assert_eq!(store.key("").as_ref(), "a/b");
        assert_eq!(open("gs://bucket", &[]).unwrap().key("n/m").as_ref(), "n/m");
    }
}
