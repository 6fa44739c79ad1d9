//! Puts rectangles side by side in rows, so that the whole is about as wide as a screen.

/// The space between two rectangles.
const GAP: f64 = 36.0;
/// Width by height of the whole, as far as the rectangles allow.
const ASPECT: f64 = 1.5;

/// The top left corners of rectangles of these sizes, and the size of the whole. They stay in their order.
pub(super) fn pack(sizes: &[(f64, f64)]) -> (Vec<(f64, f64)>, (f64, f64)) {
    let area: f64 = sizes.iter().map(|(width, height)| (width + GAP) * (height + GAP)).sum();
    let widest = sizes.iter().map(|(width, _)| *width).fold(0.0, f64::max);
    let limit = (area * ASPECT).sqrt().max(widest);
    let mut corners = Vec::with_capacity(sizes.len());
    let (mut x, mut top, mut height, mut total) = (0.0, 0.0, 0.0_f64, (0.0_f64, 0.0_f64));
    for &(wide, high) in sizes {
        if x > 0.0 && x + wide > limit {
            (x, top, height) = (0.0, top + height + GAP, 0.0);
        }
        corners.push((x, top));
        total = (total.0.max(x + wide), total.1.max(top + high));
        x += wide + GAP;
        height = height.max(high);
    }
    (corners, total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_overlaps_and_the_whole_is_no_ribbon() {
        let sizes: Vec<(f64, f64)> =
            (0..60).map(|n| (100.0 + f64::from(n * 37 % 90), 50.0 + f64::from(n * 53 % 200))).collect();
        let (corners, (width, height)) = pack(&sizes);
        for a in 0..sizes.len() {
            for b in 0..a {
                let apart = |a: f64, wide_a: f64, b: f64, wide_b: f64| a + wide_a <= b || b + wide_b <= a;
                assert!(
                    apart(corners[a].0, sizes[a].0, corners[b].0, sizes[b].0)
                        || apart(corners[a].1, sizes[a].1, corners[b].1, sizes[b].1)
                );
            }
        }
        assert!((0.5..3.0).contains(&(width / height)));
    }

    #[test]
    fn nothing_takes_no_space() {
        assert_eq!(pack(&[]), (vec![], (0.0, 0.0)));
    }
}
