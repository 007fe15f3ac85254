//! What of a query the search index answers: the terms of events, as [`super::terms`] makes them.

use chrono::{DateTime, Datelike as _, Months, NaiveDate, TimeDelta, Utc};
use domain::audit::Outcome;
use domain::audit::query::{ActionPattern, Comparison, Expr, Network, Query, Term, Text, folded, words};
use domain::catalogue::Sensitivity;
use domain::usage::AHEAD_MAX;
use sqlx::PgConnection;
use uuid::Uuid;

use super::escape_like;
use super::node::{NOTHING, Node, joined, lexeme, named};
use super::sight::Sight;
use super::terms::{NAME_CHARS, WORD_CHARS};
use crate::Result;

/// Of so many names at most each is looked for by itself; where more match, they are no help in finding.
const NAMES_MAX: i64 = 300;
/// Nothing in the book happened before.
const FIRST_YEAR: i32 = 1970;
/// A beginning of fewer characters has too many words to be a help in finding.
const PREFIX_CHARS_MIN: usize = 3;

/// Where and how a query is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// What every match has, asked of the inverted index; `None` where only looking at each event can tell.
    pub(super) index: Option<String>,
    /// What every match has, as one looks at its terms; `None` is everything.
    pub(super) check: Option<String>,
    /// When it happened: from this moment on.
    pub(super) from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub(super) until: Option<DateTime<Utc>>,
    /// Whether there is more to a match than that: the event itself is to be looked at.
    pub(super) needs_event: bool,
}

impl Plan {
    /// The plan for a query whose reader sees all, or what concerns them.
    pub(super) async fn of(
        conn: &mut PgConnection,
        query: &Query,
        concerning: Option<Sight>,
    ) -> Result<Self> {
        let (mut from, mut until) = (None, None);
        let mut all = Node::all();
        if let Some(sight) = concerning {
            all = all.and(sight.terms(conn).await?);
        }
        for part in query.parts() {
            let Some(time) = time_of(part) else {
                all = all.and(node(conn, part, concerning).await?);
                continue;
            };
            from = from.max(time.0);
            until = [until, time.1].into_iter().flatten().min();
        }
        let mut index = all.index;
        if until.is_some() {
            index = joined([index, days('d', from, until)].into_iter().flatten(), " & ");
        }
        Ok(Self { index, check: all.check, from, until, needs_event: !all.is_exact })
    }

    /// Nothing that was recorded before can have happened since `from`.
    pub(super) fn recorded_from(&self) -> Option<DateTime<Utc>> {
        self.from.and_then(|from| from.checked_sub_signed(AHEAD_MAX))
    }
}

/// The end of a stretch of time; `None` is for ever.
type Bound = Option<DateTime<Utc>>;

/// Between which moments, where that is all it says.
fn time_of(expr: &Expr) -> Option<(Bound, Bound)> {
    match expr {
        Expr::Term(Term::After(moment)) => Some((Some(moment.at), None)),
        Expr::Term(Term::Before(moment)) => Some((None, Some(moment.at))),
        Expr::Term(Term::During(period)) => Some((period.from, period.until)),
        _ => None,
    }
}

/// The time between in whole years, months and days, in UTC: when it happened (`d`), or was recorded (`t`). Every
/// query says a year of four digits.
pub(super) fn days(letter: char, from: Bound, until: Bound) -> Option<String> {
    let first = from.map(|from| from.date_naive()).max(NaiveDate::from_ymd_opt(FIRST_YEAR, 1, 1))?;
    let last = (until? - TimeDelta::microseconds(1)).date_naive();
    let mut terms = Vec::new();
    let mut day = first;
    while day <= last {
        let months = if day.month() == 1 { [12, 1] } else { [1, 1] };
        let whole = months.into_iter().filter(|_| day.day() == 1).find_map(|months| {
            let next = day.checked_add_months(Months::new(months))?;
            (next.pred_opt()? <= last).then_some((months, next))
        });
        let (form, next) = match whole {
            Some((12, next)) => ("%Y", next),
            Some((_, next)) => ("%Y-%m", next),
            None => ("%Y-%m-%d", day.succ_opt()?),
        };
        terms.push(lexeme(&format!(":{letter}{}", day.format(form))));
        day = next;
    }
    Some(if terms.is_empty() { NOTHING.to_owned() } else { format!("({})", terms.join(" | ")) })
}

async fn node(conn: &mut PgConnection, expr: &Expr, reader: Option<Sight>) -> Result<Node> {
    Ok(match expr {
        Expr::All => Node::all(),
        Expr::And(parts) => {
            let mut all = Node::all();
            for part in parts {
                all = all.and(Box::pin(node(conn, part, reader)).await?);
            }
            all
        }
        Expr::Or(parts) => {
            let mut any: Option<Node> = None;
            for part in parts {
                let next = Box::pin(node(conn, part, reader)).await?;
                any = Some(match any {
                    Some(before) => before.or(next),
                    None => next,
                });
            }
            any.unwrap_or_else(Node::unknown)
        }
        // One of the others: there are few, and mostly what is looked for is rare.
        Expr::Not(inner) if let Expr::Term(Term::Outcome(outcome)) = &**inner => {
            let others = Outcome::ALL.into_iter().filter(|other| other != outcome);
            Node::any_of(others.map(|other| named('o', other.as_str())).collect())
        }
        Expr::Not(inner) => Box::pin(node(conn, inner, reader)).await?.not(),
        Expr::Term(term) => of_term(conn, term, reader).await?,
    })
}

