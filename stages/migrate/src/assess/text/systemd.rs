//! What `systemctl` says of services, in columns: systemd of Enterprise Linux 7 and 8 has no JSON.

use crate::facts::Service;

/// A unit file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitFile {
    /// `sshd.service`.
    pub name: String,
    /// `enabled`, `disabled`, `static`, `masked` and others.
    pub state: String,
}

/// `systemctl list-units --type=service --all --plain --no-legend`: name, load, active and sub state, description.
#[must_use]
pub fn units(text: &str) -> Vec<Service> {
    let one = |line: &str| {
        // Before failed units there is a dot, with or without `--plain`.
        let mut fields = line.split_whitespace().skip_while(|field| ["●", "*", "○", "×"].contains(field));
        let name = fields.next().filter(|name| name.ends_with(".service"))?;
        let (loaded, active, sub) = (fields.next()?, fields.next()?, fields.next()?);
        (loaded != "not-found").then(|| Service {
            package: String::new(),
            name: name.to_owned(),
            running: active == "active" && sub == "running",
            enabled: false,
            failed: active == "failed",
        })
    };
    text.lines().filter_map(one).collect()
}

/// `systemctl list-unit-files --type=service --no-legend`: name, state, and the vendor's preset from systemd 242 on.
#[must_use]
pub fn unit_files(text: &str) -> Vec<UnitFile> {
    let one = |line: &str| {
        let mut fields = line.split_whitespace();
        let name = fields.next().filter(|name| name.ends_with(".service"))?;
        Some(UnitFile { name: name.to_owned(), state: fields.next()?.to_owned() })
    };
    text.lines().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_old_and_new_systemd_are_read() {
        let text = "sshd.service loaded active running OpenSSH server daemon\n\
            \u{25cf} kdump.service loaded failed failed Crash recovery kernel arming\n\
            auditd.service loaded active exited Audit\nntpd.service not-found inactive dead ntpd.service\n\n-.mount loaded active mounted /\n";
        let found: Vec<_> = units(text).into_iter().map(|it| (it.name, it.running, it.failed)).collect();
        let expected =
            [("sshd.service", true, false), ("kdump.service", false, true), ("auditd.service", false, false)];
        assert_eq!(found, expected.map(|(name, running, failed)| (name.to_owned(), running, failed)));
        let files = unit_files(
            "sshd.service enabled enabled\ncrond.service disabled\nx.timer enabled\n1 unit files listed.\n",
        );
        let files: Vec<_> = files.iter().map(|it| (it.name.as_str(), it.state.as_str())).collect();
        assert_eq!(files, [("sshd.service", "enabled"), ("crond.service", "disabled")]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[\\PC\n]{0,200}") {
            let _ = (units(&text), unit_files(&text));
        }
    }
}
