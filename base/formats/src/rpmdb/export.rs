//! What `rpmdb --exportdb` writes: the header of each package, with its magic, one after the other. rpm 4.11 and later do, whatever
//! kind of database they have.

use std::io::{self, Read};

use super::{MOST, MOST_BYTES, Row};

/// What each header begins with.
const MAGIC: [u8; 8] = [0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0];
/// Tags and bytes of one header that rpm accepts.
const MOST_TAGS: usize = 0xffff;
const MOST_DATA: usize = 256 << 20;

/// Gives each header of an export, in its order. Returns how many there were.
///
/// # Errors
/// It can't be read, ends within a header, is no export, or is larger than any. Headers before that were given.
pub fn each_exported(mut export: impl Read, mut give: impl FnMut(Row)) -> io::Result<usize> {
    let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let (mut count, mut bytes, mut blob) = (0_usize, 0_usize, Vec::new());
    loop {
        let mut magic = Vec::new();
        export.by_ref().take(8).read_to_end(&mut magic)?;
        match &magic[..] {
            [] => return Ok(count),
            magic if magic == MAGIC => {}
            _ => return Err(wrong(format!("header {count} does not begin as one"))),
        }
        let mut sizes = [0; 8];
        export.read_exact(&mut sizes)?;
        let [tags, data] = [&sizes[..4], &sizes[4..]].map(number);
        if tags > MOST_TAGS || data > MOST_DATA {
            return Err(wrong(format!("header {count} claims {tags} tags and {data} bytes")));
        }
        let size = tags * 16 + data;
        (count, bytes) = (count + 1, bytes.saturating_add(size));
        if count > MOST || bytes > MOST_BYTES {
            return Err(wrong(format!("there are more than {MOST} headers, or {MOST_BYTES} bytes of them")));
        }
        blob.clear();
        blob.extend(sizes);
        export.by_ref().take(size as u64).read_to_end(&mut blob)?;
        if blob.len() < size + 8 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("it ends within header {count}"),
            ));
        }
        give(Row::read(&blob, &format!("package {count}")));
    }
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(bytes: &[u8]) -> (Vec<String>, Result<usize, String>) {
        let mut seen = Vec::new();
        let result = each_exported(bytes, |row| {
            seen.push(match row {
                Row::Package(package) => package.nevra.to_string(),
                Row::Key(key) => key.package,
                Row::Fault(fault) => fault,
            });
        });
        (seen, result.map_err(|error| error.to_string()))
    }

    /// A header `a-1-2.noarch`, as it stands in an export.
    fn small() -> Vec<u8> {
        let mut header = MAGIC.to_vec();
        for number in [4_u32, 13, 1000, 6, 0, 1, 1001, 6, 2, 1, 1002, 6, 4, 1, 1022, 6, 6, 1] {
            header.extend(number.to_be_bytes());
        }
        header.extend(b"a\x001\x002\0noarch\0");
        header
    }

    #[test]
    fn headers_are_told_apart_and_damage_is_said() {
        let two = [small(), small()].concat();
        assert_eq!(given(&two), (vec!["a-1-2.noarch".to_owned(); 2], Ok(2)));
        assert_eq!(given(b""), (vec![], Ok(0)));
        let (seen, result) = given(&two[..two.len() - 1]);
        assert_eq!((seen.len(), result.unwrap_err().as_str()), (1, "it ends within header 2"));
        assert!(given(&two[1..]).1.unwrap_err().contains("does not begin as one"));
        let mut large = MAGIC.to_vec();
        large.extend([0xff; 8]);
        assert!(given(&large).1.unwrap_err().contains("claims"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(at in 0_usize..93, byte: u8, cut in 0_usize..93) {
            let mut bytes = small();
            bytes[at] = byte;
            let _ = given(&bytes);
            bytes.truncate(cut);
            let _ = given(&bytes);
        }
    }
}
