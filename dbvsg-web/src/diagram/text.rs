//! Names are anybody's text: made harmless, and cut to a width.

use std::fmt::Write;

/// How many cells of a fixed-width font a text takes. Ideographs and emoji take two.
pub(super) fn cells(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn width(char: char) -> usize {
    match char {
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' => 2,
        '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{1f000}'.. => 2,
        _ => 1,
    }
}

/// The text, cut to this many cells with an ellipsis at the end.
pub(super) fn fit(text: &str, limit: usize) -> String {
    let shown: String = text.chars().map(visible).collect();
    if cells(&shown) <= limit {
        return shown;
    }
    let mut left = limit.saturating_sub(1);
    let cut = shown.chars().take_while(|&char| {
        let fits = width(char) <= left;
        left = left.saturating_sub(width(char));
        fits
    });
    cut.chain(['…']).collect()
}

/// What stands for a character that XML cannot hold, or that would turn the text around it.
fn visible(char: char) -> char {
    match char {
        '\0'..='\x1f' => char::from_u32(0x2400 + char as u32).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        '\u{feff}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        _ => char,
    }
}

/// The text as XML content or attribute value.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars().map(visible) {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(char),
        }
    }
    out
}

/// A coordinate with at most one digit after the point.
pub(super) fn number(value: f64) -> String {
    let tenths = (value * 10.0).round() as i64;
    let mut out = String::new();
    let sign = if tenths < 0 { "-" } else { "" };
    let (whole, rest) = (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10);
    // Writing to a string cannot fail.
    let _ = match rest {
        0 => write!(out, "{sign}{whole}"),
        _ => write!(out, "{sign}{whole}.{rest}"),
    };
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_to_a_width() {
        assert_eq!(fit("orders", 6), "orders");
        assert_eq!(fit("customers", 6), "custo…");
        assert_eq!(fit("注文注文", 6), "注文…");
        assert_eq!(fit("", 6), "");
        for limit in 1..20 {
            assert!(cells(&fit("a😀b注c-and-more-of-it", limit)) <= limit);
        }
    }

    #[test]
    fn hostile_text_is_harmless() {
        assert_eq!(escape("<script>'\"&"), "&lt;script&gt;&#39;&quot;&amp;");
        assert_eq!(escape("a\nb\u{1}\u{7f}"), "a␊b␁␡");
        assert_eq!(escape("\u{202e}x\u{ffff}"), "\u{fffd}x\u{fffd}");
    }

    #[test]
    fn numbers_are_short() {
        let shown = [0.0, 12.0, 12.34, 12.36, -0.04, -3.25].map(number);
        assert_eq!(shown, ["0", "12", "12.3", "12.4", "0", "-3.3"]);
    }
}
