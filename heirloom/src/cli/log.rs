//! The public log.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What is done with the log.
#[derive(Debug, Subcommand)]
pub(crate) enum LogVerb {
    /// Makes the log's key and a log whose first entry it is, and prints the public key to give to others. Run again, it
    /// shows it.
    Init,
    /// Lists the entries.
    List(ListLog),
    /// Writes a proof that something stands in the log, which anyone can check without the log.
    Prove(ProveLog),
    /// Checks a proof, by nothing but itself and the keys that are named. Needs no definition and no network.
    ///
    /// Exit codes: 0 it holds; 5 it does not.
    Verify(VerifyLog),
    /// Follows a log: whether it continues what it said before, and each entry is the one that it signed. Tells what is new.
    /// Needs no definition.
    ///
    /// Exit codes: 0 all is as it should be; 1 the log could not be read; 5 it forked, shrank or was rewritten, and a file
    /// with the evidence was written; or its checkpoint is not signed as it should be.
    Monitor(MonitorLog),
    /// Cosigns the newest checkpoint of a log, if it continues the one that was cosigned before, and prints the cosignature.
    /// Needs no definition.
    ///
    /// Exit codes: as those of `monitor`; nothing is cosigned unless it is 0.
    Witness(WitnessLog),
    /// Adds cosignatures of declared witnesses (`log.witnesses`) to the published checkpoint.
    ///
    /// Exit codes: 0 all were added; 5 some are not of a declared witness, or not of the present checkpoint; those that are
    /// were added.
    Cosign(CosignLog),
    /// Makes the key of a witness, and prints its public key.
    Keygen(KeygenLog),
}

/// Whose checkpoints are believed.
#[derive(Args, Debug)]
pub(crate) struct Trusted {
    /// The log's public key.
    #[arg(long, value_name = "VKEY")]
    pub(crate) key: String,
    /// The public key of a witness; may be given several times.
    #[arg(long, value_name = "VKEY")]
    pub(crate) witness: Vec<String>,
    /// How many of these witnesses must have cosigned [default: all].
    #[arg(long, value_name = "K")]
    pub(crate) need: Option<usize>,
}

/// Which log is read.
#[derive(Args, Debug)]
pub(crate) struct WhichLog {
    /// Another log than the definition's own.
    #[arg(long, value_name = "DIR|URL", requires = "key")]
    pub(crate) log: Option<String>,
    /// The public key of that log.
    #[arg(long, value_name = "VKEY", requires = "log")]
    pub(crate) key: Option<String>,
}

/// What is listed.
#[derive(Args, Debug)]
pub(crate) struct ListLog {
    #[command(flatten)]
    pub(crate) which: WhichLog,
}

/// What is proven.
#[derive(Args, Debug)]
pub(crate) struct ProveLog {
    /// A document, or its SHA-256 digest.
    #[arg(value_name = "DIGEST|FILE")]
    pub(crate) document: String,
    /// Where several entries are about the document: the kind of the one that is meant.
    #[arg(long)]
    pub(crate) kind: Option<heirloom_model::log::LogKind>,
    #[command(flatten)]
    pub(crate) which: WhichLog,
    /// The proof [default: FILE.tlog-proof, or DIGEST.tlog-proof in this directory].
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
}

/// What is checked.
#[derive(Args, Debug)]
pub(crate) struct VerifyLog {
    /// A proof.
    pub(crate) proof: PathBuf,
    /// The document that it is to be about.
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) trusted: Trusted,
}

/// What is followed.
#[derive(Args, Debug)]
pub(crate) struct MonitorLog {
    /// The log.
    #[arg(value_name = "DIR|URL")]
    pub(crate) log: String,
    #[command(flatten)]
    pub(crate) trusted: Trusted,
    /// Keeps what was seen last; it never goes back. Evidence is written beside it.
    #[arg(long, value_name = "FILE")]
    pub(crate) state: PathBuf,
    /// Reads only the entries that are new, not all of them again.
    #[arg(long)]
    pub(crate) new_only: bool,
}

/// What is cosigned.
#[derive(Args, Debug)]
pub(crate) struct WitnessLog {
    /// The log.
    #[arg(value_name = "DIR|URL")]
    pub(crate) log: String,
    /// The log's public key.
    #[arg(long, value_name = "VKEY")]
    pub(crate) vkey: String,
    /// The witness's own key, which `heirloom log keygen` made.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// Keeps what was cosigned last; it never goes back. Evidence is written beside it.
    #[arg(long, value_name = "FILE")]
    pub(crate) state: PathBuf,
}

/// What is added.
#[derive(Args, Debug)]
pub(crate) struct CosignLog {
    /// What witnesses printed: a line each, or a whole cosigned checkpoint.
    #[arg(value_name = "COSIGNATURE-FILE")]
    pub(crate) file: PathBuf,
}

/// Which key is made.
#[derive(Args, Debug)]
pub(crate) struct KeygenLog {
    /// The witness's name, best a URL without scheme: `witness.example/w1`.
    pub(crate) name: String,
    /// The secret key, readable by its owner only.
    pub(crate) file: PathBuf,
}
