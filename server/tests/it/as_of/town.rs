//! A journey with everything in it, and what the tables and the book say of it.

use std::collections::BTreeSet;

use app::backend::{Access, People, Requests, TypedRequest, TypedResource};
use chrono::{DateTime, Utc};
use domain::audit::Actor;
use domain::caller::Caller;
use domain::grant::Removal;
use domain::holding::Holding;
use server::import::{self, File, Kind};
use server::jobs::{holdings, sequencer};
use sqlx::{FromRow, PgPool};
use store::holding::{Of, Search, held};
use uuid::Uuid;

use crate::house::{House, hours, start, typed};
use crate::shelf::Shelf;

pub struct Town {
    pub shelf: Shelf,
    pub ben: Caller,
    pub admin: Caller,
    /// When something happened, the last last.
    pub moments: Vec<DateTime<Utc>>,
}

/// What somebody holds, with everything that both sides know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, FromRow)]
pub struct Row {
    pub grant: Uuid,
    pub person: Uuid,
    pub entitlement: Uuid,
    pub since: DateTime<Utc>,
    pub ends_at: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
    pub cause: Option<String>,
    pub known: Option<String>,
    pub attested_by: Option<String>,
    pub request: Option<Uuid>,
    pub decided_by: Option<Uuid>,
    pub decided_at: Option<DateTime<Utc>>,
    pub is_imported: bool,
}

impl Town {
    pub async fn lived_in(pool: PgPool) -> Self {
        let shelf = Shelf::new(pool).await;
        let house = &shelf.house;
        let admin = house.administrator("Tom Berg").await;
        let (ben, given_back) = shelf.held_by("Ben Okafor").await;
        let (eve, renewed) = shelf.held_by("Eve Stone").await;
        let (finn, _) = shelf.held_by("Finn Ott").await;
        let (_, taken) = shelf.held_by("Gil Orr").await;
        let write = house.entitlement("write").await;
        bring_in(house, &ben, &write.0).await;

        house.set(start() + hours(1));
        house.portal.give_back(&ben, given_back).await.unwrap();
        house.portal.revoke(&house.owner, taken, "Not needed.").await.unwrap();
        let renew =
            TypedRequest { renew: renewed.to_string(), entitlements: String::new(), ..typed(shelf.read) };
        let request = house.try_ask(&eve, &renew).await.unwrap();
        house.decide(&house.owner, request, "approve").await.unwrap();
        let second = Requests::show(&house.portal, &eve, request).await.unwrap().row.grant.unwrap().id;
        house.work().await;

        house.set(start() + hours(2));
        house.portal.attest(&house.owner, given_back, "").await.unwrap();
        house.portal.set_status(&admin, finn.id(), "suspended", "On leave.").await.unwrap();
        // Never opened by anybody.
        house.granted(&ben, house.entitlement("never").await).await;
        house.work().await;

        house.set(start() + hours(4));
        house.work().await;
        house.portal.attest(&house.owner, second, "").await.unwrap();
        house.portal.attest(&house.owner, taken, "").await.unwrap();
        house.work().await;

        house.set(start() + hours(5));
        let (_, long) = house.granted(&ben, shelf.read).await;
        house.portal.attest(&house.owner, long, "").await.unwrap();
        let mut owner = house.owner.clone();
        owner.authenticated_at = Some(start() + hours(5));
        let shorter = TypedResource { access_max: "2 hours".into(), ..shelf.resource().await };
        shelf.save_resource(&owner, &shorter).await.unwrap();

        house.set(start() + hours(6));
        // The second of those brought in goes again.
        let brought: Uuid = sqlx::query_scalar(
            "select g.id from access_grant g join person p on p.id = g.person_id
             where g.origin = 'imported' and p.name = 'Ida Noor'",
        )
        .fetch_one(&house.pool)
        .await
        .unwrap();
        house.portal.revoke(&house.owner, brought.into(), "Nobody knows why.").await.unwrap();
        house.work().await;
        house.portal.attest(&house.owner, brought.into(), "").await.unwrap();
        let hal = house.person("Hal Roy").await;
        let short = TypedRequest { duration: "1 hour".into(), ..typed(shelf.read) };
        let request = house.try_ask(&hal, &short).await.unwrap();
        house.decide(&house.owner, request, "approve").await.unwrap();
        let last = Requests::show(&house.portal, &hal, request).await.unwrap().row.grant.unwrap().id;
        house.portal.attest(&house.owner, last, "").await.unwrap();
        house.portal.revoke(&house.owner, last, "A mistake.").await.unwrap();
        house.work().await;
        // What is only planned is not held.
        let later = TypedRequest { start: "2026-11-24T16:00".into(), ..short };
        let kim = house.person("Kim Vale").await;
        let jo = house.person("Jo Hart").await;
        let request = house.try_ask(&jo, &later).await.unwrap();
        house.decide(&house.owner, request, "approve").await.unwrap();

        house.set(start() + hours(27));
        house.work().await;
        let request = house.try_ask(&kim, &TypedRequest { start: String::new(), ..later }).await.unwrap();
        house.decide(&house.owner, request, "approve").await.unwrap();
        let open = Requests::show(&house.portal, &kim, request).await.unwrap().row.grant.unwrap().id;
        house.portal.attest(&house.owner, open, "").await.unwrap();
        let mut moments: Vec<_> = [0, 1, 2, 4, 5, 6, 27].map(|n| start() + hours(n)).into();
        moments.insert(0, start() - hours(24 * 30));
        Self { ben, admin, moments, shelf }
    }
}

