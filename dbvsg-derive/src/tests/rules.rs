//! Mistakes that only several parts of a struct make together.

use quote::quote;
use syn::parse_quote;

use super::{field_mistake, mistake, mistakes, one, says};

#[test]
fn components() {
    says(&mistake(quote!(component = "")), &["cannot be empty"]);
    for name in ["my users", "a/b", "ünits", "a.b", "%20"] {
        says(&mistake(quote!(component = #name)), &[name, "stands in URLs", "digits, `_` and `-`"]);
    }
    for name in ["db", "vsg", "audit", "api", "docs", "openapi.json"] {
        let all = "`db`, `vsg`, `audit`, `api`, `docs` and `openapi.json` are reserved";
        says(&mistake(quote!(component = #name)), &[name, all]);
    }
    let table = |name: &str| {
        one(&parse_quote!(
            #[sea_orm(table_name = #name)]
            struct Model {
                id: i32,
            }
        ))
    };
    says(&table("audit"), &["reserved", "is set by `#[versioned(component = \"..\")]`"]);
    says(&table("my users"), &["not ' '", "is set by `#[versioned(component = \"..\")]`"]);
    let none = one(&parse_quote!(
        struct Model {
            id: i32,
        }
    ));
    says(&none, &["`#[sea_orm(table_name = \"..\")]`", "`#[versioned(component = \"..\")]`"]);
    // A component that is only written wrongly is not called missing as well.
    says(
        &one(&parse_quote!(
            #[versioned(component = 5)]
            struct Model {
                id: i32,
            }
        )),
        &["takes a string"],
    );
}

#[test]
fn soft_delete() {
    says(
        &mistake(quote!(soft_delete = "removed")),
        &["no field `removed`\n", "its fields are `id`, `name`, `cached` and `deleted_at`"],
    );
    says(&mistake(quote!(soft_delete = "delted_at")), &["did you mean `deleted_at`?"]);
    says(&mistake(quote!(soft_delete = "deleted")), &["did you mean `deleted_at`?"]);
    says(&mistake(quote!(soft_delete = "id")), &["`id` cannot mark deleted rows", "primary key"]);
    says(&mistake(quote!(soft_delete = "name")), &["`name` marks deleted rows", "`Option<..>`"]);
    says(&mistake(quote!(soft_delete = "cached")), &["`cached` cannot mark deleted rows", "no column"]);
}

#[test]
fn policies() {
    for key in [quote!(skip), quote!(ignore)] {
        says(&field_mistake(quote!(#[sea_orm(primary_key)] #[versioned(#key)] a: i32)), &["primary key"]);
        says(&field_mistake(quote!(#[sea_orm(ignore)] #[versioned(#key)] a: i32)), &["no column"]);
        let message = one(&parse_quote! {
            #[sea_orm(table_name = "users")]
            #[versioned(soft_delete = "gone")]
            struct Model { id: i32, #[versioned(#key)] gone: Option<i32> }
        });
        says(&message, &["`gone`", "soft-delete column"]);
    }
    says(&field_mistake(quote!(#[versioned(skip, ignore)] a: i32)), &["`a` cannot be both"]);
}

#[test]
fn shapes() {
    says(
        &one(&parse_quote!(
            enum Model {
                A,
            }
        )),
        &["with named fields, not on an enum"],
    );
    says(&one(&parse_quote!(union Model { a: u8 })), &["not on a union"]);
    says(
        &one(&parse_quote!(
            struct Model(i32);
        )),
        &["not on a tuple struct"],
    );
    says(
        &one(&parse_quote!(
            struct Model;
        )),
        &["not on a struct without fields"],
    );
    let generic = parse_quote!(
        #[sea_orm(table_name = "a")]
        struct Model<T> {
            id: T,
        }
    );
    says(&one(&generic), &["cannot be generic"]);
    let user = parse_quote!(
        #[sea_orm(table_name = "a")]
        struct User {
            id: i32,
        }
    );
    says(&one(&user), &["a struct named `Model`, not `User`"]);
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let mistakes = mistakes(&parse_quote! {
        #[versioned(hooks, component = "", soft_delete = "gone", max_records = 0, crate = 1)]
        struct User<'a> {
            #[sea_orm(primary_key)]
            #[versioned(skip)]
            id: &'a str,
            #[versioned(skip, ignore, other)]
            name: String,
        }
    });
    let parts = [
        "named `Model`",
        "generic",
        "`hooks`",
        "`crate` takes",
        "`other`",
        "`gone`",
        "primary key",
        "both",
        "empty",
        "`max_records`",
    ];
    assert_eq!(mistakes.len(), parts.len(), "{mistakes:#?}");
    for (mistake, part) in mistakes.iter().zip(parts) {
        says(mistake, &[part]);
    }
}
