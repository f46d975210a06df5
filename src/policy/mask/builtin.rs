//! The masks that Sluice brings.

use super::types::{Family, Kind, Type};
use crate::names::{TableName, literal};
use std::fmt;

/// A mask that Sluice brings. `NULL` stays `NULL` under each.
///
/// | mask | holds for | shows |
/// | --- | --- | --- |
/// | `null` | each type | `NULL` |
/// | `redact` | `varchar`, `char` | `****`, fewer if the column holds fewer |
/// | | whole numbers, `decimal`, `real`, `double` | 0 |
/// | | `boolean` | `false` |
/// | | `date`, `timestamp`, `time` | 1970-01-01, 00:00:00, in UTC |
/// | | `varbinary`, `array`, `map` | an empty one |
/// | | `uuid`, `ipaddress` | zeros: `00000000-0000-0000-0000-000000000000`, `::` |
/// | | `json` | JSON's own `null` |
/// | `first(n)`, `last(n)` | `varchar`, `char` | n characters and `****`; of a text that is not longer only `****` |
/// | `email` | `varchar`, `char` | the first letter, `****`, and what is behind the last `@` with it |
/// | `hash(key)` | `varchar` and `char` of 16 and more, `varbinary` | the HMAC-SHA256 of the text's UTF-8 or of the bytes; a text shows it in hexadecimal digits |
/// | | `uuid`, `bigint` | its first 16 or 8 bytes |
/// | `year` | `date`, `timestamp` | the first day of the year; `NULL` before the year -9999 and after 9999 |
/// | `bucket(n)` | numbers | the multiple of n at or below; `NULL` if the type can't hold it |
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Builtin {
    /// Shows `NULL`.
    Null,
    /// Shows one value of the type for all.
    Redact,
    /// Shows so many characters at the beginning.
    First(u32),
    /// Shows so many characters at the end.
    Last(u32),
    /// Shows the domain of an e-mail address, and the first letter before it.
    Email,
    /// Shows the same pseudonym for the same value; who has no key can't compute it.
    Hash(HashKey),
    /// Shows the first day of the year.
    Year,
    /// Shows the next multiple below.
    Bucket(u32),
}

/// Where the key of a hash stands: a row of a table that Sluice's identity alone may read. A key in the text of a mask
/// would be seen in `EXPLAIN` and in `system.runtime.queries`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HashKey {
    /// The table; it has the columns `name varchar` and `key varbinary`.
    pub table: TableName,
    /// The key's name.
    pub name: String,
}

/// A mask can't hold for a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mask `{mask}` can't hold for the type {data_type}: {reason}")]
pub struct CannotHold {
    /// The mask.
    pub mask: String,
    /// The type, as Trino prints it.
    pub data_type: String,
    /// Why, and what can.
    pub reason: String,
}

/// A name with its argument is no mask that Sluice brings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NoBuiltin {
    /// What is wrong with it.
    pub message: String,
}

/// Most characters that `first` and `last` show.
pub const MOST_SHOWN: u32 = 1000;
/// The greatest bucket.
pub const MOST_BUCKET: u32 = 1_000_000_000;
/// Fewest bytes of a key. A shorter one counts as none.
pub const FEWEST_KEY_BYTES: u32 = 16;
/// Fewest characters of a column that shows hashes: less would give the same hash to different values too often.
pub const FEWEST_HASH_CHARACTERS: u64 = 16;

const STARS: u64 = 4;

/// The masks that Sluice brings, as a policy names them, without arguments.
pub const BUILTINS: [&str; 8] = ["null", "redact", "first", "last", "email", "hash", "year", "bucket"];

impl fmt::Display for Builtin {
    /// As a policy names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Builtin::Null => write!(f, "null"),
            Builtin::Redact => write!(f, "redact"),
            Builtin::First(shown) => write!(f, "first({shown})"),
            Builtin::Last(shown) => write!(f, "last({shown})"),
            Builtin::Email => write!(f, "email"),
            Builtin::Hash(key) => write!(f, "hash({})", key.name),
            Builtin::Year => write!(f, "year"),
            Builtin::Bucket(size) => write!(f, "bucket({size})"),
        }
    }
}

