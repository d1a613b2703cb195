//! Many assessments at once: what keeps which machines from being carried over, the most frequent first.
//!
//! Only the beginning of each file is read ([`Head`]), on as many threads as there are processors.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::check::{Check, Level};
use crate::facts::{FORMAT, Head, Identity, SystemFacts};

/// Files that are read.
const MOST: usize = 1_000_000;
/// Bytes of a file's beginning that are read.
const LONGEST: u64 = 16 << 20;

/// A directory of assessments can't be read.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// The operating system says so.
    #[error("{path} can't be listed: {source}")]
    Io {
        /// The directory.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// There is nothing to read.
    #[error(
        "{path} has no assessments: files whose names end in .json were expected, as `heirloom-migrate assess` writes them"
    )]
    Empty {
        /// The directory.
        path: PathBuf,
    },
    /// There are more files than any fleet has machines.
    #[error("{path} has more than {MOST} files; put them into several directories")]
    TooMany {
        /// The directory.
        path: PathBuf,
    },
}

/// What the beginnings of many assessments say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fleet {
    /// Each machine with the name of its file, sorted by that.
    pub machines: Vec<(String, Head)>,
    /// Files that could not be read, and why.
    pub broken: Vec<(String, String)>,
}

/// Checks and systems, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Matrix {
    /// Machines that were read.
    pub machines: usize,
    /// Of these, how many have no blocker.
    pub ready: usize,
    /// What was found, the worst first, then the most frequent.
    pub checks: Vec<CheckRow>,
    /// Systems, the most frequent first.
    pub systems: Vec<SystemRow>,
    /// Files that could not be read, and why.
    pub broken: Vec<(String, String)>,
}

/// One check of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CheckRow {
    /// How much it matters.
    pub level: Level,
    /// Its id.
    pub id: String,
    /// What to do about it, as the first machine was told.
    pub advice: String,
    /// Number of machines that have it.
    pub count: usize,
    /// Their names.
    pub machines: Vec<String>,
}

/// One system of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SystemRow {
    /// `PRETTY_NAME`.
    pub name: String,
    /// The vendor, by the table of vendors; empty if it is none that is known.
    pub vendor: String,
    /// Its version.
    pub version: String,
    /// The architecture.
    pub architecture: String,
    /// Number of machines that have it.
    pub count: usize,
    /// Of these, how many have no blocker.
    pub ready: usize,
}

/// Reads the assessments in a directory: its files `*.json`, not those of directories below it. One that can't be read is told, not fatal.
///
/// # Errors
/// The directory can't be listed, or has none.
pub fn read(dir: &Path) -> Result<Fleet, FleetError> {
    let failed = |source| FleetError::Io { path: dir.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            files.push(path);
        }
        if files.len() > MOST {
            return Err(FleetError::TooMany { path: dir.to_owned() });
        }
    }
    if files.is_empty() {
        return Err(FleetError::Empty { path: dir.to_owned() });
    }
    files.sort();
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(files.len());
    let (next, fleet) = (AtomicUsize::new(0), Mutex::new(Fleet::default()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut own = Fleet::default();
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    match head(path) {
                        Ok(head) => own.machines.push((name, head)),
                        Err(why) => own.broken.push((name, why)),
                    }
                }
                let mut all = fleet.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                all.machines.append(&mut own.machines);
                all.broken.append(&mut own.broken);
            });
        }
    });
    let mut fleet = fleet.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    fleet.machines.sort_by(|a, b| a.0.cmp(&b.0));
    fleet.broken.sort();
    Ok(fleet)
}

fn head(path: &Path) -> Result<Head, String> {
    let about = fs::metadata(path).map_err(|error| error.to_string())?;
    if !about.is_file() {
        return Err("it is no file".to_owned());
    }
    let file = File::open(path).map_err(|error| error.to_string())?;
    let head = read_head(BufReader::with_capacity(16 << 10, file.take(LONGEST)))?;
    match head.format {
        FORMAT => Ok(head),
        other => Err(format!("it has the format {other}, {FORMAT} is read; take it anew with this version")),
    }
}

/// The beginning of an assessment; no more is read than that takes.
///
/// # Errors
/// It is no assessment, or ends too early: the sentence says where.
pub fn read_head(text: impl io::Read) -> Result<Head, String> {
    let mut head = None;
    let read = Beginning(&mut head).deserialize(&mut serde_json::Deserializer::from_reader(text));
    // Where the reading stopped is no end of a map to the parser, which says so.
    match (head, read) {
        (Some(head), _) => Ok(head),
        (None, Err(error)) => Err(format!("it is no assessment: {error}")),
        (None, Ok(())) => Err("it is no assessment: a field of its beginning is missing".to_owned()),
    }
}

/// Reads fields until all that are asked for are there.
struct Beginning<'a>(&'a mut Option<Head>);

