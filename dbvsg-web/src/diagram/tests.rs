use dbvsg::{Table, Vsg, sea_orm::ConnectionTrait};
use quick_xml::{Reader, events::Event};

use super::{
    layout::{Placement, place},
    schema::Schema,
    style, svg,
};

/// The tables of an empty database after these statements.
async fn tables(statements: &str) -> Vec<Table> {
    let vsg = Vsg::connect("sqlite::memory:").await.unwrap();
    vsg.connection().execute_unprepared("PRAGMA foreign_keys = OFF").await.unwrap();
    vsg.connection().execute_unprepared(statements).await.unwrap();
    let mut tables = Vec::new();
    for status in vsg.tables().await.unwrap() {
        tables.push(vsg.describe(&status.table).await.unwrap().unwrap());
    }
    tables
}

/// Everything in the picture that must be well-formed is; returns its text.
fn check(picture: &str) -> String {
    let mut reader = Reader::from_str(picture);
    let (mut depth, mut text, mut elements) = (0, String::new(), Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                depth += 1;
                elements.push(String::from_utf8(start.name().0.to_vec()).unwrap());
                start.attributes().for_each(|attribute| drop(attribute.unwrap().unescape_value().unwrap()));
            }
            Event::Empty(start) => {
                elements.push(String::from_utf8(start.name().0.to_vec()).unwrap());
                start.attributes().for_each(|attribute| drop(attribute.unwrap().unescape_value().unwrap()));
            }
            Event::End(_) => depth -= 1,
            Event::Text(part) => text.push_str(&part.unescape().unwrap()),
            Event::Eof => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(depth, 0);
    let known = ["svg", "style", "rect", "g", "title", "path", "text", "circle"];
    assert!(elements.iter().all(|element| known.contains(&element.as_str())), "{elements:?}");
    let allowed = |char: char| matches!(char, '\n' | ' '..='\u{7e}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
    assert_eq!(picture.chars().find(|&char| !allowed(char)), None);
    assert!(!picture.contains("NaN") && !picture.contains("inf"));
    text
}

fn overlaps(placement: &Placement, sizes: &[(f64, f64)]) -> usize {
    let apart = |a: f64, wide_a: f64, b: f64, wide_b: f64| a + wide_a <= b || b + wide_b <= a;
    let pairs = (0..sizes.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
    let touching = pairs.filter(|&(a, b)| {
        let (at_a, at_b) = (placement.corners[a], placement.corners[b]);
        !apart(at_a.0, sizes[a].0, at_b.0, sizes[b].0) && !apart(at_a.1, sizes[a].1, at_b.1, sizes[b].1)
    });
    touching.count()
}

/// Draws the tables, and checks all that must hold for any picture.
fn draw(tables: &[Table]) -> String {
    let picture = svg(tables);
    assert_eq!(picture, svg(tables));
    let schema = Schema::new(tables);
    let sizes: Vec<(f64, f64)> = schema.entities.iter().map(style::size).collect();
    let links: Vec<(usize, usize)> = schema.links.iter().map(|link| (link.child, link.parent)).collect();
    let placement = place(&sizes, &links);
    assert_eq!(overlaps(&placement, &sizes), 0);
    for (&(x, y), &(width, height)) in placement.corners.iter().zip(&sizes) {
        assert!(x >= 0.0 && y >= 0.0);
        assert!(x + width <= placement.size.0 + 1.0 && y + height <= placement.size.1 + 1.0);
    }
    picture
}

#[test]
fn no_tables_give_a_note() {
    assert!(check(&svg(&[])).contains("There are no tables."));
}

#[tokio::test]
async fn columns_keys_and_types_are_shown() {
    let tables = tables(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(80) NOT NULL, nick TEXT, plain);
         CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users);",
    )
    .await;
    let text = check(&draw(&tables));
    for shown in ["users", "VARCHAR(80)", "nick: TEXT, may be NULL", "plain: no declared type, may be NULL", "PK", "FK"]
    {
        assert!(text.contains(shown), "{shown}");
    }
    assert!(text.contains("orders (user_id) → users (id)"));
    assert!(text.contains("user_id: INTEGER, foreign key"));
}

