//! Why metadata is not believed.

use std::io;

use heirloom_model::Digest;
use jiff::Timestamp;

use super::Role;

/// Metadata can't be had, or is not believed. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TufError {
    /// The trusted root is none: nobody else's fault.
    #[error("the trusted root can't be used: {what}; get it anew from the distribution, not from a mirror")]
    NoRoot {
        /// What is wrong with it.
        what: String,
    },
    /// It can't be read or fetched.
    #[error("can't read {file}: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why not.
        source: io::Error,
    },
    /// It is not there.
    #[error("there is no {file}, which {by}: the mirror is not complete; try another mirror")]
    Missing {
        /// The file.
        file: String,
        /// Why it should be there.
        by: String,
    },
    /// It has more bytes than it may have.
    #[error("{file} has more than {most} bytes, {by}: it was not read to its end; try another mirror")]
    TooLong {
        /// The file.
        file: String,
        /// How many it may have.
        most: u64,
        /// Who says so.
        by: String,
    },
    /// It is something else.
    #[error("{file} is no metadata of the role {role}: {what}")]
    Malformed {
        /// The file.
        file: String,
        /// What it should be.
        role: Role,
        /// Where it is wrong, what was expected and what was found.
        what: String,
    },
    /// Too few of the right keys have signed it.
    #[error(
        "{file} has {found} of the {threshold} signatures that it needs from keys that root {root} names for the role \
         {role}{others}: it was changed after it was signed, or signed with a key that does not count any more; try \
         another mirror"
    )]
    Signatures {
        /// The file.
        file: String,
        /// Its role.
        role: Role,
        /// Version of the root whose keys count.
        root: u64,
        /// Different keys of the role whose signature holds.
        found: usize,
        /// How many there must be.
        threshold: u32,
        /// What else it has, in words.
        others: String,
    },
    /// It has another version than was asked for.
    #[error(
        "{file} says that it is version {found}, but {by} version {expected}: files of two states are mixed; try again, \
         or another mirror"
    )]
    Version {
        /// The file.
        file: String,
        /// The version that it should have.
        expected: u64,
        /// The version that it has.
        found: u64,
        /// Who expects it.
        by: String,
    },
    /// It is not the file that signed metadata names.
    #[error(
        "{file} has {found}, but {by} names one with {expected}: it was changed, or files of two states are mixed; try \
         again, or another mirror"
    )]
    Content {
        /// The file.
        file: String,
        /// Length or digest that it should have.
        expected: String,
        /// What it has.
        found: String,
        /// Who says so.
        by: String,
    },
    /// It is older than what was seen before.
    #[error(
        "the {role} of {channel} is version {found}, but version {seen} was seen before: the mirror serves an old state; \
         try another mirror"
    )]
    Rollback {
        /// Whose.
        role: Role,
        /// `channel 9`, or the repository if it does not say.
        channel: String,
        /// The version that was seen.
        seen: u64,
        /// The version that is served.
        found: u64,
    },
    /// Its time is over.
    #[error("{}", expired(*.role, .channel, *.version, *.expires, *.now))]
    Expired {
        /// Whose.
        role: Role,
        /// `channel 9`, or the repository if it does not say.
        channel: String,
        /// Its version.
        version: u64,
        /// Until when it was to be believed.
        expires: Timestamp,
        /// The time that was given.
        now: Timestamp,
    },
    /// It was made later than now.
    #[error(
        "the {role} of {channel} was made on {made}, but by this machine's clock it is {now}: the clock is {} behind; set \
         it, then try again",
        between(*.now, *.made)
    )]
    Future {
        /// Whose.
        role: Role,
        /// `channel 9`, or the repository if it does not say.
        channel: String,
        /// When it says that it was made.
        made: Timestamp,
        /// The time that was given.
        now: Timestamp,
    },
    /// It is of another channel.
    #[error(
        "the {role} is of channel `{found}`, expected `{expected}`: the mirror serves one channel as another; try another \
         mirror, or give each channel a state of its own"
    )]
    Channel {
        /// Whose.
        role: Role,
        /// The channel that was followed before, or that the timestamp names.
        expected: String,
        /// The channel that it names.
        found: String,
    },
    /// A file can't be made a target.
    #[error("`{path}` can't be a target: {why}")]
    Path {
        /// Its path.
        path: String,
        /// Why not.
        why: &'static str,
    },
    /// Metadata can't be written.
    #[error("metadata of the role {role} can't be written: {what}")]
    Unwritable {
        /// Whose.
        role: Role,
        /// Why not.
        what: String,
    },
}

impl TufError {
    pub(super) fn digest(file: &str, expected: Digest, found: Digest, by: String) -> Self {
        let (expected, found) = (format!("the SHA-256 {expected}"), format!("the SHA-256 {found}"));
        Self::Content { file: file.to_owned(), expected, found, by }
    }
}

/// Days for which a mirror is the likelier reason than a clock.
const LATE: i64 = 30;

fn expired(role: Role, channel: &str, version: u64, expires: Timestamp, now: Timestamp) -> String {
    let ago = between(expires, now);
    let late = now.as_second().saturating_sub(expires.as_second()) > LATE * 86_400;
    match role {
        Role::Root => format!(
            "root {version} expired on {expires} ({ago} ago), and no newer one is here: the mirror withholds it; try \
             another mirror; if this machine's clock (now {now}) is wrong, set it; else get the newest root from the \
             distribution itself"
        ),
        _ if late => format!(
            "the {role} of {channel} expired on {expires} ({ago} ago): look at this machine's clock first (now {now}), and \
             set it if it is ahead; if it is right, the mirror serves an old state: try another mirror"
        ),
        _ => format!(
            "the {role} of {channel} expired on {expires} ({ago} ago): the mirror serves an old state or withholds newer \
             ones; try another mirror; if this machine's clock (now {now}) is wrong, set it"
        ),
    }
}

/// A span in words, in its largest unit.
fn between(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.as_second().saturating_sub(from.as_second()).max(0);
    let count = |count: i64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    match seconds {
        86_400.. => count(seconds / 86_400, "day"),
        3_600.. => count(seconds / 3_600, "hour"),
        60.. => count(seconds / 60, "minute"),
        _ => count(seconds, "second"),
    }
}
