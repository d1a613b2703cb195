//! How the packages of machines stand.

use std::collections::BTreeMap;
use std::path::Path;

use heirloom_model::allowance::Date;
use heirloom_model::lifecycle::{Event, Lifecycle, Major, Member, PhaseKind, Standing};
use heirloom_model::stream::StreamId;
use heirloom_model::{InstalledPackage, InstalledSystem, Nevra};
use serde::Serialize;

use super::text;
use crate::cli::CheckLife;
use crate::fail::{Exit, Fail};
use crate::flow::installed;
use crate::flow::{lifecycle, told};
use crate::ui::Shown;

/// What `check` prints.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) today: Date,
    /// Days within which what ends is counted.
    pub(super) within: u32,
    /// Whose life it is, and of which day the document is.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) updated: Date,
    pub(super) machines: Vec<Machine>,
}

/// One machine.
#[derive(Serialize)]
pub(crate) struct Machine {
    pub(crate) place: String,
    /// `9.4`, or `9` where it does not say more.
    pub(crate) release: String,
    pub(crate) major: u32,
    /// The phase of the major version, and its last day; none before the first and after the last.
    pub(crate) phase: Option<PhaseKind>,
    pub(crate) phase_ends: Option<Date>,
    /// The last day of the last phase.
    pub(crate) ends: Option<Date>,
    pub(crate) next: Option<Event>,
    pub(crate) minor: Minor,
    /// Packages by phase, or by what is wrong with them.
    pub(crate) counts: BTreeMap<String, usize>,
    /// Packages that are not supported.
    pub(crate) unsupported: usize,
    /// Supported packages that end soon.
    pub(crate) ending: usize,
    /// Packages of other vendors, which are not judged.
    pub(crate) others: usize,
    /// Those that are not supported first, then by what ends first.
    pub(crate) packages: Vec<Row>,
}

/// What the minor version leaves open.
#[derive(Serialize)]
pub(crate) struct Minor {
    /// The machine's; none if it does not say.
    pub(crate) version: Option<u32>,
    /// Whether the document knows it.
    pub(crate) is_known: bool,
    /// The newest that is out, and since when.
    pub(crate) newest: Option<u32>,
    pub(crate) newest_released: Option<Date>,
    /// The last day on which the machine's gets fixes.
    pub(crate) ends: Option<Date>,
    /// Whether that is over: what was fixed since is not fixed there.
    pub(crate) has_ended: bool,
}

/// One package.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) package: String,
    /// The stream that it belongs to, or of which it says to be.
    pub(crate) stream: Option<String>,
    pub(crate) standing: Standing,
    /// The phase that it is in, if it is supported; none if its stream outlives all phases.
    pub(crate) phase: Option<PhaseKind>,
    /// Its last day; none if that is not known.
    pub(crate) ends: Option<Date>,
    pub(crate) days_left: Option<i64>,
}

impl Row {
    /// The phase, or what is wrong.
    pub(crate) fn state(&self) -> &'static str {
        match (self.standing, self.phase) {
            (Standing::Supported, Some(phase)) => phase.name(),
            (Standing::Supported, None) => "outlives",
            (Standing::Ended, _) => "ended",
            (Standing::NotYet, _) => "not yet",
            (Standing::UnknownStream, _) => "unknown stream",
        }
    }

    pub(crate) fn is_supported(&self) -> bool {
        self.standing == Standing::Supported
    }
}

impl Machine {
    pub(crate) fn is_supported(&self) -> bool {
        self.unsupported == 0 && !self.minor.has_ended
    }
}

pub(super) fn run(args: &CheckLife, definition: &Path) -> Result<Shown, Fail> {
    let life = lifecycle::asked_for(&args.life, definition)?;
    let today = args.life.today.unwrap_or_else(told::today);
    let machines = args.places.iter().map(|place| machine(place, &life, today, args.within));
    let report = Report {
        today,
        within: args.within,
        id: life.id.clone(),
        name: life.name.clone(),
        updated: life.updated,
        machines: machines.collect::<Result<_, _>>()?,
    };
    let exit = match report.machines.iter().all(Machine::is_supported) {
        true => Exit::Fine,
        false => Exit::Promise,
    };
    Ok(Shown::new(&report, text::check(&report))?.exit(exit))
}