impl Builtin {
    /// Reads a name as a policy writes it: `null`, `redact`, `first(4)`, `last(4)`, `email`, `hash(NAME)`, `year`,
    /// `bucket(100)`. `keys` is the table of the keys, if there is one.
    ///
    /// # Errors
    /// [`NoBuiltin`], if there is no such mask, its argument is missing, wrong or too great, or there are no keys.
    pub fn parse(text: &str, keys: Option<&TableName>) -> Result<Builtin, NoBuiltin> {
        let wrong = |message: String| NoBuiltin { message };
        let (name, argument) = match text.split_once('(') {
            Some((name, rest)) => (name.trim(), Some(rest.strip_suffix(')').unwrap_or_default().trim())),
            None => (text.trim(), None),
        };
        let number = |most: u32| match argument.map(str::parse::<u32>) {
            Some(Ok(number)) if (1..=most).contains(&number) => Ok(number),
            _ => Err(wrong(format!("`{name}` takes a number from 1 to {most}: `{name}(4)`"))),
        };
        let plain = |builtin: Builtin| match argument {
            None => Ok(builtin),
            Some(_) => Err(wrong(format!("`{name}` takes no argument"))),
        };
        match name {
            "null" => plain(Builtin::Null),
            "redact" => plain(Builtin::Redact),
            "first" => number(MOST_SHOWN).map(Builtin::First),
            "last" => number(MOST_SHOWN).map(Builtin::Last),
            "email" => plain(Builtin::Email),
            "year" => plain(Builtin::Year),
            "bucket" => number(MOST_BUCKET).map(Builtin::Bucket),
            "hash" => match (argument.filter(|name| !name.is_empty()), keys) {
                (Some(name), Some(table)) => Ok(Builtin::Hash(HashKey { table: table.clone(), name: name.to_owned() })),
                (None, _) => Err(wrong("`hash` takes the name of a key: `hash(customers)`".to_owned())),
                (_, None) => Err(wrong("`hash` needs a table of keys, and none is named".to_owned())),
            },
            _ => Err(wrong(format!("there is no mask `{name}`"))),
        }
    }

    /// An SQL expression for columns of a type, with `{column}` for the value. It fails for no value, is `NULL` where
    /// the value is, and can be cast to the type without failing; the cast cuts texts that are too long.
    ///
    /// # Errors
    /// [`CannotHold`], if the mask makes no sense for the type.
    pub fn expression(&self, data_type: &Type) -> Result<String, CannotHold> {
        let known = |value: String| Ok(format!("IF({{column}} IS NULL, NULL, {value})"));
        match self {
            Builtin::Null => Ok("NULL".to_owned()),
            Builtin::Redact => known(self.redacted(data_type)?),
            Builtin::First(_) | Builtin::Last(_) | Builtin::Email => known(self.shown(data_type)?),
            Builtin::Hash(key) => self.hashed(key, data_type),
            Builtin::Year => {
                let literal = match data_type.kind {
                    Kind::Date => |date: &str| format!("DATE '{date}'"),
                    Kind::Timestamp { zone: false } => |date: &str| format!("TIMESTAMP '{date} 00:00:00'"),
                    Kind::Timestamp { zone: true } => |date: &str| format!("TIMESTAMP '{date} 00:00:00 UTC'"),
                    _ => return Err(self.cannot(data_type, "it is for dates and timestamps")),
                };
                // At the ends of its range Trino has no first of the year, and `TRY` does not catch that.
                let (first, last) = (literal("-9999-01-01"), literal("9999-12-31"));
                Ok(format!("IF({{column}} BETWEEN {first} AND {last}, date_trunc('year', {{column}}))"))
            }
            Builtin::Bucket(size) => {
                let (value, size) = match data_type.kind {
                    Kind::Decimal => ("{column}".to_owned(), format!("DECIMAL '{size}'")),
                    Kind::Real | Kind::Double => {
                        let value = format!("floor(CAST({{column}} AS double) / {size}e0) * {size}e0");
                        return Ok(format!("CAST({value} AS {})", data_type.text));
                    }
                    _ if data_type.family() == Family::Number => {
                        ("CAST({column} AS bigint)".to_owned(), format!("BIGINT '{size}'"))
                    }
                    _ => return Err(self.cannot(data_type, "it is for numbers")),
                };
                // `mod` keeps the sign. What is below the least value of the type becomes NULL.
                let above = format!("mod(mod({value}, {size}) + {size}, {size})");
                Ok(format!("TRY(CAST({value} - {above} AS {}))", data_type.text))
            }
        }
    }

    fn cannot(&self, data_type: &Type, reason: &str) -> CannotHold {
        CannotHold { mask: self.to_string(), data_type: data_type.text.clone(), reason: reason.to_owned() }
    }

