//! Debian's control fields in rpm's terms: names, versions and dependencies. No I/O.

use std::collections::{BTreeMap, BTreeSet};

/// The control fields of one Debian package.
pub(crate) struct Control(BTreeMap<String, String>);

impl Control {
    pub(crate) fn parse(text: &str) -> Self {
        let mut fields = BTreeMap::new();
        let mut current = String::new();
        for line in text.lines() {
            if line.starts_with([' ', '\t']) {
                if let Some(value) = fields.get_mut(&current) {
                    let value: &mut String = value;
                    value.push('\n');
                    value.push_str(line.trim());
                }
            } else if let Some((key, value)) = line.split_once(':') {
                current = key.to_owned();
                fields.insert(current.clone(), value.trim().to_owned());
            }
        }
        Self(fields)
    }

    pub(crate) fn get(&self, field: &str) -> &str {
        self.0.get(field).map_or("", String::as_str)
    }
}

/// Version and release as rpm writes them. Debian's epoch and its mark of a repacked tarball are
/// dropped everywhere: Enterprise Linux has neither, and a rebuilt package must be comparable.
pub(crate) fn version_release(version: &str) -> (String, Option<String>) {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    match version.rsplit_once('-') {
        Some((version, release)) => (upstream(version), Some(release.replace('-', "."))),
        None => (upstream(version), None),
    }
}

/// `1.2.13.dfsg` and `0.21+dfsg1` are 1.2.13 and 0.21.
fn upstream(version: &str) -> String {
    let end = [".dfsg", "+dfsg", "~dfsg", "+ds", "+repack"]
        .iter()
        .filter_map(|mark| version.find(mark))
        .min()
        .unwrap_or(version.len());
    version[..end].replace('-', ".")
}

/// How Debian's names become ours.
pub(crate) struct Names<'a> {
    pub(crate) rename: &'a BTreeMap<String, String>,
    pub(crate) drop: &'a BTreeSet<String>,
}

impl Names<'_> {
    pub(crate) fn of<'n>(&'n self, debian: &'n str) -> &'n str {
        self.rename.get(debian).map_or(debian, String::as_str)
    }

    /// `a (>= 1), b | c` as `a >= 1` and `(b or c)`. What can be satisfied by a package that
    /// is left out, or by `own`, is left out.
    pub(crate) fn dependencies(&self, field: &str, own: &str) -> Vec<String> {
        field
            .split(',')
            .filter(|clause| !clause.trim().is_empty())
            .filter_map(|clause| self.clause(clause, own))
            .collect()
    }

    fn clause(&self, clause: &str, own: &str) -> Option<String> {
        let mut alternatives = Vec::new();
        for relation in clause.split('|') {
            let name = relation_name(relation);
            if self.drop.contains(name) || self.of(name) == own {
                return None;
            }
            let text = self.relation(relation);
            if !alternatives.contains(&text) {
                alternatives.push(text);
            }
        }
        match alternatives.as_slice() {
            [one] => Some(one.clone()),
            several => Some(format!("({})", several.join(" or "))),
        }
    }

    /// A renamed package may be replaced by a rebuilt one of another version: no version then.
    fn relation(&self, relation: &str) -> String {
        let name = relation_name(relation);
        if let Some(renamed) = self.rename.get(name) {
            return renamed.clone();
        }
        let Some((operator, version)) = relation_version(relation) else {
            return name.to_owned();
        };
        let (version, release) = version_release(version);
        let operator = match operator {
            // rpm finds 2.36-9 equal to, not later than, 2.36.
            ">>" if release.is_none() => ">=",
            ">>" => ">",
            "<<" => "<",
            other => other,
        };
        let release = release.map(|r| format!("-{r}")).unwrap_or_default();
        format!("{name} {operator} {version}{release}")
    }
}

/// The name in `name:any (>= 1)`.
fn relation_name(relation: &str) -> &str {
    relation.trim().split([' ', '(', ':']).next().unwrap_or_default()
}

/// Operator and version in `name (>= 1)`.
fn relation_version(relation: &str) -> Option<(&str, &str)> {
    let (_, inner) = relation.split_once('(')?;
    let inner = inner.split_once(')')?.0.trim();
    let split = inner.find(|c| !"<>=".contains(c))?;
    Some((&inner[..split], inner[split..].trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_translated() {
        let rename = BTreeMap::from([("zlib1g-dev".to_owned(), "zlib-devel".to_owned())]);
        let drop = BTreeSet::from(["debconf".to_owned()]);
        let names = Names { rename: &rename, drop: &drop };
        for (debian, ours) in [
            ("libc6 (>> 2.36)", vec!["libc6 >= 2.36"]),
            ("libc6 (>> 2.36-1)", vec!["libc6 > 2.36-1"]),
            ("a (<< 1:2.0-3~)", vec!["a < 2.0-3~"]),
            ("zlib1g-dev (>= 1:1.2), python3:any", vec!["zlib-devel", "python3"]),
            ("a (= 1-2-3) | b", vec!["(a = 1.2-3 or b)"]),
            ("debconf (>= 0.5) | debconf-2.0", vec![]),
            ("own (= 1)", vec![]),
            ("z (>= 1:1.2.13.dfsg-1)", vec!["z >= 1.2.13-1"]),
        ] {
            assert_eq!(names.dependencies(debian, "own"), ours, "{debian}");
        }
    }

    #[test]
    fn folded_fields_are_joined() {
        let control = Control::parse("Package: a\nDepends: b,\n c\nVersion: 1:2.0-1\n");
        assert_eq!(control.get("Depends"), "b,\nc");
        assert_eq!(control.get("Absent"), "");
        let expected = ("2.0".to_owned(), Some("1".to_owned()));
        assert_eq!(version_release(control.get("Version")), expected);
    }
}
