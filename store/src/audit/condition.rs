//! A query of the book as a condition of SQL: the tree becomes words of SQL that stand here, everything that anybody
//! typed becomes a parameter. It says what [`domain::audit::query::Query::matches`] says.

use chrono::{DateTime, Utc};
use domain::audit::query::{ActionPattern, Comparison, Expr, Term, Text, folded, words};
use domain::catalogue::Sensitivity;
use sqlx::{Postgres, QueryBuilder};

use super::escape_like;
use super::sight::Sight;

/// What a report was found to have to do with; of every other event there is no such row.
const LINK: &str = "(select l.COLUMN from event_link l where l.event_id = e.id)";
/// The resource that it is about: named by Gatebook, or found by matching. As the next two.
pub(super) const RESOURCE: &str =
    "coalesce(e.resource_id, (select l.resource_id from event_link l where l.event_id = e.id))";
pub(super) const SYSTEM: &str =
    "coalesce(e.system_id, (select l.system_id from event_link l where l.event_id = e.id))";
const ENTITLEMENT: &str =
    "coalesce(e.entitlement_id, (select l.entitlement_id from event_link l where l.event_id = e.id))";

/// Adds `expr` as a condition on the event `e`. A reader who sees only what concerns themselves, `reader`, finds nothing
/// by what they are not shown: from where others acted.
pub(super) fn push(query: &mut QueryBuilder<Postgres>, expr: &Expr, reader: Option<Sight>) {
    match expr {
        Expr::All => {
            query.push("true");
        }
        Expr::And(parts) => push_joined(query, parts, " and ", reader),
        Expr::Or(parts) => push_joined(query, parts, " or ", reader),
        Expr::Not(inner) => {
            // What an event does not say, it does not match.
            query.push("not coalesce(");
            push(query, inner, reader);
            query.push(", false)");
        }
        Expr::Term(term) => push_term(query, term, reader),
    }
}

fn push_joined(query: &mut QueryBuilder<Postgres>, parts: &[Expr], joint: &str, reader: Option<Sight>) {
    query.push("(");
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            query.push(joint);
        }
        push(query, part, reader);
    }
    query.push(")");
}

fn push_term(query: &mut QueryBuilder<Postgres>, term: &Term, reader: Option<Sight>) {
    match term {
        Term::Word(words) | Term::Phrase(words) => push_words(query, words, reader),
        Term::Actor(text) => push_name(query, "e.actor_name", text),
        Term::Person(text) => push_person(query, text),
        Term::Resource(text) => {
            query.push("(");
            push_name(query, "e.resource_name", text);
            query.push(" or ");
            push_name(query, "e.entitlement_name", text);
            query.push(")");
        }
        Term::System(text) => push_name(query, "e.system_name", text),
        Term::Environment(text) => {
            push_resource(query, "");
            push_name(query, "o.environment", text);
            query.push(")");
        }
        Term::Tag(text) => {
            push_resource(query, "cross join unnest(o.tags) tag ");
            push_name(query, "tag", text);
            query.push(")");
        }
        Term::On(slug) => push_system(query, slug),
        Term::Owner(text) => push_owner(query, text),
        Term::Sensitivity(comparison, level) => push_sensitivity(query, *comparison, *level),
        Term::Action(ActionPattern::Exact(word)) => {
            query.push("e.action = ").push_bind(word.clone());
        }
        Term::Action(ActionPattern::Noun(noun)) => {
            query.push("e.action like ").push_bind(format!("{}.%", escape_like(noun)));
        }
        Term::Outcome(outcome) => {
            query.push("e.outcome = ").push_bind(outcome.as_str());
        }
        Term::Source(name) => {
            query.push("lower(e.origin) = ").push_bind(folded(name));
        }
        Term::Ip(network) => {
            query
                .push("(digits_of(address_of(e.ip)) is not null and address_of(e.ip) <<= ")
                .push_bind(network.to_string())
                .push("::inet");
            if let Some(reader) = reader {
                query.push(" and e.actor_id = ").push_bind(reader.person().0);
            }
            query.push(")");
        }
        Term::Request(id) => {
            query.push("e.request_id = ").push_bind(id.0);
        }
        Term::Grant(id) => {
            query
                .push("(e.grant_id = ")
                .push_bind(id.0)
                .push(" or ")
                .push(LINK.replace("COLUMN", "grant_id"));
            query.push(" = ").push_bind(id.0).push(")");
        }
        Term::Covered(wanted) => {
            query.push(LINK.replace("COLUMN", "covered")).push(" = ").push_bind(*wanted);
        }
        Term::Window(name) => push_window(query, name),
        Term::Before(moment) => push_time(query, None, Some(moment.at)),
        Term::After(moment) => push_time(query, Some(moment.at), None),
        Term::During(period) => push_time(query, period.from, period.until),
    }
}

