//! `heirloom charter`: who decides.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use heirloom_govern::{
    Charter, Content, Edit, Emergency, Entry, LintFinding, Member, Proposal, Role, Rule, SigningKey, lint,
};
use heirloom_model::Digest;
use heirloom_model::allowance::Date;
use serde::Serialize;

use crate::cli::{CharterVerb, InitCharter, NextCharter};
use crate::context::{Context, bytes, now};
use crate::fail::{Exit, Fail};
use crate::flow::governing;
use crate::ui::Shown;

/// Largest key or charter file, in bytes.
const LARGEST: u64 = 4 << 20;

/// A charter, and what is amiss in it.
#[derive(Serialize)]
struct Looked<'a> {
    digest: Digest,
    charter: &'a Charter,
    findings: Vec<LintFinding>,
}

pub(crate) fn run(verb: &CharterVerb, open: impl Fn() -> Result<Context, Fail>) -> Result<Shown, Fail> {
    match verb {
        CharterVerb::Init(args) => init(&open()?, args),
        CharterVerb::Lint { file: Some(file) } => look(&text(file)?),
        CharterVerb::Lint { file: None } => look(&in_force(&open()?)?),
        CharterVerb::Show { text } => show(&open()?, *text),
        CharterVerb::Next(args) => next(&open()?, args),
    }
}

fn text(path: &Path) -> Result<String, Fail> {
    String::from_utf8(bytes(path, LARGEST)?)
        .map_err(|_| Fail::new(Exit::Definition, format!("{} is no text", path.display())))
}

fn parse(text: &str) -> Result<Charter, Fail> {
    Charter::parse(text).map_err(|error| {
        Fail::new(Exit::Definition, error).hint("docs/governance.md says what a charter has in it")
    })
}

/// The text of the charter in force.
fn in_force(context: &Context) -> Result<String, Fail> {
    let governed = governing::required(context)?;
    let charter = |entry: &Entry| match Proposal::from_json(&entry.proposal).ok()?.content {
        Content::Charter { text } => Some(text),
        _ => None,
    };
    let newest = governed.history.entries.iter().rev().find_map(charter);
    Ok(newest.unwrap_or(governed.history.charter))
}

fn look(text: &str) -> Result<Shown, Fail> {
    let charter = parse(text)?;
    let findings = lint(&charter, &governing::keys(), Date::from_unix(now()));
    let errors = findings.iter().filter(|finding| finding.fault.is_error()).count();
    let digest = Digest::of(text.as_bytes());
    let mut said = String::new();
    for finding in &findings {
        let _ = writeln!(said, "{finding}");
    }
    let _ = write!(
        said,
        "charter {} of {}: {errors} errors, {} warnings\ndigest {digest}",
        charter.version,
        charter.distribution,
        findings.len() - errors
    );
    let exit = if errors == 0 { Exit::Fine } else { Exit::Promise };
    Ok(Shown::new(&Looked { digest, charter: &charter, findings }, said)?.exit(exit))
}

fn show(context: &Context, only_text: bool) -> Result<Shown, Fail> {
    let text = in_force(context)?;
    let charter = parse(&text)?;
    let digest = Digest::of(text.as_bytes());
    let said = match only_text {
        true => text,
        false => format!("{}\ndigest {digest}", described(&charter)),
    };
    Shown::new(&Looked { digest, charter: &charter, findings: Vec::new() }, said)
}

/// A charter as people read it.
fn described(charter: &Charter) -> String {
    let mut text = format!(
        "charter {} of {}, valid until {}\n",
        charter.version, charter.distribution, charter.valid_until
    );
    for role in charter.all_roles() {
        let Some(rule) = charter.rule(role) else { continue };
        let _ = writeln!(
            text,
            "  {:9} {} of {}, at most {} of one affiliation{}",
            role.name(),
            rule.threshold,
            rule.members.len(),
            rule.per_affiliation,
            match rule.waiting_hours {
                0 => String::new(),
                hours => format!(", after {hours} hours"),
            }
        );
    }
    for member in &charter.members {
        let _ = writeln!(text, "  {:9} {}", member.name, member.affiliation);
    }
    text
}

/// `NAME:AFFILIATION:FILE`.
fn member(text: &str) -> Result<Member, Fail> {
    let wrong = || {
        Fail::new(Exit::Usage, format!("`{text}` is no member"))
            .hint("write NAME:AFFILIATION:PUBLIC-KEY-FILE, as in `ada:University:keys/ada.pub`")
    };
    let (name, rest) = text.split_once(':').ok_or_else(wrong)?;
    let (affiliation, file) = rest.rsplit_once(':').ok_or_else(wrong)?;
    let (name, affiliation) = (name.to_owned(), affiliation.to_owned());
    Ok(Member { name, affiliation, keys: vec![public_key(Path::new(file))?] })
}

fn public_key(path: &Path) -> Result<String, Fail> {
    let text = text(path)?.trim().to_owned();
    (governing::keys().inspect)(&text)
        .map_err(|why| Fail::new(Exit::Failed, format!("{}: {why}", path.display())))?;
    Ok(text)
}

