//! Reads the struct and its attributes. Spans are kept, for the mistakes that `model` finds.

use syn::{
    Data, DataEnum, DataStruct, DataUnion, DeriveInput, Fields, FieldsNamed, Ident, LitInt, LitStr, Path, Type,
    spanned::Spanned,
};

use crate::attribute::{self, Entries, Entry, FIELD, STRUCT, Setting};
use crate::column;
use crate::errors::Errors;

/// A struct as it was written.
pub(crate) struct Input<'a> {
    pub(crate) ident: &'a Ident,
    /// Of `#[sea_orm(..)]`.
    pub(crate) table_name: Option<LitStr>,
    pub(crate) component: Setting<LitStr>,
    pub(crate) soft_delete: Setting<LitStr>,
    pub(crate) max_records: Setting<LitInt>,
    /// The value of the key `crate`.
    pub(crate) dbvsg: Setting<Path>,
    pub(crate) fields: Vec<Field<'a>>,
}

/// A field as it was written.
pub(crate) struct Field<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
    /// The variant of `Column` that stands for the field, unless it is no column.
    pub(crate) column: Option<Ident>,
    pub(crate) primary_key: bool,
    /// The key itself, where it was written.
    pub(crate) skip: Setting<Ident>,
    pub(crate) ignore: Setting<Ident>,
}

impl<'a> Input<'a> {
    /// Fails at once only where there are no named fields: there is nothing else to say then.
    pub(crate) fn read(input: &'a DeriveInput, errors: &mut Errors) -> syn::Result<Self> {
        let fields = named_fields(input)?;
        let ident = &input.ident;
        if ident != "Model" {
            errors.add(
                ident,
                format!("`Versioned` goes beside `DeriveEntityModel`, on a struct named `Model`, not `{ident}`"),
            );
        }
        if !input.generics.params.is_empty() {
            errors.add(&input.generics, "a versioned `Model` cannot be generic: it stands for one table");
        }
        let entries = Entries::read(&input.attrs, &STRUCT, errors);
        Ok(Self {
            ident,
            table_name: attribute::sea_orm(&input.attrs, "table_name").and_then(|entry| entry.string().ok()),
            component: entries.setting("component", Entry::string, errors),
            soft_delete: entries.setting("soft_delete", Entry::string, errors),
            max_records: entries.setting("max_records", Entry::number, errors),
            dbvsg: entries.setting("crate", Entry::path, errors),
            fields: fields
                .named
                .iter()
                .filter_map(|field| Some(Field::read(field, field.ident.as_ref()?, errors)))
                .collect(),
        })
    }
}

impl<'a> Field<'a> {
    fn read(field: &'a syn::Field, ident: &'a Ident, errors: &mut Errors) -> Self {
        let entries = Entries::read(&field.attrs, &FIELD, errors);
        let sea_orm = |key| attribute::sea_orm(&field.attrs, key);
        let enum_name = sea_orm("enum_name").and_then(|entry| entry.string().ok());
        Self {
            ident,
            ty: &field.ty,
            column: match sea_orm("ignore") {
                None => column::variant(ident, enum_name.as_ref()),
                Some(_) => None,
            },
            primary_key: sea_orm("primary_key").is_some(),
            skip: entries.setting("skip", Entry::flag, errors),
            ignore: entries.setting("ignore", Entry::flag, errors),
        }
    }

    /// Whether the type is written as `Option<..>`; a macro cannot look behind an alias.
    pub(crate) fn is_option(&self) -> bool {
        let mut ty = self.ty;
        // A type that came through a `macro_rules!` variable is wrapped in a group.
        while let Type::Group(syn::TypeGroup { elem, .. }) | Type::Paren(syn::TypeParen { elem, .. }) = ty {
            ty = elem;
        }
        let Type::Path(path) = ty else { return false };
        path.path.segments.last().is_some_and(|segment| segment.ident == "Option")
    }
}

fn named_fields(input: &DeriveInput) -> syn::Result<&FieldsNamed> {
    let (at, found) = match &input.data {
        Data::Struct(DataStruct { fields: Fields::Named(fields), .. }) => return Ok(fields),
        Data::Struct(DataStruct { fields: Fields::Unnamed(fields), .. }) => (fields.span(), "a tuple struct"),
        Data::Struct(DataStruct { fields: Fields::Unit, .. }) => (input.ident.span(), "a struct without fields"),
        Data::Enum(DataEnum { enum_token, .. }) => (enum_token.span, "an enum"),
        Data::Union(DataUnion { union_token, .. }) => (union_token.span, "a union"),
    };
    Err(syn::Error::new(
        at,
        format!("`Versioned` goes beside `DeriveEntityModel`, on a struct `Model` with named fields, not on {found}"),
    ))
}
