//! Systems, resources, entitlements, bundles.

use domain::audit::About;
use domain::catalogue::Sensitivity;
use domain::id::{BundleId, EntitlementId, PolicyVersionId, ResourceId, SystemId};
use domain::policy::Policy;
use domain::request::{Limit, strictest};
use domain::span::Span;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::{Result, StoreError};

/// A resource with the names around it.
#[derive(Debug, Clone, FromRow)]
pub struct ResourceRecord {
    id: Uuid,
    /// In addresses.
    pub slug: String,
    /// For people.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// May be empty.
    pub environment: String,
    sensitivity: String,
    /// By name.
    pub tags: Vec<String>,
    system_id: Uuid,
    /// In addresses.
    pub system_slug: String,
    /// For people.
    pub system: String,
    /// Which connector opens and closes access there.
    pub connector: String,
    /// Names of what can be held, by name.
    pub entitlements: Vec<String>,
}

impl ResourceRecord {
    /// Which.
    pub fn id(&self) -> ResourceId {
        ResourceId(self.id)
    }

    /// Its system.
    pub fn system_id(&self) -> SystemId {
        SystemId(self.system_id)
    }

    /// How much harm wrong access can do.
    ///
    /// # Errors
    /// When the row makes no sense.
    pub fn sensitivity(&self) -> Result<Sensitivity> {
        Sensitivity::parse(&self.sensitivity)
            .ok_or_else(|| StoreError::corrupt("resource", &self.sensitivity))
    }
}

const RESOURCES: &str = "select o.id, o.slug, o.name, o.description, o.environment, o.sensitivity, o.tags,
    s.id as system_id, s.slug as system_slug, s.name as system, s.connector,
    array(select e.name from entitlement e where e.resource_id = o.id and e.deleted_at is null order by e.name)
      as entitlements
    from resource o join system s on s.id = o.system_id
    where o.deleted_at is null and s.deleted_at is null";

/// How similar a word must be to count as the one that was meant: “paymnets” is 0.44 like “payments-prod”.
const SIMILARITY_MIN: f32 = 0.4;

/// Resources whose name, description, system, tags or entitlements match `text` (typos forgiven), by system
/// and name. An empty text matches all.
///
/// # Errors
/// When the database cannot be reached.
pub async fn search(conn: &mut PgConnection, text: &str, limit: i64) -> Result<Vec<ResourceRecord>> {
    let mut query = QueryBuilder::<Postgres>::new(RESOURCES);
    for word in text.split_whitespace().take(8) {
        let haystack = "concat_ws(' ', o.name, o.slug, o.description, o.environment, s.name,
            array_to_string(o.tags, ' '), (select string_agg(e.name || ' ' || e.purpose, ' ') from entitlement e
              where e.resource_id = o.id and e.deleted_at is null))";
        query.push(" and (").push(haystack).push(" ilike ");
        query.push_bind(format!("%{}%", crate::audit::escape_like(word)));
        query.push(" or word_similarity(").push_bind(word.to_owned()).push(", ").push(haystack);
        query.push(") >= ").push_bind(SIMILARITY_MIN).push(")");
    }
    query.push(" order by s.name, o.name, o.id limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(conn).await?)
}

/// Every tag that a resource has, by name.
///
/// # Errors
/// When the database cannot be reached.
pub async fn tags(conn: &mut PgConnection) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        r#"select distinct unnest(tags) as "tag!" from resource where deleted_at is null order by 1"#
    )
    .fetch_all(conn)
    .await?)
}

/// Every environment that a resource is of, by name.
///
/// # Errors
/// When the database cannot be reached.
pub async fn environments(conn: &mut PgConnection) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        "select distinct environment from resource where deleted_at is null and environment <> '' order by 1"
    )
    .fetch_all(conn)
    .await?)
}

/// The resource at this address.
///
/// # Errors
/// When the database cannot be reached.
pub async fn find_resource(conn: &mut PgConnection, slug: &str) -> Result<Option<ResourceRecord>> {
    let mut query = QueryBuilder::<Postgres>::new(RESOURCES);
    query.push(" and o.slug = ").push_bind(slug.to_owned());
    Ok(query.build_query_as().fetch_optional(conn).await?)
}

/// An entitlement with its rules and the names around it.
#[derive(Debug, Clone, FromRow)]
pub struct EntitlementRecord {
    id: Uuid,
    /// For people.
    pub name: String,
    /// May be empty.
    pub purpose: String,
    resource_id: Uuid,
    /// For people.
    pub resource: String,
    /// In addresses.
    pub resource_slug: String,
    sensitivity: String,
    system_id: Uuid,
    /// For people.
    pub system: String,
    /// Which connector opens and closes access there.
    pub connector: String,
    resource_max_seconds: Option<i64>,
    system_max_seconds: Option<i64>,
    policy_id: Uuid,
    version: i32,
    pending_seconds: i64,
    access_max_seconds: Option<i64>,
    rationale_required: bool,
}

impl EntitlementRecord {
    /// Which.
    pub fn id(&self) -> EntitlementId {
        EntitlementId(self.id)
    }

    /// On which system.
    pub fn system_id(&self) -> SystemId {
        SystemId(self.system_id)
    }

    /// Whether people, not a connector, open and close access here.
    pub fn is_manual(&self) -> bool {
        self.connector == "manual"
    }

