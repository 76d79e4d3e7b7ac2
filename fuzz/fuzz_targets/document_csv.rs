//! Values separated by commas and the like.

#![no_main]

use libfuzzer_sys::fuzz_target;
use m365_fuzz::check_document;

fuzz_target!(|input: &[u8]| check_document("a.csv", input));
