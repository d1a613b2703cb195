//! Upstreams that are known by name. Where each fact is published is in docs/upstreams.md.

use std::fmt::Write as _;

/// An upstream that `init --from` has a definition of.
pub(super) struct Known {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// Its major version.
    pub(super) major: &'static str,
    template: &'static str,
    /// Whether CentOS Stream has what its next minor release will be.
    preview: bool,
}

const STREAM: &str = include_str!("../../../templates/upstream/centos-stream.toml");
const OPENELA: &str = include_str!("../../../templates/upstream/openela.toml");
const ALMALINUX: &str = include_str!("../../../templates/upstream/almalinux.toml");
const ROCKY: &str = include_str!("../../../templates/upstream/rocky.toml");
const PREVIEW: &str = include_str!("../../../templates/upstream/preview.toml");

const KNOWN: &[Known] = &[
    Known { name: "almalinux-8", major: "8", template: ALMALINUX, preview: false },
    Known { name: "almalinux-9", major: "9", template: ALMALINUX, preview: true },
    Known { name: "almalinux-10", major: "10", template: ALMALINUX, preview: true },
    Known { name: "centos-stream-9", major: "9", template: STREAM, preview: false },
    Known { name: "centos-stream-10", major: "10", template: STREAM, preview: false },
    Known { name: "openela-8", major: "8", template: OPENELA, preview: false },
    Known { name: "openela-9", major: "9", template: OPENELA, preview: true },
    Known { name: "rocky-8", major: "8", template: ROCKY, preview: false },
    Known { name: "rocky-9", major: "9", template: ROCKY, preview: true },
    Known { name: "rocky-10", major: "10", template: ROCKY, preview: true },
];

/// The fingerprints of a vendor's key file, and where the vendor publishes it.
struct Pin {
    name: &'static str,
    file: &'static str,
    url: &'static str,
    fingerprints: &'static [&'static str],
}

const PINS: &[Pin] = &[
    Pin {
        name: "almalinux-8",
        file: "RPM-GPG-KEY-AlmaLinux-8",
        url: "https://repo.almalinux.org/almalinux/RPM-GPG-KEY-AlmaLinux-8",
        // The key that signs, and the one that signed until January 2024.
        fingerprints: &[
            "BC5EDDCADF502C077F1582882AE81E8ACED7258B",
            "5E9B8F5617B5066CE92057C3488FCF7C3ABB34F8",
        ],
    },
    Pin {
        name: "almalinux-9",
        file: "RPM-GPG-KEY-AlmaLinux-9",
        url: "https://repo.almalinux.org/almalinux/RPM-GPG-KEY-AlmaLinux-9",
        fingerprints: &["BF18AC2876178908D6E71267D36CB86CB86B3716"],
    },
    Pin {
        name: "almalinux-10",
        file: "RPM-GPG-KEY-AlmaLinux-10",
        url: "https://repo.almalinux.org/almalinux/RPM-GPG-KEY-AlmaLinux-10",
        fingerprints: &["EE6DB7B98F5BF5EDD9DA0DE5DEE5C11CC2A1E572"],
    },
    Pin {
        name: "centos-official",
        file: "RPM-GPG-KEY-CentOS-Official-SHA256",
        url: "https://www.centos.org/keys/RPM-GPG-KEY-CentOS-Official-SHA256",
        fingerprints: &["99DB70FAE1D7CE227FB6488205B555B38483C65D"],
    },
    Pin {
        name: "rocky-8",
        file: "RPM-GPG-KEY-Rocky-8",
        url: "https://dl.rockylinux.org/pub/rocky/RPM-GPG-KEY-Rocky-8",
        fingerprints: &["7051C470A929F454CEBE37B715AF5DAC6D745A60"],
    },
    Pin {
        name: "rocky-9",
        file: "RPM-GPG-KEY-Rocky-9",
        url: "https://dl.rockylinux.org/pub/rocky/RPM-GPG-KEY-Rocky-9",
        fingerprints: &["21CB256AE16FC54C6E652949702D426D350D275D"],
    },
    Pin {
        name: "rocky-10",
        file: "RPM-GPG-KEY-Rocky-10",
        url: "https://dl.rockylinux.org/pub/rocky/RPM-GPG-KEY-Rocky-10",
        fingerprints: &["FC226859C0860BF0DDB95B085B106C736FEDFC85"],
    },
];

/// The names, for the command line.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|known| known.name)
}

/// The upstream of this name.
pub(super) fn find(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

impl Known {
    /// The names of its reference repositories.
    pub(super) fn repositories(&self) -> [&'static str; 3] {
        ["BaseOS", "AppStream", self.crb()]
    }

    fn crb(&self) -> &'static str {
        if self.major == "8" { "PowerTools" } else { "CRB" }
    }

    /// The part of the definition about it. `exclude` is a whole line of `upstream`, or empty.
    pub(super) fn sections(&self, exclude: &str) -> String {
        // Sources of newer releases are in the vault alone.
        let source = match self.major {
            "8" => "https://repo.almalinux.org/almalinux/8".to_owned(),
            major => format!("https://vault.almalinux.org/{major}"),
        };
        let exclude = if exclude.is_empty() { String::new() } else { format!("{exclude}\n") };
        let preview = if self.preview { PREVIEW } else { "" };
        let mut text = format!("{}{preview}", self.template)
            .replace("@exclude@\n", &exclude)
            .replace("@alma_source@", &source)
            .replace("@crb@", self.crb())
            .replace("@major@", self.major);
        text.push_str("\n# The vendors' keys. What is fetched must have these fingerprints.\n");
        for pin in
            PINS.iter().filter(|pin| text.contains(&format!("\"keys/{}\"", pin.file))).collect::<Vec<_>>()
        {
            for (index, fingerprint) in pin.fingerprints.iter().enumerate() {
                let number = if index == 0 { String::new() } else { format!("-{}", index + 1) };
                let _ = writeln!(text, "[keys.{}{number}]\nfile = \"keys/{}\"", pin.name, pin.file);
                let _ = writeln!(text, "fingerprint = \"{fingerprint}\"\nurl = \"{}\"", pin.url);
            }
        }
        text
    }
}
