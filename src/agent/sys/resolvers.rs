//! The DNS servers that this host asks.

use std::net::IpAddr;

/// As many as the C library takes.
const MOST: usize = 3;

/// The configured DNS servers, in their order. None on a system that keeps them elsewhere.
pub fn resolvers() -> Vec<IpAddr> {
    servers(&std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default())
}

fn servers(text: &str) -> Vec<IpAddr> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some("nameserver")).then_some(())?;
            words.next()?.parse().ok()
        })
        .take(MOST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_servers_are_read_and_the_rest_is_passed_over() {
        let text =
            "# made by hand\nsearch lan\nnameserver 192.168.1.1\n nameserver fd00::1 # second
nameserver fe80::1%eth0\nnameserver\noptions ndots:1\n";
        let expected: Vec<IpAddr> = ["192.168.1.1", "fd00::1"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        assert_eq!(servers(text), expected);
    }
}
