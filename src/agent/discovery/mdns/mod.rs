//! Multicast DNS: asks for the service types that are understood and reads who announces them.
//!
//! The questions come from a port of their own, so that responders answer to it alone (RFC 6762,
//! 6.7) and no responder of this host is disturbed. One that answers to the group only is not
//! heard. An answer proves that its sender is there, whatever it says of others.

mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep, timeout_at};

use self::types::{MODEL_KEYS, TYPES};
use super::formats::dns::{self, Answer, Data, Name};
use super::merge::Found;
use super::networks::Network;
use crate::agent::sys::poke;
use crate::domain::inventory::pass::Sense;
use crate::domain::order;

const GROUP: (Ipv4Addr, u16) = (Ipv4Addr::new(224, 0, 0, 251), 5353);
/// RFC 6762, 11.
const HOPS: u32 = 255;
/// Types that are asked for in one message.
const PER_MESSAGE: usize = 9;
/// From one message to the next.
const APART: Duration = Duration::from_millis(20);
/// How long the first answers are waited for, then what they left open is asked, once more.
const FIRST: Duration = Duration::from_millis(1_200);
/// How long the second answers are waited for.
const SECOND: Duration = Duration::from_millis(1_300);
/// Most answers that are read, and most that are asked about again.
const MOST: usize = 1024;
/// Longest answer (RFC 6762, 17).
const LONGEST: usize = 9000;

/// An answer and who sent it.
pub(super) type Heard = (Ipv4Addr, Answer);

/// Asks one network. What was answered, and by whom.
///
/// # Errors
/// Nothing could be sent.
pub(super) async fn ask(network: &Network) -> Result<Vec<Heard>, String> {
    let Some(via) = &network.via else {
        return Ok(Vec::new());
    };
    let failed = |error: std::io::Error| format!("on {}: {error}", via.dev);
    let socket = poke::multicast(via.own, HOPS).map_err(failed)?;
    let types: Vec<(Name, u16)> = TYPES
        .iter()
        .map(|(kind, _)| (Name::of(&format!("{kind}.local")), dns::PTR))
        .collect();
    send(&socket, &types).await.map_err(failed)?;
    let mut heard = Vec::new();
    listen(&socket, network, Instant::now() + FIRST, &mut heard).await;
    // Once more: multicast over Wi-Fi gets lost, and some answer without saying where they are.
    let open = left_open(&heard);
    let again = send(&socket, if open.is_empty() { &types } else { &open }).await;
    if again.is_ok() {
        listen(&socket, network, Instant::now() + SECOND, &mut heard).await;
    }
    Ok(heard)
}

async fn send(socket: &UdpSocket, names: &[(Name, u16)]) -> std::io::Result<()> {
    for some in names.chunks(PER_MESSAGE) {
        let message = dns::question(0, some, true, false);
        socket.send_to(&message, GROUP).await?;
        sleep(APART).await;
    }
    Ok(())
}

async fn listen(socket: &UdpSocket, network: &Network, until: Instant, heard: &mut Vec<Heard>) {
    let mut buffer = vec![0; LONGEST];
    while heard.len() < MOST {
        let Ok(received) = timeout_at(until, socket.recv_from(&mut buffer)).await else {
            return;
        };
        // An error is somebody's refusal of something else; the socket lives on.
        let Ok((length, from)) = received else {
            continue;
        };
        let IpAddr::V4(from) = from.ip() else {
            continue;
        };
        if let Some(answer) = dns::answer(&buffer[..length])
            && network.holds(from)
        {
            heard.push((from, answer));
        }
    }
}

/// Services that were named without a place, and the texts of those without any.
fn left_open(heard: &[Heard]) -> Vec<(Name, u16)> {
    let told = Told::of(heard);
    let mut open = Vec::new();
    for (instance, _) in told.instances.values() {
        let key = instance.folded();
        if !told.places.contains_key(&key) {
            open.push((instance.clone(), dns::SRV));
        }
        if !told.texts.contains_key(&key) {
            open.push((instance.clone(), dns::TXT));
        }
    }
    open.truncate(MOST / 8);
    open
}

