//! Where the boxes stand: connected tables in layers from left to right, the referenced ones first; then all such groups
//! beside each other.

use std::collections::{BTreeMap, BTreeSet};

use dagre::{
    EdgeLabel, LayoutOptions, NodeLabel, RankDir,
    graph::{Graph, GraphOptions},
};

use super::pack::pack;

/// The space between two layers, in which lines run.
const CHANNEL: f64 = 96.0;
/// The space between two boxes of a layer.
const GAP: f64 = 28.0;
/// The space between two lines that pass the same layer.
const LANE: f64 = 14.0;
/// The space for lines that begin and end at the right side of a group.
const SIDE: f64 = 40.0;
/// The most lines of a group that are laid between the boxes. The time of that grows faster than their number, so of a
/// larger group only as many are as hold it together; the others run behind the boxes.
const MOST_LINES: usize = 150;
/// How many tables that hang at one other are set above each other at least.
const STACK: usize = 8;

/// Where everything is.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Placement {
    /// The top left corner of each box.
    pub(super) corners: Vec<(f64, f64)>,
    /// For each link the gaps that it passes on its way from child to parent.
    pub(super) passes: Vec<Vec<Pass>>,
    /// The size of the whole.
    pub(super) size: (f64, f64),
}

/// A gap between the boxes of a layer, through which a line runs straight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pass {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) y: f64,
}

/// A group of connected boxes, laid out by itself.
struct Group {
    boxes: Vec<usize>,
    corners: Vec<(f64, f64)>,
    passes: Vec<(usize, Vec<Pass>)>,
    size: (f64, f64),
}

/// Places boxes of these sizes. Links are pairs of child and parent.
pub(super) fn place(sizes: &[(f64, f64)], links: &[(usize, usize)]) -> Placement {
    let mut groups: Vec<Group> =
        groups(sizes.len(), links).into_iter().map(|boxes| group(boxes, sizes, links)).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.boxes.len()));
    let outer: Vec<(f64, f64)> = groups.iter().map(|group| group.size).collect();
    let (offsets, size) = pack(&outer);
    let mut placement =
        Placement { corners: vec![(0.0, 0.0); sizes.len()], passes: vec![Vec::new(); links.len()], size };
    for (group, (dx, dy)) in groups.into_iter().zip(offsets) {
        for (&index, (x, y)) in group.boxes.iter().zip(group.corners) {
            placement.corners[index] = ((x + dx).round(), (y + dy).round());
        }
        for (link, passes) in group.passes {
            let moved =
                passes.into_iter().map(|pass| Pass { left: pass.left + dx, right: pass.right + dx, y: pass.y + dy });
            placement.passes[link] = moved.collect();
        }
    }
    placement
}

/// The boxes that are connected by links, each group in order, by its first box.
fn groups(count: usize, links: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut root: Vec<usize> = (0..count).collect();
    fn find(root: &[usize], mut at: usize) -> usize {
        while root[at] != at {
            at = root[at];
        }
        at
    }
    for &(a, b) in links {
        let (a, b) = (find(&root, a), find(&root, b));
        root[a.max(b)] = a.min(b);
    }
    let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for index in 0..count {
        found.entry(find(&root, index)).or_default().push(index);
    }
    found.into_values().collect()
}

