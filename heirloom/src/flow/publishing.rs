//! Publishes advisories beside the repositories: what the records say, in every form, switched at once.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use heirloom_errata::audit::{Crosscheck, Published, probes};
use heirloom_errata::{Here, Lag, Timeline, VexFinding, describe, lag, with_upstream};
use heirloom_formats::advisory::{Format, bundle};
use heirloom_formats::{evr, lifecycle, vex as declared};
use heirloom_model::Digest;
use heirloom_model::advisory::vex::{DeclaredVex, Vex};
use jiff::Timestamp;
use serde::Serialize;

use super::accounting::{self, Accounts, Named};
use super::audit::published;
use super::errata::Writing;
use super::errata::site::{Laid, Site, lay_out};
use super::governing::{self, Hand};
use super::{releasing, work};
use crate::context::{Context, processors};
use crate::fail::{Exit, Fail};
use crate::report;
use crate::ui::Progress;

/// The name below the document root.
const NAME: &str = "errata";
/// Differences that are told one by one.
const TOLD: usize = 10;

/// What is published of advisories.
#[derive(Serialize)]
pub(crate) struct Errata {
    /// The link that web servers follow.
    pub(crate) dir: PathBuf,
    /// Whether it is something else than before.
    pub(crate) is_new: bool,
    /// Documents of each format, and of VEX.
    pub(crate) documents: BTreeMap<&'static str, usize>,
    pub(crate) files: usize,
    /// Machines that every format was tried on.
    pub(crate) probes: usize,
    /// Declared statements that contradict an advisory or one another.
    pub(crate) wrong_statements: Vec<String>,
    /// Declared statements that were true once.
    pub(crate) outdated_statements: Vec<String>,
}

/// The lag, as of the newest step that any advisory took.
#[derive(Serialize)]
struct AsOf<'a> {
    as_of: Timestamp,
    #[serde(flatten)]
    lag: &'a Lag,
    timelines: &'a [Timeline],
}

/// Lays all of it out, tries it on made-up machines, and lets it be served. What is served is as before where anything fails.
pub(crate) fn publish(
    context: &Context,
    accounts: &Accounts,
    expires: Option<Timestamp>,
) -> Result<Errata, Fail> {
    if accounts.records.is_empty() {
        return Err(Fail::new(Exit::Failed, "no advisory is out yet")
            .hint("`heirloom errata status` says what each waits for"));
    }
    let named = Named::of(context);
    let declared = match &context.definition.errata.vex {
        Some(path) => declared::load(&context.definition.resolve(path.get_ref()), named.reading().latest)?,
        None => DeclaredVex::default(),
    };
    let upstream = &accounts.advisories.vex;
    let here = Here { major: &named.major, names: &accounts.names };
    let declared = with_upstream(&declared, upstream, &accounts.records, here);
    let mut made = heirloom_errata::vex(&accounts.records, &declared);
    describe(&mut made.vex, upstream);
    let root = releasing::site(context)?.root().to_owned();
    fs::create_dir_all(&root).map_err(failed(&root))?;
    let link = root.join(NAME);
    let before = fs::read_link(&link).ok().map(|target| root.join(target));
    let is_foreign =
        before.as_deref().is_some_and(|before| !is_ours(before)) || (before.is_none() && link.exists());
    if is_foreign {
        return Err(Fail::new(Exit::Failed, format!("{} is something else already", link.display()))
            .hint("advisories are published there: give the channel another name, or move it away"));
    }
    let new = root.join(format!(".{NAME}.new"));
    if new.exists() {
        fs::remove_dir_all(&new).map_err(failed(&new))?;
    }
    let key = context.key()?;
    if let Some(governed) = governing::of(context)? {
        let hand = Hand::noting(&key);
        lay(
            context,
            accounts,
            &made.vex,
            Laying { new: &new, before: before.as_deref(), hand: &hand, expires },
        )?;
        fs::remove_dir_all(&new).map_err(failed(&new))?;
        let fingerprint = key.fingerprint().to_lowercase();
        match governing::advisories_wait(context, &governed, &fingerprint, hand.noted())? {
            0 => {}
            count => {
                let message =
                    format!("{count} documents are not signed, and members have to approve that they are");
                return Err(Fail::new(Exit::Waits, message).hint(
                    "`heirloom release propose --advisories` puts it to them; once it is promoted, this command again",
                ));
            }
        }
    }
    let hand = Hand::signing(&key);
    let (laid, probes) = lay(
        context,
        accounts,
        &made.vex,
        Laying { new: &new, before: before.as_deref(), hand: &hand, expires },
    )?;
    let sums = fs::read(new.join("SHA256SUMS")).map_err(failed(&new))?;
    let digest = Digest::of(&sums).to_string();
    let name = format!("{NAME}-{}", &digest[..12]);
    let is_new = before.as_deref() != Some(&root.join(&name));
    switch(&root, &new, &name, before.as_deref())?;
    let (wrong, outdated): (Vec<_>, Vec<_>) = made.findings.iter().partition(|one| one.is_contradiction());
    let lines = |findings: Vec<&VexFinding>| findings.into_iter().map(ToString::to_string).collect();
    Ok(Errata {
        dir: link,
        is_new,
        documents: laid.documents,
        files: laid.files,
        probes,
        wrong_statements: lines(wrong),
        outdated_statements: lines(outdated),
    })
}

