//! `SHOW SESSION` as a query: Trino names the properties of each catalog, of those too that the user may not know of.

use super::session::Session;
use crate::catalog::table::SessionProperty;
use crate::names::literal;

/// Trino's rows about the properties of its own and of catalogs that are `visible`.
pub(super) fn query(
    session: &Session,
    properties: &[SessionProperty],
    visible: impl Fn(&str) -> bool,
    condition: &str,
) -> String {
    let rows = properties.iter().filter(|property| property.catalog().is_none_or(&visible)).map(|property| {
        let SessionProperty { name, default, data_type, description } = property;
        let value = session.properties.get(name.as_str()).map_or(&**default, String::as_str);
        format!("({})", [name, value, default, data_type, description].map(literal).join(", "))
    });
    let rows = rows.collect::<Vec<_>>().join(", ");
    format!(
        r#"SELECT * FROM (VALUES {rows}) AS "session" ("Name", "Value", "Default", "Type", "Description"){condition}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn property(name: &str) -> SessionProperty {
        SessionProperty {
            name: name.into(),
            default: "1".into(),
            data_type: "varchar".into(),
            description: "it's a text".into(),
        }
    }

    #[test]
    fn what_is_hidden_is_left_out_and_what_the_session_has_is_its_value() {
        let properties = ["a", "lake.b", "hidden.c"].map(property);
        let mut session = Session::default();
        session.properties.insert("lake.b".to_owned(), "2".to_owned());
        assert_eq!(
            query(&session, &properties, |catalog| catalog == "lake", r#" WHERE "Name" LIKE 'x'"#),
            r#"SELECT * FROM (VALUES ('a', '1', '1', 'varchar', 'it''s a text'), ('lake.b', '2', '1', 'varchar', 'it''s a text')) AS "session" ("Name", "Value", "Default", "Type", "Description") WHERE "Name" LIKE 'x'"#
        );
    }
}
