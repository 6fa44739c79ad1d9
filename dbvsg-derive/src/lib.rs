//! The derive macro of [dbvsg](https://docs.rs/dbvsg), which re-exports it as `dbvsg::Versioned`.
//!
//! The way of a struct through this crate: `parse` reads it and keeps the spans, `model` checks it,
//! `expand` quotes the result. Mistakes are gathered on the way and reported all at once.

mod attribute;
mod column;
mod errors;
mod expand;
mod model;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use syn::{DeriveInput, parse_macro_input};

use errors::Errors;
use model::Model;
use parse::Input;

/// Implements the trait `dbvsg::Versioned` for the entity of a SeaORM model.
///
/// It goes beside `DeriveEntityModel`, on a struct named `Model`, in the compact format as well as
/// below `#[sea_orm::model]`:
///
/// ```text
/// // Not compiled here: this crate cannot depend on `dbvsg`, which depends on it.
/// use dbvsg::Versioned;
/// use sea_orm::entity::prelude::*;
///
/// #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
/// #[sea_orm(table_name = "users")]
/// #[versioned(soft_delete = "deleted_at")]
/// pub struct Model {
///     #[sea_orm(primary_key)]
///     pub id: i32,
///     pub email: String,
///     #[versioned(skip)]
///     pub password: String,
///     #[versioned(ignore)]
///     pub last_seen: Option<DateTimeUtc>,
///     pub deleted_at: Option<DateTimeUtc>,
/// }
/// ```
///
/// # Attributes of the struct
///
/// | `#[versioned(..)]` | meaning | without it |
/// |---|---|---|
/// | `component = "users"` | the name in URLs: letters, digits, `_` and `-`; none of `db`, `vsg`, `audit`, `api`, `docs`, `openapi.json` | the `table_name` of `#[sea_orm(..)]` |
/// | `soft_delete = "deleted_at"` | the field that says when a row was deleted; an `Option<..>`, not part of the primary key | rows are deleted for good |
/// | `max_records = 100` | the most rows the table may hold, soft-deleted ones included; at least 1 | no limit |
/// | `crate = "::my_dbvsg"` | the path of the dbvsg crate, where it has another name | `::dbvsg` |
///
/// # Attributes of a field
///
/// | `#[versioned(..)]` | meaning |
/// |---|---|
/// | `skip` | the column is never stored in history |
/// | `ignore` | the column is stored, but a change of ignored columns alone makes no version |
///
/// A field takes one of the two. Neither goes on the primary key, on the soft-delete column, or on
/// a field that is no column (`#[sea_orm(ignore)]`).
///
/// # Errors
///
/// A mistake in an attribute is a compile error at the token that is wrong. All mistakes of a
/// struct are reported together.
#[proc_macro_derive(Versioned, attributes(versioned))]
pub fn derive_versioned(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    versioned(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

fn versioned(input: &DeriveInput) -> syn::Result<TokenStream> {
    // `#[sea_orm::model]` copies every derive of `Model` to `ModelEx`, which has the same entity.
    if input.ident == "ModelEx" {
        return Ok(TokenStream::new());
    }
    let mut errors = Errors::default();
    let input = Input::read(input, &mut errors)?;
    let model = Model::check(&input, &mut errors);
    errors.finish()?;
    Ok(expand::expand(&model))
}
