#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| conversation_settings_fuzz::mask(data));
