//! What is asked of charters, proposals and votes on the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use heirloom_model::KeySource;
use heirloom_model::allowance::Date;

/// What to do with the charter.
#[derive(Debug, Subcommand)]
pub(crate) enum CharterVerb {
    /// Writes a first charter for these members, with thresholds that no affiliation can reach or block alone where there
    /// are enough of them.
    Init(InitCharter),
    /// Tells what is amiss in a charter: capture, thresholds that can't be reached, keys that end.
    ///
    /// Exit codes: 0 nothing that is an error; 5 an error.
    Lint {
        /// The file [default: the charter in force].
        file: Option<PathBuf>,
    },
    /// Shows the charter in force, with its digest, which is what clients pin.
    Show {
        /// Writes its text, and nothing else.
        #[arg(long)]
        text: bool,
    },
    /// Writes the charter that follows the one in force, to be proposed: members join, leave, get new keys.
    Next(Box<NextCharter>),
}

/// Who the members are.
#[derive(Args, Debug)]
pub(crate) struct InitCharter {
    /// A member, as NAME:AFFILIATION:PUBLIC-KEY-FILE.
    #[arg(long = "member", value_name = "NAME:AFFILIATION:FILE", required = true)]
    pub(crate) members: Vec<String>,
    /// The file to write; it must not be there.
    #[arg(long, default_value = "charter.toml", value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Days for which it is valid.
    #[arg(long, default_value_t = 730, value_name = "DAYS")]
    pub(crate) days: u32,
    /// Hours between a release's proposal and its promotion.
    #[arg(long, default_value_t = 24, value_name = "HOURS")]
    pub(crate) waiting_hours: u32,
}

/// How it changes.
#[derive(Args, Debug)]
pub(crate) struct NextCharter {
    /// The file to write; it must not be there.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// A new member, as NAME:AFFILIATION:PUBLIC-KEY-FILE, in the roles of --role.
    #[arg(long, value_name = "NAME:AFFILIATION:FILE")]
    pub(crate) join: Vec<String>,
    /// A role of those who join: build, release, errata, charter, emergency [default: all that the charter has].
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Vec<String>,
    /// A member who leaves.
    #[arg(long, value_name = "NAME")]
    pub(crate) leave: Vec<String>,
    /// A member whose key was lost or stolen, as NAME:FINGERPRINT: votes with it count no more.
    #[arg(long, value_name = "NAME:FINGERPRINT")]
    pub(crate) revoke: Vec<String>,
    /// A further key of a member, as NAME:PUBLIC-KEY-FILE.
    #[arg(long, value_name = "NAME:FILE")]
    pub(crate) key: Vec<String>,
    /// A member's new affiliation, as NAME:AFFILIATION.
    #[arg(long, value_name = "NAME:AFFILIATION")]
    pub(crate) transfer: Vec<String>,
    /// The last day of its validity.
    #[arg(long, value_name = "DATE")]
    pub(crate) extend: Option<Date>,
}

