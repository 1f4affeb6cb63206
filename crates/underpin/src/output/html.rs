//! The frame of every page that we write: self-contained, without scripts.
//!
//! Invariants: the page's own policy forbids scripts and anything from elsewhere; every text from
//! outside passes [`escaped`].

use super::inert;

const STYLE: &str = include_str!("page.css");

/// A whole page around a body of ours.
pub(crate) fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Underpin: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>",
        escaped(title)
    )
}

/// Text in an element or in a quoted attribute.
pub(crate) fn escaped(text: &str) -> String {
    inert(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
