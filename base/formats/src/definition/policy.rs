//! What buildroots are made of.

use std::ops::Range;
use std::path::Path;

use serde_spanned::Spanned;

use super::{Against, BuildSettings, ForeignRepository};

/// Place, message and hint.
type Fault = (Range<usize>, String, &'static str);

impl BuildSettings {
    /// What buildroots are made of.
    #[must_use]
    pub fn against(&self) -> Against {
        self.against.as_ref().map_or(Against::default(), |against| *against.get_ref())
    }

    /// The repositories of the snapshot, by name; none under another policy.
    pub fn snapshots(&self) -> impl Iterator<Item = (&String, &ForeignRepository)> {
        self.snapshot.iter().flat_map(|snapshot| snapshot.get_ref())
    }

    /// The first thing that is wrong with it; paths are seen from `base`.
    pub(super) fn fault(&self, base: &Path) -> Option<Fault> {
        let at = self.against.as_ref().map_or(0..0, Spanned::span);
        let keys = [
            (Against::Snapshot, "snapshot", self.snapshot.as_ref().map(Spanned::span)),
            (Against::Recorded, "recorded", self.recorded.as_ref().map(Spanned::span)),
        ];
        for (policy, key, span) in keys {
            match span {
                None if self.against() == policy => {
                    let message = format!("builds are against `{key}`, but `{key}` is not set");
                    let hint = match policy {
                        Against::Recorded => "name the directory of recorded buildroots",
                        Against::Snapshot | Against::Latest => {
                            "give location and keys of each of the snapshot's repositories"
                        }
                    };
                    return Some((at, message, hint));
                }
                Some(span) if self.against() != policy => {
                    let against = name(self.against());
                    let message = format!("`{key}` is set, but builds are against `{against}`");
                    return Some((span, message, "set `against` to it, or leave the key out"));
                }
                _ => {}
            }
        }
        let dir = self.recorded.as_ref().filter(|dir| !base.join(dir.get_ref()).is_dir())?;
        let message = format!("there is no directory `{}`", dir.get_ref().display());
        Some((dir.span(), message, "name the directory of recorded buildroots"))
    }
}

fn name(against: Against) -> &'static str {
    match against {
        Against::Latest => "latest",
        Against::Snapshot => "snapshot",
        Against::Recorded => "recorded",
    }
}