/// Access that was there before: since a month ago, and since nobody knows when.
async fn bring_in(house: &House, ben: &Caller, write: &Uuid) {
    let ida = house.person("Ida Noor").await;
    for (caller, email) in [(ben, "ben@x.example"), (&ida, "ida@x.example")] {
        sqlx::query("update person set email = $2 where id = $1")
            .bind(caller.id().0)
            .bind(email)
            .execute(&house.pool)
            .await
            .unwrap();
    }
    let slug: String = sqlx::query_scalar(
        "select o.slug from resource o join entitlement e on e.resource_id = o.id where e.id = $1",
    )
    .bind(write)
    .fetch_one(&house.pool)
    .await
    .unwrap();
    let content = format!(
        "email,resource,entitlement,since,until\nben@x.example,{slug},write,2026-10-24T10:00,2027-01-31\nida@x.example,{slug},write,,\n"
    );
    let file = File { name: "grants.csv".into(), content };
    let actor = Actor::Command { name: "ops".into() };
    import::run(&house.store, actor, Kind::Grants, &[file], false).await.unwrap();
}

pub async fn caught_up(house: &House) {
    sequencer::catch_up(&house.store).await.unwrap();
    holdings::catch_up(&house.store).await.unwrap();
}

pub async fn in_the_book(house: &House, at: DateTime<Utc>) -> BTreeSet<Row> {
    let search = Search { of: Of::All, at, seen_by: None };
    let held = held(&mut house.store.read().await.unwrap(), search, None, 10_000).await.unwrap();
    held.iter().map(|record| row(&record.holding)).collect()
}

pub fn row(holding: &Holding) -> Row {
    let (closed, decided) = (holding.closed.as_ref(), holding.decided.as_ref());
    Row {
        grant: holding.grant.0,
        person: holding.person.id.0,
        entitlement: holding.about.entitlement_id.unwrap().0,
        since: holding.opened_at,
        ends_at: holding.ends_at,
        closed_at: closed.map(|closed| closed.at),
        cause: closed.and_then(|closed| match closed.why {
            Removal::TimeRanOut => None,
            Removal::Revoked(cause) => Some(cause.as_str().to_owned()),
        }),
        known: closed.and_then(|closed| Some(closed.known?.as_str().to_owned())),
        attested_by: closed.and_then(|closed| closed.attested_by.clone()),
        request: holding.request.map(Into::into),
        decided_by: decided.and_then(|decided| Some(decided.by?.0)),
        decided_at: decided.map(|decided| decided.at),
        is_imported: holding.is_imported,
    }
}

/// The plainest reading of the grants as they stand: from being active until closed.
pub async fn by_tables(house: &House, at: DateTime<Utc>) -> BTreeSet<Row> {
    let rows: Vec<Row> = sqlx::query_as(
        "select g.id as grant, g.person_id as person, g.entitlement_id as entitlement, g.active_since as since,
           g.ends_at, g.closed_at, case when g.closed_at is not null then g.cause end as cause,
           g.removal_known as known, case when g.removal_known = 'attested' then p.name end as attested_by,
           g.request_id as request, d.decided_by, d.decided_at, g.origin = 'imported' as is_imported
         from access_grant g left join decision d on d.request_id = g.request_id
         left join person p on p.id = g.attested_by
         where g.active_since <= $1 and (g.closed_at is null or g.closed_at > $1)",
    )
    .bind(at)
    .fetch_all(&house.pool)
    .await
    .unwrap();
    rows.into_iter().collect()
}
