//! The command line's grammar. The published reference is generated from these comments.

mod audit;
mod building;
mod changes;
mod createrepo;
mod errata;
mod evidence;
mod gate;
mod governing;
mod key;
mod lifecycle;
mod log;
mod migrate;
mod planning;
mod releasing;
mod sources;
mod tuf;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use audit::{Audit, FailOn};
pub(crate) use building::{Build, BuildAction, BuildArgs, Clean, Export, Shell, SideVerb};
pub(crate) use changes::Changes;
pub(crate) use createrepo::Createrepo;
pub(crate) use errata::{
    BundleErrata, ConvertErrata, CrosscheckErrata, ErrataSite, ErrataVerb, LagErrata, NewErrata,
    PublishErrata, StatusErrata, Whose,
};
pub(crate) use evidence::{EvidenceOf, Provenance, Reproduce, Sbom, VerifyProvenance};
pub(crate) use gate::{Gate, Judged, Named};
pub(crate) use governing::{
    CastVote, CharterVerb, InitCharter, NextCharter, Propose, ReleaseVerb, SignerArgs,
};
pub(crate) use key::{CertifyKey, JoinKey, KeyAlgorithm, KeyVerb, MakeKey, ShowKey, SplitKey};
pub(crate) use lifecycle::{CheckLife, ExportLife, LifeDocument, LifecycleVerb, ShowLife};
pub(crate) use log::{
    CosignLog, KeygenLog, ListLog, LogVerb, MonitorLog, ProveLog, Trusted, VerifyLog, WhichLog, WitnessLog,
};
pub(crate) use migrate::{MigrateVerb, TargetFile};
pub(crate) use planning::{Plan, Workers};
pub(crate) use releasing::{Fsck, Publish, Remote, Rollback, Serve};
pub(crate) use sources::{Convert, Debrand, DebrandVerb, Import, Preview, RulesOf, Scan, Status};
pub(crate) use tuf::{LogKeys, Rotate, TufVerb, Verify};

