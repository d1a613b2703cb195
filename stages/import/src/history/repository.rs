//! A bare repository, written without the git command: its references, and what its newest commits hold.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use heirloom_model::Digest;
use heirloom_model::record::SourceFile;
use heirloom_store::{State, Store, StoreError};

use super::{HistoryError, LOOKASIDE, MAIN, UPSTREAM};

/// All that git needs to know; nothing runs, and nothing is taken from a user's configuration.
const CONFIG: &str = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n";

/// A package's repository, whether it is there or not.
pub(super) struct Repository {
    /// Its directory.
    pub(super) path: PathBuf,
}

/// What the newest commits hold. It is kept in a file that has the name of the commit on `main`, so that it
/// becomes true and untrue with the reference.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Recorded {
    /// Digest of what is on `upstream`.
    pub(super) pristine: Digest,
    /// Digest of what is on `main`.
    pub(super) result: Digest,
}

/// All references by their full names, each with its object and, for a foreign annotated tag, the commit behind it.
#[derive(Default)]
pub(super) struct Refs(BTreeMap<String, (String, Option<String>)>);

impl Repository {
    pub(super) fn of(dir: &Path, name: &str) -> Result<Self, HistoryError> {
        match name.is_empty() || name.starts_with('.') || name.contains(['/', '\0', '\n']) {
            true => Err(HistoryError::Package(name.to_owned())),
            false => Ok(Self { path: dir.join(format!("{name}.git")) }),
        }
    }

    pub(super) fn refs(&self) -> Result<Refs, HistoryError> {
        let path = self.path.join("packed-refs");
        let Some(text) = read(&path)? else { return Ok(Refs::default()) };
        let mut refs = Refs::default();
        let mut last = None;
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
            let parsed = match line.strip_prefix('^') {
                Some(peeled) => last.and_then(|last| refs.0.get_mut(last)).map(|entry| {
                    entry.1 = Some(peeled.to_owned());
                }),
                None => line.split_once(' ').map(|(id, name)| {
                    refs.0.insert(name.to_owned(), (id.to_owned(), None));
                    last = Some(name);
                }),
            };
            let found = || line.chars().take(120).collect();
            parsed.ok_or_else(|| HistoryError::Refs {
                path: path.clone(),
                line: index + 1,
                found: found(),
            })?;
        }
        Ok(refs)
    }

    /// Absent where nothing was recorded, or the record is gone.
    pub(super) fn recorded(&self, refs: &Refs) -> Result<Option<Recorded>, HistoryError> {
        let Some(main) = refs.branch(MAIN) else { return Ok(None) };
        let text = read(&self.path.join("recorded").join(main))?.unwrap_or_default();
        let mut digests = text.lines().map(str::parse);
        match (digests.next(), digests.next()) {
            (Some(Ok(pristine)), Some(Ok(result))) => Ok(Some(Recorded { pristine, result })),
            _ => Ok(None),
        }
    }

    /// Makes what is missing of the repository, and removes what a killed process left.
    ///
    /// The file that is returned is locked as long as anyone has it open, which includes the git that is given it: git
    /// goes on for a moment when the process that it works for is killed.
    pub(super) fn prepare(&self) -> Result<File, HistoryError> {
        make_dir(&self.path)?;
        let path = self.path.join("git.log");
        let log = File::options().read(true).append(true).create(true).open(&path);
        let log = log.and_then(|log| log.lock().and_then(|()| log.set_len(0)).map(|()| log));
        let log = log.map_err(HistoryError::io("lock", &path))?;
        for dir in ["objects/info", "objects/pack", "refs/heads", "refs/tags", "info", "recorded"] {
            make_dir(&self.path.join(dir))?;
        }
        for branch in [MAIN, UPSTREAM] {
            // Git looks there first: what is packed would count no more.
            let path = self.path.join("refs/heads").join(branch);
            if path.exists() {
                return Err(HistoryError::Foreign { path });
            }
        }
        let is_left = |name: &str| {
            let is_new = ["tmp_", "fast_import_crash_"].iter().any(|prefix| name.starts_with(prefix));
            is_new || name.ends_with(".keep")
        };
        for dir in ["objects/pack", ""] {
            for name in names(&self.path.join(dir))?.iter().filter(|name| is_left(name)) {
                let path = self.path.join(dir).join(name);
                fs::remove_file(&path).map_err(HistoryError::io("remove", &path))?;
            }
        }
        for (name, text) in [("HEAD", format!("ref: refs/heads/{MAIN}\n")), ("config", CONFIG.to_owned())] {
            let path = self.path.join(name);
            if !path.exists() {
                write(&path, text.as_bytes())?;
            }
        }
        Ok(log)
    }

    /// Puts a source into the lookaside: as a link to the store's object, or as a copy on another file system.
    pub(super) fn keep_large(
        &self,
        store: &Store,
        dir: &Path,
        source: &SourceFile,
    ) -> Result<(), HistoryError> {
        let digest = source.digest;
        let target = dir.join(LOOKASIDE).join(digest.to_string());
        if target.exists() {
            return Ok(());
        }
        match store.check(digest)? {
            State::Whole => {}
            State::Missing => return Err(StoreError::Missing { digest, dir: store.dir().to_owned() }.into()),
            State::Damaged { path, found } => return Err(StoreError::Damaged { path, found }.into()),
        }
        make_dir(&dir.join(LOOKASIDE))?;
        let object = store.path(digest);
        match fs::hard_link(&object, &target) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(_) => {
                // Not in the lookaside: what a killed process leaves is overwritten here the next time.
                let copy = self.path.join("large.new");
                fs::copy(&object, &copy).map_err(HistoryError::io("write", &copy))?;
                File::open(&copy)
                    .and_then(|file| file.sync_data())
                    .map_err(HistoryError::io("write", &copy))?;
                fs::rename(&copy, &target).map_err(HistoryError::io("write", &target))
            }
            Ok(()) => Ok(()),
        }
    }

    /// Lets the references and the record of what they hold become true, for git and for clients of a plain web
    /// server, which read `info/refs` and `objects/info/packs`.
    pub(super) fn publish(&self, refs: &Refs, recorded: &Recorded) -> Result<(), HistoryError> {
        let records = self.path.join("recorded");
        let main = refs.branch(MAIN).unwrap_or_default();
        write(&records.join(&main), format!("{}\n{}\n", recorded.pristine, recorded.result).as_bytes())?;
        let packs = names(&self.path.join("objects/pack"))?;
        let whole =
            packs.iter().filter_map(|name| name.strip_suffix(".idx")).map(|stem| format!("{stem}.pack"));
        let lines: String =
            whole.filter(|pack| packs.contains(pack)).map(|pack| format!("P {pack}\n")).collect();
        write(&self.path.join("objects/info/packs"), format!("{lines}\n").as_bytes())?;
        write(&self.path.join("info/refs"), refs.served().as_bytes())?;
        write(&self.path.join("packed-refs"), refs.packed().as_bytes())?;
        self.forget_others(&main)
    }

    /// Removes the records of all commits but this one: a process that was killed may have left that of the one before.
    pub(super) fn forget_others(&self, main: &str) -> Result<(), HistoryError> {
        let records = self.path.join("recorded");
        for name in names(&records)?.iter().filter(|name| *name != main) {
            let path = records.join(name);
            fs::remove_file(&path).map_err(HistoryError::io("remove", &path))?;
        }
        Ok(())
    }
}

