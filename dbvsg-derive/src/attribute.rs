//! Reads `#[versioned(..)]` entry by entry, so that a mistake in one does not hide those in others.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Ident, LitInt, LitStr, Meta, Path, Token,
    ext::IdentExt,
    parse::{Parse, ParseStream},
};

use crate::errors::{Errors, did_you_mean, listed};

/// What an attribute says for one key.
pub(crate) enum Setting<T> {
    Absent,
    Given(T),
    /// Given in a form that was reported as a mistake.
    Wrong,
}

impl<T> Setting<T> {
    pub(crate) fn given(&self) -> Option<&T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Absent | Self::Wrong => None,
        }
    }
}

/// Where a `#[versioned(..)]` stands, and the keys it takes there.
pub(crate) struct Place {
    name: &'static str,
    /// Each key with an example of how it is written.
    keys: &'static [(&'static str, &'static str)],
}

pub(crate) const STRUCT: Place = Place {
    name: "struct",
    keys: &[
        ("component", r#"component = "users""#),
        ("soft_delete", r#"soft_delete = "deleted_at""#),
        ("max_records", "max_records = 100"),
        ("crate", r#"crate = "::my_dbvsg""#),
    ],
};

pub(crate) const FIELD: Place = Place { name: "field", keys: &[("skip", "skip"), ("ignore", "ignore")] };

impl Place {
    fn example(&self, key: &Ident) -> Option<&'static str> {
        self.keys.iter().find(|(name, _)| key == name).map(|(_, example)| *example)
    }

    fn unknown(&self, key: &Ident) -> String {
        let names: Vec<_> = self.keys.iter().map(|(name, _)| *name).collect();
        let home = [&STRUCT, &FIELD].into_iter().find(|place| place.example(key).is_some());
        let what = match home {
            Some(home) => format!("`{key}` belongs on a {}, not on a {}", home.name, self.name),
            None => format!("unknown key `{key}`{}", did_you_mean(&key.to_string(), &names)),
        };
        format!("{what}\n{}", self.supported())
    }

    fn supported(&self) -> String {
        let examples: Vec<_> = self.keys.iter().map(|(_, example)| *example).collect();
        format!("a {} takes {}", self.name, listed(&examples))
    }
}

/// One `key` or `key = value`. Its readers fail with what to say of the key.
pub(crate) struct Entry {
    key: Ident,
    value: Option<TokenStream>,
}

impl Entry {
    pub(crate) fn string(&self) -> Result<LitStr, &'static str> {
        self.value().ok_or("takes a string")
    }

    pub(crate) fn number(&self) -> Result<LitInt, &'static str> {
        self.value().filter(|number: &LitInt| number.suffix().is_empty()).ok_or("takes a whole number")
    }

    pub(crate) fn path(&self) -> Result<Path, &'static str> {
        self.value::<LitStr>()
            .and_then(|text| text.parse_with(Path::parse_mod_style).ok())
            .ok_or("takes the path of a crate or module, in a string")
    }

    pub(crate) fn flag(&self) -> Result<Ident, &'static str> {
        match self.value {
            None => Ok(self.key.clone()),
            Some(_) => Err("takes no value"),
        }
    }

    fn value<T: Parse>(&self) -> Option<T> {
        self.value.clone().and_then(|tokens| syn::parse2(tokens).ok())
    }
}

impl Parse for Entry {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        // Any: `crate` is a keyword.
        let key = Ident::parse_any(input).map_err(|_| input.error("expected a key"))?;
        let value = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse()?),
            None if input.is_empty() => None,
            None => return Err(input.error(format!("expected `=` or `,` after `{key}`"))),
        };
        Ok(Self { key, value })
    }
}

impl ToTokens for Entry {
    /// The tokens a mistake is shown at: the value, where there is one.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match &self.value {
            Some(value) if !value.is_empty() => value.to_tokens(tokens),
            _ => self.key.to_tokens(tokens),
        }
    }
}

/// The entries of all `#[versioned(..)]` of a struct or field: known keys, each once.
pub(crate) struct Entries {
    place: &'static Place,
    entries: Vec<Entry>,
}

impl Entries {
    /// Reports unknown keys, repeated keys, and what is no entry at all.
    pub(crate) fn read(attrs: &[Attribute], place: &'static Place, errors: &mut Errors) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("versioned")) {
            if !matches!(attr.meta, Meta::List(_)) {
                errors.add(&attr.meta, format!("expected `#[versioned(..)]`\n{}", place.supported()));
            }
            for entry in split(attr) {
                match entry {
                    Err(error) => errors.push(error),
                    Ok(Entry { key, .. }) if place.example(&key).is_none() => {
                        errors.add(&key, place.unknown(&key));
                    }
                    Ok(Entry { key, .. }) if entries.iter().any(|entry| entry.key == key) => {
                        errors.add(&key, format!("`{key}` is given twice, keep one"));
                    }
                    Ok(entry) => entries.push(entry),
                }
            }
        }
        Self { place, entries }
    }

    /// What the entry of `key` says, read by one of the readers of [`Entry`].
    pub(crate) fn setting<T>(
        &self,
        key: &str,
        read: fn(&Entry) -> Result<T, &'static str>,
        errors: &mut Errors,
    ) -> Setting<T> {
        let Some(entry) = self.entries.iter().find(|entry| entry.key == key) else {
            return Setting::Absent;
        };
        read(entry).map_or_else(
            |takes| {
                let example = self.place.example(&entry.key).unwrap_or_default();
                errors.add(entry, format!("`{key}` {takes}, as in `#[versioned({example})]`"));
                Setting::Wrong
            },
            Setting::Given,
        )
    }
}

/// The entry of `key` in `#[sea_orm(..)]`. Mistakes in there are SeaORM's to report.
pub(crate) fn sea_orm(attrs: &[Attribute], key: &str) -> Option<Entry> {
    attrs.iter().filter(|attr| attr.path().is_ident("sea_orm")).flat_map(split).flatten().find(|entry| entry.key == key)
}

/// Splits an attribute at its commas.
fn split(attr: &Attribute) -> Vec<syn::Result<Entry>> {
    let Meta::List(list) = &attr.meta else {
        return Vec::new();
    };
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ',');
    let tokens: Vec<_> = list.tokens.clone().into_iter().collect();
    tokens
        .split_inclusive(is_comma)
        .map(|part| match part {
            [comma] if is_comma(comma) => Err(syn::Error::new_spanned(comma, "expected a key before this comma")),
            [entry @ .., last] if is_comma(last) => syn::parse2(entry.iter().cloned().collect()),
            entry => syn::parse2(entry.iter().cloned().collect()),
        })
        .collect()
}