impl<'de> DeserializeSeed<'de> for Beginning<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Beginning<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an assessment")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut format: Option<u32> = None;
        let mut taken: Option<u64> = None;
        let mut machine: Option<Identity> = None;
        let mut system: Option<SystemFacts> = None;
        let mut package_count: Option<u64> = None;
        let mut checks: Option<Vec<Check>> = None;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "format" => format = Some(map.next_value()?),
                "taken" => taken = Some(map.next_value()?),
                "machine" => machine = Some(map.next_value()?),
                "system" => system = Some(map.next_value()?),
                "package_count" => package_count = Some(map.next_value()?),
                "checks" => checks = Some(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
            if let (
                Some(format),
                Some(taken),
                Some(machine),
                Some(system),
                Some(package_count),
                Some(checks),
            ) = (format, taken, &mut machine, &mut system, package_count, &mut checks)
            {
                let (machine, system) = (std::mem::take(machine), std::mem::take(system));
                let checks = std::mem::take(checks);
                *self.0 = Some(Head { format, taken, machine, system, package_count, checks });
                return Ok(());
            }
        }
        Ok(())
    }
}

impl Fleet {
    /// Counts.
    #[must_use]
    pub fn matrix(&self) -> Matrix {
        let is_ready = |head: &Head| head.checks.iter().all(|check| check.level != Level::Blocker);
        let mut checks: BTreeMap<(Level, &str), (String, Vec<String>)> = BTreeMap::new();
        let mut systems: BTreeMap<(&str, &str, &str, &str), (usize, usize)> = BTreeMap::new();
        for (file, head) in &self.machines {
            let name = if head.machine.host.is_empty() { file } else { &head.machine.host };
            let mut known: Vec<(Level, &str)> = Vec::new();
            for check in &head.checks {
                let key = (check.level, check.id.as_str());
                if !known.contains(&key) {
                    known.push(key);
                    let (_, machines) =
                        checks.entry(key).or_insert_with(|| (check.advice.clone(), Vec::new()));
                    machines.push(name.clone());
                }
            }
            let SystemFacts { name, vendor, version, .. } = &head.system;
            let (count, ready) =
                systems.entry((name, vendor, version, &head.machine.architecture)).or_default();
            *count += 1;
            *ready += usize::from(is_ready(head));
        }
        let row = |((level, id), (advice, machines)): ((Level, &str), (String, Vec<String>))| CheckRow {
            level,
            id: id.to_owned(),
            advice,
            count: machines.len(),
            machines,
        };
        let mut checks: Vec<CheckRow> = checks.into_iter().map(row).collect();
        checks.sort_by(|a, b| (b.level, b.count, &a.id).cmp(&(a.level, a.count, &b.id)));
        let row = |((name, vendor, version, architecture), (count, ready)): (
            (&str, &str, &str, &str),
            (usize, usize),
        )| SystemRow {
            name: name.to_owned(),
            vendor: vendor.to_owned(),
            version: version.to_owned(),
            architecture: architecture.to_owned(),
            count,
            ready,
        };
        let mut systems: Vec<SystemRow> = systems.into_iter().map(row).collect();
        systems.sort_by(|a, b| (b.count, &a.name, &a.architecture).cmp(&(a.count, &b.name, &b.architecture)));
        Matrix {
            machines: self.machines.len(),
            ready: self.machines.iter().filter(|(_, head)| is_ready(head)).count(),
            checks,
            systems,
            broken: self.broken.clone(),
        }
    }
}

impl Matrix {
    /// The matrix as text for a terminal.
    #[must_use]
    pub fn page(&self) -> String {
        let mut page = String::new();
        let _ = writeln!(page, "{} machines, {} without a blocker", self.machines, self.ready);
        for (level, title) in
            [(Level::Blocker, "Blockers"), (Level::Risk, "Risks"), (Level::Info, "Good to know")]
        {
            let rows: Vec<_> = self.checks.iter().filter(|row| row.level == level).collect();
            if !rows.is_empty() {
                let _ = writeln!(page, "\n{title}");
            }
            for row in rows {
                let _ = writeln!(
                    page,
                    "  {:>6}  {}: {}",
                    row.count,
                    clean(&row.id),
                    clean(&shown(&row.machines))
                );
                let _ = writeln!(page, "          {}", clean(&row.advice));
            }
        }
        if !self.systems.is_empty() {
            let _ = writeln!(page, "\nSystems");
        }
        for row in &self.systems {
            let name = if row.name.is_empty() { "unknown" } else { &row.name };
            let text = format!("{name}, {}, {} without a blocker", row.architecture, row.ready);
            let _ = writeln!(page, "  {:>6}  {}", row.count, clean(&text));
        }
        if !self.broken.is_empty() {
            let _ = writeln!(page, "\nCould not be read");
        }
        for (file, why) in &self.broken {
            let _ = writeln!(page, "  {}: {}", clean(file), clean(why));
        }
        page
    }
}

/// The first few names.
fn shown(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let first = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN { format!("{first}, …") } else { first }
}

/// Files come from elsewhere: what would move a terminal's cursor is left out.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests;
