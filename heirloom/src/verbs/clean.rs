//! `heirloom clean`: throws away what nothing current needs.

use std::fmt::Write as _;

use crate::cli::Clean;
use crate::context::Context;
use crate::fail::Fail;
use crate::flow::cleaning;
use crate::ui::Shown;

pub(crate) fn run(context: &Context, args: &Clean) -> Result<Shown, Fail> {
    let keep = args.keep_gib.saturating_mul(1 << 30);
    let cleaned = cleaning::clean(context, keep, args.dry_run)?;
    let mib = |bytes: u64| bytes >> 20;
    let mut text = format!(
        "{} {} objects, {} MiB; {} MiB are left in {}",
        if args.dry_run { "would throw away" } else { "threw away" },
        cleaned.objects,
        mib(cleaned.bytes),
        mib(cleaned.kept),
        context.store.dir().display()
    );
    let outdated = &cleaned.outdated;
    if !outdated.snapshots.is_empty() || !outdated.views.is_empty() {
        let _ = write!(
            text,
            "\n{} {} snapshots: {}; and {} views of channels",
            if args.dry_run { "would remove" } else { "removed" },
            outdated.snapshots.len(),
            outdated.snapshots.join(", "),
            outdated.views.len()
        );
    }
    if let Some(cache) = cleaned.cache {
        let _ = write!(
            text,
            "\nshared cache: threw away {} results and {} objects, {} MiB; {} MiB are left",
            cache.results,
            cache.objects,
            mib(cache.bytes),
            mib(cache.kept)
        );
    }
    Shown::new(&cleaned, text)
}
