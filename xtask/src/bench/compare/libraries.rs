//! Two libraries of real size, compiled twice with other flags, with packages of debugging data.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Pair, Typed};
use crate::bench::{Result, run_tool};

/// Source files of the C++ library; each takes some seconds to compile.
const UNITS: usize = 8;
/// Source files of the C library, and structures in each.
const C_UNITS: usize = 60;
const STRUCTURES: usize = 40;

const FLAGS: [&str; 2] = ["-O2 -g", "-O2 -g -fno-tree-vectorize -fno-inline-small-functions"];

const HEADERS: [&str; 16] = [
    "algorithm",
    "deque",
    "filesystem",
    "functional",
    "future",
    "iostream",
    "map",
    "memory",
    "regex",
    "set",
    "sstream",
    "string",
    "thread",
    "unordered_map",
    "variant",
    "vector",
];

/// Makes both.
pub(super) fn make(dir: &Path) -> Result<Vec<Typed>> {
    let cxx: Vec<String> = (0..UNITS).map(cxx_unit).collect();
    let c: Vec<String> = (0..C_UNITS).map(c_unit).collect();
    Ok(vec![library(dir, "cxx", "cc", &cxx)?, library(dir, "plain", "c", &c)?])
}

/// A class that makes use of much of the standard library.
fn cxx_unit(number: usize) -> String {
    let mut source: String = HEADERS.iter().map(|header| format!("#include <{header}>\n")).collect();
    let _ = write!(
        source,
        "namespace bench {{
struct point{number} {{ int x; double y; std::string name; std::vector<point{number} *> near; }};
class shape{number} {{
public:
    virtual ~shape{number}();
    virtual std::map<std::string, point{number}> points(const std::regex &what) const;
    virtual std::variant<int, std::string, point{number}> find(std::string_view name);
    std::unordered_map<std::string, std::deque<point{number}>> groups;
    std::function<bool(const point{number} &)> chosen;
    std::shared_future<std::set<std::string>> later;
    std::filesystem::path place;
}};
shape{number}::~shape{number}() {{}}
std::map<std::string, point{number}> shape{number}::points(const std::regex &what) const {{
    std::map<std::string, point{number}> all;
    for (auto &[name, group] : groups)
        if (std::regex_search(name, what))
            for (auto &one : group) if (!chosen || chosen(one)) all.emplace(one.name, one);
    return all;
}}
std::variant<int, std::string, point{number}> shape{number}::find(std::string_view name) {{
    auto group = groups.find(std::string(name));
    if (group == groups.end()) return place.string();
    auto &all = group->second;
    std::sort(all.begin(), all.end(), [](auto &a, auto &b) {{ return a.y < b.y; }});
    std::ostringstream out; for (auto &one : all) out << one.name << one.x;
    return all.empty() ? std::variant<int, std::string, point{number}>(out.str()) : all.front();
}}
}}
"
    );
    source
}

