//! `heirloom release`: proposals, votes, and what comes of them.

mod text;
mod vote;

use std::fs;
use std::path::Path;

use heirloom_govern::{Content, Kind, Proposal, Standing};
use heirloom_model::Digest;
use serde::Serialize;

use crate::cli::{Propose, ReleaseVerb};
use crate::context::{Context, bytes, present};
use crate::fail::{Exit, Fail};
use crate::flow::governing::{self, Governed, Known, Offer, Received};
use crate::flow::releasing;
use crate::ui::Shown;

pub(crate) fn run(verb: &ReleaseVerb, open: impl Fn() -> Result<Context, Fail>) -> Result<Shown, Fail> {
    match verb {
        ReleaseVerb::Propose(args) => propose(&open()?, args),
        ReleaseVerb::Review { proposal, show } => review(proposal, show.as_deref(), open),
        ReleaseVerb::Approve(args) => vote::run(args, heirloom_govern::Decision::Approve, open),
        ReleaseVerb::Reject(args) => vote::run(args, heirloom_govern::Decision::Reject, open),
        ReleaseVerb::Withdraw(args) => vote::run(args, heirloom_govern::Decision::Withdraw, open),
        ReleaseVerb::Receive { files, signature } => receive(&open()?, files, signature.as_deref()),
        ReleaseVerb::Export { proposal, out } => export(&open()?, proposal, out),
        ReleaseVerb::Status { proposal, all } => status(&open()?, proposal.as_deref(), *all),
        ReleaseVerb::Promote { proposal } => promote(&open()?, proposal),
    }
}

fn propose(context: &Context, args: &Propose) -> Result<Shown, Fail> {
    let governed = governing::required(context)?;
    if governed.state.charter().member(&args.member).is_none() {
        return Err(Fail::new(Exit::Failed, format!("{} is no member by the charter in force", args.member))
            .hint("`heirloom charter show` lists them"));
    }
    let Offer { content, evidence } = offered(context, &governed, args)?;
    let distribution = context.definition.distribution.id.get_ref();
    let charter = governed.state.charter_digest();
    let mut proposal = Proposal::new(distribution, charter, &args.member, present(), content);
    proposal.reason.clone_from(&args.reason);
    proposal.emergency = args.emergency;
    proposal.evidence = evidence;
    let digest = governed.keep(context, &proposal)?;
    governing::tell(context)?;
    let known = governed.look(context, digest)?;
    let said = format!(
        "{}\nnext: each member looks at it (`heirloom release review {short}`) and approves it (`heirloom release approve {short}`)",
        text::described(&known),
        short = digest.short()
    );
    Shown::new(&known, said)
}

/// What the options name, or what is ready.
fn offered(context: &Context, governed: &Governed, args: &Propose) -> Result<Offer, Fail> {
    let plain = |content| Offer { content, evidence: Vec::new() };
    let channels = match args.channels.is_empty() {
        true => releasing::site(context)?.usual(),
        false => args.channels.clone(),
    };
    if let Some(snapshot) = &args.snapshot {
        return governed.switch(context, snapshot, &channels);
    }
    if let Some(file) = &args.charter {
        let text = String::from_utf8(bytes(file, governing::LARGEST)?)
            .map_err(|_| Fail::new(Exit::Failed, format!("{} is no text", file.display())))?;
        heirloom_govern::Charter::parse(&text)
            .map_err(|error| Fail::new(Exit::Definition, format!("{}: {error}", file.display())))?;
        return Ok(plain(Content::Charter { text }));
    }
    if args.add_key.is_some() || args.retire_key.is_some() {
        let add = args.add_key.as_ref().map(|file| certificate(file)).transpose()?;
        let retire = args.retire_key.as_deref().map(|fingerprint| (fingerprint, args.stolen));
        return Governed::keys(add.as_deref(), retire);
    }
    if let Some(name) = &args.ratify {
        return Ok(plain(Content::Ratify { proposal: governed.find(context, name)? }));
    }
    let kinds = if args.advisories { &[Kind::Advisories][..] } else { &[Kind::Packages, Kind::Snapshot] };
    for &kind in kinds {
        let Some(mut offer) = governing::waiting(&context.store, kind)? else { continue };
        if let Content::Snapshot(snapshot) = &mut offer.content {
            snapshot.channels = governed.moves(&channels);
        }
        if !governed.has(context, &offer.content)? {
            return Ok(offer);
        }
    }
    Err(Fail::new(Exit::Failed, "nothing waits to be proposed")
        .hint("`heirloom rebuild` or `heirloom compose` makes something; `--snapshot`, `--charter`, `--add-key`, `--ratify` name other things"))
}

fn certificate(path: &Path) -> Result<String, Fail> {
    String::from_utf8(bytes(path, 1 << 20)?)
        .map_err(|_| Fail::new(Exit::Failed, format!("{} is no armoured certificate", path.display())))
}

