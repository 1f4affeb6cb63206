//! What somebody may have meant.

/// How many are named.
const NAMED_MAX: usize = 3;

/// The candidates that are most like `typed`: few letters differ, or one holds the other.
pub(super) fn of<'a>(typed: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<String> {
    let limit = (typed.len() / 3).clamp(1, 4);
    let mut near: Vec<(usize, &str)> = candidates
        .filter_map(|candidate| {
            let holds = typed.len() >= 3 && candidate.contains(typed);
            let distance = distance(typed, candidate);
            (holds || distance <= limit).then_some((if holds { 0 } else { distance }, candidate))
        })
        .collect();
    near.sort();
    near.into_iter().take(NAMED_MAX).map(|(_, candidate)| candidate.to_owned()).collect()
}

/// Letters to insert, remove, change or swap with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 4 {
        return usize::MAX;
    }
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut least =
                (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}