fn push_time(query: &mut QueryBuilder<Postgres>, from: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) {
    query.push("(true");
    if let Some(from) = from {
        query.push(" and e.occurred_at >= ").push_bind(from);
    }
    if let Some(until) = until {
        query.push(" and e.occurred_at < ").push_bind(until);
    }
    query.push(")");
}

fn push_person(query: &mut QueryBuilder<Postgres>, text: &Text) {
    query.push("(");
    push_name(query, "e.actor_name", text);
    query.push(" or ");
    push_name(query, "e.subject_name", text);
    query.push(
        " or exists (select from event_link l join person p on p.id = l.person_id where l.event_id = e.id and ",
    );
    push_name(query, "p.name", text);
    query.push("))");
}

/// The resource that it is about exists, and …: to be gone on with and closed.
fn push_resource(query: &mut QueryBuilder<Postgres>, joined: &'static str) {
    query
        .push("exists (select from resource o ")
        .push(joined)
        .push("where o.id = ")
        .push(RESOURCE)
        .push(" and ");
}

fn push_system(query: &mut QueryBuilder<Postgres>, slug: &str) {
    query.push(SYSTEM).push(" in (select y.id from system y where y.deleted_at is null and y.slug = ");
    query.push_bind(folded(slug)).push(")");
}

fn push_owner(query: &mut QueryBuilder<Postgres>, text: &Text) {
    query
        .push("exists (select from owner w join person p on p.id = w.person_id where (w.system_id = ")
        .push(SYSTEM);
    query.push(" or w.resource_id = ").push(RESOURCE).push(" or w.entitlement_id = ").push(ENTITLEMENT);
    query.push(") and ");
    push_name(query, "p.name", text);
    query.push(")");
}

fn push_name(query: &mut QueryBuilder<Postgres>, column: &str, text: &Text) {
    let wanted = folded(&text.value);
    query.push("lower(").push(column).push(")");
    if text.is_whole {
        query.push(" = ").push_bind(wanted);
    } else {
        query.push(" like ").push_bind(format!("%{}%", escape_like(&wanted)));
    }
}

/// What [`domain::audit::query::Matchable::text`] is: everything an event says, of which the reader is shown all.
fn push_words(query: &mut QueryBuilder<Postgres>, typed: &str, reader: Option<Sight>) {
    let words = words(typed);
    if words.is_empty() {
        query.push("false");
        return;
    }
    query.push(
        "' ' || array_to_string(words_of(event_text(e.actor_name, e.action, e.outcome, e.subject_name, e.system_name, \
         e.resource_name, e.entitlement_name, ",
    );
    query.push(if reader.is_none() { "e.ip, e.detail, " } else { "null, null, " });
    query.push("e.reason)), ' ') like ").push_bind(format!("% {}%", words.join(" ")));
}

fn push_sensitivity(query: &mut QueryBuilder<Postgres>, comparison: Comparison, level: Sensitivity) {
    let levels = comparison.levels(level);
    push_resource(query, "");
    query.push("o.sensitivity = any(").push_bind(levels).push("))");
}

fn push_window(query: &mut QueryBuilder<Postgres>, name: &str) {
    query.push(
        "exists (select from change_window w where w.deleted_at is null and e.occurred_at >= w.starts_at \
         and e.occurred_at < w.ends_at and lower(w.name) = ",
    );
    query.push_bind(folded(name));
    query.push(
        " and (not exists (select from change_window_system s where s.window_id = w.id) \
         or exists (select from change_window_system s where s.window_id = w.id and s.system_id = ",
    );
    query.push(SYSTEM).push(")))");
}
