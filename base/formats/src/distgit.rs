//! The two ways in which dist-git names the large sources that are kept in a lookaside.
//!
//! - `.<name>.metadata`: one `DIGEST PATH` a line, the path from the repository's root (`SOURCES/a.tar.xz`).
//! - `sources`: one `SHA512 (FILE) = DIGEST` a line, file names only.

use crate::checksum::{Checksum, InvalidChecksum};
use crate::xml::is_plain_relative;

/// Entries that one file may have. Real packages have a few, the largest some hundreds.
const MOST: usize = 10_000;

/// One large source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookasideFile {
    /// Where it belongs below the repository's root.
    pub path: String,
    /// Its digest, which is also its name in the lookaside.
    pub checksum: Checksum,
}

impl LookasideFile {
    /// The path's last component.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// A list of lookaside sources is not what it should be.
#[derive(Debug, thiserror::Error)]
#[error("{document}, line {line}: {problem}")]
pub struct DistgitError {
    /// The file.
    pub document: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: LineProblem,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum LineProblem {
    /// Neither form.
    #[error("expected `{expected}`, found `{found}`")]
    Form {
        /// The form.
        expected: &'static str,
        /// The line, shortened.
        found: String,
    },
    /// No digest.
    #[error(transparent)]
    Checksum(#[from] InvalidChecksum),
    /// MD5 proves nothing about a file that a stranger may have made.
    #[error("`{0}` is listed with an MD5 digest, which proves nothing; list it as `SHA512 ({0}) = DIGEST`")]
    Md5(String),
    /// The digest's length is not that of the algorithm that the line names.
    #[error("{named} is named, but the digest is {found}")]
    Algorithm {
        /// As the line says.
        named: String,
        /// As the digest's length says.
        found: &'static str,
    },
    /// It would be written outside of the package's directory.
    #[error("`{0}` is not a path below the package's own directory")]
    Path(String),
    /// Two digests for one path.
    #[error("`{0}` is listed twice with different digests")]
    Twice(String),
    /// More than any package has.
    #[error("more than {MOST} entries")]
    TooMany,
}

/// Parses `.<name>.metadata`.
///
/// # Errors
/// A line that is no entry, a path that leaves the package's directory, or one path with two digests.
pub fn parse_metadata(document: &str, text: &str) -> Result<Vec<LookasideFile>, DistgitError> {
    parse(document, text, |line| {
        let form = || LineProblem::Form { expected: "DIGEST PATH", found: shorten(line) };
        let (digest, path) = line.split_once([' ', '\t']).ok_or_else(form)?;
        let path = path.trim_start();
        if is_md5(digest) {
            return Err(LineProblem::Md5(shorten(path)));
        }
        Ok(LookasideFile { path: path.to_owned(), checksum: digest.parse()? })
    })
}

/// Parses the flat `sources` file.
///
/// # Errors
/// A line that is no entry, a file name with a directory, an MD5 digest, or one name with two digests.
pub fn parse_sources(document: &str, text: &str) -> Result<Vec<LookasideFile>, DistgitError> {
    parse(document, text, |line| {
        let form = || LineProblem::Form { expected: "SHA512 (FILE) = DIGEST", found: shorten(line) };
        if let Some((digest, name)) = line.split_once([' ', '\t'])
            && is_md5(digest)
        {
            return Err(LineProblem::Md5(shorten(name.trim_start().trim_start_matches('*'))));
        }
        let (named, rest) = line.split_once(" (").ok_or_else(form)?;
        let (name, digest) = rest.rsplit_once(") = ").ok_or_else(form)?;
        if named.eq_ignore_ascii_case("md5") {
            return Err(LineProblem::Md5(shorten(name)));
        }
        if name.contains('/') {
            return Err(LineProblem::Path(shorten(name)));
        }
        let checksum: Checksum = digest.parse()?;
        let found = checksum.algorithm().name();
        if named.to_ascii_uppercase() != found.replace('-', "") {
            return Err(LineProblem::Algorithm { named: shorten(named), found });
        }
        Ok(LookasideFile { path: name.to_owned(), checksum })
    })
}

fn parse(
    document: &str,
    text: &str,
    entry: impl Fn(&str) -> Result<LookasideFile, LineProblem>,
) -> Result<Vec<LookasideFile>, DistgitError> {
    let mut files: Vec<LookasideFile> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let added = entry(line).and_then(|file| add(&mut files, file));
        added.map_err(|problem| DistgitError { document: document.to_owned(), line: index + 1, problem })?;
    }
    Ok(files)
}

/// A repeated line is one entry: real repositories have such.
fn add(files: &mut Vec<LookasideFile>, file: LookasideFile) -> Result<(), LineProblem> {
    if !is_plain_relative(&file.path) || file.path.starts_with('-') {
        return Err(LineProblem::Path(shorten(&file.path)));
    }
    match files.iter().find(|known| known.path == file.path) {
        Some(known) if *known == file => return Ok(()),
        Some(_) => return Err(LineProblem::Twice(shorten(&file.path))),
        None => {}
    }
    if files.len() == MOST {
        return Err(LineProblem::TooMany);
    }
    files.push(file);
    Ok(())
}

fn is_md5(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn shorten(text: &str) -> String {
    text.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::Algorithm;

    const SHA1: &str = "bf7badf7e248e0ecf465d33c2f5aeec774209227";

    #[test]
    fn parses_both_forms() {
        let text = format!("{SHA1} SOURCES/bzip2-1.0.8.tar.gz\n\n{}  SOURCES/a/b c\n", "0".repeat(64));
        let files = parse_metadata(".bzip2.metadata", &text).unwrap();
        assert_eq!(
            (files[0].path.as_str(), files[0].file_name()),
            ("SOURCES/bzip2-1.0.8.tar.gz", "bzip2-1.0.8.tar.gz")
        );
        assert_eq!(files[0].checksum.algorithm(), Algorithm::Sha1);
        assert_eq!(files[1].path, "SOURCES/a/b c");

        let text = format!("SHA512 (a (1).tar) = {0}\nSHA512 (a (1).tar) = {0}", "A".repeat(128));
        let files = parse_sources("sources", &text).unwrap();
        assert_eq!((files.len(), files[0].path.as_str()), (1, "a (1).tar"));
        assert_eq!(files[0].checksum.hex(), "a".repeat(128));
    }

    #[test]
    fn names_file_line_and_problem() {
        let md5 = "d41d8cd98f00b204e9800998ecf8427e";
        let sha512 = "0".repeat(128);
        for (text, says) in [
            (SHA1.to_owned(), "expected `DIGEST PATH`"),
            (format!("{SHA1} ../etc/passwd"), "not a path below"),
            (format!("{SHA1} /etc/passwd"), "not a path below"),
            (format!("{SHA1} a//b"), "not a path below"),
            (format!("{SHA1} a\n{} a", "0".repeat(40)), "line 2: `a` is listed twice"),
            (format!("{md5} a"), "MD5"),
            ("xyz a".to_owned(), "no digest"),
        ] {
            let error = parse_metadata(".x.metadata", &text).unwrap_err().to_string();
            assert!(error.starts_with(".x.metadata, line ") && error.contains(says), "{error}");
        }
        for (text, says) in [
            (format!("{md5}  a.tar.gz"), "`a.tar.gz` is listed with an MD5"),
            (format!("MD5 (a.tar.gz) = {md5}"), "`a.tar.gz` is listed with an MD5"),
            (format!("SHA512 (../a) = {sha512}"), "not a path below"),
            (format!("SHA512 (..) = {sha512}"), "not a path below"),
            (format!("SHA256 (a) = {sha512}"), "SHA256 is named, but the digest is SHA-512"),
            ("SHA512 (a)".to_owned(), "expected `SHA512 (FILE) = DIGEST`"),
        ] {
            let error = parse_sources("sources", &text).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[ -~\n(=) é]{0,200}") {
            let _ = parse_metadata("m", &text);
            let _ = parse_sources("s", &text);
        }

        #[test]
        fn accepted_paths_stay_below(path in "[./a-z-]{1,20}") {
            if let Ok(files) = parse_metadata("m", &format!("{SHA1} {path}")) {
                proptest::prop_assert!(std::path::Path::new(&files[0].path)
                    .components()
                    .all(|part| matches!(part, std::path::Component::Normal(_))));
            }
        }
    }
}
