//! A process that is killed anywhere between proposal and promotion leaves the old state or the new one, and every vote.

use std::process::Stdio;

use crate::members::Governed;
use crate::site::finish;

/// System calls by which something becomes visible or durable.
const CALLS: &str = "renameat,rename,renameat2,symlinkat,symlink,linkat,link,fsync,fdatasync,syncfs,pwrite64";

#[test]
fn promotion_is_all_or_nothing() {
    let governed = Governed::new();
    governed.release(1);
    let first = governed.site.served("9");
    governed.offer(2);
    let proposal = governed.propose(&[]);
    governed.approve(&proposal, &["ada", "cho", "dee"]);
    let counted = |proposal: &str| {
        let json = governed.site.json(&["release", "status", proposal]);
        json["tally"]["counted"].as_array().map(Vec::len)
    };
    let mut killed = 0;
    let mut step = 1;
    loop {
        let inject = format!("inject={CALLS}:signal=KILL:when={step}");
        let mut command = governed.site.traced(
            &["-o", "/dev/null", "-e", &format!("trace={CALLS}"), "-e", &inject],
            &["release", "promote", &proposal],
        );
        command.stderr(Stdio::null());
        let ran = finish(command);
        let served = governed.site.served("9");
        if ran.code == 0 {
            assert_ne!(served, first);
            break;
        }
        killed += 1;
        assert!(
            governed.site.published("9").join("BaseOS/x86_64/os/repodata/repomd.xml.asc").is_file(),
            "step {step}"
        );
        if served == first {
            assert!(counted(&proposal).is_none_or(|count| count == 3), "step {step}: votes are lost");
        }
        // Few steps at first, where all differ; then wider ones.
        step += 1 + step / 12;
        assert!(step < 2000, "it never ends");
    }
    assert!(killed > 20, "only {killed} places");
    assert_eq!(governed.status()["entries"], 2);
    governed.run(&["fsck"]).expect(0);
}

#[test]
fn proposals_and_votes_are_kept_or_not_there() {
    let governed = Governed::new();
    governed.offer(1);
    let count = || governed.status()["proposals"].as_array().unwrap().len();
    let key = crate::members::key("ada").display().to_string();
    let killed = |step: usize, arguments: &[&str]| {
        let inject = format!("inject={CALLS}:signal=KILL:when={step}");
        let how = ["-o", "/dev/null", "-e", &format!("trace={CALLS}"), "-e", &inject];
        let mut command = governed.site.traced(&how, arguments);
        command.stderr(Stdio::null());
        finish(command).code != 0
    };
    let mut step = 1;
    while killed(step, &["release", "propose", "--member", "ada"]) {
        assert!(count() <= 1, "step {step}");
        step += 1 + step / 4;
    }
    assert!(step > 3 && count() == 1, "{step} steps");
    let proposal = governed.status()["proposals"][0]["digest"].as_str().unwrap().to_owned();
    governed.approve(&proposal, &["cho"]);
    let mut step = 1;
    while killed(step, &["release", "approve", &proposal, "--member", "ada", "--key", &key]) {
        let json = governed.site.json(&["release", "status", &proposal]);
        let counted = json["tally"]["counted"].as_array().unwrap();
        assert!(counted.iter().any(|vote| vote["member"] == "cho"), "step {step}: {json}");
        step += 1 + step / 4;
    }
    assert!(step > 3, "{step} steps");
    governed.approve(&proposal, &["dee"]);
    governed.promote(&proposal).expect(0);
}

#[test]
fn what_waits_and_what_is_proposed_is_not_cleaned_away() {
    let governed = Governed::new();
    governed.release(1);
    governed.offer(2);
    governed.run(&["clean"]).expect(0);
    let proposal = governed.propose(&[]);
    governed.approve(&proposal, &["ada", "cho", "dee"]);
    // Something else is composed meanwhile, and waits in its place.
    governed.offer(3);
    governed.run(&["clean"]).expect(0);
    governed.promote(&proposal).expect(0);
    governed.run(&["fsck"]).expect(0);
}
