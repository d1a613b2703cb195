//! A small definition for tests. Tables can follow it.

pub(super) const DEFINITION: &str = r#"
repositories = {}
bootstrap = { location = "boot", keys = [] }
publish = { url = "https://kestrel.example" }
signing = { key = "secret.asc" }
upstream = { kind = "dist-git", location = "up" }
[distribution]
name = "Kestrel"
id = "kestrel"
version = "9"
dist = ".el9"
vendor = "Kestrel"
platform_id = "platform:el9"
home_url = "https://kestrel.example"
bug_url = "https://kestrel.example"
promise = "identical"
"#;
