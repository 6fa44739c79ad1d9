//! How time is measured: in turns that both sides take, so that a moment's noise meets both.

use std::time::{Duration, Instant};

use crate::Result;

/// So many turns are taken even where one lasts longer than all of them should.
const FEWEST: usize = 3;

/// Turns for as long as a time box lasts. The first one warms up and does not count.
#[derive(Debug)]
pub(crate) struct Turns {
    began: Instant,
    lasts: Duration,
    taken: usize,
}

/// One turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    counts: bool,
}

impl Turn {
    /// That of what is measured once, because it takes long.
    pub(crate) const ONLY: Self = Self { counts: true };
}

impl Turns {
    pub(crate) fn within(lasts: Duration) -> Self {
        Self { began: Instant::now(), lasts, taken: 0 }
    }
}

impl Iterator for Turns {
    type Item = Turn;

    fn next(&mut self) -> Option<Turn> {
        if self.taken > FEWEST && self.began.elapsed() >= self.lasts {
            return None;
        }
        self.taken += 1;
        Some(Turn { counts: self.taken > 1 })
    }
}

/// What was measured of one thing, in the order in which it was.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    /// Measures how long something takes, in seconds.
    pub(crate) async fn time<T>(&mut self, turn: Turn, work: impl Future<Output = Result<T>>) -> Result<T> {
        let begun = Instant::now();
        let done = work.await?;
        self.add(turn, begun.elapsed().as_secs_f64());
        Ok(done)
    }

    /// Takes in what was measured otherwise.
    pub(crate) fn add(&mut self, turn: Turn, value: f64) {
        if turn.counts {
            self.0.push(value);
        }
    }

    /// The middle of what was measured; of an even number the mean of both in the middle.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        match (sorted.len(), sorted.len() / 2) {
            (0, _) => f64::NAN,
            (count, middle) if count % 2 == 1 => sorted[middle],
            (_, middle) => f64::midpoint(sorted[middle - 1], sorted[middle]),
        }
    }

    /// How often it was measured.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Lets two things take turns, each so often a turn.
pub(crate) async fn alternate(
    lasts: Duration,
    times: u64,
    mut first: impl AsyncFnMut(u64) -> Result<()>,
    mut second: impl AsyncFnMut(u64) -> Result<()>,
) -> Result<(Sample, Sample)> {
    let (mut one, mut other) = (Sample::default(), Sample::default());
    let mut number = 0;
    for turn in Turns::within(lasts) {
        for n in number..number + times {
            one.time(turn, first(n)).await?;
        }
        for n in number..number + times {
            other.time(turn, second(n)).await?;
        }
        number += times;
    }
    Ok((one, other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_and_the_warm_up_does_not_count() {
        let mut sample = Sample::default();
        for (turn, value) in Turns::within(Duration::ZERO).zip([100.0, 3.0, 1.0, 2.0, 9.0]) {
            sample.add(turn, value);
        }
        assert_eq!((sample.len(), sample.median()), (3, 2.0));
        sample.add(Turn::ONLY, 4.0);
        assert_eq!(sample.median(), 2.5);
        assert!(Sample::default().median().is_nan());
    }
}
