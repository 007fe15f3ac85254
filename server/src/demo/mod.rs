//! Everything on this machine, to try it.

pub mod company;
