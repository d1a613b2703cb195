//! What happens when.

use serde::{Deserialize, Serialize};

use super::{Lifecycle, Major};
use crate::allowance::Date;

/// Something that happens on a day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The day; of an end, the last one.
    pub date: Date,
    /// The major version.
    pub major: u32,
    /// What happens.
    pub kind: EventKind,
    /// To what: a phase, a minor (`9.4`), a stream, a repository, or upstream by its name.
    pub subject: String,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// The first day of a phase.
    PhaseBegins,
    /// A minor comes out.
    MinorReleased,
    /// The first day of a stream.
    StreamBegins,
    /// The last day of a minor that says one.
    MinorEnds,
    /// The last day of a stream.
    StreamEnds,
    /// The last day of a repository.
    RepositoryEnds,
    /// The last day on which sources of the major version come from upstream.
    UpstreamEnds,
    /// The last day on which sources of a stream come from its upstream.
    StreamUpstreamEnds,
    /// The last day of a phase.
    PhaseEnds,
}

impl EventKind {
    /// Its name: `phase-begins`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PhaseBegins => "phase-begins",
            Self::MinorReleased => "minor-released",
            Self::StreamBegins => "stream-begins",
            Self::MinorEnds => "minor-ends",
            Self::StreamEnds => "stream-ends",
            Self::RepositoryEnds => "repository-ends",
            Self::UpstreamEnds => "upstream-ends",
            Self::StreamUpstreamEnds => "stream-upstream-ends",
            Self::PhaseEnds => "phase-ends",
        }
    }
}

impl Event {
    /// In words, without the distribution's name: `9: full support ends`.
    #[must_use]
    pub fn words(&self) -> String {
        let Self { major, kind, subject, .. } = self;
        match kind {
            EventKind::PhaseBegins => format!("{major}: {subject} support begins"),
            EventKind::PhaseEnds => format!("{major}: {subject} support ends"),
            EventKind::MinorReleased => format!("{subject} is released"),
            EventKind::MinorEnds => format!("{subject} ends"),
            EventKind::StreamBegins => format!("{major}: stream {subject} begins"),
            EventKind::StreamEnds => format!("{major}: stream {subject} ends"),
            EventKind::RepositoryEnds => format!("{major}: repository {subject} ends"),
            EventKind::UpstreamEnds => format!("{major}: no more sources from {subject}"),
            EventKind::StreamUpstreamEnds => format!("{major}: upstream of stream {subject} ends"),
        }
    }

    /// What tells it from all others of the same distribution, and stays when its date moves.
    #[must_use]
    pub fn key(&self) -> String {
        // A major version has one upstream, whatever it is called.
        let subject = if self.kind == EventKind::UpstreamEnds { "" } else { &self.subject };
        format!("{}/{}/{subject}", self.major, self.kind.name())
    }
}

impl Lifecycle {
    /// All that happens, in the order of time.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let mut events: Vec<_> = self.majors.iter().flat_map(Major::events).collect();
        events.sort();
        events
    }
}

impl Major {
    /// All that happens in it, in the order of time.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        let mut add = |date: Option<Date>, kind, subject: &str| {
            let event = |date| Event { date, major: self.version, kind, subject: subject.to_owned() };
            events.extend(date.map(event));
        };
        for phase in &self.phases {
            add(Some(phase.begins), EventKind::PhaseBegins, phase.kind.name());
            add(Some(phase.ends), EventKind::PhaseEnds, phase.kind.name());
        }
        for minor in &self.minors {
            let name = format!("{}.{}", self.version, minor.version);
            add(Some(minor.released), EventKind::MinorReleased, &name);
            add(minor.ends, EventKind::MinorEnds, &name);
        }
        for stream in &self.streams {
            add(stream.released, EventKind::StreamBegins, &stream.name);
            add(stream.ends, EventKind::StreamEnds, &stream.name);
            let upstream = stream.upstream.as_ref().map(|upstream| upstream.ends);
            add(upstream, EventKind::StreamUpstreamEnds, &stream.name);
        }
        for repository in &self.repositories {
            add(repository.ends, EventKind::RepositoryEnds, &repository.name);
        }
        if let Some(upstream) = &self.upstream {
            add(Some(upstream.ends), EventKind::UpstreamEnds, &upstream.name);
        }
        events.sort();
        events
    }

    /// The first thing that happens on this day or later.
    #[must_use]
    pub fn next_event(&self, today: Date) -> Option<Event> {
        self.events().into_iter().find(|event| event.date >= today)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::check::tests::{day, kestrel};

    #[test]
    fn what_happens_is_told_in_its_order_and_each_under_a_key_of_its_own() {
        let lifecycle = kestrel();
        let events = lifecycle.events();
        let lines: Vec<_> = events.iter().map(|event| format!("{} {}", event.date, event.words())).collect();
        assert_eq!(
            lines[..6],
            [
                "2022-05-17 9: full support begins",
                "2022-05-17 9.0 is released",
                "2022-11-15 9.1 is released",
                "2023-05-09 9.1 ends",
                "2024-05-09 9.4 is released",
                "2025-01-01 9: stream kvm begins",
            ]
        );
        assert!(lines.contains(&"2027-05-31 9: no more sources from Upstream 9".to_owned()), "{lines:?}");
        let keys: BTreeSet<_> = events.iter().map(super::Event::key).collect();
        assert_eq!(keys.len(), events.len());
        let next = |today| lifecycle.majors[0].next_event(day(today)).map(|event| event.words());
        assert_eq!(next("2024-05-09").unwrap(), "9.4 is released");
        assert_eq!(next("2024-05-10").unwrap(), "9: stream kvm begins");
        assert_eq!(next("2037-01-01"), None);
    }
}