/// Rebuilds an Enterprise Linux from its sources, proves that it is the same, and publishes it signed.
///
/// Exit codes: 0 all is well; 1 something could not be done; 2 the command line is wrong; 3 the definition
/// or a file that it names is wrong; 4 something can't be planned or built; 5 a package breaks the promise or
/// carries another company's marks, or a certificate or a provenance does not hold; 6 the machine lacks something; 7 something
/// waits for members to decide; 130 it was interrupted. `compare` with packages: 0 they are identical;
/// 10 abi-compatible; 11 incompatible; 12 undecided.
#[derive(Debug, Parser)]
#[command(name = "heirloom", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// The definition of the distribution.
    #[arg(
        long,
        short,
        global = true,
        default_value = "heirloom.toml",
        value_name = "FILE",
        display_order = 900
    )]
    pub(crate) definition: PathBuf,
    /// How results are written to standard output. Progress goes to standard error.
    #[arg(long, global = true, default_value = "text", value_name = "FORMAT", display_order = 901)]
    pub(crate) format: Format,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Form of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For scripts.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Starts a distribution: writes heirloom.toml and makes its signing key.
    Init(Box<Init>),
    /// Brings sources, bootstrap and reference repositories in, verified; debrands the sources and keeps a history of
    /// both.
    Import(Import),
    /// Shows what the debrand rules change in sources, edit by edit.
    Debrand(Debrand),
    /// Looks for another company's marks in sources and packages.
    ///
    /// Exit codes: 0 there are none but those that allowances cover; 5 there are.
    Scan(Scan),
    /// Tells what the next minor release will bring, from an upstream that has it already (`preview` in the
    /// definition).
    Preview(Preview),
    /// Computes what is built in which order, and says why: waves, cycles, the critical path and how long it takes.
    Plan(Box<Plan>),
    /// Builds what is not built yet; with --check, builds again what is, and says whether it is the same.
    Build(Box<Build>),
    /// Compares packages with their references: two files, two directories or repositories, or (without
    /// either) everything that was rebuilt.
    ///
    /// Exit codes: 0 bit-identical, payload-identical or identical; 10 abi-compatible; 11 incompatible;
    /// 12 undecided. Without packages: 0 every package keeps the promise; 5 one does not.
    Compare(Box<Compare>),
    /// Tells what an update brings and what it breaks, from one snapshot, channel, directory or repository to another:
    /// advisories, removed programs and options, changed defaults and interfaces, package by package.
    ///
    /// Exit codes: 0 it was told; with --gate: 5 a gated channel would refuse it.
    Changes(Box<Changes>),
    /// Checks the signed statement of a comparison, and with both packages makes the comparison again.
    VerifyCertificate(VerifyCertificate),
    /// Signs accepted packages and publishes them as repositories.
    Compose,
    /// Judges repositories before clients see them: closed, installable, without conflicts, signed, and a way on from
    /// what clients have. Needs no definition.
    ///
    /// Exit codes: 0 nothing stands in the way; 5 something does.
    Gate(Box<Gate>),
    /// All of it: import, plan, build, compare, compose. Run again, it continues where it was.
    Rebuild(BuildArgs),
    /// Lets channels serve a snapshot, here or in a bucket: each is switched in one step, and the earlier snapshot stays for a rollback.
    Publish(Publish),
    /// Lets a channel serve what it served before, or another snapshot.
    Rollback(Rollback),
    /// Lists the snapshots: which channels serve them, what they take, and how long they are kept.
    Snapshots,
    /// Checks every object, published file, signature and channel, and says what brings back what is lost.
    ///
    /// Exit codes: 0 all is well, or is again; 5 something is not.
    Fsck(Fsck),
    /// Serves what is published, as a web server. A client is shown one state of a channel as long as it goes on
    /// asking.
    Serve(Serve),
    /// Keys, roots and renewal of the metadata by which clients and mirrors check channels (`[tuf]` in the definition).
    Tuf {
        /// What to do.
        #[command(subcommand)]
        verb: TufVerb,
    },
    /// Checks a channel as a client does: its TUF metadata, that its repositories name nothing else than that vouches for,
    /// and its files. Needs no definition.
    ///
    /// Exit codes: 0 all of it holds; 1 something could not be read; 5 something does not hold.
    Verify(Verify),
    /// Removes snapshots and views of channels whose time is over (`publish.vault`), throws away objects that neither
    /// these nor the newest plan, builds and signatures need, and brings the shared cache down to its limit.
    Clean(Clean),
    /// Shows what is done and what is not; with --upstream, what upstream has that we have not.
    Status(Status),
    /// Explains a package: why it builds, in which buildroot, why again, and its verdict; or an advisory: where it stands.
    Why {
        /// A source or binary package, or an advisory.
        package: String,
    },
    /// Opens a shell in the buildroot of a step, with its sources, as its build has them: to see why it fails.
    ///
    /// No network; all that is changed inside vanishes. `~/rebuild` runs what the build runs. The exit code is
    /// that of the shell or the command.
    Shell(Shell),
    /// Runs one action: a build with all its inputs pinned, in a file, with the objects that it names. Needs no
    /// definition.
    ///
    /// Exit codes: 0 it gave packages; 4 it did not.
    BuildAction(BuildAction),
    /// Builds a package again from its provenance alone, on any machine, and says whether it comes out the same. Needs no
    /// definition for a provenance.
    ///
    /// Exit codes: 0 it is the same; 10 abi-compatible; 11 incompatible; 12 undecided; 4 it did not build; 5 the provenance
    /// does not hold.
    Reproduce(Box<Reproduce>),
    /// States how packages were built, signed: in-toto statements with SLSA's provenance.
    Provenance(Provenance),
    /// Checks the signature of a provenance, and that it is about packages. Needs no definition.
    ///
    /// Exit codes: 0 it holds; 5 it does not.
    VerifyProvenance(VerifyProvenance),
    /// Writes lists of parts (SBOM) of packages or of the release: digests, licences, sources, patches, fixes, buildroots.
    Sbom(Sbom),
    /// Advisories (errata): read, written and held against one another in every format.
    Errata {
        /// What to do.
        #[command(subcommand)]
        verb: ErrataVerb,
    },
    /// What is promised until when: for the distribution, and for each package that a machine has.
    Lifecycle {
        /// What to do.
        #[command(subcommand)]
        verb: LifecycleVerb,
    },
    /// Machines of other distributions that are carried over to this one.
    Migrate {
        /// What to do.
        #[command(subcommand)]
        verb: MigrateVerb,
    },
    /// Private keys: made, looked at, split among people and put together. Needs no definition.
    Key {
        /// What to do.
        #[command(subcommand)]
        verb: KeyVerb,
    },
    /// The public log: every proposal, vote, promotion, certificate, list of parts and release, in a tree that only grows, and
    /// that anyone can check.
    Log {
        /// What to do.
        #[command(subcommand)]
        verb: LogVerb,
    },
    /// Tells what a system lacks: which vulnerabilities it has, which advisories fix them, and in which version. Needs no
    /// definition, and changes nothing.
    ///
    /// Exit codes: 0 nothing is missing; 1 something could not be read, or the advisories are for other systems; 5 it is
    /// vulnerable.
    Audit(Box<Audit>),
    /// The charter: who decides what is signed and served.
    Charter {
        /// What to do.
        #[command(subcommand)]
        verb: CharterVerb,
    },
    /// Proposals to the members, their votes, and what takes effect.
    Release {
        /// What to do.
        #[command(subcommand)]
        verb: ReleaseVerb,
    },
    /// Holds the key that signs packages and repositories, and signs what a quorum of members has approved, and nothing
    /// else. Runs until it is stopped; needs no definition.
    Signer(Box<SignerArgs>),
    /// Gathers all that is known of a package: its source, patches and buildroot, who built it, its verdict against the
    /// reference, who approved it when, and the proofs of the public log.
    Evidence(EvidenceOf),
    /// Side builds: a group of source packages that is built apart from the distribution, and merged or dropped as one.
    Side {
        /// What to do.
        #[command(subcommand)]
        verb: SideVerb,
    },
    /// Tells what would follow from a change of a package: which builds, and how long they take.
    WhatIf {
        /// A source or binary package.
        package: String,
    },
    /// Writes the results of builds into directories, as mock does: packages, build.log, buildroot_lock.json; with them
    /// the action and what it used.
    Export(Export),
    /// Writes the metadata of a directory of RPM files, as createrepo_c does, so that it is a repository. Needs no
    /// definition. The same files, with the same times, give the same bytes.
    Createrepo(Createrepo),
    /// Says how this machine can build, as root or without, what it lacks, and the command that installs it.
    Doctor,
    /// Writes a completion script for a shell to standard output.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Writes man pages into a directory.
    Man {
        /// The directory.
        dir: PathBuf,
    },
}

