//! The tables of a database and their foreign keys as a picture: a stand-alone SVG, laid out and drawn here.
//!
//! The same tables give the same picture, to the byte. It holds no script, no font and no link, and follows the reader's
//! light or dark setting.

mod draw;
mod layout;
mod line;
mod pack;
mod schema;
mod style;
#[cfg(test)]
mod tests;
mod text;

use dbvsg::Table;
use schema::Schema;

/// Draws a box for each table and a line for each foreign key.
///
/// Tables that are referred to and not in the list are drawn as empty, dashed boxes.
pub(crate) fn svg(tables: &[Table]) -> String {
    let schema = Schema::new(tables);
    let sizes: Vec<(f64, f64)> = schema.entities.iter().map(style::size).collect();
    let links: Vec<(usize, usize)> = schema.links.iter().map(|link| (link.child, link.parent)).collect();
    draw::picture(&schema, &layout::place(&sizes, &links))
}
