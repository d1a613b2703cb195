//! Questions to the plan.

use std::fs;

use crate::ran::Ran;
use crate::site::{Site, turn};

fn tells(ran: &Ran, words: &[&str]) {
    for word in words {
        assert!(ran.stdout.contains(word), "`{word}` is not in:\n{}", ran.stdout);
    }
}

/// Two packages that need each other, and one that needs both; bootstrap has neither, so one has a conditional.
fn cycle() -> Site {
    let site = Site::new(&[]);
    let body =
        |requires: &str, provides: &str| format!("Provides: {provides}\n{requires}%description\nx\n%files\n");
    site.write_spec(
        "chicken",
        &format!(
            "%bcond_with bootstrap\n{}",
            body("%if %{without bootstrap}\nBuildRequires: egg\n%endif\n", "chicken")
        ),
    );
    site.write_spec("egg", &body("BuildRequires: chicken\n", "egg"));
    site.write_spec("nest", &body("BuildRequires: (egg and chicken)\n", "nest"));
    site
}

#[test]
fn a_cycle_is_planned_in_passes_and_drawn() {
    let _turn = turn();
    let site = cycle();
    let old = site.run(&["--format", "json", "plan"]).expect(0);
    let plan = old.json();
    assert_eq!(plan["cycles"][0]["members"], serde_json::json!(["chicken", "egg"]));
    let ids: Vec<_> =
        plan["steps"].as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap()).collect();
    for id in ["chicken:bootstrap", "chicken:1", "egg:1", "chicken:2", "egg:2", "chicken", "egg", "nest"] {
        assert!(ids.contains(&id), "{ids:?}");
    }
    let (svg, dot) = (site.path("plan.svg"), site.path("plan.dot"));
    let ran =
        site.run(&["plan", "--graph", svg.to_str().unwrap(), "--graph", dot.to_str().unwrap()]).expect(0);
    tells(
        &ran,
        &["cycle: chicken, egg: 3 passes", "critical path: chicken:bootstrap", "were never made here"],
    );
    assert!(fs::read_to_string(svg).unwrap().contains(">chicken:bootstrap</text>"));
    assert!(fs::read_to_string(dot).unwrap().contains("\"egg:1\" -> \"chicken:1\";"));
    site.run(&["plan", "--graph", "plan.png"]).expect(2).says(&["neither .svg nor .dot"]);

    fs::write(site.path("old.json"), &old.stdout).unwrap();
    let file = site.path("old.json");
    tells(&site.run(&["plan", "--diff", file.to_str().unwrap()]).expect(0), &["the plans are the same"]);
    fs::remove_dir_all(site.upstream.join("nest")).unwrap();
    tells(
        &site.run(&["plan", "--diff", file.to_str().unwrap()]).expect(0),
        &["nest", "gone; it was in wave"],
    );
}

#[test]
fn a_farm_self_hosting_and_what_can_not_be_built() {
    let _turn = turn();
    let site = cycle();
    let ran = site.run(&["plan", "--simulate", "1,4..9"]).expect(0);
    let workers: Vec<_> =
        ran.stdout.lines().filter_map(|line| line.split(' ').next()?.parse::<usize>().ok()).collect();
    assert_eq!(workers, [1, 4, 8, 9], "{}", ran.stdout);
    assert_eq!(site.run(&["plan", "--simulate"]).expect(0).stdout.lines().count(), 11);
    site.run(&["plan", "--simulate", "0"]).expect(2).says(&["no number of workers"]);

    let ran = site.run(&["plan", "--self-hosted"]).expect(4);
    tells(&ran, &["bash", "bootstrap, in 4 of 4 buildroots", "not self-hosted"]);

    site.write_spec("needy", "BuildRequires: libnowhere-devel\n%description\nx\n%files\n");
    site.run(&["plan"]).expect(4).says(&["needy can't be built", "--keep-going"]);
    let ran = site.run(&["plan", "--keep-going"]).expect(4);
    tells(&ran, &["can't be built: needy: libnowhere-devel", "nest"]);
}
