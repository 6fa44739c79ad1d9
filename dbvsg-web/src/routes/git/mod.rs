//! `/vsg/rollback`, `/vsg/checkout/{ref}` and their kin, and `/vsg/tables/{t}/revert`

mod answer;
mod call;
mod table;

use poem::http::Method;

use crate::{
    openapi::schema,
    operation::{Content, Operation},
    parameter::Parameter,
};
use call::Kind;

pub(super) fn operations() -> Vec<Operation> {
    let kinds = [
        ("/vsg/rollback", "rollback", Kind::Rollback, "Undoes the current commit"),
        ("/vsg/rollback/{ref}", "rollback_to", Kind::RollbackTo, "Undoes all commits after this one"),
        ("/vsg/restore/{ref}", "restore", Kind::Restore, "Makes a commit current again, without a new one in the log"),
        ("/vsg/merge/{ref}", "merge", Kind::Merge, "Puts the rows of a past state over those of now"),
        ("/vsg/checkout/{ref}", "checkout", Kind::Checkout, "Makes a new commit with the state of this one"),
        ("/vsg/revert/{ref}", "revert", Kind::Revert, "Takes back what one commit did, and keeps what came later"),
        ("/vsg/cherry-pick/{ref}", "cherry_pick", Kind::CherryPick, "Does again what one commit did"),
    ];
    let operations = kinds.into_iter().map(|(path, id, kind, summary)| {
        let table = "a table, the component that shows it, or `*` for all; the tables of the commit if it is left out";
        Operation::writing(Method::POST, path, format!("vsg.{id}"))
            .tag("commits")
            .summary(summary)
            .parameters([
                Parameter::text("table", table),
                Parameter::flag("dry_run", "whether only to tell what would be done"),
            ])
            .answers(200, "what was done, or would be", Some(Content::json(schema::named("Applied"))))
            .errors(&[404, 422])
            .run(move |call| call::run(kind, call))
    });
    operations.chain([table::operation()]).collect()
}
