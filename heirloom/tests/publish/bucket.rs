//! Channels in a bucket: what is sent, what is not sent again, and what clients see when it is interrupted.
//!
//! The bucket is moto's, which is installed below `target/peers`; signatures are checked by botocore.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use heirloom_model::record::{Composed, Tree, TreeFile};
use testkit::tool::Tool;

use crate::clients::{Form, Machine};
use crate::ran::Ran;
use crate::site::{Site, finish};

const MARCH: u64 = 1_773_482_400;

struct Bucket {
    child: Child,
    port: String,
    dir: tempfile::TempDir,
}

impl Bucket {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/publish/s3_server.py");
        let mut child = Command::new("/usr/bin/python3")
            .arg(script)
            .arg(dir.path().join("control"))
            .args(["ID", "SECRET/x+y"])
            .env("PYTHONPATH", testkit::pypi::packages(&["moto[server]"]).unwrap())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let bucket = Self { child, port: port.trim().to_owned(), dir };
        bucket.python("client.create_bucket(Bucket='repos')");
        bucket
    }

    /// Runs a line of Python with the reference's own client; what it prints.
    fn python(&self, line: &str) -> String {
        let text = format!(
            "import boto3, botocore.config, json\n\
             client = boto3.client('s3', endpoint_url='http://127.0.0.1:{}', aws_access_key_id='ID',\n\
             aws_secret_access_key='SECRET/x+y', region_name='us-east-1')\n\
             client.meta.events.register('choose-signer.s3.*', lambda **kw: 's3v4-query')\n{line}",
            self.port
        );
        Tool::new("/usr/bin/python3")
            .args(["-c", &text])
            .env("PYTHONPATH", testkit::pypi::packages(&["moto[server]"]).unwrap())
            .run()
            .unwrap()
    }

    /// What is there: sizes by key.
    fn list(&self) -> std::collections::BTreeMap<String, u64> {
        let line = "print(json.dumps({o['Key']: o['Size'] for p in client.get_paginator('list_objects_v2')\
                    .paginate(Bucket='repos') for o in p.get('Contents', [])}))";
        serde_json::from_str(&self.python(line)).unwrap()
    }

    /// After so many changes, all are answered so.
    fn fail_after(&self, count: usize, status: u16) {
        fs::write(self.dir.path().join("control"), format!("{count} {status}")).unwrap();
    }

    fn heal(&self) {
        let _ = fs::remove_file(self.dir.path().join("control"));
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/repos/pub", self.port)
    }

    fn site(&self, more: &str) -> Site {
        let publish = format!(
            "{more}\n[publish.s3]\nendpoint = \"http://127.0.0.1:{}\"\nbucket = \"repos\"\nprefix = \"pub\"\n\
             path_style = true\nurl = \"{}\"\n",
            self.port,
            self.url()
        );
        Site::new("https://kestrel.example", &publish)
    }

    fn upload(&self, site: &Site, snapshot: &str) -> Ran {
        finish(self.command(site, snapshot))
    }

    fn command(&self, site: &Site, snapshot: &str) -> Command {
        let arguments = ["--format", "json", "publish", "9", "--to", "s3", "--snapshot", snapshot];
        let mut command = site.command(&arguments);
        command.env("AWS_ACCESS_KEY_ID", "ID").env("AWS_SECRET_ACCESS_KEY", "SECRET/x+y");
        command
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn dnf_installs_from_a_bucket_and_only_what_is_new_is_sent() {
    let bucket = Bucket::start();
    let site = bucket.site("");
    let names = [1, 2].map(|version| site.snapshot(version, MARCH + u64::from(version)));
    let first = bucket.upload(&site, &names[0]).expect(0).json();
    assert!(first[0]["sent"].as_u64().unwrap() > 10 && first[0]["there"] == 0, "{first}");
    for form in [Form::BaseUrl, Form::MirrorList] {
        let found = Machine::new(&bucket.url(), form).install("9");
        assert_eq!(found, Ok(("1".to_owned(), "1".to_owned())));
    }
    let again = bucket.upload(&site, &names[0]).expect(0).json();
    assert_eq!((&again[0]["sent"], &again[0]["bytes"]), (&0.into(), &0.into()), "{again}");
    let second = bucket.upload(&site, &names[1]).expect(0).json();
    assert!(
        second[0]["bytes"].as_u64().unwrap() < 200_000,
        "the package of both is not sent again: {second}"
    );
    assert!(second[0]["superseded"].as_u64().unwrap() > 2, "{second}");
    assert!(bucket.list().contains_key("pub/9/BaseOS/x86_64/os/Packages/base-1-1.noarch.rpm"));
    assert!(bucket.list().contains_key("pub/RPM-GPG-KEY-kestrel"));
    assert_eq!(Machine::new(&bucket.url(), Form::BaseUrl).install("9"), Ok(("2".to_owned(), "2".to_owned())));
    assert!(!site.published("9").exists(), "what is served here is another matter");
}

#[test]
fn superseded_objects_go_when_no_client_can_want_them() {
    let bucket = Bucket::start();
    let site = bucket.site("in_flight_hours = 0");
    let names = [1, 2].map(|version| site.snapshot(version, MARCH + u64::from(version)));
    bucket.upload(&site, &names[0]).expect(0);
    let second = bucket.upload(&site, &names[1]).expect(0).json();
    assert!(second[0]["removed"].as_u64().unwrap() > 2, "{second}");
    let left = bucket.list();
    assert!(!left.keys().any(|key| key.contains("base-1-1")), "{left:?}");
    assert!(left.contains_key("pub/9/BaseOS/x86_64/os/Packages/common-1-1.noarch.rpm"));
}

#[test]
fn interrupted_anywhere_clients_have_a_whole_state_and_the_next_run_goes_on() {
    let bucket = Bucket::start();
    let site = bucket.site("");
    let names = [1, 2].map(|version| site.snapshot(version, MARCH + u64::from(version)));
    bucket.upload(&site, &names[0]).expect(0);
    let whole = |versions: &[&str]| {
        let found = Machine::new(&bucket.url(), Form::MirrorList).install("9");
        let fits = |version: &&str| found == Ok(((*version).to_owned(), (*version).to_owned()));
        assert!(versions.iter().any(fits), "{found:?}");
    };
    for after in [0, 3, 8] {
        bucket.fail_after(after, 503);
        let failed = bucket.upload(&site, &names[1]).expect(1);
        assert!(failed.stderr.contains("503"), "{}", failed.stderr);
        bucket.heal();
        whole(&["1"]);
    }
    bucket.fail_after(2, 0);
    let mut child =
        bucket.command(&site, &names[1]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(3));
    child.kill().unwrap();
    child.wait().unwrap();
    bucket.heal();
    whole(&["1"]);
    bucket.upload(&site, &names[1]).expect(0);
    whole(&["2"]);
    let again = bucket.upload(&site, &names[1]).expect(0).json();
    assert_eq!(again[0]["sent"], 0, "{again}");
}

#[test]
fn a_fault_that_passes_is_not_seen_and_a_wrong_key_is_refused_at_once() {
    let bucket = Bucket::start();
    let site = bucket.site("");
    let name = site.snapshot(1, MARCH);
    bucket.fail_after(4, 500);
    let running = bucket.command(&site, &name).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    bucket.heal();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let mut wrong = bucket.command(&site, &name);
    wrong.env("AWS_SECRET_ACCESS_KEY", "another");
    let refused = finish(wrong).expect(1);
    assert!(refused.stderr.contains("SignatureDoesNotMatch"), "{}", refused.stderr);
    let mut none = bucket.command(&site, &name);
    none.env_remove("AWS_SECRET_ACCESS_KEY");
    assert!(finish(none).expect(6).stderr.contains("publish.s3.credentials"));
}

#[test]
fn large_files_are_sent_in_parts() {
    let bucket = Bucket::start();
    let site = bucket.site("");
    let composed = site.compose(1);
    let store = site.store();
    let bytes: Vec<u8> = (0..70_u32 << 18).flat_map(u32::to_le_bytes).collect();
    let mut tree: Tree = serde_json::from_slice(&store.read(composed.tree).unwrap()).unwrap();
    let digest = store.put(&bytes).unwrap();
    tree.files.push(TreeFile { path: "images/boot.iso".to_owned(), digest, size: bytes.len() as u64 });
    tree.files.sort();
    let tree = store.put(&serde_json::to_vec(&tree).unwrap()).unwrap();
    let rules = site.rules();
    let composed = Composed { tree, ..composed };
    let name =
        heirloom_release::Site::new(&store, &rules, "9").unwrap().lay_out(&composed, MARCH).unwrap().name;
    drop(store);
    bucket.upload(&site, &name).expect(0);
    let line = "import hashlib; o = client.get_object(Bucket='repos', Key='pub/9/images/boot.iso'); \
                print(hashlib.sha256(o['Body'].read()).hexdigest(), o['Metadata']['sha256'], o['ETag'])";
    let found = bucket.python(line);
    assert!(found.starts_with(&format!("{digest} {digest} ")) && found.contains("-3\""), "{found}");
}
