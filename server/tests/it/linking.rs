//! Reports linked to people, resources and the grants that covered them, whoever links and however often.

mod again;
mod answers;
mod coverage;
mod shown;
pub mod yard;

use domain::usage::{OutsideActor, OutsideKind};
use sqlx::PgPool;

use self::yard::{Yard, account, by_email, named};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn each_way_of_naming_somebody_leads_to_them(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let ben = yard.house.person("Ben Okafor").await;
    sqlx::query(
        "update person set email = 'Ben@Example.com', issuer = 'https://id', subject = '00U1' where id = $1",
    )
    .bind(ben.id().0)
    .execute(&yard.house.pool)
    .await
    .unwrap();
    yard.house.account(&ben, yard.system, "ben_okafor").await;
    yard.report("1", |event| event.actor = by_email("BEN@example.com")).await;
    yard.report("2", |event| event.actor.subject = Some("00U1".into())).await;
    yard.report("3", |event| event.actor = account("Ben_Okafor")).await;
    yard.report("4", |event| event.actor = named("Ben Okafor")).await;
    yard.report("5", |event| event.actor = OutsideActor::default()).await;
    yard.work().await;
    let links = yard.links().await;
    let people: Vec<_> = links.iter().map(|link| link.person.map(|id| id == ben.id().0)).collect();
    assert_eq!(people, [Some(true), Some(true), Some(true), None, None]);
    assert_eq!(links[3].actor_key.as_deref(), Some("name:ben okafor"));
    assert!(links[..3].iter().all(|link| link.actor_key.is_none()));
    assert!(links.iter().all(|link| link.resource == Some(yard.resource)));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_machine_is_nobody_by_its_owners_address_and_somebody_by_account(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let ben = yard.ben().await;
    yard.house.account(&ben, yard.system, "deploy").await;
    let machine = |actor: OutsideActor| OutsideActor { kind: OutsideKind::Machine, ..actor };
    yard.report("1", |event| event.actor = machine(by_email("ben@example.com"))).await;
    yard.report("2", |event| event.actor = machine(account("deploy"))).await;
    yard.work().await;
    let people: Vec<_> = yard.links().await.iter().map(|link| link.person).collect();
    assert_eq!(people, [None, Some(ben.id().0)]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whoever_has_left_is_still_who_did_it(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let ben = yard.ben().await;
    sqlx::query("update person set status = 'left' where id = $1")
        .bind(ben.id().0)
        .execute(&yard.house.pool)
        .await
        .unwrap();
    yard.report("1", |_| ()).await;
    yard.work().await;
    let link = &yard.links().await[0];
    assert_eq!((link.person, link.covered), (Some(ben.id().0), Some(false)));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nobody_of_a_past_that_was_brought_in_is_taken_for_a_subject_of_the_provider(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let past = yard.house.person("octocat").await;
    sqlx::query("update person set issuer = 'imported:teams', subject = 'octocat' where id = $1")
        .bind(past.id().0)
        .execute(&yard.house.pool)
        .await
        .unwrap();
    yard.report("1", |event| event.actor = OutsideActor { subject: Some("octocat".into()), ..named("") })
        .await;
    yard.work().await;
    assert_eq!(yard.links().await[0].person, None);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_logged_is_left_as_it_is_and_linking_writes_no_event(pool: PgPool) {
    let yard = Yard::open(pool).await;
    yard.ben().await;
    yard.report("1", |_| ()).await;
    let book = "select md5(string_agg(e::text, '|' order by e.id)) from event e";
    let before: String = sqlx::query_scalar(book).fetch_one(&yard.house.pool).await.unwrap();
    yard.work().await;
    let after: String = sqlx::query_scalar(book).fetch_one(&yard.house.pool).await.unwrap();
    assert_eq!(before, after);
    assert_eq!(yard.links().await.len(), 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_batch_takes_few_statements_however_many_reports_it_has(pool: PgPool) {
    let yard = Yard::open(pool).await;
    yard.ben().await;
    for n in 0..40 {
        yard.report(&n.to_string(), |event| {
            event.actor =
                if n % 2 == 0 { by_email("ben@example.com") } else { account(&format!("robot {n}")) };
            event.target.resource = Some(format!("table {n}"));
        })
        .await;
    }
    server::jobs::sequencer::catch_up(&yard.house.store).await.unwrap();
    let step = store::link::step(&yard.house.store, 1_000);
    let (done, statements) = crate::statements::statements_of(step).await;
    done.unwrap();
    assert!(statements.len() <= 20, "{} statements:\n{}", statements.len(), statements.join("\n"));
    assert_eq!(yard.links().await.len(), 40);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_target_that_is_not_in_the_catalogue_waits_under_the_words_of_the_source(pool: PgPool) {
    let yard = Yard::open(pool).await;
    yard.ben().await;
    yard.report("1", |event| {
        event.target.system = Some("Elsewhere".into());
        event.target.resource = Some("Org/Repo".into());
    })
    .await;
    yard.report("2", |event| event.target.resource = None).await;
    yard.work().await;
    let links = yard.links().await;
    assert_eq!(links[0].target_key.as_deref(), Some("elsewhere/org%2frepo/"));
    assert_eq!((links[0].resource, links[0].covered), (None, None));
    assert_eq!(
        (links[1].system, &links[1].target_key),
        (Some(yard.system), &None),
        "the source's own system"
    );
}
