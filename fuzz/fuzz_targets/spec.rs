//! Spec files: what is read of them, and edits, which touch no line but those that they name.
#![no_main]

use heirloom_formats::spec::{EntryKind, Lines, NewEntry, Place, Spec};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let lines = Lines::read(bytes);
    assert_eq!(lines.to_bytes(), bytes, "a spec file comes back as it was");
    let spec = Spec::read(&lines);
    let _ = (spec.identity(Some(".el9")), spec.prep());
    let text = ["b".to_owned()];
    let entry = NewEntry { author: "A <a>", version: "1-1", text: &text, day: None };
    let mut edits = vec![
        spec.set_tag("Summary", "a", None),
        spec.add_tag("Provides", "a", Some("devel")),
        spec.set_macro("dist", "a", true),
        spec.set_release(".kes", None),
        spec.add_lines(Some("prep"), None, Place::End, vec![b"a".to_vec()]),
        spec.add_changelog(&entry),
        spec.add_entry(EntryKind::Patch, None, "a.patch").map(|(splices, _)| splices),
        spec.apply_patch(1, "a.patch", None),
        spec.unapply_patch(1),
    ];
    for kind in [EntryKind::Source, EntryKind::Patch] {
        edits.extend(spec.entries(kind).iter().take(20).map(|entry| spec.remove_entry(entry)));
    }
    for splices in edits.into_iter().flatten() {
        let mut edited = lines.clone();
        edited.apply(&splices);
        let first = splices.first().map_or(lines.len(), |splice| splice.at.start);
        // The last line may get an end where something comes behind it.
        let same = first.min(lines.len().saturating_sub(1));
        assert!((0..same).all(|line| edited.whole(line) == lines.whole(line)), "a line that was not meant changed");
    }
});
