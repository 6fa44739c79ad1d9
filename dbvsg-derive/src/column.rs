//! How SeaORM names the variant of `Column` that stands for a field.

use heck::ToUpperCamelCase;
use syn::{Ident, LitStr, ext::IdentExt};

/// The variant that `DeriveEntityModel` makes of a field; `None` where it cannot make one either.
///
/// Follows `sea-orm-macros` 2.0, `derives/entity_model.rs`.
pub(crate) fn variant(field: &Ident, enum_name: Option<&LitStr>) -> Option<Ident> {
    let name = match enum_name {
        Some(name) => name.value(),
        None => field.unraw().to_string().to_upper_camel_case(),
    };
    // The one keyword in camel case. SeaORM escapes it so, too.
    let name = if name == "Self" { "Self_" } else { &name };
    let mut variant: Ident = syn::parse_str(name).ok()?;
    variant.set_span(field.span());
    Some(variant)
}

#[cfg(test)]
mod tests {
    use quote::format_ident;

    use super::*;

    #[test]
    fn names_columns_as_sea_orm_does() {
        let named = |field: &str| {
            let field: Ident = syn::parse_str(field).expect("an identifier");
            variant(&field, None).map(|variant| variant.to_string())
        };
        assert_eq!(named("deleted_at").as_deref(), Some("DeletedAt"));
        assert_eq!(named("r#type").as_deref(), Some("Type"));
        assert_eq!(named("_name_").as_deref(), Some("Name"));
        assert_eq!(named("lastName").as_deref(), Some("LastName"));
        assert_eq!(named("HTTPStatus").as_deref(), Some("HttpStatus"));
        assert_eq!(named("line_2b").as_deref(), Some("Line2b"));
        assert_eq!(named("self_").as_deref(), Some("Self_"));
        // SeaORM panics here.
        assert_eq!(named("_1"), None);
    }

    #[test]
    fn an_enum_name_is_taken_as_it_is() {
        let name: LitStr = syn::parse_quote!("Kind_of");
        let variant = variant(&format_ident!("r#type"), Some(&name));
        assert_eq!(variant.expect("a name").to_string(), "Kind_of");
    }
}
