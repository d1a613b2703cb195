//! Plans, case by case: what is installed, what is offered, and what is to come of it; and what is read for them.

#![expect(clippy::unwrap_used, reason = "what fails here is meant to fail the test")]

mod migration_plan {
    mod case;
    mod fetch;
    mod figures;
    mod judge;
    mod known;
    mod property;
    mod rest;
    mod rules;
    mod target;
}
