//! Debrand: applies the distribution's rules to one imported source package, so that another company's name is out of
//! it, and says edit by edit what was done.
//!
//! It is pure: it gets the bytes of files and gives bytes of files. It must not run a script of a rule itself (the
//! caller does, in the sandbox), fetch anything, or guess: a rule that changes nothing is an error.
