//! What `alternatives` leads to, and what ties the machine to its vendor.

use super::look::Look;
use super::text;
use crate::facts::{Alternative, InstalledFact, Subscription};
use crate::vendors;

/// The certificate of a machine that is registered with subscription-manager.
const CONSUMER: &str = "/etc/pki/consumer/cert.pem";
/// The same for Red Hat Network, Satellite 5 and Oracle's network.
const SYSTEM_ID: &str = "/etc/sysconfig/rhn/systemid";

/// What programs that several packages have lead to.
pub(super) fn alternatives(look: &mut Look) -> Vec<Alternative> {
    let mut all = Vec::new();
    for name in look.names("/var/lib/alternatives") {
        let state = look.text(&format!("/var/lib/alternatives/{name}")).unwrap_or_default();
        let Some(mut alternative) = text::alternative(&name, &state) else { continue };
        let link = look.machine.resolve("/etc/alternatives").and_then(|place| place.join(&name).read_link());
        if let Ok(target) = link {
            alternative.target = target.to_string_lossy().into_owned();
            alternative.exists = look.exists(&alternative.target);
        }
        all.push(alternative);
    }
    all
}

/// What is left of subscription services.
pub(super) fn subscription(look: &mut Look, packages: &[InstalledFact]) -> Subscription {
    let mut files = Vec::new();
    for directory in ["/etc/pki/consumer", "/etc/pki/entitlement"] {
        files.extend(look.paths(directory, ".pem"));
    }
    for path in [SYSTEM_ID, "/etc/yum.repos.d/redhat.repo"] {
        if look.exists(path) {
            files.push(path.to_owned());
        }
    }
    let is_one = |package: &&InstalledFact| {
        vendors::all().iter().any(|vendor| vendor.is_subscription(package.nevra.name()))
    };
    let mut names: Vec<_> =
        packages.iter().filter(is_one).map(|package| package.nevra.name().to_owned()).collect();
    names.dedup();
    Subscription {
        registered: [CONSUMER, SYSTEM_ID].iter().any(|path| files.iter().any(|file| file == path)),
        packages: names,
        files,
    }
}