/// Facts for a new definition. What is not given gets a placeholder or a default.
#[derive(Args, Debug)]
pub(crate) struct Init {
    /// Directory of the new distribution.
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// An upstream that is known by name: sources, reference repositories and keys come from there.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(crate::verbs::init::known_names()))]
    pub(crate) from: Option<String>,
    /// Short name in lower case.
    #[arg(long, default_value = "kestrel")]
    pub(crate) id: String,
    /// Full name.
    #[arg(long, default_value = "Kestrel Enterprise Linux")]
    pub(crate) name: String,
    /// Version with minor [default: 9.4, or the major version of the known upstream].
    #[arg(long)]
    pub(crate) release: Option<String>,
    /// Vendor tag of its packages.
    #[arg(long, default_value = "Kestrel Foundation")]
    pub(crate) vendor: String,
    /// Form of the upstream sources: dist-git, git or srpm-repository.
    #[arg(long, default_value = "dist-git", conflicts_with = "from")]
    pub(crate) upstream_kind: String,
    /// Path or URL of the upstream sources.
    #[arg(long, default_value = "upstream/dist-git", conflicts_with = "from")]
    pub(crate) upstream: String,
    /// Pattern of the lookaside, with {digest}, {name} and {file}.
    #[arg(long, conflicts_with = "from")]
    pub(crate) lookaside: Option<String>,
    /// Key file that may sign the upstream repository of source RPMs.
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub(crate) upstream_key: Vec<PathBuf>,
    /// Source packages to leave out, as NAME=REASON.
    #[arg(long, value_name = "NAME=REASON")]
    pub(crate) exclude: Vec<String>,
    /// Directory of own source packages.
    #[arg(long, value_name = "DIR")]
    pub(crate) own: Option<PathBuf>,
    /// Directory of debrand rules.
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Option<PathBuf>,
    /// File of another company's marks; nothing that carries one is composed.
    #[arg(long, value_name = "FILE")]
    pub(crate) brand: Option<PathBuf>,
    /// File of allowances for comparisons.
    #[arg(long, value_name = "FILE")]
    pub(crate) allowances: Option<PathBuf>,
    /// Path or URL of the bootstrap repository [default: upstream/bootstrap; with --from: bootstrap].
    #[arg(long)]
    pub(crate) bootstrap: Option<String>,
    /// Key file that signs the bootstrap repository [default: upstream/bootstrap.asc; with --from: the own key].
    #[arg(long, value_name = "FILE")]
    pub(crate) bootstrap_key: Option<PathBuf>,
    /// Reference repositories, as NAME=LOCATION; each becomes a composed repository of the same name.
    #[arg(long, value_name = "NAME=LOCATION", conflicts_with = "from")]
    pub(crate) reference: Vec<String>,
    /// Key file that signs the reference repositories.
    #[arg(long, value_name = "FILE", default_value = "upstream/vendor.asc", conflicts_with = "from")]
    pub(crate) reference_key: PathBuf,
    /// URL under which the published tree will be served. Without it: the state directory, as file://.
    #[arg(long)]
    pub(crate) url: Option<String>,
}

