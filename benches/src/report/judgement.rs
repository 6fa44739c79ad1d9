use super::target::{Bound, Measure, Target};
use crate::{Figure, Results};

/// A target beside the worst of what was measured.
pub(super) struct Judgement<'a> {
    /// What is compared with the bound.
    pub(super) value: f64,
    /// The figure that it comes from.
    pub(super) figure: &'a Figure,
    /// That of the smallest table, where growth is judged.
    pub(super) smallest: Option<&'a Figure>,
}

impl Bound {
    fn is_worse(self, value: f64, than: f64) -> bool {
        match self {
            Self::AtMost(_) => value > than,
            Self::AtLeast(_) => value < than,
        }
    }
}

impl Target {
    /// Whether a value is good enough.
    pub(super) fn holds(&self, value: f64) -> bool {
        match self.bound {
            Bound::AtMost(most) => value <= most,
            Bound::AtLeast(least) => value >= least,
        }
    }

    /// The worst of what was measured; none if nothing of it was.
    pub(super) fn judge<'a>(&self, results: &'a Results) -> Option<Judgement<'a>> {
        let mut worst: Option<Judgement<'a>> = None;
        for workload in (self.workloads)(results.engine) {
            for judgement in self.judgements(results, &workload) {
                if worst.as_ref().is_none_or(|worst| self.bound.is_worse(judgement.value, worst.value)) {
                    worst = Some(judgement);
                }
            }
        }
        worst
    }

    fn judgements<'a>(&self, results: &'a Results, workload: &str) -> Vec<Judgement<'a>> {
        let is_meant =
            |figure: &&Figure| figure.workload == workload && (self.count.is_none() || self.count == figure.count);
        let mut figures: Vec<&Figure> = results.figures.iter().filter(is_meant).collect();
        figures.sort_by_key(|figure| figure.size);
        let ratio = |figure: &'a Figure| Some(Judgement { value: figure.ratio()?, figure, smallest: None });
        let (smallest, largest) = (figures.first().copied(), figures.last().copied());
        match self.measure {
            Measure::Ratio => figures.into_iter().filter_map(ratio).collect(),
            Measure::RatioOfLargest => largest.and_then(ratio).into_iter().collect(),
            Measure::Value(_) => largest
                .map(|figure| Judgement { value: figure.versioned, figure, smallest: None })
                .into_iter()
                .collect(),
            Measure::Growth => match (smallest, largest) {
                (Some(smallest), Some(figure)) => {
                    let value = figure.versioned / smallest.versioned;
                    vec![Judgement { value, figure, smallest: Some(smallest) }]
                }
                _ => Vec::new(),
            },
        }
    }
}
