//! The picture itself.

use std::fmt::Write;

use super::{
    layout::Placement,
    line::{Side, line},
    schema::{Entity, Field, Schema},
    style::{self, COLORS, CSS, DECLARED, HEAD, MARGIN, MARK, NAME, PAD, ROW, TITLE},
    text::{escape, fit, number},
};

/// The height of the line that explains the marks.
const LEGEND: f64 = 30.0;

struct Picture {
    out: String,
}

/// Draws everything where it was placed: lines first, so that boxes stand before them.
pub(super) fn picture(schema: &Schema, placement: &Placement) -> String {
    let mut picture = Picture { out: String::new() };
    if schema.entities.is_empty() {
        picture.open(360.0, 120.0);
        picture.add(format_args!(
            "<text class=\"note\" x=\"180\" y=\"64\" text-anchor=\"middle\">There are no tables.</text>"
        ));
        return picture.close();
    }
    let width = (placement.size.0 + 2.0 * MARGIN).max(420.0);
    let height = placement.size.1 + 2.0 * MARGIN + LEGEND;
    picture.open(width.ceil(), height.ceil());
    picture.add(format_args!("<g transform=\"translate({} {})\">", number(MARGIN), number(MARGIN)));
    picture.lines(schema, placement);
    for (entity, &corner) in schema.entities.iter().zip(&placement.corners) {
        picture.entity(entity, corner);
    }
    picture.add(format_args!("</g>"));
    picture.legend(height.ceil() - MARGIN);
    picture.close()
}

impl Picture {
    fn add(&mut self, piece: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.out.write_fmt(piece);
    }

    fn open(&mut self, width: f64, height: f64) {
        self.add(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             role=\"img\" aria-label=\"Tables and their foreign keys\">\n<style>{CSS}</style>\n\
             <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n"
        ));
    }

    fn close(mut self) -> String {
        self.out.push_str("</svg>\n");
        self.out
    }

    fn lines(&mut self, schema: &Schema, placement: &Placement) {
        for (link, passes) in schema.links.iter().zip(&placement.passes) {
            let mut to = side(schema, placement, link.parent, &link.to);
            let from = side(schema, placement, link.child, &link.from);
            if link.child == link.parent && to.rows == from.rows {
                to = side(schema, placement, link.parent, &[]);
            }
            let line = line(link, &from, &to, passes);
            self.add(format_args!(
                "<g class=\"line c{}\"><title>{}</title><path d=\"{}\"/>",
                link.parent % COLORS,
                escape(&link.description),
                line.path
            ));
            for (x, y) in line.zeros {
                self.add(format_args!("<circle class=\"zero\" cx=\"{}\" cy=\"{}\" r=\"3.5\"/>", number(x), number(y)));
            }
            self.add(format_args!("</g>\n"));
        }
    }

    fn entity(&mut self, entity: &Entity, (x, y): (f64, f64)) {
        let (width, height) = style::size(entity);
        let class = if entity.missing { "table missing" } else { "table" };
        let note = if entity.missing { " (not among these tables)" } else { "" };
        self.add(format_args!(
            "<g class=\"{class}\" transform=\"translate({} {})\"><title>{}{note}</title>\
             <rect class=\"box\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>",
            number(x),
            number(y),
            escape(&entity.name),
        ));
        if !entity.missing {
            let (right, bottom) = (number(width - 0.5), number(HEAD));
            self.add(format_args!(
                "<path class=\"head\" d=\"M0.5 {bottom}V6Q0.5 0.5 6 0.5H{}Q{right} 0.5 {right} 6V{bottom}Z\"/>\
                 <path class=\"rule\" d=\"M0 {bottom}H{width}\"/>",
                number(width - 6.0),
            ));
        }
        self.add(format_args!(
            "<text class=\"title\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
            number(width / 2.0),
            number(style::title_middle(entity) + 4.5),
            escape(&fit(&entity.name, TITLE)),
        ));
        let indent = PAD + style::marks(entity);
        for (position, field) in entity.fields.iter().enumerate() {
            self.field(field, position, width, indent);
        }
        self.add(format_args!("</g>\n"));
    }

    fn field(&mut self, field: &Field, position: usize, width: f64, indent: f64) {
        let middle = style::row_middle(position);
        let base = number(middle + 4.0);
        self.add(format_args!("<g><title>{}</title>", escape(&describe(field))));
        if position % 2 == 1 {
            self.add(format_args!(
                "<rect class=\"stripe\" x=\"0.7\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
                number(middle - ROW / 2.0),
                number(width - 1.4),
                number(ROW),
            ));
        }
        let mut left = PAD;
        for (name, class, shown) in [("PK", "pk", field.key), ("FK", "fk", field.foreign)] {
            if shown {
                self.mark(name, class, left, middle);
                left += MARK;
            }
        }
        let class = if field.key { " class=\"key\"" } else { "" };
        self.add(format_args!(
            "<text{class} x=\"{}\" y=\"{base}\">{}</text>",
            number(indent),
            escape(&fit(&field.name, NAME))
        ));
        if !field.declared.is_empty() {
            self.add(format_args!(
                "<text class=\"type\" x=\"{}\" y=\"{base}\" text-anchor=\"end\">{}</text>",
                number(width - PAD - 7.3),
                escape(&fit(&field.declared, DECLARED)),
            ));
        }
        if field.nullable {
            self.add(format_args!("<text class=\"type\" x=\"{}\" y=\"{base}\">?</text>", number(width - PAD - 7.3)));
        }
        self.add(format_args!("</g>\n"));
    }

    fn mark(&mut self, name: &str, class: &str, x: f64, middle: f64) {
        self.add(format_args!(
            "<g class=\"mark {class}\" transform=\"translate({} {})\"><rect y=\"-7\" width=\"22\" height=\"14\" rx=\"3\"/>\
             <text x=\"11\" y=\"3.2\">{name}</text></g>",
            number(x),
            number(middle),
        ));
    }

    fn legend(&mut self, y: f64) {
        self.mark("PK", "pk", MARGIN, y - 4.0);
        self.mark("FK", "fk", MARGIN + 142.0, y - 4.0);
        for (x, what) in
            [(MARGIN + 28.0, "primary key"), (MARGIN + 170.0, "foreign key"), (MARGIN + 284.0, "? NULL allowed")]
        {
            self.add(format_args!("<text class=\"note\" x=\"{}\" y=\"{}\">{what}</text>\n", number(x), number(y)));
        }
    }
}

fn describe(field: &Field) -> String {
    let notes = [(field.key, "primary key"), (field.foreign, "foreign key"), (field.nullable, "may be NULL")];
    let notes = notes.into_iter().filter(|(holds, _)| *holds).map(|(_, note)| format!(", {note}"));
    let declared = if field.declared.is_empty() { "no declared type" } else { &field.declared };
    format!("{}: {declared}{}", field.name, notes.collect::<String>())
}

/// A box as the line of a key sees it that consists of these fields.
fn side(schema: &Schema, placement: &Placement, index: usize, fields: &[usize]) -> Side {
    let (entity, (x, y)) = (&schema.entities[index], placement.corners[index]);
    let (width, _) = style::size(entity);
    let mut rows: Vec<f64> = fields.iter().map(|&field| y + style::row_middle(field)).collect();
    if rows.is_empty() {
        rows.push(y + style::title_middle(entity));
    }
    Side { left: x, right: x + width, rows }
}
