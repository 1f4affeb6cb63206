//! In place of `format` where the feature `encryption` was not built: what needs it is refused. The types
//! have no value, so that nothing behind the refusal can be reached.

use std::fs::File;
use std::io::{self, Read, Write};

use crate::config::Secret;
use crate::error::{Code, Error, Result};

fn refused() -> Error {
    let words = "this build of Underpin was made without encryption of backups";
    Error::new(Code::EncryptionNotBuilt, words)
        .hint("install a release, which has it: npm i underpin")
        .hint("or build it: cargo build --release --package underpin --features encryption")
}

pub(super) enum Recipients {}

impl Recipients {
    /// # Errors
    /// UP-6021, always.
    pub(super) fn parse(_texts: &[String]) -> Result<Self> {
        Err(refused())
    }

    pub(super) fn encrypt<W: Write>(&self, _output: W) -> io::Result<Never> {
        match *self {}
    }
}

pub(super) enum Identities {}

impl Identities {
    /// # Errors
    /// UP-6021, always.
    pub(super) fn parse(_text: &Secret) -> Result<Self> {
        Err(refused())
    }

    pub(super) fn recipients(&self) -> Vec<String> {
        match *self {}
    }

    pub(super) fn decrypt(&self, _file: File) -> io::Result<Never> {
        match *self {}
    }
}

pub(super) enum Never {}

impl Never {
    pub(super) fn finish(self) -> io::Result<()> {
        match self {}
    }
}

impl Write for Never {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        match *self {}
    }

    fn flush(&mut self) -> io::Result<()> {
        match *self {}
    }
}

impl Read for Never {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }
}
