//! The checked form of a struct. `parse` knows how things are written; the rules are here.

use std::num::NonZeroU64;

use syn::{Ident, LitStr, Path, ext::IdentExt, parse_quote};

use crate::attribute::Setting;
use crate::errors::{Errors, did_you_mean, listed};
use crate::parse::{Field, Input};

/// Path segments that the web layer serves itself; `dbvsg-web` refuses the same in `bootstrap.rs`.
const RESERVED: [&str; 6] = ["db", "vsg", "audit", "api", "docs", "openapi.json"];

/// What the implementation says. Where a mistake was reported, a stand-in.
pub(crate) struct Model {
    pub(crate) dbvsg: Path,
    pub(crate) component: String,
    /// Columns are named by their variants of `Column`.
    pub(crate) soft_delete: Option<Ident>,
    pub(crate) skip: Vec<Ident>,
    pub(crate) ignore: Vec<Ident>,
    pub(crate) max_records: Option<u64>,
}

impl Model {
    pub(crate) fn check(input: &Input<'_>, errors: &mut Errors) -> Self {
        let soft_delete = soft_delete(input, errors);
        for field in &input.fields {
            check_policy(field, soft_delete, errors);
        }
        let columns = |policy: fn(&Field<'_>) -> bool| {
            let fields = input.fields.iter().filter(|field| policy(field));
            fields.filter_map(|field| field.column.clone()).collect()
        };
        Self {
            dbvsg: input.dbvsg.given().cloned().unwrap_or_else(|| parse_quote!(::dbvsg)),
            component: component(input, errors).unwrap_or_default(),
            soft_delete: soft_delete.and_then(|field| field.column.clone()),
            skip: columns(|field| field.skip.given().is_some()),
            ignore: columns(|field| field.ignore.given().is_some()),
            max_records: max_records(input, errors),
        }
    }
}

fn component(input: &Input<'_>, errors: &mut Errors) -> Option<String> {
    // The table's name was not chosen with URLs in mind: say how to leave it as it is.
    let (name, otherwise) = match (&input.component, &input.table_name) {
        (Setting::Wrong, _) => return None,
        (Setting::Given(name), _) => (name, ""),
        (Setting::Absent, Some(name)) => {
            (name, "\nanother name than the table's is set by `#[versioned(component = \"..\")]`")
        }
        (Setting::Absent, None) => {
            errors.add(
                input.ident,
                "a component needs a name: the table's, `#[sea_orm(table_name = \"..\")]`, or its own, \
                 `#[versioned(component = \"..\")]`",
            );
            return None;
        }
    };
    if let Err(mistake) = check_component(&name.value()) {
        errors.add(name, mistake + otherwise);
    }
    Some(name.value())
}

fn check_component(name: &str) -> Result<(), String> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() {
        Err("a component's name cannot be empty: it stands in URLs, as `users` in `/users/1`".to_owned())
    } else if RESERVED.contains(&name) {
        Err(format!("`{name}` cannot be a component's name: {} are reserved", listed(&RESERVED)))
    } else if let Some(c) = name.chars().find(|c| !is_safe(*c)) {
        Err(format!(
            "`{name}` cannot be a component's name: it stands in URLs, so only letters (a to z, A to Z), \
             digits, `_` and `-` are allowed, not {c:?}"
        ))
    } else {
        Ok(())
    }
}

fn max_records(input: &Input<'_>, errors: &mut Errors) -> Option<u64> {
    let number = input.max_records.given()?;
    let records = number.base10_parse::<NonZeroU64>();
    if records.is_err() {
        errors.add(number, format!("`max_records` is a number from 1 to {}; leave it out for no limit", u64::MAX));
    }
    records.ok().map(NonZeroU64::get)
}

/// The soft-delete field, also where it has mistakes other than its name.
fn soft_delete<'a>(input: &'a Input<'a>, errors: &mut Errors) -> Option<&'a Field<'a>> {
    let name = input.soft_delete.given()?;
    let Some(field) = named(&input.fields, name) else {
        let names: Vec<_> = input.fields.iter().map(|field| field.ident.unraw().to_string()).collect();
        let (written, fields) = (name.value(), listed(&names));
        let question = did_you_mean(&written, &names);
        errors.add(name, format!("`Model` has no field `{written}`{question}\nits fields are {fields}"));
        return None;
    };
    let ident = field.ident;
    if field.column.is_none() {
        errors.add(name, format!("`{ident}` cannot mark deleted rows: it is no column"));
    }
    if field.primary_key {
        errors.add(name, format!("`{ident}` cannot mark deleted rows: a primary key never changes; use another field"));
    } else if !field.is_option() {
        errors.add(
            field.ty,
            format!(
                "`{ident}` marks deleted rows and is empty in the others, so its type must be written `Option<..>`"
            ),
        );
    }
    Some(field)
}

fn named<'a>(fields: &'a [Field<'a>], name: &LitStr) -> Option<&'a Field<'a>> {
    let name = name.value();
    let name = name.strip_prefix("r#").unwrap_or(&name);
    fields.iter().find(|field| field.ident.unraw() == name)
}

/// Checks `skip` and `ignore` against the rest of the field.
fn check_policy(field: &Field<'_>, soft_delete: Option<&Field<'_>>, errors: &mut Errors) {
    let ident = field.ident;
    if let (Some(_), Some(ignore)) = (field.skip.given(), field.ignore.given()) {
        errors.add(
            ignore,
            format!(
                "`{ident}` cannot be both: `skip` never stores it, `ignore` stores it without making versions of it"
            ),
        );
    }
    for key in [field.skip.given(), field.ignore.given()].into_iter().flatten() {
        let reason = if field.primary_key {
            "part of the primary key, by which history finds a row"
        } else if soft_delete.is_some_and(|soft_delete| soft_delete.ident == ident) {
            "the soft-delete column, without which history knows no deletion"
        } else if field.column.is_none() {
            "no column, so it is not stored anyway"
        } else {
            continue;
        };
        errors.add(key, format!("`{key}` cannot go on `{ident}`: it is {reason}"));
    }
}
