//! What is drawn: the tables with their columns, and who refers to whom.

use dbvsg::model::{ForeignKey, Table, TableName};

/// A box of the picture.
#[derive(Debug)]
pub(super) struct Entity {
    pub(super) name: String,
    pub(super) fields: Vec<Field>,
    /// Whether only its name is known.
    pub(super) missing: bool,
}

/// One column.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) declared: String,
    pub(super) key: bool,
    pub(super) foreign: bool,
    pub(super) nullable: bool,
}

/// A foreign key.
#[derive(Debug)]
pub(super) struct Link {
    /// The entity that refers.
    pub(super) child: usize,
    /// The entity referred to.
    pub(super) parent: usize,
    /// The fields of the child; empty stands for the box itself.
    pub(super) from: Vec<usize>,
    /// The fields of the parent; empty stands for the box itself.
    pub(super) to: Vec<usize>,
    /// Whether a child can do without a parent.
    pub(super) optional: bool,
    /// Whether a parent has one child at most.
    pub(super) single: bool,
    /// In words.
    pub(super) description: String,
}

#[derive(Debug, Default)]
pub(super) struct Schema {
    pub(super) entities: Vec<Entity>,
    pub(super) links: Vec<Link>,
}

impl Schema {
    pub(super) fn new(tables: &[Table]) -> Self {
        let mut schema = Self { entities: tables.iter().map(entity).collect(), links: Vec::new() };
        for (child, table) in tables.iter().enumerate() {
            for foreign in &table.foreign_keys {
                let parent = find_table(tables, &foreign.references);
                let parent_table = parent.map(|parent| &tables[parent]);
                let parent = parent.unwrap_or_else(|| schema.missing(&foreign.references));
                schema.links.push(link(child, table, parent, parent_table, foreign));
            }
        }
        schema
    }

    /// The box of a table that is referred to and not in the list.
    fn missing(&mut self, name: &TableName) -> usize {
        let name = name.to_string();
        let found = self.entities.iter().position(|entity| entity.missing && entity.name == name);
        found.unwrap_or_else(|| {
            self.entities.push(Entity { name, fields: Vec::new(), missing: true });
            self.entities.len() - 1
        })
    }
}

fn entity(table: &Table) -> Entity {
    let fields = table.columns.iter().enumerate().map(|(position, column)| Field {
        name: column.name.clone(),
        declared: column.declared.clone(),
        key: table.is_key(position),
        foreign: table.foreign_keys.iter().any(|foreign| positions(table, &foreign.columns).contains(&position)),
        nullable: column.nullable && !table.is_key(position),
    });
    Entity { name: table.name.to_string(), fields: fields.collect(), missing: false }
}

fn link(child: usize, table: &Table, parent: usize, parent_table: Option<&Table>, foreign: &ForeignKey) -> Link {
    let from = positions(table, &foreign.columns);
    let to = match parent_table {
        Some(parent) if foreign.referenced.is_empty() => parent.key.clone(),
        Some(parent) => positions(parent, &foreign.referenced),
        None => Vec::new(),
    };
    let referenced = match parent_table {
        Some(parent) if foreign.referenced.is_empty() => parent.key_names().join(", "),
        _ => foreign.referenced.join(", "),
    };
    let target = if referenced.is_empty() { String::new() } else { format!(" ({referenced})") };
    Link {
        child,
        parent,
        optional: from.iter().any(|&position| table.columns[position].nullable),
        single: is_unique(table, &from),
        description: format!("{} ({}) → {}{target}", table.name, foreign.columns.join(", "), foreign.references),
        from,
        to,
    }
}

/// Whether no two rows can have the same values in these columns.
fn is_unique(table: &Table, columns: &[usize]) -> bool {
    let covers = |key: &[usize]| !key.is_empty() && key.iter().all(|position| columns.contains(position));
    let others = table.unique.iter().map(|unique| {
        let names: Vec<String> = unique.columns.iter().map(|(name, _)| name.clone()).collect();
        positions(table, &names)
    });
    covers(&table.key) || others.into_iter().any(|key| covers(&key))
}

/// SQL names stand for the same thing in either case, so the exact name is only preferred.
fn find_table(tables: &[Table], name: &TableName) -> Option<usize> {
    let exact = tables.iter().position(|table| table.name == *name);
    exact.or_else(|| {
        let same =
            |table: &&Table| table.name.schema == name.schema && table.name.name.eq_ignore_ascii_case(&name.name);
        tables.iter().enumerate().find(|(_, table)| same(table)).map(|(position, _)| position)
    })
}

fn positions(table: &Table, names: &[String]) -> Vec<usize> {
    let find = |name: &String| {
        let exact = table.position(name);
        exact.or_else(|| table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name)))
    };
    names.iter().filter_map(find).collect()
}
