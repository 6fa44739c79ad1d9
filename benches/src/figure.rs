use std::fmt;

use serde::{Deserialize, Serialize};

use crate::measure::Sample;

/// One figure: what was measured, beside what it is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What was done.
    pub workload: String,
    /// The rows of the table.
    pub size: u64,
    /// The rows or changes that one operation is about, where it is not one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub count: Option<u64>,
    /// What both values count.
    pub unit: Unit,
    /// Without versions; of a read of the past, the same read of the live table.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub plain: Option<f64>,
    /// With versions.
    pub versioned: f64,
    /// How many were measured of each.
    pub samples: usize,
}

/// What a value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Seconds for one.
    Seconds,
    /// So many a second.
    PerSecond,
    /// Bytes for one.
    Bytes,
}

impl Figure {
    /// Times of both sides.
    pub(crate) fn times(workload: impl Into<String>, size: u64, plain: &Sample, versioned: &Sample) -> Self {
        Self { plain: Some(plain.median()), ..Self::time(workload, size, versioned) }
    }

    /// A time that has no other side.
    pub(crate) fn time(workload: impl Into<String>, size: u64, sample: &Sample) -> Self {
        Self::one(workload, size, Unit::Seconds, sample)
    }

    /// Rates of both sides.
    pub(crate) fn rates(workload: impl Into<String>, size: u64, plain: &Sample, versioned: &Sample) -> Self {
        Self { plain: Some(plain.median()), ..Self::rate(workload, size, versioned) }
    }

    /// A rate that has no other side.
    pub(crate) fn rate(workload: impl Into<String>, size: u64, sample: &Sample) -> Self {
        Self::one(workload, size, Unit::PerSecond, sample)
    }

    /// Bytes that were counted once.
    pub(crate) fn bytes(workload: impl Into<String>, size: u64, bytes: f64) -> Self {
        let (workload, unit) = (workload.into(), Unit::Bytes);
        Self { workload, size, count: None, unit, plain: None, versioned: bytes, samples: 1 }
    }

    fn one(workload: impl Into<String>, size: u64, unit: Unit, sample: &Sample) -> Self {
        let (versioned, samples) = (sample.median(), sample.len());
        Self { workload: workload.into(), size, count: None, unit, plain: None, versioned, samples }
    }

    /// Says how many rows or changes one operation is about.
    pub(crate) fn of(self, count: u64) -> Self {
        Self { count: Some(count), ..self }
    }

    /// Versioned by plain.
    pub fn ratio(&self) -> Option<f64> {
        self.plain.map(|plain| self.versioned / plain)
    }
}

/// As it is shown while a run goes on.
impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = self.count.map(|count| format!(" of {}", grouped(count as f64))).unwrap_or_default();
        let what = format!("{}{about}, {} rows", self.workload, grouped(self.size as f64));
        write!(f, "{what:<66} {:>12}", self.unit.show(self.versioned))?;
        match (self.plain, self.ratio()) {
            (Some(plain), Some(ratio)) => write!(f, " / {:>12}  {ratio:>6.2}", self.unit.show(plain)),
            _ => Ok(()),
        }
    }
}

impl Unit {
    /// A value with three digits that count.
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::Seconds => {
                let (factor, unit) = match value {
                    ..1e-3 => (1e6, "µs"),
                    ..1.0 => (1e3, "ms"),
                    _ => (1.0, "s"),
                };
                format!("{} {unit}", digits(value * factor))
            }
            Self::PerSecond => format!("{} /s", grouped(value)),
            Self::Bytes if value >= 1e6 => format!("{} MB", digits(value / 1e6)),
            Self::Bytes => format!("{} B", grouped(value)),
        }
    }
}

/// `1.23`, `12.3`, `123`.
fn digits(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => grouped(value),
    }
}

/// A whole number, as in `1,000,000`.
pub(crate) fn grouped(value: f64) -> String {
    let text = format!("{value:.0}");
    let mut out = String::with_capacity(text.len() + text.len() / 3);
    for (position, digit) in text.chars().enumerate() {
        if position > 0 && (text.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_with_three_digits_that_count() {
        assert_eq!(Unit::Seconds.show(0.000_012_34), "12.3 µs");
        assert_eq!(Unit::Seconds.show(0.5), "500 ms");
        assert_eq!(Unit::Seconds.show(2.0), "2.00 s");
        assert_eq!(Unit::PerSecond.show(17_345.4), "17,345 /s");
        assert_eq!(Unit::Bytes.show(286.0), "286 B");
        assert_eq!(Unit::Bytes.show(23_400_000.0), "23.4 MB");
        assert_eq!(grouped(1_000_000.0), "1,000,000");
    }
}
