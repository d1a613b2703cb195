//! Python bytecode: the header's time means nothing, and neither does how equal code was marshalled.

use heirloom_formats::pyc::{self, Pyc};

use crate::check::normaliser;
use crate::look::{Look, Place};

/// Bytes of the longest header (PEP 552) and of those before it.
const HEADERS: [usize; 3] = [16, 12, 8];

pub(super) fn compare(look: &mut Look, place: &Place, both: (&[u8], &[u8])) -> bool {
    let Some((reference, rebuilt)) = look.both(place, pyc::parse(both.0), pyc::parse(both.1)) else {
        return false;
    };
    if reference.version != rebuilt.version {
        let show = |pyc: &Pyc| format!("bytecode of Python {}.{}", pyc.version.0, pyc.version.1);
        look.differs(place, (show(&reference), show(&rebuilt)));
        return false;
    }
    if reference.flags != rebuilt.flags {
        let show = |pyc: &Pyc| match pyc.flags {
            0 => "made anew when the source's time changes".to_owned(),
            flags => format!("flags {flags:#x} (PEP 552)"),
        };
        look.differs(place, (show(&reference), show(&rebuilt)));
        return false;
    }
    if reference.code != rebuilt.code {
        super::differs(look, place, both);
        return false;
    }
    let header = HEADERS.iter().find(|size| {
        both.0.get(**size..).is_some_and(|body| !body.is_empty() && both.1.get(**size..) == Some(body))
    });
    let rule = if header.is_some() { normaliser::PYC_TIME } else { normaliser::PYC_CODE };
    look.normalised(rule, place, "");
    true
}
