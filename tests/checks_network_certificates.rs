//! Certificates that a service shows: they run out, are renewed, or are not there at all.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::json;
use support::agent::Place;
use support::network::{Agent, said, told};
use support::server::{Answer, Server};
use support::tls::Tls;

const DAY: i64 = 24 * 60;

/// The moment that is so many days from now, as openssl wants it.
fn day(days: i64) -> String {
    let moment = atlas_ops::clock::now().plus_millis(days * DAY * 60_000);
    moment.compact().replace('T', "")
}

#[test]
fn a_certificate_warns_is_critical_runs_out_and_is_renewed() {
    let place = Place::new();
    let mut tls = Tls::start(&day(-1), &day(89));
    let port = tls.address.port();
    let agent = Agent::new(&place, &format!("certificates: ['127.0.0.1:{port}']"));
    assert!(agent.look().is_empty());
    agent.clock.turn_minutes(67 * DAY);
    let signals = agent.look();
    assert!(signals.is_empty(), "21.9 days are left: {signals:?}");
    for (days, severity, left) in [(1, "warning", 20), (18, "critical", 2), (4, "", -2)] {
        agent.clock.turn_minutes(days * DAY);
        let signals = agent.look();
        if severity.is_empty() {
            assert!(signals.is_empty(), "it is critical already");
            continue;
        }
        assert_eq!(told(&signals), [format!("certificate_expiring {severity}")]);
        let detail = &signals[0].detail;
        assert_eq!(
            (&detail["host"], &detail["port"]),
            (&json!("127.0.0.1"), &json!(port))
        );
        assert_eq!(detail["days_left"], left);
        assert_eq!(
            (&detail["subject"], &detail["issuer"]),
            (&json!("leaf"), &json!("Test CA"))
        );
    }
    tls.serve(&day(0), &day(400));
    agent.is_well_again("certificate_expiring");
}

#[test]
fn a_page_whose_certificate_ran_out_fails_twice_over_and_once_it_is_renewed_not_at_all() {
    let place = Place::new();
    let mut tls = Tls::start(&day(-90), &day(-1));
    let authority = tls.authority();
    let checks = format!(
        "http: [{{url: 'https://{}/', ca_file: {}, after: 1}}]",
        tls.address,
        authority.display()
    );
    let agent = Agent::new(&place, &checks);
    let mut signals = agent.look();
    signals.sort_by(|one, other| one.kind.cmp(&other.kind));
    assert_eq!(
        told(&signals),
        ["certificate_expiring critical", "http_check_failed warning"]
    );
    assert!(
        signals[0].summary.contains("has run out"),
        "{}",
        signals[0].summary
    );
    assert_eq!(said(&signals[1], "failure"), "tls");
    tls.serve(&day(-1), &day(89));
    let mut over = told(&agent.look());
    over.sort();
    assert_eq!(
        over,
        [
            "certificate_expiring resolved",
            "http_check_failed resolved"
        ]
    );
    // Without the authority it is not believed, unless that is wanted.
    for (more, failures) in [("", 1), (", verify: false", 0)] {
        let place = Place::new();
        let checks = format!(
            "http: [{{url: 'https://{}/', after: 1{more}}}]",
            tls.address
        );
        assert_eq!(Agent::new(&place, &checks).look().len(), failures, "{more}");
    }
}

#[test]
fn a_service_without_tls_has_no_certificate_and_that_is_no_complaint() {
    let place = Place::new();
    let server = Server::tcp("http", |_| Answer::Close);
    let address = server.address.replace("http://", "");
    let agent = Agent::new(&place, &format!("certificates: ['{address}']"));
    assert!(agent.look().is_empty());
    let unknown = agent.unknown();
    assert!(
        unknown[0].starts_with("certificate_expiring no TLS with"),
        "{unknown:?}"
    );
}
