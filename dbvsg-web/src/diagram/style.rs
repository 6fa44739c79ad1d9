//! Measures and colours.

use super::{schema::Entity, text::cells};

/// The width of one cell of the fixed-width font.
const CELL: f64 = 7.3;
/// The same for table names, which are a little larger.
const TITLE_CELL: f64 = 8.0;
/// The most cells of a column's name, a declared type and a table's name.
pub(super) const NAME: usize = 32;
pub(super) const DECLARED: usize = 30;
pub(super) const TITLE: usize = 40;
/// The height of a column.
pub(super) const ROW: f64 = 22.0;
/// The height of a table's name.
pub(super) const HEAD: f64 = 30.0;
/// The space between a box and what is in it.
pub(super) const PAD: f64 = 10.0;
/// The space that one mark, PK or FK, takes.
pub(super) const MARK: f64 = 27.0;
/// The space below the last column.
const FOOT: f64 = 5.0;
/// The height of a box of which only the name is known.
const MISSING: f64 = 38.0;
/// The space around the picture.
pub(super) const MARGIN: f64 = 28.0;
/// How many colours lines have.
pub(super) const COLORS: usize = 6;

/// The width and height of a box.
pub(super) fn size(entity: &Entity) -> (f64, f64) {
    let title = cells(&entity.name).min(TITLE) as f64 * TITLE_CELL + 2.0 * PAD;
    if entity.missing {
        return (title.max(120.0).ceil(), MISSING);
    }
    let widest = |of: fn(&super::schema::Field) -> &str, limit: usize| {
        entity.fields.iter().map(|field| cells(of(field)).min(limit)).max().unwrap_or_default() as f64
    };
    let names = widest(|field| &field.name, NAME) * CELL;
    // One cell more for the mark of a column that may be NULL.
    let types = (widest(|field| &field.declared, DECLARED) + 1.0) * CELL;
    let fields = marks(entity) + names + 2.0 * CELL + types + 2.0 * PAD;
    (title.max(fields).max(140.0).ceil(), HEAD + entity.fields.len() as f64 * ROW + FOOT)
}

/// The space that the marks of a box take.
pub(super) fn marks(entity: &Entity) -> f64 {
    let most = entity.fields.iter().map(|field| u8::from(field.key) + u8::from(field.foreign)).max();
    f64::from(most.unwrap_or_default()) * MARK
}

/// Where the middle of a column is, below the top of its box.
pub(super) fn row_middle(position: usize) -> f64 {
    HEAD + (position as f64 + 0.5) * ROW
}

/// Where the middle of a box's name is, below its top.
pub(super) fn title_middle(entity: &Entity) -> f64 {
    if entity.missing { MISSING / 2.0 } else { HEAD / 2.0 }
}

/// The look. What a viewer without media queries shows is the light one.
pub(super) const CSS: &str = "\
svg{color-scheme:light dark}\
text{font-family:ui-monospace,'SF Mono',SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace;\
font-size:12px;fill:#1f2328;white-space:pre}\
.paper{fill:#f6f8fa}.box{fill:#fff;stroke:#c4ccd5}.head{fill:#e7eefb}.rule{stroke:#c4ccd5}.stripe{fill:#f6f8fa}\
.title{font-size:13px;font-weight:600}.type,.note{fill:#6a737d}.key{font-weight:600}\
.missing .box{fill:none;stroke-dasharray:5 4}.missing .title{fill:#6a737d;font-weight:400}\
.mark text{font-size:9px;font-weight:700;fill:#fff;text-anchor:middle}.pk rect{fill:#9a6700}.fk rect{fill:#57606a}\
.line{fill:none;stroke-width:1.4}.line .zero{fill:#f6f8fa}.line:hover{stroke-width:3}\
.c0{stroke:#0969da}.c1{stroke:#1a7f37}.c2{stroke:#8250df}.c3{stroke:#bc4c00}.c4{stroke:#0e7490}.c5{stroke:#bf3989}\
@media (prefers-color-scheme:dark){\
text{fill:#e6edf3}.paper,.line .zero{fill:#0d1117}.box{fill:#161b22;stroke:#3d444d}.head{fill:#1c2a41}.rule{stroke:#3d444d}\
.stripe{fill:#1a2028}.type,.note,.missing .title{fill:#9198a1}.missing .box{fill:none}\
.pk rect{fill:#bb8009}.fk rect{fill:#656c76}\
.c0{stroke:#4493f8}.c1{stroke:#3fb950}.c2{stroke:#ab7df8}.c3{stroke:#f0883e}.c4{stroke:#39c5cf}.c5{stroke:#db61a2}}";
