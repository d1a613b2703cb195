//! ELF files whose headers and tables say what is not so.

use heirloom_model::Verdict;

use crate::samples::{Samples, run};
use crate::support::{Shop, compare_apart, tree, unreadable};

/// A 64-bit little-endian ELF file that is changed in places.
#[derive(Clone)]
struct Patched(Vec<u8>);

/// Fields of a section header: where they are, and how many bytes they have.
const TYPE: (usize, usize) = (4, 4);
const FLAGS: (usize, usize) = (8, 8);
const OFFSET: (usize, usize) = (24, 8);
const SIZE: (usize, usize) = (32, 8);
const LINK: (usize, usize) = (40, 4);
const INFO: (usize, usize) = (44, 4);
const ENTRY_SIZE: (usize, usize) = (56, 8);

impl Patched {
    fn number(&self, at: usize, width: usize) -> u64 {
        self.0[at..at + width].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn set(mut self, at: usize, width: usize, value: u64) -> Self {
        self.0[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
        self
    }

    /// Where a section's header is.
    fn header(&self, section: &str) -> usize {
        let (start, count, names) =
            (self.number(0x28, 8) as usize, self.number(0x3c, 2), self.number(0x3e, 2));
        let names = self.number(start + 64 * names as usize + OFFSET.0, 8) as usize;
        let wanted = [section.as_bytes(), b"\0"].concat();
        (0..count as usize)
            .map(|index| start + 64 * index)
            .find(|header| self.0[names + self.number(*header, 4) as usize..].starts_with(&wanted))
            .unwrap()
    }

    fn section(self, section: &str, field: (usize, usize), value: u64) -> Self {
        let header = self.header(section);
        self.set(header + field.0, field.1, value)
    }

    /// Changes the section's own bytes.
    fn inside(self, section: &str, at: usize, width: usize, value: u64) -> Self {
        let start = self.number(self.header(section) + OFFSET.0, 8) as usize;
        self.set(start + at, width, value)
    }
}

#[test]
fn headers_and_tables_that_lie_are_undecided() {
    let samples = Samples::new();
    let library = Patched(samples.get("a.so"));
    let packed = Patched(samples.get("b.so"));
    let of = |change: &dyn Fn(Patched) -> Patched| change(library.clone()).0;
    let zipped = |change: &dyn Fn(Patched) -> Patched| change(packed.clone()).0;
    const HUGE: u64 = 1 << 60;
    const PACKED: &str = ".debug_info";
    let cases: Vec<(&str, Vec<u8>, &Patched)> = vec![
        ("section headers behind the end", of(&|elf| elf.set(0x28, 8, HUGE)), &library),
        ("as many sections as there are numbers", of(&|elf| elf.set(0x3c, 2, 0xffff)), &library),
        ("section headers of no size", of(&|elf| elf.set(0x3a, 2, 0)), &library),
        ("names in no section", of(&|elf| elf.set(0x3e, 2, 0xfff0)), &library),
        ("program headers behind the end", of(&|elf| elf.set(0x20, 8, HUGE)), &library),
        ("as many segments as there are numbers", of(&|elf| elf.set(0x38, 2, 0xfffe)), &library),
        ("no class", of(&|elf| elf.set(4, 1, 9)), &library),
        ("no byte order", of(&|elf| elf.set(5, 1, 9)), &library),
        ("the other byte order", of(&|elf| elf.set(5, 1, 2)), &library),
        ("the other class", of(&|elf| elf.set(4, 1, 1)), &library),
        ("a section beyond the file", of(&|elf| elf.section(".text", SIZE, HUGE)), &library),
        ("a section behind the file", of(&|elf| elf.section(".text", OFFSET, u64::MAX - 8)), &library),
        ("a huge count of symbols", of(&|elf| elf.section(".dynsym", SIZE, 24 << 40)), &library),
        ("symbols behind the end", of(&|elf| elf.section(".symtab", OFFSET, HUGE)), &library),
        ("symbols with names elsewhere", of(&|elf| elf.section(".dynsym", LINK, 0xffff)), &library),
        ("a symbol's name behind the end", of(&|elf| elf.inside(".dynsym", 24, 4, 0xffff_fff0)), &library),
        ("a dynamic table behind the end", of(&|elf| elf.section(".dynamic", OFFSET, HUGE)), &library),
        ("dynamic texts elsewhere", of(&|elf| elf.section(".dynamic", LINK, 0xffff)), &library),
        ("a dynamic text behind the end", of(&|elf| elf.inside(".dynamic", 8, 8, HUGE)), &library),
        ("notes behind the end", of(&|elf| elf.section(".note.gnu.build-id", OFFSET, HUGE)), &library),
        (
            "versions where none are",
            of(&|elf| elf.section(".text", TYPE, 0x6fff_fffd).section(".text", INFO, 9)),
            &library,
        ),
        (
            "needs where none are",
            of(&|elf| elf.section(".text", TYPE, 0x6fff_fffe).section(".text", INFO, 9)),
            &library,
        ),
        ("compressed, and is not", of(&|elf| elf.section(".text", FLAGS, 1 << 11)), &library),
        ("one EiB when decompressed", zipped(&|elf| elf.inside(PACKED, 8, 8, HUGE)), &packed),
        ("all there is when decompressed", zipped(&|elf| elf.inside(PACKED, 8, 8, u64::MAX)), &packed),
        ("less than it states when decompressed", zipped(&|elf| elf.inside(PACKED, 8, 8, 1 << 24)), &packed),
        ("an unknown compression", zipped(&|elf| elf.inside(PACKED, 0, 4, 77)), &packed),
        ("no compressed stream", zipped(&|elf| elf.inside(PACKED, 24, 8, 0)), &packed),
    ];
    let shop = Shop::new();
    for (what, hostile, whole) in cases {
        let path = "/usr/lib64/liba.so.1";
        let compared = shop.compare(&tree(&[(path, &whole.0)]), &tree(&[(path, &hostile)]));
        let told = compared
            .findings
            .iter()
            .any(|f| f.rule == "unreadable" && f.subject == path && !f.found.is_empty());
        assert!(told, "{what}: {compared:#?}");
        unreadable(&compared, path, "");
    }
    // No reader cares for these, and they are not the same for it.
    for field in [ENTRY_SIZE, LINK, INFO, FLAGS] {
        let hostile = of(&|elf| elf.section(".rodata", field, 7));
        let path = "/usr/lib64/liba.so.1";
        let compared = shop.compare(&tree(&[(path, &library.0)]), &tree(&[(path, &hostile)]));
        assert!(compared.verdict >= Verdict::AbiCompatible, "{field:?}: {compared:#?}");
    }
}

/// Object files with tables that are small in the file, and large for who follows all that they refer to.
const TABLES: &str = r#"
import struct

def elf(kind, sections):
    # Name, type, link, info, entry size, offset of the data in the file, its size; then the data itself.
    names, data, headers = b'\0', b'', b''
    base = 64
    places = {}
    for name, (sh_type, link, info, entry, content) in sections:
        if isinstance(content, bytes):
            places[name] = (base + len(data), len(content))
            data += content
            data += bytes(-len(data) % 8)
        else:
            places[name] = places[content]
    unique = {}
    for name, _ in sections:
        key = name.split('#')[0]
        if key not in unique:
            unique[key] = len(names)
            names += key.encode() + b'\0'
    at = base + len(data)
    data += names + bytes(-len(names) % 8)
    headers += bytes(64)
    for name, (sh_type, link, info, entry, content) in sections:
        offset, size = places[name]
        headers += struct.pack('<IIQQQQIIQQ', unique[name.split('#')[0]], sh_type, 0, 0, offset, size, link, info, 1, entry)
    headers += struct.pack('<IIQQQQIIQQ', 0, 3, 0, 0, at, len(names), 0, 0, 1, 0)
    count = len(sections) + 2
    head = b'\x7fELF\x02\x01\x01' + bytes(9)
    head += struct.pack('<HHIQQQIHHHHHH', kind, 62, 1, 0, 0, base + len(data), 0, 64, 0, 0, 64, count, count - 1)
    return head + data + headers

MIB = 1 << 20
note = struct.pack('<III', 4, 0, 1) + b'abc\0'
for number, side in enumerate(['one', 'two']):
    end = bytes([97 + number])
    long = b'\0' + b'n' * MIB + end + b'\0'
    symbol = lambda i: struct.pack('<IBBHQQ', 1, 0x11, 0, 1, i, 8)
    files = {
        # Every section is the same notes.
        'notes.o': elf(1, [('.first', (7, 0, 0, 0, note * 65536 + end))] + [(f'.note#{i}', (7, 0, 0, 0, '.first')) for i in range(20000)]),
        # Every section is the same bytes.
        'sections.o': elf(1, [('.text', (1, 0, 0, 0, bytes(MIB) + end))] + [(f'.data#{i}', (1, 0, 0, 0, '.text')) for i in range(20000)]),
        # Every symbol has the same long name.
        'symbols.o': elf(1, [('.strtab', (3, 0, 0, 0, long)), ('.symtab', (2, 1, 1, 24, bytes(24) + b''.join(map(symbol, range(20000)))))]),
        'exports.so': elf(3, [('.dynstr', (3, 0, 0, 0, long)), ('.dynsym', (11, 1, 1, 24, bytes(24) + b''.join(map(symbol, range(20000)))))]),
        # Every needed library has the same long name.
        'needed.so': elf(3, [('.dynstr', (3, 0, 0, 0, long)), ('.dynamic', (6, 1, 0, 16, struct.pack('<QQ', 1, 1) * 20000))]),
        # Every version has all that follow as its own.
        'versions.so': elf(3, [('.dynstr', (3, 0, 0, 0, b'\0a' + end + b'\0')),
            ('.gnu.version_r', (0x6ffffffe, 1, 30000, 0, struct.pack('<HHIII', 1, 65535, 1, 16, 16) + struct.pack('<IHHII', 0, 1, 1, 1, 16) * 40000))]),
        'relocations.o': elf(1, [('.strtab', (3, 0, 0, 0, long)), ('.symtab', (2, 1, 1, 24, bytes(24) + symbol(1))), ('.text', (1, 0, 0, 0, bytes(16))),
            ('.rela.text', (4, 2, 3, 24, struct.pack('<QQq', 0, (1 << 32) | 1, number) * 20000))]),
        # Many sections of the names that are compared as one.
        'tables.o': elf(1, [('.strtab', (3, 0, 0, 0, b'\0' + b'a' * 500 + end + b'\0')), ('.symtab', (2, 1, 1, 24, bytes(24) + b''.join(map(symbol, range(10000)))))]
            + [(f'.symtab#{i}', (1, 0, 0, 0, bytes([number]))) for i in range(20000)]),
    }
    for name, content in files.items():
        open(f'{side}-{name}', 'wb').write(content)
"#;

/// Whether the file is one that is not examined, or one whose difference is found.
const TABLE_NAMES: [(&str, bool); 8] = [
    ("notes.o", true),
    ("sections.o", true),
    ("symbols.o", true),
    ("exports.so", true),
    ("needed.so", true),
    ("versions.so", true),
    ("relocations.o", false),
    ("tables.o", false),
];

#[test]
fn tables_that_share_what_they_refer_to_take_no_memory() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("make.py"), TABLES).unwrap();
    run(dir.path(), "python3 make.py");
    let shop = Shop::new();
    let path = |name: &str| format!("/usr/lib64/{name}");
    for (name, refused) in TABLE_NAMES {
        let package = |side: &str| {
            let content = std::fs::read(dir.path().join(format!("{side}-{name}"))).unwrap();
            shop.package(&tree(&[(&path(name), &content)]))
        };
        let outcome = compare_apart(&package("one"), &package("two"));
        if refused {
            outcome.undecided("unreadable", &path(name), "");
        } else {
            let told = |[_, severity, subject, _]: &[String; 4]| {
                subject.starts_with(&path(name))
                    && ["Different", "Incompatible", "Undecided"].contains(&severity.as_str())
            };
            assert!(outcome.findings.iter().any(told), "{name}: {outcome:#?}");
        }
    }
}
