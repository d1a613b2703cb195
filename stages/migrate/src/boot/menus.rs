//! The boot loader's menu: `grub.cfg`, files in `/boot/loader/entries`, and `grubenv`.

use crate::facts::BootMenu;

/// A file of `/boot/loader/entries` (Boot Loader Specification, as grub's `blscfg` reads it).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// The file's name without `.conf`: what `grub2-reboot` takes.
    pub(super) id: String,
    /// `title`.
    pub(super) title: String,
    /// `version`, else what follows `vmlinuz-` in `linux`.
    pub(super) version: String,
}

impl Entry {
    /// Reads a file.
    #[must_use]
    pub(super) fn parse(id: &str, text: &str) -> Self {
        let mut entry = Self { id: id.to_owned(), ..Self::default() };
        let mut linux = "";
        for line in text.lines() {
            match line.trim().split_once(char::is_whitespace) {
                Some(("title", value)) => value.trim().clone_into(&mut entry.title),
                Some(("version", value)) => value.trim().clone_into(&mut entry.version),
                Some(("linux", value)) => linux = value.trim(),
                _ => {}
            }
        }
        if let Some((_, version)) = linux.rsplit_once("vmlinuz-") {
            version.clone_into(&mut entry.version);
        }
        entry
    }
}

/// What kind of menu a `grub.cfg` is.
#[must_use]
pub(super) fn menu(path: &str, text: &str) -> BootMenu {
    let has = |command: &str| {
        text.lines().any(|line| line.split_whitespace().next().is_some_and(|word| word == command))
    };
    BootMenu {
        path: path.to_owned(),
        is_stub: has("configfile") && !has("menuentry") && !has("blscfg"),
        uses_bls: has("blscfg"),
        is_generated: text.contains("### BEGIN /etc/grub.d/"),
    }
}

/// Kernels that a `grub.cfg` lists, each with what `grub2-reboot` takes: the title, below the titles of the submenus that it is in.
#[must_use]
pub(super) fn listed(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    // What is open: a title for a menu or an entry, none for another block.
    let mut open: Vec<Option<String>> = Vec::new();
    for line in text.lines().map(str::trim) {
        let word = line.split_whitespace().next().unwrap_or_default();
        if ["linux", "linux16", "linuxefi"].contains(&word) {
            let file = line.split_whitespace().nth(1).unwrap_or_default();
            if let Some((_, version)) = file.rsplit_once("vmlinuz-") {
                let titles: Vec<&str> = open.iter().flatten().map(String::as_str).collect();
                found.push((version.to_owned(), titles.join(">")));
            }
        }
        if line.ends_with('{') {
            open.push(["menuentry", "submenu"].contains(&word).then(|| title(line)).flatten());
        } else if line == "}" {
            open.pop();
        }
    }
    found
}

/// The first quoted word: `menuentry 'CentOS Linux (3.10.0) 7 (Core)' --class centos {`.
fn title(line: &str) -> Option<String> {
    let start = line.find(['\'', '"'])?;
    let quote = line[start..].chars().next()?;
    let (title, _) = line[start + 1..].split_once(quote)?;
    Some(title.to_owned())
}

/// A variable of grub's environment block.
#[must_use]
pub(super) fn variable<'a>(block: &'a str, name: &str) -> Option<&'a str> {
    block
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "### BEGIN /etc/grub.d/00_header ###\nif [ -s $prefix/grubenv ]; then\n  load_env\nfi\n\
        menuentry 'CentOS Linux (3.10.0-1160.el7.x86_64) 7 (Core)' --class centos {\n\
        \tif [ x$feature_platform_search_hint = xy ]; then\n\t  search --no-floppy\n\tfi\n\
        \tlinux16 /vmlinuz-3.10.0-1160.el7.x86_64 root=/dev/mapper/centos-root ro\n}\n\
        submenu 'Advanced' {\nmenuentry \"Old\" {\n linuxefi /vmlinuz-3.10.0-957.el7.x86_64 ro\n}\n}\n";

    #[test]
    fn titles_lead_to_kernels() {
        assert_eq!(
            listed(OLD),
            [
                (
                    "3.10.0-1160.el7.x86_64".to_owned(),
                    "CentOS Linux (3.10.0-1160.el7.x86_64) 7 (Core)".to_owned()
                ),
                ("3.10.0-957.el7.x86_64".to_owned(), "Advanced>Old".to_owned()),
            ]
        );
    }

    #[test]
    fn kinds_of_menus() {
        let old = menu("/boot/grub2/grub.cfg", OLD);
        assert!(old.is_generated && !old.uses_bls && !old.is_stub);
        let stub = menu(
            "x",
            "search --fs-uuid --set=dev 1\nset prefix=($dev)/grub2\nexport $prefix\nconfigfile $prefix/grub.cfg\n",
        );
        assert!(stub.is_stub && !stub.is_generated);
        assert!(menu("x", "insmod blscfg\nblscfg\n").uses_bls);
        assert!(!menu("x", "# blscfg\ninsmod blscfg").uses_bls);
    }

    #[test]
    fn entries_of_the_specification() {
        let text = "title Rocky Linux (5.14.0-427.el9.x86_64) 9.4\nversion 5.14.0-427.el9.x86_64\nlinux /vmlinuz-5.14.0-427.el9.x86_64\n";
        let entry = Entry::parse("abc-5.14.0-427.el9.x86_64", text);
        assert_eq!(entry.version, "5.14.0-427.el9.x86_64");
        let rescue = Entry::parse("x", "version 5.14.0\nlinux /vmlinuz-0-rescue-abc\n");
        assert_eq!(rescue.version, "0-rescue-abc");
    }

    #[test]
    fn environment_block() {
        let block = "# GRUB Environment Block\nsaved_entry=abc\nnext_entry=\nboot_success=0\n####";
        assert_eq!(variable(block, "saved_entry"), Some("abc"));
        assert_eq!(variable(block, "next_entry"), None);
        assert_eq!(variable(block, "saved"), None);
    }
}