    /// How much harm wrong access can do.
    ///
    /// # Errors
    /// When the row makes no sense.
    pub fn sensitivity(&self) -> Result<Sensitivity> {
        Sensitivity::parse(&self.sensitivity)
            .ok_or_else(|| StoreError::corrupt("resource", &self.sensitivity))
    }

    /// The policy in force.
    ///
    /// # Errors
    /// When the row makes no sense.
    pub fn policy(&self) -> Result<Policy> {
        let pending_for = Span::from_seconds(self.pending_seconds)
            .ok_or_else(|| StoreError::corrupt("policy_version", self.pending_seconds.to_string()))?;
        Ok(Policy {
            id: PolicyVersionId(self.policy_id),
            version: self.version,
            pending_for,
            access_max: self.access_max_seconds.and_then(Span::from_seconds),
            rationale_required: self.rationale_required,
        })
    }

    /// The strictest limit in force on how long access lasts.
    ///
    /// # Errors
    /// When the row makes no sense.
    pub fn limit(&self) -> Result<Option<Limit>> {
        let of = |seconds: Option<i64>, source: String| {
            seconds.and_then(Span::from_seconds).map(|max| Limit { max, source })
        };
        let limits = [
            self.policy()?.limit(&self.name, &self.resource),
            of(self.resource_max_seconds, format!("the resource {}", self.resource)),
            of(self.system_max_seconds, format!("the system {}", self.system)),
        ];
        Ok(strictest(limits.into_iter().flatten()))
    }

    /// For events.
    pub fn about(&self) -> About {
        About {
            system_id: Some(self.system_id()),
            system: Some(self.system.clone()),
            resource_id: Some(ResourceId(self.resource_id)),
            resource: Some(self.resource.clone()),
            entitlement_id: Some(self.id()),
            entitlement: Some(self.name.clone()),
        }
    }
}

const ENTITLEMENTS: &str = "select e.id, e.name, e.purpose, o.id as resource_id, o.name as resource,
    o.slug as resource_slug, o.sensitivity, s.id as system_id, s.name as system, s.connector,
    o.access_max_seconds as resource_max_seconds, s.access_max_seconds as system_max_seconds, v.id as policy_id,
    v.version, v.pending_seconds, v.access_max_seconds, v.rationale_required
    from entitlement e
    join resource o on o.id = e.resource_id
    join system s on s.id = o.system_id
    join lateral (select * from policy_version v where v.entitlement_id = e.id order by v.version desc limit 1) v
      on true
    where e.deleted_at is null and o.deleted_at is null and s.deleted_at is null";

/// These entitlements, as far as they exist, by system, resource and name.
///
/// # Errors
/// When the database cannot be reached.
pub async fn entitlements(conn: &mut PgConnection, ids: &[EntitlementId]) -> Result<Vec<EntitlementRecord>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let mut query = QueryBuilder::<Postgres>::new(ENTITLEMENTS);
    query.push(" and e.id = any(").push_bind(ids).push(") order by s.name, o.name, e.name");
    Ok(query.build_query_as().fetch_all(conn).await?)
}

/// What can be held on a resource, by name.
///
/// # Errors
/// When the database cannot be reached.
pub async fn entitlements_on(
    conn: &mut PgConnection,
    resource: ResourceId,
) -> Result<Vec<EntitlementRecord>> {
    let mut query = QueryBuilder::<Postgres>::new(ENTITLEMENTS);
    query.push(" and o.id = ").push_bind(resource.0).push(" order by e.name");
    Ok(query.build_query_as().fetch_all(conn).await?)
}

/// A bundle with what is in it.
#[derive(Debug, Clone)]
pub struct BundleRecord {
    /// Which.
    pub id: BundleId,
    /// In addresses.
    pub slug: String,
    /// For people.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// What is in it and still exists.
    pub entitlements: Vec<EntitlementId>,
    /// “read on payments-prod”, in the same order.
    pub labels: Vec<String>,
}

/// All bundles by name, or the one at this address.
///
/// # Errors
/// When the database cannot be reached.
pub async fn bundles(conn: &mut PgConnection, slug: Option<&str>) -> Result<Vec<BundleRecord>> {
    let rows = sqlx::query!(
        r#"select b.id, b.slug, b.name, b.description,
             array_agg(e.id order by o.name, e.name) as "entitlements!",
             array_agg(e.name || ' on ' || o.name order by o.name, e.name) as "labels!"
           from bundle b
           join bundle_entitlement be on be.bundle_id = b.id
           join entitlement e on e.id = be.entitlement_id and e.deleted_at is null
           join resource o on o.id = e.resource_id and o.deleted_at is null
           where b.deleted_at is null and ($1::text is null or b.slug = $1)
           group by b.id order by b.name, b.id limit 200"#,
        slug
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| BundleRecord {
            id: BundleId(row.id),
            slug: row.slug,
            name: row.name,
            description: row.description,
            entitlements: row.entitlements.into_iter().map(EntitlementId).collect(),
            labels: row.labels,
        })
        .collect())
}

/// Whether there is anything in the catalogue at all.
///
/// # Errors
/// When the database cannot be reached.
pub async fn is_empty(conn: &mut PgConnection) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select not exists (select 1 from resource where deleted_at is null) as "is_empty!""#
    )
    .fetch_one(conn)
    .await?)
}
