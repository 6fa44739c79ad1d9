use std::collections::HashSet;

/// The longest file name, in characters, so that every system can unpack it.
const LONGEST: usize = 120;

/// Names of tables as names of files: none leads out of its folder, none is taken twice, whatever the system.
#[derive(Default)]
pub(super) struct FileNames {
    taken: HashSet<String>,
}

impl FileNames {
    /// The name of the file of a table.
    pub(super) fn of(&mut self, table: &str) -> String {
        let stem = stem(table);
        let names = (1..).map(|number| match number {
            1 => format!("{stem}.csv"),
            _ => format!("{stem}_{number}.csv"),
        });
        // Some systems hold names that differ in case for the same.
        let mut free = names.filter(|name| self.taken.insert(name.to_lowercase()));
        free.next().unwrap_or_default()
    }
}

fn stem(table: &str) -> String {
    let harmless = |char: char| match char {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
        char if char.is_control() => '_',
        char => char,
    };
    let stem: String = table.chars().map(harmless).take(LONGEST).collect();
    // A dot or space at either end hides a file or is cut off.
    let stem = stem.trim_matches([' ', '.']);
    let device = ["con", "prn", "aux", "nul", "com", "lpt"];
    let is_device = |stem: &str| {
        let base = stem.split('.').next().unwrap_or_default().to_ascii_lowercase();
        device.contains(&base.trim_end_matches(|char: char| char.is_ascii_digit()))
    };
    match stem {
        "" => "table".into(),
        stem if is_device(stem) => format!("{stem}_"),
        stem => stem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_safe_and_unique() {
        let mut names = FileNames::default();
        for (table, expected) in [
            ("users", "users.csv"),
            ("Users", "Users_2.csv"),
            ("../../etc/passwd", "_.._etc_passwd.csv"),
            ("..", "table.csv"),
            ("", "table_2.csv"),
            ("C:\\x", "C__x.csv"),
            ("nul", "nul_.csv"),
            ("com1.x", "com1.x_.csv"),
            ("a\0b\n", "a_b_.csv"),
            ("注文😀", "注文😀.csv"),
        ] {
            assert_eq!(names.of(table), expected);
        }
        assert!(names.of(&"é".repeat(1000)).len() < 255);
    }
}
