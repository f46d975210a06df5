//! Names in a directory: values put into names (RFC 4514) and filters (RFC 4515), and names taken apart.

use ldap3::{dn_escape, ldap_escape};

/// The name of a user by a pattern such as `uid={user},ou=people,dc=example,dc=com`.
pub(super) fn dn(pattern: &str, user: &str) -> String {
    pattern.replace("{user}", &dn_escape(user))
}

/// A name below another that nobody has.
pub(super) fn nobody(base: &str) -> String {
    format!("cn=nobody of whom Sluice knows,{base}")
}

/// A filter with values in it: `{user}` and, where it is known, `{dn}`. A value that looks like one of these stays what
/// it is.
pub(super) fn filter(pattern: &str, user: &str, dn: Option<&str>) -> String {
    let mut filter = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        filter.push_str(before);
        let (value, after) = match (after.strip_prefix("user}"), after.strip_prefix("dn}"), dn) {
            (Some(after), _, _) => (ldap_escape(user), after),
            (_, Some(after), Some(dn)) => (ldap_escape(dn), after),
            _ => ("{".into(), after),
        };
        filter.push_str(&value);
        rest = after;
    }
    filter + rest
}

/// One step of a name: the attribute's type, in small letters, and its value.
pub(super) type Step = (String, String);

/// The steps of a name, the innermost first; `None` if it can't be read, or a step is made of several values.
pub(super) fn steps(dn: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = dn;
    loop {
        let (kind, after) = rest.split_once('=')?;
        let (value, after) = value(after)?;
        let kind = kind.trim().to_ascii_lowercase();
        if kind.is_empty() || value.is_empty() {
            return None;
        }
        steps.push((kind, value));
        match after {
            None => return Some(steps),
            Some(after) => rest = after,
        }
    }
}

/// The first step's value of a name that stands below another.
pub(super) fn below(dn: &str, base: &[Step]) -> Option<String> {
    let steps = steps(dn)?;
    let above = steps.len().checked_sub(base.len()).filter(|above| *above > 0)?;
    let same = |(mine, theirs): (&Step, &Step)| mine.0 == theirs.0 && mine.1.to_lowercase() == theirs.1.to_lowercase();
    if !steps.iter().skip(above).zip(base).all(same) {
        return None;
    }
    steps.into_iter().next().map(|(_, value)| value)
}

