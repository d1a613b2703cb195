//! Dist-git trees inside git repositories, read with the git command at one commit, from a local repository or from a
//! mirror of a remote one.

mod refs;
mod run;

use std::fs;
use std::path::{Path, PathBuf};

use heirloom_formats::evr;
use heirloom_model::Digest;
use heirloom_model::record::{Imported, Watched};

use crate::distgit::{self, NO_FILE, Place, Role, TREE_FILE_LIMIT, TREE_LIMIT, TreeFile, layout};
use crate::sources::{Found, Known, Learned, Outcome};
use crate::tree::{MOST_FILES, too_many};
use crate::{ImportError, Importer, fetch};
use refs::{Chosen, Refs, Wanted, is_object};
use run::{git, network};

/// Bytes of a listing: refs or files.
const LISTING: u64 = 64 * 1024 * 1024;

/// What is imported of all repositories.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    /// Branch, tag or commit.
    pub(crate) branch: Option<&'a str>,
    /// What import tags begin with.
    pub(crate) tags: Option<&'a str>,
    /// Patterns of the lookasides.
    pub(crate) lookaside: &'a [String],
}

impl Settings<'_> {
    fn wanted(&self) -> Wanted<'_> {
        Wanted { branch: self.branch, tags: self.tags }
    }

    fn label(&self) -> &str {
        self.branch.or(self.tags).unwrap_or_default()
    }
}

/// Whether a location is a repository elsewhere.
pub(crate) fn is_remote(location: &str) -> bool {
    location.contains("://")
}

/// Imports the package `name` from the repository at this path or URL, as `known.key`.
pub(crate) fn import(
    importer: &Importer<'_>,
    known: Known<'_>,
    name: &str,
    location: &str,
    settings: Settings<'_>,
) -> Outcome {
    let mut learned = Learned::default();
    let came = try_import(importer, known, name, location, settings, &mut learned);
    Outcome { came, learned }
}

fn try_import(
    importer: &Importer<'_>,
    known: Known<'_>,
    name: &str,
    location: &str,
    settings: Settings<'_>,
    learned: &mut Learned,
) -> Result<Imported, ImportError> {
    distgit::plain(name, name)?;
    let remote = is_remote(location);
    let (dir, refs) = match remote {
        true => {
            let dir = importer.store.dir().join("upstream").join(format!("{name}.git"));
            (dir, remote_refs(importer, location)?)
        }
        false => {
            let dir = PathBuf::from(location);
            fs::metadata(&dir).map_err(ImportError::read(&dir))?;
            let refs = Refs::from_files(&dir).map_or_else(|| Refs::from_git(&dir), Ok)?;
            (dir, refs)
        }
    };
    let subject = format!("git {} {location}", known.key);
    let salt = format!("{}\n{:?}\n{:?}", settings.lookaside.join("\n"), settings.branch, settings.tags);
    let signature =
        Digest::of(format!("{salt}\n{}", refs.signature(settings.wanted())).as_bytes()).to_string();
    if let Some(imported) = known.unchanged(importer, &subject, &signature) {
        return Ok(imported);
    }
    // Tags in files may be annotated; git knows their commits.
    let refs = if remote { refs } else { Refs::from_git(&dir)? };
    let chosen = choose(&refs, name, location, settings)?;
    learned.found =
        Some(Found { revision: chosen.commit.clone(), nevra: chosen.nevra.clone(), published: None });
    if remote {
        fetch_commit(importer, &dir, location, &chosen)?;
    }
    let (commit, published) = commit(&dir, &chosen.commit)?;
    learned.found =
        Some(Found { revision: commit.clone(), nevra: chosen.nevra.clone(), published: Some(published) });
    let at = format!("{location}#{}", settings.label());
    let watched = Watched { location: at, revision: commit.clone(), newest: published };
    learned.watched = watch(importer, known, &dir, settings, &chosen, watched)?;
    let origin = format!("{location}@{commit}");
    let place = Place { name, origin: &origin, lookaside: settings.lookaside, branch: settings.label() };
    let files = read(&dir, &commit, place)?;
    let mut imported = distgit::from_files(importer, place, files)?;
    imported.name = known.key.to_owned();
    imported.nevra = chosen.nevra;
    imported.published = Some(published);
    learned.note = Some((subject, format!("{signature} {}", imported.digest())));
    Ok(imported)
}