    fn redacted(&self, data_type: &Type) -> Result<String, CannotHold> {
        let value = match &data_type.kind {
            Kind::Varchar(None) => stars(STARS),
            Kind::Varchar(Some(most)) | Kind::Char(most) => stars(STARS.min(*most)),
            Kind::TinyInt | Kind::SmallInt | Kind::Integer | Kind::BigInt | Kind::Decimal => "0".to_owned(),
            Kind::Real | Kind::Double => "0e0".to_owned(),
            Kind::Boolean => "false".to_owned(),
            Kind::Date => "DATE '1970-01-01'".to_owned(),
            Kind::Timestamp { zone: false } => "TIMESTAMP '1970-01-01 00:00:00'".to_owned(),
            Kind::Timestamp { zone: true } => "TIMESTAMP '1970-01-01 00:00:00 UTC'".to_owned(),
            Kind::Time { zone: false } => "TIME '00:00:00'".to_owned(),
            Kind::Time { zone: true } => "TIME '00:00:00+00:00'".to_owned(),
            Kind::Varbinary => "X''".to_owned(),
            Kind::Uuid => "UUID '00000000-0000-0000-0000-000000000000'".to_owned(),
            Kind::IpAddress => "IPADDRESS '::'".to_owned(),
            Kind::Json => "JSON 'null'".to_owned(),
            Kind::Array(_) => "ARRAY[]".to_owned(),
            Kind::Map(_) => "MAP()".to_owned(),
            Kind::Row(_) => return Err(self.cannot(data_type, "name the fields to mask, or take `null`")),
            Kind::Other => return Err(self.cannot(data_type, "take `null`")),
        };
        Ok(value)
    }

    /// A part of a text.
    fn shown(&self, data_type: &Type) -> Result<String, CannotHold> {
        let (value, most) = match data_type.kind {
            Kind::Varchar(most) => ("{column}".to_owned(), most),
            // Trino pads it, so its last characters would be spaces.
            Kind::Char(most) => ("rtrim(CAST({column} AS varchar))".to_owned(), Some(most)),
            _ => return Err(self.cannot(data_type, "it is for texts")),
        };
        // Room for what is shown in a column that holds few characters.
        let hidden = |shown: u64| most.map_or(STARS, |most| STARS.min(most.saturating_sub(shown).max(1).min(most)));
        Ok(match self {
            Builtin::First(shown) => {
                let stars = stars(hidden(u64::from(*shown)));
                format!("IF(length({value}) > {shown}, concat(substr({value}, 1, {shown}), {stars}), {stars})")
            }
            Builtin::Last(shown) => {
                let stars = stars(hidden(u64::from(*shown)));
                format!("IF(length({value}) > {shown}, concat({stars}, substr({value}, -{shown})), {stars})")
            }
            _ => {
                let stars = stars(hidden(0));
                let at = format!("strpos({value}, '@', -1)");
                let domain = format!("substr({value}, {at})");
                // Of a name of one letter nothing is shown.
                format!(
                    "CASE WHEN {at} > 2 THEN concat(substr({value}, 1, 1), {stars}, {domain}) \
                     WHEN {at} > 0 THEN concat({stars}, {domain}) ELSE {stars} END"
                )
            }
        })
    }

    fn hashed(&self, key: &HashKey, data_type: &Type) -> Result<String, CannotHold> {
        let HashKey { table, name } = key;
        // No key, a short one or two of one name give NULL: nothing is shown. An empty key would fail.
        let key = format!(
            "(SELECT IF(count(*) = 1, max(k.key)) FROM {} k WHERE k.name = {} AND length(k.key) >= {FEWEST_KEY_BYTES})",
            table.to_sql(),
            literal(name)
        );
        let hash = |value: &str| format!("hmac_sha256({value}, {key})");
        Ok(match data_type.kind {
            Kind::Varchar(Some(most)) | Kind::Char(most) if most < FEWEST_HASH_CHARACTERS => {
                let reason = format!("a hash needs {FEWEST_HASH_CHARACTERS} characters");
                return Err(self.cannot(data_type, &reason));
            }
            Kind::Varchar(_) => format!("to_hex({})", hash("to_utf8({column})")),
            Kind::Char(_) => format!("to_hex({})", hash("to_utf8(rtrim(CAST({column} AS varchar)))")),
            Kind::Varbinary => hash("{column}"),
            Kind::Uuid => format!("CAST(substr({}, 1, 16) AS uuid)", hash("CAST({column} AS varbinary)")),
            Kind::BigInt => format!("from_big_endian_64(substr({}, 1, 8))", hash("to_big_endian_64({column})")),
            _ => return Err(self.cannot(data_type, "it is for varchar, char, varbinary, uuid and bigint")),
        })
    }
}

fn stars(count: u64) -> String {
    format!("'{}'", "*".repeat(usize::try_from(count).unwrap_or_default()))
}
