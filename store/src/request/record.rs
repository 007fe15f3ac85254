//! A request as it is read.

use chrono::{DateTime, Utc};
use domain::audit::About;
use domain::catalogue::Sensitivity;
use domain::id::{EntitlementId, GrantId, PersonId, RequestId, ResourceId, SubmissionId, SystemId};
use domain::person::{PersonRef, PersonStatus};
use domain::request::{RequestState, Window};
use sqlx::FromRow;
use uuid::Uuid;

use super::window;
use crate::{Result, StoreError};

/// A request with the names of everything it is about.
#[derive(Debug, Clone, FromRow)]
pub struct RequestRecord {
    id: Uuid,
    submission_id: Uuid,
    entitlement_id: Uuid,
    entitlement: String,
    entitlement_gone: bool,
    resource_id: Uuid,
    resource: String,
    resource_slug: String,
    system_id: Uuid,
    system: String,
    sensitivity: String,
    requester_id: Uuid,
    requester: String,
    beneficiary_id: Uuid,
    beneficiary: String,
    beneficiary_status: String,
    origin: String,
    state: String,
    asked_start_at: Option<DateTime<Utc>>,
    asked_seconds: Option<i64>,
    asked_until: Option<DateTime<Utc>>,
    given_start_at: Option<DateTime<Utc>>,
    given_seconds: Option<i64>,
    given_until: Option<DateTime<Utc>>,
    /// When it was filed.
    pub filed_at: DateTime<Utc>,
    /// When it must be decided; `None` of history, which does not say.
    pub decide_by: Option<DateTime<Utc>>,
    /// When it was decided or closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Why.
    pub rationale: Option<String>,
    /// A ticket elsewhere.
    pub ticket: Option<String>,
    renews_grant_id: Option<Uuid>,
    /// The end of the grant that it renews: when it was closed, else when it runs out.
    pub renewed_until: Option<DateTime<Utc>>,
    grant_id: Option<Uuid>,
    /// Its grant's state.
    pub grant_state: Option<String>,
    /// Its grant's end, once known.
    pub grant_ends_at: Option<DateTime<Utc>>,
    /// What the decision said.
    pub summary: Option<String>,
}

impl RequestRecord {
    /// Which.
    pub fn id(&self) -> RequestId {
        RequestId(self.id)
    }

    /// The submission it came with.
    pub fn submission(&self) -> SubmissionId {
        SubmissionId(self.submission_id)
    }

    /// What is asked for.
    pub fn entitlement_id(&self) -> EntitlementId {
        EntitlementId(self.entitlement_id)
    }

    /// The resource it stands on.
    pub fn resource_id(&self) -> ResourceId {
        ResourceId(self.resource_id)
    }

    /// The system of the resource.
    pub fn system_id(&self) -> SystemId {
        SystemId(self.system_id)
    }

    /// Whether it was brought in as history: decided elsewhere, and neither by whom nor for how long is recorded.
    pub fn is_imported(&self) -> bool {
        self.origin == "imported"
    }

    /// The entitlement's name.
    pub fn entitlement(&self) -> &str {
        &self.entitlement
    }

    /// The resource's name.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The resource in addresses.
    pub fn resource_slug(&self) -> &str {
        &self.resource_slug
    }

    /// The system's name.
    pub fn system(&self) -> &str {
        &self.system
    }

    /// Whether what is asked for has been deleted.
    pub fn is_gone(&self) -> bool {
        self.entitlement_gone
    }

    /// Who filed it.
    pub fn requester(&self) -> PersonRef {
        PersonRef { id: PersonId(self.requester_id), name: self.requester.clone() }
    }

    /// Who would hold the access.
    pub fn beneficiary(&self) -> PersonRef {
        PersonRef { id: PersonId(self.beneficiary_id), name: self.beneficiary.clone() }
    }

    /// Whether who would hold the access works here.
    ///
    /// # Errors
    /// When the row makes no sense.
    pub fn beneficiary_status(&self) -> Result<PersonStatus> {
        PersonStatus::parse(&self.beneficiary_status)
            .ok_or_else(|| StoreError::corrupt("person", &self.beneficiary_status))
    }

    /// How much harm wrong access can do.
    ///
    /// # Errors
    /// When the row makes no sense.
    pub fn sensitivity(&self) -> Result<Sensitivity> {
        Sensitivity::parse(&self.sensitivity)
            .ok_or_else(|| StoreError::corrupt("resource", &self.sensitivity))
    }

    /// The grant that it renews.
    pub fn renews(&self) -> Option<GrantId> {
        self.renews_grant_id.map(GrantId)
    }

    /// The grant that it led to.
    pub fn grant(&self) -> Option<GrantId> {
        self.grant_id.map(GrantId)
    }

    /// The state's word.
    pub fn state_word(&self) -> &str {
        &self.state
    }

    /// Whether it waits for a decision, and could still be decided at `now`.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.state == "pending" && self.decide_by.is_some_and(|decide_by| decide_by > now)
    }

    /// What was asked for; imported history does not say.
    ///
    /// # Errors
    /// When the row makes no sense.
    pub fn asked(&self) -> Result<Window> {
        window(self.asked_start_at, self.asked_seconds, self.asked_until)
    }

    /// What was given, if it was approved here.
    ///
    /// # Errors
    /// When the row makes no sense.
    pub fn given(&self) -> Result<Option<Window>> {
        if self.state == "approved" && !self.is_imported() {
            window(self.given_start_at, self.given_seconds, self.given_until).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Where it stands.
    ///
    /// # Errors
    /// When the row makes no sense.
    pub fn state(&self) -> Result<RequestState> {
        Ok(match (self.state.as_str(), self.decide_by) {
            ("pending", Some(decide_by)) => RequestState::Pending { decide_by },
            ("approved", _) => RequestState::Approved { given: self.given()? },
            ("denied", _) => RequestState::Denied,
            ("cancelled", _) => RequestState::Cancelled,
            ("expired", _) => RequestState::Expired,
            (other, _) => return Err(StoreError::corrupt("access_request", other)),
        })
    }

    /// For events.
    pub fn about(&self) -> About {
        About {
            system_id: Some(SystemId(self.system_id)),
            system: Some(self.system.clone()),
            resource_id: Some(ResourceId(self.resource_id)),
            resource: Some(self.resource.clone()),
            entitlement_id: Some(self.entitlement_id()),
            entitlement: Some(self.entitlement.clone()),
        }
    }
}
