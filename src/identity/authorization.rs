//! The header `Authorization`: one scheme, one credential.

use super::Unidentified;
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// The credentials of a scheme. `None`: there are none, or they are of another scheme.
///
/// # Errors
/// [`Unidentified::Wrong`], if the header is there twice or is no text.
pub(super) fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Result<Option<&'a str>, Unidentified> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Unidentified::Wrong);
    }
    let value = value.to_str().map_err(|_| Unidentified::Wrong)?;
    let (named, rest) = value.split_once(' ').ok_or(Unidentified::Wrong)?;
    Ok(named.eq_ignore_ascii_case(scheme).then(|| rest.trim()))
}
