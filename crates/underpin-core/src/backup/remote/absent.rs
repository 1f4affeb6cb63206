//! In the place of `objects`, in a build without the feature `object-store`: no store can be opened,
//! so that nothing below can be called.

use std::collections::BTreeMap;
use std::path::Path;

use super::{FileEntry, Job, Object};
use crate::config::StoreUrl;
use crate::error::{Code, Error, Result};

#[derive(Debug)]
pub(super) enum Objects {}

pub(super) enum Version {}

impl Objects {
    pub(super) fn open(url: &StoreUrl, _: &BTreeMap<String, String>) -> Result<Self> {
        let words = format!("`copy_to` names `{url}`, and this build knows no object stores");
        Err(Error::new(Code::StoreUnsupported, words)
            .hint("take a released program, or build with: cargo build --features object-store")
            .hint("or remove `copy_to` from [backup] in underpin.toml"))
    }

    pub(super) async fn list(&self, _: &str, _: &mut (dyn FnMut(Object) + Send)) -> Result<()> {
        match *self {}
    }

    pub(super) async fn get(&self, _: &str, _: u64) -> Result<Option<(Vec<u8>, Version)>> {
        match *self {}
    }

    pub(super) async fn create(&self, _: &str, _: Vec<u8>) -> Result<bool> {
        match *self {}
    }

    pub(super) async fn replace(&self, _: &str, _: Vec<u8>, _: &Version) -> Result<bool> {
        match *self {}
    }

    pub(super) async fn remove(&self, _: Vec<String>) -> Result<()> {
        match *self {}
    }

    pub(super) async fn send(&self, _: &str, _: &Path, _: &FileEntry, _: &Job) -> Result<()> {
        match *self {}
    }

    pub(super) async fn receive(&self, _: &str, _: &Path, _: &FileEntry, _: &Job) -> Result<()> {
        match *self {}
    }
}
