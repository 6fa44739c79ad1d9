use std::io;

use plotters::prelude::*;

use crate::{Error, Figure, Result, Results, Unit, figure::grouped, side::Way, workloads::names};

/// In pixels.
const SIZE: (u32, u32) = (900, 560);

/// A line of the plot: the time of an update by the size of the table.
struct Line {
    label: String,
    points: Vec<(f64, f64)>,
    style: ShapeStyle,
    /// Length and distance of its dashes; none in what it is about.
    dashes: Option<(i32, i32)>,
}

/// The time of an update of one row in a transaction, by the size of the table: plain, with DBVSG, and with a copy of the
/// table at each write.
pub(super) fn commit_cost(measured: &[Results]) -> Result<String> {
    let lines: Vec<Line> = measured.iter().flat_map(lines).filter(|line| !line.points.is_empty()).collect();
    let mut svg = String::new();
    draw(&mut svg, &lines).map_err(|error| Error::Plot(error.to_string()))?;
    svg.push('\n');
    Ok(svg)
}

fn lines(results: &Results) -> [Line; 3] {
    let engine = results.engine;
    let color = engine.pick(RGBColor(0, 100, 170), RGBColor(50, 140, 60), RGBColor(200, 90, 0));
    let update = update(results);
    let line = |what: &str, workload: &str, value: fn(&Figure) -> Option<f64>, width, dashes| {
        let points = results.of(workload).filter_map(|figure| Some((figure.size as f64, value(figure)?)));
        let mut points: Vec<(f64, f64)> = points.collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        Line { label: format!("{engine}, {what}"), points, style: color.stroke_width(width), dashes }
    };
    [
        line("a JSON copy of the table", names::COPY, |figure| Some(figure.versioned), 2, Some((2, 4))),
        line("DBVSG", &update, |figure| Some(figure.versioned), 3, None),
        line("plain", &update, |figure| figure.plain, 1, Some((8, 4))),
    ]
}

/// The name of the update that is drawn: as durable as a program gets it that asks for nothing.
fn update(results: &Results) -> String {
    names::write("update", Way::Transaction, results.engine.durabilities()[0].suffix())
}

fn draw(svg: &mut String, lines: &[Line]) -> Result<(), DrawingAreaErrorKind<io::Error>> {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (sizes, times) = (range(lines, |point| point.0), range(lines, |point| point.1));
    let mut chart = ChartBuilder::on(&root)
        .caption("one update in a transaction, by the size of the table", ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(76)
        .build_cartesian_2d(sizes.log_scale(), times.log_scale())?;
    chart
        .configure_mesh()
        .x_desc("rows")
        .y_desc("time")
        .x_label_formatter(&|rows| grouped(*rows))
        .y_label_formatter(&|seconds| Unit::Seconds.show(*seconds))
        .label_style(("sans-serif", 14))
        .light_line_style(WHITE)
        .draw()?;
    for line in lines {
        let (points, style) = (line.points.clone(), line.style);
        let key = move |(x, y)| PathElement::new([(x, y), (x + 24, y)], style);
        let series = match line.dashes {
            None => chart.draw_series(LineSeries::new(points, style))?,
            Some((length, distance)) => chart.draw_series(DashedLineSeries::new(points, length, distance, style))?,
        };
        series.label(line.label.clone()).legend(key);
        chart.draw_series(line.points.iter().map(|point| Circle::new(*point, 3, style.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .label_font(("sans-serif", 14))
        .draw()?;
    root.present()
}

/// From a little before the least value to a little behind the greatest.
fn range(lines: &[Line], value: fn(&(f64, f64)) -> f64) -> std::ops::Range<f64> {
    let values = || lines.iter().flat_map(|line| &line.points).map(value);
    let (least, greatest) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    if least.is_finite() { least / 1.5..greatest * 1.5 } else { 1.0..10.0 }
}
