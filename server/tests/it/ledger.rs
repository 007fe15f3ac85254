//! Whether the book and the rows tell the same story: what no race and no crash may break.

use std::collections::{BTreeMap, HashMap};

use sqlx::PgPool;
use uuid::Uuid;

/// What was found, in words; each list is empty where all is well.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// A row that the book does not explain.
    pub without_event: Vec<String>,
    /// An event that the rows know nothing of.
    pub without_change: Vec<String>,
    /// What the rules forbid: two closings, a step out of turn, grants that are not what was approved.
    pub illegal: Vec<String>,
}

impl Faults {
    pub fn count(&self) -> usize {
        self.without_event.len() + self.without_change.len() + self.illegal.len()
    }
}

#[derive(sqlx::FromRow)]
struct RequestRow {
    id: Uuid,
    state: String,
    decisions: i64,
    grants: i64,
}

#[derive(sqlx::FromRow)]
struct GrantRow {
    id: Uuid,
    state: String,
    origin: String,
}

#[derive(sqlx::FromRow)]
struct Told {
    action: String,
    request_id: Option<Uuid>,
    grant_id: Option<Uuid>,
}

/// Compares all requests and grants with the book.
pub async fn faults(pool: &PgPool) -> Faults {
    let requests: Vec<RequestRow> = sqlx::query_as(
        "select id, state, (select count(*) from decision d where d.request_id = r.id) as decisions,
           (select count(*) from access_grant g where g.request_id = r.id) as grants
         from access_request r",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let grants: Vec<GrantRow> =
        sqlx::query_as("select id, state, origin from access_grant").fetch_all(pool).await.unwrap();
    // Refusals are told as `access.denied`; what went wrong at a target is a step, too.
    let told: Vec<Told> = sqlx::query_as(
        "select action, request_id, grant_id from event
         where action like 'request.%' or action like 'grant.%' order by recorded_at, id",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut faults = Faults::default();
    let (mut of_request, mut of_grant) = (HashMap::<_, Vec<&str>>::new(), HashMap::<_, Vec<&str>>::new());
    for event in &told {
        match (event.action.split_once('.').unwrap(), event.request_id, event.grant_id) {
            (("request", verb), Some(id), _) => of_request.entry(id).or_default().push(verb),
            (("grant", verb), _, Some(id)) => of_grant.entry(id).or_default().push(verb),
            _ => faults.illegal.push(format!("{} names nothing", event.action)),
        }
    }
    for row in &requests {
        request(&mut faults, row, &of_request.remove(&row.id).unwrap_or_default());
    }
    for row in &grants {
        grant(&mut faults, row, &of_grant.remove(&row.id).unwrap_or_default());
    }
    for (id, story) in of_request {
        faults.without_change.push(format!("there is no request {id}: {story:?}"));
    }
    for (id, story) in of_grant {
        faults.without_change.push(format!("there is no grant {id}: {story:?}"));
    }
    faults
}

fn request(faults: &mut Faults, row: &RequestRow, story: &[&str]) {
    let said = format!("request {} is {}: {story:?}", row.id, row.state);
    let closings: Vec<&str> = story.iter().copied().filter(|verb| *verb != "submitted").collect();
    match (story.len() - closings.len(), closings.as_slice()) {
        (0, _) => faults.without_event.push(said.clone()),
        (1, []) if row.state == "pending" => {}
        (1, []) => faults.without_event.push(said.clone()),
        (1, [one]) if *one == row.state => {}
        (1, [_]) if row.state == "pending" => faults.without_change.push(said.clone()),
        _ => faults.illegal.push(said.clone()),
    }
    let (is_approved, is_decided) = (row.state == "approved", matches!(&*row.state, "approved" | "denied"));
    if row.grants != i64::from(is_approved) || row.decisions != i64::from(is_decided) {
        faults.illegal.push(format!("{said}, {} grants, {} decisions", row.grants, row.decisions));
    }
}

/// Which states each step may be taken from, and where it leads to; `None` is where it was.
const STEPS: [(&str, &[&str], Option<&str>); 15] = [
    ("scheduled", &[""], Some("scheduled")),
    ("imported", &[""], Some("active")),
    ("activating", &["", "scheduled"], Some("activating")),
    ("activation_failed", &["activating", "activation_failed"], Some("activation_failed")),
    ("activated", &["activating", "activation_failed"], Some("active")),
    ("failed", &["activating", "activation_failed"], Some("failed")),
    ("shortened", &["scheduled", "activating", "activation_failed", "active"], None),
    ("ending", &["active"], Some("ending")),
    ("revoking", &["activating", "activation_failed", "active"], Some("revoking")),
    ("removal_asked", &["ending", "revoking", "removal_failed"], None),
    ("removal_failed", &["ending", "revoking", "removal_failed"], Some("removal_failed")),
    ("ended", &["ending", "removal_failed"], Some("ended")),
    ("revoked", &["scheduled", "revoking", "removal_failed"], Some("revoked")),
    ("retried", &["activation_failed", "removal_failed"], None),
    ("attested", &["activating", "ending", "revoking"], None),
];

fn grant(faults: &mut Faults, row: &GrantRow, story: &[&str]) {
    let said = format!("grant {} ({}) is {}: {story:?}", row.id, row.origin, row.state);
    let steps: BTreeMap<_, _> = STEPS.iter().map(|(verb, from, to)| (*verb, (from, to))).collect();
    let (mut state, mut been) = ("", vec![""]);
    for verb in story {
        let Some((from, to)) = steps.get(verb) else {
            return faults.illegal.push(format!("{said}: {verb} is no step"));
        };
        if !from.contains(&state) {
            return faults.illegal.push(format!("{said}: {verb} while {state:?}"));
        }
        state = to.unwrap_or(state);
        been.push(state);
    }
    match row.state.as_str() {
        now if now == state => {}
        now if been.contains(&now) => faults.without_change.push(said),
        _ => faults.without_event.push(said),
    }
}

#[cfg(test)]
mod tests {
    use app::backend::Access;
    use sqlx::PgPool;

    use super::{Faults, faults};
    use crate::house::{House, hours, start};

    /// A house with a request in every state that can be doctored, and nothing wrong in it.
    async fn house(pool: PgPool) -> House {
        let house = House::new(pool).await;
        let ben = house.person("Ben Okafor").await;
        let (_, first) = house.granted(&ben, house.entitlement("read").await).await;
        house.portal.attest(&house.owner, first, "").await.unwrap();
        house.ask(&ben, house.entitlement("read").await).await;
        house.granted(&ben, house.entitlement("read").await).await;
        house.set(start() + hours(4));
        house.work().await;
        house.portal.attest(&house.owner, first, "").await.unwrap();
        assert_eq!(faults(&house.pool).await, Faults::default());
        house
    }

    /// Does to the rows what no code of ours does, and says how many of each fault are found.
    async fn doctored(house: &House, statement: &'static str) -> (usize, usize, usize) {
        sqlx::query(statement).execute(&house.pool).await.unwrap();
        let found = faults(&house.pool).await;
        (found.without_event.len(), found.without_change.len(), found.illegal.len())
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_missing_event_is_found(pool: PgPool) {
        let house = house(pool).await;
        assert_eq!(doctored(&house, "delete from event where action = 'request.submitted'").await, (3, 0, 0));
        assert_eq!(doctored(&house, "delete from event where action = 'grant.ended'").await, (4, 0, 0));
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_lost_change_is_found(pool: PgPool) {
        let house = house(pool).await;
        let back = "update access_grant set state = 'ending', closed_at = null, removal_known = null,
                    attested_by = null where state = 'ended'";
        assert_eq!(doctored(&house, back).await, (0, 1, 0));
        let gone = "delete from access_request where state = 'pending'";
        assert_eq!(doctored(&house, gone).await, (0, 2, 0));
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn what_the_rules_forbid_is_found(pool: PgPool) {
        let house = house(pool).await;
        let again = "insert into event select (json_populate_record(e, json_build_object(
                       'id', gen_random_uuid(), 'action', 'grant.revoked'))).* from event e where action = 'grant.ended'";
        assert_eq!(doctored(&house, again).await, (0, 0, 1));
        let twice = "insert into event select (json_populate_record(e, json_build_object(
                       'id', gen_random_uuid(), 'action', 'request.denied'))).* from event e
                     where action = 'request.approved'";
        assert_eq!(doctored(&house, twice).await, (0, 0, 3));
        assert_eq!(doctored(&house, "delete from access_grant where state = 'ended'").await.2, 3);
    }
}
