//! The solver against cases with known answers, and against dnf.

mod cases;
mod dnf;
mod support;
