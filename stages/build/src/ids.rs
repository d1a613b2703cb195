//! Subordinate ids: what an ordinary user may be inside a user namespace.
//!
//! Inside, root is the user and the ids from 1 on are the first [`COUNT`] of the user's subordinate ids, as
//! /etc/subuid and /etc/subgid grant them.

use std::fs;

use serde::{Deserialize, Serialize};

use crate::Lack;

/// So many subordinate ids are needed: packages and builds own files by ids up to 65535.
pub(crate) const COUNT: u32 = 65_536;

/// Who is who inside a user namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// Users.
    pub(crate) users: Range,
    /// Groups.
    pub(crate) groups: Range,
}

/// Ids of one kind on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Range {
    /// Id 0 inside.
    own: u32,
    /// Id 1 inside; the others follow.
    pub(crate) first: u32,
}

impl Range {
    /// The ranges as newuidmap and newgidmap take them: id inside, id outside, count, for each.
    pub(crate) fn arguments(self) -> [String; 6] {
        [0, self.own, 1, 1, self.first, COUNT].map(|number| number.to_string())
    }
}

impl Ids {
    /// The ids of the user whom this process belongs to.
    pub(crate) fn find() -> Result<Self, Lack> {
        let (user, group) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        let name = name_of(user, &fs::read_to_string("/etc/passwd").unwrap_or_default());
        let first = |file| {
            let text = fs::read_to_string(file).unwrap_or_default();
            first(&text, user, name.as_deref()).ok_or(Lack::SubordinateIds(file))
        };
        Ok(Self {
            users: Range { own: user, first: first("/etc/subuid")? },
            groups: Range { own: group, first: first("/etc/subgid")? },
        })
    }
}

/// The name of a user in /etc/passwd.
fn name_of(user: u32, passwd: &str) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
    })
}

/// The first id of the first range of `name:first:count` lines that is large enough.
fn first(text: &str, user: u32, name: Option<&str>) -> Option<u32> {
    text.lines().find_map(|line| {
        let mut fields = line.trim().split(':');
        let owner = fields.next()?;
        let (first, count): (u32, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        let ours = Some(owner) == name || owner.parse() == Ok(user);
        (ours && count >= COUNT).then_some(first)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_tables() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000::/home/ada:/bin/bash\nbroken\n";
        assert_eq!(name_of(1000, passwd).as_deref(), Some("ada"));
        assert_eq!(name_of(7, passwd), None);
        for (text, expected) in [
            ("ada:100000:65536\n", Some(100_000)),
            ("1000:200000:65536\n", Some(200_000)),
            ("ada:100000:1000\nada:300000:70000\n", Some(300_000)),
            ("bob:100000:65536\n", None),
            ("ada:x:65536\nada:1\n", None),
            ("", None),
        ] {
            assert_eq!(first(text, 1000, Some("ada")), expected, "{text}");
        }
    }

    #[test]
    fn root_inside_is_the_user() {
        let range = Range { own: 1000, first: 100_000 };
        assert_eq!(range.arguments(), ["0", "1000", "1", "1", "100000", "65536"]);
    }
}
