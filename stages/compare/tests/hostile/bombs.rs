//! Small files that are gigabytes when they are unpacked, and containers in containers without end.

use std::path::Path;

use crate::samples::run;
use crate::support::{Shop, compare_apart};

/// Makes bombs in the current directory, each twice and a little different: `one-*` and `two-*`.
const SCRIPT: &str = r#"
import gzip, io, subprocess, struct, sys, tarfile, zipfile, zlib
GIB = 1 << 30
MIB = 1 << 20

def write(side, name, data):
    open(f'{side}-{name}', 'wb').write(data)

def packed(tool, data):
    return subprocess.run(tool, input=data, stdout=subprocess.PIPE, check=True).stdout

def zeroes(size):
    # A raw deflate stream: the same piece, which ends at a byte, again and again.
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece * (size // MIB) + b'\x03\x00'

def zipped(names, stream, stated, crc):
    out, directory = b'', b''
    fields = struct.pack('<HHHHHIII', 20, 0, 8, 0, 0, crc, len(stream), stated)
    for name in names:
        if not out or len(names) < 10:
            at = len(out)
            out += b'PK\x03\x04' + fields + struct.pack('<HH', len(name), 0) + name + stream
        directory += b'PK\x01\x02' + struct.pack('<H', 20) + fields
        directory += struct.pack('<HHHHHII', len(name), 0, 0, 0, 0, 0, at) + name
    end = struct.pack('<HHHHIIH', 0, 0, len(names), len(names), len(directory), len(out), 0)
    return out + directory + b'PK\x05\x06' + end

for number, side in enumerate(['one', 'two']):
    end = bytes([number])
    piece = gzip.compress(bytes(MIB), mtime=0)
    write(side, 'gzip.gz', gzip.compress(piece * 4096 + gzip.compress(end), mtime=0))
    for name, tool in [('xz.xz', ['xz', '-c']), ('zstd.zst', ['zstd', '-qc']), ('bzip2.bz2', ['bzip2', '-c'])]:
        write(side, name, packed(tool, bytes(16 * MIB)) * 128 + packed(tool, end))
    name = b'a' + str(number).encode()
    stream = zeroes(2 * GIB)
    # Sizes that are far too small, far too large, and true.
    for index, stated in enumerate([1, 0xfffffff0, 2 * GIB]):
        write(side, f'lying{index}.zip', zipped([name], stream, stated, 0))
    # A thousand members that are all the same bytes of the file.
    same = zeroes(16 * MIB)
    write(side, 'shared.zip', zipped([b'a%d-%d' % (number, i) for i in range(1000)], same, 16 * MIB, zlib.crc32(bytes(16 * MIB))))
    # Members that are nothing, and many.
    member = lambda name: name.ljust(16) + b'0'.ljust(12) + b'0'.ljust(6) * 2 + b'644'.ljust(8) + b'0'.ljust(10) + b'`\n'
    write(side, 'many.a.xz', packed(['xz', '-c1'], b'!<arch>\n' + b''.join(member(b'%d-%d/' % (number, i)) for i in range(900000))))
    # One long name for what is in it.
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, 'w') as archive:
        for i in range(20000):
            archive.writestr(f'{i}', str(number))
    outer = io.BytesIO()
    with tarfile.open(fileobj=outer, mode='w', format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo('n' * MIB)
        info.size = len(inner.getvalue())
        archive.addfile(info, io.BytesIO(inner.getvalue()))
    write(side, 'name.tar.xz', packed(['xz', '-c'], outer.getvalue()))
    # A dictionary of 4 GiB: the size is in the block header, behind the stream header of 12 bytes.
    whole = bytearray(packed(['xz', '-c', '--check=none'], b'text ' * 100 + end))
    assert whole[14] == 0x21
    whole[16] = 40
    size = (whole[12] + 1) * 4
    whole[12 + size - 4:12 + size] = struct.pack('<I', zlib.crc32(bytes(whole[12:12 + size - 4])))
    write(side, 'dictionary.xz', bytes(whole))
    # Symbols of a kernel.
    lines = b''.join(b'%d%d s%d\n' % (number, i, i) for i in range(400000))
    write(side, 'symvers.gz', packed(['gzip', '-c1'], lines))
    deep = b'text' + end
    for _ in range(12):
        deep = gzip.compress(deep, mtime=0)
    write(side, 'deep.gz', deep)
    deep = b'text' + end
    for _ in range(12):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode='w') as archive:
            info = tarfile.TarInfo('a.tar')
            info.size = len(deep)
            archive.addfile(info, io.BytesIO(deep))
        deep = out.getvalue()
    write(side, 'deep.tar', deep)
    # Values of one byte that are remembered.
    write(side, 'values.pyc', b'\x61\x0d\r\n' + bytes(12) + b'(' + struct.pack('<I', 30000000) + b'\xce' * 30000000 + end)
"#;

/// A bomb's name, and words of the reason why it is not examined.
const BOMBS: [(&str, &str); 14] = [
    ("gzip.gz", "more than the"),
    ("xz.xz", "more than the"),
    ("zstd.zst", "more than the"),
    ("bzip2.bz2", "more than the"),
    ("lying0.zip", ""),
    ("lying1.zip", "more bytes than are allowed"),
    ("lying2.zip", "more bytes than are allowed"),
    ("shared.zip", "more bytes than are allowed"),
    ("many.a.xz", "more bytes than are allowed"),
    ("name.tar.xz", "a name in it has"),
    ("dictionary.xz", "memory"),
    ("deep.gz", "nested"),
    ("deep.tar", "nested"),
    ("values.pyc", "too many values"),
];

#[test]
fn what_unpacks_to_gigabytes_is_undecided_and_takes_no_memory() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("make.py"), SCRIPT).unwrap();
    run(dir.path(), "python3 make.py");
    let shop = Shop::new();
    for (name, why) in BOMBS {
        let outcome =
            compare_apart(&bomb(&shop, dir.path(), "one", name), &bomb(&shop, dir.path(), "two", name));
        outcome.undecided("unreadable", &format!("/usr/share/{name}"), why);
    }
    // A kernel's symbols that all differ are told, and not all of them.
    let outcome = compare_apart(
        &bomb(&shop, dir.path(), "one", "symvers.gz"),
        &bomb(&shop, dir.path(), "two", "symvers.gz"),
    );
    assert!(outcome.findings.iter().any(|[rule, ..]| rule == "kernel-symbols"), "{outcome:#?}");
    assert_eq!(outcome.verdict, "undecided");
}

fn bomb(shop: &Shop, dir: &Path, side: &str, name: &str) -> std::path::PathBuf {
    let content = std::fs::read(dir.join(format!("{side}-{name}"))).unwrap();
    shop.package(&crate::tree(&[(&format!("/usr/share/{name}"), &content)]))
}

#[test]
fn payloads_that_unpack_to_gigabytes_are_undecided_and_take_no_memory() {
    let shop = Shop::new();
    let package = |name: &str, end: &str| {
        let dir = tempfile::tempdir().unwrap();
        run(
            dir.path(),
            &format!("mkdir -p usr/share; cd usr/share; truncate -s 600M zeroes; printf {end} >> zeroes"),
        );
        shop.built(name, dir.path())
    };
    let outcome = compare_apart(&package("one", "1"), &package("two", "2"));
    outcome.undecided("unreadable", "/usr/share/zeroes", "can't hold so much");
}
