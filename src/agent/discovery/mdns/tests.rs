use super::*;
use crate::agent::discovery::formats::dns::Record;
use crate::agent::discovery::networks::plan;
use crate::agent::sys::interfaces::Link;
use crate::config::agent::discovery::DiscoveryConfig;
use crate::domain::inventory::pass::Sighting;

const NAS: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 9);
const REFLECTOR: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 1);

fn network() -> Network {
    let link = Link {
        index: 2,
        name: "eth0".to_owned(),
        is_up: true,
        resolves: true,
        addresses: vec![(Ipv4Addr::new(192, 168, 1, 7), 24)],
        ..Link::default()
    };
    plan(&[link], &[], &DiscoveryConfig::default()).remove(0)
}

fn record(name: &str, data: Data) -> Record {
    Record {
        name: Name::of(name),
        data,
    }
}

fn answer(records: Vec<Record>) -> Answer {
    Answer { id: 0, records }
}

fn home_assistant() -> Vec<Record> {
    let instance = "Home._home-assistant._tcp.local";
    vec![
        record(
            "_home-assistant._tcp.local",
            Data::Pointer(Name::of(instance)),
        ),
        record(
            instance,
            Data::Service {
                port: 8123,
                host: Name::of("HA.local"),
            },
        ),
        record(
            "home._Home-Assistant._tcp.local",
            Data::Texts(vec![("uuid".into(), "AB12".into())]),
        ),
        record("ha.local", Data::Address(NAS)),
    ]
}

fn noted(heard: &[Heard]) -> Vec<Sighting> {
    let mut found = Found::default();
    note(&mut found, &network(), heard);
    found.into_sightings(99)
}

#[test]
fn an_announcement_becomes_a_service_with_a_name_and_an_id() {
    let seen = noted(&[(NAS, answer(home_assistant()))]);
    assert_eq!(seen.len(), 1);
    let one = &seen[0];
    assert_eq!(one.senses, [Sense::Mdns]);
    assert_eq!(one.announced_id.as_deref(), Some("home-assistant:ab12"));
    assert_eq!(one.names[0].name, "HA.local");
    let service = &one.services[0];
    assert_eq!((service.port, service.open), (8123, false));
    assert_eq!(service.evidence["mdns_type"], "_home-assistant._tcp");
    assert_eq!(service.evidence["mdns_name"], "Home");
}

#[test]
fn who_speaks_of_another_does_not_make_it_present() {
    let seen = noted(&[(REFLECTOR, answer(home_assistant()))]);
    let of = |address: Ipv4Addr| {
        seen.iter()
            .find(|one| one.address == address.to_string())
            .unwrap()
    };
    assert_eq!(of(REFLECTOR).senses, [Sense::Mdns]);
    assert!(of(REFLECTOR).services.is_empty());
    assert!(of(NAS).senses.is_empty());
    assert_eq!(of(NAS).services[0].port, 8123);
}

#[test]
fn an_address_in_another_network_counts_as_the_speakers() {
    let mut records = home_assistant();
    records[3] = record("ha.local", Data::Address(Ipv4Addr::new(8, 8, 8, 8)));
    let seen = noted(&[(NAS, answer(records))]);
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].address, NAS.to_string());
}

#[test]
fn the_more_telling_type_names_a_port() {
    let mut records = home_assistant();
    let instance = "Web._http._tcp.local";
    records.insert(
        0,
        record("_http._tcp.local", Data::Pointer(Name::of(instance))),
    );
    records.insert(
        0,
        record(
            instance,
            Data::Service {
                port: 8123,
                host: Name::of("ha.local"),
            },
        ),
    );
    let seen = noted(&[(NAS, answer(records))]);
    assert_eq!(seen[0].services.len(), 1);
    assert_eq!(
        seen[0].services[0].evidence["mdns_type"],
        "_home-assistant._tcp"
    );
}

#[test]
fn unknown_types_and_pointers_elsewhere_are_passed_over() {
    let seen = noted(&[(
        NAS,
        answer(vec![
            record(
                "_mystery._tcp.local",
                Data::Pointer(Name::of("x._mystery._tcp.local")),
            ),
            record("_http._tcp.local", Data::Pointer(Name::of("elsewhere.com"))),
        ]),
    )]);
    assert!(seen[0].services.is_empty() && seen[0].names.is_empty());
}

#[test]
fn what_was_named_without_a_place_is_asked_again() {
    let records = vec![home_assistant().remove(0)];
    let open = left_open(&[(NAS, answer(records))]);
    let instance = Name::of("Home._home-assistant._tcp.local");
    assert_eq!(open, [(instance.clone(), dns::SRV), (instance, dns::TXT)]);
    assert!(left_open(&[(NAS, answer(home_assistant()))]).is_empty());
}
