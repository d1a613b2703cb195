//! Static libraries: a header of 60 bytes for each member, long names in a table (GNU) or before the data
//! (BSD).

use std::borrow::Cow;

use super::{Budget, Member, MemberKind};

const MAGIC: &[u8] = b"!<arch>\n";

pub(super) fn members(bytes: &[u8], limit: u64) -> Result<Vec<Member<'_>>, String> {
    let mut rest = match bytes.strip_prefix(MAGIC) {
        Some(rest) => rest,
        None if bytes.starts_with(b"!<thin>\n") => {
            return Err("it is thin: its members are other files".to_owned());
        }
        None => return Err("it does not start as one".to_owned()),
    };
    let mut budget = Budget::new(limit);
    let (mut members, mut names) = (Vec::new(), &[][..]);
    while !rest.is_empty() {
        let (header, after) = rest.split_at_checked(60).ok_or("it ends inside of a header")?;
        if !header.ends_with(b"`\n") {
            return Err("a header in it does not end as one".to_owned());
        }
        let size = number(&header[48..58], 10).ok_or("a member has no size")?;
        let size = usize::try_from(size).map_err(|_| "a member is too large")?;
        let (data, after) = after.split_at_checked(size).ok_or("it ends inside of a member")?;
        // Members start at even offsets.
        rest = after.get(size % 2..).unwrap_or_default();
        let name = trimmed(&header[..16]);
        match name {
            b"/" | b"/SYM64/" | b"__.SYMDEF" | b"__.SYMDEF SORTED" => continue,
            b"//" => {
                names = data;
                continue;
            }
            _ => {}
        }
        let (name, data) = named(name, names, data).ok_or("a member has no name")?;
        budget.take(data.len() as u64, name.len())?;
        members.push(Member {
            name: String::from_utf8_lossy(name).into_owned(),
            kind: MemberKind::File,
            mode: number(&header[40..48], 8).and_then(|mode| u32::try_from(mode).ok()),
            data: Cow::Borrowed(data),
        });
    }
    Ok(members)
}

fn named<'a>(name: &'a [u8], names: &'a [u8], data: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    if let Some(length) = name.strip_prefix(b"#1/") {
        let (name, data) = data.split_at_checked(usize::try_from(number(length, 10)?).ok()?)?;
        return Some((name.split(|byte| *byte == 0).next()?, data));
    }
    if let Some(offset) = name.strip_prefix(b"/").filter(|rest| !rest.is_empty()) {
        let long = names.get(usize::try_from(number(offset, 10)?).ok()?..)?;
        let end = long.iter().position(|byte| *byte == b'\n')?;
        return Some((long[..end].strip_suffix(b"/").unwrap_or(&long[..end]), data));
    }
    Some((name.strip_suffix(b"/").unwrap_or(name), data))
}

fn trimmed(text: &[u8]) -> &[u8] {
    text.trim_ascii_end()
}

fn number(text: &[u8], radix: u32) -> Option<u64> {
    u64::from_str_radix(str::from_utf8(trimmed(text)).ok()?, radix).ok()
}
