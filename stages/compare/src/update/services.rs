//! Which services a package enables: by links, as `systemctl enable` makes them, and by presets (systemd.preset(5)).

use std::collections::BTreeSet;

use heirloom_formats::rpm_file::FileEntry;
use heirloom_model::change::{Change, ChangeKind};

use super::Versions;

/// Units that links enable in one version only.
pub(super) fn links(versions: &Versions<'_>) -> Vec<Change> {
    let told = |file: &&FileEntry, kind| {
        let unit = enabled_by(file)?;
        let (before, after) = match kind {
            ChangeKind::EnabledService => ("", file.path.as_str()),
            _ => (file.path.as_str(), ""),
        };
        Some(Change::new(kind, unit).values(before, after))
    };
    let files = &versions.files;
    let enabled = files.extra.iter().filter_map(|file| told(file, ChangeKind::EnabledService));
    enabled.chain(files.missing.iter().filter_map(|file| told(file, ChangeKind::DisabledService))).collect()
}

/// The unit that a link such as `…/multi-user.target.wants/x.service` enables.
fn enabled_by(file: &FileEntry) -> Option<&str> {
    let (dir, unit) = file.path.rsplit_once('/')?;
    let wants = dir.ends_with(".wants") || dir.ends_with(".requires");
    let systemd = ["/etc/systemd/", "/usr/lib/systemd/"].iter().any(|top| dir.starts_with(top));
    (wants && systemd && file.is_symlink()).then_some(unit)
}

/// What a preset file decides otherwise than before. A unit of which no line speaks is enabled.
pub(super) fn presets(path: &str, before: &str, after: &str) -> Vec<Change> {
    let (old, new) = (Preset::parse(before), Preset::parse(after));
    let tell = |kind, unit: &&str| match kind {
        ChangeKind::EnabledService => Change::new(kind, *unit).values("", path),
        _ => Change::new(kind, *unit).values(path, ""),
    };
    let mut changes: Vec<_> =
        new.enabled.difference(&old.enabled).map(|u| tell(ChangeKind::EnabledService, u)).collect();
    let free = old.disabled.difference(&new.disabled).filter(|unit| !new.enabled.contains(*unit));
    changes.extend(free.map(|unit| tell(ChangeKind::EnabledService, unit)));
    let ended = old.enabled.difference(&new.enabled).chain(new.disabled.difference(&old.disabled));
    let ended: BTreeSet<&&str> = ended.collect();
    changes.extend(ended.into_iter().map(|unit| tell(ChangeKind::DisabledService, unit)));
    changes
}

#[derive(Default)]
struct Preset<'a> {
    enabled: BTreeSet<&'a str>,
    disabled: BTreeSet<&'a str>,
}

impl<'a> Preset<'a> {
    fn parse(text: &'a str) -> Self {
        let mut preset = Self::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("enable"), Some(unit)) => drop(preset.enabled.insert(unit)),
                (Some("disable"), Some(unit)) => drop(preset.disabled.insert(unit)),
                _ => {}
            }
        }
        preset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_enables_by_what_it_says_and_by_what_it_no_longer_says() {
        let told = |before: &str, after: &str| -> Vec<String> {
            let all = presets("/p", before, after);
            all.iter().map(|change| format!("{} {}", change.kind, change.subject)).collect()
        };
        assert_eq!(told("", "# x\nenable a.service\n"), ["enabled-service a.service"]);
        assert_eq!(told("disable *\n", ""), ["enabled-service *"]);
        assert_eq!(told("enable a.service\n", ""), ["disabled-service a.service"]);
        assert_eq!(
            told("enable a.service\n", "disable a.service\n"),
            ["disabled-service a.service"],
            "one change is told once"
        );
        assert_eq!(told("disable a.service\n", "enable a.service\n"), ["enabled-service a.service"]);
        assert_eq!(told("enable a.service\n", " enable  a.service # why\n"), Vec::<String>::new());
    }
}
