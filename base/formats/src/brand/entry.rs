//! From the file's tables to marks and allowances, with the place of each fault.

use std::ops::Range;
use std::path::Path;

use heirloom_model::allowance::Date;
use serde::Deserialize;
use serde_spanned::Spanned;
use toml::Value;

use super::{Brand, BrandAllowance, DISTANCE, MOST_DISTANCE, Mark, Signs, VENDOR_TAGS};
use crate::definition::DefinitionError;

/// Characters that a word, a URL or a pattern may have.
const LONGEST: usize = 200;
/// Things to look for that a file may name, and things that make exceptions of them.
const MOST: usize = 5000;
/// Names of findings that no mark may have.
const RESERVED: [&str; 2] = ["unreadable", "attribution"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    mark: Vec<MarkEntry>,
    #[serde(default)]
    allowance: Vec<AllowEntry>,
}

type Texts = Spanned<Vec<Spanned<String>>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct MarkEntry {
    name: Spanned<String>,
    kind: Spanned<String>,
    words: Option<Texts>,
    exact_case: Option<Spanned<bool>>,
    inside: Option<Spanned<bool>>,
    unless: Option<Texts>,
    urls: Option<Texts>,
    domains: Option<Texts>,
    tags: Option<Texts>,
    values: Option<Texts>,
    sha256: Option<Texts>,
    looks: Option<Texts>,
    distance: Option<Spanned<u32>>,
    fingerprints: Option<Texts>,
    certificates: Option<Texts>,
    subjects: Option<Texts>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowEntry {
    mark: Spanned<String>,
    packages: Option<Texts>,
    files: Option<Texts>,
    reason: Spanned<String>,
    expires: Option<Spanned<Value>>,
}

/// Offset, message and hint.
type Fault = (usize, String, String);

fn fault<T>(span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) -> Result<T, Fault> {
    Err((span.start, message.into(), hint.into()))
}

pub(super) fn read(text: &str, path: &Path) -> Result<Brand, DefinitionError> {
    let file: File = toml::from_str(text).map_err(|error| DefinitionError::from_toml(&error, text, path))?;
    brand(file).map_err(|(offset, message, hint)| DefinitionError::at(text, path, offset, message, &hint))
}

fn brand(file: File) -> Result<Brand, Fault> {
    let mut brand = Brand::default();
    let mut left = MOST;
    for entry in file.mark {
        let (name, span) = (entry.name.get_ref().clone(), entry.name.span());
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > 60 || !name.chars().all(is_word) {
            return fault(span, format!("`{name}` can't be a mark's name"), "use letters, digits and `-`");
        }
        if RESERVED.contains(&name.as_str()) || brand.marks.iter().any(|mark| mark.name == name) {
            let message = format!("the name `{name}` is taken");
            return fault(span, message, "each mark has a name of its own, which allowances refer to");
        }
        brand.marks.push(Mark { signs: entry.signs(&mut left)?, name });
    }
    for entry in file.allowance {
        let known = |name: &str| RESERVED.contains(&name) || brand.marks.iter().any(|mark| mark.name == name);
        if !known(entry.mark.get_ref()) {
            let names: Vec<_> = brand.marks.iter().map(|mark| mark.name.as_str()).chain(RESERVED).collect();
            let message = format!("there is no mark `{}`", entry.mark.get_ref());
            return fault(entry.mark.span(), message, format!("the marks are {}", names.join(", ")));
        }
        brand.allowances.push(entry.allowance()?);
    }
    Ok(brand)
}

impl MarkEntry {
    /// The keys beside name and kind that are given, and where.
    fn given(&self) -> Vec<(&'static str, Range<usize>)> {
        let texts = [
            ("words", &self.words),
            ("unless", &self.unless),
            ("urls", &self.urls),
            ("domains", &self.domains),
            ("tags", &self.tags),
            ("values", &self.values),
            ("sha256", &self.sha256),
            ("looks", &self.looks),
            ("fingerprints", &self.fingerprints),
            ("certificates", &self.certificates),
            ("subjects", &self.subjects),
        ];
        let texts = texts.into_iter().filter_map(|(key, list)| Some((key, list.as_ref()?.span())));
        let flags = [("exact-case", &self.exact_case), ("inside", &self.inside)];
        let flags = flags.into_iter().filter_map(|(key, flag)| Some((key, flag.as_ref()?.span())));
        texts.chain(flags).chain(self.distance.as_ref().map(|one| ("distance", one.span()))).collect()
    }

    fn signs(&self, left: &mut usize) -> Result<Signs, Fault> {
        let kind = self.kind.get_ref().as_str();
        let (needs, may): (&[&str], &[&str]) = match kind {
            "name" => (&["words"], &["exact-case", "inside", "unless"]),
            "url" => (&["urls"], &["unless"]),
            "email" => (&["domains"], &["unless"]),
            "vendor-tag" => (&["values"], &["tags"]),
            "logo" => (&["sha256", "looks"], &["distance"]),
            "key" => (&["fingerprints", "certificates", "subjects"], &[]),
            _ => {
                let message = format!("there is no kind `{kind}`");
                let hint = "the kinds are name, url, email, vendor-tag, logo, key";
                return fault(self.kind.span(), message, hint);
            }
        };
        for (key, span) in self.given() {
            if !needs.contains(&key) && !may.contains(&key) {
                let message = format!("a mark of kind `{kind}` has no key `{key}`");
                return fault(span, message, format!("it has {}", [needs, may].concat().join(", ")));
            }
        }
        let mut list = |list: &Option<Texts>| -> Result<Vec<Spanned<String>>, Fault> {
            let Some(list) = list else { return Ok(Vec::new()) };
            for one in list.get_ref() {
                let text = one.get_ref();
                if text.trim() != text || text.is_empty() || text.chars().count() > LONGEST {
                    let hint = format!("give 1 to {LONGEST} characters without blanks around them");
                    return fault(one.span(), format!("`{text}` can't be looked for"), hint);
                }
                *left = match left.checked_sub(1) {
                    Some(left) => left,
                    None => return fault(one.span(), format!("the file names more than {MOST}"), "part it"),
                };
            }
            Ok(list.get_ref().clone())
        };
        let plain =
            |list: Vec<Spanned<String>>| list.into_iter().map(Spanned::into_inner).collect::<Vec<_>>();
        let signs = match kind {
            "name" => Signs::Words {
                words: words(list(&self.words)?)?,
                exact_case: self.exact_case.as_ref().is_some_and(|flag| *flag.get_ref()),
                inside: self.inside.as_ref().is_some_and(|flag| *flag.get_ref()),
                unless: plain(list(&self.unless)?),
            },
            "url" => {
                Signs::Urls { urls: hosts(list(&self.urls)?, true)?, unless: plain(list(&self.unless)?) }
            }
            "email" => Signs::Emails {
                domains: hosts(list(&self.domains)?, false)?,
                unless: plain(list(&self.unless)?),
            },
            "vendor-tag" => {
                Signs::VendorTags { tags: tags(list(&self.tags)?)?, values: plain(list(&self.values)?) }
            }
            "logo" => Signs::Logo {
                sha256: digests(&list(&self.sha256)?)?,
                looks: looks(&list(&self.looks)?)?,
                distance: match &self.distance {
                    Some(distance) if *distance.get_ref() > MOST_DISTANCE => {
                        let message = format!("the distance {} is too large", distance.get_ref());
                        return fault(distance.span(), message, format!("0 to {MOST_DISTANCE} of 64 bits"));
                    }
                    Some(distance) => *distance.get_ref(),
                    None => DISTANCE,
                },
            },
            _ => Signs::Key {
                fingerprints: fingerprints(&list(&self.fingerprints)?)?,
                certificates: digests(&list(&self.certificates)?)?,
                subjects: subjects(list(&self.subjects)?)?,
            },
        };
        let empty = |key: &&str| {
            let list = match *key {
                "words" => &self.words,
                "urls" => &self.urls,
                "domains" => &self.domains,
                "values" => &self.values,
                "sha256" => &self.sha256,
                "looks" => &self.looks,
                "fingerprints" => &self.fingerprints,
                "certificates" => &self.certificates,
                _ => &self.subjects,
            };
            list.as_ref().is_none_or(|list| list.get_ref().is_empty())
        };
        match needs.iter().all(empty) {
            true => fault(
                self.name.span(),
                format!("the mark `{}` looks for nothing", self.name.get_ref()),
                format!("a mark of kind `{kind}` needs {}", needs.join(" or ")),
            ),
            false => Ok(signs),
        }
    }
}

/// Words that can be told from noise: two characters or more, beginning and ending with a letter or a digit.
fn words(list: Vec<Spanned<String>>) -> Result<Vec<String>, Fault> {
    for word in &list {
        let text = word.get_ref();
        let ends = text.starts_with(char::is_alphanumeric) && text.ends_with(char::is_alphanumeric);
        if !ends || text.chars().count() < 2 {
            let hint = "give two characters or more, with a letter or a digit at both ends";
            return fault(word.span(), format!("`{text}` can't be looked for as a word"), hint);
        }
    }
    Ok(list.into_iter().map(Spanned::into_inner).collect())
}

/// Texts as they stand, long enough not to come about by chance.
fn subjects(list: Vec<Spanned<String>>) -> Result<Vec<String>, Fault> {
    match list.iter().find(|text| text.get_ref().len() < 6) {
        Some(short) => {
            let message = format!("`{}` is too short for a subject", short.get_ref());
            fault(
                short.span(),
                message,
                "give 6 characters or more of a certificate's subject or a key's owner",
            )
        }
        None => Ok(list.into_iter().map(Spanned::into_inner).collect()),
    }
}

fn hosts(list: Vec<Spanned<String>>, path: bool) -> Result<Vec<String>, Fault> {
    list.into_iter()
        .map(|one| {
            let text = one.get_ref().to_ascii_lowercase();
            let (host, rest) = text.split_once('/').unwrap_or((&text, ""));
            let label = |label: &str| {
                !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            };
            let rest_fits = rest.bytes().all(|byte| byte.is_ascii_graphic()) && (path || !text.contains('/'));
            match host.contains('.') && host.split('.').all(label) && rest_fits {
                true => Ok(text),
                false => fault(
                    one.span(),
                    format!("`{text}` is no {}", if path { "host or URL" } else { "domain" }),
                    "give it without a scheme, `@` or `*`, such as `example.com`; all below it is found, too",
                ),
            }
        })
        .collect()
}

fn tags(list: Vec<Spanned<String>>) -> Result<Vec<String>, Fault> {
    for tag in &list {
        if !VENDOR_TAGS.contains(&tag.get_ref().as_str()) {
            let message = format!("there is no vendor tag `{}`", tag.get_ref());
            return fault(tag.span(), message, format!("the tags are {}", VENDOR_TAGS.join(", ")));
        }
    }
    match list.is_empty() {
        true => Ok(VENDOR_TAGS.map(str::to_owned).to_vec()),
        false => Ok(list.into_iter().map(Spanned::into_inner).collect()),
    }
}

fn digests(list: &[Spanned<String>]) -> Result<Vec<heirloom_model::Digest>, Fault> {
    let digest = |one: &Spanned<String>| {
        one.get_ref().parse().or_else(|error: heirloom_model::digest::InvalidDigest| {
            fault(one.span(), error.to_string(), "`sha256sum FILE` prints it")
        })
    };
    list.iter().map(digest).collect()
}

fn looks(list: &[Spanned<String>]) -> Result<Vec<u64>, Fault> {
    let hash = |one: &Spanned<String>| {
        let text = one.get_ref();
        let digits = text.len() == 16 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        u64::from_str_radix(text, 16).ok().filter(|_| digits).map_or_else(
            || {
                let message = format!("`{text}` is no perceptual hash: expected 16 hexadecimal digits");
                fault(one.span(), message, "`heirloom scan --look FILE` prints it")
            },
            Ok,
        )
    };
    list.iter().map(hash).collect()
}

/// Fingerprints of 20 or 32 bytes, or key ids of 8, with or without blanks and `0x`.
fn fingerprints(list: &[Spanned<String>]) -> Result<Vec<Vec<u8>>, Fault> {
    let bytes = |one: &Spanned<String>| {
        let text: String = one.get_ref().chars().filter(|c| !c.is_whitespace()).collect();
        let text = text.strip_prefix("0x").unwrap_or(&text);
        match matches!(text.len(), 16 | 40 | 64) && text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            true => Ok(text
                .as_bytes()
                .chunks_exact(2)
                .filter_map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
                .collect()),
            false => {
                let message = format!("`{}` is no OpenPGP fingerprint", one.get_ref());
                let hint = "give the 40 digits of the fingerprint, or the 16 of the long key id; \
                            a short key id can be made by anyone";
                fault(one.span(), message, hint)
            }
        }
    };
    list.iter().map(bytes).collect()
}

