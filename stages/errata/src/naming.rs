//! Ids: upstream's with the distribution's letters, and numbers of its own.

use heirloom_model::advisory::{AdvisoryId, AdvisoryKind, InvalidAdvisoryId};

/// What ids of one's own advisories begin with after the year, which no upstream counts with.
const OWN: char = 'A';

/// The letters of a distribution, that take the place of upstream's: `KE` makes `KESA-2026:1066` of `RHSA-2026:1066`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming<'a> {
    /// The letters; none if upstream's ids are kept.
    pub prefix: Option<&'a str>,
}

impl Naming<'_> {
    /// The id of upstream's advisory here. One that is not formed as those of Enterprise Linux are is kept.
    #[must_use]
    pub fn ours(&self, upstream: &AdvisoryId) -> AdvisoryId {
        let renamed = self.prefix.and_then(|prefix| {
            let (letters, number) = upstream.as_str().split_once('-')?;
            let kind = ["SA", "BA", "EA"].into_iter().find(|kind| letters.ends_with(kind))?;
            let is_formed = number.contains(':') && letters.chars().all(|c| c.is_ascii_uppercase());
            is_formed.then(|| format!("{prefix}{kind}-{number}")).and_then(|id| id.parse().ok())
        });
        renamed.unwrap_or_else(|| upstream.clone())
    }

    /// The next id of one's own in a year, after those that there are.
    ///
    /// # Errors
    /// The letters can't begin an id.
    pub fn next<'i>(
        &self,
        kind: AdvisoryKind,
        year: i16,
        known: impl IntoIterator<Item = &'i AdvisoryId>,
    ) -> Result<AdvisoryId, InvalidAdvisoryId> {
        let number = |id: &AdvisoryId| {
            let (_, rest) = id.as_str().split_once('-')?;
            let (of, number) = rest.split_once(':')?;
            let number = number.strip_prefix(OWN)?.parse::<u32>().ok()?;
            (of == year.to_string()).then_some(number)
        };
        let last = known.into_iter().filter_map(number).max().unwrap_or_default();
        let letters = match kind {
            AdvisoryKind::Security => "SA",
            AdvisoryKind::Bugfix => "BA",
            AdvisoryKind::Enhancement | AdvisoryKind::NewPackage => "EA",
        };
        format!("{}{letters}-{year}:{OWN}{:04}", self.prefix.unwrap_or_default(), last.saturating_add(1))
            .parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> AdvisoryId {
        text.parse().unwrap()
    }

    #[test]
    fn letters_change_and_numbers_stay() {
        let naming = Naming { prefix: Some("KE") };
        for (theirs, ours) in [
            ("RHSA-2025:1066", "KESA-2025:1066"),
            ("ALBA-2025:A012", "KEBA-2025:A012"),
            ("FEDORA-EPEL-2024-0a1b", "FEDORA-EPEL-2024-0a1b"),
            ("CVE-2025-1", "CVE-2025-1"),
        ] {
            assert_eq!(naming.ours(&id(theirs)).as_str(), ours);
        }
        assert_eq!(Naming { prefix: None }.ours(&id("RHSA-2025:1")).as_str(), "RHSA-2025:1");
    }

    #[test]
    fn numbers_of_ones_own_go_on_in_their_year() {
        let naming = Naming { prefix: Some("KE") };
        let known =
            [id("KESA-2026:A0001"), id("KEBA-2026:A0007"), id("KESA-2025:A0090"), id("KESA-2026:1066")];
        let next = |kind, year| naming.next(kind, year, &known).unwrap().to_string();
        assert_eq!(next(AdvisoryKind::Security, 2026), "KESA-2026:A0008");
        assert_eq!(next(AdvisoryKind::NewPackage, 2027), "KEEA-2027:A0001");
    }
}
