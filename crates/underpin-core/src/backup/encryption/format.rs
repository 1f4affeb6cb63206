//! Files of age (age-encryption.org/v1, specified by C2SP): a header with the file's key for each recipient,
//! then chunks of 64 KiB, each authenticated together with its place and with whether it is the last one.

use std::fs::File;
use std::io::{self, BufReader, Write};

use age::stream::{StreamReader, StreamWriter};
use age::{DecryptError, Decryptor, Encryptor};

use crate::config::Secret;
use crate::error::{Code, Error, Result};

/// To whom is encrypted.
pub(super) struct Recipients(Vec<age::x25519::Recipient>);

impl Recipients {
    /// # Errors
    /// UP-1009.
    pub(super) fn parse(texts: &[String]) -> Result<Self> {
        let invalid = |why: &str| {
            let words = format!("a recipient of backups is no X25519 recipient of age: {why}");
            Error::new(Code::SettingsInvalid, words)
                .hint("age-keygen -y prints an identity's recipient")
        };
        let parsed = texts.iter().map(|text| text.parse().map_err(invalid));
        parsed.collect::<Result<_>>().map(Self)
    }

    /// Writes the header. What is written afterwards is whole once [`StreamWriter::finish`] is called.
    ///
    /// # Errors
    /// As the output's.
    pub(super) fn encrypt<W: Write>(&self, output: W) -> io::Result<StreamWriter<W>> {
        let recipients = self.0.iter().map(|recipient| recipient as &dyn age::Recipient);
        let encryptor = Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
        encryptor.wrap_output(output)
    }
}

/// What decrypts.
pub(super) struct Identities(Vec<age::x25519::Identity>);

impl Identities {
    /// Of the text of an identity file.
    ///
    /// # Errors
    /// UP-1009, without anything of the text.
    pub(super) fn parse(text: &Secret) -> Result<Self> {
        let lines = text.expose().lines().map(str::trim);
        let keys = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let invalid = |why: &str| {
            Error::new(Code::SettingsInvalid, format!("`backup.identity` is none of age: {why}"))
                .hint("make one: age-keygen -o identity.txt")
        };
        keys.map(|key| key.parse().map_err(invalid)).collect::<Result<_>>().map(Self)
    }

    /// Their recipients.
    pub(super) fn recipients(&self) -> Vec<String> {
        self.0.iter().map(|identity| identity.to_public().to_string()).collect()
    }

    /// Reads the header. Every chunk is authenticated before it is given, and the end before there is
    /// an end.
    ///
    /// # Errors
    /// As the file system's; invalid data for what is not encrypted to one of these, or was changed.
    pub(super) fn decrypt(&self, file: File) -> io::Result<StreamReader<BufReader<File>>> {
        let invalid = |e: DecryptError| match e {
            DecryptError::Io(e) => e,
            e => io::Error::new(io::ErrorKind::InvalidData, e.to_string()),
        };
        let decryptor = Decryptor::new_buffered(BufReader::new(file)).map_err(invalid)?;
        let identities = self.0.iter().map(|identity| identity as &dyn age::Identity);
        decryptor.decrypt(identities).map_err(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Seek as _};

    /// Of the chunks of the format.
    const CHUNK: usize = 64 << 10;

    fn pair() -> (Recipients, Identities) {
        let identity = age::x25519::Identity::generate();
        (Recipients(vec![identity.to_public()]), Identities(vec![identity]))
    }

    fn encrypted(to: &Recipients, plain: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = to.encrypt(&mut bytes).unwrap();
        writer.write_all(plain).unwrap();
        writer.finish().unwrap();
        bytes
    }

    fn decrypted(with: &Identities, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        let mut plain = Vec::new();
        with.decrypt(file)?.read_to_end(&mut plain).map(|_| plain)
    }

    #[test]
    fn lengths_around_a_chunk_come_back() {
        let (to, with) = pair();
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let plain: Vec<u8> = (0..length).map(|i| u8::try_from(i % 251).unwrap()).collect();
            assert!(decrypted(&with, &encrypted(&to, &plain)).unwrap() == plain, "{length}");
        }
        assert!(decrypted(&pair().1, &encrypted(&to, b"x")).is_err());
    }

    #[test]
    fn what_was_changed_or_cut_or_moved_does_not_decrypt() {
        let (to, with) = pair();
        let good = encrypted(&to, &vec![7; 2 * CHUNK + 100]);
        for number in 0..200 {
            let place = (good.len() - 1) * number / 199;
            let mut bad = good.clone();
            bad[place] ^= 1 << (number % 8);
            assert!(decrypted(&with, &bad).is_err(), "bit flipped at {place}");
            assert!(decrypted(&with, &good[..place]).is_err(), "cut to {place}");
        }
        // The header ends with the MAC and a nonce of 16 bytes; a chunk is followed by its tag of 16.
        let body = good.len() - (2 * (CHUNK + 16) + 100 + 16);
        let mut swapped = good.clone();
        swapped[body..body + 2 * (CHUNK + 16)].rotate_left(CHUNK + 16);
        assert!(decrypted(&with, &swapped).is_err());
        // The end of a file that was cut where a chunk ends is missed.
        assert!(decrypted(&with, &good[..body + CHUNK + 16]).is_err());
    }
}
