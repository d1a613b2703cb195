//! A feed of all-day events: iCalendar, RFC 5545.
//!
//! Written by hand: the library for it depends on two others for dates and random ids, and takes the clock for DTSTAMP.

use heirloom_model::allowance::Date;
use heirloom_model::lifecycle::{Event, EventKind, Lifecycle, PhaseKind};

/// Octets of a line, without its end (RFC 5545, 3.1).
const WIDTH: usize = 75;

/// Writes what happens when. The id of an event stays when its date moves, so that calendars move it too.
#[must_use]
pub fn to_ics(lifecycle: &Lifecycle) -> String {
    let mut feed = Feed(String::new());
    feed.line("BEGIN", "VCALENDAR");
    feed.line("VERSION", "2.0");
    feed.line("PRODID", "-//Heirloom//Lifecycle//EN");
    feed.line("CALSCALE", "GREGORIAN");
    feed.text("X-WR-CALNAME", &format!("Life of {}", lifecycle.name));
    for event in lifecycle.events() {
        feed.event(lifecycle, &event);
    }
    feed.line("END", "VCALENDAR");
    feed.0
}

struct Feed(String);

impl Feed {
    fn event(&mut self, lifecycle: &Lifecycle, event: &Event) {
        self.line("BEGIN", "VEVENT");
        self.text("UID", &format!("{}@{}.lifecycle", event.key(), lifecycle.id));
        self.line("DTSTAMP", &format!("{}T000000Z", basic(lifecycle.updated)));
        self.line("DTSTART;VALUE=DATE", &basic(event.date));
        self.text("SUMMARY", &format!("{} {}", lifecycle.name, event.words()));
        if let Some(about) = about(lifecycle, event) {
            self.text("DESCRIPTION", &about);
        }
        self.text("CATEGORIES", event.kind.name());
        if !lifecycle.url.is_empty() {
            self.line("URL", &lifecycle.url);
        }
        self.line("TRANSP", "TRANSPARENT");
        self.line("END", "VEVENT");
    }

    /// A property of type TEXT.
    fn text(&mut self, name: &str, value: &str) {
        let mut escaped = String::with_capacity(value.len());
        for c in value.chars() {
            match c {
                '\\' | ';' | ',' => escaped.extend(['\\', c]),
                '\n' => escaped.push_str("\\n"),
                c if c.is_control() => {}
                c => escaped.push(c),
            }
        }
        self.line(name, &escaped);
    }

    /// One line, folded; no character is cut in two.
    fn line(&mut self, name: &str, value: &str) {
        let mut length = 0;
        for c in name.chars().chain([':']).chain(value.chars()) {
            if length + c.len_utf8() > WIDTH {
                self.0.push_str("\r\n ");
                length = 1;
            }
            self.0.push(c);
            length += c.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

/// `20270531`
fn basic(date: Date) -> String {
    let (year, month, day) = date.parts();
    format!("{year:04}{month:02}{day:02}")
}

/// What more there is to say.
fn about(lifecycle: &Lifecycle, event: &Event) -> Option<String> {
    let major = lifecycle.major(event.major)?;
    match event.kind {
        EventKind::PhaseBegins => {
            let is_it = |kind: PhaseKind| kind.name() == event.subject;
            let phase = major.phases.iter().find(|phase| is_it(phase.kind))?;
            let by = match phase.maintainer.is_empty() {
                true => String::new(),
                false => format!("\nMaintained by {}.", phase.maintainer),
            };
            Some(format!("Until {}: {}.{by}", phase.ends, phase.promises.words()))
        }
        EventKind::UpstreamEnds => {
            major.upstream.as_ref().map(|upstream| upstream.then.clone()).filter(|then| !then.is_empty())
        }
        _ => None,
    }
}
