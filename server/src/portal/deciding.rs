//! Who decides, and who may see, looked up when it is asked.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::caller::Caller;
use domain::id::{EntitlementId, PersonId};
use domain::policy::loosening::{WAIT, decide_under};
use domain::policy::{Deciders, Interested, OwnerLevel};
use store::deciding::{self, DecisionFacts};
use store::request::RequestRecord;
use store::{PgConnection, Result, owner};

/// Who would decide each of these if `person` asked for themselves now.
pub async fn deciders_for(
    conn: &mut PgConnection,
    entitlements: &[EntitlementId],
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<HashMap<EntitlementId, Deciders>> {
    let interested = Interested { requester: person, beneficiary: person };
    let facts = deciding::facts(conn, entitlements, now - WAIT).await?;
    Ok(facts
        .into_iter()
        .map(|(id, facts)| (id, decide_under(&facts.candidates, interested, &facts.loosened, now)))
        .collect())
}

/// Who decides each of these requests now, in their order.
pub async fn deciders_of(
    conn: &mut PgConnection,
    requests: &[RequestRecord],
    now: DateTime<Utc>,
) -> Result<Vec<Deciders>> {
    let ids: Vec<EntitlementId> = requests.iter().map(RequestRecord::entitlement_id).collect();
    let facts = deciding::facts(conn, &ids, now - WAIT).await?;
    let none = DecisionFacts::default();
    Ok(requests
        .iter()
        .map(|request| {
            let interested =
                Interested { requester: request.requester().id, beneficiary: request.beneficiary().id };
            let facts = facts.get(&request.entitlement_id()).unwrap_or(&none);
            decide_under(&facts.candidates, interested, &facts.loosened, now)
        })
        .collect())
}

/// Whether this caller is one of the deciders. As an administrator only with a role read lately.
pub fn may_decide(caller: &Caller, deciders: &Deciders) -> bool {
    match deciders {
        Deciders::OneOf { level: OwnerLevel::Administrators, .. } => {
            caller.roles.administrator && deciders.includes(caller.id())
        }
        _ => deciders.includes(caller.id()),
    }
}

/// Whether this caller may see a request with its rationale and history.
pub async fn may_see(
    conn: &mut PgConnection,
    caller: &Caller,
    request: &RequestRecord,
    deciders: &Deciders,
) -> Result<bool> {
    let me = caller.id();
    Ok(request.requester().id == me
        || request.beneficiary().id == me
        || caller.roles.auditor
        || may_decide(caller, deciders)
        || owner::owns(conn, me, request.entitlement_id()).await?)
}
