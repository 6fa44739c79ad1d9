use quote::quote;
use syn::{DeriveInput, parse_quote};

use super::expanded;

#[test]
fn all_attributes() {
    let input = parse_quote! {
        #[sea_orm(table_name = "app_users", schema_name = "app")]
        #[versioned(component = "users", soft_delete = "deleted_at", max_records = 100)]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: i32,
            #[versioned(skip)]
            pub password: String,
            #[sea_orm(enum_name = "Seen", column_type = "Timestamp")]
            #[versioned(ignore)]
            pub last_seen: Option<DateTimeUtc>,
            #[versioned(ignore)]
            pub r#type: String,
            pub deleted_at: Option<DateTimeUtc>,
        }
    };
    let expected = quote! {
        #[automatically_derived]
        impl ::dbvsg::Versioned for Entity {
            const COMPONENT: &'static str = "users";
            const SOFT_DELETE: ::core::option::Option<
                <Entity as ::dbvsg::sea_orm::EntityTrait>::Column
            > = ::core::option::Option::Some(Column::DeletedAt);
            const SKIP: &'static [<Entity as ::dbvsg::sea_orm::EntityTrait>::Column] =
                &[Column::Password];
            const IGNORE: &'static [<Entity as ::dbvsg::sea_orm::EntityTrait>::Column] =
                &[Column::Seen, Column::Type];
            const MAX_RECORDS: ::core::option::Option<u64> =
                ::core::option::Option::Some(100u64);
        }
    };
    assert_eq!(expanded(&input), expected.to_string());
}

#[test]
fn no_attributes() {
    let input = parse_quote! {
        #[sea_orm(table_name = "users")]
        struct Model { #[sea_orm(primary_key)] id: i32 }
    };
    let expected = quote! {
        #[automatically_derived]
        impl ::dbvsg::Versioned for Entity {
            const COMPONENT: &'static str = "users";
            const SOFT_DELETE: ::core::option::Option<
                <Entity as ::dbvsg::sea_orm::EntityTrait>::Column
            > = ::core::option::Option::None;
            const SKIP: &'static [<Entity as ::dbvsg::sea_orm::EntityTrait>::Column] = &[];
            const IGNORE: &'static [<Entity as ::dbvsg::sea_orm::EntityTrait>::Column] = &[];
            const MAX_RECORDS: ::core::option::Option<u64> = ::core::option::Option::None;
        }
    };
    assert_eq!(expanded(&input), expected.to_string());
}

#[test]
fn another_crate_name_is_used_throughout() {
    let input: DeriveInput = parse_quote! {
        #[sea_orm(table_name = "users")]
        #[versioned(crate = "::my_dbvsg")]
        struct Model { id: i32 }
    };
    let expanded = expanded(&input);
    assert!(expanded.contains(&quote!(impl ::my_dbvsg::Versioned for Entity).to_string()));
    assert!(expanded.contains(&quote!(<Entity as ::my_dbvsg::sea_orm::EntityTrait>).to_string()));
    assert!(!expanded.contains(&quote!(::dbvsg).to_string()));
}

#[test]
fn attributes_may_be_spread_and_end_with_a_comma() {
    let input = parse_quote! {
        #[sea_orm(model_ex)]
        #[versioned(component = "people",)]
        #[sea_orm(table_name = "users")]
        #[versioned(max_records = 1_000)]
        struct Model { id: i32 }
    };
    let expanded = expanded(&input);
    assert!(expanded.contains("\"people\""));
    assert!(expanded.contains("1000u64"));
}

#[test]
fn the_soft_delete_field_is_found_however_it_is_written() {
    for (name, ty) in [
        ("type", quote!(Option<i64>)),
        ("r#type", quote!(::core::option::Option<i64>)),
        ("type", quote!((std::option::Option<i64>))),
    ] {
        let input = parse_quote! {
            #[sea_orm(table_name = "users")]
            #[versioned(soft_delete = #name)]
            struct Model { id: i32, r#type: #ty }
        };
        assert!(expanded(&input).contains("Some (Column :: Type)"), "{name}: {ty}");
    }
}

#[test]
fn nothing_for_the_copy_that_sea_orm_makes() {
    let input = parse_quote! {
        #[sea_orm(table_name = "users")]
        #[versioned(a_mistake)]
        struct ModelEx { id: i32, posts: HasMany<super::post::Entity> }
    };
    assert_eq!(expanded(&input), "");
}
