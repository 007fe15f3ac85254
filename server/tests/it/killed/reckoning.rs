//! What is left when everything runs again.

use std::collections::{HashMap, HashSet};
use std::fmt;

use server::jobs::{holdings, linker};
use sqlx::{AssertSqlSafe, PgPool};
use store::link;

use super::stage::Stage;
use super::taker;
use crate::servers::{Process, until};

/// What was found; nothing from `lost` on may be other than empty or 0.
#[derive(Debug)]
pub struct Reckoning {
    acknowledged: usize,
    unanswered: usize,
    known_already: usize,
    events: i64,
    exports_whole: usize,
    exports_cut: usize,
    lost: usize,
    doubled: i64,
    /// Positions that are missing, double or not at an event.
    misplaced: i64,
    /// Batches that stand before one that was acknowledged earlier.
    out_of_turn: usize,
    /// How often alerts count what no grant covered.
    judged: i64,
    /// What of it they do not count, or count twice, and alerts without their event in the book.
    misjudged: i64,
    /// Rows that a fresh run makes otherwise, by table.
    otherwise: Vec<String>,
    /// Events that an export showed and that are not in the book.
    only_exported: usize,
    faults: Vec<String>,
}

impl Reckoning {
    /// Whether anything was under way that could have gone wrong.
    pub fn was_a_trial(&self) -> bool {
        self.acknowledged > 1_000
            && self.unanswered > 0
            && self.exports_cut > 0
            && self.exports_whole > 0
            && self.judged > 100
    }

    pub fn is_clean(&self) -> bool {
        self.lost + self.out_of_turn + self.only_exported == 0
            && self.doubled + self.misplaced + self.misjudged == 0
            && self.otherwise.is_empty()
            && self.faults.is_empty()
    }
}

impl fmt::Display for Reckoning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (events, acknowledged) = (self.events, self.acknowledged);
        writeln!(f, "{events} events in the book, {acknowledged} acknowledged reports")?;
        let (unanswered, again) = (self.unanswered, self.known_already);
        writeln!(f, "{unanswered} batches unanswered and sent again, {again} reports known already")?;
        writeln!(f, "{} exports whole, {} cut and known to be", self.exports_whole, self.exports_cut)?;
        writeln!(f, "acknowledged reports lost: {}, doubled: {}", self.lost, self.doubled)?;
        writeln!(f, "positions missing or double: {}", self.misplaced)?;
        writeln!(f, "batches before one acknowledged earlier: {}", self.out_of_turn)?;
        writeln!(f, "counted by alerts: {}, missed or double: {}", self.judged, self.misjudged)?;
        writeln!(f, "links, names and index otherwise than made anew: {}", self.otherwise.len())?;
        write!(
            f,
            "exported but not in the book: {}, exports at fault: {}",
            self.only_exported,
            self.faults.len()
        )
    }
}

/// Holds what was acknowledged, the book, and what is made from it against each other. Ends the worker.
pub async fn reckon(stage: &Stage, worker: Process) -> Reckoning {
    let pool = &stage.house.pool;
    at_rest(pool).await;
    worker.stop().await;
    let in_book = in_book(pool).await;
    let ids: Vec<String> = sqlx::query_scalar("select id::text from event").fetch_all(pool).await.unwrap();
    let ids: HashSet<&str> = ids.iter().map(String::as_str).collect();
    let stands = |name: &String| in_book.contains_key(name) || ids.contains(name.as_str());
    let events = count(pool, "select count(*) from event").await;
    let (misplaced, out_of_turn) = (misplaced(pool).await, out_of_turn(stage).await);
    let judged = count(pool, "select coalesce(sum(times), 0)::bigint from alert").await;
    let misjudged = misjudged(pool).await;
    let otherwise = otherwise(stage).await;
    // The last, because each is an event, and nobody numbers events any more.
    let last_exports = final_exports(stage).await;
    let (acknowledged, taken) = (stage.acknowledged.borrow(), stage.taken.borrow());
    Reckoning {
        acknowledged: acknowledged.len(),
        unanswered: stage.unanswered.get(),
        known_already: stage.known_already.get(),
        events,
        exports_whole: taken.whole,
        exports_cut: taken.cut,
        lost: acknowledged.iter().filter(|name| !in_book.contains_key(*name)).count(),
        doubled: doubled(&in_book),
        misplaced,
        judged,
        misjudged,
        out_of_turn,
        only_exported: taken.shown.iter().filter(|name| !stands(name)).count(),
        otherwise,
        faults: [taken.faults.clone(), last_exports].concat(),
    }
}

/// How often each report stands in the book, by what its one source calls it.
async fn in_book(pool: &PgPool) -> HashMap<String, i64> {
    let named: Vec<(String, i64)> = sqlx::query_as(
        "select detail->>'external_id', count(*) from event where origin = 'logs' group by origin, 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    named.into_iter().collect()
}

fn doubled(in_book: &HashMap<String, i64>) -> i64 {
    in_book.values().map(|count| count - 1).sum()
}

async fn count(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

/// Waits until every reader has come to the end of the book.
async fn at_rest(pool: &PgPool) {
    let behind = "select count(*) from (values ('search'), ('holdings'), ('judge')) reader(name)
                  left join book_reader r using (name)
                  where coalesce(r.position, 0) < (select count(*) from event)";
    until("the jobs to come to the end of the book", async || count(pool, behind).await == 0).await;
}

async fn misplaced(pool: &PgPool) -> i64 {
    count(
        pool,
        "select (select count(*) from event e full join event_position p on p.event_id = e.id
                   where e.id is null or p.event_id is null)
              + (select count(*) - count(distinct event_id) from event_position)
              + (select abs(count(*) - max(position)) + abs(min(position) - 1) from event_position)
              + (select abs(q.last_position - (select max(position) from event_position)) from event_sequence q)
              + (select abs((select count(*) from event_external) - (select count(*) from event where class = 'usage')))",
    )
    .await
}

/// Everything that no grant covered is counted by the alerts of one of two rules, and each alert has its event.
async fn misjudged(pool: &PgPool) -> i64 {
    count(
        pool,
        "select abs((select coalesce(sum(times), 0) from alert where rule in ('use-not-covered', 'use-after-end'))
                    - (select count(*) from event_link where covered = false))::bigint
              + abs((select count(*) from alert) - (select count(*) from event where action = 'alert.raised'))
              -- What a rule counts over time, it has in mind through every kill, up to as many as it counts at most.
              + coalesce((select abs(sum(times) - (select count(*) from event where outcome = 'denied' and class = 'usage'))
                    from alert where rule = 'denied-burst'), 1)::bigint
              + (select count(*) from alert where rule = 'denied-burst' and sentence not like
                   '% ' || least(1000, (select count(*) from event where outcome = 'denied' and class = 'usage')) || ' times%')
              + abs((select count(*) from alert) - (select count(*) from alert_step))",
    )
    .await
}

