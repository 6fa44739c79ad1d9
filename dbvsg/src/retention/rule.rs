use std::{fmt, str::FromStr};

use chrono::Datelike;
use serde_json::{Value as Json, json};

use crate::{Error, Reference, Result, model::time};

/// What may be forgotten.
///
/// ```
/// use dbvsg::{Period, Reference, Retention};
///
/// let a_year_ago: Reference = "2025-11-21T00:00:00Z".parse()?;
/// let thinned = Retention::one_per(Period::Day, a_year_ago).table("orders").dry_run(true);
/// # Ok::<(), dbvsg::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Retention {
    /// The table; all that are or were tracked if none is named.
    pub table: Option<String>,
    /// Which versions go.
    pub rule: Rule,
    /// Whether it is only told what would go.
    pub dry_run: bool,
}

/// Which versions go. Those that are valid now never do, nor those that a tagged commit shows.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// Those that ended at or before this commit or moment.
    Before(Reference),
    /// Those beyond so many of a row.
    KeepVersions(u64),
    /// Those that ended at or before a commit or moment and are in no last state of a period.
    OnePer {
        /// The length of the periods.
        period: Period,
        /// The commit or moment.
        before: Reference,
    },
}

impl Retention {
    /// Forgets what was before a commit or a moment.
    pub fn before(reference: impl Into<Reference>) -> Self {
        Self::new(Rule::Before(reference.into()))
    }

    /// Forgets all but the newest versions of each row.
    pub fn keep_versions(versions: u64) -> Self {
        Self::new(Rule::KeepVersions(versions))
    }

    /// Thins what was before a commit or a moment to the last state of each period.
    pub fn one_per(period: Period, before: impl Into<Reference>) -> Self {
        Self::new(Rule::OnePer { period, before: before.into() })
    }

    /// By any rule.
    pub fn new(rule: Rule) -> Self {
        Self { table: None, rule, dry_run: false }
    }

    /// Only of this table.
    #[must_use]
    pub fn table(mut self, table: impl Into<String>) -> Self {
        self.table = Some(table.into());
        self
    }

    /// Only tells what would go.
    #[must_use]
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }
}

impl Rule {
    /// As a commit records it.
    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::Before(before) => json!({"before": before.to_string()}),
            Self::KeepVersions(versions) => json!({"keep_versions": versions}),
            Self::OnePer { period, before } => json!({"one_per": period.to_string(), "before": before.to_string()}),
        }
    }
}

/// A stretch of the calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Period {
    /// From one full hour to the next.
    Hour,
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday.
    Week,
    /// From the first to the first.
    Month,
}

impl Period {
    /// All of them, in the order of their lengths.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// The number of the period that a moment lies in.
    pub(super) fn number(self, micros: i64) -> i64 {
        let hour = micros.div_euclid(3_600_000_000);
        let day = hour.div_euclid(24);
        match self {
            Self::Hour => hour,
            Self::Day => day,
            // 1970 began on a Thursday.
            Self::Week => (day + 3).div_euclid(7),
            Self::Month => {
                let moment = time::from_micros(micros);
                i64::from(moment.year()) * 12 + i64::from(moment.month0())
            }
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        })
    }
}

impl FromStr for Period {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|period| period.to_string() == text);
        found.ok_or_else(|| Error::InvalidValue {
            column: "one_per".into(),
            reason: "hour, day, week or month is expected".into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_ends_where_the_calendar_says() {
        let number = |period: Period, text: &str| period.number(time::parse(text).unwrap().timestamp_micros());
        for (period, first, last, next) in [
            (Period::Hour, "2024-02-29T10:00:00Z", "2024-02-29T10:59:59.999999Z", "2024-02-29T11:00:00Z"),
            (Period::Day, "2024-02-29T00:00:00Z", "2024-02-29T23:59:59Z", "2024-03-01T00:00:00Z"),
            (Period::Week, "2024-02-26T00:00:00Z", "2024-03-03T23:59:59Z", "2024-03-04T00:00:00Z"),
            (Period::Month, "2024-02-01T00:00:00Z", "2024-02-29T23:59:59Z", "2024-03-01T00:00:00Z"),
        ] {
            assert_eq!(number(period, first), number(period, last), "{period}");
            assert_eq!(number(period, last) + 1, number(period, next), "{period}");
        }
        assert_eq!(number(Period::Month, "2023-12-31T23:59:59Z") + 1, number(Period::Month, "2024-01-01T00:00:00Z"));
    }

    #[test]
    fn periods_are_read_as_they_are_written() {
        assert!(Period::ALL.iter().all(|period| period.to_string().parse::<Period>().unwrap() == *period));
        assert!("year".parse::<Period>().is_err());
    }
}