/// Where it is laid out, and how.
struct Laying<'a> {
    new: &'a Path,
    before: Option<&'a Path>,
    hand: &'a Hand<'a>,
    expires: Option<Timestamp>,
}

/// Writes all of it into a new directory, and tries it on made-up machines; how many those were.
fn lay(
    context: &Context,
    accounts: &Accounts,
    vex: &[Vex],
    Laying { new, before, hand, expires }: Laying<'_>,
) -> Result<(Laid, usize), Fail> {
    let named = Named::of(context);
    let arches = ["noarch", context.arch()];
    let writing =
        Writing { formats: &Format::ALL, arches: &arches, issuer: named.issuer(), reading: named.reading() };
    let site = Site { advisories: &accounts.records, vex, writing, hand, expires, before };
    fs::create_dir_all(new).map_err(failed(new))?;
    beside(context, accounts, hand, new)?;
    let laid = lay_out(new, &site)?;
    if !laid.disagreements.is_empty() {
        return Err(refused(told("the formats do not say the same", &laid.disagreements)));
    }
    let probes = cross_check(new, accounts, writing)?;
    Ok((laid, probes))
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Fail {
    move |error| Fail::new(Exit::Failed, format!("{}: {error}", path.display()))
}

fn told(what: &str, lines: &[String]) -> String {
    let mut text = what.to_owned();
    for line in lines.iter().take(TOLD) {
        text.push_str(&format!("\n  {line}"));
    }
    if lines.len() > TOLD {
        text.push_str(&format!("\n  and {} more", lines.len() - TOLD));
    }
    text
}

fn refused(text: String) -> Fail {
    Fail::new(Exit::Promise, text)
        .hint("this is a fault of Heirloom: report it with the advisories; what was published before is still served")
}

/// What is there beside advisories: how long they took, for machines without network, and how long all lives.
fn beside(context: &Context, accounts: &Accounts, hand: &Hand<'_>, dir: &Path) -> Result<(), Fail> {
    let timelines = accounting::timelines(context, accounts)?;
    let times = |one: &Timeline| {
        let steps = [one.seen, one.imported, one.built, one.compared, one.signed, one.published, one.out];
        steps.into_iter().flatten().chain([one.issued]).max()
    };
    let as_of = timelines.iter().filter_map(times).max().unwrap_or(Timestamp::UNIX_EPOCH);
    let lag = lag(&timelines, &accounting::targets(context), as_of);
    let told = serde_json::to_string_pretty(&AsOf { as_of, lag: &lag, timelines: &timelines })?;
    let put = |name: &str, bytes: &[u8]| fs::write(dir.join(name), bytes).map_err(failed(&dir.join(name)));
    put("lag.json", told.as_bytes())?;
    put("lag.svg", report::lag::svg(&lag).as_bytes())?;
    let life = super::lifecycle::declared(&context.definition)?;
    let mut value = None;
    if let Some(life) = &life {
        let json = lifecycle::to_json(life)?;
        put(
            "lifecycle.json.asc",
            hand.sign("lifecycle.json", json.as_bytes(), life.updated.unix())?.as_bytes(),
        )?;
        put("lifecycle.json", json.as_bytes())?;
        put("lifecycle.ics", lifecycle::to_ics(life).as_bytes())?;
        put("lifecycle.svg", lifecycle::to_svg(life).as_bytes())?;
        put("endoflife.json", lifecycle::to_endoflife(life)?.as_bytes())?;
        value = Some(serde_json::from_str(&json)?);
    }
    let id = context.definition.distribution.id.get_ref();
    let digests =
        accounts.records.iter().map(|record| serde_json::to_vec(record).map(|text| Digest::of(&text)));
    let made_of = bundle::MadeOf::documents(digests.collect::<Result<Vec<_>, _>>()?);
    let bytes = bundle::write(id, &accounts.records, made_of, value.as_ref())
        .map_err(|error| Fail::new(Exit::Failed, format!("the bundle can't be compressed: {error}")))?;
    let newest = accounts.records.iter().map(|record| record.updated.as_second()).max().unwrap_or_default();
    let time = u64::try_from(newest).unwrap_or_default();
    put("bundle.jsonl.zst.asc", hand.sign("bundle.jsonl.zst", &bytes, time)?.as_bytes())?;
    put("bundle.jsonl.zst", &bytes)
}

/// Tries every format, as it was written, on machines that have a package just before, at and beyond each fix.
fn cross_check(dir: &Path, accounts: &Accounts, writing: Writing<'_>) -> Result<usize, Fail> {
    let formats = published(dir, writing.reading)?;
    let faults: Vec<String> =
        formats.iter().flat_map(|(_, read)| &read.faults).map(ToString::to_string).collect();
    if !faults.is_empty() {
        return Err(refused(told("what was written can't be read", &faults)));
    }
    let of = |(format, read): &(Format, super::errata::Read)| {
        (format.name(), *format == Format::Oval, read.advisories.clone())
    };
    let formats: Vec<_> = formats.iter().map(of).collect();
    let all = formats.iter().map(|(format, is_security_alone, advisories)| Published {
        format,
        advisories,
        is_security_alone: *is_security_alone,
    });
    let check = Crosscheck::new(all, evr::compare);
    let machines: Vec<_> = probes(&accounts.records, writing.arches, evr::compare).collect();
    let progress = Progress::new("cross-check", machines.len());
    let one = |machine: &_| {
        progress.tick("");
        Ok::<_, Fail>(check.differences(machine))
    };
    let differences = work::each(&machines, processors(), one)?;
    let lines: Vec<String> = differences.into_iter().flatten().map(|one| one.to_string()).collect();
    match lines.is_empty() {
        true => Ok(machines.len()),
        false => Err(refused(told("the formats lead to different verdicts on the same machine", &lines))),
    }
}

/// Gives what was laid out its name and lets the link lead there; the one before stays for clients in flight.
fn switch(root: &Path, new: &Path, name: &str, before: Option<&Path>) -> Result<(), Fail> {
    let place = root.join(name);
    if place.exists() {
        fs::remove_dir_all(new).map_err(failed(new))?;
    } else {
        fs::rename(new, &place).map_err(failed(&place))?;
    }
    let link = root.join(format!(".{NAME}.link"));
    drop(fs::remove_file(&link));
    symlink(name, &link).and_then(|()| fs::rename(&link, root.join(NAME))).map_err(failed(&link))?;
    for entry in fs::read_dir(root).map_err(failed(root))? {
        let entry = entry.map_err(failed(root))?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(failed(root))?);
        if kind.is_dir() && is_ours(&path) && path != place && Some(path.as_path()) != before {
            fs::remove_dir_all(&path).map_err(failed(&path))?;
        }
    }
    Ok(())
}

/// Whether a directory is named as those that are laid out here: `errata-` and twelve digits of a digest.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let digits = name.strip_prefix(NAME).and_then(|rest| rest.strip_prefix('-'));
    digits.is_some_and(|digits| digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
