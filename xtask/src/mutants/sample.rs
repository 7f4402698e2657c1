//! Which mutants are tried.

/// `count` of `all`, in their order.
pub(super) fn draw<'t>(all: &[&'t str], count: usize, seed: u64) -> Vec<&'t str> {
    let mut places: Vec<usize> = (0..all.len()).collect();
    let mut state = seed;
    for at in (1..places.len()).rev() {
        let other = next(&mut state) % (at as u64 + 1);
        places.swap(at, other as usize);
    }
    places.truncate(count);
    places.sort_unstable();
    places.into_iter().filter_map(|place| all.get(place).copied()).collect()
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// `text` as a regular expression that matches nothing else.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        // `\<` and `\>` would be the ends of words.
        if letter.is_ascii_punctuation() && !matches!(letter, '<' | '>') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{draw, escaped};

    #[test]
    fn a_sample_is_the_same_for_the_same_seed_and_in_order() {
        let names: Vec<String> = (100..200).map(|number| number.to_string()).collect();
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        let drawn = draw(&all, 10, 7);
        assert_eq!(drawn, draw(&all, 10, 7));
        assert_ne!(drawn, draw(&all, 10, 8));
        assert!(drawn.len() == 10 && drawn.is_sorted_by(|one, other| one < other));
        assert_eq!(draw(&all, 1_000, 7), all);
    }

    #[test]
    fn a_name_matches_itself_only() {
        assert_eq!(escaped("a.rs:1:2: replace f -> Ok(())"), r"a\.rs\:1\:2\: replace f \-> Ok\(\(\)\)");
    }
}
