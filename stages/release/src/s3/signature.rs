//! Two detached signatures in one file: clients take data that one of them fits.
//!
//! A repomd.xml and its signature are two objects. With the signatures of the old and the new one in the file, there is
//! no moment, and no interruption, at which what is there does not fit. gpg, and dnf through it, take a file of which
//! one signature holds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN PGP SIGNATURE-----";
const END: &str = "-----END PGP SIGNATURE-----";

/// The signatures of both armoured files in one; nothing, if one of them can't be read or they are the same.
pub(super) fn join(new: &str, old: &str) -> Option<String> {
    let (mut packets, old) = (packets(new)?, packets(old)?);
    // What an interrupted run has left may begin with the new one.
    let old = old.strip_prefix(packets.as_slice()).unwrap_or(&old);
    if old.is_empty() {
        return None;
    }
    packets.extend(old);
    let text = STANDARD.encode(&packets);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    Some(format!("{BEGIN}\n\n{}\n={}\n{END}\n", lines.join("\n"), checksum(&packets)))
}

/// The packets of an armoured file: RFC 9580, 6.2.
fn packets(text: &str) -> Option<Vec<u8>> {
    let text = text.replace('\r', "");
    let (_, block) = text.split_once(BEGIN)?;
    let (block, _) = block.split_once(END)?;
    let (_, body) = block.split_once("\n\n")?;
    let lines = body.lines().map(str::trim).take_while(|line| !line.starts_with('='));
    STANDARD.decode(lines.collect::<String>()).ok()
}

/// The checksum of the armour, CRC-24: RFC 9580, 6.1.
fn checksum(bytes: &[u8]) -> String {
    let mut crc: u32 = 0x00B7_04CE;
    for byte in bytes {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= 0x0186_4CFB;
            }
        }
    }
    STANDARD.encode(&crc.to_be_bytes()[1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpg_finds_both_signatures_and_each_fits_its_data() {
        let key = testkit::gpg::Key::throwaway("k <k@k.example>").unwrap();
        let dir = tempfile::tempdir().unwrap();
        let signed = ["old", "new"].map(|name| {
            let file = dir.path().join(name);
            std::fs::write(&file, name).unwrap();
            std::fs::read_to_string(key.sign_file(&file).unwrap()).unwrap()
        });
        let both = join(&signed[1], &signed[0]).unwrap();
        assert_eq!(join(&signed[1], &both).as_ref(), Some(&both), "again is the same");
        assert_eq!(join(&signed[1], &signed[1]), None);
        assert_eq!(join("", &both), None);
        std::fs::write(dir.path().join("both.asc"), &both).unwrap();
        for name in ["old", "new"] {
            let mut gpg = std::process::Command::new("gpg");
            gpg.arg("--homedir").arg(key.home()).args(["--status-fd", "1", "--verify", "both.asc", name]);
            let said = gpg.current_dir(dir.path()).output().unwrap();
            let said = String::from_utf8_lossy(&said.stdout).into_owned();
            assert!(said.matches("GOODSIG").count() == 1 && said.matches("BADSIG").count() == 1, "{said}");
        }
    }
}