#[tokio::test]
async fn every_shape_of_reference_is_drawn() {
    let tables = tables(
        "CREATE TABLE staff (id INTEGER PRIMARY KEY, boss INTEGER REFERENCES staff(id), itself INTEGER REFERENCES staff(itself));
         CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER REFERENCES b(id), b2 INTEGER REFERENCES B(ID), s REFERENCES staff);
         CREATE TABLE b (id INTEGER PRIMARY KEY, c INTEGER REFERENCES c(id));
         CREATE TABLE c (id INTEGER PRIMARY KEY, a INTEGER UNIQUE REFERENCES a(id), gone INTEGER REFERENCES elsewhere(id));
         CREATE TABLE place (country TEXT, city TEXT, PRIMARY KEY (country, city));
         CREATE TABLE house (id INTEGER PRIMARY KEY, city TEXT, country TEXT, street TEXT,
             FOREIGN KEY (country, city) REFERENCES place, FOREIGN KEY (street, city) REFERENCES lost);",
    )
    .await;
    let schema = Schema::new(&tables);
    let text = check(&draw(&tables));
    assert_eq!(schema.links.len(), 10);
    assert!(text.contains("a (b2) → B (ID)"));
    assert!(text.contains("house (country, city) → place (country, city)"));
    assert!(text.contains("house (street, city) → lost"));
    assert!(text.contains("elsewhere (not among these tables)"));
    let names: Vec<&str> = schema.entities.iter().filter(|entity| entity.missing).map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["elsewhere", "lost"]);
    let single: Vec<&str> =
        schema.links.iter().filter(|link| link.single).map(|link| link.description.as_str()).collect();
    assert_eq!(single, ["c (a) → a (id)"]);
}

#[tokio::test]
async fn hostile_names_stay_names() {
    let long = "l".repeat(300);
    let tables = tables(&format!(
        "CREATE TABLE \"<script>alert(1)</script>\" (id INTEGER PRIMARY KEY, \"a\"\"'&]]>\" TEXT, \"\u{202e}evil\u{1}\u{1b}\n\" TEXT);
         CREATE TABLE \"{long}\" (\"{long}\" \"{long}\" REFERENCES \"<script>alert(1)</script>\"(id));
         CREATE TABLE \"😀注文\" (\"\" TEXT, \"{{}}%s\" TEXT);"
    ))
    .await;
    let picture = draw(&tables);
    let text = check(&picture);
    assert!(!picture.contains("<script"));
    assert!(text.contains("<script>alert(1)</script>"));
    assert!(text.contains("😀注文"));
    assert!(text.contains(&format!("{}…", "l".repeat(39))));
    assert!(text.contains(&long), "the whole name is in a title");
}

#[tokio::test]
async fn sixty_tables_fit_a_screen_s_shape() {
    let mut sql = String::from("CREATE TABLE hub (id INTEGER PRIMARY KEY, name TEXT);");
    for n in 0..59 {
        let link = match n % 3 {
            0 => ", hub INTEGER REFERENCES hub(id)".to_owned(),
            1 => format!(", other INTEGER REFERENCES t{}(id)", n * 7 % 59),
            _ => String::new(),
        };
        sql.push_str(&format!("CREATE TABLE t{n} (id INTEGER PRIMARY KEY, name TEXT{link});"));
    }
    let tables = tables(&sql).await;
    check(&draw(&tables));
    let schema = Schema::new(&tables);
    let sizes: Vec<(f64, f64)> = schema.entities.iter().map(style::size).collect();
    let links: Vec<(usize, usize)> = schema.links.iter().map(|link| (link.child, link.parent)).collect();
    let (width, height) = place(&sizes, &links).size;
    assert!((0.4..4.0).contains(&(width / height)), "{width} x {height}");
}

/// A sequence that looks random and is the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % sides as u64) as usize
    }
}

#[test]
fn boxes_never_overlap_and_no_line_runs_through_one() {
    let mut dice = Dice(7);
    for round in 0..40 {
        let count = 1 + round;
        let sizes: Vec<(f64, f64)> =
            (0..count).map(|_| (140.0 + dice.roll(200) as f64, 40.0 + dice.roll(400) as f64)).collect();
        let most = 2 * count;
        let links: Vec<(usize, usize)> = (0..dice.roll(most)).map(|_| (dice.roll(count), dice.roll(count))).collect();
        let placement = place(&sizes, &links);
        assert_eq!(overlaps(&placement, &sizes), 0, "round {round}");
        for pass in placement.passes.iter().flatten() {
            let hit = placement.corners.iter().zip(&sizes).any(|(&(x, y), &(width, height))| {
                pass.left < x + width - 1.0 && x + 1.0 < pass.right && pass.y > y && pass.y < y + height
            });
            assert!(!hit, "round {round}: {pass:?}");
        }
    }
}

#[test]
fn a_web_too_dense_to_unravel_is_drawn_all_the_same() {
    let mut dice = Dice(11);
    let sizes = vec![(160.0, 120.0); 200];
    let links: Vec<(usize, usize)> = (0..2000).map(|_| (dice.roll(200), dice.roll(200))).collect();
    let placement = place(&sizes, &links);
    assert_eq!(overlaps(&placement, &sizes), 0);
}
