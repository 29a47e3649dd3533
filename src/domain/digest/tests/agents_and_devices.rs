use super::*;

fn sighting(id: i64, kind: &str, status: Status, moment: &str) -> Sighting {
    Sighting {
        device: Device {
            signal_id: id,
            site_id: "s".to_owned(),
            kind: kind.to_owned(),
            summary: format!("printer {id}"),
            at: at(moment),
        },
        fingerprint: format!("{kind}/printer"),
        status,
    }
}

#[test]
fn a_device_that_came_back_is_not_gone() {
    let build = |sightings: &[Sighting]| {
        let mut builder = Builder::new(span("2026-11-20", "UTC"));
        for one in sightings {
            builder.sighting(one.clone());
        }
        builder.finish(None, at("2026-11-21T00:00:00Z"))
    };
    let new = sighting(1, "host_new", Status::Firing, "2026-11-20T10:00:00Z");
    let gone = sighting(2, "host_gone", Status::Firing, "2026-11-20T11:00:00Z");
    let back = sighting(3, "host_gone", Status::Resolved, "2026-11-20T12:00:00Z");
    let other_day = sighting(4, "service_gone", Status::Firing, "2026-11-21T00:00:00Z");
    let digest = build(&[new.clone(), gone.clone(), other_day]);
    assert_eq!(
        (digest.headline.new_devices, digest.headline.gone_devices),
        (1, 1)
    );
    assert_eq!(digest.gone_devices[0].summary, "printer 2");
    // In whatever order they come.
    assert_eq!(build(&[back, gone, new]).headline.gone_devices, 0);
}

fn agent(hostname: &str, first_seen: &str, last_seen: &str) -> Agent {
    Agent {
        id: hostname.to_owned(),
        site_id: "s".to_owned(),
        hostname: hostname.to_owned(),
        version: None,
        interval_seconds: Some(300),
        first_seen: at(first_seen),
        last_seen: at(last_seen),
        silent: false,
        backlog: 0,
        conditions: Value::Null,
        facts: Value::Null,
        gateways: Value::Null,
        gateway_latency_ms: None,
        unknown: serde_json::json!([]),
        demo: false,
    }
}

#[test]
fn an_agent_is_silent_at_the_end_of_the_day_or_not() {
    let mut builder = Builder::new(span("2026-11-20", "UTC"));
    builder.agent(&agent(
        "nas",
        "2026-11-01T00:00:00Z",
        "2026-11-20T23:44:00Z",
    ));
    builder.agent(&agent(
        "rack",
        "2026-11-01T00:00:00Z",
        "2026-11-20T23:46:00Z",
    ));
    builder.agent(&agent(
        "new",
        "2026-11-21T00:00:00Z",
        "2026-11-21T00:00:00Z",
    ));
    let backup = Some((at("2026-11-20T18:00:00Z"), 4096));
    let digest = builder.finish(backup, at("2026-11-25T00:00:00Z"));
    assert_eq!(
        (digest.headline.agents, digest.headline.silent_agents),
        (2, 1)
    );
    assert_eq!(digest.silent_agents[0].hostname, "nas");
    assert_eq!(digest.backup.unwrap().age_seconds, 6 * 3600);
}
