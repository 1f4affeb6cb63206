//! `copy_to` of `[backup]`: an object store, as a URL.
//!
//! Invariants: it holds no credentials, so that it may be printed; a URL with any is refused without
//! being shown. The rest is plain characters, so that a key below it needs no escapes.

use std::fmt;
use std::str::FromStr;

/// Bytes of a prefix; keys have at most 1024 on S3, of which a backup's own part needs up to 700.
const PREFIX_BYTES_MAX: usize = 300;

/// Whose object store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    /// Amazon S3, and what speaks its protocol.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azure,
}

/// `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct StoreUrl {
    /// Whose.
    pub cloud: Cloud,
    /// The bucket, which Azure calls container.
    pub bucket: String,
    /// What all keys begin with; empty, or without a slash at either end.
    pub prefix: String,
}

impl TryFrom<String> for StoreUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for StoreUrl {
    type Err = String;

    /// The error says what is wrong, and shows nothing of the URL.
    fn from_str(text: &str) -> Result<Self, String> {
        let forms = "`copy_to` begins with `s3:`, `gs:` or `az:`, two slashes and a bucket";
        let (scheme, rest) = text.split_once("://").ok_or(forms)?;
        let cloud = match scheme {
            "s3" => Cloud::S3,
            "gs" => Cloud::Gcs,
            "az" => Cloud::Azure,
            _ => return Err(forms.to_owned()),
        };
        if rest.contains(['@', '?', '#']) {
            let words = "`copy_to` holds more than a bucket and a prefix: credentials and endpoints \
                come from the variables of the cloud (AWS_…, GOOGLE_…, AZURE_…)";
            return Err(words.to_owned());
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        if !is_bucket(bucket) {
            return Err(
                "`copy_to` names no bucket that can be: 3 to 63 letters, digits, `.`, `-` or `_`, \
                beginning with a letter or digit"
                    .to_owned(),
            );
        }
        if !prefix.is_empty() && !prefix.split('/').all(is_segment) {
            return Err(
                "the prefix of `copy_to` is made of letters, digits, `.`, `-`, `_` and `=`, \
                with single slashes between"
                    .to_owned(),
            );
        }
        if prefix.len() > PREFIX_BYTES_MAX {
            return Err(format!("the prefix of `copy_to` has more than {PREFIX_BYTES_MAX} bytes"));
        }
        Ok(Self { cloud, bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.cloud {
            Cloud::S3 => "s3",
            Cloud::Gcs => "gs",
            Cloud::Azure => "az",
        };
        write!(f, "{scheme}://{}", self.bucket)?;
        if self.prefix.is_empty() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

fn is_bucket(text: &str) -> bool {
    (3..=63).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
}

fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_=".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_is_shown() {
        for text in ["s3://shop-backups", "gs://shop.backups/prod", "az://backups/a=1/b_2/c.d"] {
            assert_eq!(text.parse::<StoreUrl>().unwrap().to_string(), text);
        }
        let url: StoreUrl = "s3://bucket/prod/".parse().unwrap();
        assert_eq!((url.cloud, url.prefix.as_str()), (Cloud::S3, "prod"));
    }

    #[test]
    fn what_could_hold_a_secret_or_lead_elsewhere_is_refused_and_not_shown() {
        for text in [
            "",
            "bucket",
            "file:///hunter2",
            "https://hunter2.s3.amazonaws.com",
            "S3://bucket",
            "s3://key:hunter2@bucket/prefix",
            "s3://key%3Ahunter2%40bucket",
            "az://container/prefix?sig=hunter2",
            "s3://bucket/p#hunter2",
            "s3://bucket:9000/hunter2",
            "s3:///hunter2",
            "s3://ab",
            "s3://bucket//hunter2",
            "s3://bucket/../hunter2",
            "s3://bucket/./hunter2",
            "s3://bucket/%2e%2e/hunter2",
            "s3://bucket/hunter2\nb",
            "s3://../hunter2",
        ] {
            let words = text.parse::<StoreUrl>().unwrap_err();
            assert!(!words.contains("hunter2"), "{text}: {words}");
        }
        let long = format!("s3://bucket/{}", "p".repeat(301));
        assert!(long.parse::<StoreUrl>().is_err());
    }
}
