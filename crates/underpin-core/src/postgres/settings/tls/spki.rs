//! The public key of a certificate of any X.509 version (RFC 5280 §4.1), DER.

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The `SubjectPublicKeyInfo`, with its tag and length.
pub(super) fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let (_, body, _) = element(certificate, Some(SEQUENCE))?;
    let (_, mut rest, _) = element(body, Some(SEQUENCE))?;
    if rest.first() == Some(&VERSION) {
        rest = element(rest, Some(VERSION))?.2;
    }
    // serial number, signature algorithm, issuer, validity, subject
    for _ in 0..5 {
        rest = element(rest, None)?.2;
    }
    Some(element(rest, Some(SEQUENCE))?.0)
}

/// The first element of `input`: the whole of it, its content, and what follows.
fn element(input: &[u8], tag: Option<u8>) -> Option<(&[u8], &[u8], &[u8])> {
    let (&found, &first) = (input.first()?, input.get(1)?);
    if tag.is_some_and(|tag| tag != found) {
        return None;
    }
    let (header, length) = match first {
        0..=0x7f => (2, usize::from(first)),
        0x81..=0x83 => {
            let count = usize::from(first & 0x0f);
            let bytes = input.get(2..2 + count)?;
            (2 + count, bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
        }
        _ => return None,
    };
    let end = header + length;
    Some((input.get(..end)?, input.get(header..end)?, input.get(end..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    #[test]
    fn the_key_of_a_real_certificate_is_found() {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = rcgen::PublicKeyData::subject_public_key_info(&made.signing_key);
        assert_eq!(super::public_key(made.cert.der()), Some(key.as_slice()));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = super::public_key(&bytes);
        }
    }
}
