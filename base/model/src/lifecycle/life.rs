//! Where a package stands on a day.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Major, PhaseKind, Stream};
use crate::allowance::Date;

/// What a package says of where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its name.
    pub name: &'a str,
    /// The name of its source package, if that is known.
    pub source: Option<&'a str>,
    /// RPMTAG_MODULARITYLABEL, `name:stream:version:context`; empty for an ordinary package.
    pub label: &'a str,
}

/// How a package stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It gets what its phase promises.
    Supported,
    /// It no longer gets anything.
    Ended,
    /// Its time has not come yet.
    NotYet,
    /// It is of a module's stream of which the document says nothing: nobody promises anything.
    UnknownStream,
}

/// A package's life, seen from a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life<'a> {
    /// The stream that it belongs to; none: it lives as long as the major version.
    pub stream: Option<&'a Stream>,
    /// The phase of the major version; none before the first and after the last one.
    pub phase: Option<PhaseKind>,
    /// Its last day; none where that is not known.
    pub ends: Option<Date>,
    /// How it stands.
    pub standing: Standing,
}

impl Member<'_> {
    /// `name:stream` of its label; none for an ordinary package.
    #[must_use]
    pub fn module(&self) -> Option<&str> {
        let (name, rest) = self.label.split_once(':')?;
        let stream = rest.split(':').next().unwrap_or_default();
        self.label.get(..name.len() + 1 + stream.len())
    }
}

impl Major {
    /// The stream that a package belongs to. A package of a module belongs to the stream that its label names; any other
    /// to the application stream that lists it, or else its source package.
    #[must_use]
    pub fn stream_of(&self, member: Member<'_>) -> Option<&Stream> {
        if let Some(module) = member.module() {
            return self.streams.iter().find(|stream| stream.name == module);
        }
        let mut ordinary = self.streams.iter().filter(|stream| !stream.is_module());
        let by_name = ordinary.clone().find(|stream| stream.packages.contains(member.name));
        by_name.or_else(|| {
            let source = member.source?;
            ordinary.find(|stream| stream.sources.contains(source))
        })
    }

    /// How a package stands on a day.
    #[must_use]
    pub fn life(&self, member: Member<'_>, today: Date) -> Life<'_> {
        let stream = self.stream_of(member);
        let phase = self.phase(today).map(|phase| phase.kind);
        if stream.is_none() && member.module().is_some() {
            return Life { stream, phase, ends: None, standing: Standing::UnknownStream };
        }
        let begins = stream.and_then(|stream| stream.released).or_else(|| self.begins());
        let ends = stream.map_or_else(|| self.ends(), |stream| self.stream_ends(stream));
        let standing = match (begins, ends) {
            (Some(begins), _) if today < begins => Standing::NotYet,
            (_, Some(ends)) if today <= ends => Standing::Supported,
            _ => Standing::Ended,
        };
        Life { stream, phase, ends, standing }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::tests::{day, kestrel};
    use super::*;

    fn life(member: (&str, &str, &str), today: &str) -> (String, Option<PhaseKind>, String, Standing) {
        let lifecycle = kestrel();
        let (name, source, label) = member;
        let member = Member { name, source: Some(source), label };
        let life = lifecycle.majors[0].life(member, day(today));
        let stream = life.stream.map(|stream| stream.name.clone()).unwrap_or_default();
        (stream, life.phase, life.ends.map(|day| day.to_string()).unwrap_or_default(), life.standing)
    }

    #[test]
    fn a_package_ends_with_its_stream_else_with_the_major_version() {
        use PhaseKind::{Extended, Full, Maintenance};
        use Standing::{Ended, NotYet, Supported, UnknownStream};
        let (bash, server) = (("bash", "bash", ""), ("sql16-server", "sql16", ""));
        for (member, today, stream, phase, ends, standing) in [
            (bash, "2022-05-16", "", None, "2034-05-31", NotYet),
            (bash, "2022-05-17", "", Some(Full), "2034-05-31", Supported),
            (bash, "2027-05-31", "", Some(Full), "2034-05-31", Supported),
            (bash, "2027-06-01", "", Some(Maintenance), "2034-05-31", Supported),
            (bash, "2034-05-31", "", Some(Extended), "2034-05-31", Supported),
            (bash, "2034-06-01", "", None, "2034-05-31", Ended),
            (server, "2028-11-09", "sql16", Some(Maintenance), "2028-11-09", Supported),
            (server, "2028-11-10", "sql16", Some(Maintenance), "2028-11-09", Ended),
            (("libsql", "sql15", ""), "2028-11-10", "sql16", Some(Maintenance), "2028-11-09", Ended),
            (("node", "node", "node:20:9:ab"), "2026-04-30", "node:20", Some(Full), "2026-04-30", Supported),
            (("node", "node", "node:18:9:ab"), "2026-04-30", "", Some(Full), "", UnknownStream),
            (("node", "node", ""), "2026-05-30", "", Some(Full), "2034-05-31", Supported),
            (("kvm", "kvm", ""), "2036-01-01", "kvm", None, "2036-12-31", Supported),
            (("kvm", "kvm", ""), "2024-12-31", "kvm", Some(Full), "2036-12-31", NotYet),
        ] {
            let expected = (stream.to_owned(), phase, ends.to_owned(), standing);
            assert_eq!(life(member, today), expected, "{member:?} on {today}");
        }
    }
}
