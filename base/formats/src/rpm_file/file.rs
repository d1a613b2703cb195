//! The files of a package.

use super::RpmProblem;
use super::store::Store;
use super::tag;

/// Bytes of all paths, and of all descriptions of what files are, as they are when directories and
/// descriptions are written out for each file. The largest packages have a tenth of it.
const MOST_BYTES: u64 = 128 << 20;

/// One file, directory or link, as the header describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileEntry {
    /// Absolute path; a plain name in a source package.
    pub path: String,
    /// Type and permissions, as in `stat`.
    pub mode: u16,
    /// Bytes.
    pub size: u64,
    /// Seconds since 1970.
    pub mtime: u32,
    /// Owner.
    pub user: String,
    /// Group.
    pub group: String,
    /// rpm's RPMFILE bits: 1 config, 2 doc, 16 noreplace, 64 ghost, 128 license and others.
    pub flags: u32,
    /// Digest of a regular file's content, in [`super::Header::file_digest_algorithm`].
    pub digest: String,
    /// A symbolic link's target.
    pub link_target: String,
    /// A device's number.
    pub rdev: u16,
    /// What `rpm --verify` looks at.
    pub verify: u32,
    /// Capabilities as text.
    pub capabilities: String,
    /// 1 for 32-bit, 2 for 64-bit programs and libraries.
    pub color: u32,
    /// Language of a translation.
    pub language: String,
    /// What `file` says of it.
    pub class: String,
    /// Device that it was packaged on.
    pub device: u32,
    /// Regular files with the same device and inode are hard links to each other.
    pub inode: u32,
}

impl FileEntry {
    /// Whether it is a directory.
    #[must_use]
    pub fn is_dir(&self) -> bool {
        self.mode & 0o170_000 == 0o040_000
    }

    /// Whether it is a regular file.
    #[must_use]
    pub fn is_regular(&self) -> bool {
        self.mode & 0o170_000 == 0o100_000
    }

    /// Whether it is a symbolic link.
    #[must_use]
    pub fn is_symlink(&self) -> bool {
        self.mode & 0o170_000 == 0o120_000
    }

    /// Whether it is owned but not delivered.
    #[must_use]
    pub fn is_ghost(&self) -> bool {
        self.flags & 64 != 0
    }
}

pub(super) fn files(main: &Store) -> Result<Vec<FileEntry>, RpmProblem> {
    let paths = paths(main)?;
    let mut files: Vec<_> =
        paths.into_iter().map(|path| FileEntry { path, ..FileEntry::default() }).collect();
    if files.is_empty() {
        return Ok(files);
    }
    let sizes = if main.has(tag::FILE_SIZES) { tag::FILE_SIZES } else { tag::LONG_FILE_SIZES };
    numbers(main, &mut files, sizes, |file, size| file.size = size)?;
    numbers(main, &mut files, tag::FILE_MODES, |file, mode| file.mode = mode)?;
    numbers(main, &mut files, tag::FILE_MTIMES, |file, mtime| file.mtime = mtime)?;
    numbers(main, &mut files, tag::FILE_FLAGS, |file, flags| file.flags = flags)?;
    numbers(main, &mut files, tag::FILE_RDEVS, |file, rdev| file.rdev = rdev)?;
    numbers(main, &mut files, tag::FILE_VERIFY, |file, verify| file.verify = verify)?;
    numbers(main, &mut files, tag::FILE_COLORS, |file, color| file.color = color)?;
    numbers(main, &mut files, tag::FILE_DEVICES, |file, device| file.device = device)?;
    numbers(main, &mut files, tag::FILE_INODES, |file, inode| file.inode = inode)?;
    texts(main, &mut files, tag::FILE_USERS, |file, user| file.user = user)?;
    texts(main, &mut files, tag::FILE_GROUPS, |file, group| file.group = group)?;
    texts(main, &mut files, tag::FILE_DIGESTS, |file, digest| file.digest = digest)?;
    texts(main, &mut files, tag::FILE_LINKTOS, |file, target| file.link_target = target)?;
    texts(main, &mut files, tag::FILE_CAPS, |file, capabilities| file.capabilities = capabilities)?;
    texts(main, &mut files, tag::FILE_LANGS, |file, language| file.language = language)?;
    let classes = main.texts(tag::CLASS_DICT)?;
    if !classes.is_empty() {
        let numbers: Vec<u32> = main.numbers(tag::FILE_CLASS)?;
        let class = |number: u32| classes.get(number as usize).map_or("", String::as_str);
        bounded(numbers.iter().map(|number| class(*number).len()))?;
        each(&mut files, tag::FILE_CLASS, numbers, |file, number| class(number).clone_into(&mut file.class))?;
    }
    Ok(files)
}

/// Directory and name of each file, joined.
fn paths(main: &Store) -> Result<Vec<String>, RpmProblem> {
    let names = main.texts(tag::BASE_NAMES)?;
    let directories = main.texts(tag::DIR_NAMES)?;
    let indexes: Vec<u32> = main.numbers(tag::DIR_INDEXES)?;
    if indexes.len() != names.len() {
        return Err(RpmProblem::Count { tag: tag::DIR_INDEXES, expected: names.len(), found: indexes.len() });
    }
    let directory = |index: u32| directories.get(index as usize).map_or(0, String::len);
    bounded(names.iter().zip(&indexes).map(|(name, index)| name.len() + directory(*index)))?;
    let mut paths = Vec::with_capacity(names.len());
    for (name, index) in names.into_iter().zip(indexes) {
        let found = index as usize;
        let outside = RpmProblem::Index { tag: tag::DIR_INDEXES, found, count: directories.len() };
        let directory = directories.get(found).ok_or(outside)?;
        paths.push(format!("{directory}{name}"));
    }
    Ok(paths)
}

/// A few bytes for each file can stand for as many long texts.
fn bounded(lengths: impl Iterator<Item = usize>) -> Result<(), RpmProblem> {
    let found = lengths.fold(0_u64, |sum, length| sum.saturating_add(length as u64));
    match found > MOST_BYTES {
        true => Err(RpmProblem::TooLarge {
            part: "header",
            unit: "bytes of paths and descriptions",
            found,
            most: MOST_BYTES,
        }),
        false => Ok(()),
    }
}

fn numbers<T: TryFrom<u64>>(
    main: &Store,
    files: &mut [FileEntry],
    tag: u32,
    set: impl Fn(&mut FileEntry, T),
) -> Result<(), RpmProblem> {
    each(files, tag, main.numbers(tag)?, set)
}

fn texts(
    main: &Store,
    files: &mut [FileEntry],
    tag: u32,
    set: impl Fn(&mut FileEntry, String),
) -> Result<(), RpmProblem> {
    each(files, tag, main.texts(tag)?, set)
}

/// A tag that is absent says nothing of any file.
fn each<T>(
    files: &mut [FileEntry],
    tag: u32,
    values: Vec<T>,
    set: impl Fn(&mut FileEntry, T),
) -> Result<(), RpmProblem> {
    if !values.is_empty() && values.len() != files.len() {
        return Err(RpmProblem::Count { tag, expected: files.len(), found: values.len() });
    }
    files.iter_mut().zip(values).for_each(|(file, value)| set(file, value));
    Ok(())
}
