//! The canonical bytes that are hashed, as `docs/format.md` specifies them.

use sha2::{Digest, Sha256};

use crate::model::{Hash, Value};

/// What stands before everything that is hashed, so that no other use of SHA-256 can be mistaken for it.
const TABLE: &[u8] = b"dbvsg table 1\n";
const COMMIT: &[u8] = b"dbvsg commit 1\n";
const RESET: &[u8] = b"dbvsg reset 1\n";
const KEPT: &[u8] = b"dbvsg kept 1\n";

/// The parts of a canonical form, written into a hash.
struct Writer(Sha256);

impl Writer {
    fn integer(&mut self, value: i64) {
        self.0.update(value.to_be_bytes());
    }

    fn bytes(&mut self, value: &[u8]) {
        self.0.update((value.len() as u64).to_be_bytes());
        self.0.update(value);
    }

    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.0.update([value.is_some().into()]);
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.0.update([0]),
            Value::Bool(value) => self.0.update([1, (*value).into()]),
            Value::Integer(value) => {
                self.0.update([2]);
                self.integer(*value);
            }
            Value::Real(value) => {
                self.0.update([3]);
                self.0.update(value.to_bits().to_be_bytes());
            }
            Value::Text(value) => {
                self.0.update([4]);
                self.bytes(value.as_bytes());
            }
            Value::Bytes(value) => {
                self.0.update([5]);
                self.bytes(value);
            }
        }
    }

    /// A change. NULLs are left out, so that a column added later does not change what was said before.
    fn change<'a>(&mut self, id: i64, branch: &Value, op: &Value, columns: impl Iterator<Item = (&'a str, &'a Value)>) {
        self.integer(id);
        self.value(branch);
        self.value(op);
        for (name, value) in columns.filter(|(_, value)| !value.is_null()) {
            self.0.update([1]);
            self.bytes(name.as_bytes());
            self.value(value);
        }
        self.0.update([0]);
    }

    fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

/// The digest of one commit's changes to one table, taken row by row in change order.
pub(super) struct TableDigest(Writer);

impl TableDigest {
    pub(super) fn new() -> Self {
        Self(Writer(Sha256::new_with_prefix(TABLE)))
    }

    /// Adds a change.
    pub(super) fn change<'a>(
        &mut self,
        id: i64,
        branch: &Value,
        op: &Value,
        columns: impl Iterator<Item = (&'a str, &'a Value)>,
    ) {
        self.0.change(id, branch, op, columns);
    }

    pub(super) fn finish(self) -> Hash {
        self.0.finish()
    }
}

/// The digest of what retention left of a table from before its horizon, taken version by version in change order.
pub(super) struct KeptDigest(Writer);

impl KeptDigest {
    /// `kept` are the states before the horizon that can be told.
    pub(super) fn new(horizon: i64, kept: &[(i64, i64)]) -> Self {
        let mut writer = Writer(Sha256::new_with_prefix(KEPT));
        writer.integer(horizon);
        writer.integer(kept.len() as i64);
        for (first, end) in kept {
            writer.integer(*first);
            writer.integer(*end);
        }
        Self(writer)
    }

    /// Adds a version: its commit, its end if that is not after the horizon, and its change.
    pub(super) fn version<'a>(
        &mut self,
        (begin, end): (Option<i64>, Option<i64>),
        id: i64,
        branch: &Value,
        op: &Value,
        columns: impl Iterator<Item = (&'a str, &'a Value)>,
    ) {
        self.0.option(begin, Writer::integer);
        self.0.option(end, Writer::integer);
        self.0.change(id, branch, op, columns);
    }

    pub(super) fn finish(self) -> Hash {
        self.0.finish()
    }
}

/// What a commit says of itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    pub(super) id: i64,
    pub(super) uuid: String,
    pub(super) branch: i64,
    pub(super) seq: i64,
    pub(super) parent: Option<i64>,
    pub(super) merged: Option<i64>,
    pub(super) actor: String,
    pub(super) operation: String,
    pub(super) query: Option<String>,
    pub(super) message: Option<String>,
    pub(super) meta: Option<String>,
    pub(super) written_at: i64,
    pub(super) committed_at: i64,
    /// The commit that the line goes back to, if this is a reset.
    pub(super) reset: Option<i64>,
}

/// What a commit says of one table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TableEntry {
    pub(super) table: i64,
    pub(super) first_change: i64,
    pub(super) last_change: i64,
    pub(super) baseline: i64,
    pub(super) inserted: i64,
    pub(super) updated: i64,
    pub(super) deleted: i64,
    pub(super) soft_deleted: i64,
    pub(super) restored: i64,
    pub(super) rows: i64,
    pub(super) parent: Option<i64>,
    /// The commit that the table is at from then on, if it is not this one.
    pub(super) reset: Option<i64>,
}

