//! What is wrong with the modules of a repository.

use std::fmt;

use heirloom_model::Nevra;

use super::{StreamChoice, StreamId};

/// Something about a repository's modules that its maker has to know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModuleFinding {
    /// Some packages of a stream are not there, and others are.
    Incomplete {
        /// The stream.
        stream: StreamId,
        /// What is missing, sorted.
        missing: Vec<Nevra>,
    },
    /// No package of a stream is there; its document was dropped.
    Empty {
        /// The stream.
        stream: StreamId,
    },
    /// The document is for another architecture, and was dropped.
    OtherArchitecture {
        /// The stream.
        stream: StreamId,
    },
    /// Two documents of different content are of the same stream, version and context: the first one counts.
    Twice {
        /// The stream.
        stream: StreamId,
        /// Whether the context was chosen by a packager, who has to choose another one.
        static_context: bool,
    },
    /// Defaults or obsoletes were dropped with the last stream of their module.
    ModuleGone {
        /// The module.
        module: String,
    },
    /// The default stream of a module is not there.
    DefaultMissing {
        /// The module.
        module: String,
        /// The stream.
        stream: String,
        /// For which intent, if not for all.
        intent: Option<String>,
    },
    /// The definition gives a default stream to a module that is not there.
    DefaultOfNothing {
        /// The module.
        module: String,
        /// The stream.
        stream: String,
    },
    /// Several streams of a module are default.
    SeveralDefaults {
        /// The module.
        module: String,
        /// The streams, sorted.
        streams: Vec<String>,
    },
    /// What takes the place of a stream that ended is not there.
    SuccessorMissing {
        /// The module of the stream that ended.
        module: String,
        /// The stream that ended.
        stream: String,
        /// `module:stream` that should take its place.
        successor: String,
    },
    /// A packager's document, which has no place in a repository, was dropped.
    Packager {
        /// The module, empty if the document leaves it open.
        module: String,
    },
    /// A stream needs a stream of another module that is not there.
    Unmet {
        /// The stream.
        stream: StreamId,
        /// The other module.
        module: String,
        /// Which streams of it would do.
        needs: StreamChoice,
    },
    /// A package says in its header that it belongs to a module, and no stream has it.
    Unlisted {
        /// The package.
        package: Nevra,
        /// Its label.
        label: String,
    },
    /// A package is of a stream, and its header says otherwise or nothing: a client without the metadata would not hide it.
    OtherLabel {
        /// The package.
        package: Nevra,
        /// The stream that has it.
        stream: StreamId,
        /// Its label, empty if it has none.
        label: String,
    },
    /// A package is of a stream, and of a repository's ordinary packages, too.
    AlsoInBase {
        /// The package.
        package: Nevra,
        /// The stream that has it.
        stream: StreamId,
    },
}

impl fmt::Display for ModuleFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete { stream, missing } => {
                write!(f, "{stream}: {} of its packages are missing:", missing.len())?;
                missing.iter().try_for_each(|package| write!(f, " {package}"))
            }
            Self::Empty { stream } => write!(f, "{stream}: none of its packages is there; dropped"),
            Self::OtherArchitecture { stream } => write!(f, "{stream}: of another architecture; dropped"),
            Self::Twice { stream, static_context: false } => write!(f, "{stream}: two different documents"),
            Self::Twice { stream, static_context: true } => {
                write!(f, "{stream}: two different documents with one static context; each needs its own")
            }
            Self::ModuleGone { module } => {
                write!(f, "{module}: no stream of it is there; its defaults and obsoletes are dropped")
            }
            Self::DefaultMissing { module, stream, intent: None } => {
                write!(f, "{module}: its default stream {stream} is not there")
            }
            Self::DefaultMissing { module, stream, intent: Some(intent) } => {
                write!(f, "{module}: its default stream {stream} for {intent} is not there")
            }
            Self::DefaultOfNothing { module, stream } => {
                write!(f, "{module}: its default stream is set to {stream}, and no stream of it is there")
            }
            Self::SeveralDefaults { module, streams } => {
                write!(f, "{module}: more than one stream is default: {}", streams.join(", "))
            }
            Self::SuccessorMissing { module, stream, successor } => {
                write!(f, "{module}:{stream} is obsoleted by {successor}, which is not there")
            }
            Self::Packager { module } => write!(f, "{module}: a packager's document; dropped"),
            Self::Unmet { stream, module, needs } => {
                write!(f, "{stream}: needs {needs} of module {module}, which is not there")
            }
            Self::Unlisted { package, label } => {
                write!(f, "{package}: says that it is of module {label}, and no stream there has it")
            }
            Self::OtherLabel { package, stream, label } if label.is_empty() => {
                write!(f, "{package}: is of {stream}, and has no modularity label")
            }
            Self::OtherLabel { package, stream, label } => {
                write!(f, "{package}: is of {stream}, and its modularity label is {label}")
            }
            Self::AlsoInBase { package, stream } => {
                write!(f, "{package}: is of {stream}, and of the ordinary packages, too")
            }
        }
    }
}
