//! Builds that go wrong: each is named, with its limit, and the others are built all the same.

use crate::site::{Site, turn};

#[test]
fn builds_that_break_their_limits_are_named_and_the_rest_is_built() {
    let _turn = turn();
    let site = Site::new(&["figlet"]);
    site.redefine(
        "[signing]",
        "[limits]\nminutes = 1\nmemory_mib = 600\ndisk_mib = 300\nprocesses = 200\n\n[signing]",
    );
    let empty = "%description\nx\n%install\ntrue\n%files\n";
    site.write_spec("wrong", &format!("%build\nexit 3\n{empty}"));
    site.write_spec("sleeper", &format!("%build\nsleep 600\n{empty}"));
    site.write_spec(
        "hog",
        &format!(
            "BuildRequires: python3\n%build\npython3 -c 'x = bytearray(2 << 30); print(len(x))'\n{empty}"
        ),
    );
    site.write_spec("filler", &format!("%build\ndd if=/dev/zero of=big bs=1M count=900\n{empty}"));
    site.write_spec(
        "caller",
        &format!(
            "BuildRequires: python3\n%build\npython3 -c 'import socket; socket.create_connection((\"192.0.2.1\", 80), 5)'\n{empty}"
        ),
    );

    let ran = site.run(&["--format", "json", "build"]).expect(4);
    let result = ran.json();
    assert!(result["built"]["figlet"].is_object(), "{}", ran.stderr);
    for (step, kind, word) in [
        ("wrong", "rpmbuild", "%build"),
        ("sleeper", "time", "limits.minutes"),
        ("hog", "memory", "limits.memory_mib"),
        ("filler", "disk", "limits.disk_mib"),
        ("caller", "rpmbuild", "reach the network"),
    ] {
        let failed = &result["failed"][step];
        assert_eq!(failed["kind"], kind, "{step}: {failed}");
        assert!(failed["message"].as_str().unwrap().contains(word), "{step}: {failed}");
    }
    let status = site.run(&["status"]).expect(0);
    assert!(status.stdout.contains("failed"), "{}", status.stdout);
}
