//! Which packages have which level, where nobody declares another.

use std::collections::BTreeMap;

use heirloom_model::allowance::matches_glob;

use super::Level;

/// Levels of well-known packages, as the package manifests of Enterprise Linux 8 to 10 list them. Whatever is not here is
/// of level 2, or of level 3 if it belongs to a module's stream.
pub const DEFAULT_LEVELS: &[(&str, Level)] = &[
    // The C and C++ run time: what every program is linked with.
    ("glibc", Level::AcrossMajors),
    ("glibc-*", Level::AcrossMajors),
    ("libgcc", Level::AcrossMajors),
    ("libstdc++", Level::AcrossMajors),
    // Tools that follow their upstream within a release.
    ("aardvark-dns", Level::Stream),
    // For developers of the distribution, and for eyes.
    ("*-debuginfo", Level::Nothing),
    ("*-debugsource", Level::Nothing),
    ("*-debuginfo-common-*", Level::Nothing),
    ("annobin*", Level::Nothing),
    ("gcc-plugin-*", Level::Nothing),
    ("*-tests", Level::Nothing),
    ("adwaita-*", Level::Nothing),
    ("*-backgrounds*", Level::Nothing),
    ("*-logos*", Level::Nothing),
    // Hardware's own, and what has to follow the release.
    ("*-firmware", Level::Nothing),
    ("*-release", Level::Nothing),
    ("*-repos", Level::Nothing),
    ("*-gpg-keys", Level::Nothing),
    ("accel-config*", Level::Nothing),
    ("avahi*", Level::Nothing),
];

/// The level of each package.
#[derive(Clone, Debug, Default)]
pub struct Levels(Vec<(String, Level)>);

impl Levels {
    /// Levels that are declared, by name in which `*` stands for anything.
    ///
    /// # Errors
    /// A number that is no level, with the name before it.
    pub fn new(declared: &BTreeMap<String, u8>) -> Result<Self, String> {
        let level = |(name, number): (&String, &u8)| match Level::try_from(*number) {
            Ok(level) => Ok((name.clone(), level)),
            Err(error) => Err(format!("`{name}`: {error}")),
        };
        declared.iter().map(level).collect::<Result<_, _>>().map(Self)
    }

    /// The level of a package. A declared one counts before a default, and of each the longest name that fits.
    #[must_use]
    pub fn of(&self, package: &str, is_modular: bool) -> Level {
        let declared = self.0.iter().map(|(name, level)| (name.as_str(), *level));
        longest(declared, package)
            .or_else(|| longest(DEFAULT_LEVELS.iter().copied(), package))
            .unwrap_or(if is_modular { Level::Stream } else { Level::Major })
    }
}

fn longest<'a>(all: impl Iterator<Item = (&'a str, Level)>, package: &str) -> Option<Level> {
    let fitting = all.filter(|(name, _)| matches_glob(name, package));
    fitting.max_by_key(|(name, _)| name.len()).map(|(_, level)| level)
}

/// Kernels and their modules, of which other things are promised than of programs. Headers and tools are no kernels.
pub(super) fn is_kernel(package: &str) -> bool {
    let names = ["kernel", "kernel-core", "kernel-modules*", "kernel-uki-*", "kmod-*"];
    let variants = ["kernel-64k*", "kernel-rt*", "kernel-debug*", "kernel-zfcpdump*"];
    names.iter().chain(&variants).any(|pattern| matches_glob(pattern, package))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_declared_name_counts_before_defaults() {
        let declared = [("glibc*", 2), ("php*", 4), ("php-cli", 3)];
        let declared = declared.into_iter().map(|(name, level)| (name.to_owned(), level)).collect();
        let levels = Levels::new(&declared).unwrap();
        for (package, modular, level) in [
            ("glibc", false, 2),
            ("libgcc", false, 1),
            ("php-cli", false, 3),
            ("php-fpm", true, 4),
            ("nodejs", true, 3),
            ("zlib", false, 2),
            ("zlib-debuginfo", false, 4),
            ("kestrel-release", false, 4),
        ] {
            assert_eq!(u8::from(levels.of(package, modular)), level, "{package}");
        }
        assert_eq!(u8::from(Levels::default().of("glibc-debuginfo", false)), 4);
        let wrong = Levels::new(&BTreeMap::from([("x".to_owned(), 5)])).unwrap_err();
        assert_eq!(wrong, "`x`: 5 is no compatibility level: they are 1 to 4");
    }
}
