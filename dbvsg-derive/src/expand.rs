//! Quotes the implementation.
//!
//! All paths start with `::` or at the user's dbvsg crate, so that no name in the user's module can
//! stand in for what is meant. `Entity` and `Column` are the siblings `DeriveEntityModel` makes.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::Model;

pub(crate) fn expand(model: &Model) -> TokenStream {
    let Model { dbvsg, component, skip, ignore, .. } = model;
    let column = quote!(<Entity as #dbvsg::sea_orm::EntityTrait>::Column);
    let soft_delete = option(model.soft_delete.as_ref().map(|name| quote!(Column::#name)));
    let max_records = option(model.max_records.map(|records| quote!(#records)));
    quote! {
        #[automatically_derived]
        impl #dbvsg::Versioned for Entity {
            const COMPONENT: &'static str = #component;
            const SOFT_DELETE: ::core::option::Option<#column> = #soft_delete;
            const SKIP: &'static [#column] = &[#(Column::#skip),*];
            const IGNORE: &'static [#column] = &[#(Column::#ignore),*];
            const MAX_RECORDS: ::core::option::Option<u64> = #max_records;
        }
    }
}

fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}
