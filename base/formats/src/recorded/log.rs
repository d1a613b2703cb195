//! The `root.log` of mock: what dnf 4, dnf 5 or yum said while they filled the chroots, between lines of mock's own.
//!
//! ```text
//! DEBUG util.py:446:  Executing command: ['/usr/bin/dnf', '--installroot', '/var/lib/mock/X/root/', ...
//! DEBUG util.py:446:   Package      Arch     Version          Repo      Size
//! DEBUG util.py:446:  Installing dependencies:
//! DEBUG util.py:446:   libgcc       x86_64   11.4.1-3.el9     build     81 k
//! DEBUG util.py:446:  Install  1 Package
//! DEBUG util.py:446:  Installed:
//! DEBUG util.py:446:    libgcc-11.4.1-3.el9.x86_64
//! DEBUG util.py:446:  Complete!
//! ```
//! A transaction counts once it is complete. The table is what is read, since all three tools print it; its number
//! of rows is compared with the summary, so that a log that has lost lines is not taken for a whole one. Where there
//! is no table, the columns below `Installed:` are read. Long values wrap: a row is read across lines.

mod rows;

use heirloom_model::{RecordedBuildroot, RecordedFormat};

use super::{MOST, Place, RecordedProblem, Wrong};
use rows::{Chroot, Row, Section};

/// Words of a row before its unit: name, architecture, version, repository, size.
const COLUMNS: usize = 5;

/// Whether the text is such a log: it has a line of mock's logger, or dnf's table.
pub(super) fn is_log(text: &str) -> bool {
    text.lines().any(|line| logged(line).is_some() || is_table_head(line) || line.trim() == "Installed:")
}

pub(super) fn parse(text: &str) -> Result<RecordedBuildroot, Wrong> {
    let mut reader = Reader::default();
    for (index, line) in text.lines().enumerate() {
        let content = logged(line).unwrap_or(line).trim_end();
        reader.line(content).map_err(|problem| (Place::Line(index + 1), problem))?;
    }
    reader.finish().map_err(|problem| (Place::Whole, problem))
}

/// What was logged, if this is a line of mock's logger: `LEVEL module.py:LINE:  text`.
fn logged(line: &str) -> Option<&str> {
    let rest = ["DEBUG ", "INFO ", "WARNING ", "ERROR "].iter().find_map(|level| line.strip_prefix(level))?;
    let (module, rest) = rest.split_once(':')?;
    let (number, text) = rest.split_once(':')?;
    let is_place = module.ends_with(".py") && number.bytes().all(|byte| byte.is_ascii_digit());
    is_place.then(|| text.strip_prefix("  ").unwrap_or(text))
}

fn is_table_head(line: &str) -> bool {
    let words: Vec<_> = line.split_whitespace().take(6).collect();
    matches!(words[..], ["Package", "Arch" | "Architecture", "Version", "Repository" | "Repo", "Size"])
}

/// Where in a transaction's output a line is.
#[derive(Default, PartialEq)]
enum Part {
    #[default]
    Elsewhere,
    Table,
    Summary,
    Installed,
}

