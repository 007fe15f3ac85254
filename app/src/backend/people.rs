//! Who people are and what they hold.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::audit::Event;
use domain::id::{GrantId, PersonId};
use domain::person::{PersonRef, PersonStatus};

use super::{Answer, Caller, Use, What};

/// People.
#[async_trait]
pub trait People: Send + Sync {
    /// Everybody whose name, title or department matches, by name, at most 100.
    async fn list(&self, caller: &Caller, text: &str) -> Answer<Vec<PersonRow>>;
    /// One person, as far as the caller may see.
    async fn show(&self, caller: &Caller, id: PersonId) -> Answer<PersonView>;
    /// Suspends, reactivates or marks as left; administrators only, never oneself.
    async fn set_status(&self, caller: &Caller, id: PersonId, status: &str, reason: &str) -> Answer<()>;
}

/// One row.
#[derive(Debug, Clone)]
pub struct PersonRow {
    /// Who.
    pub person: PersonRef,
    /// May be empty.
    pub title: String,
    /// May be empty.
    pub department: String,
    /// Whether they work here.
    pub status: PersonStatus,
}

/// A person's page.
#[derive(Debug, Clone)]
pub struct PersonView {
    /// Who they are in one line.
    pub row: PersonRow,
    /// May be empty.
    pub email: String,
    /// Their manager.
    pub manager: Option<PersonRef>,
    /// Their reports, by name.
    pub reports: Vec<PersonRef>,
    /// Their job roles, by name.
    pub job_roles: Vec<String>,
    /// What they hold; `None` where the caller may not see it.
    pub holds: Option<Vec<PersonGrant>>,
    /// Their latest events, newest first, at most 30; `None` where the caller may not see them.
    pub timeline: Option<Vec<Event>>,
    /// Whether the caller may change their status.
    pub may_change: bool,
}

/// What somebody holds.
#[derive(Debug, Clone)]
pub struct PersonGrant {
    /// Which grant.
    pub id: GrantId,
    /// What.
    pub what: What,
    /// `active`, `scheduled`, …
    pub state: String,
    /// Its end.
    pub until: Option<DateTime<Utc>>,
    /// The job roles that explain it; empty stands out.
    pub explained_by: Vec<String>,
    /// Whether it was found beforehand.
    pub is_imported: bool,
    /// How it was used; `None` where no use is reported.
    pub used: Option<Use>,
}
