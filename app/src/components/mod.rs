//! The pieces that pages are made of. Plain functions of what they show; none of them reads anything.

pub mod banner;
pub mod deciders;
pub mod empty;
pub mod field;
pub mod head;
pub mod held;
pub mod icon;
pub mod initials;
pub mod mark;
pub mod number;
pub mod person;
pub mod pressing;
pub mod prose;
pub mod reveal;
pub mod select;
pub mod sentence;
pub mod tag;
pub mod textarea;
pub mod thread;
pub mod time;
pub mod time_left;
pub mod used;
pub mod what;