fn machine(place: &Path, life: &Lifecycle, today: Date, within: u32) -> Result<Machine, Fail> {
    let installed = installed::packages(place)?;
    if let Some(fault) = installed.faults.first() {
        let count = installed.faults.len();
        return Err(Fail::new(Exit::Failed, format!("{count} packages can't be read; {fault}"))
            .hint("`rpm -qa` on that system says more"));
    }
    stands(&place.display().to_string(), &installed.system, &installed.packages, life, (today, within))
}

/// How the packages of a system stand on a day; what ends within so many days is counted.
///
/// # Errors
/// The document is not about the system.
pub(crate) fn stands(
    name: &str,
    system: &InstalledSystem,
    packages: &[InstalledPackage],
    life: &Lifecycle,
    (today, within): (Date, u32),
) -> Result<Machine, Fail> {
    let InstalledSystem { id, version } = match system.id.is_empty() {
        false => system.clone(),
        true => of_packages(packages, &life.id),
    };
    if id != life.id {
        let is = if id.is_empty() { "does not say what it is".to_owned() } else { format!("is `{id}`") };
        return Err(Fail::new(Exit::Failed, format!("{name} {is}, and the document is of `{}`", life.id))
            .hint("name the document of that distribution with --document, and its key with --key"));
    }
    let mut numbers = version.split('.').map(str::parse::<u32>);
    let major =
        numbers.next().and_then(Result::ok).and_then(|number| life.major(number)).ok_or_else(|| {
            Fail::new(
                Exit::Failed,
                format!("{name} is {id} {version}, of which the document of {} says nothing", life.updated),
            )
            .hint("a newer document may know it")
        })?;
    let minor = minor(major, numbers.next().and_then(Result::ok), today);
    let is_own = |package: &&InstalledPackage| life.vendor.is_empty() || package.vendor == life.vendor;
    let mut rows: Vec<_> = packages.iter().filter(is_own).map(|package| row(major, package, today)).collect();
    rows.sort_by(|a, b| {
        let of = |row: &Row| (row.is_supported(), row.ends);
        of(a).cmp(&of(b)).then_with(|| a.package.cmp(&b.package))
    });
    let mut counts = BTreeMap::new();
    for row in &rows {
        *counts.entry(row.state().to_owned()).or_default() += 1;
    }
    let soon = |row: &&Row| row.is_supported() && row.days_left.is_some_and(|days| days <= i64::from(within));
    let phase = major.phase(today);
    Ok(Machine {
        place: name.to_owned(),
        release: version,
        major: major.version,
        phase: phase.map(|phase| phase.kind),
        phase_ends: phase.map(|phase| phase.ends),
        ends: major.ends(),
        next: major.next_event(today),
        minor,
        counts,
        unsupported: rows.iter().filter(|row| !row.is_supported()).count(),
        ending: rows.iter().filter(soon).count(),
        others: packages.len() - rows.len(),
        packages: rows,
    })
}

/// What a database alone tells of the release: the version of the distribution's release package.
fn of_packages(packages: &[InstalledPackage], id: &str) -> InstalledSystem {
    let release = packages.iter().find(|package| package.name() == format!("{id}-release"));
    let of = |package: &InstalledPackage| InstalledSystem {
        id: id.to_owned(),
        version: package.evr().version().to_owned(),
    };
    release.map(of).unwrap_or_default()
}

fn minor(major: &Major, version: Option<u32>, today: Date) -> Minor {
    let newest = major.newest_minor(today);
    let ends = version.and_then(|version| major.minor_ends(version));
    Minor {
        version,
        is_known: ends.is_some(),
        newest: newest.map(|minor| minor.version),
        newest_released: newest.map(|minor| minor.released),
        ends,
        has_ended: ends.is_some_and(|ends| ends < today),
    }
}

fn row(major: &Major, package: &InstalledPackage, today: Date) -> Row {
    let label = package.module.as_ref().map(StreamId::label).unwrap_or_default();
    let source = package.source.as_ref().map(Nevra::name);
    let member = Member { name: package.name(), source, label: &label };
    let life = major.life(member, today);
    let stream = life.stream.map(|stream| stream.name.as_str()).or_else(|| member.module());
    Row {
        package: package.to_string(),
        stream: stream.map(str::to_owned),
        standing: life.standing,
        phase: life.phase.filter(|_| life.standing == Standing::Supported),
        ends: life.ends,
        days_left: life.ends.map(|ends| today.days_to(ends)),
    }
}
