//! Addresses and networks.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

/// An IPv4 or IPv6 network in CIDR notation (RFC 4632, RFC 4291); an address alone is one of full length. IPv4 in
/// IPv6 (`::ffff:0:0/96`) is IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    /// Without bits behind the prefix.
    address: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// Neither an address nor a network.
    #[error(
        "“{typed}” is neither an address nor a network. Write it like 10.0.0.7, 10.0.0.0/8 or 2001:db8::/32."
    )]
    Unreadable {
        /// What was typed.
        typed: String,
        /// What was probably meant.
        meant: Option<Network>,
    },
    /// Longer than the address.
    #[error("The number behind the slash is at most {max} here.")]
    Prefix {
        /// 32 or 128.
        max: u8,
    },
    /// Bits behind the prefix: an address or a network was meant, and which one cannot be told.
    #[error("“{typed}” is an address with the length of a network; the network is {meant}.")]
    HostBits {
        /// What was typed.
        typed: String,
        /// The network that it lies in.
        meant: Network,
    },
}

impl Network {
    /// The network of this prefix that the address lies in; `None` where the prefix is longer than the address.
    pub fn around(address: IpAddr, prefix: u8) -> Option<Self> {
        let (address, prefix) = match (address, address.to_canonical()) {
            (IpAddr::V6(_), IpAddr::V4(v4)) if (96..=128).contains(&prefix) => (IpAddr::V4(v4), prefix - 96),
            _ => (address, prefix),
        };
        let prefix_max = length(address);
        let host = u32::from(prefix_max.checked_sub(prefix)?);
        let address = match address {
            IpAddr::V4(v4) => {
                Ipv4Addr::from_bits(v4.to_bits() & u32::MAX.checked_shl(host).unwrap_or(0)).into()
            }
            IpAddr::V6(v6) => {
                Ipv6Addr::from_bits(v6.to_bits() & u128::MAX.checked_shl(host).unwrap_or(0)).into()
            }
        };
        Some(Self { address, prefix })
    }

    /// Reads `10.0.0.7`, `10.0.0.0/8`, `2001:db8::/32`.
    ///
    /// # Errors
    /// When it is neither, or has bits behind the prefix.
    pub fn parse(typed: &str) -> Result<Self, NetworkError> {
        let unreadable = || NetworkError::Unreadable { typed: typed.to_owned(), meant: from_stars(typed) };
        let (address, prefix) = match typed.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (typed, None),
        };
        let address: IpAddr = address.parse().map_err(|_| unreadable())?;
        let max = length(address);
        let prefix = match prefix {
            None => max,
            Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map_err(|_| NetworkError::Prefix { max })?
            }
            Some(_) => return Err(unreadable()),
        };
        let network = Self::around(address, prefix).ok_or(NetworkError::Prefix { max })?;
        let is_itself = network.address == address || network.address == address.to_canonical();
        is_itself.then_some(network).ok_or(NetworkError::HostBits { typed: typed.to_owned(), meant: network })
    }

    /// Its first address.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// How many bits of the address are given.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether the address lies in it. An IPv4 address never lies in an IPv6 network, nor the other way round.
    pub fn contains(&self, address: IpAddr) -> bool {
        Self::around(address.to_canonical(), self.prefix) == Some(*self)
    }
}

fn length(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// `10.1.*` is how others write `10.1.0.0/16`.
fn from_stars(typed: &str) -> Option<Network> {
    let parts: Vec<&str> = typed.split('.').take_while(|part| *part != "*" && !part.is_empty()).collect();
    let rest = typed.split('.').skip(parts.len()).all(|part| part == "*" || part.is_empty());
    if !rest || !(1..4).contains(&parts.len()) || !typed.contains('.') {
        return None;
    }
    let mut octets = parts.iter().map(|part| part.parse::<u8>()).collect::<Result<Vec<u8>, _>>().ok()?;
    let prefix = u8::try_from(octets.len() * 8).ok()?;
    octets.resize(4, 0);
    let octets: [u8; 4] = octets.try_into().ok()?;
    Network::around(Ipv4Addr::from(octets).into(), prefix)
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefix == length(self.address) {
            self.address.fmt(f)
        } else {
            write!(f, "{}/{}", self.address, self.prefix)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn network(text: &str) -> Network {
        Network::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn an_address_lies_in_its_networks_and_in_no_other() {
        for (wide, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("192.168.4.0/23", "192.168.5.255", "192.168.6.0"),
            ("10.0.0.7", "10.0.0.7", "10.0.0.8"),
            ("0.0.0.0/0", "255.1.2.3", "::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::/0", "fe80::1", "1.2.3.4"),
        ] {
            assert!(network(wide).contains(address(inside)), "{wide} {inside}");
            assert!(!network(wide).contains(address(outside)), "{wide} {outside}");
        }
    }

    #[test]
    fn ipv4_in_ipv6_is_ipv4() {
        assert_eq!(network("::ffff:10.0.0.0/104"), network("10.0.0.0/8"));
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
        assert!(network("10.0.0.0/8").contains(address("::ffff:10.9.9.9")));
    }

    #[test]
    fn what_is_no_network_is_refused_with_what_was_meant() {
        for (typed, meant) in [("10.1.*", "10.1.0.0/16"), ("10.", "10.0.0.0/8"), ("10.1.2.*", "10.1.2.0/24")]
        {
            let meant = Some(network(meant));
            assert_eq!(
                Network::parse(typed),
                Err(NetworkError::Unreadable { typed: typed.to_owned(), meant })
            );
        }
        for typed in
            ["", "ten", "10.0.0", "10.0.0.256", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/a", "fe80::1%eth0"]
        {
            assert!(matches!(Network::parse(typed), Err(NetworkError::Unreadable { .. })), "{typed}");
        }
        assert_eq!(Network::parse("10.0.0.0/33"), Err(NetworkError::Prefix { max: 32 }));
        assert_eq!(Network::parse("::/129"), Err(NetworkError::Prefix { max: 128 }));
        assert_eq!(Network::parse("::/999"), Err(NetworkError::Prefix { max: 128 }));
        let meant = network("10.0.0.0/8");
        assert_eq!(
            Network::parse("10.0.0.5/8"),
            Err(NetworkError::HostBits { typed: "10.0.0.5/8".to_owned(), meant })
        );
    }

    proptest! {
        #[test]
        fn a_network_is_read_back_and_contains_what_it_was_made_around(bits: u128, v4: bool, prefix in 0u8..=128) {
            let address: IpAddr =
                if v4 { Ipv4Addr::from_bits(bits as u32).into() } else { Ipv6Addr::from_bits(bits).into() };
            if let Some(network) = Network::around(address, prefix) {
                prop_assert!(network.contains(address));
                prop_assert_eq!(Network::parse(&network.to_string()), Ok(network));
            } else {
                prop_assert!(v4 && prefix > 32);
            }
        }

        #[test]
        fn reading_never_panics(text in "[0-9a-f:./*]{0,45}") {
            let _ = Network::parse(&text);
        }
    }
}
