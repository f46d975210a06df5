//! Text → expression.

use super::{Class, Node, Unsupported};

/// How deep groups may nest.
const MOST_DEPTH: usize = 50;

/// Reads an expression; with it the number of its groups that take something.
pub(super) fn read(text: &str, any_case: bool) -> Result<(Node, usize), Unsupported> {
    let mut reader = Reader { rest: text.chars().collect(), at: 0, groups: 0, depth: 0, any_case };
    let node = reader.alternatives()?;
    if reader.at < reader.rest.len() {
        return Err(Unsupported("a `)` without its `(`"));
    }
    Ok((node, reader.groups))
}

struct Reader {
    rest: Vec<char>,
    at: usize,
    groups: usize,
    depth: usize,
    any_case: bool,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek();
        self.at += 1;
        character
    }

    fn eat(&mut self, text: &str) -> bool {
        let there = text.chars().enumerate().all(|(index, c)| self.rest.get(self.at + index) == Some(&c));
        self.at += if there { text.chars().count() } else { 0 };
        there
    }

    fn alternatives(&mut self) -> Result<Node, Unsupported> {
        let first = self.concat()?;
        if self.peek() != Some('|') {
            return Ok(first);
        }
        let mut nodes = vec![first];
        while self.eat("|") {
            nodes.push(self.concat()?);
        }
        Ok(Node::Alternatives(nodes))
    }

    fn concat(&mut self) -> Result<Node, Unsupported> {
        // The whole name is matched, so these say nothing at the ends of an alternative.
        if self.depth == 0 {
            self.eat("^");
        }
        let mut nodes = Vec::new();
        while let Some(character) = self.peek() {
            if character == '|' || character == ')' {
                break;
            }
            if character == '$' && self.depth == 0 && matches!(self.rest.get(self.at + 1), None | Some('|')) {
                self.at += 1;
                continue;
            }
            let atom = self.atom()?;
            nodes.push(self.repeated(atom)?);
        }
        Ok(match nodes.pop() {
            Some(only) if nodes.is_empty() => only,
            last => Node::Concat(nodes.into_iter().chain(last).collect()),
        })
    }

    fn one(&self, class: Class) -> Node {
        Node::One(if self.any_case { class.in_any_case() } else { class })
    }

    fn atom(&mut self) -> Result<Node, Unsupported> {
        match self.next() {
            Some('.') => Ok(Node::One(Class::any())),
            Some('(') => self.group(),
            Some('[') => self.class().map(|class| self.one(class)),
            Some('\\') => self.escape(),
            Some('^' | '$') => Err(Unsupported("`^` or `$` in the middle")),
            Some('*' | '+' | '?') => Err(Unsupported("a repetition of nothing")),
            Some('{') => Err(Unsupported("a `{` that is not quoted")),
            Some(character) => Ok(self.one(Class::one(character))),
            None => Err(Unsupported("it ends in the middle")),
        }
    }

    fn group(&mut self) -> Result<Node, Unsupported> {
        let number = if self.eat("?:") {
            None
        } else if self.peek() == Some('?') {
            return Err(Unsupported("a look-around, a flag or a named group"));
        } else {
            self.groups += 1;
            Some(self.groups)
        };
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(Unsupported("groups are nested too deeply"));
        }
        let node = Box::new(self.alternatives()?);
        self.depth -= 1;
        if self.eat(")") { Ok(Node::Group { node, number }) } else { Err(Unsupported("a `(` without its `)`")) }
    }

    fn repeated(&mut self, node: Node) -> Result<Node, Unsupported> {
        let (least, most) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                self.at += 1;
                let least = self.number().ok_or(Unsupported("a repetition without its number"))?;
                let most = if self.eat(",") { self.number() } else { Some(least) };
                if self.peek() != Some('}') || most.is_some_and(|most| most < least) {
                    return Err(Unsupported("a repetition that can't be read"));
                }
                (least, most)
            }
            _ => return Ok(node),
        };
        self.at += 1;
        // Lazy or not, the whole name is matched; what never gives back is another matter.
        self.eat("?");
        match self.peek() {
            Some('+') => Err(Unsupported("a possessive repetition")),
            Some('*' | '?' | '{') => Err(Unsupported("a repetition of a repetition")),
            _ => Ok(Node::Repeat { node: Box::new(node), least, most }),
        }
    }

    fn number(&mut self) -> Option<usize> {
        let mut number = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            number = Some((number.unwrap_or(0) * 10 + digit as usize).min(1000));
            self.at += 1;
        }
        number
    }

    fn escape(&mut self) -> Result<Node, Unsupported> {
        if self.eat("Q") {
            let mut nodes = Vec::new();
            while self.at < self.rest.len() && !self.eat("\\E") {
                nodes.extend(self.next().map(|character| self.one(Class::one(character))));
            }
            return Ok(Node::Concat(nodes));
        }
        self.escaped().map(|class| self.one(class))
    }

    /// What follows a backslash, as a set of characters.
    fn escaped(&mut self) -> Result<Class, Unsupported> {
        let class = |negated, ranges: &[(char, char)]| Ok(Class { negated, ranges: ranges.to_vec() });
        let space = [(' ', ' '), ('\t', '\r')];
        let word = [('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')];
        match self.next() {
            Some('d') => class(false, &[('0', '9')]),
            Some('D') => class(true, &[('0', '9')]),
            Some('w') => class(false, &word),
            Some('W') => class(true, &word),
            Some('s') => class(false, &space),
            Some('S') => class(true, &space),
            Some('t') => Ok(Class::one('\t')),
            Some('n') => Ok(Class::one('\n')),
            Some(character) if !character.is_alphanumeric() => Ok(Class::one(character)),
            Some(_) => Err(Unsupported("a back-reference, a boundary or a property of characters")),
            None => Err(Unsupported("it ends in a backslash")),
        }
    }

    fn class(&mut self) -> Result<Class, Unsupported> {
        let negated = self.eat("^");
        let mut ranges = Vec::new();
        loop {
            let from = match self.next() {
                None => return Err(Unsupported("a `[` without its `]`")),
                Some(']') if ranges.is_empty() => return Err(Unsupported("an empty class")),
                Some(']') => break,
                Some('[') => return Err(Unsupported("a class in a class")),
                Some('&') if self.peek() == Some('&') => return Err(Unsupported("an intersection of classes")),
                Some('\\') => {
                    let class = self.escaped()?;
                    match class.ranges.as_slice() {
                        [(from, to)] if from == to && !class.negated => *from,
                        _ if class.negated => return Err(Unsupported("a class in a class")),
                        _ => {
                            ranges.extend(class.ranges);
                            continue;
                        }
                    }
                }
                Some(character) => character,
            };
            let is_range = self.peek() == Some('-') && self.rest.get(self.at + 1).is_some_and(|c| *c != ']');
            let to = if is_range {
                self.at += 1;
                match self.next() {
                    Some('\\' | '[') | None => return Err(Unsupported("a range that can't be read")),
                    Some(to) if to < from => return Err(Unsupported("a range that can't be read")),
                    Some(to) => to,
                }
            } else {
                from
            };
            ranges.push((from, to));
        }
        Ok(Class { negated, ranges })
    }
}
