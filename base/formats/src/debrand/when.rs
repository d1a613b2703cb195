//! Preconditions of rules.

use std::cmp::Ordering;

use heirloom_model::Evr;
use serde::Deserialize;

use crate::evr;

/// When a rule applies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The version of the package: `>= 590-1, < 600`.
    #[serde(default)]
    pub version: Option<VersionRange>,
    /// A pattern of the branch that the source comes from.
    #[serde(default)]
    pub branch: Option<String>,
}

/// Bounds that all must hold.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct VersionRange(Vec<Bound>);

/// One bound: an operator and `[epoch:]version[-release]`. Without a release, every release of the version is equal
/// to it; without an epoch, it is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    operator: &'static str,
    epoch: u32,
    version: String,
    release: Option<String>,
}

impl VersionRange {
    /// Whether a package of this epoch, version and release is within all bounds. A release is looked at only where a
    /// bound has one; `None` if it would be needed and is not known.
    #[must_use]
    pub fn has(&self, epoch: u32, version: &str, release: Option<&str>) -> Option<bool> {
        let mut all = Some(true);
        for bound in &self.0 {
            match bound.holds(epoch, version, release) {
                Some(false) => return Some(false),
                Some(true) => {}
                None => all = None,
            }
        }
        all
    }
}

impl Bound {
    fn holds(&self, epoch: u32, version: &str, release: Option<&str>) -> Option<bool> {
        let mut order = epoch.cmp(&self.epoch).then_with(|| evr::compare_versions(version, &self.version));
        if let (Ordering::Equal, Some(bound)) = (order, &self.release) {
            order = evr::compare_versions(release?, bound);
        }
        Some(match self.operator {
            ">=" => order.is_ge(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            "<" => order.is_lt(),
            _ => order.is_eq(),
        })
    }
}

impl TryFrom<String> for VersionRange {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || {
            format!("`{}` is no range of versions, expected for example `>= 590-1, < 600`", shortened(&text))
        };
        text.split(',')
            .map(|bound| {
                let bound = bound.trim();
                let operator =
                    [">=", "<=", ">", "<", "="].into_iter().find(|operator| bound.starts_with(operator));
                let operator = operator.ok_or_else(wrong)?;
                let rest = bound[operator.len()..].trim();
                let (epoch, rest) = match rest.split_once(':') {
                    Some((epoch, rest)) => (epoch.parse().map_err(|_| wrong())?, rest),
                    None => (0, rest),
                };
                let (version, release) = match rest.rsplit_once('-') {
                    Some((version, release)) => (version, Some(release)),
                    None => (rest, None),
                };
                // The characters are those that rpm allows.
                Evr::new(epoch, version, release.unwrap_or("0")).map_err(|_| wrong())?;
                Ok(Bound {
                    operator,
                    epoch,
                    version: version.to_owned(),
                    release: release.map(ToOwned::to_owned),
                })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
