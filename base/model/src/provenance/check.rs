//! Reading a statement, and whether its parts say the same.

use super::{ACTION, BUILD_TYPE, PREDICATE_TYPE, Provenance, Role};
use crate::Digest;
use crate::statement::STATEMENT_TYPE;

/// The bytes are no provenance of a build, or contradict themselves.
#[derive(Debug, thiserror::Error)]
pub enum InvalidProvenance {
    /// They are something else, or damaged.
    #[error("it is no provenance of a build by heirloom")]
    Malformed(#[from] serde_json::Error),
    /// It states something else, or in another form.
    #[error("its {field} is `{found}`: expected `{expected}`")]
    Type {
        /// Which type.
        field: &'static str,
        /// What this version reads.
        expected: &'static str,
        /// What it has.
        found: String,
    },
    /// Two of its parts say different things.
    #[error(
        "it contradicts itself: {part} is not that of the action in it: expected {expected}, found {found}"
    )]
    Contradiction {
        /// Which part.
        part: String,
        /// As the action has it.
        expected: String,
        /// As that part has it.
        found: String,
    },
    /// A package without a digest.
    #[error("it states no SHA-256 of the package `{0}`")]
    NoDigest(String),
    /// It is about no package.
    #[error("it is about no package")]
    NoSubject,
}

impl Provenance {
    /// Reads the payload of an envelope.
    ///
    /// # Errors
    /// The bytes are no such statement, one of another form, or one that contradicts itself.
    pub fn from_json(bytes: &[u8]) -> Result<Self, InvalidProvenance> {
        let provenance: Self = serde_json::from_slice(bytes)?;
        for (field, expected, found) in [
            ("_type", STATEMENT_TYPE, &provenance.statement_type),
            ("predicateType", PREDICATE_TYPE, &provenance.predicate_type),
            ("buildType", BUILD_TYPE, &provenance.predicate.build_definition.build_type),
        ] {
            if found != expected {
                let found = found.chars().take(120).collect();
                return Err(InvalidProvenance::Type { field, expected, found });
            }
        }
        provenance.check()?;
        Ok(provenance)
    }

    /// Whether the lists and parameters are those of the action: else one would be believed and the other be run.
    fn check(&self) -> Result<(), InvalidProvenance> {
        if self.built().next().is_none() {
            return Err(InvalidProvenance::NoSubject);
        }
        if let Some(subject) = self.subject.iter().find(|subject| subject.sha256().is_none()) {
            return Err(InvalidProvenance::NoDigest(excerpt(subject.label())));
        }
        let (action, asked) = (self.action(), &self.predicate.build_definition.external_parameters);
        same("the source package's name", &action.name, &asked.source.name)?;
        same("the architecture", &action.arch, &asked.architecture)?;
        let details = &self.predicate.run_details;
        let builder = details.builder.version.get("builder").map_or("none", String::as_str);
        same("the builder's version", &action.builder.to_string(), builder)?;
        let document = details.byproducts.iter().find(|byproduct| byproduct.name == ACTION);
        let document = document.and_then(|it| it.digest.get("sha256")).map_or("none", String::as_str);
        same(
            "the digest of the action's document",
            &Digest::of(&serde_json::to_vec(action)?).to_string(),
            document,
        )?;
        let stated = |role| self.dependencies(role).map(|it| (it.label().to_owned(), it.sha256()));
        let sources = action.sources.iter().map(|(name, digest)| (name.clone(), Some(*digest)));
        lists("source", sources, stated(Role::Source))?;
        let buildroot = action.buildroot().map(|it| (it.nevra.to_string(), Some(it.digest)));
        lists("package of the buildroot", buildroot, stated(Role::Buildroot))
    }
}

type Named = (String, Option<Digest>);

fn lists(
    what: &str,
    expected: impl Iterator<Item = Named>,
    found: impl Iterator<Item = Named>,
) -> Result<(), InvalidProvenance> {
    let show = |named: Option<Named>| match named {
        Some((name, Some(digest))) => format!("{name} {digest}"),
        Some((name, None)) => format!("{name} without a digest"),
        None => "no more".to_owned(),
    };
    let (mut expected, mut found) = (expected.fuse(), found.fuse());
    for number in 1_usize.. {
        let (one, other) = (expected.next(), found.next());
        if one.is_none() && other.is_none() {
            break;
        }
        if one != other {
            return same(&format!("{what} {number}"), &show(one), &show(other));
        }
    }
    Ok(())
}

fn same(part: &str, expected: &str, found: &str) -> Result<(), InvalidProvenance> {
    if expected == found {
        return Ok(());
    }
    let (part, expected, found) = (part.to_owned(), excerpt(expected), excerpt(found));
    Err(InvalidProvenance::Contradiction { part, expected, found })
}

/// The beginning of foreign text, fit for a message.
fn excerpt(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