/// What the repository has, without fetching it. When it was published is known of a local one alone.
pub(crate) fn look(
    importer: &Importer<'_>,
    name: &str,
    location: &str,
    settings: Settings<'_>,
) -> Result<Found, ImportError> {
    let dir = PathBuf::from(location);
    let remote = is_remote(location);
    let refs = if remote { remote_refs(importer, location)? } else { Refs::from_git(&dir)? };
    let chosen = choose(&refs, name, location, settings)?;
    let (revision, published) = match remote {
        true => (chosen.commit, None),
        false => commit(&dir, &chosen.commit).map(|(commit, time)| (commit, Some(time)))?,
    };
    Ok(Found { revision, nevra: chosen.nevra, published })
}

/// The revision that is meant.
fn choose(refs: &Refs, name: &str, location: &str, settings: Settings<'_>) -> Result<Chosen, ImportError> {
    refs.choose(name, settings.wanted()).ok_or_else(|| ImportError::NoRevision {
        location: location.to_owned(),
        what: match (settings.branch, settings.tags) {
            (Some(branch), _) => format!("branch, tag or commit {branch}"),
            (None, tags) => format!("tag {}{name}-VERSION-RELEASE", tags.unwrap_or_default()),
        },
    })
}

fn remote_refs(importer: &Importer<'_>, location: &str) -> Result<Refs, ImportError> {
    let arguments = ["ls-remote", "--quiet", "--end-of-options", location, "refs/heads/*", "refs/tags/*"];
    let listing = network(importer.store.dir(), &arguments, importer.fetcher.patience(), LISTING)?;
    Ok(Refs::from_remote(&String::from_utf8_lossy(&listing)))
}

/// Has the commit in the mirror, with its history.
fn fetch_commit(
    importer: &Importer<'_>,
    dir: &Path,
    location: &str,
    chosen: &Chosen,
) -> Result<(), ImportError> {
    if !dir.join("HEAD").is_file() {
        let parent = dir.parent().unwrap_or(dir);
        fs::create_dir_all(parent).map_err(ImportError::read(parent))?;
        let path = dir.to_string_lossy();
        git(parent, &["init", "--quiet", "--bare", "--template=", "--end-of-options", &path], b"", LISTING)?;
    }
    if git(dir, &["cat-file", "-e", &format!("{}^{{commit}}", chosen.commit)], b"", LISTING).is_ok() {
        return Ok(());
    }
    let local = match is_object(&chosen.reference) {
        true => "refs/heirloom/commit",
        false => &chosen.reference,
    };
    let refspec = format!("+{}:{local}", chosen.reference);
    let options = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"];
    let options = [&options[..], &["--no-auto-maintenance", "--end-of-options", location, &refspec]].concat();
    network(dir, &options, importer.fetcher.patience(), LISTING).map(drop)
}

/// A commit's whole name, and its time.
fn commit(dir: &Path, revision: &str) -> Result<(String, u64), ImportError> {
    let wanted = format!("{revision}^{{commit}}\n");
    let output = git(dir, &["cat-file", "--batch"], wanted.as_bytes(), LISTING)?;
    let output = String::from_utf8_lossy(&output);
    // `NAME commit SIZE`; headers with `committer NAME <ADDRESS> TIME ZONE`; a blank line; the message.
    let header = output.split("\n\n").next().unwrap_or_default();
    let name = header.split_once(" commit ").map(|(name, _)| name).filter(|name| is_object(name));
    let line = header.lines().find_map(|line| line.strip_prefix("committer "));
    let time = line.and_then(|line| line.rsplit_once("> ")?.1.split(' ').next()?.parse().ok());
    match (name, time) {
        (Some(name), Some(time)) => Ok((name.to_owned(), time)),
        (None, _) => Err(ImportError::NoRevision {
            location: dir.to_string_lossy().into_owned(),
            what: format!("branch, tag or commit {revision}"),
        }),
        (Some(name), None) => {
            Err(layout(&dir.to_string_lossy(), format!("commit {name} has no time of its committer")))
        }
    }
}

/// What to record of the branch, if its history went on; if it was rewritten or went back, an error.
fn watch(
    importer: &Importer<'_>,
    before: Known<'_>,
    dir: &Path,
    settings: Settings<'_>,
    chosen: &Chosen,
    watched: Watched,
) -> Result<Option<Watched>, ImportError> {
    let Some(known) = importer.store.get::<Watched>(&watched.location)? else { return Ok(Some(watched)) };
    if known == watched {
        return Ok(None);
    }
    let Watched { location, revision: commit, .. } = &watched;
    let went_on = match settings.branch {
        // A tag's commit need not come after another tag's; its version does.
        None => match (&chosen.nevra, before.nevra()) {
            (Some(found), Some(seen)) => evr::compare(found.evr(), seen.evr()).is_gt(),
            _ => true,
        },
        Some(_) => git(dir, &["merge-base", "--is-ancestor", &known.revision, commit], b"", LISTING).is_ok(),
    };
    match went_on || importer.accepts(commit) {
        true => Ok(Some(watched)),
        false => Err(ImportError::Rewritten {
            location: location.clone(),
            seen: known.revision,
            found: commit.clone(),
        }),
    }
}

