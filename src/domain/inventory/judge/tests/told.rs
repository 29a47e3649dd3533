//! What is told, and when it is over.

use super::NONE;
use crate::domain::inventory::example::{
    GATEWAY, Lan, at, certificate, kinds, mac, open, pass_of, server, there,
};
use crate::domain::inventory::judge::Standing;
use crate::domain::inventory::judge::standing;
use crate::domain::inventory::pass::{Sense, Sighting};
use crate::domain::kind;
use crate::domain::severity::Severity;

fn lan() -> Lan {
    Lan::with(&[server(5), there(9)])
}

#[test]
fn only_what_is_watched_is_complained_about() {
    for (pinned, agent, expected) in [
        (false, false, vec![]),
        (true, false, vec![kind::HOST_GONE.to_owned()]),
        (false, true, vec![kind::HOST_GONE.to_owned()]),
    ] {
        let mut lan = lan();
        lan.host(9).marks.pinned = pinned;
        lan.host(9).agent_id = agent.then(|| "other".to_owned());
        let mut told = Vec::new();
        for _ in 0..3 {
            told.extend(kinds(&lan.misses(&[server(5)], &[9])));
        }
        assert_eq!(told, expected, "pinned {pinned}, agent {agent}");
        let now = at(lan.minute);
        let host = lan.host(9).clone();
        assert_eq!(standing(&host, &lan.state.reporters, now), Standing::Absent);
    }
}

#[test]
fn gone_is_said_once_and_ends_when_it_is_back() {
    let mut lan = lan();
    let mut told = Vec::new();
    for _ in 0..9 {
        told.extend(lan.misses(&[there(9)], &[5]));
    }
    assert_eq!(kinds(&told), [kind::HOST_GONE]);
    assert_eq!(told[0].severity, Severity::Warning);
    assert_eq!(told[0].detail["address"], "192.168.1.5");
    assert_eq!(told[0].detail["mac"], mac(5));
    // At another address: it is the same host.
    let back = Sighting {
        address: "192.168.1.60".to_owned(),
        ..server(5)
    };
    let over = lan.sees(&[there(9), back]);
    assert_eq!(kinds(&over)[0], "✓host_gone");
    assert_eq!(over[0].key, told[0].key);
}

#[test]
fn a_new_host_is_told_after_two_passes_and_once() {
    let mut lan = lan();
    let all = [server(5), there(9), there(30)];
    assert_eq!(kinds(&lan.sees(&all)), NONE);
    let told = lan.sees(&all);
    assert_eq!(kinds(&told), [kind::HOST_NEW]);
    assert_eq!(told[0].severity, Severity::Info);
    for _ in 0..3 {
        assert_eq!(kinds(&lan.sees(&all)), NONE);
    }
    lan.state.row.no_guests = true;
    let all = [server(5), there(9), there(30), there(31)];
    lan.sees(&all);
    assert_eq!(lan.sees(&all)[0].severity, Severity::Warning);
}

#[test]
fn a_roaming_device_is_never_told_of() {
    let mut lan = lan();
    for number in 0..20_u8 {
        let phone = Sighting {
            mac: Some(format!("da:a1:19:00:00:{number:02x}")),
            services: vec![open(443, "Vault")],
            ..there(100)
        };
        for _ in 0..3 {
            assert_eq!(
                kinds(&lan.sees(&[server(5), there(9), phone.clone()])),
                NONE
            );
        }
    }
    for _ in 0..4 {
        assert_eq!(kinds(&lan.misses(&[server(5), there(9)], &[100])), NONE);
    }
    assert!(lan.host(100).roaming);
}

#[test]
fn another_address_is_told_where_the_old_one_is_left() {
    let mut lan = lan();
    let at_60 = Sighting {
        address: "192.168.1.60".to_owned(),
        ..there(9)
    };
    let told = lan.sees(&[server(5), at_60.clone()]);
    assert_eq!(kinds(&told), [kind::HOST_ADDRESS_CHANGED]);
    assert_eq!(told[0].detail["address"], "192.168.1.60");
    assert_eq!(told[0].detail["address_before"], "192.168.1.9");
    assert_eq!(kinds(&lan.sees(&[server(5), at_60])), NONE);
    // One more address is no move.
    let mut lan = self::lan();
    let second = Sighting {
        address: "192.168.1.61".to_owned(),
        ..there(9)
    };
    assert_eq!(kinds(&lan.sees(&[server(5), there(9), second])), NONE);
}

#[test]
fn two_devices_at_one_address_are_a_conflict_until_they_are_not() {
    let thief = Sighting {
        address: "192.168.1.9".to_owned(),
        ..there(33)
    };
    let mut lan = lan();
    let told = lan.sees(&[server(5), there(9), thief.clone()]);
    assert_eq!(kinds(&told), [kind::ADDRESS_CONFLICT]);
    assert_eq!(told[0].severity, Severity::Warning);
    let mut over = Vec::new();
    for _ in 0..5 {
        over.extend(lan.sees(&[server(5), there(9)]));
    }
    assert_eq!(kinds(&over), ["✓address_conflict"]);
    assert_eq!(over[0].key, told[0].key);
    // Where the table shows one at a time, they alternate.
    let mut told = Vec::new();
    for _ in 0..3 {
        told.extend(kinds(&lan.sees(&[server(5), thief.clone()])));
        told.extend(kinds(&lan.sees(&[server(5), there(9)])));
    }
    told.retain(|kind| kind.contains(kind::ADDRESS_CONFLICT));
    assert_eq!(told, [kind::ADDRESS_CONFLICT]);
}

