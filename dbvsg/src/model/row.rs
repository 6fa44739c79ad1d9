use super::Value;

/// One row: the values of a table's columns, in the order of the [`Table`](super::Table) it was read with.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The values.
    pub values: Vec<Value>,
}

impl Row {
    /// A row of these values.
    pub fn new(values: Vec<Value>) -> Self {
        Self { values }
    }

    /// The positions at which two rows of one table differ.
    pub fn changed(&self, other: &Self) -> Vec<usize> {
        let pairs = self.values.iter().zip(&other.values).enumerate();
        pairs.filter(|(_, (a, b))| !a.same(b)).map(|(position, _)| position).collect()
    }
}
