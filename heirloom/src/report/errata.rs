//! Pages of advisories and vulnerabilities: one HTML file each, and lists of all. Nothing is fetched, nothing runs; the
//! rows of a list are chosen by style alone.
//!
//! Titles and texts come from whoever wrote the advisories: all of them are escaped, and only addresses of the web
//! become links.

mod advisory;
mod cve;
mod list;

use std::fmt::Write as _;

use heirloom_model::advisory::{Cvss, Reference, Severity};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use heirloom_formats::advisory::listing;

use super::{escape, percent};

pub(crate) use advisory::page as advisory_page;
pub(crate) use cve::page as cve_page;
pub(crate) use list::{advisories as advisory_list, cves as cve_list};

const STYLE: &str = include_str!("errata.css");

/// A whole page: its title, rules of style beside the common ones, and its body.
fn page(title: &str, style: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src \
         'none'; style-src 'unsafe-inline'\">\n<title>{title}</title>\n<style>\n{STYLE}{style}</style>\n</head>\n\
         <body>\n{body}</body>\n</html>\n"
    )
}

fn day(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string()
}

/// A line of a list of properties; none for what is empty. The value is markup.
fn property(html: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        let _ = writeln!(html, "<dt>{name}</dt><dd>{value}</dd>");
    }
}

fn severity(severity: Option<Severity>) -> String {
    severity.map(|one| format!("<span class=\"{0}\">{0}</span>", one.name())).unwrap_or_default()
}

/// The worst score, with its vector.
fn score(ratings: &[Cvss]) -> String {
    let shown =
        |(tenths, vector): (u8, &str)| format!("{} <code>{}</code>", listing::points(tenths), escape(vector));
    listing::worst(ratings).map(shown).unwrap_or_default()
}

/// A link, if the address is one of the web; anything else is shown as it is.
fn link(url: &str, text: &str) -> String {
    let text = escape(if text.is_empty() { url } else { text });
    let is_web = ["https://", "http://"].iter().any(|begin| url.starts_with(begin));
    match is_web {
        true => format!("<a href=\"{}\" rel=\"nofollow\">{text}</a>", escape(url)),
        false => text,
    }
}

fn references(html: &mut String, references: &[Reference]) {
    if references.is_empty() {
        return;
    }
    html.push_str("<h2>References</h2>\n<ul>\n");
    for one in references {
        let text = if one.title.is_empty() { &one.id } else { &one.title };
        let _ = writeln!(html, "<li>{}</li>", link(&one.url, text));
    }
    html.push_str("</ul>\n");
}

/// A name of a file in an address beside this page: `:` would end a scheme there.
fn file(name: &str, ending: &str) -> String {
    format!("{}.{ending}", percent(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_links() {
        assert_eq!(link("javascript:alert(1)", "click"), "click");
        assert_eq!(
            link("https://e.example/?a&b\"c", ""),
            "<a href=\"https://e.example/?a&amp;b&quot;c\" rel=\"nofollow\">https://e.example/?a&amp;b&quot;c</a>"
        );
        assert_eq!(file("KESA-2026:1+~", "html"), "KESA-2026%3A1%2B~.html");
    }
}
