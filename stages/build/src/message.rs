//! Sentences for a person, made from the end of a log.

use heirloom_model::record::{FailKind, Limits};

use crate::action::Job;
use crate::sandbox::{End, Stop};

/// Bytes of the log's end in which reasons are looked for.
pub(crate) const TAIL: u64 = 64 << 10;

/// Lines of the log that a message quotes.
const QUOTED: usize = 20;

/// What programs say when there is no network.
const NETWORK: [&str; 5] = [
    "Could not resolve host",
    "Network is unreachable",
    "Temporary failure in name resolution",
    "Name or service not known",
    "unable to resolve host address",
];

/// The last lines of a text, without empty ones.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// What kind of failure it was, and the message.
pub(crate) fn of_failed_build(job: &Job<'_>, end: &End) -> (FailKind, String) {
    let action = job.action;
    let log = end.log_tail(TAIL);
    let (kind, reason) = reason(&action.limits, end.stop, end.report.disk_full, &log, code(end));
    let mut message = format!("{}: {reason}", action.name);
    if NETWORK.iter().any(|sign| log.contains(sign)) {
        message.push_str(
            "\nIt tried to reach the network, and builds have none: what it wanted must be among its sources \
             or build requirements.",
        );
    }
    let quoted = last_lines(&log, QUOTED);
    if !quoted.is_empty() {
        message.push_str("\nThe log ends:\n");
        message.push_str(&quoted);
    }
    message.push_str(&format!("\nEnter its buildroot: `heirloom shell {}`", job.step));
    (kind, message)
}

fn code(end: &End) -> Option<i32> {
    end.report.steps.iter().find_map(|step| (step.code != Some(0)).then_some(step.code)).flatten()
}

fn reason(
    limits: &Limits,
    stop: Option<Stop>,
    disk_full: bool,
    log: &str,
    code: Option<i32>,
) -> (FailKind, String) {
    const MIB: u64 = 1 << 20;
    match stop {
        Some(Stop::Time) => {
            let seconds = limits.seconds;
            (FailKind::Time, format!("it ran longer than its limit of {seconds} s (`limits.minutes`)"))
        }
        Some(Stop::Memory) => {
            let mib = limits.memory / MIB;
            (
                FailKind::Memory,
                format!("it used more memory than its limit of {mib} MiB (`limits.memory_mib`)"),
            )
        }
        Some(Stop::Processes) => {
            let count = limits.processes;
            (
                FailKind::Processes,
                format!("it had more processes than its limit of {count} (`limits.processes`)"),
            )
        }
        None if disk_full || log.contains("No space left on device") => {
            let mib = limits.disk / MIB;
            (FailKind::Disk, format!("it wrote more than its limit of {mib} MiB (`limits.disk_mib`)"))
        }
        None if log.contains("error: Failed build dependencies:") => {
            (FailKind::Unresolvable, "its buildroot lacks build requirements".to_owned())
        }
        None if code == Some(127) => (
            FailKind::Unresolvable,
            "its buildroot has no rpmbuild: `rpm-build` must be in the build group".to_owned(),
        ),
        None if !log.contains("Executing(") && log.contains("error: ") => {
            (FailKind::Spec, "rpmbuild does not accept its spec file".to_owned())
        }
        None => {
            let how = code.map_or("was killed".to_owned(), |code| format!("ended with exit code {code}"));
            (FailKind::Rpmbuild, format!("rpmbuild {how}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { seconds: 60, memory: 8 << 20, disk: 4 << 20, processes: 7 };

    fn kind(stop: Option<Stop>, full: bool, log: &str) -> FailKind {
        reason(&LIMITS, stop, full, log, Some(1)).0
    }

    #[test]
    fn tells_reasons_apart() {
        let table = [
            (Some(Stop::Time), false, "", FailKind::Time),
            (Some(Stop::Memory), true, "", FailKind::Memory),
            (Some(Stop::Processes), false, "", FailKind::Processes),
            (None, true, "Executing(%build)", FailKind::Disk),
            (None, false, "cc: No space left on device", FailKind::Disk),
            (None, false, "error: Failed build dependencies:\n\tx is needed", FailKind::Unresolvable),
            (None, false, "error: line 3: Unknown tag: Foo", FailKind::Spec),
            (None, false, "Executing(%build)\nerror: Bad exit status", FailKind::Rpmbuild),
        ];
        for (stop, full, log, expected) in table {
            assert_eq!(kind(stop, full, log), expected, "{log}");
        }
    }

    #[test]
    fn names_the_limit_and_its_key() {
        let (_, text) = reason(&LIMITS, Some(Stop::Memory), false, "", None);
        assert_eq!(text, "it used more memory than its limit of 8 MiB (`limits.memory_mib`)");
    }

    #[test]
    fn quotes_the_end_only() {
        assert_eq!(last_lines("a\n\nb\nc \n\n", 2), "b\nc");
        assert_eq!(last_lines("", 2), "");
    }
}
