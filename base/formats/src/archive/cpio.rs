//! cpio archives of the "new ASCII" form: a header of 110 hexadecimal digits, the name, the data, each padded
//! to 4 bytes.

use std::borrow::Cow;

use super::{Budget, Member, MemberKind};

pub(super) fn members(bytes: &[u8], limit: u64) -> Result<Vec<Member<'_>>, String> {
    let mut budget = Budget::new(limit);
    let mut members = Vec::new();
    let mut at = 0_usize;
    loop {
        let header = take(bytes, &mut at, 110)?;
        if !header.starts_with(b"070701") && !header.starts_with(b"070702") {
            return Err("a file in it does not start as one".to_owned());
        }
        let field = |index: usize| number(&header[6 + 8 * index..14 + 8 * index]);
        let (mode, size, name_size) = (field(1)?, field(6)?, field(11)?);
        let name = take(bytes, &mut at, name_size as usize)?;
        at = at.next_multiple_of(4);
        let name = String::from_utf8_lossy(name.strip_suffix(b"\0").unwrap_or(name)).into_owned();
        if name == "TRAILER!!!" {
            // What follows is padding, or an archive of its own, as in an initial RAM disk.
            return match bytes[at.min(bytes.len())..].iter().all(|byte| *byte == 0) {
                true => Ok(members),
                false => Err("bytes follow its end".to_owned()),
            };
        }
        budget.take(u64::from(size), name.len())?;
        let data = take(bytes, &mut at, size as usize)?;
        at = at.next_multiple_of(4);
        let kind = match mode >> 12 {
            0o10 => MemberKind::File,
            0o04 => MemberKind::Directory,
            0o12 => MemberKind::Link(String::from_utf8_lossy(data).into_owned()),
            _ => MemberKind::Other,
        };
        members.push(Member { name, kind, mode: Some(mode & 0o7777), data: Cow::Borrowed(data) });
    }
}

fn take<'a>(bytes: &'a [u8], at: &mut usize, count: usize) -> Result<&'a [u8], String> {
    let end = at.checked_add(count).ok_or("a size in it is too large")?;
    let taken = bytes.get(*at..end).ok_or("it ends early")?;
    *at = end;
    Ok(taken)
}

pub(super) fn number(digits: &[u8]) -> Result<u32, String> {
    let text = str::from_utf8(digits).ok().filter(|text| text.bytes().all(|digit| digit.is_ascii_hexdigit()));
    text.and_then(|text| u32::from_str_radix(text, 16).ok())
        .ok_or_else(|| "a number in it is none".to_owned())
}