/// A charter in which no affiliation reaches or blocks a quorum alone, where there are enough of them.
fn init(context: &Context, args: &InitCharter) -> Result<Shown, Fail> {
    let members = args.members.iter().map(|text| member(text)).collect::<Result<Vec<_>, _>>()?;
    let names: BTreeSet<_> = members.iter().map(|member| member.name.clone()).collect();
    let groups = members.iter().map(|member| member.affiliation.as_str()).collect::<BTreeSet<_>>().len();
    let rule = |threshold, waiting_hours| Rule {
        members: names.clone(),
        threshold,
        per_affiliation: 1,
        waiting_hours,
        expires_days: 30,
    };
    let most = groups / 2 + 1;
    let emergency = (groups > most).then(|| Emergency {
        members: names.clone(),
        threshold: most + 1,
        per_affiliation: 1,
        expires_days: 3,
        ratify_days: 14,
    });
    let certificate = certificate(context)?;
    let charter = Charter {
        version: 1,
        distribution: context.definition.distribution.id.get_ref().clone(),
        valid_until: Date::from_unix(now()).plus(args.days),
        previous: None,
        roles: BTreeMap::from([
            (Role::Build, rule(most.min(2), 0)),
            (Role::Release, rule(most, args.waiting_hours)),
            (Role::Errata, rule(most.min(2), 0)),
            (Role::Charter, rule(most, args.waiting_hours)),
        ]),
        emergency,
        signing_keys: vec![SigningKey { fingerprint: governing::fingerprint(&certificate)?, certificate }],
        members,
    };
    let text = charter.to_toml().map_err(|error| Fail::new(Exit::Failed, error))?;
    parse(&text)?;
    write_new(&args.out, &text)?;
    crate::ui::say(&format!(
        "{} is written; read it, change it, and put it in force: `[governance] charter = \"{}\"` in the definition",
        args.out.display(),
        args.out.display()
    ));
    look(&text).map(|shown| shown.exit(Exit::Fine))
}

/// The certificate of the key that signs. The signer that may hold it is not asked: it needs the charter first.
fn certificate(context: &Context) -> Result<String, Fail> {
    match &context.definition.signing.certificate {
        Some(file) => text(&context.definition.resolve(file.get_ref())),
        None => Ok(context.key()?.public_armoured()?),
    }
}

fn next(context: &Context, args: &NextCharter) -> Result<Shown, Fail> {
    let governed = governing::required(context)?;
    let charter = governed.state.charter();
    let wrong = |error: heirloom_govern::CharterError| Fail::new(Exit::Failed, error);
    let mut edits = Vec::new();
    let roles = match args.role.is_empty() {
        true => charter.all_roles().collect(),
        false => args.role.iter().map(|name| role(name)).collect::<Result<Vec<_>, _>>()?,
    };
    for text in &args.join {
        edits.push(Edit::Join { member: member(text)?, roles: roles.clone() });
    }
    edits.extend(args.leave.iter().cloned().map(Edit::Leave));
    for text in &args.key {
        let (member, file) = pair(text, "NAME:FILE")?;
        edits.push(Edit::AddKey { member, key: public_key(Path::new(&file))? });
    }
    for text in &args.revoke {
        let (member, fingerprint) = pair(text, "NAME:FINGERPRINT")?;
        let key = key_of(charter, &member, &fingerprint)?;
        edits.push(Edit::RemoveKey { member, key });
    }
    for text in &args.transfer {
        let (member, affiliation) = pair(text, "NAME:AFFILIATION")?;
        edits.push(Edit::Move { member, affiliation });
    }
    edits.extend(args.extend.map(Edit::Extend));
    let next = charter.next(governed.state.charter_digest(), &edits).map_err(wrong)?;
    let text = next.to_toml().map_err(wrong)?;
    write_new(&args.out, &text)?;
    crate::ui::say(&format!(
        "{} is written; propose it: `heirloom release propose --charter {0}`",
        args.out.display()
    ));
    look(&text).map(|shown| shown.exit(Exit::Fine))
}

fn role(name: &str) -> Result<Role, Fail> {
    let all = [Role::Build, Role::Release, Role::Errata, Role::Charter, Role::Emergency];
    all.into_iter().find(|role| role.name() == name).ok_or_else(|| {
        let known = all.map(Role::name).join(", ");
        Fail::new(Exit::Usage, format!("`{name}` is no role")).hint(format!("roles are {known}"))
    })
}

fn pair(text: &str, form: &str) -> Result<(String, String), Fail> {
    let (a, b) = text
        .split_once(':')
        .ok_or_else(|| Fail::new(Exit::Usage, format!("`{text}` is not of the form {form}")))?;
    Ok((a.to_owned(), b.to_owned()))
}

/// A member's key as the charter has it, by its fingerprint.
fn key_of(charter: &Charter, name: &str, fingerprint: &str) -> Result<String, Fail> {
    let keys = governing::keys();
    let member = charter
        .member(name)
        .ok_or_else(|| Fail::new(Exit::Failed, format!("the charter has no member {name}")))?;
    let facts = member.keys.iter().filter_map(|key| Some((key, (keys.inspect)(key).ok()?.fingerprint)));
    let all: Vec<_> = facts.collect();
    let found = all.iter().find(|(_, known)| known.eq_ignore_ascii_case(fingerprint));
    found.map(|(key, _)| (*key).clone()).ok_or_else(|| {
        let known: Vec<_> = all.iter().map(|(_, known)| known.as_str()).collect();
        Fail::new(
            Exit::Failed,
            format!("{name} has no key {fingerprint}: the charter has {}", known.join(", ")),
        )
    })
}

fn write_new(path: &Path, text: &str) -> Result<(), Fail> {
    let failed = |error: std::io::Error| Fail::new(Exit::Failed, format!("{}: {error}", path.display()));
    let mut file = File::create_new(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        let _ = fs::remove_file(path);
        failed(error)
    })
}
