//! Programs that `sbsign` signed with keys of openssl; `sbverify` says what is good.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use heirloom_migrate::check::Level;
use heirloom_migrate::secure_boot::{self, Certificate, SecureBootFiles, Signed, certificates_of_list};
use heirloom_migrate::target::TargetBoot;
use testkit::rpm_builder::RpmBuilder;
use testkit::tool::Tool;

/// A PE file with two sections and some bytes behind them, as a linker would write it: 64 bits, for UEFI.
fn program(vendor: &[u8]) -> Vec<u8> {
    let mut file = vec![0; 0x400];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"MZ");
    put(0x3c, &0x40_u32.to_le_bytes());
    put(0x40, b"PE\0\0");
    // COFF: x86_64, two sections, size of the optional header, executable.
    put(0x44, &[0x64, 0x86, 2, 0]);
    put(0x54, &[0xf0, 0, 0x22, 0]);
    // The optional header: PE32+, entry point, alignments, sizes, the subsystem of UEFI applications, sixteen directories.
    let size = vendor.len().next_multiple_of(0x200).max(0x200);
    put(0x58, &0x20b_u16.to_le_bytes());
    for (at, value) in [(16, 0x1000_u32), (32, 0x1000), (36, 0x200), (56, 0x4000), (60, 0x400), (108, 16)] {
        put(0x58 + at, &value.to_le_bytes());
    }
    put(0x58 + 68, &[10, 0]);
    let sections = [(&b".text\0\0\0"[..], 0x1000_u32, 0x200, 0x400_u32), (b".vendor_", 0x2000, size, 0x600)];
    for (number, (name, address, length, offset)) in sections.into_iter().enumerate() {
        let at = 0x148 + 40 * number;
        put(at, name);
        let length = u32::try_from(length).unwrap();
        for (below, value) in [(8, length), (12, address), (16, length), (20, offset), (36, 0x6000_0020)] {
            put(at + below, &value.to_le_bytes());
        }
    }
    file.extend([0xc3; 0x200]);
    file.extend(vendor);
    file.resize(0x600 + size, 0);
    file
}

/// shim's table with one certificate.
fn table(der: &[u8]) -> Vec<u8> {
    let size = u32::try_from(der.len()).unwrap();
    let head = [size, 0, 16, 16 + size].map(u32::to_le_bytes).concat();
    [head, der.to_vec()].concat()
}

struct Keys(tempfile::TempDir);