impl TableEntry {
    /// Whether it is there without a change.
    pub(super) fn is_empty(&self) -> bool {
        self.last_change == 0
    }

    /// Adds the counts of another.
    pub(super) fn add(&mut self, other: &Self) {
        self.baseline += other.baseline;
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.deleted += other.deleted;
        self.soft_deleted += other.soft_deleted;
        self.restored += other.restored;
    }
}

/// The hash of a commit; `tables` in the order of their ids, each with the digest of its changes.
pub(super) fn commit_hash(previous: &[u8], header: &Header, tables: &[(TableEntry, Hash)]) -> Hash {
    let mut writer = Writer(Sha256::new_with_prefix(if header.reset.is_some() { RESET } else { COMMIT }));
    writer.bytes(previous);
    writer.integer(header.id);
    writer.bytes(header.uuid.as_bytes());
    writer.integer(header.branch);
    writer.integer(header.seq);
    writer.option(header.parent, Writer::integer);
    writer.option(header.merged, Writer::integer);
    writer.bytes(header.actor.as_bytes());
    writer.bytes(header.operation.as_bytes());
    for text in [&header.query, &header.message, &header.meta] {
        writer.option(text.as_deref(), |writer, text| writer.bytes(text.as_bytes()));
    }
    writer.integer(header.written_at);
    writer.integer(header.committed_at);
    if let Some(reset) = header.reset {
        writer.integer(reset);
    }
    writer.integer(tables.len() as i64);
    for (entry, digest) in tables {
        for number in [
            entry.table,
            entry.first_change,
            entry.last_change,
            entry.baseline,
            entry.inserted,
            entry.updated,
            entry.deleted,
            entry.soft_deleted,
            entry.restored,
            entry.rows,
        ] {
            writer.integer(number);
        }
        writer.option(entry.parent, Writer::integer);
        if header.reset.is_some() {
            writer.option(entry.reset, Writer::integer);
        }
        writer.bytes(&digest.0);
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of `docs/format.md`; a change here is a new version of the format.
    #[test]
    fn the_documented_example_holds() {
        let mut digest = TableDigest::new();
        let (name, note) = (Value::Text("Zoë".into()), Value::Null);
        let columns = [("id", &Value::Integer(1)), ("name", &name), ("note", &note)];
        digest.change(7, &Value::Integer(1), &Value::Text("insert".into()), columns.into_iter());
        let digest = digest.finish();
        assert_eq!(digest.to_string(), "da179e69760366a39d7a00af013b24f7845e208f7071480af51260d3ddb0b5c1");
        let header = Header {
            id: 3,
            uuid: "0f8fad5b-d9cb-469f-a165-70867728950e".into(),
            branch: 1,
            seq: 1,
            parent: None,
            merged: None,
            actor: "ann".into(),
            operation: "INSERT".into(),
            query: None,
            message: Some("first".into()),
            meta: None,
            written_at: 1_700_000_000_000_000,
            committed_at: 1_700_000_000_000_000,
            reset: None,
        };
        let entry =
            TableEntry { table: 2, first_change: 7, last_change: 7, inserted: 1, rows: 1, ..TableEntry::default() };
        assert_eq!(
            commit_hash(&[], &header, &[(entry, digest)]).to_string(),
            "64cab30b9d10d31df18289acceaf8ffe035824b472f96cb3e53cb064a209b085"
        );
    }

    /// The example of what is kept in `docs/format.md`.
    #[test]
    fn the_documented_example_of_what_is_kept_holds() {
        let mut digest = KeptDigest::new(5, &[(1, 2)]);
        let (id, name) = (Value::Integer(1), Value::Text("Zoë".into()));
        let columns = [("id", &id), ("name", &name)];
        digest.version((Some(3), Some(4)), 7, &Value::Integer(1), &Value::Text("insert".into()), columns.into_iter());
        assert_eq!(digest.finish().to_string(), "8e1191f3cd71f94acc244b470485d57340d370dbd59480afbd9455c4a0df2319");
    }

    #[test]
    fn neighbours_cannot_trade_bytes() {
        let digest = |a: &str, b: &str| {
            let (a, b) = (Value::Text(a.into()), Value::Text(b.into()));
            let mut digest = TableDigest::new();
            digest.change(1, &Value::Integer(1), &Value::Text("insert".into()), [("a", &a), ("b", &b)].into_iter());
            digest.finish()
        };
        assert_ne!(digest("xy", "z"), digest("x", "yz"));
        assert_ne!(digest("1", ""), digest("", "1"));
    }
}
