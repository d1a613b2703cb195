//! Packages that mean harm.

use testkit::tool::Tool;

use crate::made::{told, update};
use crate::support::Place;

#[test]
fn a_man_page_that_unpacks_without_end_and_a_huge_default_are_not_examined() {
    let place = Place::new();
    let bomb = place.path("bomb");
    let script = format!("head -c 1000000000 /dev/zero | gzip -1 > {}", bomb.display());
    Tool::new("sh").args(["-c", &script]).run().unwrap();
    let bomb = std::fs::read(bomb).unwrap();
    let path = "/usr/share/man/man1/tool.1.gz";
    let page = crate::made::gzip(&place, b".TP\n\\-\\-option\n");
    update(&place, "tool", |old| old.file(path, &page), |new| new.file(path, &bomb));
    let huge = vec![b'a'; 100 << 20];
    update(&place, "huge", |old| old.file("/etc/huge", "a"), |new| new.file("/etc/huge", &huge));
    let json = place.json("changes old new --gate", 5);
    assert_eq!(told(&json)["tool"], ["not-examined /usr/share/man/man1/tool.1.gz: blocked"]);
    assert_eq!(told(&json)["huge"], ["not-examined /etc/huge: blocked"]);
}

#[test]
fn foreign_text_neither_acts_on_the_terminal_nor_in_the_page() {
    let place = Place::new();
    // rpmbuild takes no control characters in a spec file, and its shell makes them.
    let log = "* Tue Mar 05 2024 <script>alert(1)</script> <a@example.org> - 2-1\n- %(printf '\\033[31m')red <img \
               src=x onerror=alert(2)>";
    update(
        &place,
        "tool",
        |old| {
            let old = old.file("/etc/tool.conf", "a = 1\n").provides("x<i>y</i>");
            old.file("/usr/bin/aXXXX<b>", "#!/bin/sh\n")
        },
        |new| {
            let new = new.file("/etc/tool.conf", "a = \u{1b}]0;title\u{7}\n</pre><script>\n");
            new.scriptlet("%changelog", log)
        },
    );
    // Nor in the names of files.
    let path = place.path("old/tool-1-1.noarch.rpm");
    let mut package = std::fs::read(&path).unwrap();
    let at = package.windows(5).position(|bytes| bytes == b"aXXXX").unwrap();
    package[at + 1..at + 5].copy_from_slice(b"\x1b[2J");
    std::fs::write(&path, package).unwrap();
    let ran = place.run("changes old new --html page.html").expect(0);
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stdout.contains('\u{7}'), "{}", ran.stdout);
    let page = place.read("page.html");
    for tag in ["<script", "<img", "<b>", "<i>", "</pre>", "\u{1b}"] {
        assert!(!page.contains(tag), "{tag}");
    }
    for text in ["&lt;script&gt;alert(1)", "&lt;img src=x", "a\\u{1b}[2J&lt;b&gt;"] {
        assert!(page.contains(text), "{text}\n{page}");
    }
}

#[test]
fn a_damaged_package_is_an_error_that_names_it() {
    let place = Place::new();
    update(&place, "tool", |old| old.file("/etc/a", "a = 1\n"), |new| new.file("/etc/a", "a = 2\n"));
    let path = place.path("new/tool-2-1.noarch.rpm");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 20]).unwrap();
    place.run("changes old new").expect(1).says(&["tool-2-1.noarch.rpm"]);
    std::fs::write(&path, "no package").unwrap();
    place.run("changes old new").expect(1).says(&["tool-2-1.noarch.rpm"]);
    place.run("changes old none/").expect(1).says(&["none"]);
    std::fs::create_dir(place.path("empty")).unwrap();
    place.run("changes old empty").expect(1).says(&["empty: there is no binary package"]);
}
