//! Networks as `192.168.10.0/24`, for the rules about who may connect.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// An address and how many of its leading bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// The address as it was written, bits beyond the prefix included.
    pub fn address(self) -> IpAddr {
        self.address
    }

    /// How many of its leading bits count.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether `address` lies within. An IPv4 address that came in over an IPv6 socket counts as
    /// the IPv4 address it is.
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX
                    .checked_shl(32 - u32::from(self.prefix))
                    .unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.prefix))
                    .unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl FromStr for Cidr {
    type Err = String;

    /// `10.0.0.0/8`, `::1/128`, or an address alone.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected a network such as 192.168.10.0/24".to_owned();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| expected())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(prefix) => prefix.trim().parse().map_err(|_| expected())?,
        };
        if prefix > longest {
            return Err(format!("the prefix is longer than {longest}"));
        }
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_within_its_network_only() {
        let holds = |network: &str, address: &str| {
            network
                .parse::<Cidr>()
                .unwrap()
                .contains(address.parse().unwrap())
        };
        assert!(holds("192.168.10.0/24", "192.168.10.255"));
        assert!(!holds("192.168.10.0/24", "192.168.11.0"));
        assert!(holds("0.0.0.0/0", "8.8.8.8"));
        assert!(holds("127.0.0.1", "::ffff:127.0.0.1"));
        assert!(holds("fd00::/8", "fd12::1") && !holds("fd00::/8", "fe80::1"));
        assert!(!holds("0.0.0.0/0", "::1"));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "192.168.10/24", "10.0.0.0/33", "::/129", "a/b"] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
    }
}
