//! A member votes: here, or elsewhere with a file.

use std::fs;
use std::path::Path;

use heirloom_govern::{Decision, History, Vote};
use heirloom_model::Digest;
use heirloom_sign::{MemberSecret, Unlock};

use super::text;
use crate::cli::CastVote;
use crate::context::{Context, present};
use crate::fail::{Exit, Fail, chain};
use crate::flow::governing::{self, Known, Parcel, Received};
use crate::ui::Shown;

pub(super) fn run(
    args: &CastVote,
    decision: Decision,
    open: impl Fn() -> Result<Context, Fail>,
) -> Result<Shown, Fail> {
    let file = Path::new(&args.proposal);
    if file.is_file() {
        let Received::Parcel(parcel) = governing::read(file, None)? else {
            return Err(Fail::new(Exit::Usage, format!("{} is a vote, not a proposal", file.display())));
        };
        let known = look(&parcel, args.pin)?;
        let Some(out) = &args.out else {
            return Err(Fail::new(Exit::Usage, "a vote on a file needs a file to go to: give --out FILE"));
        };
        return elsewhere(args, decision, &known, out);
    }
    let context = open()?;
    let governed = governing::required(&context)?;
    let digest = governed.find(&context, &args.proposal)?;
    let known = governed.look(&context, digest)?;
    if let Some(out) = &args.out {
        return elsewhere(args, decision, &known, out);
    }
    let sealed = governing::approve(&vote(args, decision, &known)?, &secret(args)?)?;
    governed.cast(&context, &sealed)?;
    governing::tell(&context)?;
    let known = governed.look(&context, digest)?;
    Shown::new(&known, text::described(&known))
}

/// A proposal that came in a file, under the history that came with it.
pub(super) fn look(parcel: &Parcel, pin: Option<Digest>) -> Result<Known, Fail> {
    let disbelieved = |error: String| {
        Fail::new(Exit::Promise, error)
            .hint("ask for the file again, from somebody else; and look at the pin")
    };
    let history = History::parse(&parcel.history).map_err(|error| disbelieved(error.to_string()))?;
    let keys = governing::keys();
    let state = history.replay(&keys, pin).map_err(|error| disbelieved(error.to_string()))?;
    for (digest, text) in &parcel.objects {
        if Digest::of(text.as_bytes()) != *digest {
            return Err(disbelieved(format!("the object {digest} in it has other bytes")));
        }
    }
    let digest = Digest::of(parcel.proposal.as_bytes());
    let (proposal, tally) = state
        .tally(&parcel.proposal, &parcel.votes, &keys, present())
        .map_err(|error| disbelieved(error.to_string()))?;
    Ok(Known { digest, proposal, entry: state.promoted(digest), tally: Some(tally), outdated: None })
}

fn vote(args: &CastVote, decision: Decision, known: &Known) -> Result<Vote, Fail> {
    let refused = |why: String| Fail::new(Exit::Promise, why);
    if let Some(entry) = known.entry {
        return Err(refused(format!("{} took effect already, as entry {entry}", known.digest.short())));
    }
    if let Some(why) = &known.outdated {
        return Err(refused(why.clone()));
    }
    let proposal = &known.proposal;
    let mut vote = Vote::new(known.digest, proposal.charter, &args.member, decision, present());
    vote.reason.clone_from(&args.reason);
    Ok(vote)
}

fn secret(args: &CastVote) -> Result<MemberSecret, Fail> {
    let Some(key) = &args.key else {
        return Err(Fail::new(Exit::Usage, "no key to sign with: give --key"));
    };
    let unlock = Unlock {
        certificate: None,
        passphrase: args.passphrase.as_deref(),
        ssh_agent: args.ssh_agent.as_deref(),
    };
    MemberSecret::open(key, unlock).map_err(|error| {
        Fail::new(Exit::Failed, chain(&error))
            .hint("docs/keys.md says which keys there are; `--unsigned --out FILE` writes the text for another program to sign")
    })
}

/// The vote goes into a file.
fn elsewhere(args: &CastVote, decision: Decision, known: &Known, out: &Path) -> Result<Shown, Fail> {
    let vote = vote(args, decision, known)?;
    let failed = |error: std::io::Error| Fail::new(Exit::Failed, format!("{}: {error}", out.display()));
    let (bytes, next) = if args.unsigned {
        let text = vote.to_json()?;
        let file = out.display();
        let next = format!(
            "next: `ssh-keygen -Y sign -n {} -f KEY {file}` or `gpg --armor --detach-sign {file}`, then `heirloom release receive \
             {file} --signature {file}.sig` (or .asc)",
            heirloom_govern::NAMESPACE
        );
        (text, next)
    } else {
        let sealed = governing::approve(&vote, &secret(args)?)?;
        let bytes = match args.patch {
            true => governing::patch(&vote, &sealed)?,
            false => serde_json::to_string(&sealed)? + "\n",
        };
        (bytes, format!("next: send it; `heirloom release receive {}` takes it in", out.display()))
    };
    fs::write(out, bytes).map_err(failed)?;
    let said = format!("{}\n{} is written\n{next}", text::described(known), out.display());
    Shown::new(&serde_json::json!({ "vote": vote, "file": out }), said)
}
