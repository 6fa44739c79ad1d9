//! The lines beside a log that lead from each commit to those that it came from.

use dbvsg::{Commit, CommitId};

/// The lines of a log that is written from the newest commit to the oldest.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// The commit that each line leads to.
    lanes: Vec<CommitId>,
}

/// What stands beside a commit.
#[derive(Debug, PartialEq)]
pub(crate) struct Beside {
    /// Between it and the one before, where lines meet.
    pub(crate) above: Vec<String>,
    /// Beside its first line.
    pub(crate) first: String,
    /// Beside its other lines.
    pub(crate) rest: String,
    /// Between it and the next, where lines part.
    pub(crate) below: Vec<String>,
}

impl Graph {
    /// What stands beside the next commit.
    pub(crate) fn next(&mut self, commit: &Commit) -> Beside {
        self.place(commit.uuid, [commit.parent, commit.merged])
    }

    fn place(&mut self, commit: CommitId, [parent, merged]: [Option<CommitId>; 2]) -> Beside {
        let lane = self.lanes.iter().position(|next| *next == commit).unwrap_or_else(|| {
            self.lanes.push(commit);
            self.lanes.len() - 1
        });
        let mut above = Vec::new();
        while let Some(other) = (lane + 1..self.lanes.len()).find(|at| self.lanes[*at] == commit) {
            self.lanes.remove(other);
            above.push(self.joined(lane, '/'));
        }
        let (first, mut rest) = (self.drawn(lane, '*'), self.drawn(lane, '|'));
        match parent {
            Some(parent) => self.lanes[lane] = parent,
            None => {
                self.lanes.remove(lane);
                rest = self.drawn(lane, '|');
            }
        }
        let mut below = Vec::new();
        if let Some(merged) = merged.filter(|merged| !self.lanes.contains(merged)) {
            below.push(self.joined(lane, '\\'));
            self.lanes.insert((lane + 1).min(self.lanes.len()), merged);
        }
        Beside { above, first, rest, below }
    }

    /// A sign on one line, and the others beside it.
    fn drawn(&self, lane: usize, here: char) -> String {
        (0..self.lanes.len()).flat_map(|at| [if at == lane { here } else { '|' }, ' ']).collect()
    }

    /// The line in which another joins this one, or leaves it.
    fn joined(&self, lane: usize, sign: char) -> String {
        let signs = (0..self.lanes.len()).flat_map(|at| ['|', if at == lane { sign } else { ' ' }]);
        signs.collect::<String>().trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> CommitId {
        format!("00000000-0000-4000-8000-0000000000{number:02x}").parse().unwrap()
    }

    fn drawn(commits: &[(u8, Option<u8>, Option<u8>)]) -> Vec<String> {
        let mut graph = Graph::default();
        let lines = commits.iter().flat_map(|(commit, parent, merged)| {
            let beside = graph.place(id(*commit), [parent.map(id), merged.map(id)]);
            let line = format!("{}{commit}", beside.first);
            beside.above.into_iter().chain([line]).chain(beside.below).collect::<Vec<_>>()
        });
        lines.collect()
    }

    #[test]
    fn a_line_is_straight() {
        assert_eq!(drawn(&[(3, Some(2), None), (2, Some(1), None), (1, None, None)]), ["* 3", "* 2", "* 1"]);
    }

    #[test]
    fn lines_part_and_meet() {
        let forked = drawn(&[(4, Some(2), None), (3, Some(2), None), (2, Some(1), None), (1, None, None)]);
        assert_eq!(forked, ["* 4", "| * 3", "|/", "* 2", "* 1"]);
        let merged = drawn(&[(4, Some(3), Some(2)), (3, Some(1), None), (2, Some(1), None), (1, None, None)]);
        assert_eq!(merged, ["* 4", "|\\", "* | 3", "| * 2", "|/", "* 1"]);
    }
}
