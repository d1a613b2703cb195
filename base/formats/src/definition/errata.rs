//! Keys about advisories.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_spanned::Spanned;

/// Advisories: where upstream's come from, and how the distribution's own are made of them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrataSettings {
    /// Documents of upstream's advisories beside those of the reference repositories: files and directories, in OSV,
    /// CSAF, OVAL or updateinfo.xml; and VEX in CSAF, for what `heirloom errata publish` says of vulnerabilities.
    #[serde(default)]
    #[schemars(with = "Vec<PathBuf>")]
    pub upstream: Vec<Spanned<PathBuf>>,
    /// Letters that take the place of upstream's in ids: `KE` makes `KESA-2026:1066` of `RHSA-2026:1066`, and numbers the
    /// distribution's own `KESA-2026:A0001`. Absent: upstream's ids are kept.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub prefix: Option<Spanned<String>>,
    /// Directory of the distribution's own advisories, a file `ID.toml` each. `heirloom errata new` begins one.
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    pub own: Option<Spanned<PathBuf>>,
    /// Names in upstream's texts, and what takes their place: `"Red Hat Enterprise Linux" = "Kestrel Enterprise Linux"`.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// Names in upstream's texts that stay, though a name of `names` is in them: `Red Hat OpenShift`.
    #[serde(default)]
    pub keep_names: Vec<String>,
    /// Advisories of upstream that do not concern the distribution, by id, with the reason.
    #[serde(default)]
    pub not_applicable: BTreeMap<String, String>,
    /// A file of what is said of vulnerabilities that no advisory fixes: [vex.md](vex.md).
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    pub vex: Option<Spanned<PathBuf>>,
    /// Address of those who answer for advisories. Absent: `security@` and the host of `distribution.home_url`.
    #[serde(default)]
    pub contact: Option<String>,
    /// Days within which an advisory is to be out after upstream's, by severity: `critical`, `important`, `moderate`,
    /// `low`, and `other` for what fixes no vulnerability. What is absent is not promised.
    #[serde(default)]
    pub days: ErrataDays,
}

/// Days within which an advisory is to be out after upstream's.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrataDays {
    /// For those of critical severity.
    pub critical: Option<u32>,
    /// For important ones.
    pub important: Option<u32>,
    /// For moderate ones.
    pub moderate: Option<u32>,
    /// For low ones.
    pub low: Option<u32>,
    /// For what fixes no vulnerability.
    pub other: Option<u32>,
}

impl ErrataSettings {
    /// What is wrong with it: where, what, and what to do.
    pub(super) fn fault(&self, base: &Path) -> Option<(Range<usize>, String, &'static str)> {
        let is_letters =
            |text: &str| (1..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase());
        if let Some(prefix) = self.prefix.as_ref().filter(|prefix| !is_letters(prefix.get_ref())) {
            let message = format!("`{}` can't begin ids of advisories", prefix.get_ref());
            return Some((prefix.span(), message, "give one to six capital letters, such as `KE`"));
        }
        if let (Some(own), None) = (&self.own, &self.prefix) {
            let message = "own advisories need letters for their ids".to_owned();
            return Some((own.span(), message, "give `errata.prefix`, such as `KE`"));
        }
        for path in &self.upstream {
            if !base.join(path.get_ref()).exists() {
                let message = format!("there is no `{}`", path.get_ref().display());
                return Some((path.span(), message, "give a file or directory of advisories"));
            }
        }
        if let Some(vex) = self.vex.as_ref().filter(|vex| !base.join(vex.get_ref()).is_file()) {
            let message = format!("there is no file `{}`", vex.get_ref().display());
            return Some((vex.span(), message, "give a file of statements, or leave the key out"));
        }
        None
    }
}