/// What all answers together tell.
#[derive(Default)]
struct Told {
    /// Announced services by their name in lower case: the name as written, and who announced it.
    instances: BTreeMap<Name, (Name, Ipv4Addr)>,
    /// Port and host of each.
    places: BTreeMap<Name, (u16, Name)>,
    /// Texts of each.
    texts: BTreeMap<Name, Vec<(String, String)>>,
    /// Addresses of each host.
    addresses: BTreeMap<Name, BTreeSet<Ipv4Addr>>,
}

impl Told {
    fn of(heard: &[Heard]) -> Self {
        let mut told = Self::default();
        for (from, answer) in heard {
            for record in &answer.records {
                let key = record.name.folded();
                match &record.data {
                    Data::Pointer(instance)
                        if kind_of(&record.name).is_some() && instance.parent().folded() == key =>
                    {
                        told.instances
                            .entry(instance.folded())
                            .or_insert_with(|| (instance.clone(), *from));
                    }
                    Data::Pointer(_) => {}
                    Data::Service { port, host } => {
                        told.places.insert(key, (*port, host.clone()));
                    }
                    Data::Texts(texts) => {
                        told.texts.insert(key, texts.clone());
                    }
                    Data::Address(address) => {
                        told.addresses.entry(key).or_default().insert(*address);
                    }
                }
            }
        }
        told
    }
}

/// The place of a type in the list.
fn kind_of(name: &Name) -> Option<usize> {
    let text = name.folded().to_string();
    let kind = text.strip_suffix(".local")?;
    TYPES.iter().position(|(known, _)| *known == kind)
}

/// Notes what was heard on a network.
pub(super) fn note(found: &mut Found, network: &Network, heard: &[Heard]) {
    for (from, _) in heard {
        found.saw(*from, Sense::Mdns);
    }
    let told = Told::of(heard);
    // By type, in the order of the list: the more telling types name a port first.
    let mut instances: Vec<_> = told.instances.iter().collect();
    order::sort_by_key(&mut instances, |(key, _)| kind_of(&key.parent()));
    for (key, (instance, from)) in instances {
        let host = told.places.get(key).map(|(_, host)| host);
        let address = place_of(&told, host, *from, network);
        if let Some(host) = host.filter(|host| host.is_local()) {
            found.named(address, &host.to_string(), Sense::Mdns);
        }
        note_service(found, &told, (key, instance), address);
    }
    for (host, addresses) in &told.addresses {
        for address in addresses.iter().filter(|one| network.holds(**one)) {
            // Who speaks of others names them, but does not make them present.
            if host.is_local() && heard.iter().any(|(from, _)| from == address) {
                found.named(*address, &host.to_string(), Sense::Mdns);
            }
        }
    }
}

/// The address of a service: its host's, where that is told and lies in this network, else that of
/// whoever announced it.
fn place_of(told: &Told, host: Option<&Name>, from: Ipv4Addr, network: &Network) -> Ipv4Addr {
    let addresses = host.and_then(|host| told.addresses.get(&host.folded()));
    let Some(addresses) = addresses else {
        return from;
    };
    if addresses.contains(&from) {
        return from;
    }
    let here = addresses.iter().find(|address| network.holds(**address));
    here.copied().unwrap_or(from)
}

fn note_service(found: &mut Found, told: &Told, (key, instance): (&Name, &Name), at: Ipv4Addr) {
    let Some((kind, id_key)) = kind_of(&key.parent()).map(|place| TYPES[place]) else {
        return;
    };
    let texts = told.texts.get(key).map(Vec::as_slice).unwrap_or_default();
    let text = |wanted: &str| {
        let mut values = texts.iter().filter(|(key, _)| key == wanted);
        values.find_map(|(_, value)| (!value.is_empty()).then_some(value.as_str()))
    };
    if let Some(id) = id_key.and_then(text) {
        let short = kind.trim_start_matches('_');
        found.announced(at, short.split('.').next().unwrap_or(short), id);
    }
    // Without a port (`_device-info`) there is no service, but its texts may name the model.
    let port = told.places.get(key).map_or(0, |(port, _)| *port);
    if port == 0 {
        return;
    }
    let protocol = if kind.ends_with("._udp") {
        "udp"
    } else {
        "tcp"
    };
    let mut tell = |key, value| found.evidence(at, (protocol, port), (key, value));
    tell("mdns_type", kind);
    tell("mdns_name", instance.first());
    if let Some(model) = MODEL_KEYS.iter().find_map(|key| text(key)) {
        tell("mdns_model", model);
    }
}

#[cfg(test)]
mod tests;
