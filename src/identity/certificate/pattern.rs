//! Texts with parts: what a value of a certificate has to look like, and the user that is made of its parts.
//!
//! A part stands for at least one character. It ends where the text after it begins, and holds no separator, so a value
//! is read in one way or not at all.

use std::collections::BTreeMap;

/// What values are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    pieces: Vec<Piece>,
    separator: Option<char>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// A part, with its name if it has one.
    Part(Option<String>),
}

/// Parts of a value by their names.
pub(super) type Parts = BTreeMap<String, String>;

impl Pattern {
    /// Reads a pattern; `None` if it is empty, a brace is alone, a part has no name or the name of another, or two parts
    /// stand side by side.
    pub(super) fn parse(text: &str, separator: Option<char>) -> Option<Pattern> {
        let pieces = pieces(text, true)?;
        let mut names: Vec<&String> = Vec::new();
        for piece in &pieces {
            if let Piece::Part(Some(name)) = piece {
                if names.contains(&name) {
                    return None;
                }
                names.push(name);
            }
        }
        Some(Pattern { pieces, separator })
    }

    /// The names of its parts.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Part(name) => name.as_deref(),
            Piece::Text(_) => None,
        })
    }

    /// The parts of a value; `None` if it does not fit.
    pub(super) fn parts(&self, value: &str) -> Option<Parts> {
        let mut parts = Parts::new();
        let mut rest = value;
        let mut pieces = self.pieces.iter().peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Text(text) => rest = rest.strip_prefix(text.as_str())?,
                Piece::Part(name) => {
                    let stop = match pieces.peek() {
                        Some(Piece::Text(text)) => text.chars().next(),
                        _ => None,
                    };
                    let end = stop.map_or(Some(rest.len()), |stop| rest.find(stop))?;
                    let (part, after) = rest.split_at_checked(end)?;
                    if part.is_empty() || self.separator.is_some_and(|separator| part.contains(separator)) {
                        return None;
                    }
                    if let Some(name) = name {
                        parts.insert(name.clone(), part.to_owned());
                    }
                    rest = after;
                }
            }
        }
        rest.is_empty().then_some(parts)
    }
}

/// The name of a user, made of parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

impl Template {
    /// Reads a template whose parts are among `names`.
    pub(super) fn parse(text: &str, names: &[&str]) -> Option<Template> {
        let pieces = pieces(text, false)?;
        let known = |piece: &Piece| match piece {
            Piece::Text(_) => true,
            Piece::Part(name) => name.as_ref().is_some_and(|name| names.contains(&name.as_str())),
        };
        pieces.iter().all(known).then_some(Template(pieces))
    }

    /// The name.
    pub(super) fn of(&self, parts: &Parts) -> Option<String> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Part(name) => text.push_str(parts.get(name.as_ref()?)?),
            }
        }
        Some(text)
    }
}

/// Texts and parts in turn. A star is a part without a name, where it is one at all.
fn pieces(text: &str, stars: bool) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = rest.find(|c| matches!(c, '{' | '}') || (stars && c == '*')).unwrap_or(rest.len());
        let (before, after) = rest.split_at_checked(at)?;
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        let part = if let Some(after) = after.strip_prefix('*') {
            rest = after;
            None
        } else if let Some(after) = after.strip_prefix('{') {
            let (name, after) = after.split_once('}')?;
            let right = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            rest = after;
            Some(right.then(|| name.to_owned())?)
        } else if after.is_empty() {
            break;
        } else {
            return None;
        };
        if matches!(pieces.last(), Some(Piece::Part(_))) {
            return None;
        }
        pieces.push(Piece::Part(part));
    }
    (!pieces.is_empty()).then_some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(pattern: &str, separator: char, value: &str) -> Option<String> {
        let parts = Pattern::parse(pattern, Some(separator)).unwrap().parts(value)?;
        Some(parts.iter().map(|(name, part)| format!("{name}={part}")).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_value_is_read_in_one_way_or_not_at_all() {
        let spiffe = "spiffe://acme/ns/{ns}/sa/{name}";
        for (pattern, separator, value, expected) in [
            (spiffe, '/', "spiffe://acme/ns/etl/sa/loader", Some("name=loader ns=etl")),
            (spiffe, '/', "spiffe://acme/ns/etl/sa/loader/x", None),
            (spiffe, '/', "spiffe://acme/ns/etl/x/sa/loader", None),
            (spiffe, '/', "spiffe://acme/ns//sa/loader", None),
            (spiffe, '/', "spiffe://acme/ns/etl/sa/", None),
            (spiffe, '/', "spiffe://evil/ns/etl/sa/loader", None),
            ("spiffe://acme/*/sa/{n}", '/', "spiffe://acme/x/sa/l", Some("n=l")),
            ("{host}.etl.acme", '.', "a.etl.acme", Some("host=a")),
            ("{host}.etl.acme", '.', "a.b.etl.acme", None),
            ("{host}.etl.acme", '.', ".etl.acme", None),
            ("{user}@acme", '@', "anna@acme", Some("user=anna")),
            ("{user}@acme", '@', "anna@evil@acme", None),
            ("{user}@acme", '@', "anna@acme.evil", None),
            ("{a}-{b}", '/', "x-y-z", Some("a=x b=y-z")),
            ("{a}-x", '/', "b-x-x", None),
            ("exact", '/', "exact", Some("")),
            ("exact", '/', "exactly", None),
            ("é{a}é", '/', "éüé", Some("a=ü")),
        ] {
            assert_eq!(parts(pattern, separator, value).as_deref(), expected, "{pattern} {value}");
        }
        for wrong in ["", "{", "}", "{}", "{a}{b}", "{a}*", "**", "{a b}", "{a}/{a}", "{a{b}}", "x}"] {
            assert_eq!(Pattern::parse(wrong, None), None, "{wrong}");
        }
    }

    #[test]
    fn a_user_is_made_of_parts_that_are_there() {
        let parts = Parts::from([("ns".to_owned(), "etl".to_owned()), ("n".to_owned(), "loader".to_owned())]);
        let of = |text: &str| Template::parse(text, &["ns", "n"])?.of(&parts);
        assert_eq!(of("svc-{ns}-{n}").unwrap(), "svc-etl-loader");
        assert_eq!(of("loader").unwrap(), "loader");
        assert_eq!(of("*").unwrap(), "*");
        // Side by side, two parts of different values could make the same name.
        for wrong in ["", "{other}", "{", "{ns}{n}"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
