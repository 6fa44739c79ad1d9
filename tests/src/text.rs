use dbvsg::sea_orm::{
    QueryResult, TryGetable,
    entity::prelude::{DateTime, DateTimeUtc, Decimal, Json, Uuid},
    sqlx::{Column, MySql, Row, Type, TypeInfo},
};

/// A row as text: its values joined by `|`, NULL as `-`. The same value is the same text on every engine, as far as the
/// engine has a type for it: truth is 1 or 0, decimals have no zeros at their end, bytes are hexadecimal.
pub(crate) fn text(row: &QueryResult) -> String {
    let count = row.column_names().len();
    (0..count).map(|index| value(row, index).unwrap_or("-".into())).collect::<Vec<_>>().join("|")
}

/// The first type that fits is the column's: the drivers refuse to read a column as a type that it is not.
fn value(row: &QueryResult, index: usize) -> Option<String> {
    let as_type = Reader { row, index };
    None.or_else(|| as_type.read_bytes())
        .or_else(|| as_type.read(|n: i64| n.to_string()))
        .or_else(|| as_type.read(|n: i32| n.to_string()))
        .or_else(|| as_type.read(|n: i16| n.to_string()))
        .or_else(|| as_type.read(|n: u64| n.to_string()))
        .or_else(|| as_type.read(|truth: bool| u8::from(truth).to_string()))
        .or_else(|| as_type.read(|n: f64| n.to_string()))
        .or_else(|| as_type.read(|n: f32| n.to_string()))
        .or_else(|| as_type.read(|text: String| text))
        .or_else(|| as_type.read(hexadecimal))
        .or_else(|| as_type.read(|n: Decimal| n.normalize().to_string()))
        .or_else(|| as_type.read(|moment: DateTimeUtc| moment.format("%FT%T%.6fZ").to_string()))
        .or_else(|| as_type.read(|moment: DateTime| moment.format("%FT%T%.6f").to_string()))
        .or_else(|| as_type.read(|id: Uuid| id.to_string()))
        .or_else(|| as_type.read(|json: Json| json.to_string()))
        .unwrap_or_else(|| panic!("column {index} has a type that scenarios do not read yet"))
}

struct Reader<'a> {
    row: &'a QueryResult,
    index: usize,
}

fn hexadecimal(bytes: Vec<u8>) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Reader<'_> {
    /// Bytes, where the driver would take them for text if they happen to be some.
    fn read_bytes(&self) -> Option<Option<String>> {
        let info = self.row.try_as_mysql_row()?.column(self.index).type_info();
        let bytes = (info.name().contains("BLOB") || info.name().contains("BINARY"))
            && !<String as Type<MySql>>::compatible(info);
        bytes.then(|| self.read(hexadecimal)).flatten()
    }

    /// None if the column is of another type, Some(None) if it is NULL.
    fn read<T: TryGetable>(&self, show: impl FnOnce(T) -> String) -> Option<Option<String>> {
        self.row.try_get_by_index::<Option<T>>(self.index).ok().map(|value| value.map(show))
    }
}
