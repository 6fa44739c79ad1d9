//! The way of one line, and the marks at its ends: how many rows stand at each side of a foreign key.

use std::fmt::Write;

use super::{layout::Pass, schema::Link, text::number};

/// How far a line runs straight out of a box; the marks are on this piece.
const STUB: f64 = 21.0;
/// How far the brace of a composite key stands off its box.
const BRACE: f64 = 8.0;
/// Half the height of a mark.
const MARK: f64 = 5.5;
/// How far a line reaches out that ends on the side where it began.
const LOOP: f64 = 24.0;

/// A box as lines see it.
pub(super) struct Side {
    pub(super) left: f64,
    pub(super) right: f64,
    /// The heights that a line ends at: those of the columns of its key.
    pub(super) rows: Vec<f64>,
}

/// What is drawn for a foreign key.
#[derive(Debug)]
pub(super) struct Line {
    /// The line with its marks, as the data of an SVG path.
    pub(super) path: String,
    /// The middles of the circles that mean zero.
    pub(super) zeros: Vec<(f64, f64)>,
}

pub(super) fn line(link: &Link, child: &Side, parent: &Side, passes: &[Pass]) -> Line {
    // Facing sides where one box is beside the other, else the right sides of both.
    let (from, to) = match () {
        () if child.left >= parent.right => (-1.0, 1.0),
        () if parent.left >= child.right => (1.0, -1.0),
        () => (1.0, 1.0),
    };
    let mut line = Line { path: String::new(), zeros: Vec::new() };
    let start = line.end(child, from);
    let mut pen = Pen { path: &mut line.path, x: start.0, y: start.1 };
    pen.move_to(start.0, start.1);
    pen.straight_to(start.0 + from * STUB);
    for pass in passes {
        let (near, far) = if from > 0.0 { (pass.left, pass.right) } else { (pass.right, pass.left) };
        pen.curve_to(near, pass.y);
        pen.straight_to(far);
    }
    let target = edge(parent, to);
    let goal = target.0 + to * STUB;
    if from == to {
        pen.loop_to(goal, target.1)
    } else {
        pen.curve_to(goal, target.1)
    }
    pen.straight_to(target.0);
    line.end(parent, to);
    line.many(start, from, link.single);
    line.one(target, to, link.optional);
    line
}

/// Where a line meets a box, or the brace before it.
fn edge(side: &Side, out: f64) -> (f64, f64) {
    let x = if out > 0.0 { side.right } else { side.left };
    let low = side.rows.iter().copied().fold(f64::INFINITY, f64::min);
    let high = side.rows.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let brace = if side.rows.len() > 1 { out * BRACE } else { 0.0 };
    (x + brace, (low + high) / 2.0)
}

impl Line {
    /// Draws the brace of a composite key. Returns where the line meets it.
    fn end(&mut self, side: &Side, out: f64) -> (f64, f64) {
        let met = edge(side, out);
        if side.rows.len() > 1 {
            for &row in &side.rows {
                let (x, y) = (number(met.0 - out * BRACE), number(row));
                self.draw(format_args!("M{x} {y}H{}V{}", number(met.0), number(met.1)));
            }
        }
        met
    }

    /// The mark of the side that refers: none or many, or none or one.
    fn many(&mut self, (x, y): (f64, f64), out: f64, single: bool) {
        let (tip, top, bottom) = (number(x + out * 11.0), number(y - MARK), number(y + MARK));
        if single {
            self.bar(x + out * 7.0, y);
        } else {
            self.draw(format_args!("M{} {top}L{tip} {}L{} {bottom}", number(x), number(y), number(x)));
        }
        self.zeros.push((x + out * 15.0, y));
    }

    /// The mark of the side referred to: one, or none or one.
    fn one(&mut self, (x, y): (f64, f64), out: f64, optional: bool) {
        self.bar(x + out * 7.0, y);
        if optional {
            self.zeros.push((x + out * 15.0, y));
        } else {
            self.bar(x + out * 12.0, y);
        }
    }

    fn bar(&mut self, x: f64, y: f64) {
        self.draw(format_args!("M{} {}V{}", number(x), number(y - MARK), number(y + MARK)));
    }

    fn draw(&mut self, piece: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.path.write_fmt(piece);
    }
}

struct Pen<'a> {
    path: &'a mut String,
    x: f64,
    y: f64,
}

impl Pen<'_> {
    fn draw(&mut self, piece: std::fmt::Arguments<'_>, x: f64, y: f64) {
        let _ = self.path.write_fmt(piece);
        (self.x, self.y) = (x, y);
    }

    fn move_to(&mut self, x: f64, y: f64) {
        self.draw(format_args!("M{} {}", number(x), number(y)), x, y);
    }

    fn straight_to(&mut self, x: f64) {
        self.draw(format_args!("H{}", number(x)), x, self.y);
    }

    /// A curve that begins and ends level.
    fn curve_to(&mut self, x: f64, y: f64) {
        if (self.y - y).abs() < 0.1 {
            return self.straight_to(x);
        }
        let middle = number((self.x + x) / 2.0);
        let (from, x_to, y_to) = (number(self.y), number(x), number(y));
        self.draw(format_args!("C{middle} {from} {middle} {y_to} {x_to} {y_to}"), x, y);
    }

    /// A curve to the right and back.
    fn loop_to(&mut self, x: f64, y: f64) {
        let reach = number(self.x.max(x) + LOOP);
        let (from, x_to, y_to) = (number(self.y), number(x), number(y));
        self.draw(format_args!("C{reach} {from} {reach} {y_to} {x_to} {y_to}"), x, y);
    }
}
