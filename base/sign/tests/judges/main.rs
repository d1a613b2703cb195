//! gpg, rpm and dnf judge what is signed here, and what they sign is judged here.

mod dnf;
mod keys;
mod packages;
mod support;
