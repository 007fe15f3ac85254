//! How often one address may begin a sign-in, or show what does not work.
//!
//! A bucket for each address, kept in this process: with several servers the bound is so many times as
//! high, which is good enough against somebody filling the sessions table.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// More addresses than this are not told apart: the fullest buckets are forgotten first.
const ADDRESSES_MAX: usize = 10_000;

/// Buckets by address.
#[derive(Debug)]
pub struct Limiter {
    per_minute: u32,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Limiter {
    /// So many in a minute, and that many at once; 0 is no bound.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, buckets: Mutex::default() }
    }

    /// Takes one. Answers how long to wait when there is none left.
    pub fn take(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let full = f64::from(self.per_minute);
        let per_second = full / 60.0;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ADDRESSES_MAX {
            let is_full = |b: &Bucket| b.left + now.duration_since(b.at).as_secs_f64() * per_second >= full;
            buckets.retain(|_, bucket| !is_full(bucket));
            if buckets.len() >= ADDRESSES_MAX {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(of_network(address)).or_insert(Bucket { left: full, at: now });
        bucket.left = (bucket.left + now.duration_since(bucket.at).as_secs_f64() * per_second).min(full);
        bucket.at = now;
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            Ok(())
        } else {
            Err(Duration::from_secs_f64((1.0 - bucket.left) / per_second))
        }
    }
}

/// One customer's IPv6 network is a /64 at least, so its addresses share a bucket.
fn of_network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_runs_dry_and_fills_again() {
        let limiter = Limiter::new(60);
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let start = Instant::now();
        for _ in 0..60 {
            assert_eq!(limiter.take(one, start), Ok(()));
        }
        assert!(limiter.take(one, start).unwrap_err() <= Duration::from_secs(1));
        assert_eq!(limiter.take(other, start), Ok(()), "addresses have buckets of their own");
        assert_eq!(limiter.take(one, start + Duration::from_secs(1)), Ok(()));
        assert!(limiter.take(one, start + Duration::from_secs(1)).is_err());
    }

    #[test]
    fn zero_is_no_bound_and_an_ipv6_network_is_one_address() {
        let start = Instant::now();
        let unbound = Limiter::new(0);
        assert!((0..1000).all(|_| unbound.take("::1".parse().unwrap(), start).is_ok()));
        let limiter = Limiter::new(1);
        assert_eq!(limiter.take("2001:db8::1".parse().unwrap(), start), Ok(()));
        assert!(limiter.take("2001:db8::2".parse().unwrap(), start).is_err());
    }
}
