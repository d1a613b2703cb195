//! Makes machines in directories, and looks at them from outside.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use heirloom_migrate::assess::assess;
use heirloom_migrate::facts::Assessment;
use heirloom_migrate::machine::Machine;
use rusqlite::Connection;
use tempfile::TempDir;
use testkit::rpm_builder::RpmBuilder;

pub(crate) const NOW: u64 = 1_750_000_000;

/// A machine.
pub(crate) struct Root {
    pub(crate) dir: TempDir,
}

impl Root {
    /// One with these packages.
    pub(crate) fn new(packages: &[RpmBuilder]) -> Self {
        let it = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(it.path()).unwrap();
        for directory in ["mnt", "tmp", "etc"] {
            fs::create_dir(it.path().join(directory)).unwrap();
        }
        it.write("etc/passwd", "root:x:0:0::/root:/bin/sh\nbin:x:1:1::/:/bin/sh\n");
        it.write("etc/group", "root:x:0:\nbin:x:1:\n");
        it.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
        it.write("etc/hostname", "larch.example\n");
        it.install(packages);
        it
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn install(&self, packages: &[RpmBuilder]) {
        let out = self.dir.path().join("rpms");
        let built: Vec<PathBuf> = packages.iter().map(|it| it.build(&out).unwrap().binary).collect();
        if !built.is_empty() {
            let paths: Vec<&str> = built.iter().map(|path| path.to_str().unwrap()).collect();
            let args = [&["-i", "--force", "--nodeps", "--ignorearch", "--ignoreos"][..], &paths].concat();
            let (text, is_done) = self.rpm(&args);
            assert!(is_done, "{text}");
        }
    }

    /// What rpm says of the machine, and whether it is content.
    pub(crate) fn rpm(&self, args: &[&str]) -> (String, bool) {
        let output = Command::new("rpm")
            .env("HOME", self.dir.path())
            .env("LC_ALL", "C")
            .args(["--root", self.path().to_str().unwrap(), "--define", "_dbpath /var/lib/rpm"])
            .args(["--define", "_db_backend sqlite"])
            .args(args)
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (String::from_utf8(text).unwrap(), output.status.success())
    }

    /// Puts a Berkeley DB in the place of its database, as rpm of Enterprise Linux 8 has it: a hash table, with the number of each header
    /// as its key. Perl writes it, since this rpm only reads such.
    pub(crate) fn to_berkeley_db(&self) {
        let directory = self.path().join("var/lib/rpm");
        let connection = Connection::open(directory.join("rpmdb.sqlite")).unwrap();
        let mut statement = connection.prepare("SELECT hnum, hex(blob) FROM Packages").unwrap();
        let rows =
            statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))).unwrap();
        let lines: String =
            rows.map(|row| row.map(|(number, blob)| format!("{number} {blob}\n")).unwrap()).collect();
        drop(statement);
        drop(connection);
        fs::remove_dir_all(&directory).unwrap();
        fs::create_dir(&directory).unwrap();
        let script = "use DB_File; my %db; tie %db, 'DB_File', shift, O_RDWR|O_CREAT, 0644, $DB_HASH or die; \
                      $db{pack('L', 0)} = pack('L', 99); \
                      while (<STDIN>) { my ($n, $hex) = split; $db{pack('L', $n)} = pack('H*', $hex); } untie %db;";
        let mut perl = Command::new("perl");
        perl.args(["-e", script]).arg(directory.join("Packages")).stdin(Stdio::piped());
        let mut perl = perl.spawn().unwrap();
        perl.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        assert!(perl.wait().unwrap().success());
    }

    pub(crate) fn assess(&self) -> Assessment {
        assess(&Machine::at(&self.path()).unwrap(), NOW, "1.0")
    }
}

/// What says which distribution it is.
pub(crate) fn release(id: &str, vendor: &str) -> RpmBuilder {
    let os_release = format!(
        "NAME=\"{id}\"\nID=\"{id}\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.4\"\nPLATFORM_ID=\"platform:el9\"\nPRETTY_NAME=\"{id} 9.4\"\n"
    );
    RpmBuilder::new(&format!("{id}-release"), "9.4")
        .tag("Vendor", vendor)
        .provides("system-release = 9.4-1")
        .provides("redhat-release = 9.4-1")
        .file("/etc/os-release", os_release)
        .file_as(
            "%config(noreplace)",
            &format!("/etc/yum.repos.d/{id}.repo"),
            format!("[{id}-baseos]\nname={id}\nbaseurl=https://mirror.example/\n"),
        )
}

/// Packages with files of every kind.
pub(crate) fn packages() -> Vec<RpmBuilder> {
    vec![
        release("kestrel", "Kestrel"),
        RpmBuilder::new("alpha", "2~rc1")
            .release("3.el9")
            .arch("x86_64")
            .tag("Epoch", "4")
            .tag("Vendor", "Kestrel")
            .tag("Conflicts", "omega < 2")
            .tag("Obsoletes", "aleph < 1:3")
            .requires("beta >= 1")
            .requires("/usr/share/beta/data")
            .requires("(beta if alpha)")
            .file_as("%config(noreplace)", "/etc/alpha.conf", "a = 1\n")
            .file_as("%config", "/etc/alpha.d/b.conf", "b = 1\n")
            .file_as("%config", "/etc/alpha.d/c.conf", "c = 1\n")
            .file_as("%config", "/etc/alpha.d/same.conf", "d = 1\n")
            .file_as("%verify(not size filedigest mtime)", "/etc/alpha.d/free", "free\n")
            .file_as("%ghost", "/var/log/alpha.log", "")
            .file("/usr/bin/alpha", "#!/bin/sh\n")
            .file("/usr/share/alpha/one", "one\n")
            .file("/usr/share/alpha/two", "two\n")
            .file("/usr/share/alpha/three", "three\n")
            .file("/usr/share/alpha/four", "four\n")
            .file("/usr/share/alpha/five", "five\n"),
        RpmBuilder::new("beta", "1")
            .tag("Vendor", "Kestrel")
            .tag("ModularityLabel", "beta:7:90001:c0ffee")
            .file("/usr/share/beta/data", "data\n")
            .file("/usr/share/beta/other", "other\n")
            .file_as("%config(missingok)", "/etc/beta.conf", "x\n"),
        RpmBuilder::new("gamma", "1").tag("Vendor", "Someone Else").file("/opt/gamma/x", "x\n"),
    ]
}

/// What is there of a tree: for each path what lstat says, times in nanoseconds and the change time too, and the content.
pub(crate) fn tree(top: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    let mut left = vec![top.to_owned()];
    while let Some(path) = left.pop() {
        let about = fs::symlink_metadata(&path).unwrap();
        let content = match about.is_file() {
            true => format!("{:?}", fs::read(&path).unwrap()),
            false => fs::read_link(&path).map(|to| format!("{to:?}")).unwrap_or_default(),
        };
        let times = (about.mtime(), about.mtime_nsec(), about.ctime(), about.ctime_nsec());
        let (mode, owner, number) = (about.mode(), (about.uid(), about.gid()), about.ino());
        all.insert(path.clone(), format!("{mode:o} {owner:?} {number} {times:?} {} {content}", about.len()));
        if about.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    all
}

/// Ids of checks, with the first letter of their level.
pub(crate) fn ids(it: &Assessment) -> Vec<String> {
    let mut ids: Vec<_> = it.checks.iter().map(|check| format!("{:?} {}", check.level, check.id)).collect();
    ids.dedup();
    ids
}