#[test]
fn an_address_that_goes_to_another_for_good_is_no_conflict() {
    let mut lan = lan();
    let heir = Sighting {
        address: "192.168.1.9".to_owned(),
        ..there(33)
    };
    let mut told = Vec::new();
    for _ in 0..6 {
        told.extend(kinds(&lan.sees(&[server(5), heir.clone()])));
    }
    assert_eq!(told, [kind::HOST_NEW]);
}

#[test]
fn an_address_that_two_hosts_share_on_purpose_is_no_conflict() {
    let shared = |number: u8| Sighting {
        address: "192.168.1.250".to_owned(),
        ..there(number)
    };
    let mut lan = Lan::with(&[server(5), there(9), shared(5)]);
    for number in [9, 5, 9, 5, 5, 9] {
        let told = lan.sees(&[server(5), there(9), shared(number)]);
        assert_eq!(kinds(&told), NONE);
    }
}

#[test]
fn a_new_service_of_a_known_product_is_told_and_a_bare_port_is_not() {
    let mut lan = lan();
    let mut more = there(9);
    more.services = vec![open(8200, "Vault"), open(4444, "")];
    more.services[1].evidence.clear();
    lan.minute += 60;
    assert_eq!(kinds(&lan.sees(&[server(5), more.clone()])), NONE);
    let told = lan.sees(&[server(5), more.clone()]);
    assert_eq!(kinds(&told), [kind::SERVICE_NEW]);
    assert_eq!(told[0].detail["service"], "Vault");
    // Of a host that people know, a bare port is told too.
    lan.host(9).marks.known = true;
    let told = lan.sees(&[server(5), more.clone()]);
    assert_eq!(kinds(&told), [kind::SERVICE_NEW]);
    assert_eq!(told[0].detail["service"], "tcp/4444");
    assert_eq!(kinds(&lan.sees(&[server(5), more])), NONE);
}

#[test]
fn a_service_that_stopped_is_told_while_its_host_is_there() {
    let mut lan = lan();
    lan.sees(&[server(5), there(9)]);
    let mut told = Vec::new();
    for _ in 0..5 {
        told.extend(lan.sees(&[there(5), there(9)]));
    }
    assert_eq!(kinds(&told), [kind::SERVICE_GONE]);
    assert_eq!(told[0].severity, Severity::Warning);
    let over = lan.sees(&[server(5), there(9)]);
    assert_eq!(kinds(&over), ["✓service_gone"]);
    assert_eq!(over[0].key, told[0].key);
    // Where its port was not asked, or TCP could not look, nothing is known of it.
    let unasked = Sighting {
        ports_asked: vec![22],
        ..there(5)
    };
    for _ in 0..6 {
        assert_eq!(kinds(&lan.sees(&[unasked.clone(), there(9)])), NONE);
    }
    lan.refused = vec![Sense::Tcp];
    for _ in 0..6 {
        assert_eq!(kinds(&lan.sees(&[there(5), there(9)])), NONE);
    }
}

#[test]
fn a_certificate_that_runs_out_is_told_twice_and_ends_with_a_new_one() {
    let with = |days: i64| {
        let mut nas = server(5);
        nas.services[0].certificate = Some(certificate(days));
        [nas, there(9)]
    };
    let mut lan = Lan::with(&with(40));
    let mut told = Vec::new();
    for day in 1..40 {
        lan.minute = day * 24 * 60;
        told.extend(lan.sees(&with(40)));
    }
    assert_eq!(kinds(&told), [kind::CERTIFICATE_EXPIRING; 2]);
    let severities: Vec<Severity> = told.iter().map(|change| change.severity).collect();
    assert_eq!(severities, [Severity::Warning, Severity::Critical]);
    assert_eq!(told[0].detail["days_left"], 20);
    let over = lan.sees(&with(130));
    assert_eq!(kinds(&over), ["✓certificate_expiring"]);
    // What had run out before it was first seen is how the device is.
    let mut lan = Lan::with(&with(-400));
    for _ in 0..4 {
        assert_eq!(kinds(&lan.sees(&with(-400))), NONE);
    }
}

#[test]
fn another_gateway_is_told_and_ends_when_it_is_the_old_one_again() {
    let mut lan = lan();
    let by = |mac: &str, address: &str| {
        let mut pass = pass_of(vec![server(5), there(9)]);
        pass.gateway_mac = Some(mac.to_owned());
        pass.gateway = Some(address.to_owned());
        pass
    };
    let told = lan.looks("one", by("00:11:22:00:00:02", "192.168.1.1"));
    assert_eq!(kinds(&told), [kind::GATEWAY_CHANGED]);
    assert_eq!(told[0].severity, Severity::Warning);
    let told = lan.looks("one", by("00:11:22:00:00:02", "192.168.1.1"));
    assert_eq!(kinds(&told), NONE);
    let told = lan.looks("one", by(GATEWAY, "192.168.1.1"));
    assert_eq!(kinds(&told), ["✓gateway_changed"]);
    // Another address is another gateway too.
    let told = lan.looks("one", by(GATEWAY, "192.168.1.254"));
    assert_eq!(kinds(&told), [kind::GATEWAY_CHANGED]);
    // An agent that always had a gateway of its own changes nothing.
    for _ in 0..4 {
        let told = lan.looks_now("two", by("00:11:22:00:00:07", "192.168.1.7"));
        assert_eq!(kinds(&told), NONE);
    }
}
