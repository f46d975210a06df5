//! Policies for benches: the shop's own, and any number of others.

use sluice::policy::SourceFile;

/// The shop's policies and `more` of others, a hundred a file: seven of ten name a table, two a pattern of tables, one a
/// tag.
pub(crate) fn files(more: usize) -> Vec<SourceFile> {
    let numbers: Vec<usize> = (0..more).collect();
    let others = numbers.chunks(100).enumerate().map(|(file, numbers)| SourceFile {
        path: format!("others/{file}.yaml"),
        text: numbers.iter().map(|n| document(*n)).collect(),
    });
    let shop = SourceFile { path: "shop.yaml".to_owned(), text: include_str!("policies.yaml").to_owned() };
    std::iter::once(shop).chain(others).collect()
}

fn document(n: usize) -> String {
    let (tables, tags) = match n % 10 {
        7 | 8 => (format!("table: \"table_{n}_*\""), String::new()),
        9 => (
            format!("tag: tag_{n}"),
            format!(
                "---\napiVersion: sluice/v1\nkind: Tags\nmetadata: {{name: tags-{n}, domain: shop}}\nspec:\n  \
                 tables: [{{table: table_{n}, tags: [tag_{n}]}}]\n"
            ),
        ),
        _ => (format!("table: table_{n}"), String::new()),
    };
    format!(
        "{tags}---\napiVersion: sluice/v1\nkind: AccessPolicy\nmetadata: {{name: policy-{n}, domain: shop}}\nspec:\n  \
         tables: [{{{tables}}}]\n  grants:\n    - to: {{groups: [group_{}]}}\n      privileges: [select]\n  \
         masks: [{{column: a, expression: \"'***'\"}}]\n  filters: [{{expression: b > {n}}}]\n",
        n % 10
    )
}
