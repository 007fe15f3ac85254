//! Where events come in from outside, and the tokens that let them in.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::id::TokenId;
use domain::person::PersonRef;
use serde::{Deserialize, Serialize};

use super::administration::write_reference;
use super::{Answer, Caller, Saved};

/// Sources and tokens; for administrators alone.
#[async_trait]
pub trait Sources: Send + Sync {
    /// All of them, by name, closed ones last.
    async fn list(&self, caller: &Caller) -> Answer<Vec<SourceRow>>;
    /// One with its tokens; an empty `slug` is one to be added.
    async fn show(&self, caller: &Caller, slug: &str) -> Answer<SourceView>;
    /// Saves a source or adds one; answers its slug besides.
    async fn save(&self, caller: &Caller, typed: &TypedSource) -> Answer<(Saved, String)>;
    /// The tokens that read the book, newest first, those that have ended last.
    async fn reading_tokens(&self, caller: &Caller) -> Answer<Vec<TokenRow>>;
    /// Closes a source: nothing comes in from it any more.
    async fn end(&self, caller: &Caller, typed: &TypedSourceEnd) -> Answer<()>;
    /// A secret to be copied, for a new token or, where `token` names one, for that one. Nothing is kept of it yet.
    /// An empty `slug` is no source: the token reads.
    async fn offer(&self, caller: &Caller, slug: &str, token: &str) -> Answer<Offer>;
    /// Makes a token with the secret that was offered, or gives the one that is named this secret.
    async fn keep(&self, caller: &Caller, typed: &TypedToken) -> Answer<()>;
    /// Ends a token at once.
    async fn end_token(&self, caller: &Caller, typed: &TypedTokenEnd) -> Answer<()>;
}

/// One row of sources.
#[derive(Debug, Clone)]
pub struct SourceRow {
    /// In addresses, and what its events say they came from.
    pub slug: String,
    /// For people.
    pub name: String,
    /// The system that its events are about where they do not say.
    pub system: Option<String>,
    /// How many of its tokens work.
    pub tokens: usize,
    /// When it sent something last, to the minute.
    pub used_at: Option<DateTime<Utc>>,
    /// Since when nothing comes in from it any more.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A source's page.
#[derive(Debug, Clone)]
pub struct SourceView {
    /// The row that lists show; of one to be added, empty.
    pub row: SourceRow,
    /// As its form shows it.
    pub typed: TypedSource,
    /// Its tokens, newest first, those that have ended last.
    pub tokens: Vec<TokenRow>,
    /// What can be chosen as its system: slug and name.
    pub systems: Vec<(String, String)>,
}

/// One token.
#[derive(Debug, Clone)]
pub struct TokenRow {
    /// Which.
    pub id: TokenId,
    /// For people.
    pub name: String,
    /// The last characters of its secret.
    pub hint: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: PersonRef,
    /// When its secret was changed last.
    pub rotated_at: Option<DateTime<Utc>>,
    /// Until when the secret of before works, where it still does.
    pub previous_until: Option<DateTime<Utc>>,
    /// When it was used last, to the minute.
    pub used_at: Option<DateTime<Utc>>,
    /// Since when it does not work any more.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A secret to be copied before it is kept.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The source's name.
    pub source: String,
    /// The name of the token that gets a new secret; `None` is a new token.
    pub token: Option<String>,
    /// Drawn for this page alone.
    pub secret: String,
}

/// A source as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedSource {
    /// Which; empty for a new one.
    pub slug: String,
    /// A slug for a new one; empty is one made of the name.
    pub address: String,
    /// For people.
    pub name: String,
    /// A system's slug, or empty.
    pub system: String,
    /// Where the secret is that signs what is sent to its hook, or empty: a reference, never the secret.
    /// Anything else is not even kept in a draft.
    #[serde(serialize_with = "write_reference")]
    pub webhook_secret: String,
}

/// A source to be closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedSourceEnd {
    /// Which.
    pub slug: String,
    /// Why.
    pub reason: String,
}

/// A token to be made, or to get another secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedToken {
    /// Its source; empty for a token that reads.
    pub slug: String,
    /// Which gets another secret; empty for a new one.
    pub token: String,
    /// For people.
    pub name: String,
    /// What was offered. Never kept, not even in a draft.
    #[serde(skip_serializing)]
    pub secret: String,
}

/// A token to be ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedTokenEnd {
    /// Its source; empty for a token that reads.
    pub slug: String,
    /// Which.
    pub token: String,
}
