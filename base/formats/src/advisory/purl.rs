//! Package URLs of RPM packages: `pkg:rpm/kestrel/bash@5.1.8-9.el9?arch=x86_64&epoch=1&rpmmod=redis:7`.
//!
//! Source: the `rpm` type of the package-url specification. `rpmmod` is what Enterprise Linux vendors write beside.

use std::fmt::Write as _;

use heirloom_model::Evr;
use heirloom_model::stream::StreamId;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What a package URL says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Purl {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) evr: Option<Evr>,
    pub(crate) arch: Option<String>,
    pub(crate) module: Option<StreamId>,
    pub(crate) distro: Option<String>,
    /// File name of the source package, as makers of lists of parts write it.
    pub(crate) upstream: Option<String>,
}

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~').remove(b':');

impl Purl {
    /// Reads one; none if it is of another kind, or is broken.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let decode = |text: &str| percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned());
        let rest = text.strip_prefix("pkg:")?.trim_start_matches('/').strip_prefix("rpm/")?;
        let rest = rest.split('#').next()?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (path, version) = match path.rsplit_once('@') {
            Some((path, version)) => (path, Some(decode(version)?)),
            None => (path, None),
        };
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut purl = Self { namespace: decode(namespace)?, name: decode(name)?, ..Self::default() };
        let mut epoch = 0;
        for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let value = decode(value)?;
            match key {
                "arch" => purl.arch = Some(value),
                "epoch" => epoch = value.parse().ok()?,
                "distro" => purl.distro = Some(value),
                "upstream" => purl.upstream = Some(value),
                "rpmmod" => purl.module = Some(StreamId::parse(&value)?),
                _ => {}
            }
        }
        if let Some(version) = version {
            let (version, release) = version.rsplit_once('-')?;
            purl.evr = Some(Evr::new(epoch, version, release).ok()?);
        }
        Some(purl)
    }
}

impl std::fmt::Display for Purl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let encoded = |text: &str| utf8_percent_encode(text, KEPT).to_string();
        f.write_str("pkg:rpm/")?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", encoded(&self.namespace))?;
        }
        write!(f, "{}", encoded(&self.name))?;
        let mut query = String::new();
        let mut add = |key: &str, value: &str| {
            let between = if query.is_empty() { '?' } else { '&' };
            let _ = write!(query, "{between}{key}={}", encoded(value));
        };
        // In the order of their names, as the specification has it.
        if let Some(arch) = &self.arch {
            add("arch", arch);
        }
        if let Some(distro) = &self.distro {
            add("distro", distro);
        }
        if let Some(evr) = &self.evr {
            write!(f, "@{}-{}", encoded(evr.version()), encoded(evr.release()))?;
            if evr.epoch() != 0 {
                add("epoch", &evr.epoch().to_string());
            }
        }
        if let Some(StreamId { name, stream, version, context, arch: _ }) = &self.module {
            let mut label = format!("{name}:{stream}");
            if *version != 0 || !context.is_empty() {
                let _ = write!(label, ":{version}:{context}");
            }
            add("rpmmod", &label);
        }
        if let Some(upstream) = &self.upstream {
            add("upstream", upstream);
        }
        f.write_str(&query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in [
            "pkg:rpm/kestrel/bash@5.1.8-9.el9?arch=x86_64&distro=kestrel-9",
            "pkg:rpm/kestrel/python3-requests%2Bsecurity@2.25.1-10.el9?epoch=1",
            "pkg:rpm/kestrel/redis?rpmmod=redis:7:9060020250716081125:9",
            "pkg:rpm/kestrel/a@1~rc1%5Egit-1?arch=noarch",
            "pkg:rpm/a@1-1?arch=noarch&upstream=b-1-1.src.rpm",
        ] {
            let purl = Purl::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(purl.to_string(), text);
        }
        for text in
            ["", "pkg:deb/debian/bash", "pkg:rpm/a/b@1", "pkg:rpm/a/b?epoch=x", "pkg:rpm/a/b?rpmmod=c"]
        {
            assert_eq!(Purl::parse(text), None, "{text}");
        }
    }
}
