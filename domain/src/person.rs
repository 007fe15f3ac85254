//! People as Gatebook knows them.

use serde::{Deserialize, Serialize};

use crate::id::PersonId;

/// Whether somebody works here. Only `Active` people may hold, ask or decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonStatus {
    /// Works here.
    Active,
    /// For now without any access; nothing comes back by itself.
    Suspended,
    /// Has left for good.
    Left,
}

impl PersonStatus {
    /// The word that the database and the interface use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Left => "left",
        }
    }

    /// The status with this word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "active" => Some(Self::Active),
            "suspended" => Some(Self::Suspended),
            "left" => Some(Self::Left),
            _ => None,
        }
    }
}

/// A person where only who it is matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRef {
    /// Who.
    pub id: PersonId,
    /// The name as it stands now, or as of the event.
    pub name: String,
}