impl AllowEntry {
    fn allowance(self) -> Result<BrandAllowance, Fault> {
        if self.reason.get_ref().trim().is_empty() {
            return fault(self.reason.span(), "an allowance needs a reason", "say why the mark may stay");
        }
        let patterns = |list: Option<Texts>| -> Result<Vec<String>, Fault> {
            let Some(list) = list else { return Ok(vec!["*".to_owned()]) };
            let (span, list) = (list.span(), list.into_inner());
            match list.iter().find(|one| one.get_ref().is_empty() || one.get_ref().len() > 4096) {
                Some(one) => {
                    fault(one.span(), "this pattern fits nothing", "leave it out, or name something")
                }
                None if list.is_empty() => {
                    fault(span, "an empty list fits nothing", "leave the key out, or name something")
                }
                None if list.len() > MOST => fault(span, format!("more than {MOST} patterns"), "part it"),
                None => Ok(list.into_iter().map(Spanned::into_inner).collect()),
            }
        };
        // A date may stand in quotes or, as TOML has it, without.
        let expires = self.expires.map(|expires| {
            let day = match expires.get_ref() {
                Value::String(day) => day.clone(),
                other => other.to_string(),
            };
            day.parse::<Date>().or_else(|error| {
                fault(expires.span(), error.to_string(), "name the last day on which it holds")
            })
        });
        Ok(BrandAllowance {
            mark: self.mark.into_inner(),
            packages: patterns(self.packages)?,
            files: patterns(self.files)?,
            reason: self.reason.into_inner(),
            expires: expires.transpose()?,
        })
    }
}