/// What is compared, and how the result is shown.
#[derive(Args, Debug)]
#[command(override_usage = "heirloom compare [OPTIONS] REFERENCE.rpm REBUILT.rpm\n       \
heirloom compare [OPTIONS] --reference DIR|URL --rebuild DIR|URL\n       heirloom compare [OPTIONS]")]
pub(crate) struct Compare {
    /// Two RPM files: the reference and the rebuilt one.
    #[arg(num_args = 2, value_names = ["REFERENCE", "REBUILT"], conflicts_with_all = ["reference", "rebuild"])]
    pub(crate) pair: Vec<PathBuf>,
    /// Directory or repository URL with reference packages; may be given several times.
    #[arg(long, value_name = "DIR|URL", requires = "rebuild", conflicts_with = "universe")]
    pub(crate) reference: Vec<String>,
    /// Directory or repository URL with rebuilt packages; may be given several times.
    #[arg(long, value_name = "DIR|URL", requires = "reference")]
    pub(crate) rebuild: Vec<String>,
    /// Public key file that may sign the rebuilt repositories at URLs.
    #[arg(long, value_name = "FILE", requires = "rebuild")]
    pub(crate) rebuild_key: Vec<PathBuf>,
    /// Where packages from URLs are kept [default: $XDG_CACHE_HOME/heirloom or ~/.cache/heirloom].
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) told: Told,
    /// What the packages were to be: `identical` (1:1) or `abi`. Reports mark those that are not
    /// [default: identical].
    #[arg(long, value_parser = ["identical", "abi"])]
    pub(crate) promise: Option<String>,
    /// Shows every finding and normalisation, down to symbols and byte ranges.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Writes a self-contained HTML report.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Writes the findings as SARIF 2.1.0.
    #[arg(long, value_name = "FILE")]
    pub(crate) sarif: Option<PathBuf>,
    /// Writes the verdicts as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Writes a certificate for each pair, signed by this secret key, into the directory of --certificates.
    #[arg(long, value_name = "FILE", requires = "certificates")]
    pub(crate) certify: Option<PathBuf>,
    /// Directory for certificates.
    #[arg(long, value_name = "DIR", requires = "certify")]
    pub(crate) certificates: Option<PathBuf>,
}

/// What a comparison is told beside the packages.
#[derive(Args, Debug)]
pub(crate) struct Told {
    /// Packages with debugging data, of either side: interfaces are then compared by types. Of two sets, those
    /// that are in the sets need not be named.
    #[arg(long, value_name = "RPM", num_args = 1..)]
    pub(crate) debuginfo: Vec<PathBuf>,
    /// Release tags that mean the same, as REFERENCE=REBUILD: `.el9=.el9_4`, `.centos=`, `.module+*=.module+*`.
    #[arg(long, value_name = "RULE,...")]
    pub(crate) dist_map: Vec<heirloom_compare::DistMap>,
    /// File of allowances: findings that are accepted, with reason and expiry.
    #[arg(long, value_name = "FILE")]
    pub(crate) allowances: Option<PathBuf>,
    /// Directory or URL of the reference's repository: a new requirement is judged by what it provides. Of two
    /// sets, it is --reference.
    #[arg(long, value_name = "DIR|URL")]
    pub(crate) universe: Vec<String>,
    /// Public key file that may sign the reference's repositories at URLs.
    #[arg(long, value_name = "FILE")]
    pub(crate) reference_key: Vec<PathBuf>,
}

/// A certificate, and what it is checked against.
#[derive(Args, Debug)]
#[command(
    override_usage = "heirloom verify-certificate [OPTIONS] --key FILE CERTIFICATE [REFERENCE REBUILT]"
)]
pub(crate) struct VerifyCertificate {
    /// The certificate.
    pub(crate) certificate: PathBuf,
    /// Public key file of the one who may have signed it.
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) key: Vec<PathBuf>,
    /// The reference's and the rebuilt package: their digests are checked and the comparison is made again, with
    /// the allowances that the certificate states.
    #[arg(num_args = 2, value_names = ["REFERENCE", "REBUILT"])]
    pub(crate) pair: Vec<PathBuf>,
    /// Packages with debugging data, as the comparison had them.
    #[arg(long, value_name = "RPM", num_args = 1.., requires = "pair")]
    pub(crate) debuginfo: Vec<PathBuf>,
    /// The dist map, as it was given to the comparison.
    #[arg(long, value_name = "RULE,...", requires = "pair")]
    pub(crate) dist_map: Vec<heirloom_compare::DistMap>,
    /// Directories or URLs of the reference's repositories, as the comparison had them.
    #[arg(long, value_name = "DIR|URL", requires = "pair")]
    pub(crate) universe: Vec<String>,
    /// Public key file that may sign the reference's repositories at URLs.
    #[arg(long, value_name = "FILE", requires = "universe")]
    pub(crate) reference_key: Vec<PathBuf>,
}
