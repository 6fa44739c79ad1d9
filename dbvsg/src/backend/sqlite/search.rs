//! Searching text.

/// A GLOB pattern that takes what holds this text somewhere, in letters of either case. Only GLOB can name both cases of a letter that is no ASCII: LIKE folds ASCII alone.
pub(super) fn either_case(text: &str) -> String {
    let mut pattern = String::with_capacity(4 * text.len() + 2);
    pattern.push('*');
    for letter in text.chars() {
        let cases: Vec<char> = only(letter.to_lowercase()).into_iter().chain(only(letter.to_uppercase())).collect();
        let other = cases.into_iter().find(|case| *case != letter);
        match (letter, other) {
            (_, Some(other)) => pattern.extend(['[', letter, other, ']']),
            ('*' | '?' | '[', None) => pattern.extend(['[', letter, ']']),
            (_, None) => pattern.push(letter),
        }
    }
    pattern.push('*');
    pattern
}

/// The one letter of a case mapping, where it gives one.
fn only(mut letters: impl Iterator<Item = char>) -> Option<char> {
    let first = letters.next();
    if letters.next().is_some() { None } else { first }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_letters_of_either_case_and_nothing_else() {
        assert_eq!(either_case("aÖ1"), "*[aA][Öö]1*");
        assert_eq!(either_case("*?[]ß"), "*[*][?][[]]ß*");
    }
}
