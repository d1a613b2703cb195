//! Architectures as rpm and dnf name them.

/// Architectures that repositories are composed for, micro-architecture levels included.
pub const COMPOSED: [&str; 7] =
    ["x86_64", "x86_64_v2", "x86_64_v3", "x86_64_v4", "aarch64", "ppc64le", "s390x"];

/// The architecture whose instructions a level of it extends, `i686` for its older relatives, or the architecture
/// itself: two packages of one name and one family are builds of the same thing.
#[must_use]
pub fn family(arch: &str) -> &str {
    match arch {
        "x86_64_v2" | "x86_64_v3" | "x86_64_v4" | "amd64" | "ia32e" => "x86_64",
        "i386" | "i486" | "i586" | "athlon" => "i686",
        other => other,
    }
}

/// The architecture whose packages repositories of this one carry beside their own (multilib).
#[must_use]
pub fn second(arch: &str) -> Option<&'static str> {
    (family(arch) == "x86_64").then_some("i686")
}

/// Whether a repository for machines of `repository` may have binary packages of `package`.
#[must_use]
pub fn belongs(package: &str, repository: &str) -> bool {
    let level = |arch: &str| arch.strip_prefix("x86_64_v").and_then(|level| level.parse::<u8>().ok());
    package == "noarch"
        || package == repository
        || Some(family(package)) == second(repository)
        || (family(package) == "i686" && family(repository) == "i686")
        || (package == "x86_64" && level(repository).is_some())
        || level(package).zip(level(repository)).is_some_and(|(package, repository)| package <= repository)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_where() {
        for (package, repository, there) in [
            ("noarch", "s390x", true),
            ("s390x", "s390x", true),
            ("i686", "x86_64", true),
            ("i586", "x86_64_v3", true),
            ("i686", "aarch64", false),
            ("i486", "i686", true),
            ("x86_64", "x86_64_v2", true),
            ("x86_64_v2", "x86_64_v3", true),
            ("x86_64_v3", "x86_64_v2", false),
            ("x86_64_v2", "x86_64", false),
            ("src", "x86_64", false),
        ] {
            assert_eq!(belongs(package, repository), there, "{package} {repository}");
        }
        assert_eq!((family("x86_64_v2"), family("i586"), family("aarch64")), ("x86_64", "i686", "aarch64"));
        assert_eq!((second("x86_64_v2"), second("ppc64le")), (Some("i686"), None));
    }
}
