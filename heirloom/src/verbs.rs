//! One file for each verb: it asks the flow for the work and shows the result.

mod audit;
mod build;
mod build_action;
pub(crate) mod changes;
mod charter;
mod clean;
mod compare;
mod completions;
mod compose;
mod convert;
mod createrepo;
mod debrand;
mod doctor;
mod errata;
mod evidence;
mod export;
mod fsck;
mod gate;
mod import;
pub(crate) mod init;
mod key;
mod lifecycle;
mod log;
mod migrate;
mod plan;
mod preview;
mod provenance;
mod publish;
mod rebuild;
mod release;
mod reproduce;
mod sbom;
mod scan;
mod serve;
mod shell;
mod side;
mod signer;
mod snapshots;
mod status;
mod tuf;
mod verify;
mod verify_certificate;
mod what_if;
mod why;

use crate::cli::{Cli, Verb};
use crate::context::Context;
use crate::fail::Fail;
use crate::ui::Shown;

/// Runs the verb of this command line.
pub(crate) fn run(cli: &Cli) -> Result<Shown, Fail> {
    let open = || Context::open(&cli.definition);
    match &cli.verb {
        Verb::Init(init) => init::run(init),
        Verb::Import(args) => import::run(&open()?, args),
        Verb::Debrand(args) => debrand::run(args, open),
        Verb::Scan(args) => scan::run(args, open),
        Verb::Preview(args) => preview::run(&open()?, args),
        Verb::Plan(args) => plan::run(&open()?, args),
        Verb::Build(args) => build::run(&open()?, args),
        Verb::Publish(args) => publish::run(&open()?, args),
        Verb::Rollback(args) => publish::rollback(&open()?, args),
        Verb::Fsck(args) => fsck::run(&open()?, args),
        Verb::Serve(args) => serve::run(&cli.definition, args),
        Verb::Tuf { verb } => tuf::run(verb, &cli.definition, open),
        Verb::Verify(args) => verify::run(args),
        Verb::Snapshots => snapshots::run(&open()?),
        Verb::Clean(args) => clean::run(&open()?, args),
        Verb::Compare(args) => match args.pair.is_empty() && args.reference.is_empty() {
            true => {
                compare::stands_alone(args)?;
                compare::built(&open()?, args)
            }
            false => compare::run(args),
        },
        Verb::Changes(args) => changes::run(args, open),
        Verb::VerifyCertificate(args) => verify_certificate::run(args),
        Verb::Compose => compose::run(&open()?),
        Verb::Gate(args) => gate::run(args, open),
        Verb::Rebuild(args) => rebuild::run(&open()?, args),
        Verb::Status(args) => status::run(&open()?, args),
        Verb::Why { package } => why::run(&open()?, package),
        Verb::BuildAction(args) => build_action::run(args),
        Verb::Charter { verb } => charter::run(verb, open),
        Verb::Release { verb } => release::run(verb, open),
        Verb::Signer(args) => signer::run(args),
        Verb::Side { verb } => side::run(&open()?, verb),
        Verb::Shell(args) => shell::run(&open()?, args),
        Verb::WhatIf { package } => what_if::run(&open()?, package),
        Verb::Export(args) => export::run(&open()?, args),
        Verb::Reproduce(args) => reproduce::run(args, open),
        Verb::Provenance(args) => provenance::run(&open()?, args),
        Verb::VerifyProvenance(args) => provenance::verify(args),
        Verb::Evidence(args) => evidence::run(&open()?, args),
        Verb::Sbom(args) => sbom::run(&open()?, args),
        Verb::Errata { verb } => errata::run(verb, &cli.definition),
        Verb::Lifecycle { verb } => lifecycle::run(verb, &cli.definition),
        Verb::Key { verb } => key::run(verb),
        Verb::Log { verb } => log::run(verb, &cli.definition),
        Verb::Migrate { verb } => migrate::run(verb, open),
        Verb::Audit(args) => audit::run(args),
        Verb::Createrepo(args) => createrepo::run(args),
        Verb::Doctor => doctor::run(),
        Verb::Completions { shell } => completions::completions(*shell),
        Verb::Man { dir } => completions::man(dir),
    }
}
