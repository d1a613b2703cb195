#![no_main]
//! What a machine's files and tools say, and the beginnings of assessments. The first byte chooses the parser.

use heirloom_migrate::assess::text;
use heirloom_migrate::fleet;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((choice, rest)) = bytes.split_first() else { return };
    let said = String::from_utf8_lossy(rest);
    match choice % 10 {
        0 => {
            for section in text::ini(&said) {
                for (key, value) in &section.values {
                    let _ = (text::list(value), text::boolean(value), section.get(key));
                }
            }
        }
        1 => drop(text::assignments(&said)),
        2 => drop(text::mountinfo(&said)),
        3 => drop((text::listeners("tcp", &said), text::listeners("udp", &said))),
        4 => drop(text::volumes(&said)),
        5 => drop((text::units(&said), text::unit_files(&said))),
        6 => drop((text::alternative("java", &said), text::ids(&said), text::lines(&said))),
        7 => drop(text::without_password(&said)),
        8 => drop(text::modules(&said)),
        _ => drop(fleet::read_head(rest)),
    }
});