/// Reads the files of a commit's tree that count.
fn read(dir: &Path, commit: &str, place: Place<'_>) -> Result<Vec<TreeFile>, ImportError> {
    let listing = git(dir, &["ls-tree", "-r", "-z", "-l", "--full-tree", commit], b"", LISTING)?;
    let listing = String::from_utf8_lossy(&listing).into_owned();
    let entries: Vec<_> = listing.split('\0').filter_map(|entry| entry.split_once('\t')).collect();
    if entries.len() > MOST_FILES {
        return Err(too_many(dir));
    }
    let nested = entries.iter().any(|(_, path)| path.starts_with("SPECS/"));
    let (mut wanted, mut total) = (Vec::new(), 0_u64);
    for (facts, path) in entries {
        if matches!(distgit::role(path, place.name, nested), Role::Other) {
            continue;
        }
        // Mode, type, object, size.
        let facts: Vec<_> = facts.split_whitespace().collect();
        let ["100644" | "100755", "blob", object, size] = facts[..] else {
            return Err(layout(place.origin, format!("`{path}` {NO_FILE}")));
        };
        let size = size.parse::<u64>().unwrap_or(u64::MAX);
        total = total.saturating_add(size);
        if size > TREE_FILE_LIMIT || total > TREE_LIMIT {
            let limit = if size > TREE_FILE_LIMIT { TREE_FILE_LIMIT } else { TREE_LIMIT };
            return Err(ImportError::TooLarge { location: format!("{}:{path}", place.origin), limit });
        }
        wanted.push((path, object, size));
    }
    let objects: String = wanted.iter().map(|(_, object, _)| format!("{object}\n")).collect();
    // Each content has a line before it and a line feed after it.
    let limit = total + wanted.len() as u64 * 128;
    let output = git(dir, &["cat-file", "--batch"], objects.as_bytes(), limit)?;
    let mut rest = &output[..];
    let mut files = Vec::new();
    for (path, object, size) in wanted {
        let header = format!("{object} blob {size}\n");
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let content = rest.strip_prefix(header.as_bytes()).and_then(|rest| rest.split_at_checked(size));
        let (bytes, after) =
            content.ok_or_else(|| layout(place.origin, format!("git gives no whole object for `{path}`")))?;
        let origin = format!("{}:{path}", place.origin);
        files.push(TreeFile { path: path.to_owned(), origin, bytes: bytes.to_vec() });
        rest = after.get(1..).unwrap_or_default();
    }
    Ok(files)
}

/// One file of a repository at a branch, tag or commit: the first of these paths that is there.
pub(crate) fn file(
    importer: &Importer<'_>,
    name: &str,
    location: &str,
    branch: &str,
    paths: &[String],
) -> Result<(String, Vec<u8>), ImportError> {
    let settings = Settings { branch: Some(branch), tags: None, lookaside: &[] };
    let (dir, refs) = if is_remote(location) {
        let dir = importer.store.dir().join("upstream/modules").join(format!("{name}.git"));
        (dir, remote_refs(importer, location)?)
    } else {
        fs::metadata(location).map_err(ImportError::read(location))?;
        (PathBuf::from(location), Refs::from_git(Path::new(location))?)
    };
    let chosen = choose(&refs, name, location, settings)?;
    if is_remote(location) {
        fetch_commit(importer, &dir, location, &chosen)?;
    }
    let listing = git(&dir, &["ls-tree", "-r", "-z", "-l", "--full-tree", &chosen.commit], b"", LISTING)?;
    let listing = String::from_utf8_lossy(&listing);
    let entries: Vec<_> = listing.split('\0').filter_map(|entry| entry.split_once('\t')).collect();
    for path in paths {
        let Some((facts, _)) = entries.iter().find(|(_, found)| found == path) else { continue };
        let ["100644" | "100755", "blob", object, _] = facts.split_whitespace().collect::<Vec<_>>()[..]
        else {
            return Err(layout(location, format!("`{path}` {NO_FILE}")));
        };
        let origin = format!("{location}@{}:{path}", chosen.commit);
        return Ok((origin, git(&dir, &["cat-file", "blob", object], b"", fetch::METADATA_LIMIT / 8)?));
    }
    Err(ImportError::NoRevision {
        location: location.to_owned(),
        what: format!("file {}", paths.join(" or ")),
    })
}
