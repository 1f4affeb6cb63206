#![no_main]

#[path = "../src/check.rs"]
#[allow(dead_code)]
mod check;

libfuzzer_sys::fuzz_target!(|text: &str| check::effect(text));
