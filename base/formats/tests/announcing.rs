//! Feeds and mails of advisories, whatever their titles.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::collections::BTreeSet;

use heirloom_formats::advisory::{Issuer, feed, listing, mail};
use heirloom_model::advisory::{
    Advisory, AdvisoryKind, Cvss, Fixed, Reference, ReferenceKind, Severity, Vulnerability,
};

const ISSUER: Issuer<'_> = Issuer {
    name: "Kestrel Enterprise Linux",
    id: "kestrel",
    ecosystem: "Kestrel",
    home: "https://kestrel.example",
    contact: "security@kestrel.example",
};

fn fixed(name: &str, arch: &str) -> Fixed {
    let source = "tomcat-1:9.0-3.el9.src".parse().unwrap();
    let fixed = Fixed::new(name, "1:9.0-3.el9".parse().unwrap(), Some(arch)).unwrap();
    fixed.of_major("9").of_source(Some(source))
}

fn advisory(id: &str, title: &str) -> Advisory {
    Advisory {
        id: id.parse().unwrap(),
        kind: AdvisoryKind::Security,
        severity: Some(Severity::Important),
        title: title.to_owned(),
        description: "The packages of tomcat are a server of servlets, which is a word that needs explaining.\n\n\
                      * tomcat: a fault that is described in a line that does not fit into the columns of a mail \
                      (CVE-2026-0001)"
            .to_owned(),
        solution: String::new(),
        rights: String::new(),
        issued: "2026-02-03T00:00:00Z".parse().unwrap(),
        updated: "2026-02-03T00:00:00Z".parse().unwrap(),
        withdrawn: None,
        suggestions: BTreeSet::new(),
        vulnerabilities: vec![Vulnerability {
            id: "CVE-2026-0001".parse().unwrap(),
            title: String::new(),
            severity: Some(Severity::Important),
            // The score of the first is that of its vector.
            cvss: vec![
                Cvss { vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned(), tenths: None },
                Cvss { vector: "CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L".to_owned(), tenths: Some(40) },
            ],
            weakness: None,
        }],
        ratings: Vec::new(),
        references: vec![Reference {
            kind: ReferenceKind::Bug,
            url: "https://bugzilla.kestrel.example/77".to_owned(),
            id: "77".to_owned(),
            title: String::new(),
        }],
        fixed: vec![fixed("tomcat", "noarch"), fixed("tomcat-libs", "aarch64"), fixed("tomcat-libs", "x86_64")],
        related: Vec::new(),
        history: Vec::new(),
    }
}

#[test]
fn a_mail_says_all_of_it() {
    let text = mail::message(&advisory("KESA-2026:0042", "Important: tomcat security update"), ISSUER);
    let expected = "\
From: \"Kestrel Enterprise Linux\" <security@kestrel.example>
Subject: [KESA-2026:0042] Important: tomcat security update
Date: Tue, 03 Feb 2026 00:00:00 +0000
Message-ID: <kesa-2026_0042.20260203T000000Z@kestrel.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

========================================================================
KESA-2026:0042 Important: tomcat security update
========================================================================

Advisory:   KESA-2026:0042
Kind:       security
Severity:   Important
Issued:     2026-02-03
Page:       https://kestrel.example/advisories/KESA-2026:0042.html
CVE:        CVE-2026-0001, Important, 9.8
            (CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H)

Description
-----------

The packages of tomcat are a server of servlets, which is a word that
needs explaining.

* tomcat: a fault that is described in a line that does not fit into the
  columns of a mail (CVE-2026-0001)

Packages of Kestrel Enterprise Linux 9
--------------------------------------

  tomcat-1:9.0-3.el9.src
    tomcat-1:9.0-3.el9 (noarch)
    tomcat-libs-1:9.0-3.el9 (aarch64, x86_64)

References
----------

  https://bugzilla.kestrel.example/77

-- 
Kestrel Enterprise Linux <security@kestrel.example>
";
    assert_eq!(text, expected);
    assert_eq!(listing::points(98), "9.8");
}

proptest::proptest! {
    /// Nothing in a title or a text begins another header, or makes a line that mail can't carry.
    #[test]
    fn titles_stay_in_their_lines(title in "\\PC{0,300}|[\\r\\n\\t a=?]{0,60}", text in "[\\PC\\n]{0,1200}") {
        let mut one = advisory("KESA-2026:0042", &title);
        one.description = text;
        let message = mail::message(&one, ISSUER);
        let (headers, body) = message.split_once("\n\n").unwrap();
        let names: Vec<_> = headers
            .lines()
            .filter(|line| !line.starts_with(' '))
            .map(|line| line.split_once(": ").map_or(line, |(name, _)| name))
            .collect();
        proptest::prop_assert_eq!(
            names,
            ["From", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]
        );
        proptest::prop_assert!(headers.is_ascii() && headers.lines().all(|line| line.len() <= 998));
        proptest::prop_assert!(body.lines().all(|line| line.len() <= 998));
    }
}

#[test]
fn feeds_have_the_newest_and_no_time_of_now() {
    let many: Vec<Advisory> = (0..150)
        .map(|number| {
            let mut one = advisory(&format!("KESA-2026:{number:04}"), "a <b> & \"c\"");
            one.updated = one.issued.checked_add(jiff::SignedDuration::from_hours(number)).unwrap();
            one
        })
        .collect();
    let atom = feed::atom(&many, ISSUER);
    assert_eq!(atom.matches("<entry>").count(), 100);
    assert!(atom.contains("<title>KESA-2026:0149 a &lt;b&gt; &amp; \"c\"</title>"), "{atom}");
    assert!(atom.contains("<updated>2026-02-09T05:00:00Z</updated>\n<link rel=\"self\""), "{atom}");
    assert!(!atom.contains("KESA-2026:0049"), "the hundred newest");
    let rss = feed::rss(&many, ISSUER);
    assert_eq!(rss.matches("<item>").count(), 100);
    assert!(rss.contains("<lastBuildDate>Mon, 09 Feb 2026 05:00:00 +0000</lastBuildDate>"), "{rss}");
    assert!(feed::atom(&[], ISSUER).contains("<updated>1970-01-01T00:00:00Z</updated>"));
}
