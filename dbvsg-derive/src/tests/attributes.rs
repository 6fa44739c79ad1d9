//! Mistakes within one `#[versioned(..)]`.

use quote::quote;

use super::{field_mistake, mistake, says};

#[test]
fn keys() {
    let all = r#"a struct takes `component = "users"`, `soft_delete = "deleted_at"`, `max_records = 100` and `crate = "::my_dbvsg"`"#;
    says(&mistake(quote!(componnent = "a")), &["unknown key `componnent`, did you mean `component`?", all]);
    says(&mistake(quote!(hooks = "a")), &["unknown key `hooks`\n", all]);
    says(&mistake(quote!(skip)), &["`skip` belongs on a field, not on a struct", all]);
    says(&mistake(quote!(component = "a", component = "b")), &["`component` is given twice"]);
    says(&mistake(quote!("users")), &["expected a key"]);
    says(&mistake(quote!(component("users"))), &["expected `=` or `,` after `component`"]);
    says(&mistake(quote!(max_records = 1,, crate = "a")), &["expected a key before this comma"]);

    let all = "a field takes `skip` and `ignore`";
    says(&field_mistake(quote!(#[versioned(skipped)] a: i32)), &["did you mean `skip`?", all]);
    says(&field_mistake(quote!(#[versioned(soft_delete = "a")] a: i32)), &["belongs on a struct", all]);
    says(&field_mistake(quote!(#[versioned(skip)] #[versioned(skip)] a: i32)), &["given twice"]);
    says(&field_mistake(quote!(#[versioned] a: i32)), &["expected `#[versioned(..)]`", all]);
    says(&field_mistake(quote!(#[versioned = "skip"] a: i32)), &["expected `#[versioned(..)]`", all]);
}

#[test]
fn values() {
    let string = "takes a string, as in `#[versioned(component = \"users\")]`";
    says(&mistake(quote!(component = 5)), &[string]);
    says(&mistake(quote!(component = users)), &[string]);
    says(&mistake(quote!(component = )), &[string]);
    says(&mistake(quote!(component)), &[string]);
    let number = "takes a whole number, as in `#[versioned(max_records = 100)]`";
    for value in [quote!("100"), quote!(1.5), quote!(100k), quote!(1 + 1), quote!(MAX)] {
        says(&mistake(quote!(max_records = #value)), &[number]);
    }
    for value in [quote!(0), quote!(-1), quote!(18446744073709551616)] {
        says(&mistake(quote!(max_records = #value)), &["from 1 to 18446744073709551615", "leave it out"]);
    }
    says(&mistake(quote!(crate = "not a path")), &["`crate` takes the path", "crate = \"::my_dbvsg\""]);
    says(&mistake(quote!(crate = ::my_dbvsg)), &["`crate` takes the path", "in a string"]);
    says(&field_mistake(quote!(#[versioned(skip = true)] a: i32)), &["`skip` takes no value"]);
}
