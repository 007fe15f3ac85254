#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gatebook_fuzz::cursor(data));
