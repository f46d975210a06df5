//! Decimals that are compared with other numbers.
//!
//! Trino makes both sides of a comparison decimals of as many digits, before the point and behind it, as either has, and of
//! 38 in all at most. A number that does not fit then fails, and the error quotes it.

/// The most digits of a decimal.
const MOST: u32 = 38;
/// The digits of the longest `bigint`.
const OF_BIGINT: u32 = 19;

/// Digits before the point and behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Digits {
    whole: u32,
    fraction: u32,
}

impl Digits {
    /// Those of `decimal(p,s)`, as Trino prints it.
    pub(super) fn of(data_type: &str) -> Option<Digits> {
        let inner = data_type.strip_prefix("decimal(")?.strip_suffix(')')?;
        let comma = inner.bytes().position(|byte| byte == b',')?;
        let digits = |part: &str| part.trim_ascii().parse::<u32>().ok();
        let (precision, scale) = (digits(inner.get(..comma)?)?, digits(inner.get(comma + 1..)?)?);
        Some(Digits { whole: precision.checked_sub(scale)?, fraction: scale })
    }

    /// The most that a literal of so many letters, one of them a point, can have on either side.
    pub(super) fn of_letters(letters: usize) -> Digits {
        let most = u32::try_from(letters).unwrap_or(u32::MAX).saturating_sub(1);
        Digits { whole: most, fraction: most }
    }

    /// As many as either has.
    pub(super) fn and(self, other: Digits) -> Digits {
        Digits { whole: self.whole.max(other.whole), fraction: self.fraction.max(other.fraction) }
    }

    /// Whether there are none.
    pub(crate) fn none(self) -> bool {
        self == Digits::default()
    }

    /// Whether no decimal holds so many, and those of a `bigint` besides.
    pub(super) fn overflow(self) -> bool {
        !self.none() && self.whole.max(OF_BIGINT).saturating_add(self.fraction) > MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_decimal_can_hold_does_not_overflow() {
        let digits = |types: &[&str]| types.iter().filter_map(|of| Digits::of(of)).fold(Digits::default(), Digits::and);
        for types in
            [&["decimal(38,0)"][..], &["decimal(38,19)", "decimal(19,0)"], &["decimal(12,2)", "decimal(21,5)"], &[]]
        {
            assert!(!digits(types).overflow(), "{types:?}");
        }
        for types in [&["decimal(38,38)"][..], &["decimal(38,20)"], &["decimal(38,0)", "decimal(4,1)"]] {
            assert!(digits(types).overflow(), "{types:?}");
        }
        assert!(!Digits::of_letters("1.123456789012345678".len()).overflow());
        assert!(Digits::of_letters("1.12345678901234567890".len()).overflow());
    }
}
