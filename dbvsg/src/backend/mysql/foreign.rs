//! Foreign keys: a table's own, and those above it through which rows change without a trigger.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DatabaseExecutor, QueryResult};

use super::describe::about;
use crate::{
    Result,
    model::{Action, Cascade, ForeignKey, TableName},
};

const FOREIGN_KEYS: &str = "SELECT k.constraint_name AS key_name, k.column_name AS name, k.referenced_table_schema AS schema_name, \
    k.referenced_table_name AS parent, k.referenced_column_name AS referenced, r.delete_rule AS on_delete, r.update_rule AS on_update, \
    CAST(k.referenced_table_schema <> DATABASE() AS SIGNED) AS outside FROM information_schema.key_column_usage k \
    JOIN information_schema.referential_constraints r ON r.constraint_schema = DATABASE() \
    AND r.table_name = ? AND r.constraint_name = k.constraint_name \
    WHERE k.table_schema = DATABASE() AND k.table_name = ? AND k.referenced_table_name IS NOT NULL \
    ORDER BY k.constraint_name, k.ordinal_position";

/// A table's foreign keys; the cascades that can reach it, its own and those of the tables above; and why those cannot be
/// captured, if they cannot. One query for each table on the way up.
pub(super) async fn read(
    db: &DatabaseExecutor<'_>,
    name: &TableName,
) -> Result<(Vec<ForeignKey>, Vec<Cascade>, Option<String>)> {
    let own = cascades(db, name).await?;
    let foreign_keys = own.iter().map(|cascade| ForeignKey {
        columns: cascade.columns.clone(),
        references: cascade.parent.clone(),
        referenced: cascade.referenced.clone(),
    });
    let foreign_keys = foreign_keys.collect();
    let acts = |cascade: &Cascade| cascade.on_delete != Action::None || cascade.on_update != Action::None;
    let mut found: Vec<Cascade> = own.into_iter().filter(acts).collect();
    let mut seen = vec![name.clone()];
    let mut at = 0;
    while let Some(parent) = found.get(at).map(|cascade| cascade.parent.clone()) {
        at += 1;
        if parent.schema.is_none() && !seen.contains(&parent) {
            found.extend(cascades(db, &parent).await?.into_iter().filter(acts));
            seen.push(parent);
        }
    }
    let outside = found.iter().find(|cascade| cascade.parent.schema.is_some()).map(|cascade| {
        format!(
            "its rows change with those of `{}`, a table of another database, through the foreign key of `{}`; no trigger sees that",
            cascade.parent, cascade.child,
        )
    });
    Ok((foreign_keys, found, outside))
}

async fn cascades(db: &DatabaseExecutor<'_>, name: &TableName) -> Result<Vec<Cascade>> {
    let mut keys: BTreeMap<String, Cascade> = BTreeMap::new();
    for row in db.query_all_raw(about(name, FOREIGN_KEYS)).await? {
        let key: String = row.try_get("", "key_name")?;
        if !keys.contains_key(&key) {
            keys.insert(key.clone(), cascade(name, &row)?);
        }
        if let Some(cascade) = keys.get_mut(&key) {
            cascade.columns.push(row.try_get("", "name")?);
            cascade.referenced.push(row.try_get("", "referenced")?);
        }
    }
    Ok(keys.into_values().collect())
}

fn cascade(child: &TableName, row: &QueryResult) -> Result<Cascade> {
    let outside = row.try_get::<i64>("", "outside")? != 0;
    let schema = if outside { Some(row.try_get("", "schema_name")?) } else { None };
    let action = |name: &str| Ok::<_, crate::Error>(action(&row.try_get::<String>("", name)?));
    Ok(Cascade {
        child: child.clone(),
        parent: TableName { schema, name: row.try_get("", "parent")? },
        columns: Vec::new(),
        referenced: Vec::new(),
        on_delete: action("on_delete")?,
        on_update: action("on_update")?,
    })
}

fn action(rule: &str) -> Action {
    match rule {
        "CASCADE" => Action::Cascade,
        "SET NULL" => Action::SetNull,
        _ => Action::None,
    }
}
