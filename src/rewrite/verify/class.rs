//! The proof that a statement is still of its class, and each statement within it.

use super::{Unproved, parse, session};
use crate::enforce::Request;
use crate::sql::StatementKind;
use crate::sql::ast::Statement;

/// What may become a query.
const SHOWN: [&str; 7] =
    ["ShowCatalogs", "ShowSchemas", "ShowTables", "ShowColumns", "ShowGrants", "ShowRoles", "ShowSession"];

/// Proves that the user's statement has become one of the same class, and so have those within it: in `EXPLAIN`, in a text
/// that is executed, and in the prepared statement that goes along, whose text is `prepared`. Rewriting may turn `SHOW …`
/// into a query, and nothing else into anything else.
pub(super) fn same(
    request: &Request<'_>,
    asked: &Statement,
    proposed: &Statement,
    prepared: Option<&str>,
) -> Result<(), Unproved> {
    match (&asked.kind, &proposed.kind) {
        (
            StatementKind::Explain { options: _, statement: asked },
            StatementKind::Explain { options: _, statement: proposed },
        )
        | (
            StatementKind::ExplainAnalyze { verbose: _, statement: asked },
            StatementKind::ExplainAnalyze { verbose: _, statement: proposed },
        ) => same(request, asked, proposed, prepared),
        (
            StatementKind::ExecuteImmediate { text: asked, parameters: _ },
            StatementKind::ExecuteImmediate { text: proposed, parameters: _ },
        ) => same(request, &parse(&asked.value, request)?, &parse(&proposed.value, request)?, prepared),
        (StatementKind::Execute { name, parameters: _ }, StatementKind::Execute { name: proposed, parameters: _ })
        | (StatementKind::DescribeInput { name }, StatementKind::DescribeInput { name: proposed })
        | (StatementKind::DescribeOutput { name }, StatementKind::DescribeOutput { name: proposed }) => {
            let asked = request.session.prepared.get(name.value.as_str());
            let (Some(asked), Some(sent)) = (asked, prepared) else {
                return Err(Unproved::because("a prepared statement that is not known"));
            };
            if name.value != proposed.value {
                return Err(Unproved::because("another prepared statement"));
            }
            // What is prepared executes nothing that is prepared.
            same(request, &parse(asked, request)?, &parse(sent, request)?, None)
        }
        _ => of_one(request, asked, proposed),
    }
}

fn of_one(request: &Request<'_>, asked: &Statement, proposed: &Statement) -> Result<(), Unproved> {
    let (was, is) = (asked.kind.class(), proposed.kind.class());
    if was == "ShowSession" {
        session::prove(request, proposed)?;
    }
    if was == is || SHOWN.contains(&was) && is == "Query" {
        Ok(())
    } else {
        Err(Unproved::because(format!("{was} became {is}")))
    }
}
