//! Changing whether somebody works here.

use domain::id::PersonId;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Counter, Form, id};
use crate::address;
use crate::error::PortalError;
use crate::notice::Notice;
use crate::routes;

/// Whose status changes, to what, and why.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedStatus {
    /// The person.
    pub id: String,
    /// `active`, `suspended` or `left`.
    pub status: String,
    /// Why.
    pub reason: String,
}

impl Form for TypedStatus {
    const NAME: &'static str = "status";

    fn path(&self) -> String {
        format!("{}/{}", routes::PEOPLE, address::encode(&self.id))
    }
}

/// Suspends, reactivates or marks as left.
#[server(prefix = "/api/form", endpoint = "set-status")]
pub async fn set_status(typed: TypedStatus) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = async {
        let person = id::<PersonId>(&typed.id)?;
        counter.backend.people.set_status(&counter.caller, person, &typed.status, &typed.reason).await
    }
    .await;
    counter.close(&typed, done, |()| Notice::StatusChanged.on(&typed.path())).await
}