impl Keys {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn place(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A key with a certificate of its own, or by another one.
    fn make(&self, name: &str, by: Option<&str>) {
        let request = Tool::new("openssl")
            .args([
                "req",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-sha256",
                "-subj",
                &format!("/CN={name}/O=Kestrel"),
            ])
            .arg("-keyout")
            .arg(self.place(&format!("{name}.key")));
        let certificate = self.place(&format!("{name}.pem"));
        match by {
            None => request.args(["-x509", "-days", "3000", "-out"]).arg(certificate),
            Some(by) => request
                .args(["-x509", "-days", "3000", "-CA"])
                .arg(self.place(&format!("{by}.pem")))
                .arg("-CAkey")
                .arg(self.place(&format!("{by}.key")))
                .arg("-out")
                .arg(certificate),
        }
        .run()
        .unwrap();
    }

    fn der(&self, name: &str) -> Vec<u8> {
        let out = self.place(&format!("{name}.der"));
        Tool::new("openssl")
            .args(["x509", "-outform", "DER", "-in"])
            .arg(self.place(&format!("{name}.pem")))
            .arg("-out")
            .arg(&out)
            .run()
            .unwrap();
        fs::read(out).unwrap()
    }

    fn sign(&self, program: &[u8], by: &str) -> Vec<u8> {
        let (from, to) = (self.place("unsigned.efi"), self.place("signed.efi"));
        fs::write(&from, program).unwrap();
        Tool::new("sbsign")
            .arg("--key")
            .arg(self.place(&format!("{by}.key")))
            .arg("--cert")
            .arg(self.place(&format!("{by}.pem")))
            .arg("--output")
            .args([&to, &from])
            .run()
            .unwrap();
        fs::read(to).unwrap()
    }

    /// Whether sbverify finds a good signature by a certificate.
    fn verifies(&self, program: &[u8], by: &str) -> bool {
        let file = self.place("judged.efi");
        fs::write(&file, program).unwrap();
        verify(&file, &self.place(&format!("{by}.pem")))
    }
}

fn verify(file: &Path, certificate: &Path) -> bool {
    Command::new("sbverify").arg("--cert").args([certificate, file]).output().unwrap().status.success()
}

fn boot(certificates: Vec<String>) -> TargetBoot {
    TargetBoot {
        directory: "kestrel".to_owned(),
        label: "Kestrel Linux".to_owned(),
        loaders: std::collections::BTreeMap::new(),
        certificates,
    }
}

#[test]
fn good_and_bad_signatures_as_sbverify_says() {
    let keys = Keys::new();
    keys.make("one", None);
    keys.make("two", None);
    let plain = program(b"");
    let signed = keys.sign(&plain, "one");
    let read = Signed::read(&signed).unwrap();
    let signature = read.valid().next().expect("a good signature");
    assert_eq!(signature.signer.der, keys.der("one"));
    assert!(signature.signer.subject.contains("CN=one"), "{}", signature.signer.subject);
    assert_eq!(
        read.digest,
        Signed::read(&plain).unwrap().digest,
        "a signature does not change what is signed"
    );
    assert!(keys.verifies(&signed, "one") && !keys.verifies(&signed, "two"));
    assert_eq!(Signed::read(&plain).unwrap().fault().as_deref(), Some("it is not signed"));
    // Two signatures, both good.
    let both = keys.sign(&signed, "two");
    let signers: Vec<_> =
        Signed::read(&both).unwrap().valid().map(|one| one.signer.subject.clone()).collect();
    assert_eq!(signers.len(), 2, "{signers:?}");
    // A changed byte: in the headers, the code, the section behind it.
    for at in [0x60, 0x450, 0x620] {
        let mut changed = signed.clone();
        changed[at] ^= 1;
        let fault = Signed::read(&changed).unwrap().fault();
        assert!(fault.unwrap().contains("changed after it was signed"), "byte {at}");
        assert!(!keys.verifies(&changed, "one"), "byte {at}");
    }
    // A changed signature: its last bytes are of the number that RSA made.
    let mut forged = signed.clone();
    let table = plain.len();
    let length = u32::from_le_bytes(forged[table..table + 4].try_into().unwrap()) as usize;
    forged[table + length - 20] ^= 1;
    assert!(Signed::read(&forged).unwrap().fault().unwrap().contains("did not make it"));
    assert!(!keys.verifies(&forged, "one"));
}

#[test]
fn a_chain_holds_from_firmware_to_kernel() {
    let keys = Keys::new();
    keys.make("firmware", None);
    keys.make("ca", None);
    keys.make("signer", Some("ca"));
    keys.make("other", None);
    let shim = keys.sign(&program(&table(&keys.der("ca"))), "firmware");
    let files = |shim: &[u8], program: Vec<u8>| SecureBootFiles {
        shims: vec![("shimx64.efi".to_owned(), shim.to_vec())],
        programs: vec![("vmlinuz".to_owned(), program)],
        firmware: vec![keys.der("firmware")],
    };
    let ids = |files: &SecureBootFiles, named: Vec<String>| -> Vec<(Level, String, String)> {
        let checks = secure_boot::check(files, &boot(named));
        checks.into_iter().map(|check| (check.level, check.id, check.found)).collect()
    };
    let unsigned = program(b"");
    let kernel = keys.sign(&unsigned, "signer");
    assert_eq!(ids(&files(&shim, kernel.clone()), Vec::new()), []);
    // By the CA itself, too.
    assert_eq!(ids(&files(&shim, keys.sign(&unsigned, "ca")), Vec::new()), []);
    let one = |found: Vec<(Level, String, String)>, part: &str| {
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].0 == Level::Blocker && found[0].1 == "secure-boot-chain", "{found:?}");
        assert!(found[0].2.contains(part), "{found:?}");
    };
    one(ids(&files(&shim, unsigned.clone()), Vec::new()), "vmlinuz: it is not signed");
    let foreign = keys.sign(&unsigned, "other");
    one(ids(&files(&shim, foreign.clone()), Vec::new()), "which shim has no certificate for");
    // The target names it: it may be enrolled.
    let named = Certificate::read(&keys.der("other")).unwrap().fingerprint;
    let found = ids(&files(&shim, foreign), vec![named]);
    assert!(matches!(&found[..], [(Level::Risk, id, _)] if id == "secure-boot-enrolment"), "{found:?}");
    // Of the same name as the CA, with another key.
    let forger = Keys::new();
    forger.make("ca", None);
    forger.make("signer", Some("ca"));
    one(
        ids(&files(&shim, forger.sign(&unsigned, "signer")), Vec::new()),
        "which shim has no certificate for",
    );
    // A shim that the firmware does not start, and one without a certificate inside.
    one(
        ids(&files(&keys.sign(&program(&table(&keys.der("ca"))), "other"), kernel.clone()), Vec::new()),
        "which the firmware has no certificate for",
    );
    let bare = keys.sign(&unsigned, "firmware");
    let found = ids(&files(&bare, kernel.clone()), Vec::new());
    assert!(found.iter().any(|(_, _, found)| found.contains("no certificate inside")), "{found:?}");
    // Firmware that is not known is no blocker.
    let unknown = SecureBootFiles { firmware: Vec::new(), ..files(&shim, kernel) };
    let found = ids(&unknown, Vec::new());
    assert!(matches!(&found[..], [(Level::Risk, id, _)] if id == "secure-boot-firmware"), "{found:?}");
}