/// Structures that refer to each other, and functions that take them.
fn c_unit(number: usize) -> String {
    let mut source = String::from("#include <stdio.h>\n#include <string.h>\n");
    for index in 0..STRUCTURES {
        let other = (index + 7) % STRUCTURES;
        let _ = write!(
            source,
            "struct s{number}_{other};
enum e{number}_{index} {{ E{number}_{index}_A, E{number}_{index}_B = {index}, E{number}_{index}_C }};
struct s{number}_{index} {{ int count; enum e{number}_{index} kind; struct s{number}_{other} *next; char text[{size}]; \
double parts[8]; unsigned low : 3, high : 5; union {{ long l; float f; }} value; int (*call)(struct s{number}_{index} *, int); }};
int f{number}_{index}(struct s{number}_{index} *s, const char *text, int scale) {{
    double sum = 0; for (int i = 0; i < 8; i++) sum += s->parts[i] * scale;
    strncpy(s->text, text, sizeof s->text - 1);
    return s->call ? s->call(s, (int)sum) : snprintf(s->text, sizeof s->text, \"%s %d\", text, s->count);
}}
",
            size = 16 + index,
        );
    }
    source
}

fn library(dir: &Path, name: &str, suffix: &str, units: &[String]) -> Result<Typed> {
    let dir = dir.join(name);
    let sources = dir.join("sources");
    fs::create_dir_all(&sources)?;
    for (number, unit) in units.iter().enumerate() {
        fs::write(sources.join(format!("unit{number}.{suffix}")), unit)?;
    }
    println!("compiling the {name} library twice");
    let spec = dir.join("library.spec");
    fs::write(&spec, SPEC)?;
    for (side, flags) in FLAGS.iter().enumerate() {
        let out = dir.join(side.to_string());
        let mut rpmbuild = Command::new("rpmbuild");
        rpmbuild.args(["-bb", "--quiet"]).env("SOURCE_DATE_EPOCH", "1700000000");
        for (macro_name, value) in [
            ("_topdir", out.to_string_lossy().as_ref()),
            ("_rpmdir", out.to_string_lossy().as_ref()),
            ("_rpmfilename", "%%{NAME}.rpm"),
            ("_buildshell", "/bin/bash"),
            ("_build_id_links", "none"),
            ("_binary_payload", "w3.zstdio"),
            ("__os_install_post", "%{nil}"),
            ("debug_package", "%{nil}"),
            ("bench_library", name),
            ("bench_sources", sources.to_string_lossy().as_ref()),
            ("bench_suffix", suffix),
            ("bench_flags", flags),
        ] {
            rpmbuild.arg("--define").arg(format!("{macro_name} {value}"));
        }
        run_tool(rpmbuild.arg(&spec))?;
    }
    let file =
        |side: usize, package: &str| dir.join(side.to_string()).join(format!("lib{name}{package}.rpm"));
    let debuginfo = [file(0, "-debuginfo"), file(1, "-debuginfo")];
    let megabytes = file(0, "-debuginfo").metadata()?.len() as f64 / 1e6;
    Ok(Typed {
        name: format!("lib{name}, {} source files, {megabytes:.1} MB of debugging data packed", units.len()),
        pair: Pair { reference: file(0, ""), rebuilt: file(1, "") },
        debuginfo: debuginfo.map(|file| vec![file]),
    })
}

const SPEC: &str = "\
Name: lib%{bench_library}
Version: 1
Release: 1
Summary: A library of real size
License: MIT
AutoReqProv: no
Provides: lib%{bench_library}.so.1()(64bit)
%description
A library of real size.
%package debuginfo
Summary: Its debugging data
AutoReqProv: no
%description debuginfo
Its debugging data.
%prep
%setup -c -T
%build
cp %{bench_sources}/* .
ls unit*.%{bench_suffix} | xargs -P 2 -I{} g++ -x $([ %{bench_suffix} = c ] && echo c || echo c++) -fPIC %{bench_flags} -c {} -o {}.o
g++ -shared -Wl,-soname,lib%{bench_library}.so.1 -Wl,--build-id -o lib%{bench_library}.so.1 unit*.o
%install
d=%{buildroot}/usr/lib/debug; f=usr/lib64/lib%{bench_library}.so.1
mkdir -p %{buildroot}/usr/lib64 $d/usr/lib64
cp lib%{bench_library}.so.1 %{buildroot}/$f
objcopy --only-keep-debug %{buildroot}/$f $d/$f.debug
strip --strip-unneeded %{buildroot}/$f
objcopy --add-gnu-debuglink=$d/$f.debug %{buildroot}/$f
id=$(readelf -n %{buildroot}/$f | sed -n 's/.*Build ID: //p')
mkdir -p $d/.build-id/${id:0:2}
ln -s ../../$f.debug $d/.build-id/${id:0:2}/${id:2}.debug
%files
/usr/lib64/lib%{bench_library}.so.1
%files debuginfo
/usr/lib/debug
";
