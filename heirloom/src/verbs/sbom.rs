//! `heirloom sbom`: lists of parts.

use std::fs;
use std::path::Path;

use heirloom_formats::sbom::{self, Bill, Form};
use heirloom_model::record::Built;
use serde::Serialize;

use crate::cli;
use crate::context::{Context, processors};
use crate::fail::{Exit, Fail};
use crate::flow::attesting::Evidence;
use crate::flow::work;
use crate::report::visible;
use crate::ui::Shown;

/// One list that was written.
#[derive(Serialize)]
struct Written {
    file: String,
    packages: usize,
    sources: usize,
    /// Packages of buildroots beside these.
    tools: usize,
}

pub(crate) fn run(context: &Context, args: &cli::Sbom) -> Result<Shown, Fail> {
    let evidence = Evidence::load(context)?;
    let form = Form::from(args.form);
    if args.release {
        let bill = evidence.bill_of_release()?;
        let distribution = &context.definition.distribution;
        let name = format!("{}-{}.{}", distribution.id.get_ref(), distribution.version, form.ending());
        return one(&bill, form, args.out.as_deref(), &name);
    }
    let builds = evidence.chosen(args.package.as_slice())?;
    let composed = evidence.composed()?;
    if let [built] = &builds[..]
        && args.package.is_some()
    {
        return one(
            &evidence.bill_of(built, &composed)?,
            form,
            args.out.as_deref(),
            &file_name(built, context.arch(), form),
        );
    }
    let Some(dir) = &args.out else {
        let message = format!("there are {} lists, and no directory to write them to", builds.len());
        return Err(
            Fail::new(Exit::Usage, message).hint("name a package, `--release`, or a directory with --out")
        );
    };
    fs::create_dir_all(dir).map_err(|error| failed(dir, &error))?;
    let written = work::each(&builds, processors(), |built| {
        let bill = evidence.bill_of(built, &composed)?;
        write(&bill, form, &dir.join(file_name(built, context.arch(), form)))
    })?;
    let text = format!("{} lists of parts in {}", written.len(), dir.display());
    Shown::new(&written, text)
}

/// A single list goes to a file, to a directory under its own name, or to standard output.
fn one(bill: &Bill, form: Form, out: Option<&Path>, name: &str) -> Result<Shown, Fail> {
    let Some(out) = out else {
        let text = sbom::write(bill, form)?;
        return Shown::new(&serde_json::from_str::<serde_json::Value>(&text)?, escaped(&text));
    };
    let file = if out.is_dir() { out.join(name) } else { out.to_owned() };
    let written = write(bill, form, &file)?;
    let text = format!(
        "{}: {} packages of {} source packages, built with {} others",
        written.file, written.packages, written.sources, written.tools
    );
    Shown::new(&written, text)
}

fn write(bill: &Bill, form: Form, file: &Path) -> Result<Written, Fail> {
    fs::write(file, sbom::write(bill, form)?).map_err(|error| failed(file, &error))?;
    Ok(Written {
        file: file.display().to_string(),
        packages: bill.packages.len(),
        sources: bill.sources.len(),
        tools: bill.tools.len(),
    })
}

fn file_name(built: &Built, arch: &str, form: Form) -> String {
    let nevra = &built.nevra;
    let evr = nevra.evr();
    format!("{}-{}-{}.{arch}.{}", nevra.name(), evr.version(), evr.release(), form.ending())
}

/// The same JSON without characters that would act on a terminal: they are in strings alone.
fn escaped(text: &str) -> String {
    let acts = |c: char| !c.is_ascii() && visible(c.encode_utf8(&mut [0; 4])) != c.to_string();
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| plain.push_str(&format!("\\u{unit:04x}")));
        } else {
            plain.push(c);
        }
    }
    plain
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> Fail {
    Fail::new(Exit::Failed, format!("can't write {}: {error}", path.display()))
}