async fn of_term(conn: &mut PgConnection, term: &Term, reader: Option<Sight>) -> Result<Node> {
    Ok(match term {
        // Of what others did, a reader of their own events does not see all the words.
        Term::Word(text) | Term::Phrase(text) if reader.is_some() => of_words(text).or_more(),
        Term::Word(text) | Term::Phrase(text) => of_words(text),
        Term::Actor(text) => by_name(conn, "actor", 'a', text).await?,
        Term::System(text) => by_name(conn, "system", 'y', text).await?,
        Term::Resource(text) => {
            by_name(conn, "resource", 'r', text).await?.or(by_name(conn, "entitlement", 'e', text).await?)
        }
        Term::Person(text) => by_name(conn, "actor", 'a', text)
            .await?
            .or(by_name(conn, "subject", 's', text).await?)
            .or(by_person(conn, text).await?),
        Term::Environment(text) => by_environment(conn, text).await?,
        Term::Tag(text) => by_tag(conn, text).await?,
        Term::On(slug) => by_system(conn, slug).await?,
        Term::Owner(text) => by_owner(conn, text).await?,
        Term::Sensitivity(comparison, level) => by_sensitivity(conn, *comparison, *level).await?,
        Term::Action(ActionPattern::Exact(word)) => Node::exact(named('k', word)),
        Term::Action(ActionPattern::Noun(noun)) => {
            let beginning = format!("{}.%", escape_like(noun));
            of_names('k', names(conn, "action", &beginning).await?)
        }
        Term::Outcome(outcome) => Node::exact(named('o', outcome.as_str())),
        Term::Source(name) => Node::exact(named('f', name)),
        // Where others acted from is not shown to a reader of their own events.
        Term::Ip(network) if reader.is_some() => of_network(*network).or_more(),
        Term::Ip(network) => of_network(*network),
        Term::Request(id) => Node::exact(lexeme(&format!(":q{}", id.0))),
        Term::Grant(id) => Node::exact(lexeme(&format!(":g{}", id.0))),
        Term::Covered(wanted) => Node::exact(lexeme(&format!(":c{wanted}"))),
        Term::Window(name) => by_window(conn, name).await?,
        // By themselves these are a stretch of time; within something else they are looked at.
        Term::Before(_) | Term::After(_) | Term::During(_) => Node::unknown(),
    })
}

fn of_words(text: &str) -> Node {
    let words = words(text);
    let Some((last, whole)) = words.split_last() else { return Node::any_of(Vec::new()) };
    let is_cut = |word: &String| word.chars().count() > WORD_CHARS;
    let kept = |word: &str| lexeme(&word.chars().take(WORD_CHARS).collect::<String>());
    let end = if is_cut(last) { kept(last) } else { format!("{}:*", kept(last)) };
    let whole: Vec<String> = whole.iter().map(|word| kept(word)).collect();
    let is_help = last.chars().count() >= PREFIX_CHARS_MIN;
    Node {
        index: joined(whole.iter().cloned().chain(is_help.then(|| end.clone())), " & "),
        check: joined(whole.iter().cloned().chain([end]), " & "),
        is_exact: words.len() == 1 && !is_cut(last),
    }
}

/// Nothing of an address is left out, and a network of whole digits is their beginning.
fn of_network(network: Network) -> Node {
    let digits = match network.address() {
        std::net::IpAddr::V4(v4) => format!("4:{:08x}", v4.to_bits()),
        std::net::IpAddr::V6(v6) => format!("6:{:032x}", v6.to_bits()),
    };
    let kept = usize::from(network.prefix() / 4);
    let beginning: String = digits.chars().take(2 + kept).collect();
    let term = format!("{}:*", lexeme(&format!(":i{beginning}")));
    let is_help = kept >= PREFIX_CHARS_MIN;
    Node {
        index: is_help.then(|| term.clone()),
        check: Some(term),
        is_exact: network.prefix().is_multiple_of(4),
    }
}

/// The names of a field that match the pattern; `None` where there are too many.
async fn names(conn: &mut PgConnection, field: &str, pattern: &str) -> Result<Option<Vec<String>>> {
    let names = sqlx::query_scalar!(
        "select name from book_name where field = $1 and name like $2 limit $3",
        field,
        pattern,
        NAMES_MAX + 1
    )
    .fetch_all(conn)
    .await?;
    Ok(few(names))
}

fn few<T>(found: Vec<T>) -> Option<Vec<T>> {
    (i64::try_from(found.len()).is_ok_and(|found| found <= NAMES_MAX)).then_some(found)
}

