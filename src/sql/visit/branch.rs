//! What lies below a statement about branches.

macro_rules! branch {
    ($name:ident, $($mutable:tt)?) => {
        pub fn branch<V: $name + ?Sized>(v: &mut V, node: & $($mutable)? Branch) {
            match node {
                Branch::Create { name, if_exists: _, properties: given, table, from } => {
                    v.identifier(name);
                    properties(v, given);
                    v.table_name(table);
                    if let Some(from) = from { v.identifier(from); }
                }
                Branch::Drop { name, if_exists: _, table } => {
                    v.identifier(name);
                    v.table_name(table);
                }
                Branch::FastForward { name, table, to } => {
                    v.identifier(name);
                    v.table_name(table);
                    v.identifier(to);
                }
                Branch::Show { table } => v.table_name(table),
            }
        }
    };
}
pub(super) use branch;