impl Refs {
    pub(super) fn branch(&self, name: &str) -> Option<String> {
        self.0.get(&format!("refs/heads/{name}")).map(|(id, _)| id.clone())
    }

    pub(super) fn set(&mut self, branch: &str, id: &str) {
        self.0.insert(format!("refs/heads/{branch}"), (id.to_owned(), None));
    }

    /// A tag stays what it is: if the version comes again with other content, its tag is `<version>@2`.
    pub(super) fn tag(&mut self, kind: &str, version: &str, id: &str) {
        let plain = format!("refs/tags/{kind}/{}", escape(version));
        let mut name = plain.clone();
        let mut number = 1;
        while self.0.contains_key(&name) {
            number += 1;
            name = format!("{plain}@{number}");
        }
        self.0.insert(name, (id.to_owned(), None));
    }

    fn packed(&self) -> String {
        let lines = self.0.iter().map(|(name, (id, peeled))| {
            let peeled = peeled.iter().map(|id| format!("^{id}\n")).collect::<String>();
            format!("{id} {name}\n{peeled}")
        });
        format!("# pack-refs with: peeled fully-peeled sorted \n{}", lines.collect::<String>())
    }

    fn served(&self) -> String {
        let lines = self.0.iter().map(|(name, (id, peeled))| {
            let peeled = peeled.iter().map(|id| format!("{id}\t{name}^{{}}\n")).collect::<String>();
            format!("{id}\t{name}\n{peeled}")
        });
        lines.collect()
    }
}

/// A version as a component of a reference's name. What git does not allow there (`~`, `^`, `..`) is written as in a
/// URL.
fn escape(version: &str) -> String {
    let mut text = String::new();
    for byte in version.bytes() {
        match byte {
            b'.' if text.is_empty() || text.ends_with('.') => text.push_str("%2E"),
            b'.' | b'_' | b'+' | b'-' => text.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => text.push(char::from(byte)),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    match text.strip_suffix(".lock").or_else(|| text.strip_suffix('.')) {
        Some(rest) => format!("{rest}%2E{}", if text.ends_with('.') { "" } else { "lock" }),
        None => text,
    }
}

fn make_dir(path: &Path) -> Result<(), HistoryError> {
    fs::create_dir_all(path).map_err(HistoryError::io("make", path))
}

/// The names of a directory's files, sorted.
fn names(dir: &Path) -> Result<Vec<String>, HistoryError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(HistoryError::io("read", dir))? {
        let entry = entry.map_err(HistoryError::io("read", dir))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn read(path: &Path) -> Result<Option<String>, HistoryError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(HistoryError::io("read", path)(error)),
    }
}

/// Replaces a file in one step, with its content on disk before.
fn write(path: &Path, bytes: &[u8]) -> Result<(), HistoryError> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let written = || {
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(&new, path)
    };
    written().map_err(HistoryError::io("write", path))
}