fn group(boxes: Vec<usize>, sizes: &[(f64, f64)], links: &[(usize, usize)]) -> Group {
    let inside = |index: usize| boxes.binary_search(&index).is_ok();
    let touching = links.iter().enumerate().filter(|(_, (child, _))| inside(*child));
    let between: Vec<(usize, usize, usize)> = touching
        .filter(|(_, (child, parent))| child != parent)
        .map(|(link, &(child, parent))| (link, child, parent))
        .collect();
    if let [only] = boxes[..] {
        let (width, height) = sizes[only];
        let side = if links.contains(&(only, only)) { SIDE } else { 0.0 };
        return Group { boxes, corners: vec![(0.0, 0.0)], passes: Vec::new(), size: (width + side, height) };
    }
    let laid = if between.len() > MOST_LINES { spanning(&between) } else { between };
    let graph = layered(&boxes, sizes, &laid);
    let mut group = Group { corners: Vec::with_capacity(boxes.len()), boxes, passes: Vec::new(), size: (0.0, 0.0) };
    // All boxes of a layer have their middle on one line; the key is that line in hundredths.
    let mut layers: BTreeMap<i64, f64> = BTreeMap::new();
    let key = |x: f64| (x * 100.0).round() as i64;
    for &index in &group.boxes {
        let (width, height) = sizes[index];
        let node = graph.node(&index.to_string());
        let (x, y) = node.map(|node| (node.x.unwrap_or_default(), node.y.unwrap_or_default())).unwrap_or_default();
        let layer = layers.entry(key(x)).or_default();
        *layer = layer.max(width / 2.0);
        group.corners.push((x - width / 2.0, y - height / 2.0));
        group.size = (group.size.0.max(x + width / 2.0 + SIDE), group.size.1.max(y + height / 2.0));
    }
    for &(link, child, parent) in &laid {
        let edge = graph.edge(&parent.to_string(), &child.to_string(), Some(&link.to_string()));
        let points = edge.map(|edge| edge.points.as_slice()).unwrap_or_default();
        let between = points.get(1..points.len().saturating_sub(1)).unwrap_or_default();
        let passes = between.iter().rev().filter_map(|point| {
            let half = layers.get(&key(point.x))?;
            Some(Pass { left: point.x - half, right: point.x + half, y: point.y })
        });
        group.passes.push((link, passes.collect()));
    }
    group.size.1 = group.passes.iter().flat_map(|(_, passes)| passes).fold(group.size.1, |low, pass| low.max(pass.y));
    group
}

/// As many links as hold their boxes together.
fn spanning(links: &[(usize, usize, usize)]) -> Vec<(usize, usize, usize)> {
    let count = links.iter().map(|&(_, child, parent)| child.max(parent) + 1).max().unwrap_or_default();
    let mut group: Vec<usize> = (0..count).collect();
    let mut kept = Vec::new();
    for &(link, child, parent) in links {
        let (a, b) = (group[child], group[parent]);
        if a != b {
            group.iter_mut().filter(|group| **group == a).for_each(|group| *group = b);
            kept.push((link, child, parent));
        }
    }
    kept
}

fn layered(boxes: &[usize], sizes: &[(f64, f64)], links: &[(usize, usize, usize)]) -> Graph<NodeLabel, EdgeLabel> {
    let mut graph = Graph::with_options(GraphOptions { directed: true, multigraph: true, compound: false });
    for &index in boxes {
        let (width, height) = sizes[index];
        graph.set_node(index.to_string(), Some(NodeLabel { width, height, ..NodeLabel::default() }));
    }
    let lengths = lengths(links);
    for (&(link, child, parent), &minlen) in links.iter().zip(&lengths) {
        let label = EdgeLabel { minlen, label_offset: 0.0, ..EdgeLabel::default() };
        graph.set_edge(parent.to_string(), child.to_string(), Some(label), Some(&link.to_string()));
    }
    let options = LayoutOptions {
        rankdir: RankDir::LR,
        ranksep: CHANNEL,
        nodesep: GAP,
        edgesep: LANE,
        ..LayoutOptions::default()
    };
    dagre::layout(&mut graph, Some(options));
    graph
}

/// How many layers each link spans: one, but where many tables refer to one, or one to many that have no other
/// neighbour, they fill several layers rather than one endless one.
fn lengths(links: &[(usize, usize, usize)]) -> Vec<i32> {
    let mut neighbours: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut children: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for &(_, child, parent) in links {
        neighbours.entry(child).or_default().insert(parent);
        neighbours.entry(parent).or_default().insert(child);
        children.entry(parent).or_default().insert(child);
    }
    let mut lonely: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for &(_, child, parent) in links.iter().filter(|(_, _, parent)| neighbours[parent].len() == 1) {
        lonely.entry(child).or_default().insert(parent);
    }
    let length = |&(_, child, parent): &(usize, usize, usize)| match lonely.get(&child) {
        Some(parents) if parents.contains(&parent) => spread(parents, parent),
        _ => spread(&children[&parent], child),
    };
    links.iter().map(length).collect()
}

/// The layer of one of these tables, counted from the one that they all hang at.
fn spread(tables: &BTreeSet<usize>, one: usize) -> i32 {
    let height = STACK.max((tables.len() as f64 * 2.0).sqrt().ceil() as usize);
    let layers = tables.len().div_ceil(height).max(1);
    // Dealt out in turn, so that a table stands where a line of its neighbours leaves room.
    let place = tables.iter().position(|table| *table == one).unwrap_or_default();
    1 + (place % layers) as i32
}
