//! The macro on plain tokens. Where messages point is seen in `tests/ui/fail`.

mod attributes;
mod expansion;
mod rules;

use proc_macro2::TokenStream;
use syn::{DeriveInput, parse_quote};

use super::versioned;

/// What the macro makes of a struct.
fn expanded(input: &DeriveInput) -> String {
    versioned(input).expect("no mistakes").to_string()
}

/// The messages of all mistakes the macro finds.
fn mistakes(input: &DeriveInput) -> Vec<String> {
    let mistakes = versioned(input).expect_err("mistakes");
    mistakes.into_iter().map(|mistake| mistake.to_string()).collect()
}

/// The one mistake of a model with the given entries in `#[versioned(..)]`.
fn mistake(entries: TokenStream) -> String {
    one(&parse_quote! {
        #[sea_orm(table_name = "users")]
        #[versioned(#entries)]
        struct Model {
            #[sea_orm(primary_key)]
            id: i32,
            name: String,
            #[sea_orm(ignore)]
            cached: Option<String>,
            deleted_at: Option<DateTimeUtc>,
        }
    })
}

/// The one mistake of a model with the given field.
fn field_mistake(field: TokenStream) -> String {
    one(&parse_quote! {
        #[sea_orm(table_name = "users")]
        #[versioned(soft_delete = "deleted_at")]
        struct Model { #field, #[sea_orm(primary_key)] id: i32, deleted_at: Option<DateTimeUtc> }
    })
}

fn one(input: &DeriveInput) -> String {
    let mistakes = mistakes(input);
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    mistakes.concat()
}

/// Checks that a message holds all of these parts.
#[track_caller]
fn says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "no {part:?} in {message:?}");
    }
}
