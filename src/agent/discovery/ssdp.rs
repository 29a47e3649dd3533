//! One SSDP search on each network that may be asked, and what answers to it.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::formats::ssdp::{self, Device};
use super::merge::Found;
use super::networks::Network;
use crate::agent::sys::poke;
use crate::domain::inventory::pass::Sense;

/// Devices wait for up to two seconds before they answer.
const LISTEN: Duration = Duration::from_millis(2_600);
/// Routers between do not matter here; UPnP 1.1 says 2.
const HOPS: u32 = 2;
/// Most answers that are read.
const MOST: usize = 512;

/// Searches. What answered, and where from.
///
/// # Errors
/// Nothing could be sent.
pub(super) async fn search(network: &Network) -> Result<Vec<(Ipv4Addr, Device)>, String> {
    let Some(via) = &network.via else {
        return Ok(Vec::new());
    };
    let failed = |error: std::io::Error| format!("on {}: {error}", via.dev);
    let socket = poke::multicast(via.own, HOPS).map_err(failed)?;
    socket
        .send_to(ssdp::SEARCH.as_bytes(), (ssdp::GROUP, ssdp::PORT))
        .await
        .map_err(failed)?;
    Ok(listen(&socket, network, Instant::now() + LISTEN).await)
}

async fn listen(socket: &UdpSocket, network: &Network, until: Instant) -> Vec<(Ipv4Addr, Device)> {
    let mut answers: Vec<(Ipv4Addr, Device)> = Vec::new();
    let mut buffer = vec![0; 4096];
    while answers.len() < MOST {
        let Ok(received) = timeout_at(until, socket.recv_from(&mut buffer)).await else {
            break;
        };
        // An error is somebody's refusal of something else; the socket lives on.
        let Ok((length, from)) = received else {
            continue;
        };
        let IpAddr::V4(from) = from.ip() else {
            continue;
        };
        if let Some(device) = ssdp::answer(&buffer[..length])
            && network.holds(from)
        {
            answers.push((from, device));
        }
    }
    answers
}

/// Notes what a device said of itself. Where it says that its description lies elsewhere, that is
/// not followed: the device is whoever answered.
pub(super) fn note(found: &mut Found, from: Ipv4Addr, device: &Device) {
    found.saw(from, Sense::Ssdp);
    if let Some(uuid) = &device.uuid {
        found.announced(from, "upnp", uuid);
    }
    let port = match device.location {
        Some((host, port)) if host == from => ("tcp", port),
        _ => ("udp", ssdp::PORT),
    };
    for (key, value) in [("ssdp_server", &device.server), ("ssdp_type", &device.kind)] {
        if let Some(value) = value {
            found.evidence(from, port, (key, value));
        }
    }
}
