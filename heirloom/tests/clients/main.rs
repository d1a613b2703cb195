//! What stock dnf, reposync and createrepo_c make of what is composed and published.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod life;
mod world;
