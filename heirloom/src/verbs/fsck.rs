//! `heirloom fsck`: whether everything that is kept and served is what it should be.

use std::fmt::Write as _;

use heirloom_release::{Check, Checked, Mend};

use crate::cli::Fsck;
use crate::context::{Context, now, processors};
use crate::fail::{Exit, Fail};
use crate::flow::{cleaning, releasing};
use crate::ui::Shown;

pub(crate) fn run(context: &Context, args: &Fsck) -> Result<Shown, Fail> {
    let check = Check {
        full: args.full,
        repair: args.repair,
        jobs: processors(),
        now: now(),
        key: &context.key()?.public_armoured()?,
        needs: cleaning::needs(context)?,
    };
    let checked = releasing::site(context)?.check(&check)?;
    let exit = if checked.is_sound() { Exit::Fine } else { Exit::Promise };
    Ok(Shown::new(&checked, text(&checked, args.repair))?.exit(exit))
}

fn text(checked: &Checked, repair: bool) -> String {
    let mut text = String::new();
    for fault in &checked.faults {
        let _ = writeln!(text, "{}: {}", fault.place, fault.what);
        let _ = match &fault.mend {
            Mend::Can(how) => writeln!(text, "  --repair {how}"),
            Mend::Done(how) => writeln!(text, "  repaired: {how}"),
            Mend::Cannot(what) => writeln!(text, "  to do: {what}"),
        };
    }
    let open = checked.faults.iter().filter(|fault| !matches!(fault.mend, Mend::Done(_))).count();
    let faults = match (checked.faults.len(), open) {
        (0, _) => "all is well".to_owned(),
        (all, 0) => format!("{all} faults, all repaired"),
        (all, open) if repair => format!("{all} faults, {open} of them left"),
        (all, _) => format!("{all} faults"),
    };
    let Checked { objects, files, signatures, .. } = checked;
    let _ = write!(text, "{objects} objects, {files} published files, {signatures} signatures: {faults}");
    text
}
