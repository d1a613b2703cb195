//! The text form of protocol buffers, as far as configuration files use it.

/// Messages within messages that are followed.
const DEEPEST: usize = 16;

/// A field of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Its line, from 1.
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A quoted text.
    Text(String),
    /// A number, or the name of a value.
    Word(String),
    Message(Vec<Field>),
}

/// Line and message.
type Fault = (usize, String);

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

/// Reads the fields of the outermost message.
pub(super) fn parse(text: &str) -> Result<Vec<Field>, Fault> {
    let mut reader = Reader { rest: text, line: 1 };
    reader.fields(None, 0)
}

impl Reader<'_> {
    /// Skips blanks, comments and what may stand between fields.
    fn skip(&mut self) {
        loop {
            let blank = self.rest.trim_start_matches([' ', '\t', '\r', ',', ';']);
            self.rest = blank;
            if let Some(rest) = blank.strip_prefix('\n') {
                self.line += 1;
                self.rest = rest;
            } else if blank.starts_with('#') {
                self.rest = &blank[blank.find('\n').unwrap_or(blank.len())..];
            } else {
                return;
            }
        }
    }

    fn word(&mut self) -> String {
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_.+-".contains(c)));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word.to_owned()
    }

    fn found(&self) -> String {
        match self.rest.chars().next() {
            Some(c) => format!("found `{c}`"),
            None => "found the end of the file".to_owned(),
        }
    }

    fn fields(&mut self, close: Option<char>, depth: usize) -> Result<Vec<Field>, Fault> {
        if depth > DEEPEST {
            return Err((self.line, "messages are nested too deep".to_owned()));
        }
        let mut fields = Vec::new();
        loop {
            self.skip();
            match (self.rest.chars().next(), close) {
                (None, None) => return Ok(fields),
                (Some(c), Some(close)) if c == close => {
                    self.rest = &self.rest[1..];
                    return Ok(fields);
                }
                _ => {}
            }
            let line = self.line;
            let name = self.word();
            if name.is_empty() {
                let wanted = close.map_or(String::new(), |close| format!(" or `{close}`"));
                return Err((self.line, format!("expected a field{wanted}, {}", self.found())));
            }
            self.skip();
            let colon = self.rest.strip_prefix(':');
            if let Some(rest) = colon {
                self.rest = rest;
                self.skip();
            }
            if let Some(rest) = self.rest.strip_prefix('[') {
                self.rest = rest;
                loop {
                    self.skip();
                    if let Some(rest) = self.rest.strip_prefix(']') {
                        self.rest = rest;
                        break;
                    }
                    let line = self.line;
                    let value = self.value(depth)?;
                    fields.push(Field { line, name: name.clone(), value });
                }
                continue;
            }
            if colon.is_none() && !self.rest.starts_with(['{', '<']) {
                return Err((self.line, format!("expected `:` or `{{` after `{name}`, {}", self.found())));
            }
            let value = self.value(depth)?;
            fields.push(Field { line, name, value });
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Fault> {
        match self.rest.chars().next() {
            Some(open @ ('{' | '<')) => {
                self.rest = &self.rest[1..];
                Ok(Value::Message(self.fields(Some(if open == '{' { '}' } else { '>' }), depth + 1)?))
            }
            Some('"' | '\'') => {
                let mut text = Vec::new();
                while self.rest.starts_with(['"', '\'']) {
                    self.quoted(&mut text)?;
                    self.skip();
                }
                String::from_utf8(text)
                    .map(Value::Text)
                    .map_err(|_| (self.line, "the text is not UTF-8".to_owned()))
            }
            _ => match self.word() {
                word if word.is_empty() => Err((self.line, format!("expected a value, {}", self.found()))),
                word => Ok(Value::Word(word)),
            },
        }
    }

    fn quoted(&mut self, text: &mut Vec<u8>) -> Result<(), Fault> {
        let open = (self.line, "the text is not closed".to_owned());
        let bytes = self.rest.as_bytes();
        let quote = bytes[0];
        let mut at = 1;
        loop {
            let byte = *bytes.get(at).ok_or_else(|| open.clone())?;
            at += 1;
            match byte {
                b'\n' => return Err(open),
                b'\\' => {
                    let escaped = *bytes.get(at).ok_or_else(|| open.clone())?;
                    at += 1;
                    let digits = |at: usize, most: usize, radix: u32| {
                        bytes[at..]
                            .iter()
                            .take(most)
                            .take_while(|byte| char::from(**byte).is_digit(radix))
                            .count()
                    };
                    let number = |from: usize, to: usize, radix: u32| {
                        let digits = std::str::from_utf8(&bytes[from..to]).ok();
                        digits.and_then(|digits| u32::from_str_radix(digits, radix).ok()).unwrap_or(0)
                    };
                    match escaped {
                        b'n' => text.push(b'\n'),
                        b't' => text.push(b'\t'),
                        b'r' => text.push(b'\r'),
                        b'a' => text.push(7),
                        b'b' => text.push(8),
                        b'f' => text.push(12),
                        b'v' => text.push(11),
                        b'x' => {
                            let end = at + digits(at, 2, 16);
                            text.push(number(at, end, 16) as u8);
                            at = end;
                        }
                        b'u' | b'U' => {
                            let end = at + digits(at, if escaped == b'u' { 4 } else { 8 }, 16);
                            let c =
                                char::from_u32(number(at, end, 16)).unwrap_or(char::REPLACEMENT_CHARACTER);
                            text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                            at = end;
                        }
                        b'0'..=b'7' => {
                            let end = at - 1 + digits(at - 1, 3, 8);
                            text.push(number(at - 1, end, 8) as u8);
                            at = end;
                        }
                        other @ (b'\\' | b'\'' | b'"' | b'?') => text.push(other),
                        other => {
                            let message = format!("`\\{}` is no escape", char::from(other).escape_default());
                            return Err((self.line, message));
                        }
                    }
                }
                byte if byte == quote => break,
                byte => text.push(byte),
            }
        }
        self.rest = self.rest.get(at..).ok_or(open)?;
        Ok(())
    }
}
