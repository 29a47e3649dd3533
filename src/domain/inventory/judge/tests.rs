//! The seven rules against false alarms, one test named after each; what is told, in
//! `tests/told.rs`, and who is who, in `tests/who.rs`.

mod told;
mod who;

use super::*;
use crate::domain::inventory::example::{Lan, kinds, pass_of, server, there};
use crate::domain::inventory::pass::Sighting;
use crate::domain::inventory::state::Marks;

const NONE: [String; 0] = [];

/// A network with a server at .5 and a plain host at .9.
fn lan() -> Lan {
    Lan::with(&[server(5), there(9)])
}

/// Three passes that miss .5 and ask it directly: the third complains.
fn three_misses(lan: &mut Lan) -> Vec<Change> {
    assert_eq!(kinds(&lan.misses(&[there(9)], &[5])), NONE);
    assert_eq!(kinds(&lan.misses(&[there(9)], &[5])), NONE);
    lan.misses(&[there(9)], &[5])
}

#[test]
fn rule_1_any_sense_that_says_present_wins() {
    let mut lan = lan();
    let by_one = Sighting {
        senses: vec![Sense::Mdns],
        mac: None,
        ..server(5)
    };
    for _ in 0..8 {
        // Even where it was asked in vain: multicast heard it.
        assert_eq!(kinds(&lan.misses(&[by_one.clone(), there(9)], &[5])), NONE);
    }
}

#[test]
fn rule_1_what_the_kernel_only_remembers_is_no_news() {
    let mut lan = lan();
    let stale = Sighting {
        senses: vec![],
        services: vec![],
        ..server(5)
    };
    let resolver = Sighting {
        senses: vec![Sense::ReverseDns],
        ..stale.clone()
    };
    for sighting in [stale, resolver] {
        for _ in 0..4 {
            assert_eq!(kinds(&lan.sees(&[sighting.clone(), there(9)])), NONE);
        }
    }
    assert_eq!(lan.host(5).views["one"].misses, 0);
}

#[test]
fn rule_1_a_sense_that_once_saw_it_must_have_looked() {
    let mut lan = lan();
    // TCP once saw it, and may not look any more: nobody knows.
    lan.refused = vec![Sense::Tcp];
    for _ in 0..8 {
        assert_eq!(kinds(&lan.misses(&[there(9)], &[5])), NONE);
    }
    // A sense that never saw it is not waited for.
    lan.refused = vec![Sense::Mdns];
    assert_eq!(kinds(&three_misses(&mut lan)), [kind::HOST_GONE]);
}

#[test]
fn rule_1_where_not_every_address_was_asked_nothing_is_missing() {
    let mut lan = lan();
    for _ in 0..8 {
        let mut pass = pass_of(vec![there(9)]);
        pass.swept = false;
        pass.asked_in_vain = vec!["192.168.1.5".to_owned()];
        assert_eq!(kinds(&lan.looks("one", pass)), NONE);
    }
}

#[test]
fn rule_2_it_is_asked_directly_in_the_very_pass_that_complains() {
    let mut lan = lan();
    for _ in 0..6 {
        assert_eq!(kinds(&lan.sees(&[there(9)])), NONE, "nobody asked it");
    }
    assert_eq!(
        kinds(&lan.misses(&[there(9)], &[9])),
        NONE,
        "another was asked"
    );
    assert_eq!(kinds(&lan.misses(&[there(9)], &[5])), [kind::HOST_GONE]);
}

#[test]
fn rule_2_every_current_address_is_asked() {
    let second = Sighting {
        address: "192.168.1.6".to_owned(),
        ..server(5)
    };
    let mut lan = Lan::with(&[server(5), second, there(9)]);
    for _ in 0..5 {
        assert_eq!(kinds(&lan.misses(&[there(9)], &[5])), NONE);
    }
    assert_eq!(kinds(&lan.misses(&[there(9)], &[5, 6])), [kind::HOST_GONE]);
}

#[test]
fn rule_2_an_address_where_another_device_answers_need_not_be_asked() {
    let mut lan = lan();
    let heir = Sighting {
        address: "192.168.1.5".to_owned(),
        ..there(77)
    };
    let mut told = Vec::new();
    for _ in 0..3 {
        told.extend(kinds(&lan.sees(&[there(9), heir.clone()])));
    }
    assert!(told.contains(&kind::HOST_GONE.to_owned()), "{told:?}");
}