fn of_names(letter: char, names: Option<Vec<String>>) -> Node {
    let Some(names) = names else { return Node::unknown() };
    let is_cut = names.iter().any(|name| name.chars().count() > NAME_CHARS);
    let node = Node::any_of(names.iter().map(|name| named(letter, name)).collect());
    if is_cut { node.or_more() } else { node }
}

async fn by_name(conn: &mut PgConnection, field: &str, letter: char, text: &Text) -> Result<Node> {
    if text.is_whole {
        return Ok(of_names(letter, Some(vec![folded(&text.value)])));
    }
    Ok(of_names(letter, names(conn, field, &part(text)).await?))
}

fn part(text: &Text) -> String {
    let wanted = escape_like(&folded(&text.value));
    if text.is_whole { wanted } else { format!("%{wanted}%") }
}

fn of_ids(letter: char, ids: Vec<Uuid>) -> Node {
    match few(ids) {
        Some(ids) => Node::any_of(ids.iter().map(|id| lexeme(&format!(":{letter}{id}"))).collect()),
        None => Node::unknown(),
    }
}

/// People whom reports were matched to, by the names they have now.
async fn by_person(conn: &mut PgConnection, text: &Text) -> Result<Node> {
    let ids = sqlx::query_scalar!(
        "select id from person where lower(name) like $1 limit $2",
        part(text),
        NAMES_MAX + 1
    )
    .fetch_all(conn)
    .await?;
    Ok(of_ids('P', ids))
}

async fn by_environment(conn: &mut PgConnection, text: &Text) -> Result<Node> {
    let ids = sqlx::query_scalar!(
        "select id from resource where lower(environment) like $1 limit $2",
        part(text),
        NAMES_MAX + 1
    )
    .fetch_all(conn)
    .await?;
    Ok(of_ids('R', ids))
}

async fn by_tag(conn: &mut PgConnection, text: &Text) -> Result<Node> {
    let ids = sqlx::query_scalar!(
        "select id from resource where exists (select from unnest(tags) tag where lower(tag) like $1) limit $2",
        part(text),
        NAMES_MAX + 1
    )
    .fetch_all(conn)
    .await?;
    Ok(of_ids('R', ids))
}

async fn by_system(conn: &mut PgConnection, slug: &str) -> Result<Node> {
    let ids =
        sqlx::query_scalar!("select id from system where slug = $1 and deleted_at is null", folded(slug))
            .fetch_all(conn)
            .await?;
    Ok(of_ids('Y', ids))
}

/// What people of this name own; of what they own of a resource, the resource, and then it is looked at.
async fn by_owner(conn: &mut PgConnection, text: &Text) -> Result<Node> {
    let owned = sqlx::query!(
        r#"select w.system_id, coalesce(w.resource_id, t.resource_id) as resource_id, w.entitlement_id
           from owner w join person p on p.id = w.person_id left join entitlement t on t.id = w.entitlement_id
           where lower(p.name) like $1 limit $2"#,
        part(text),
        NAMES_MAX + 1
    )
    .fetch_all(conn)
    .await?;
    let Some(owned) = few(owned) else { return Ok(Node::unknown()) };
    let systems = of_ids('Y', owned.iter().filter_map(|owned| owned.system_id).collect());
    let resources = of_ids('R', owned.iter().filter_map(|owned| owned.resource_id).collect());
    let node = systems.or(resources);
    Ok(if owned.iter().any(|owned| owned.entitlement_id.is_some()) { node.or_more() } else { node })
}

async fn by_sensitivity(conn: &mut PgConnection, comparison: Comparison, level: Sensitivity) -> Result<Node> {
    let levels = comparison.levels(level);
    let ids = sqlx::query_scalar!(
        "select id from resource where sensitivity = any($1) limit $2",
        &levels as &[&str],
        NAMES_MAX + 1
    )
    .fetch_all(conn)
    .await?;
    Ok(of_ids('R', ids))
}

/// The days and systems of the windows of this name; the minutes are looked at.
async fn by_window(conn: &mut PgConnection, name: &str) -> Result<Node> {
    let windows = sqlx::query!(
        r#"select w.starts_at, w.ends_at,
             array(select s.system_id from change_window_system s where s.window_id = w.id) as "systems!"
           from change_window w where w.deleted_at is null and lower(w.name) = $1"#,
        folded(name)
    )
    .fetch_all(conn)
    .await?;
    let mut any: Option<Node> = None;
    for window in windows {
        let time = Node {
            index: days('d', Some(window.starts_at), Some(window.ends_at)),
            check: None,
            is_exact: false,
        };
        let systems = match window.systems.as_slice() {
            [] => Node::all(),
            _ => of_ids('Y', window.systems),
        };
        let next = time.and(systems);
        any = Some(match any {
            Some(before) => before.or(next),
            None => next,
        });
    }
    Ok(any.unwrap_or_else(|| Node::any_of(Vec::new())))
}