#[derive(Default)]
struct Reader {
    part: Part,
    section: Section,
    /// Words of a row that goes on in the next line.
    pending: Vec<String>,
    table: Vec<Row>,
    installed: Vec<Row>,
    in_bootstrap: bool,
    main: Chroot,
    bootstrap: Chroot,
    /// Whether the main chroot was begun from a cached root.
    cached: bool,
    /// Whether the last transaction in the main chroot was not carried out.
    unfinished: bool,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), RecordedProblem> {
        if let Some(command) = line.trim_start().strip_prefix("Executing command:") {
            self.command(command);
        } else if is_table_head(line) {
            self.abandon();
            self.part = Part::Table;
        } else if line == "Complete!" {
            self.complete()?;
        } else if line == "Transaction Summary" || line == "Transaction Summary:" {
            self.part = Part::Summary;
        } else if line == "Installed:" {
            self.part = Part::Installed;
            self.section = Section::Install;
        } else {
            match self.part {
                Part::Table => self.table_line(line)?,
                Part::Summary => self.summary_line(line)?,
                Part::Installed => self.installed_line(line)?,
                Part::Elsewhere => {}
            }
        }
        Ok(())
    }

    fn command(&mut self, command: &str) {
        self.abandon();
        // mock installs into the bootstrap chroot first, and from within it into the other.
        let root = command
            .split_once("--installroot")
            .and_then(|(_, rest)| rest.split(['\'', '"', '=', ' ', ',']).find(|word| word.starts_with('/')));
        if let Some(root) = root {
            self.in_bootstrap = root.trim_end_matches('/').ends_with("-bootstrap/root");
        }
        let cached = command.contains("root_cache/cache.tar") && command.contains("'-x");
        self.cached |= cached && !command.contains("-bootstrap/");
    }

    /// Forgets a transaction that was not carried out.
    fn abandon(&mut self) {
        self.unfinished |= !self.table.is_empty() && !self.in_bootstrap;
        self.clear();
    }

    fn clear(&mut self) {
        self.part = Part::Elsewhere;
        self.section = Section::Other;
        self.pending.clear();
        self.table.clear();
        self.installed.clear();
    }

    fn complete(&mut self) -> Result<(), RecordedProblem> {
        let rows = if self.table.is_empty() { &mut self.installed } else { &mut self.table };
        let rows = std::mem::take(rows);
        // mock tries again what failed.
        self.unfinished &= self.in_bootstrap;
        let chroot = if self.in_bootstrap { &mut self.bootstrap } else { &mut self.main };
        chroot.apply(rows)?;
        self.clear();
        Ok(())
    }

    fn table_line(&mut self, line: &str) -> Result<(), RecordedProblem> {
        if !line.starts_with([' ', '\t']) {
            self.pending.clear();
            if line.ends_with(':') {
                self.section = Section::of(line);
            }
            return Ok(());
        }
        let words: Vec<_> = line.split_whitespace().take(COLUMNS + 2).collect();
        if let ["replacing", replaced @ ..] = &words[..] {
            self.table.extend(rows::replaced(replaced, self.table.last()));
            return Ok(());
        }
        // More than a row has: the line before was none.
        if self.pending.len() + words.len() > COLUMNS + 1 {
            self.pending.clear();
        }
        self.pending.extend(words.into_iter().map(str::to_owned));
        if self.pending.len() >= COLUMNS {
            self.table.extend(self.row());
            self.pending.clear();
        }
        if self.table.len() > MOST { Err(RecordedProblem::TooMany) } else { Ok(()) }
    }

    fn row(&self) -> Option<Row> {
        let [name, arch, version, _, size, ..] = &self.pending[..] else { return None };
        size.parse::<f64>().ok()?;
        rows::row(self.section, name, version, arch)
    }

    fn summary_line(&mut self, line: &str) -> Result<(), RecordedProblem> {
        let words: Vec<_> = line.split_whitespace().collect();
        let ["Install" | "Installing:", number, rest @ ..] = &words[..] else { return Ok(()) };
        let Ok(number) = number.parse::<usize>() else { return Ok(()) };
        // yum counts what was asked for apart: `Install  3 Packages (+153 Dependent packages)`.
        let dependent = rest.iter().find_map(|word| word.strip_prefix("(+")?.parse::<usize>().ok());
        let counted = number.saturating_add(dependent.unwrap_or(0));
        // What follows are the tool's words on its progress.
        self.part = Part::Elsewhere;
        let found = self.table.iter().filter(|row| row.section == Section::Install).count();
        if counted == found { Ok(()) } else { Err(RecordedProblem::Count { counted, found }) }
    }

    fn installed_line(&mut self, line: &str) -> Result<(), RecordedProblem> {
        if !line.starts_with([' ', '\t']) {
            if line.ends_with(':') {
                self.section = Section::of_result(line);
            }
            return Ok(());
        }
        let mut words = line.split_whitespace().peekable();
        while let Some(word) = words.next() {
            // yum: `bash.x86_64 0:4.2.46-34.el7`; dnf: `bash-5.1.8-9.el9.x86_64`.
            let row = match (words.next_if(|next| rows::has_epoch(next)), word.rsplit_once('.')) {
                (Some(version), Some((name, arch))) => rows::row(self.section, name, version, arch),
                _ => word.parse().ok().map(|nevra| Row::new(self.section, nevra)),
            };
            self.installed.extend(row);
        }
        if self.installed.len() > MOST { Err(RecordedProblem::TooMany) } else { Ok(()) }
    }

    fn finish(mut self) -> Result<RecordedBuildroot, RecordedProblem> {
        self.abandon();
        let packages = self.main.packages();
        if packages.is_empty() {
            return Err(RecordedProblem::NoTransaction);
        }
        let incomplete = match (self.cached, self.unfinished) {
            (true, _) => Some("mock unpacked a cached root, whose packages the log does not list"),
            (false, true) => Some("its last transaction was not carried out to the end"),
            (false, false) => None,
        };
        Ok(RecordedBuildroot {
            format: RecordedFormat::RootLog,
            arch: None,
            packages,
            bootstrap: self.bootstrap.packages(),
            incomplete: incomplete.map(str::to_owned),
        })
    }
}