#[test]
fn rule_3_three_passes_and_a_quarter_of_an_hour() {
    let mut quick = lan();
    // Three passes within two minutes are not enough ...
    for _ in 0..4 {
        quick.minute -= 14;
        assert_eq!(kinds(&quick.misses(&[there(9)], &[5])), NONE);
    }
    // ... until the time is up too.
    assert_eq!(kinds(&quick.misses(&[there(9)], &[5])), [kind::HOST_GONE]);
    // Nor is the time with two passes.
    let mut slow = lan();
    assert_eq!(kinds(&slow.misses(&[there(9)], &[5])), NONE);
    slow.minute += 35;
    assert_eq!(kinds(&slow.misses(&[there(9)], &[5])), NONE);
    assert_eq!(kinds(&slow.misses(&[there(9)], &[5])), [kind::HOST_GONE]);
}

#[test]
fn rule_3_both_are_doubled_for_what_came_back_within_the_hour() {
    let mut lan = lan();
    lan.misses(&[there(9)], &[5]);
    assert_eq!(kinds(&lan.sees(&[server(5), there(9)])), NONE);
    for _ in 0..5 {
        assert_eq!(kinds(&lan.misses(&[there(9)], &[5])), NONE);
    }
    assert_eq!(kinds(&lan.misses(&[there(9)], &[5])), [kind::HOST_GONE]);
    // After an hour of peace it is as any other.
    let mut steady = self::lan();
    steady.misses(&[there(9)], &[5]);
    for _ in 0..6 {
        steady.sees(&[server(5), there(9)]);
    }
    assert_eq!(kinds(&three_misses(&mut steady)), [kind::HOST_GONE]);
}

#[test]
fn rule_4_a_pass_that_cannot_be_used_is_not() {
    let mut lan = lan();
    let before = lan.state.hosts.clone();
    let mut pass = pass_of(vec![there(200)]);
    pass.unusable = Some("the gateway was lost".to_owned());
    pass.asked_in_vain = vec!["192.168.1.5".to_owned()];
    for _ in 0..6 {
        assert_eq!(kinds(&lan.looks("one", pass.clone())), NONE);
    }
    assert_eq!(lan.state.hosts, before);
    // Nor one that saw nobody, whatever the agent made of it.
    for _ in 0..6 {
        let own = Sighting {
            senses: vec![Sense::Own],
            ..there(3)
        };
        let mut pass = pass_of(vec![own]);
        pass.asked_in_vain = vec!["192.168.1.5".to_owned()];
        assert_eq!(kinds(&lan.looks("one", pass)), NONE);
    }
    assert_eq!(lan.state.hosts, before);
    // It does not count towards the grace either.
    assert_eq!(kinds(&three_misses(&mut lan)), [kind::HOST_GONE]);
}

#[test]
fn rule_5_the_first_three_full_passes_tell_nothing_but_one_summary() {
    let mut lan = Lan::unknown();
    assert_eq!(kinds(&lan.sees(&[server(5)])), NONE);
    let mut passive = pass_of(vec![there(8)]);
    passive.swept = false;
    assert_eq!(
        kinds(&lan.looks("one", passive)),
        NONE,
        "it is no full pass"
    );
    assert_eq!(kinds(&lan.sees(&[server(5), there(6), there(7)])), NONE);
    let told = lan.sees(&[there(6), there(9)]);
    assert_eq!(kinds(&told), [kind::INVENTORY_BASELINE]);
    assert_eq!(told[0].severity, Severity::Info);
    assert_eq!(told[0].detail["hosts"], 5);
    // What was met in them is never told to be new.
    for _ in 0..4 {
        assert_eq!(kinds(&lan.sees(&[server(5), there(6), there(9)])), NONE);
    }
}

#[test]
fn rule_5_another_agent_has_a_baseline_of_its_own() {
    let mut lan = lan();
    for _ in 0..3 {
        lan.sees(&[server(5), there(9)]);
        // It sees one that the first cannot.
        let told = lan.looks_now("two", pass_of(vec![server(5), there(9), there(40)]));
        assert_eq!(kinds(&told), NONE);
    }
    let told = lan.looks_now("two", pass_of(vec![server(5), there(9), there(40)]));
    assert_eq!(kinds(&told), NONE);
}

