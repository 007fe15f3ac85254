//! Who sees which alerts, said once; the rules are `domain::alert`'s.

use domain::caller::Caller;
use domain::id::PersonId;
use sqlx::{PgConnection, Postgres, QueryBuilder};

use crate::Result;

/// Waiting alerts are counted to this.
const WAITING_MAX: i64 = 100;

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    person: PersonId,
    sees_all: bool,
    is_administrator: bool,
}

impl Reader {
    /// This person, with the roles of now.
    pub fn of(caller: &Caller) -> Self {
        Self {
            person: caller.id(),
            sees_all: caller.roles.sees_all(),
            is_administrator: caller.roles.administrator,
        }
    }

    /// Whether everything is shown to the reader.
    pub(super) fn sees_all(self) -> bool {
        self.sees_all
    }

    /// Who it is.
    pub(super) fn person(self) -> PersonId {
        self.person
    }

    /// Adds whether the reader owns the resource in this column, or its system.
    pub(super) fn push_owns_resource(self, query: &mut QueryBuilder<Postgres>, column: &'static str) {
        query.push("(").push(column);
        query.push(" = any(array(select w.resource_id from owner w where w.resource_id is not null and w.person_id = ");
        query.push_bind(self.person.0).push(")) or ").push(column);
        query.push(" = any(array(select o.id from owner w join resource o on o.system_id = w.system_id where w.person_id = ");
        query.push_bind(self.person.0).push(")))");
    }

    /// Adds whether the reader owns what the alert `a` is about: its resource or system, or what its grant gives.
    pub(super) fn push_owns(self, query: &mut QueryBuilder<Postgres>) {
        query.push("(a.resource_id = any(array(select w.resource_id from owner w where w.resource_id is not null and w.person_id = ");
        query.push_bind(self.person.0);
        query.push(")) or a.system_id = any(array(select w.system_id from owner w where w.system_id is not null and w.person_id = ");
        query.push_bind(self.person.0);
        query.push(")) or a.resource_id = any(array(select o.id from owner w join resource o on o.system_id = w.system_id where w.person_id = ");
        query.push_bind(self.person.0);
        query.push(")) or a.grant_id in (select g.id from owner w join access_grant g on g.entitlement_id = w.entitlement_id where w.person_id = ");
        query.push_bind(self.person.0).push("))");
    }

    /// Adds whether it is about what the reader did.
    pub(super) fn push_about(self, query: &mut QueryBuilder<Postgres>) {
        query.push("(a.person_id is not distinct from ").push_bind(self.person.0);
        query.push(" or a.other_id is not distinct from ").push_bind(self.person.0).push(")");
    }

    /// Adds whether it was handed to the reader.
    pub(super) fn push_assigned(self, query: &mut QueryBuilder<Postgres>) {
        query.push("a.assigned_to is not distinct from ").push_bind(self.person.0);
    }

    /// Adds whether the reader sees the alert `a`.
    pub(super) fn push_sees(self, query: &mut QueryBuilder<Postgres>) {
        if self.sees_all {
            query.push("true");
        } else {
            self.push_takes_care(query);
        }
    }

    /// Adds whether it is for the reader to say what becomes of it.
    fn push_acts(self, query: &mut QueryBuilder<Postgres>) {
        if self.is_administrator {
            query.push("not (");
            self.push_about(query);
            query.push(")");
        } else {
            self.push_takes_care(query);
        }
    }

    fn push_takes_care(self, query: &mut QueryBuilder<Postgres>) {
        query.push("(not (");
        self.push_about(query);
        query.push(") and (");
        self.push_assigned(query);
        query.push(" or ");
        self.push_owns(query);
        query.push("))");
    }
}

/// What waits for somebody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Whether alerts are anything to them: the whole book is open to them, they own something, or one was handed to
    /// them.
    pub is_concerned: bool,
    /// How many are theirs to decide and not resolved, counted to 100.
    pub count: i64,
}

/// How many alerts wait for the reader.
///
/// # Errors
/// When the database cannot be reached.
pub async fn waiting(conn: &mut PgConnection, reader: Reader) -> Result<Waiting> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push_bind(reader.sees_all);
    query.push(" or exists (select from owner where person_id = ").push_bind(reader.person.0);
    query.push(") or exists (select from alert where assigned_to = ").push_bind(reader.person.0);
    query.push("), (select count(*) from (select from alert a where a.state <> 'resolved' and ");
    reader.push_acts(&mut query);
    query.push(" limit ").push_bind(WAITING_MAX).push(") waiting)");
    let (is_concerned, count) = query.build_query_as().fetch_one(conn).await?;
    Ok(Waiting { is_concerned, count })
}
