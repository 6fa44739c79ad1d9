//! The schemas that do not depend on a table.

use serde_json::{Map, Value as Json, json};

/// A reference to a named schema.
pub(crate) fn named(name: &str) -> Json {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// An array.
pub(crate) fn array(item: Json) -> Json {
    json!({"type": "array", "items": item})
}

/// An object whose fields are all there.
pub(crate) fn object(properties: Json) -> Json {
    let names: Vec<&str> = properties.as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect();
    json!({"type": "object", "required": names, "properties": properties})
}

/// Any row.
pub(crate) fn row() -> Json {
    json!({"type": "object", "additionalProperties": true})
}

fn text() -> Json {
    json!({"type": "string"})
}

fn optional(mut schema: Json) -> Json {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("nullable".into(), true.into());
    }
    schema
}

fn moment() -> Json {
    json!({"type": "string", "format": "date-time"})
}

fn id() -> Json {
    json!({"type": "string", "format": "uuid"})
}

fn seconds() -> Json {
    json!({"type": "number", "minimum": 0, "description": "seconds"})
}

fn count() -> Json {
    json!({"type": "integer", "format": "int64"})
}

fn flag() -> Json {
    json!({"type": "boolean"})
}

/// For each column that differs, its value on either side.
pub(crate) fn fields() -> Json {
    json!({
        "type": "object",
        "additionalProperties": {"type": "object", "properties": {"from": {}, "to": {}}, "required": ["from", "to"]},
    })
}

fn word(words: &[&str]) -> Json {
    json!({"type": "string", "enum": words})
}

/// What happened to a row, in one word.
const OPERATIONS: [&str; 6] = ["baseline", "create", "update", "delete", "soft_delete", "restore"];

/// The named ones.
pub(crate) fn common() -> Map<String, Json> {
    let schemas = [
        ("Problem", problem()),
        ("Commit", commit()),
        ("CommitTable", commit_table()),
        ("Change", change()),
        ("Version", version()),
        ("Tag", tag()),
        ("NewTag", new_tag()),
        ("Comment", comment()),
        ("NewComment", new_comment()),
        ("TableStatus", table_status()),
        ("TableStatistics", table_statistics()),
        ("Enabling", json!({"type": "object", "additionalProperties": false, "properties": {"suffix": suffix()}})),
        ("RowDiff", row_diff()),
        ("Blame", blame()),
        ("Lineage", lineage()),
        ("Diff", diff()),
        ("Comparison", comparison()),
        ("DiffCount", object(json!({"added": count(), "removed": count(), "changed": count()}))),
        ("Verification", verification()),
        ("Applied", applied()),
        ("Conflict", conflict()),
        ("Retention", retention()),
        ("Pruned", pruned()),
        (
            "Health",
            object(
                json!({"status": text(), "backend": text(), "tracked": count(), "unsealed": count(), "lag": seconds()}),
            ),
        ),
    ];
    schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn problem() -> Json {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": text(), "title": text(), "status": {"type": "integer"}, "detail": text(),
            "component": text(), "table": text(), "key": text(), "field": text(), "conflicts": array(named("Conflict")),
        },
    })
}

fn commit() -> Json {
    object(json!({
        "uuid": id(), "seq": count(), "branch": text(), "parent": optional(id()), "merged": optional(id()),
        "operation": text(), "query": optional(text()), "message": optional(text()), "user_id": text(),
        "meta": {"nullable": true}, "hash": text(), "created_at": moment(), "is_current": flag(),
        "rollbacked": flag(), "rollbacked_at": optional(moment()), "tags": array(text()),
        "tables": array(named("CommitTable")),
    }))
}

fn commit_table() -> Json {
    object(json!({
        "table": text(), "inserted": count(), "updated": count(), "deleted": count(), "rows": count(),
        "parent": optional(id()), "is_current": flag(), "rollbacked": flag(),
    }))
}

fn change() -> Json {
    object(json!({
        "id": text(), "timestamp": moment(), "component": text(), "record_id": text(), "operation": word(&OPERATIONS),
        "actor": text(), "commit": id(), "message": optional(text()), "before": optional(row()), "after": optional(row()),
    }))
}

fn version() -> Json {
    object(json!({
        "version": count(), "commit": id(), "operation": word(&OPERATIONS), "actor": text(),
        "message": optional(text()), "at": moment(), "before": optional(row()), "after": optional(row()),
        "changed": array(text()), "tags": array(text()), "comments": array(named("Comment")),
    }))
}

fn tag() -> Json {
    object(json!({
        "name": text(), "ref": id(), "comment": optional(text()), "actor": text(), "created_at": moment(),
        "deleted_at": optional(moment()), "deleted_by": optional(text()),
    }))
}