#[test]
fn rule_6_gone_needs_every_agent_that_looks() {
    let mut lan = lan();
    let both = vec![server(5), there(9)];
    for _ in 0..3 {
        lan.sees(&both);
        lan.looks_now("two", pass_of(both.clone()));
    }
    // One of them no longer sees it, the other does.
    for _ in 0..6 {
        assert_eq!(kinds(&lan.misses(&[there(9)], &[5])), NONE);
        assert_eq!(kinds(&lan.looks_now("two", pass_of(both.clone()))), NONE);
    }
    let mut missing = pass_of(vec![there(9)]);
    missing.asked_in_vain = vec!["192.168.1.5".to_owned()];
    for _ in 0..2 {
        assert_eq!(kinds(&lan.misses(&[there(9)], &[5])), NONE);
        assert_eq!(kinds(&lan.looks_now("two", missing.clone())), NONE);
    }
    assert_eq!(kinds(&lan.misses(&[there(9)], &[5])), NONE);
    let told = lan.looks_now("two", missing);
    assert_eq!(kinds(&told), [kind::HOST_GONE], "once, by the last of them");
}

#[test]
fn rule_6_an_agent_that_is_silent_or_stopped_looking_has_no_say() {
    let mut lan = lan();
    let both = vec![server(5), there(9)];
    for _ in 0..3 {
        lan.sees(&both);
        lan.looks_now("two", pass_of(both.clone()));
    }
    let two = |lan: &mut Lan| {
        let by = |known: &&mut Reporter| known.agent_id == "two";
        lan.state.reporters.iter_mut().find(by).unwrap().silent = true;
    };
    two(&mut lan);
    assert_eq!(kinds(&three_misses(&mut lan)), [kind::HOST_GONE]);
}

#[test]
fn rule_6_an_agent_that_only_listens_contradicts_by_what_it_hears() {
    let mut lan = lan();
    let mut heard = pass_of(vec![server(5), there(9)]);
    heard.swept = false;
    lan.looks_now("two", heard.clone());
    for _ in 0..4 {
        assert_eq!(kinds(&lan.misses(&[there(9)], &[5])), NONE);
        assert_eq!(kinds(&lan.looks_now("two", heard.clone())), NONE);
    }
    heard.sightings = vec![there(9)];
    // It came back, for the other: the grace is doubled.
    let mut told = Vec::new();
    for _ in 0..8 {
        told.extend(kinds(&lan.misses(&[there(9)], &[5])));
        lan.looks_now("two", heard.clone());
    }
    assert_eq!(told, [kind::HOST_GONE]);
}

#[test]
fn rule_7_what_is_ignored_stays_quiet_at_any_address() {
    let mut lan = lan();
    lan.host(5).marks.ignored = true;
    for _ in 0..5 {
        assert_eq!(kinds(&lan.misses(&[there(9)], &[5])), NONE);
    }
    let moved = Sighting {
        address: "192.168.1.50".to_owned(),
        services: vec![],
        ..server(5)
    };
    for _ in 0..4 {
        assert_eq!(kinds(&lan.sees(&[there(9), moved.clone()])), NONE);
    }
    assert_eq!(lan.host(50).identity, "mac:00:11:32:00:00:05");
    for _ in 0..5 {
        assert_eq!(kinds(&lan.misses(&[there(9)], &[50])), NONE);
    }
}

#[test]
fn rule_7_what_is_ignored_stays_so_when_its_row_was_removed() {
    let mut lan = lan();
    let ignored = Marks {
        ignored: true,
        ..Marks::default()
    };
    let identity = "mac:00:11:32:00:00:4d".to_owned();
    lan.state.kept_marks.insert(identity, ignored);
    for _ in 0..4 {
        assert_eq!(kinds(&lan.sees(&[server(5), there(9), there(77)])), NONE);
    }
    assert!(lan.host(77).marks.ignored);
}

#[test]
fn a_blind_agent_suppresses_every_complaint() {
    let mut lan = lan();
    let both = vec![server(5), there(9)];
    for _ in 0..3 {
        lan.sees(&both);
        lan.looks_now("two", pass_of(both.clone()));
    }
    let by = |known: &&mut Reporter| known.agent_id == "two";
    lan.state.reporters.iter_mut().find(by).unwrap().blind = true;
    for _ in 0..9 {
        assert_eq!(kinds(&lan.misses(&[there(9)], &[5])), NONE);
    }
    let by = |known: &&mut Reporter| known.agent_id == "two";
    lan.state.reporters.iter_mut().find(by).unwrap().blind = false;
    assert_eq!(kinds(&lan.misses(&[there(9)], &[5])), [kind::HOST_GONE]);
}
