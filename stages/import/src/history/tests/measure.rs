//! How long it takes.

use super::*;

/// Times 3,000 packages: `cargo test --release -p heirloom-import history -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn measure() {
    let place = Place::new();
    let all: Vec<_> = (0..3000)
        .map(|index| {
            let spec = format!("Name: p{index}\n").repeat(400);
            let patch = "+line of a patch\n".repeat(200);
            place.imported(
                &format!("p{index}"),
                &[
                    (&format!("p{index}.spec"), spec.as_bytes()),
                    ("fix.patch", patch.as_bytes()),
                    ("p.tar.xz", spec.as_bytes()),
                ],
            )
        })
        .collect();
    for what in ["new", "nothing new"] {
        let start = std::time::Instant::now();
        let new = all.iter().filter(|imported| place.record(imported, imported, "p-1-1", 1).new).count();
        println!("{what}: {new} recorded, {:.3} s", start.elapsed().as_secs_f64());
    }
}
