//! The columns of a component, as its routes and its schemas need them.

use dbvsg::codec;
use serde_json::{Map, Value as Json, json};

use super::{Fields, kind::Kind};
use crate::{openapi::schema, problem::Problem};

/// A component's name, table and columns.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) component: String,
    pub(crate) table: String,
    /// The column that marks deleted rows.
    pub(crate) soft_delete: Option<String>,
    pub(crate) fields: Vec<Field>,
    /// The key's columns, in key order.
    pub(crate) key: Vec<String>,
}

/// One column.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// The schema of its values, NULL left aside.
    pub(crate) schema: Json,
    pub(crate) nullable: bool,
    /// Whether the database fills it in where a row leaves it out.
    pub(crate) has_default: bool,
    /// What the database fills in, if it is known.
    pub(crate) default: Option<Json>,
    /// Whether the database computes it.
    pub(crate) generated: bool,
}

impl Field {
    /// The schema of its values.
    pub(crate) fn nullable_schema(&self) -> Json {
        let mut schema = self.schema.clone();
        if let (true, Some(schema)) = (self.nullable, schema.as_object_mut()) {
            schema.insert("nullable".into(), true.into());
        }
        schema
    }
}

impl Shape {
    /// Its name as a part of a path.
    pub(crate) fn segment(&self) -> String {
        codec::key_text_of([Json::from(self.component.as_str())])
    }

    /// The name of its schema, which allows few letters and is taken by nothing else. A plain name is its own.
    pub(crate) fn schema_name(&self) -> String {
        let name = &self.component;
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if is_plain && !schema::common().contains_key(name) {
            return name.clone();
        }
        let spelt = name.bytes().map(|byte| match byte {
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("_{byte:02X}"),
        });
        format!("table.{}", spelt.collect::<String>())
    }

    /// The name of a CSV file of it.
    pub(crate) fn file_name(&self) -> String {
        format!("{}.csv", self.segment())
    }

    /// The column of this name.
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether a column belongs to the key.
    pub(crate) fn is_key(&self, name: &str) -> bool {
        self.key.iter().any(|key| key == name)
    }

    /// Whether a body may set a column.
    fn is_writable(&self, field: &Field) -> bool {
        !field.generated && self.soft_delete.as_deref() != Some(&field.name)
    }

    /// The text form of a row's key.
    pub(crate) fn key_text(&self, row: &Fields) -> String {
        codec::key_text_of(self.key.iter().map(|name| row.get(name).cloned().unwrap_or_default()))
    }

    /// Refuses fields that nobody may set, or that are no fields.
    pub(crate) fn check(&self, fields: &Fields) -> Result<(), Problem> {
        for name in fields.keys() {
            let reason = match self.field(name) {
                None => format!("`{}` has no field `{name}`", self.component),
                Some(field) if field.generated => format!("`{name}` is computed by the database"),
                Some(field) if !self.is_writable(field) => format!("`{name}` is set by delete and restore only"),
                Some(_) => continue,
            };
            return Err(Problem::invalid(reason).component(&self.component).field(name));
        }
        Ok(())
    }

    /// What replaces a row: the fields given, and for those left out NULL or their default.
    pub(crate) fn replacement(&self, mut fields: Fields) -> Result<Fields, Problem> {
        for field in &self.fields {
            if fields.contains_key(&field.name) || self.is_key(&field.name) || !self.is_writable(field) {
                continue;
            }
            match &field.default {
                Some(default) => _ = fields.insert(field.name.clone(), default.clone()),
                None if field.has_default => {}
                None if field.nullable => _ = fields.insert(field.name.clone(), Json::Null),
                None => {
                    let detail = format!("`{}` is required", field.name);
                    return Err(Problem::invalid(detail).component(&self.component).field(&field.name));
                }
            }
        }
        Ok(fields)
    }

    /// The schema of a row that is answered.
    pub(crate) fn row_schema(&self) -> Json {
        let properties = self.fields.iter().map(|field| (field.name.clone(), field.nullable_schema()));
        let required: Vec<&str> = self.fields.iter().map(|field| field.name.as_str()).collect();
        json!({"type": "object", "properties": Map::from_iter(properties), "required": required})
    }

    /// The schema of a body: `required` says which of the fields it may hold must be there.
    pub(crate) fn body_schema(&self, required: impl Fn(&Field) -> bool) -> Json {
        let writable = || self.fields.iter().filter(|field| self.is_writable(field));
        let properties = writable().map(|field| (field.name.clone(), field.nullable_schema()));
        let required: Vec<&str> = writable().filter(|field| required(field)).map(|field| field.name.as_str()).collect();
        let mut schema =
            json!({"type": "object", "properties": Map::from_iter(properties), "additionalProperties": false});
        if let (false, Some(schema)) = (required.is_empty(), schema.as_object_mut()) {
            schema.insert("required".into(), required.into());
        }
        schema
    }

    /// Whether a row cannot do without this field.
    pub(crate) fn is_required(field: &Field) -> bool {
        !field.nullable && !field.has_default
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The shape of a table of people.
    pub(crate) fn shape() -> Shape {
        let field = |name: &str, kind: Kind, nullable: bool, has_default: bool| Field {
            name: name.into(),
            kind,
            schema: json!({"type": "string"}),
            nullable,
            has_default,
            default: None,
            generated: false,
        };
        Shape {
            component: "users".into(),
            table: "users".into(),
            soft_delete: Some("deleted_at".into()),
            fields: vec![
                field("id", Kind::Ordered, false, true),
                field("name", Kind::Text, false, false),
                field("note__gt", Kind::Text, true, false),
                field("active", Kind::Plain, false, true),
                field("deleted_at", Kind::Ordered, true, false),
            ],
            key: vec!["id".into()],
        }
    }

    fn fields(json: Json) -> Fields {
        json.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn a_body_may_not_hold_what_nobody_sets() {
        for body in [json!({"deleted_at": null}), json!({"nmae": "x"})] {
            assert_eq!(shape().check(&fields(body)).unwrap_err().status().as_u16(), 422);
        }
        assert!(shape().check(&fields(json!({"id": 1, "name": "x"}))).is_ok());
    }

    #[test]
    fn a_replacement_is_whole() {
        let replaced = shape().replacement(fields(json!({"name": "x"}))).unwrap();
        assert_eq!(Json::from(replaced), json!({"name": "x", "note__gt": null}));
        assert_eq!(shape().replacement(Fields::new()).unwrap_err().status().as_u16(), 422);
    }
}