fn new_tag() -> Json {
    let name = "letters, digits, `.`, `_`, `-` and `/`; nothing that reads like another kind of reference";
    json!({
        "type": "object",
        "required": ["name", "ref"],
        "additionalProperties": false,
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 100, "description": name},
            "ref": {"type": "string", "description": "a reference to the commit"},
            "comment": optional(json!({"type": "string", "maxLength": 10000})),
        },
    })
}

fn comment() -> Json {
    object(json!({
        "comment": text(), "actor": text(), "created_at": moment(), "table": optional(text()), "key": optional(text()),
        "version": optional(count()),
    }))
}

fn new_comment() -> Json {
    let key = "the row's key: its value, or the array of its values";
    let version = "the number that the row's history gives a version which the commit made; needs `table` and `key`";
    json!({
        "type": "object",
        "required": ["comment"],
        "additionalProperties": false,
        "properties": {
            "comment": {"type": "string", "minLength": 1, "maxLength": 10000},
            "table": {"type": "string", "nullable": true, "description": "a table, or the component that shows it"},
            "key": {"nullable": true, "description": key},
            "version": {"type": "integer", "format": "int64", "minimum": 1, "nullable": true, "description": version},
        },
    })
}

fn table_status() -> Json {
    object(json!({
        "table": text(), "component": optional(text()), "tracked": flag(), "history_table": optional(text()),
        "rows": optional(count()), "versions": optional(count()), "reason": optional(text()),
    }))
}

fn table_statistics() -> Json {
    let bytes = "what its history takes: exact on SQLite and PostgreSQL, what MariaDB last counted";
    object(json!({
        "table": text(), "tracked": flag(), "history_table": optional(text()), "enabled_at": optional(moment()),
        "rows": optional(count()), "versions": optional(count()), "inserts": optional(count()),
        "updates": optional(count()), "deletes": optional(count()), "first_change": optional(moment()),
        "last_change": optional(moment()),
        "history_bytes": {"type": "integer", "format": "int64", "nullable": true, "description": bytes},
    }))
}

fn suffix() -> Json {
    json!({
        "type": "string", "nullable": true, "pattern": "^[A-Za-z0-9_-]{1,50}$", "default": "_history",
        "description": "what is added to the table's name to name its history",
    })
}

fn row_diff() -> Json {
    object(json!({"from": text(), "to": text(), "fields": fields(), "summary": text()}))
}

/// A row on either side.
fn changed_row() -> Json {
    object(json!({"id": {}, "from": row(), "to": row(), "fields": fields()}))
}

fn blame() -> Json {
    object(json!({
        "column": text(), "value": {}, "commit": id(), "actor": text(), "message": optional(text()), "at": moment(),
    }))
}

fn lineage() -> Json {
    object(json!({
        "version": count(), "commit": id(), "branch": text(), "operation": word(&OPERATIONS),
        "parent_version": optional(count()), "merged_from": optional(id()),
    }))
}

fn diff() -> Json {
    object(json!({"added": array(row()), "removed": array(row()), "changed": array(changed_row())}))
}

fn comparison() -> Json {
    object(json!({
        "added_rows": array(row()), "deleted_rows": array(row()), "modified_rows": array(changed_row()),
    }))
}

fn applied() -> Json {
    let changes = object(json!({"table": text(), "inserted": count(), "updated": count(), "deleted": count()}));
    object(json!({
        "commit": optional(id()), "operation": text(), "changes": array(changes), "conflicts": array(named("Conflict")),
        "preview": {"type": "object", "additionalProperties": named("Diff")}, "notes": array(text()),
    }))
}

fn conflict() -> Json {
    let kinds = word(&["modify_modify", "modify_delete", "delete_modify", "add_add"]);
    let cell = object(json!({"column": text(), "base": {}, "ours": {}, "theirs": {}}));
    object(json!({
        "id": text(), "table": text(), "pk": row(), "kind": kinds, "cells": array(cell),
        "base_row": optional(row()), "our_row": optional(row()), "their_row": optional(row()),
    }))
}

fn verification() -> Json {
    let found = object(json!({"table": optional(text()), "commit": optional(text()), "problem": text()}));
    object(json!({"ok": flag(), "commits": count(), "rows": count(), "problems": array(found)}))
}

fn retention() -> Json {
    json!({
        "type": "object",
        "properties": {
            "before": optional(text()), "keep_versions": optional(json!({"type": "integer", "minimum": 0})),
            "one_per": optional(word(&["hour", "day", "week", "month"])),
            "dry_run": {"type": "boolean", "default": true, "nullable": true},
        },
    })
}

fn pruned() -> Json {
    let horizon = object(json!({"commit": id(), "seq": count(), "at": moment()}));
    let table = object(json!({
        "table": text(), "removed": count(), "removed_bytes": count(), "kept": count(), "kept_bytes": count(),
        "horizon": optional(horizon),
    }));
    object(json!({"commit": optional(id()), "dry_run": flag(), "tables": array(table)}))
}