fn review(name: &str, show: Option<&str>, open: impl Fn() -> Result<Context, Fail>) -> Result<Shown, Fail> {
    let file = Path::new(name);
    if file.is_file() {
        let Received::Parcel(parcel) = governing::read(file, None)? else {
            return Err(Fail::new(Exit::Usage, format!("{name} is a vote, not a proposal")));
        };
        let known = vote::look(&parcel, None)?;
        return match show {
            Some(show) => object(&known.proposal, show, |digest| parcel.objects.get(&digest).cloned()),
            None => Shown::new(&known, text::described(&known)),
        };
    }
    let context = open()?;
    let governed = governing::required(&context)?;
    let known = governed.look(&context, governed.find(&context, name)?)?;
    match show {
        Some(show) => object(&known.proposal, show, |digest| governing::text(&context.store, digest).ok()),
        None => Shown::new(&known, text::described(&known)),
    }
}

/// An object that belongs to a proposal.
fn object(proposal: &Proposal, name: &str, find: impl Fn(Digest) -> Option<String>) -> Result<Shown, Fail> {
    let named = proposal.evidence.iter().find(|one| one.name == name).map(|one| one.digest);
    let digest =
        named.or_else(|| proposal.content.list().filter(|_| name == "packages")).ok_or_else(|| {
            let known: Vec<_> = proposal.evidence.iter().map(|one| one.name.as_str()).collect();
            Fail::new(
                Exit::Usage,
                format!("the proposal has no object `{name}`: it has {}", known.join(", ")),
            )
        })?;
    let text =
        find(digest).ok_or_else(|| Fail::new(Exit::Failed, format!("the object {digest} is not here")))?;
    let value: serde_json::Value = serde_json::from_str(&text)?;
    Shown::new(&value, format!("{value:#}"))
}

fn receive(context: &Context, files: &[std::path::PathBuf], signature: Option<&Path>) -> Result<Shown, Fail> {
    let governed = governing::required(context)?;
    let mut touched = Vec::new();
    for file in files {
        let digest = match governing::read(file, signature)? {
            Received::Parcel(parcel) => governed.take_in(context, &parcel)?,
            Received::Vote(vote) => governed.cast(context, &vote)?,
        };
        touched.push(digest);
    }
    touched.dedup();
    governing::tell(context)?;
    let known =
        touched.iter().map(|digest| governed.look(context, *digest)).collect::<Result<Vec<_>, _>>()?;
    let said: Vec<_> = known.iter().map(text::described).collect();
    Shown::new(&known, said.join("\n"))
}

fn export(context: &Context, name: &str, out: &Path) -> Result<Shown, Fail> {
    let governed = governing::required(context)?;
    let digest = governed.find(context, name)?;
    let parcel = governed.parcel(&context.store, digest)?;
    fs::write(out, serde_json::to_vec(&parcel)?)
        .map_err(|error| Fail::new(Exit::Failed, format!("{}: {error}", out.display())))?;
    let said = format!(
        "{} is written\nnext: a member decides with `heirloom release approve {0} --member NAME --key KEY --out VOTE`, and \
         `heirloom release receive VOTE` takes the vote in",
        out.display()
    );
    Shown::new(&serde_json::json!({ "proposal": digest, "file": out }), said)
}

/// What is served, what is decided on, and what waits.
#[derive(Serialize)]
struct Status {
    charter: u64,
    charter_digest: Digest,
    entries: usize,
    live: std::collections::BTreeMap<String, heirloom_govern::Live>,
    unratified: std::collections::BTreeMap<Digest, jiff::Timestamp>,
    proposals: Vec<Known>,
    /// Kinds of what is ready to be proposed.
    waiting: Vec<&'static str>,
}

fn status(context: &Context, name: Option<&str>, all: bool) -> Result<Shown, Fail> {
    let governed = governing::required(context)?;
    if let Some(name) = name {
        let known = governed.look(context, governed.find(context, name)?)?;
        return Shown::new(&known, text::described(&known));
    }
    let mut waiting = Vec::new();
    for kind in [Kind::Packages, Kind::Snapshot, Kind::Advisories] {
        if let Some(offer) = governing::waiting(&context.store, kind)?
            && !governed.has(context, &offer.content)?
        {
            waiting.push(kind.name());
        }
    }
    let is_open = |known: &Known| {
        known.entry.is_none()
            && known.tally.as_ref().is_some_and(|tally| {
                matches!(tally.standing, Standing::Open(_) | Standing::Waiting { .. } | Standing::Approved)
            })
    };
    let proposals = governed.known(context)?.into_iter().filter(|known| all || is_open(known)).collect();
    let state = &governed.state;
    let status = Status {
        charter: state.charter().version,
        charter_digest: state.charter_digest(),
        entries: state.entries(),
        live: state.live().clone(),
        unratified: state.unratified().clone(),
        proposals,
        waiting,
    };
    let said = text::status(&status);
    Shown::new(&status, said)
}

fn promote(context: &Context, name: &str) -> Result<Shown, Fail> {
    let governed = governing::required(context)?;
    let digest = governed.find(context, name)?;
    let effect = governing::promote(context, &governed, digest)?;
    governing::tell(context)?;
    let mut said = format!("{} took effect as entry {}: {}", digest.short(), effect.entry, effect.did);
    if !effect.next.is_empty() {
        said.push_str(&format!("\nnext: {}", effect.next));
    }
    Shown::new(&effect, said)
}
