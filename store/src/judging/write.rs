//! Writing what a batch came to, all of it or nothing.

use domain::alert::Finding;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Batch, Learned, READER};
use crate::alert::raise;
use crate::{Result, Store};

/// Writes what came of a batch: alerts, what is remembered, and how far the judge has come. `false` where another judge
/// has come further meanwhile; then nothing was written.
///
/// # Errors
/// When the database cannot be reached or refuses; then nothing was written.
pub async fn finish(store: &Store, batch: &Batch, learned: &Learned, findings: &[Finding]) -> Result<bool> {
    let mut tx = store.begin().await?;
    if !learn(tx.conn(), batch, learned).await? {
        return Ok(false);
    }
    for (id, event) in raise::all(&mut tx, findings).await? {
        tx.record_as(id, event).await?;
    }
    tx.commit_beside_the_book().await?;
    Ok(true)
}

/// Everything but alerts. `false` where another judge was first.
async fn learn(conn: &mut PgConnection, batch: &Batch, learned: &Learned) -> Result<bool> {
    let moved = sqlx::query!(
        "insert into book_reader (name, position) select $1, $3
         where $2::bigint = 0 or exists (select from book_reader where name = $1)
         on conflict (name) do update set position = excluded.position where book_reader.position = $2",
        READER,
        batch.from,
        batch.to
    )
    .execute(&mut *conn)
    .await?;
    if moved.rows_affected() == 0 {
        return Ok(false);
    }
    for (lane, memory) in &learned.memory {
        sqlx::query!(
            "insert into alert_memory (lane, memory, judged_to) values ($1, $2, $3)
             on conflict (lane) do update set memory = excluded.memory, judged_to = excluded.judged_to",
            lane,
            memory.memory,
            memory.judged_to
        )
        .execute(&mut *conn)
        .await?;
    }
    acquaint(conn, batch).await?;
    Ok(true)
}

async fn acquaint(conn: &mut PgConnection, batch: &Batch) -> Result<()> {
    let first = batch.events.iter().filter(|event| event.is_first_use);
    let (mut people, mut resources, mut moments) = (Vec::<Uuid>::new(), Vec::<Uuid>::new(), Vec::new());
    for event in first {
        if let Some((person, resource)) = event.entry.used_by() {
            people.push(person);
            resources.push(resource);
            moments.push(event.entry.occurred_at);
        }
    }
    if people.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into acquaintance (person_id, resource_id, first_at)
         select * from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) on conflict do nothing",
        &people,
        &resources,
        &moments
    )
    .execute(conn)
    .await?;
    Ok(())
}
