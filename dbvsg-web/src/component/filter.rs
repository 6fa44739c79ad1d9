//! `?column__operator=value`: from the query to a condition.

use dbvsg::{
    Accessor, Column, Compare, Order, Versioned, codec,
    model::json::{encode, parse_text},
    sea_orm::{ColumnTrait, Condition, IdenStatic, Iterable, ModelTrait, Value as Bound, sea_query::IntoCondition},
};
use serde_json::{Value as Json, json};

use super::{Field, Shape, kind::Kind};
use crate::{call::Call, parameter::Parameter, problem::Problem};

/// The longest text that is searched for.
const LONGEST: usize = 1000;

/// What a list is asked for.
#[derive(Clone, Debug)]
pub(crate) struct ListQuery {
    pub(crate) filters: Vec<Filter>,
    pub(crate) order: Option<(Vec<String>, Order)>,
    pub(crate) include_deleted: bool,
    pub(crate) limit: u64,
    pub(crate) offset: u64,
}

/// One condition on one column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filter {
    /// The query parameter, for what is said about it.
    pub(super) parameter: String,
    pub(super) column: String,
    test: Test,
    value: String,
}

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    In,
    Contains,
    Null,
}

impl Test {
    /// All of them, with what is added to the name of the column.
    const ALL: [(&'static str, Self); 9] = [
        ("", Self::Equal),
        ("__ne", Self::NotEqual),
        ("__gt", Self::Greater),
        ("__gte", Self::GreaterOrEqual),
        ("__lt", Self::Less),
        ("__lte", Self::LessOrEqual),
        ("__in", Self::In),
        ("__contains", Self::Contains),
        ("__null", Self::Null),
    ];

    /// Whether a column of this kind can be compared like this.
    fn suits(self, kind: Kind) -> bool {
        match self {
            Self::Equal | Self::NotEqual | Self::In | Self::Null => true,
            Self::Greater | Self::GreaterOrEqual | Self::Less | Self::LessOrEqual => {
                matches!(kind, Kind::Text | Kind::Ordered)
            }
            Self::Contains => kind == Kind::Text,
        }
    }

    fn parameter(self, name: String, field: &Field) -> Parameter {
        let column = &field.name;
        let (schema, description) = match self {
            Self::Equal => (field.schema.clone(), format!("rows whose `{column}` is this")),
            Self::NotEqual => (field.schema.clone(), format!("rows whose `{column}` is something else, or NULL")),
            Self::Greater => (field.schema.clone(), format!("rows whose `{column}` is greater")),
            Self::GreaterOrEqual => (field.schema.clone(), format!("rows whose `{column}` is this or greater")),
            Self::Less => (field.schema.clone(), format!("rows whose `{column}` is less")),
            Self::LessOrEqual => (field.schema.clone(), format!("rows whose `{column}` is this or less")),
            Self::In => (json!({"type": "string"}), format!("rows whose `{column}` is one of these, joined by commas")),
            Self::Contains => {
                (json!({"type": "string"}), format!("rows whose `{column}` holds this, in letters of either case"))
            }
            Self::Null => (json!({"type": "boolean"}), format!("rows whose `{column}` is NULL, or is not")),
        };
        Parameter::query(name, schema, description)
    }
}

/// The query parameters of a list of this shape. A column that is named like one of the list's own parameters can be
/// asked for through `__in` and its kin only.
pub(crate) fn parameters(shape: &Shape) -> Vec<Parameter> {
    let columns: Vec<&str> = shape.fields.iter().map(|field| field.name.as_str()).collect();
    let mut parameters = vec![
        Parameter::include_deleted(),
        Parameter::choice("order_by", &columns, "the column to sort by; the key if it is left out"),
        Parameter::choice("order", &["asc", "desc"], "smallest or greatest first"),
    ];
    parameters.extend(Parameter::page());
    parameters.extend(Parameter::time());
    for field in &shape.fields {
        for (suffix, test) in Test::ALL {
            let name = format!("{}{suffix}", field.name);
            if test.suits(field.kind) && !parameters.iter().any(|known| known.name == name) {
                parameters.push(test.parameter(name, field));
            }
        }
    }
    parameters
}

/// Reads what a list is asked for.
pub(crate) fn read(call: &Call, shape: &Shape) -> Result<ListQuery, Problem> {
    let own = ["include_deleted", "order_by", "order", "limit", "offset", "as_of", "branch"];
    let asked = call.query().iter().filter(|(name, _)| !own.contains(&name.as_str()));
    let filters = asked.map(|(name, value)| filter(shape, name, value)).collect::<Result<_, _>>()?;
    let columns: Vec<&str> = shape.fields.iter().map(|field| field.name.as_str()).collect();
    let by = call.choice("order_by", &columns)?.map(|column| vec![column.to_owned()]);
    let order = match call.choice("order", &["asc", "desc"])? {
        Some("desc") => Some((by.unwrap_or_else(|| shape.key.clone()), Order::Descending)),
        _ => by.map(|by| (by, Order::Ascending)),
    };
    Ok(ListQuery {
        filters,
        order,
        include_deleted: call.flag("include_deleted", false)?,
        limit: call.limit()?,
        offset: call.offset()?,
    })
}

/// A column's own name comes first, so that one called `note__gt` can be asked for.
fn filter(shape: &Shape, name: &str, value: &str) -> Result<Filter, Problem> {
    let known = |column: &str, test: Test| shape.field(column).filter(|field| test.suits(field.kind));
    let found = Test::ALL.into_iter().find_map(|(suffix, test)| Some((known(name.strip_suffix(suffix)?, test)?, test)));
    let (field, test) = found.ok_or_else(|| Problem::query(name, "there is no such column or comparison"))?;
    if test == Test::Contains && value.chars().count() > LONGEST {
        return Err(Problem::query(name, format!("{LONGEST} characters at most can be searched for")));
    }
    let null = test == Test::Null;
    if null && !matches!(value, "true" | "false") {
        return Err(Problem::query(name, "true or false is expected"));
    }
    Ok(Filter { parameter: name.to_owned(), column: field.name.clone(), test, value: value.to_owned() })
}

/// The column of this name.
pub(super) fn column<E: Versioned>(name: &str) -> Option<E::Column> {
    E::Column::iter().find(|column| column.as_str() == name)
}

/// The condition of a filter.
pub(super) fn condition<E: Versioned>(accessor: &Accessor<E>, filter: &Filter) -> Result<Condition, Problem> {
    let refused = |reason: &str| Problem::query(&filter.parameter, reason);
    let column = column::<E>(&filter.column).ok_or_else(|| refused("there is no such column"))?;
    let kind = <E::Model as ModelTrait>::get_value_type(column);
    let read = |text: &str| codec::parse_text(&kind, text).map_err(|reason| refused(&reason));
    let value = || -> Result<Bound, Problem> { read(&filter.value) };
    Ok(match filter.test {
        Test::Equal => column.eq(value()?).into_condition(),
        Test::NotEqual => Condition::any().add(column.ne(value()?)).add(column.is_null()),
        Test::Greater => column.gt(value()?).into_condition(),
        Test::GreaterOrEqual => column.gte(value()?).into_condition(),
        Test::Less => column.lt(value()?).into_condition(),
        Test::LessOrEqual => column.lte(value()?).into_condition(),
        Test::In => {
            let values = filter.value.split(',').map(read).collect::<Result<Vec<Bound>, _>>()?;
            column.is_in(values).into_condition()
        }
        Test::Contains => accessor.contains(column, &filter.value),
        Test::Null if filter.value == "true" => column.is_null().into_condition(),
        Test::Null => column.is_not_null().into_condition(),
    })
}

/// What a filter asks of a stored column.
pub(super) fn compare(column: &Column, filter: &Filter) -> Result<Compare, Problem> {
    let refused = |reason: &str| Problem::query(&filter.parameter, reason);
    let read = |text: &str| -> Result<Json, Problem> {
        let stored = parse_text(column, text).map_err(|reason| refused(&reason))?;
        Ok(encode(column, &stored))
    };
    let value = || read(&filter.value);
    Ok(match filter.test {
        Test::Equal => Compare::Equal(value()?),
        Test::NotEqual => Compare::NotEqual(value()?),
        Test::Greater => Compare::Greater(value()?),
        Test::GreaterOrEqual => Compare::GreaterOrEqual(value()?),
        Test::Less => Compare::Less(value()?),
        Test::LessOrEqual => Compare::LessOrEqual(value()?),
        Test::In => Compare::OneOf(filter.value.split(',').map(read).collect::<Result<_, _>>()?),
        Test::Contains => Compare::Contains(filter.value.clone()),
        Test::Null => Compare::Null(filter.value == "true"),
    })
}

#[cfg(test)]
mod tests {
    use super::{super::shape::tests::shape, *};

    #[test]
    fn a_filter_names_a_column_and_a_comparison() {
        let read = |name: &str| filter(&shape(), name, "x").map(|filter| (filter.column, filter.test)).ok();
        assert_eq!(read("name"), Some(("name".into(), Test::Equal)));
        assert_eq!(read("name__contains"), Some(("name".into(), Test::Contains)));
        assert_eq!(read("note__gt"), Some(("note__gt".into(), Test::Equal)));
        assert_eq!(read("note__gt__lte"), Some(("note__gt".into(), Test::LessOrEqual)));
        for name in ["nmae", "name__like", "name__", "active__gt", "id__contains", "name__null", "__gt"] {
            assert_eq!(read(name), None, "{name}");
        }
    }

    #[test]
    fn every_filter_is_a_parameter() {
        let names: Vec<String> = parameters(&shape()).into_iter().map(|parameter| parameter.name).collect();
        for name in ["as_of", "limit", "name", "id__gte", "name__contains", "active__in", "deleted_at__null"] {
            assert!(names.iter().any(|known| known == name), "{name}");
        }
        assert!(!names.iter().any(|name| name == "active__lt" || name == "id__contains"));
    }
}
