//! Sorting, stable as the standard library's and by means of it. That one is made anew for each
//! type of element, 4 KB of program every time; here places in the list are sorted, and then the
//! list is brought into their order. For lists of some hundreds that a person looks at; where
//! numbers are sorted by the thousand, the library's own is right.

use std::cmp::Ordering;

/// Sorts by the elements' own order.
pub fn sort<T: Ord>(list: &mut [T]) {
    sort_by(list, T::cmp);
}

/// Sorts by what `compare` says. Equal elements keep their places to each other.
pub fn sort_by<T>(list: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let places = sorted(list.len(), &|one, other| compare(&list[one], &list[other]));
    bring_into(places, &mut |one, other| list.swap(one, other));
}

/// Sorts by a key, which is asked for at every comparison.
pub fn sort_by_key<T, K: Ord>(list: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(list, |one, other| key(one).cmp(&key(other)));
}

/// Sorts by a key that costs something: it is asked for once for each element.
pub fn sort_by_cached_key<T, K: Ord>(list: &mut [T], key: impl Fn(&T) -> K) {
    let keys: Vec<K> = list.iter().map(key).collect();
    let places = sorted(keys.len(), &|one, other| keys[one].cmp(&keys[other]));
    bring_into(places, &mut |one, other| list.swap(one, other));
}

/// For each place of the sorted list, the place where its element stands now.
fn sorted(length: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..length).collect();
    places.sort_by(|one, other| compare(*one, *other));
    places
}

/// Moves every element once: each takes the place of the one that was moved before it.
fn bring_into(mut places: Vec<usize>, swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..places.len() {
        let mut place = start;
        loop {
            let from = std::mem::replace(&mut places[place], place);
            if from == start || from == place {
                break;
            }
            swap(place, from);
            place = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_list_comes_out_as_the_library_sorts_it(list: Vec<(u8, u16)>) {
            let by_first = |mut list: Vec<(u8, u16)>| { list.sort_by_key(|one| one.0); list };
            let expected = by_first(list.clone());
            let mut by_key = list.clone();
            sort_by_key(&mut by_key, |one| one.0);
            prop_assert_eq!(&by_key, &expected);
            let mut by_cached_key = list.clone();
            sort_by_cached_key(&mut by_cached_key, |one| one.0);
            prop_assert_eq!(&by_cached_key, &expected);
            let mut by = list.clone();
            sort_by(&mut by, |one, other| one.0.cmp(&other.0));
            prop_assert_eq!(&by, &expected);
            let (mut whole, mut expected) = (list.clone(), list);
            sort(&mut whole);
            expected.sort_unstable();
            prop_assert_eq!(whole, expected);
        }
    }
}
