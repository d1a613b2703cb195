//! Takes away what the steps must not be able to do, and evens out what the caller's shell had set.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};
use rustix::thread::{
    CapabilitySet, capability_is_in_bounding_set, remove_capability_from_bounding_set, set_no_new_privs,
};

use super::order::{Doing as _, Trouble};

/// What rpm and scriptlets need as root. Not among them: mounting, devices, tracing, modules, the network.
const ROOT_MAY: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETFCAP)
    .union(CapabilitySet::SYS_CHROOT)
    .union(CapabilitySet::KILL);

/// Fixed, so that a build does not depend on the shell that `heirloom` was started from.
const RLIMITS: [(Resource, u64, Option<u64>); 4] = [
    (Resource::Core, 0, Some(0)),
    (Resource::Nofile, 1024, Some(65_536)),
    (Resource::Stack, 8 << 20, None),
    (Resource::Memlock, 8 << 20, Some(8 << 20)),
];

/// Limits what programs started from now on, as this user, can do. Pid 1 itself keeps its power: it still has to take the
/// results out.
pub(super) fn restrain(user: u32, mask: u32) -> Result<(), Trouble> {
    let allowed = if user == 0 { ROOT_MAY } else { CapabilitySet::empty() };
    for (resource, current, maximum) in RLIMITS {
        set_limit(resource, current, maximum)?;
    }
    for bit in 0..64 {
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        // The kernel answers an error beyond the last capability that it knows.
        let Ok(present) = capability_is_in_bounding_set(capability) else { break };
        if present && !allowed.contains(capability) {
            remove_capability_from_bounding_set(capability).doing(|| format!("drop capability {bit}"))?;
        }
    }
    umask(Mode::from_raw_mode(mask));
    set_no_new_privs(true).doing(|| "forbid new privileges".to_owned())
}

/// Sets a limit; where the host's own maximum is lower, that stays.
pub(super) fn set_limit(resource: Resource, current: u64, maximum: Option<u64>) -> Result<(), Trouble> {
    let wanted = Rlimit { current: Some(current), maximum };
    if setrlimit(resource, wanted).is_ok() {
        return Ok(());
    }
    let maximum = getrlimit(resource).maximum;
    let current = maximum.map_or(current, |maximum| maximum.min(current));
    setrlimit(resource, Rlimit { current: Some(current), maximum })
        .doing(|| format!("set the resource limit {resource:?}"))
}
