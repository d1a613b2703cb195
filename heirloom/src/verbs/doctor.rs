//! `heirloom doctor`: what this machine lacks, and the command that installs it.

use crate::fail::{Exit, Fail};
use crate::ui::Shown;
