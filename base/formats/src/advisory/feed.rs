//! Feeds of advisories for those who read news: Atom (RFC 4287) and RSS 2.0.
//!
//! An entry's id is the address of its page, which stays. No time is of now: a feed is as new as its newest advisory.

use heirloom_model::advisory::Advisory;
use jiff::Timestamp;

use super::Issuer;
use super::time::mail;
use crate::xml::Writer;

/// Where the Atom feed is.
pub const ATOM: &str = "advisories.atom";
/// Where the RSS feed is.
pub const RSS: &str = "advisories.rss";
/// Entries that a feed has.
const MOST: usize = 100;

/// Those that were changed last, the newest first.
fn newest(advisories: &[Advisory]) -> Vec<&Advisory> {
    let mut all: Vec<_> = advisories.iter().collect();
    all.sort_by(|a, b| b.updated.cmp(&a.updated).then_with(|| a.id.cmp(&b.id)));
    all.truncate(MOST);
    all
}

fn title(advisory: &Advisory) -> String {
    let withdrawn = if advisory.withdrawn.is_some() { "Withdrawn: " } else { "" };
    format!("{withdrawn}{} {}", advisory.id, advisory.title)
}

/// What an entry is filed under.
fn categories(advisory: &Advisory) -> impl Iterator<Item = &str> {
    let vulnerabilities = advisory.vulnerabilities.iter().map(|one| one.id.as_str());
    [advisory.kind.name()].into_iter().chain(advisory.severity.map(|one| one.name())).chain(vulnerabilities)
}

/// The Atom feed of the advisories that were changed last.
#[must_use]
pub fn atom(advisories: &[Advisory], issuer: Issuer<'_>) -> String {
    let newest = newest(advisories);
    let updated = newest.first().map_or(Timestamp::UNIX_EPOCH, |one| one.updated);
    let own = format!("{}/{ATOM}", issuer.home);
    let mut xml = Writer::default();
    xml.raw("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    xml.open("feed", &[("xmlns", "http://www.w3.org/2005/Atom"), ("xml:lang", "en")]).raw("\n");
    xml.element("id", &[], &own).raw("\n");
    xml.element("title", &[], &format!("Advisories of {}", issuer.name)).raw("\n");
    xml.element("updated", &[], &updated.to_string()).raw("\n");
    xml.empty("link", &[("rel", "self"), ("type", "application/atom+xml"), ("href", &own)]).raw("\n");
    xml.empty("link", &[("rel", "alternate"), ("type", "text/html"), ("href", &format!("{}/", issuer.home))])
        .raw("\n");
    xml.open("author", &[]).element("name", &[], issuer.name).element("email", &[], issuer.contact);
    xml.close("author").raw("\n");
    for advisory in newest {
        let page = issuer.advisory_page(&advisory.id);
        xml.open("entry", &[]).raw("\n");
        xml.element("id", &[], &page).raw("\n");
        xml.element("title", &[], &title(advisory)).raw("\n");
        xml.element("published", &[], &advisory.issued.to_string()).raw("\n");
        xml.element("updated", &[], &advisory.updated.to_string()).raw("\n");
        xml.empty("link", &[("rel", "alternate"), ("type", "text/html"), ("href", &page)]).raw("\n");
        for category in categories(advisory) {
            xml.empty("category", &[("term", category)]).raw("\n");
        }
        xml.element("content", &[("type", "text")], &advisory.description).raw("\n");
        xml.close("entry").raw("\n");
    }
    xml.close("feed").raw("\n");
    xml.0
}

/// The RSS feed of the advisories that were changed last.
#[must_use]
pub fn rss(advisories: &[Advisory], issuer: Issuer<'_>) -> String {
    let newest = newest(advisories);
    let updated = newest.first().map_or(Timestamp::UNIX_EPOCH, |one| one.updated);
    let own = format!("{}/{RSS}", issuer.home);
    let mut xml = Writer::default();
    xml.raw("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    xml.open("rss", &[("version", "2.0"), ("xmlns:atom", "http://www.w3.org/2005/Atom")]).raw("\n");
    xml.open("channel", &[]).raw("\n");
    xml.element("title", &[], &format!("Advisories of {}", issuer.name)).raw("\n");
    xml.element("link", &[], &format!("{}/", issuer.home)).raw("\n");
    xml.element("description", &[], &format!("What updates of {} fix.", issuer.name)).raw("\n");
    xml.element("language", &[], "en").raw("\n");
    xml.element("lastBuildDate", &[], &mail(updated)).raw("\n");
    xml.empty("atom:link", &[("rel", "self"), ("type", "application/rss+xml"), ("href", &own)]).raw("\n");
    for advisory in newest {
        let page = issuer.advisory_page(&advisory.id);
        xml.open("item", &[]).raw("\n");
        xml.element("title", &[], &title(advisory)).raw("\n");
        xml.element("link", &[], &page).raw("\n");
        xml.element("guid", &[("isPermaLink", "true")], &page).raw("\n");
        xml.element("pubDate", &[], &mail(advisory.issued)).raw("\n");
        for category in categories(advisory) {
            xml.element("category", &[], category).raw("\n");
        }
        xml.element("description", &[], &markup(&advisory.description)).raw("\n");
        xml.close("item").raw("\n");
    }
    xml.close("channel").close("rss").raw("\n");
    xml.0
}

/// Readers of RSS take a description for HTML.
fn markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>\n")
}
