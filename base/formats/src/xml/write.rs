//! Writing XML.

use super::Element;

/// Appends text with everything escaped that XML asks for in an element or in a double-quoted attribute.
fn escape_into(out: &mut String, text: &str, attribute: bool) {
    let mut plain = 0;
    for (place, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' if attribute => "&quot;",
            b'\n' if attribute => "&#10;",
            b'\t' if attribute => "&#9;",
            b'\r' => "&#13;",
            _ => continue,
        };
        out.push_str(&text[plain..place]);
        out.push_str(escaped);
        plain = place + 1;
    }
    out.push_str(&text[plain..]);
}

/// Writes an XML document piece by piece. It indents nothing by itself: line breaks are the caller's.
#[derive(Default)]
pub(crate) struct Writer(pub(crate) String);

impl Writer {
    /// `<name a="b">`
    pub(crate) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> &mut Self {
        self.tag(name, attributes, ">")
    }

    /// `<name a="b"/>`
    pub(crate) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> &mut Self {
        self.tag(name, attributes, "/>")
    }

    /// `</name>`
    pub(crate) fn close(&mut self, name: &str) -> &mut Self {
        self.raw("</").raw(name).raw(">")
    }

    /// `<name a="b">text</name>`, or `<name a="b"/>` when there is no text.
    pub(crate) fn element(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> &mut Self {
        if text.is_empty() {
            return self.empty(name, attributes);
        }
        self.open(name, attributes);
        escape_into(&mut self.0, text, false);
        self.close(name)
    }

    /// An element with everything in it, indented.
    pub(crate) fn tree(&mut self, element: &Element, depth: usize) -> &mut Self {
        let Element { tag, text, children } = element;
        let attributes: Vec<_> = tag.attributes.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let indent = "  ".repeat(depth);
        self.raw(&indent);
        if children.is_empty() {
            return self.element(&tag.name, &attributes, text).raw("\n");
        }
        self.open(&tag.name, &attributes).raw("\n");
        for child in children {
            self.tree(child, depth + 1);
        }
        self.raw(&indent).close(&tag.name).raw("\n")
    }

    /// Text of a double-quoted attribute.
    pub(crate) fn attribute(&mut self, text: &str) -> &mut Self {
        escape_into(&mut self.0, text, true);
        self
    }

    /// Markup or white space as it is.
    pub(crate) fn raw(&mut self, text: &str) -> &mut Self {
        self.0.push_str(text);
        self
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)], end: &str) -> &mut Self {
        self.raw("<").raw(name);
        for (key, value) in attributes {
            self.raw(" ").raw(key).raw("=\"");
            escape_into(&mut self.0, value, true);
            self.raw("\"");
        }
        self.raw(end)
    }
}