/// What to do about releases.
#[derive(Debug, Subcommand)]
pub(crate) enum ReleaseVerb {
    /// Proposes what is ready: packages that wait to be signed, else a composed tree; or what an option names.
    Propose(Box<Propose>),
    /// Shows a proposal: what it changes, what belongs to it, who has voted.
    Review {
        /// The beginning of its digest, or a file that `export` wrote.
        proposal: String,
        /// Writes the object with this name (`gate`, `differences`, `certificates`, `compose`, `packages`) to standard
        /// output.
        #[arg(long, value_name = "NAME")]
        show: Option<String>,
    },
    /// Approves a proposal: signs its digest with a member's key.
    Approve(CastVote),
    /// Rejects a proposal.
    Reject(CastVote),
    /// Takes a proposal back: its proposer alone can.
    Withdraw(CastVote),
    /// Takes in proposals and votes from files: what `export` and `approve --out` wrote, or a patch.
    Receive {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The signature beside a vote's text, made by gpg or ssh-keygen.
        #[arg(long, value_name = "FILE")]
        signature: Option<PathBuf>,
    },
    /// Writes a proposal with all that is needed to decide on it into a file, for members elsewhere.
    Export {
        /// The beginning of its digest.
        proposal: String,
        /// The file.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Shows where proposals stand and who is missing; what is served, and what waits to be proposed.
    Status {
        /// The beginning of a proposal's digest [default: all].
        proposal: Option<String>,
        /// Those that took effect or can't any more, too.
        #[arg(long)]
        all: bool,
    },
    /// Lets a proposal take effect, if a quorum has approved it.
    ///
    /// Exit codes: 0 it did; 5 it may not, and the message says who is missing.
    Promote {
        /// The beginning of its digest.
        proposal: String,
    },
}

/// What is proposed, by whom.
#[derive(Args, Debug)]
pub(crate) struct Propose {
    /// The member who proposes.
    #[arg(long, env = "HEIRLOOM_MEMBER", value_name = "NAME")]
    pub(crate) member: String,
    /// Why, for those who decide.
    #[arg(long, short = 'm', default_value = "", value_name = "TEXT")]
    pub(crate) reason: String,
    /// It can't wait: the emergency quorum decides, and the usual one ratifies it afterwards.
    #[arg(long)]
    pub(crate) emergency: bool,
    /// A channel that is to serve the snapshot [default: those of `publish.channels`]; may be given several times.
    #[arg(long = "channel", value_name = "CHANNEL")]
    pub(crate) channels: Vec<String>,
    /// A snapshot that was released before: channels go forward or back to it.
    #[arg(long, value_name = "SNAPSHOT", group = "what")]
    pub(crate) snapshot: Option<String>,
    /// The next charter.
    #[arg(long, value_name = "FILE", group = "what")]
    pub(crate) charter: Option<PathBuf>,
    /// The certificate of a key that may sign from then on.
    #[arg(long, value_name = "FILE")]
    pub(crate) add_key: Option<PathBuf>,
    /// The fingerprint of a key that signs nothing any more.
    #[arg(long, value_name = "FINGERPRINT")]
    pub(crate) retire_key: Option<String>,
    /// Somebody else may have the retired key.
    #[arg(long, requires = "retire_key")]
    pub(crate) stolen: bool,
    /// The documents of advisories that `heirloom errata publish` waits for.
    #[arg(long, group = "what")]
    pub(crate) advisories: bool,
    /// The proposal of an emergency that is to be ratified.
    #[arg(long, value_name = "PROPOSAL", group = "what")]
    pub(crate) ratify: Option<String>,
}

/// A vote.
#[derive(Args, Debug)]
pub(crate) struct CastVote {
    /// The beginning of the proposal's digest, or a file that `export` wrote: no definition is needed then.
    pub(crate) proposal: String,
    /// The member.
    #[arg(long, env = "HEIRLOOM_MEMBER", value_name = "NAME")]
    pub(crate) member: String,
    /// The member's private key: a file (OpenPGP or OpenSSH), a public SSH key whose private one is in ssh-agent, or a
    /// `pkcs11:` URI.
    #[arg(long, env = "HEIRLOOM_MEMBER_KEY", value_name = "KEY", required_unless_present = "unsigned")]
    pub(crate) key: Option<KeySource>,
    /// A file with the key's passphrase.
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase: Option<PathBuf>,
    /// The socket of ssh-agent.
    #[arg(long, env = "SSH_AUTH_SOCK", value_name = "SOCKET", hide_env_values = true)]
    pub(crate) ssh_agent: Option<PathBuf>,
    /// Why.
    #[arg(long, short = 'm', default_value = "", value_name = "TEXT")]
    pub(crate) reason: String,
    /// Digest of a charter that the member has pinned: a file is refused whose history does not have it.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) pin: Option<heirloom_model::Digest>,
    /// Writes the vote into a file instead of taking it in here.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Writes it as a patch.
    #[arg(long, requires = "out")]
    pub(crate) patch: bool,
    /// Writes only the text that is to be signed, for gpg or `ssh-keygen -Y sign -n heirloom-vote`.
    #[arg(long, requires = "out", conflicts_with_all = ["key", "patch"])]
    pub(crate) unsigned: bool,
}

/// A process that signs what members have approved.
#[derive(Args, Debug)]
pub(crate) struct SignerArgs {
    /// The first charter, or one that came later: what is not in a history with it is not believed.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) pin: heirloom_model::Digest,
    /// The private key: a file, `gpg-agent:FINGERPRINT` or a `pkcs11:` URI.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: KeySource,
    /// The key's certificate, where the key is not a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: Option<PathBuf>,
    /// A directory with the keys `targets*.key`, `snapshot*.key` and `timestamp*.key` of TUF metadata, for `tuf.signer`.
    #[arg(long, value_name = "DIR")]
    pub(crate) tuf_keys: Option<PathBuf>,
    /// The directory in which proposals are laid: `inbox` in the state directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) inbox: PathBuf,
    /// The socket to listen on.
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: PathBuf,
    /// The signer's own directory: the newest history that it has seen, and a log of every use of the key.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// The user to run as, by number, once the key is open.
    #[arg(long, value_name = "UID:GID")]
    pub(crate) user: Option<String>,
}
