use super::*;

/// A tag of a hand-made tag store: number, type, count, data.
type Raw<'a> = (u32, u32, u32, &'a [u8]);

fn store(tags: &[Raw<'_>]) -> Vec<u8> {
    let data: Vec<u8> = tags.iter().flat_map(|tag| tag.3.iter().copied()).collect();
    let mut bytes = intro(tags.len() as u32, data.len() as u32);
    let mut offset = 0u32;
    for (tag, kind, count, value) in tags {
        bytes.extend([*tag, *kind, offset, *count].map(u32::to_be_bytes).concat());
        offset += value.len() as u32;
    }
    bytes.extend(data);
    bytes
}

fn intro(tags: u32, bytes: u32) -> Vec<u8> {
    [&[0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0][..], &tags.to_be_bytes(), &bytes.to_be_bytes()].concat()
}

fn rpm(header: &[u8]) -> Vec<u8> {
    let mut lead = vec![0; 96];
    lead[..4].copy_from_slice(&[0xed, 0xab, 0xee, 0xdb]);
    [lead, store(&[]), header.to_vec()].concat()
}

const IDENTITY: [Raw<'static>; 5] = [
    (1000, 6, 1, b"tool\0"),
    (1001, 6, 1, b"1.0\0"),
    (1002, 6, 1, b"2\0"),
    (1022, 6, 1, b"noarch\0"),
    (1044, 6, 1, b"tool-1.0-2.src.rpm\0"),
];

fn read(more: &[Raw<'_>]) -> Result<Header, RpmError> {
    Header::read("made.rpm", &rpm(&store(&[&IDENTITY[..], more].concat()))[..])
}

fn problem(more: &[Raw<'_>]) -> String {
    read(more).unwrap_err().to_string()
}

#[test]
fn the_smallest_package() {
    let header = read(&[]).unwrap();
    assert_eq!(header.nevra.to_string(), "tool-1.0-2.noarch");
    assert_eq!(header.range.start, 96 + 16);
    assert!(header.files.is_empty() && header.scripts.is_empty() && !header.is_source);
}

#[test]
fn hostile_counts_and_offsets_are_refused_without_reserving_memory() {
    let refused = |header: &[u8]| Header::read("made.rpm", &rpm(header)[..]).unwrap_err().to_string();
    assert!(refused(&intro(u32::MAX, 0)).contains("claims 4294967295 tags, more than the 65535"));
    assert!(refused(&intro(0, u32::MAX)).contains("bytes, more than the 268435456"));
    assert!(refused(&intro(9, 200_000_000)).contains("is cut short: its header should have"));
    assert!(refused(b"garbage garbage garbage").contains("does not start as one"));
    for (kind, offset, count) in [(6, u32::MAX, 1), (4, 0, u32::MAX), (7, 0, 5), (8, 0, 3), (5, 1, 1)] {
        let entry = [1000, kind, offset, count].map(u32::to_be_bytes).concat();
        let error = refused(&[intro(1, 4), entry, b"ab\0c".to_vec()].concat());
        assert!(error.contains("tag 1000 of its header points outside"), "{error}");
    }
    let unknown = [1000u32, 99, 0, 1].map(u32::to_be_bytes).concat();
    assert!(refused(&[intro(1, 0), unknown].concat()).contains("unknown type 99"));
}

#[test]
fn one_piece_of_data_can_t_be_claimed_by_many_tags() {
    let entry = [5000u32, 8, 0, 1000].map(u32::to_be_bytes).concat();
    let header = [intro(2, 1500), entry.repeat(2), vec![0; 1500]].concat();
    let error = Header::read("made.rpm", &rpm(&header)[..]).unwrap_err().to_string();
    assert!(error.contains("overlaps another tag"), "{error}");
}

#[test]
fn tags_that_do_not_fit_together_are_refused() {
    assert!(problem(&[(1003, 6, 1, b"1\0")]).contains("tag 1003 of its header is not a number"));
    assert!(problem(&[(1004, 4, 1, &[0; 4])]).contains("tag 1004 of its header is not text"));
    assert!(
        problem(&[(1047, 8, 2, b"a\0b\0"), (1112, 4, 1, &[0; 4])])
            .contains("tag 1112 of its header has 1 values")
    );
    let file = [(1116, 4, 1, &[0, 0, 0, 7][..]), (1117, 8, 1, b"a\0"), (1118, 8, 1, b"/\0")];
    assert!(problem(&file).contains("tag 1116 of its header has the index 7"));
    let trigger =
        [(1066, 8, 1, &b"a\0"[..]), (1067, 8, 1, b"\0"), (1068, 4, 1, &[0; 4]), (1069, 4, 1, &[0, 0, 0, 1])];
    assert!(problem(&trigger).contains("tag 1069 of its header has the index 1"));
    assert!(problem(&[(1080, 4, 1, &[0; 4])]).contains("tag 1081"));
}

#[test]
fn identity_is_checked() {
    let read = |tags: &[Raw<'_>]| Header::read("made.rpm", &rpm(&store(tags))[..]).unwrap_err().to_string();
    assert!(read(&IDENTITY[1..]).contains("its header has no NAME"));
    let mut tags = IDENTITY;
    tags[0].3 = b"../../etc/passwd\0";
    assert!(read(&tags).contains("has no proper identity"));
}

#[test]
fn relations_become_dependencies() {
    let relation =
        |flags, version: &str| Relation { name: "a".to_owned(), flags, version: version.to_owned() };
    for (flags, version, text) in [
        (0, "", "a"),
        (2, "1", "a < 1"),
        (10, "0:1-2", "a <= 1-2"),
        (8, "3:1", "a = 3:1"),
        (12, "1", "a >= 1"),
        (4, "1", "a > 1"),
        (8, "", "a"),
        (1 << 9, "", "a"),
    ] {
        assert_eq!(relation(flags, version).dependency().to_string(), text);
    }
}

proptest::proptest! {
    #[test]
    fn never_panics_on_garbage(tags in proptest::collection::vec(
        (proptest::sample::select(&[1003u32, 1004, 1028, 1030, 1047, 1049, 1065, 1066, 1069, 1080, 1116, 1117, 1118,
            1141, 5008, 5066, 5092]), 0u32..11, 0u32..9, proptest::collection::vec(0u8..4, 0..20)), 0..12)) {
        let tags: Vec<Raw<'_>> = tags.iter().map(|(tag, kind, count, data)| (*tag, *kind, *count, &data[..])).collect();
        let _ = read(&tags);
    }

    #[test]
    fn never_panics_on_any_bytes(bytes: Vec<u8>) {
        let _ = Header::read("x", &rpm(&bytes)[..]);
        let _ = Header::read("x", &bytes[..]);
    }
}

fn numbers(numbers: impl IntoIterator<Item = u32>) -> Vec<u8> {
    numbers.into_iter().flat_map(u32::to_be_bytes).collect()
}

#[test]
fn one_long_directory_or_description_of_many_files_is_refused() {
    let (count, long) = (1000, [vec![b'a'; 1 << 20], vec![0]].concat());
    let (names, zeroes) = (b"a\0".repeat(count as usize), numbers(vec![0; count as usize]));
    let files = |directory: &'static [u8]| -> Vec<Raw<'_>> {
        vec![(1116, 4, count, &zeroes), (1117, 8, count, &names), (1118, 8, 1, directory)]
    };
    assert_eq!(read(&files(b"/\0")).unwrap().files.len(), count as usize);
    let described = [&files(b"/\0")[..], &[(1141, 4, count, &zeroes), (1142, 8, 1, &long)]].concat();
    assert!(problem(&described).contains("bytes of paths and descriptions"));
    let mut deep = files(b"/\0");
    deep[2].3 = &long;
    assert!(problem(&deep).contains("bytes of paths and descriptions"));
}

#[test]
fn of_many_hard_links_each_is_handed_over_until_it_is_enough() {
    use std::ops::ControlFlow;
    let count = 20_000;
    let names: Vec<u8> = (0..count).flat_map(|index| format!("{index}\0").into_bytes()).collect();
    let (zeroes, ones) = (numbers(vec![0; count]), numbers(vec![1; count]));
    let modes = 0o100_644_u16.to_be_bytes().repeat(count);
    let many = count as u32;
    let tags: [Raw<'_>; 6] = [
        (1028, 4, many, &ones),
        (1030, 3, many, &modes),
        (1096, 4, many, &ones),
        (1116, 4, many, &zeroes),
        (1117, 8, many, &names),
        (1118, 8, 1, b"/\0"),
    ];
    let entry = |name: &str, data: &str| {
        let fields = [1, 0o100_644, 0, 0, 1, 0, data.len(), 0, 0, 0, 0, name.len() + 1, 0];
        let fields: String = fields.iter().map(|field| format!("{field:08x}")).collect();
        let padded = |text: String| format!("{text}{}", "\0".repeat(text.len().wrapping_neg() % 4));
        padded(format!("070701{fields}{name}\0")) + &padded(data.to_owned())
    };
    let read = |payload: String, most: usize| {
        let file = tempfile::NamedTempFile::new().unwrap();
        let whole = rpm(&store(&[&IDENTITY[..], &tags].concat()));
        std::fs::write(file.path(), [whole, payload.into_bytes()].concat()).unwrap();
        let header = Header::open(file.path()).unwrap();
        let mut seen = 0;
        let done = each_file(
            file.path(),
            &header,
            |_| true,
            |_, _| {
                seen += 1;
                Ok::<_, ()>(if seen < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
            },
        );
        done.map(|done| (done.unwrap(), seen).1)
    };
    let last = entry("./19999", "a");
    let end = entry("TRAILER!!!", "");
    assert_eq!(read(format!("{last}{end}"), usize::MAX).unwrap(), count);
    // What is taken after the last that was wanted would be one too many.
    assert_eq!(read(format!("{last}{last}{end}"), 3).unwrap(), 3);
    assert!(read(format!("{last}{last}{end}"), usize::MAX).unwrap_err().to_string().contains("twice"));
}