/// What of packages the firmware, shim and the boot loader start, and nothing else of them.
#[test]
fn what_is_started_is_found_in_packages() {
    let dir = tempfile::tempdir().unwrap();
    let loader = RpmBuilder::new("kestrel-boot", "1")
        .file("/boot/efi/EFI/kestrel/shimx64.efi", "a shim")
        .file("/boot/efi/EFI/kestrel/grubx64.efi", "a boot loader")
        .file("/boot/efi/EFI/kestrel/fonts/grub.efi", "elsewhere")
        .file("/boot/efi/EFI/tarnholt/shimx64.efi", "another's");
    let kernel = RpmBuilder::new("kernel-core", "5.14.0")
        .file("/lib/modules/5.14.0-1.x86_64/vmlinuz", "a kernel")
        .file("/lib/modules/5.14.0-1.x86_64/kernel/vmlinuz", "a module");
    let plain = RpmBuilder::new("plain", "1").file("/usr/share/plain/vmlinuz", "text");
    let mut files = SecureBootFiles::default();
    for package in [plain, loader, kernel] {
        assert!(files.is_empty() || !files.shims.is_empty());
        files.add(&package.build(dir.path()).unwrap().binary, "kestrel").unwrap();
    }
    let texts = |list: &[(String, Vec<u8>)]| -> Vec<String> {
        list.iter().map(|(_, bytes)| String::from_utf8(bytes.clone()).unwrap()).collect()
    };
    assert_eq!(texts(&files.shims), ["a shim"]);
    assert_eq!(texts(&files.programs), ["a boot loader", "a kernel"]);
    assert!(files.add(&dir.path().join("none.rpm"), "kestrel").is_err());
}

#[test]
fn lists_of_certificates_as_sbsiglist_writes_them() {
    let keys = Keys::new();
    keys.make("firmware", None);
    let der = keys.der("firmware");
    let out = keys.place("db.esl");
    Tool::new("sbsiglist")
        .args(["--owner", "77fa9abd-0359-4d32-bd60-28f4e78f784b", "--type", "x509", "--output"])
        .args([&out, &keys.place("firmware.der")])
        .run()
        .unwrap();
    assert_eq!(certificates_of_list(&fs::read(out).unwrap()), [der]);
}

#[test]
fn cut_and_changed_files_are_errors_and_no_panics() {
    let keys = Keys::new();
    keys.make("one", None);
    let signed = keys.sign(&program(&table(&keys.der("one"))), "one");
    for end in (0..signed.len()).step_by(7) {
        if let Ok(read) = Signed::read(&signed[..end]) {
            assert!(read.fault().is_some(), "cut at {end}");
        }
    }
    for at in 0..signed.len().min(0x1a0) {
        let mut changed = signed.clone();
        changed[at] = changed[at].wrapping_add(0x81);
        let _ = Signed::read(&changed);
    }
}
