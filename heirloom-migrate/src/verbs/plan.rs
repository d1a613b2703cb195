//! `plan`: what would be done.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use heirloom_formats::openpgp::Keyring;
use heirloom_migrate::assess::assess;
use heirloom_migrate::facts::Assessment;
use heirloom_migrate::fetch::Fetcher;
use heirloom_migrate::layout::write_whole;
use heirloom_migrate::machine::Machine;
use heirloom_migrate::offer::{self, Places};
use heirloom_migrate::page;
use heirloom_migrate::plan::{Inputs, Options, PAYLOAD_TYPE, headers_needed, make, paths_needed};
use heirloom_migrate::seal::{Envelope, Signer};
use heirloom_migrate::target::{Verified, verified};

use crate::cli;
use crate::eyes::{PROGRAM, now};
use crate::fail::{Exit, Fail};
use crate::ui::Shown;

/// Bytes of a target file or its signature.
const LARGEST: u64 = 4 << 20;

pub(crate) fn run(machine: &Machine, args: &cli::Plan) -> Result<Shown, Fail> {
    let assessment = match &args.assessment {
        Some(path) => {
            let bytes = fs::read(path).map_err(Fail::file("can't read", path))?;
            let read = serde_json::from_slice::<Assessment>(&bytes);
            read.map_err(|error| Fail::new(Exit::Failed, format!("{}: {error}", path.display())))?
        }
        None => assess(machine, now(), PROGRAM),
    };
    let fetcher = Fetcher::default().through(&assessment.package_manager.proxy);
    let target = target(&fetcher, &args.target, &args.key)?;
    let plan = made(&assessment, &target, &fetcher, args.tree.as_deref())?;
    let payload = serde_json::to_vec(&plan).map_err(|error| Fail::of(&error))?;
    let signer = match &args.sign_with {
        Some(path) => Signer::open(path),
        None => Signer::of_machine(machine),
    };
    let envelope = Envelope::seal(PAYLOAD_TYPE, &payload, &signer.map_err(|error| Fail::of(&error))?);
    write_whole(&args.output, &envelope.to_bytes()).map_err(Fail::file("can't write", &args.output))?;
    let has_blocker = plan.blockers().next().is_some();
    let next = match has_blocker {
        true => "mend the blockers, then `heirloom-migrate plan` again".to_owned(),
        false => format!("heirloom-migrate apply {}", args.output.display()),
    };
    let shown = Shown::new(&plan, page::plan(&plan))?.next(&next);
    Ok(if has_blocker { shown.exit(Exit::Found) } else { shown })
}

/// The target file and its signature, from a path or a URL.
fn target(fetcher: &Fetcher, place: &str, key: &Path) -> Result<Verified, Fail> {
    let certificate = fs::read(key).map_err(Fail::file("can't read", key))?;
    let keyring = Keyring::from_armoured(&certificate).map_err(|error| Fail::of(&error))?;
    let get = |name: &str| -> Result<Vec<u8>, Fail> {
        match name.split_once("://") {
            Some(_) => {
                let (dir, file) = name.rsplit_once('/').unwrap_or((name, ""));
                let fetched = fetcher.read(&[dir.to_owned()], file, LARGEST);
                Ok(fetched.map_err(|error| Fail::of(&error))?.bytes)
            }
            None => fs::read(name).map_err(Fail::file("can't read", Path::new(name))),
        }
    };
    let (bytes, signature) = (get(place)?, get(&format!("{place}.asc"))?);
    verified(place, &bytes, &signature, &keyring).map_err(|error| Fail::of(&error))
}

fn made(
    assessment: &Assessment,
    target: &Verified,
    fetcher: &Fetcher,
    tree: Option<&Path>,
) -> Result<heirloom_migrate::plan::Plan, Fail> {
    let failed = |error: offer::OfferError| Fail::of(&error);
    let architecture = &assessment.machine.architecture;
    let places = match tree {
        Some(tree) => Places::below(&target.target, architecture, tree),
        None => Places::stated(&target.target, architecture),
    };
    let places = places.map_err(failed)?;
    let mut offer = offer::read(&target.target, architecture, &places, fetcher, None).map_err(failed)?;
    let (options, mut headers) = (Options::default(), BTreeMap::new());
    let now = now();
    let paths = paths_needed(&inputs(assessment, target, &offer, &headers, now, &options));
    offer::read_paths(&mut offer, &target.target, &places, fetcher, None, &paths).map_err(failed)?;
    let plan = make(&inputs(assessment, target, &offer, &headers, now, &options));
    let needed = headers_needed(&plan, &offer);
    if needed.is_empty() {
        return Ok(plan);
    }
    headers = offer::read_headers(&places, fetcher, &needed).map_err(failed)?;
    Ok(make(&inputs(assessment, target, &offer, &headers, now, &options)))
}

fn inputs<'a>(
    assessment: &'a Assessment,
    target: &'a Verified,
    offer: &'a offer::Offer,
    headers: &'a BTreeMap<heirloom_model::Nevra, Vec<heirloom_formats::rpm_file::FileEntry>>,
    now: u64,
    options: &'a Options,
) -> Inputs<'a> {
    Inputs { assessment, target, offer, headers, now, program: PROGRAM, options }
}
