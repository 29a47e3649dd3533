use super::*;

const SECOND: Nanos = 1_000_000_000;

fn tale(events: &[(i64, Action)]) -> Tale {
    let events: Vec<Event> = events
        .iter()
        .map(|(at, action)| Event {
            at: at * SECOND,
            action: *action,
        })
        .collect();
    Tale::of(&events, 0, Product::Docker)
}

#[test]
fn a_tale_has_its_ends_its_starts_and_its_last_word() {
    let die = Action::Die { code: Some(1) };
    let told = tale(&[(1, die), (2, Action::Start), (3, die)]);
    assert_eq!(told.ends.len(), 2);
    assert_eq!(told.ends[0].back, Some(2 * SECOND));
    assert_eq!(told.end().map(|end| end.at), Some(3 * SECOND));
    assert_eq!((told.start(), told.last), (None, Some(3 * SECOND)));
    let told = tale(&[(1, Action::Start)]);
    assert_eq!((told.start(), told.end()), (Some(SECOND), None));
}

#[test]
fn what_was_judged_is_left_out() {
    let events = [1, 2, 3].map(|at| Event {
        at,
        action: Action::Die { code: None },
    });
    assert_eq!(Tale::of(&events, 2, Product::Docker).ends.len(), 1);
    assert_eq!(Tale::of(&events, 3, Product::Docker), Tale::default());
}

#[test]
fn a_flood_is_bounded_and_keeps_its_first_and_last() {
    let flood: Vec<(i64, Action)> = (1..=30_000)
        .map(|second| (second, Action::Die { code: Some(second) }))
        .collect();
    let told = tale(&flood);
    assert_eq!(told.ends.len(), MAX_ENDS);
    assert_eq!(told.ends[0].code, Some(1));
    assert_eq!(told.end().and_then(|end| end.code), Some(30_000));
}
