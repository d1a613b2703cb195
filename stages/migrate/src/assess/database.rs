//! The database of packages: found, and read row by row. A kind that only rpm can read is copied, and dumped by an rpm.

use std::fs::{self, File};
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use heirloom_formats::rpmdb::{self, Kind, Row};
use tempfile::TempDir;

use super::look::{Look, is_absent};
use crate::facts::DatabaseFacts;
use crate::machine::Machine;

/// Where it can be, and how its file is called.
const PLACES: [&str; 2] = ["/var/lib/rpm", "/usr/lib/sysimage/rpm"];
const NAMES: [&str; 3] = ["rpmdb.sqlite", "Packages.db", "Packages"];
/// Largest file that is copied, in bytes.
const LARGEST: u64 = 4 << 30;
/// Where another machine has an empty directory, over which the copy can be mounted.
const STAGES: [&str; 3] = ["/mnt", "/tmp", "/var/tmp"];

/// Where tools are looked for inside of another root.
const SEARCHED: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// Gives each row of the machine's database, and says what is known of the database itself. What is wrong with it is in its faults.
pub(super) fn read(look: &mut Look, mut give: impl FnMut(Row)) -> DatabaseFacts {
    let mut facts = DatabaseFacts::default();
    let Some((directory, place)) = find(look, &mut facts) else { return facts };
    directory.clone_into(&mut facts.path);
    let kind = match Kind::of(&place) {
        Ok(Some(kind)) => kind,
        Ok(None) => {
            facts.faults.push(format!("{} is no database of packages, or a damaged one", place.display()));
            return facts;
        }
        Err(error) => {
            facts.faults.push(error.to_string());
            return facts;
        }
    };
    kind.name().clone_into(&mut facts.kind);
    let read = match kind {
        Kind::Sqlite => rpmdb::each(&place, give).map_err(|error| error.to_string()),
        Kind::BerkeleyDb | Kind::Ndb => dump(look.machine, &place, kind, &mut give),
    };
    facts.faults.extend(read.err());
    facts
}

/// The directory on the machine, and the file.
fn find(look: &mut Look, facts: &mut DatabaseFacts) -> Option<(&'static str, PathBuf)> {
    for directory in PLACES {
        for name in NAMES {
            let path = format!("{directory}/{name}");
            let place =
                look.machine.resolve(&path).and_then(|place| Ok((fs::symlink_metadata(&place)?, place)));
            match place {
                Ok((about, place)) if about.is_file() => return Some((directory, place)),
                Ok(_) => facts.faults.push(format!("{path} is no regular file")),
                Err(error) if is_absent(&error) => {}
                Err(error) => facts.faults.push(format!("{path} can't be looked at: {error}")),
            }
        }
    }
    None
}

/// Lets an rpm write out a copy. On the machine itself it is the machine's own. For another root this system's own rpm is tried first;
/// the other one's then runs with the copy mounted in a name space of its own, so that nothing is written below that root.
fn dump(machine: &Machine, place: &Path, kind: Kind, give: &mut dyn FnMut(Row)) -> Result<(), String> {
    let copy =
        copied(place, kind).map_err(|error| format!("{} can't be copied: {error}", place.display()))?;
    let mut said = Vec::new();
    for mut command in dumpers(machine, copy.path()) {
        if kind == Kind::Ndb {
            command.args(["--define", "_db_backend ndb"]);
        }
        match run(&mut command, copy.path(), give) {
            Ok(()) => return Ok(()),
            // A second try would give the same packages again.
            Err((given, error)) if given > 0 => {
                return Err(format!("{}: after {given} packages: {error}", place.display()));
            }
            Err((_, error)) => said.push(error),
        }
    }
    Err(format!(
        "{}, a database of the kind {}, can only be read by rpm: {}",
        place.display(),
        kind.name(),
        said.join("; ")
    ))
}

/// Commands that write it out, in the order in which they are tried; options can be added at their end.
fn dumpers(machine: &Machine, copy: &Path) -> Vec<Command> {
    let mut own = Machine::tool(machine, "rpmdb");
    if machine.is_here() {
        own.arg("--exportdb").arg("--dbpath").arg(copy);
        return vec![own];
    }
    let mut host = Command::new("rpmdb");
    // The user's own macros may name another database.
    host.env("HOME", copy).env("LC_ALL", "C").arg("--exportdb").arg("--dbpath").arg(copy);
    let mut commands = vec![host];
    if let Some(stage) =
        STAGES.iter().find_map(|stage| machine.resolve(stage).ok().filter(|place| place.is_dir()))
    {
        let inside = Path::new("/").join(stage.strip_prefix(machine.root()).unwrap_or(&stage));
        let script = "mount --bind \"$1\" \"$2\" && root=$3 && dir=$4 && shift 4 && \
                      exec chroot \"$root\" rpmdb --exportdb --dbpath \"$dir\" \"$@\"";
        let mut chrooted = Command::new("unshare");
        chrooted
            .args(["--mount", "sh", "-c", script, "sh"])
            .arg(copy)
            .arg(&stage)
            .arg(machine.root())
            .arg(inside);
        chrooted.env("HOME", "/nonexistent").env("LC_ALL", "C").env("PATH", SEARCHED);
        commands.push(chrooted);
    }
    commands
}

fn copied(place: &Path, kind: Kind) -> io::Result<TempDir> {
    let dir = tempfile::tempdir()?;
    let (own, beside) =
        if kind == Kind::Ndb { ("Packages.db", Some("Index.db")) } else { ("Packages", None) };
    let parent = place.parent().unwrap_or(place);
    let beside = beside.map(|name| (parent.join(name), name)).filter(|(path, _)| path.is_file());
    for (from, name) in std::iter::once((place.to_owned(), own)).chain(beside) {
        if fs::metadata(&from)?.len() > LARGEST {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("it has more than {LARGEST} bytes"),
            ));
        }
        io::copy(&mut File::open(&from)?.take(LARGEST), &mut File::create(dir.path().join(name))?)?;
    }
    Ok(dir)
}

/// Runs one; the error comes with the number of rows that were given before.
fn run(command: &mut Command, copy: &Path, give: &mut dyn FnMut(Row)) -> Result<(), (usize, String)> {
    let name = command.get_program().to_string_lossy().into_owned();
    let early = |error: io::Error| (0, format!("`{name}` can't be run: {error}"));
    let said = copy.join("said");
    let errors = File::create(&said).map_err(early)?;
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn().map_err(early)?;
    let mut given = 0;
    let mut counted = |row| {
        given += 1;
        give(row);
    };
    let read = child.stdout.take().map(|output| rpmdb::each_exported(BufReader::new(output), &mut counted));
    let status = child.wait().map_err(early)?;
    let first = || {
        let text = fs::read(&said).unwrap_or_default();
        let text = String::from_utf8_lossy(&text[..text.len().min(64 << 10)]).into_owned();
        let line = text.lines().find(|line| line.contains("error")).or_else(|| text.lines().next());
        line.unwrap_or("it gave no reason").to_owned()
    };
    match read.transpose() {
        Err(error) => Err((given, format!("`{name}`: {error}"))),
        Ok(_) if !status.success() => Err((given, format!("`{name}` failed: {}", first()))),
        Ok(_) if given == 0 => Err((0, format!("`{name}` sees no packages: {}", first()))),
        Ok(_) => Ok(()),
    }
}
