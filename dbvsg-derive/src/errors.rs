//! Gathers mistakes, so that one compilation shows them all, and words what they share.

use quote::ToTokens;

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    /// Adds a mistake that is shown at the given tokens.
    pub(crate) fn add(&mut self, at: impl ToTokens, message: impl std::fmt::Display) {
        self.push(syn::Error::new_spanned(at, message));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            none => *none = Some(error),
        }
    }

    /// Fails with everything that was added.
    pub(crate) fn finish(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

/// Words a list of names: "`a`, `b` and `c`".
pub(crate) fn listed<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.as_slice() {
        [] => "none".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Words the question for the name that was probably meant, or nothing where none comes close.
pub(crate) fn did_you_mean<S: AsRef<str>>(written: &str, names: &[S]) -> String {
    // A third of the letters may be wrong, or the end missing or too long (`skipped` for `skip`):
    // beyond that, guesses confuse more than they help.
    let limit = (written.chars().count() / 3).max(1);
    let extends = |name: &str| name.starts_with(written) || written.starts_with(name);
    names
        .iter()
        .map(|name| (edits(written, name.as_ref()), name.as_ref()))
        .filter(|(edits, name)| *edits <= limit || (extends(name) && !written.is_empty()))
        .min()
        .map_or_else(String::new, |(_, name)| format!(", did you mean `{name}`?"))
}

/// The number of letters to insert, delete or replace to get from one word to the other.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.chars().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.chars().count()]
}