/// A sender begins its next batch when it was told of the one before, so that it must stand behind it.
async fn out_of_turn(stage: &Stage) -> usize {
    let positions: Vec<(String, i64)> = sqlx::query_as(
        "select e.detail->>'external_id', p.position from event e join event_position p on p.event_id = e.id
         where e.class = 'usage'",
    )
    .fetch_all(&stage.house.pool)
    .await
    .unwrap();
    let positions: HashMap<&str, i64> =
        positions.iter().map(|(name, position)| (name.as_str(), *position)).collect();
    let mut out_of_turn = 0;
    for batches in stage.in_turn.borrow().iter() {
        let mut last = 0;
        for batch in batches {
            let found: Vec<i64> =
                batch.iter().filter_map(|name| positions.get(name.as_str()).copied()).collect();
            out_of_turn += usize::from(found.iter().min().is_some_and(|first| *first < last));
            last = found.iter().max().copied().unwrap_or(last);
        }
    }
    out_of_turn
}

/// What the jobs made between all the kills, against what one clean run makes.
async fn otherwise(stage: &Stage) -> Vec<String> {
    let made = ["event_link", "event_search", "book_name", "holding"];
    let pool = &stage.house.pool;
    let rows = async |table: &str| -> Vec<String> {
        let rows = format!("select to_jsonb(t)::text from {table} t order by 1");
        sqlx::query_scalar(AssertSqlSafe(rows)).fetch_all(pool).await.unwrap()
    };
    let mut before = Vec::new();
    for table in made {
        before.push(rows(table).await);
    }
    link::forget(&stage.house.store).await.unwrap();
    store::holding::forget(&stage.house.store).await.unwrap();
    assert!(rows("event_link").await.is_empty() && rows("event_search").await.is_empty());
    linker::catch_up(&stage.house.store).await.unwrap();
    holdings::catch_up(&stage.house.store).await.unwrap();
    let mut otherwise = Vec::new();
    for (table, before) in made.into_iter().zip(before) {
        let (before, after): (HashSet<String>, HashSet<String>) =
            (before.into_iter().collect(), rows(table).await.into_iter().collect());
        otherwise.extend(before.symmetric_difference(&after).map(|row| format!("{table}: {row}")));
    }
    assert!(count(pool, "select count(*) from event_link where covered").await > 0, "nothing was covered");
    otherwise
}

/// Once everything runs, an export is whole, and has what the book has.
async fn final_exports(stage: &Stage) -> Vec<String> {
    let mut faults = Vec::new();
    for (side, query, sql) in [
        (
            0,
            "",
            "select count(*) from event where recorded_at <
                   (select max(recorded_at) from event where action = 'audit.exported')",
        ),
        // By the index.
        (1, "action:resource.accessed", "select count(*) from event where class = 'usage'"),
    ] {
        let text = taker::take(stage, side, query, None).await.unwrap();
        let export = taker::read(&text);
        let (wanted, found) = (count(&stage.house.pool, sql).await, export.names.len());
        if export.end.is_none() || i64::try_from(found).unwrap() != wanted {
            faults.push(format!("an export of “{query}” has {found} of {wanted}, end {:?}", export.end));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::super::taker;
    use super::{doubled, in_book, misplaced};
    use crate::linking::yard::Yard;

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn what_is_doubled_or_has_lost_its_place_is_found(pool: PgPool) {
        let yard = Yard::open(pool.clone()).await;
        for name in ["1", "2", "3"] {
            yard.report(name, |_| ()).await;
        }
        yard.work().await;
        assert_eq!((doubled(&in_book(&pool).await), misplaced(&pool).await), (0, 0));
        for (statement, twice) in [
            ("insert into event select (json_populate_record(e, json_build_object('id', gen_random_uuid()))).*
              from event e where detail->>'external_id' = '1'", 1),
            ("delete from event where detail->>'external_id' = '1'", 0),
            ("delete from event_position where position = 1", 0),
        ] {
            sqlx::query(statement).execute(&pool).await.unwrap();
            assert_eq!(doubled(&in_book(&pool).await), twice, "{statement}");
            assert!(misplaced(&pool).await > 0, "{statement}");
        }
    }

    #[test]
    fn an_export_is_whole_by_its_end_alone() {
        let lines = "{\"export\":{}}\n{\"id\":\"1\",\"detail\":{}}\n{\"end\":{\"events\":1}}\n";
        assert_eq!(taker::read(lines).end, Some(1));
        for cut in 0..lines.len() - 1 {
            assert_eq!(taker::read(&lines[..cut]).end, None, "{}", &lines[..cut]);
        }
    }
}
