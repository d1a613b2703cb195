//! Options of man pages, held against what groff makes of these pages.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use heirloom_compare::{completed, defined, mentioned};

/// A page as people and each of the common generators write it.
const PAGES: &[&str] = &[
    // By hand.
    ".TH TOOL 1\n.SH OPTIONS\n.TP\n.BR \\-\\-color [ =\\fIWHEN\\fR]\nsee \\fB\\-\\-elsewhere\\fP\n.TP\n.B \\-q, \\-\\-quiet\nx\n",
    // help2man
    ".TH TOOL 1\n.SH OPTIONS\n.TP\n\\fB\\-a\\fR, \\fB\\-\\-all\\fR\nx\n.TP\n\\fB\\-\\-block\\-size\\fR=\\fISIZE\\fR\ny\n",
    // pod2man
    ".TH TOOL 1\n.SH OPTIONS\n.IP \"\\fB\\-\\-no\\-verify\\fR\" 4\n.IX Item \"--no-verify\"\nx\n",
    // DocBook
    ".TH TOOL 1\n.SH OPTIONS\n.PP\n\\-v, \\-\\-verbose\n.RS 4\nx\n.RE\n",
    // pandoc
    ".TH TOOL 1\n.SH OPTIONS\n.TP\n\\f[B]--standalone\\f[R], \\f[V]--to\\f[R]=X\nx\n",
    // mdoc
    ".Dd March 5, 2024\n.Dt TOOL 1\n.Os\n.Sh OPTIONS\n.Bl -tag\n.It Fl Fl long Ar x\ny\n.It Fl -other\nz\n.El\n",
];

fn rendered(page: &Path) -> BTreeSet<String> {
    // Wide, not hyphenated, plain.
    let output = Command::new("groff")
        .args(["-Tascii", "-P-cbou", "-mandoc", "-rHY=0", "-rLL=900n", "-rLT=900n"])
        .arg(page)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    completed("rendered", &String::from_utf8_lossy(&output.stdout))
}

#[test]
fn groff_shows_the_options_that_are_found_in_a_page() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tool.1");
    for page in PAGES {
        std::fs::write(&path, page).unwrap();
        assert_eq!(mentioned(page), rendered(&path), "{page}");
        assert!(!defined(page).is_empty(), "{page}");
        assert!(!defined(page).contains("elsewhere"), "{page}");
    }
}
