//! Services of systemd, and ports that are listened on.

use std::collections::BTreeMap;

use super::look::Look;
use super::text;
use crate::facts::{Listener, Service};

/// Directories with links to what starts at boot.
const ETC: &str = "/etc/systemd/system";

/// Services that run, start at boot or failed. Of a machine that does not run, those that start at boot.
pub(super) fn services(look: &mut Look) -> Vec<Service> {
    let mut all: BTreeMap<String, Service> = BTreeMap::new();
    if look.machine.is_here() {
        // A machine that systemd did not start has no services to ask for.
        if !look.exists("/run/systemd/system") {
            look.miss("services that run: systemd does not run here");
        } else {
            let columns = ["--type=service", "--no-legend", "--no-pager", "--full"];
            let args = [&["list-units", "--all", "--plain"][..], &columns].concat();
            let units = look.run("services that run", "systemctl", &args).unwrap_or_default();
            all.extend(text::units(&units).into_iter().map(|unit| (unit.name.clone(), unit)));
            let args = [&["list-unit-files"][..], &columns].concat();
            let files = look.run("services that start at boot", "systemctl", &args).unwrap_or_default();
            for file in text::unit_files(&files).into_iter().filter(|file| file.state == "enabled") {
                enable(&mut all, file.name);
            }
        }
    }
    for name in linked(look) {
        enable(&mut all, name);
    }
    all.into_values().filter(|service| service.running || service.enabled || service.failed).collect()
}

fn enable(all: &mut BTreeMap<String, Service>, name: String) {
    let service = all.entry(name.clone()).or_default();
    (service.name, service.enabled) = (name, true);
}

/// Services in `*.wants` and `*.requires`.
fn linked(look: &mut Look) -> Vec<String> {
    let mut all = Vec::new();
    for ending in [".wants", ".requires"] {
        for directory in look.paths(ETC, ending) {
            all.extend(look.names(&directory).into_iter().filter(|name| name.ends_with(".service")));
        }
    }
    all
}

/// Ports that are listened on; of a machine that does not run, none.
pub(super) fn listeners(look: &mut Look) -> Vec<Listener> {
    let mut all = Vec::new();
    if look.machine.is_here() {
        for (protocol, path) in [
            ("tcp", "/proc/net/tcp"),
            ("tcp", "/proc/net/tcp6"),
            ("udp", "/proc/net/udp"),
            ("udp", "/proc/net/udp6"),
        ] {
            all.extend(text::listeners(protocol, &look.text(path).unwrap_or_default()));
        }
    }
    all.sort();
    all.dedup();
    all
}
