//! Hardware addresses: which of them tells one device from another for good.

use std::fmt;
use std::str::FromStr;

/// A hardware address of six bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac([u8; 6]);

/// What a hardware address says of its bearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearer {
    /// One device, for as long as it lives: globally administered.
    Device,
    /// Whoever is the router at the moment (VRRP, CARP, HSRP): no device.
    VirtualRouter,
    /// A device that may have another one tomorrow: locally administered, as phones make up.
    Roaming,
    /// Nobody: zero, broadcast or multicast.
    Nobody,
}

/// Beginnings of the addresses that routers share: VRRP and CARP for IPv4 and IPv6, HSRP 1, HSRP 2
/// for IPv4 (its third half-byte is checked apart) and for IPv6.
const VIRTUAL: [&[u8]; 4] = [
    &[0x00, 0x00, 0x5e, 0x00, 0x01],
    &[0x00, 0x00, 0x5e, 0x00, 0x02],
    &[0x00, 0x00, 0x0c, 0x07, 0xac],
    &[0x00, 0x05, 0x73, 0xa0],
];

impl Mac {
    /// Who bears it.
    pub fn bearer(self) -> Bearer {
        let Self(bytes) = self;
        let hsrp_2 = bytes[..4] == [0x00, 0x00, 0x0c, 0x9f] && bytes[4] >> 4 == 0xf;
        if bytes == [0; 6] || bytes[0] & 1 == 1 {
            Bearer::Nobody
        } else if hsrp_2 || VIRTUAL.iter().any(|start| bytes.starts_with(start)) {
            Bearer::VirtualRouter
        } else if bytes[0] & 2 == 2 {
            Bearer::Roaming
        } else {
            Bearer::Device
        }
    }
}

impl FromStr for Mac {
    type Err = String;

    /// `aa:bb:cc:dd:ee:ff`, with colons or hyphens, in any case.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected a hardware address such as aa:bb:cc:dd:ee:ff".to_owned();
        let mut bytes = [0; 6];
        let mut parts = text.trim().split([':', '-']);
        for byte in &mut bytes {
            let hex = |part: &&str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit());
            let part = parts.next().filter(hex);
            let part = part.ok_or_else(expected)?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| expected())?;
        }
        match parts.next() {
            None => Ok(Self(bytes)),
            Some(_) => Err(expected()),
        }
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            let colon = if place == 0 { "" } else { ":" };
            write!(out, "{colon}{byte:02x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_globally_administered_address_tells_a_device_for_good() {
        for (text, bearer) in [
            ("00:11:32:aa:bb:cc", Bearer::Device),
            ("BC-24-11-00-00-01", Bearer::Device),
            ("00:00:5e:00:01:07", Bearer::VirtualRouter),
            ("00:00:5e:00:02:07", Bearer::VirtualRouter),
            ("00:00:0c:07:ac:01", Bearer::VirtualRouter),
            ("00:00:0c:9f:f0:01", Bearer::VirtualRouter),
            ("00:00:0c:9f:00:01", Bearer::Device),
            ("00:05:73:a0:00:01", Bearer::VirtualRouter),
            ("da:a1:19:00:00:01", Bearer::Roaming),
            ("00:00:00:00:00:00", Bearer::Nobody),
            ("ff:ff:ff:ff:ff:ff", Bearer::Nobody),
            ("01:00:5e:00:00:01", Bearer::Nobody),
        ] {
            assert_eq!(text.parse::<Mac>().unwrap().bearer(), bearer, "{text}");
        }
    }

    #[test]
    fn one_address_has_one_spelling() {
        let mac: Mac = "BC-24-11-0A-00-01".parse().unwrap();
        assert_eq!(mac.to_string(), "bc:24:11:0a:00:01");
        for text in [
            "",
            "aa:bb:cc:dd:ee",
            "aa:bb:cc:dd:ee:ff:00",
            "a:b:c:d:e:f",
            "aa:bb:cc:dd:ee:+f",
        ] {
            assert!(text.parse::<Mac>().is_err(), "{text}");
        }
    }
}