/// A value up to the next comma, and what follows it.
fn value(text: &str) -> Option<(String, Option<&str>)> {
    let text = text.trim_start_matches(' ');
    // Encoded by other rules, or quoted as RFC 1779 has it.
    if text.starts_with(['#', '"']) {
        return None;
    }
    let mut bytes = Vec::new();
    // Spaces in front of the comma are no part of the value, unless they are escaped.
    let mut kept = 0;
    let mut chars = text.char_indices();
    let mut rest = None;
    while let Some((at, c)) = chars.next() {
        match c {
            ',' => {
                rest = Some(text.get(at + 1..)?);
                break;
            }
            '+' | ';' | '"' | '<' | '>' => return None,
            '\\' => {
                let (_, first) = chars.next()?;
                if let Some(high) = first.to_digit(16) {
                    let low = chars.next()?.1.to_digit(16)?;
                    bytes.push(u8::try_from(high * 16 + low).ok()?);
                } else if first.is_ascii() {
                    bytes.push(u8::try_from(first).ok()?);
                } else {
                    return None;
                }
                kept = bytes.len();
            }
            c => {
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                if c != ' ' {
                    kept = bytes.len();
                }
            }
        }
    }
    bytes.truncate(kept);
    Some((String::from_utf8(bytes).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldap3::asn1::ASNTag;

    #[test]
    fn what_a_user_writes_stays_a_value() {
        for (user, name, found) in [
            ("anna", "uid=anna,ou=p", "(uid=anna)"),
            ("*", "uid=*,ou=p", "(uid=\\2a)"),
            (")(uid=*", "uid=)(uid\\3d*,ou=p", "(uid=\\29\\28uid=\\2a)"),
            ("a,ou=admins", "uid=a\\2cou\\3dadmins,ou=p", "(uid=a,ou=admins)"),
            ("a+uid=b", "uid=a\\2buid\\3db,ou=p", "(uid=a+uid=b)"),
            ("a\\2c", "uid=a\\5c2c,ou=p", "(uid=a\\5c2c)"),
            ("a\0b", "uid=a\\00b,ou=p", "(uid=a\\00b)"),
            (" #a ", "uid=\\20#a\\20,ou=p", "(uid= #a )"),
            ("#a", "uid=\\23a,ou=p", "(uid=#a)"),
            ("\"<a>;", "uid=\\22\\3ca\\3e\\3b,ou=p", "(uid=\"<a>;)"),
            ("ünï", "uid=ünï,ou=p", "(uid=ünï)"),
            ("{dn}", "uid={dn},ou=p", "(uid={dn})"),
            ("{user}", "uid={user},ou=p", "(uid={user})"),
        ] {
            assert_eq!(dn("uid={user},ou=p", user), name, "{user}");
            assert_eq!(filter("(uid={user})", user, Some("secret")), found, "{user}");
            assert!(ldap3::parse_filter(filter("(&(a=b)(uid={user}))", user, None)).is_ok(), "{user}");
            let read = steps(&name.replace("\\20#a\\20", "x")).unwrap();
            assert_eq!(read.len(), 2, "{user}: {read:?}");
        }
        assert_eq!(filter("(|(m={dn})(u={user}){x})", "a", Some("cn=a*")), "(|(m=cn=a\\2a)(u=a){x})");
    }

    /// The attribute and the value that a filter compares, if it is just that: equality, by RFC 4511 of tag 3.
    fn compared(filter: &str) -> Option<(Vec<u8>, Vec<u8>)> {
        let tag = ldap3::parse_filter(filter).ok()?.into_structure();
        let parts = if tag.id == 3 { tag.expect_constructed()? } else { return None };
        let mut parts = parts.into_iter().map(|part| part.expect_primitive());
        let both = (parts.next()??, parts.next()??);
        parts.next().is_none().then_some(both)
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_user_writes_is_read_as_that_value(user in proptest::prop_oneof!["[-a,+=\"\\\\<>;#*(){} \0dnuser2c]{1,12}", ".{1,40}"]) {
            let expected = [("uid".to_owned(), user.clone()), ("ou".to_owned(), "p".to_owned())];
            proptest::prop_assert_eq!(steps(&dn("uid={user},ou=p", &user)), Some(expected.to_vec()));
            let value = |filter: String| compared(&filter).map(|(_, value)| String::from_utf8(value).unwrap());
            proptest::prop_assert_eq!(value(filter("(uid={user})", &user, None)), Some(user.clone()));
            proptest::prop_assert_eq!(value(filter("(member={dn})", "x", Some(&user))), Some(user));
        }
    }

    #[test]
    fn a_group_is_below_its_base_or_none() {
        let base = steps("OU=Groups, DC=Example,DC=com").unwrap();
        for (name, group) in [
            ("cn=Analysts,ou=groups,dc=example,dc=com", Some("Analysts")),
            ("CN=Analysts,OU=Deep,OU=GROUPS,DC=example,DC=COM", Some("Analysts")),
            ("cn=a\\,ou=groups\\,dc=x,ou=groups,dc=example,dc=com", Some("a,ou=groups,dc=x")),
            ("cn=a\\C3\\BC \\ ,ou=groups,dc=example,dc=com", Some("aü  ")),
            ("cn=Analysts,ou=other,dc=example,dc=com", None),
            ("cn=Analysts\\,ou=groups,dc=example,dc=com", None),
            ("ou=groups,dc=example,dc=com", None),
            ("cn=a+uid=b,ou=groups,dc=example,dc=com", None),
            ("cn=\"a\",ou=groups,dc=example,dc=com", None),
            ("cn=#0401,ou=groups,dc=example,dc=com", None),
            ("cn=,ou=groups,dc=example,dc=com", None),
            ("cn=a\\", None),
            ("cn=a\\ü,ou=groups,dc=example,dc=com", None),
            ("", None),
        ] {
            assert_eq!(below(name, &base).as_deref(), group, "{name}");
        }
    }
}
