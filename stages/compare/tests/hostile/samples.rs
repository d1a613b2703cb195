//! Files of every kind, by the tools that write such.

use std::path::Path;
use std::process::{Command, Stdio};

const SCRIPT: &str = r#"
cat > lib.c <<'END'
struct inner { short a; short b; };
struct shape { int width; unsigned flag : 3; struct inner parts[2]; struct shape *next; int (*call)(int, char); };
const char *text(void) { return "a text"; }
struct shape a_shape = { 1 };
int area(struct shape *s, int scale) { return s->width * scale; }
END
gcc -g -O1 -fPIC -shared -Wl,-soname,liba.so.1 -Wl,--build-id lib.c -o a.so
gcc -g -gz -gdwarf-4 -fPIC -shared lib.c -o b.so
gcc -g -c lib.c -o a.o
mkdir dir; seq 300 > dir/one; seq 40 > dir/two
ar rcsU a.a a.o
tar cf a.tar dir
find dir | LC_ALL=C sort | cpio --quiet -o -H newc > a.cpio
python3 -m zipfile -c a.zip dir/one dir/two
for tool in gzip xz zstd bzip2; do "$tool" -c dir/one > "a.$tool"; done
mv a.gzip a.gz; mv a.zstd a.zst; mv a.bzip2 a.bz2
echo 'def f(x, *, y=2): return x in {"a", "b"} or (1.5, 2j, 1 << 70, None, b"x", [i for i in x])' > a.py
python3 -c "
import py_compile, struct, zlib
py_compile.compile('a.py', cfile='a.pyc', dfile='a.py')
chunk = lambda kind, data: struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
head = struct.pack('>IIBBBBB', 1, 1, 8, 0, 0, 0, 0)
open('a.png', 'wb').write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(bytes(2))) + chunk(b'IEND', b''))
pe = bytearray(512); pe[:2] = b'MZ'; pe[60:64] = struct.pack('<I', 64); pe[64:68] = b'PE\0\0'
pe[68:88] = struct.pack('<HHIIIHH', 0x8664, 1, 0, 0, 0, 240, 0x22); pe[88:90] = b'\x0b\x02'
pe[196:200] = struct.pack('<I', 16); pe[232:240] = struct.pack('<II', 1024, 8)
pe[328:368] = struct.pack('<8sIIIIIIHHI', b'.text', 512, 4096, 512, 512, 0, 0, 0, 0, 0x60000020)
open('a.efi', 'wb').write(bytes(pe) + bytes(range(256)) * 2 + b'unsigned')
"
"#;

/// One file of each kind.
pub(crate) struct Samples(tempfile::TempDir);

/// Their names.
const NAMES: [&str; 15] = [
    "a.so",
    "b.so",
    "a.o",
    "a.a",
    "a.tar",
    "a.cpio",
    "a.zip",
    "a.gz",
    "a.xz",
    "a.zst",
    "a.bz2",
    "a.pyc",
    "a.png",
    "a.efi",
    "packed.tar.gz",
];

impl Samples {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        run(dir.path(), SCRIPT);
        run(dir.path(), "tar czf packed.tar.gz a.a a.zip a.pyc");
        Self(dir)
    }

    pub(crate) fn get(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.path().join(name)).unwrap()
    }

    pub(crate) fn all(&self) -> Vec<(&'static str, Vec<u8>)> {
        NAMES.iter().map(|name| (*name, self.get(name))).collect()
    }
}

/// Runs a script in a directory.
pub(crate) fn run(dir: &Path, script: &str) {
    let done =
        Command::new("bash").args(["-euc", script]).current_dir(dir).stdout(Stdio::null()).status().unwrap();
    assert!(done.success(), "{script}");
}

/// The bytes with some of them changed; which ones follows from the number.
pub(crate) fn flipped(bytes: &[u8], number: usize, count: usize) -> Vec<u8> {
    let mut state = number as u64 + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let mut changed = bytes.to_vec();
    // Most of what readers decide by is at the ends.
    let ends = bytes.len().min(512);
    for _ in 0..count {
        let at = match next() % 4 {
            0 => next() % ends,
            1 => bytes.len() - 1 - next() % ends,
            _ => next() % bytes.len(),
        };
        changed[at] ^= [0xff, 0x80, 0x01, 0x7f][next() % 4];
    }
    changed[number % bytes.len()] ^= 1;
    changed
}
