//! What users do with a file, by its path.

use heirloom_formats::rpm_file::FileEntry;

/// Directories of programs.
const PROGRAMS: [&str; 6] =
    ["/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/", "/usr/local/bin/", "/usr/local/sbin/"];
/// Directories in which the dynamic loader looks.
const LIBRARIES: [&str; 4] = ["/usr/lib64/", "/usr/lib/", "/lib64/", "/lib/"];
/// Directories of defaults that administrators override in /etc.
const DEFAULTS: [&str; 9] = [
    "/usr/lib/sysctl.d/",
    "/usr/lib/tmpfiles.d/",
    "/usr/lib/sysusers.d/",
    "/usr/lib/modprobe.d/",
    "/usr/lib/modules-load.d/",
    "/usr/lib/udev/rules.d/",
    "/usr/lib/environment.d/",
    "/usr/share/polkit-1/",
    "/usr/share/dbus-1/system.d/",
];

/// What a file is to users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Started by its name.
    Program,
    /// In the loader's directories.
    Library,
    /// A kernel module.
    Module,
    /// A unit of systemd.
    Unit,
    /// Says which services are enabled.
    Preset,
    /// Configuration, or a default of it.
    Config,
    /// What programs are compiled and linked with.
    Development,
    /// A man page of a program.
    Manual,
    /// Completes command lines in a shell.
    Completion,
    /// To be read: other man pages, translations, documentation.
    Documentation,
    /// Whatever else.
    Data,
}

impl Place {
    pub(super) fn of(file: &FileEntry) -> Self {
        const CONFIG: u32 = 1;
        const DOC_OR_LICENSE: u32 = 1 << 1 | 1 << 7;
        let path = file.path.as_str();
        match Self::by_path(path) {
            Self::Data if file.flags & CONFIG != 0 => Self::Config,
            Self::Data if file.flags & DOC_OR_LICENSE != 0 => Self::Documentation,
            place => place,
        }
    }

    fn by_path(path: &str) -> Self {
        let within = |dirs: &[&str]| dirs.iter().any(|dir| path.starts_with(dir));
        let name = path.rsplit('/').next().unwrap_or(path);
        let suffix = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
        if directly_in(path, &PROGRAMS) {
            Self::Program
        } else if path.contains("/lib/modules/") && suffix(&[".ko", ".ko.xz", ".ko.zst", ".ko.gz"]) {
            Self::Module
        } else if path.starts_with("/usr/lib/systemd/") && name.ends_with(".preset") {
            Self::Preset
        } else if is_unit(path) {
            Self::Unit
        } else if is_completion(path) {
            Self::Completion
        } else if within(&["/etc/"]) || within(&DEFAULTS) || is_drop_in(path) {
            Self::Config
        } else if super::options::program_of_page(path).is_some() {
            Self::Manual
        } else if is_development(path, name) {
            Self::Development
        } else if is_public_library(path) {
            Self::Library
        } else if within(&["/usr/share/man/", "/usr/share/doc/", "/usr/share/info/", "/usr/share/locale/"])
            || within(&[
                "/usr/share/licenses/",
                "/usr/share/help/",
                "/usr/share/gtk-doc/",
                "/usr/lib/locale/",
            ])
        {
            Self::Documentation
        } else {
            Self::Data
        }
    }
}

fn directly_in(path: &str, dirs: &[&str]) -> bool {
    dirs.iter().filter_map(|dir| path.strip_prefix(dir)).any(|rest| !rest.contains('/'))
}

/// Whether the loader finds it by its name alone.
pub(super) fn is_public_library(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let named = name.ends_with(".so") || name.contains(".so.") || name.ends_with(".a");
    named && (directly_in(path, &LIBRARIES) || path.contains("/glibc-hwcaps/"))
}

fn is_unit(path: &str) -> bool {
    const SUFFIXES: [&str; 8] =
        [".service", ".socket", ".timer", ".target", ".path", ".mount", ".automount", ".slice"];
    let dirs = ["/usr/lib/systemd/system/", "/usr/lib/systemd/user/", "/lib/systemd/system/"];
    directly_in(path, &dirs) && SUFFIXES.iter().any(|suffix| path.ends_with(suffix))
}

/// Parts of units and of systemd's own configuration.
fn is_drop_in(path: &str) -> bool {
    path.starts_with("/usr/lib/systemd/") && path.ends_with(".conf")
}

pub(super) fn is_completion(path: &str) -> bool {
    let dirs = [
        "/usr/share/bash-completion/completions/",
        "/etc/bash_completion.d/",
        "/usr/share/zsh/site-functions/",
        "/usr/share/fish/vendor_completions.d/",
    ];
    directly_in(path, &dirs)
}

fn is_development(path: &str, name: &str) -> bool {
    path.starts_with("/usr/include/")
        || path.contains("/pkgconfig/") && name.ends_with(".pc")
        || path.contains("/cmake/") && name.ends_with(".cmake")
        || directly_in(path, &LIBRARIES) && (name.ends_with(".so") || name.ends_with(".a"))
}

/// Directories where a new file alone changes what the system does.
pub(super) fn acts_by_itself(path: &str) -> bool {
    directly_in(path, &["/usr/lib/sysctl.d/", "/usr/lib/modprobe.d/", "/etc/sysctl.d/", "/etc/modprobe.d/"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_what_users_do_with_a_file() {
        use Place::*;
        for (path, place) in [
            ("/usr/bin/ls", Program),
            ("/usr/sbin/ip", Program),
            ("/usr/bin/sub/x", Data),
            ("/usr/lib64/libz.so.1.2.11", Library),
            ("/usr/lib64/libz.so", Development),
            ("/usr/lib64/gconv/UTF-16.so", Data),
            ("/lib/modules/5.14.0-1.el9.x86_64/kernel/fs/ext4/ext4.ko.xz", Module),
            ("/usr/lib/systemd/system/sshd.service", Unit),
            ("/usr/lib/systemd/system-preset/90-x.preset", Preset),
            ("/usr/lib/systemd/system/sshd.service.d/10.conf", Config),
            ("/usr/lib/sysctl.d/50-x.conf", Config),
            ("/etc/ssh/sshd_config", Config),
            ("/etc/bash_completion.d/git", Completion),
            ("/usr/include/zlib.h", Development),
            ("/usr/lib64/pkgconfig/zlib.pc", Development),
            ("/usr/share/man/man1/ls.1.gz", Manual),
            ("/usr/share/man/man3/printf.3.gz", Documentation),
            ("/usr/share/man/de/man1/ls.1.gz", Documentation),
            ("/usr/share/locale/de/LC_MESSAGES/x.mo", Documentation),
            ("/usr/share/x/data", Data),
        ] {
            assert_eq!(Place::by_path(path), place, "{path}");
        }
    }
}
