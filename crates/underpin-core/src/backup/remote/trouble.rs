//! What a store's error means, in words of ours: its own may hold keys, signatures or tokens.

use std::error::Error as _;

use futures_util::StreamExt as _;
use object_store::ObjectStore;
use object_store::client::{HttpError, HttpErrorKind};
use object_store::path::Path;

use crate::config::{Cloud, StoreUrl};
use crate::error::{Code, Error};

/// An error of a request.
pub(super) fn told(url: &StoreUrl, doing: &str, error: &object_store::Error) -> Error {
    let status = status(error);
    let answer = status.map(|status| match name_of(&error.to_string()) {
        Some(name) => format!("it answers {status} {name}"),
        None => format!("it answers {status}"),
    });
    let (code, why) = match (error, status, transport(error)) {
        (object_store::Error::NotFound { .. }, ..) | (_, Some(404), _) => return no_bucket(url),
        (_, Some(408 | 429 | 500..), _) => (Code::StoreUnreachable, answer),
        (_, Some(_), _) => (Code::StoreRefused, answer),
        (_, None, Some(why)) => (Code::StoreUnreachable, Some(why)),
        (object_store::Error::InvalidPath { .. }, ..) => {
            let words = "it holds an object whose name leads elsewhere";
            (Code::StoreRefused, Some(words.to_owned()))
        }
        _ => (Code::StoreRefused, None),
    };
    let words = match code {
        Code::StoreUnreachable => format!("`{url}` cannot be reached: {doing} failed"),
        _ => format!("`{url}` refuses: {doing} failed"),
    };
    let error = Error::new(code, words);
    let error = why.into_iter().fold(error, Error::caused_by);
    if code == Code::StoreRefused { error.hint(credentials(url.cloud)) } else { error }
}

pub(super) fn no_bucket(url: &StoreUrl) -> Error {
    let words = format!("`{url}` refuses: there is no bucket `{}`", url.bucket);
    Error::new(Code::StoreRefused, words)
        .hint("make it, or name another in `copy_to` of [backup] in underpin.toml")
}

/// Whether it is the bucket that is not there: a list of nothing is an answer, of no bucket an error.
pub(super) async fn is_no_bucket(store: &dyn ObjectStore, prefix: &Path) -> bool {
    let first = store.list(Some(prefix)).next().await;
    match first {
        Some(Err(object_store::Error::NotFound { .. })) => true,
        Some(Err(e)) => status(&e) == Some(404),
        _ => false,
    }
}

fn credentials(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::S3 => {
            "credentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, or the machine's identity"
        }
        Cloud::Gcs => "credentials: GOOGLE_APPLICATION_CREDENTIALS, or the machine's identity",
        Cloud::Azure => {
            "credentials: AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY, or the machine's identity"
        }
    }
}

/// The HTTP status that the crate's words end with.
pub(super) fn status(error: &object_store::Error) -> Option<u16> {
    let text = error.to_string();
    let (_, rest) = text.split_once("status code: ")?;
    rest.get(..3)?.parse().ok()
}

/// `AccessDenied`, from the answer's XML.
fn name_of(text: &str) -> Option<&str> {
    let (name, _) = text.split_once("<Code>")?.1.split_once("</Code>")?;
    (name.len() <= 60 && name.chars().all(|c| c.is_ascii_alphanumeric())).then_some(name)
}

/// Why there was no answer. Of an error of the system its own words: they hold no more than its number.
fn transport(error: &object_store::Error) -> Option<String> {
    let mut kind = None;
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>()
            && io.raw_os_error().is_some()
        {
            return Some(io.to_string().to_lowercase());
        }
        kind = cause.downcast_ref::<HttpError>().map(HttpError::kind).or(kind);
        source = cause.source();
    }
    Some(match kind? {
        HttpErrorKind::Connect => "no connection".to_owned(),
        HttpErrorKind::Timeout => "no answer in time".to_owned(),
        _ => "the connection ended before the answer did".to_owned(),
    })
}
