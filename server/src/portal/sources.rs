//! Sources of events: administrators make and end them. Their tokens are in [`super::tokens`].

use app::backend::{
    Answer, Offer, Saved, SourceRow, SourceView, Sources, TokenRow, TypedSource, TypedSourceEnd, TypedToken,
    TypedTokenEnd,
};
use app::error::PortalError;
use async_trait::async_trait;
use domain::audit::{About, Action, NewEvent};
use domain::caller::Caller;
use domain::id::{SourceId, SystemId};
use serde_json::json;
use store::source::{self, ONE_AT_A_SLUG, SourceRecord, TokenRecord};
use store::system_edit;
use store::{PgConnection, Store, Tx};

use super::editing::{form, may};
use super::typed::Faults;
use super::{Fault, Portal, refuse, tell, tokens};
use crate::connectors::settings::NO_SECRET;
use crate::http::api::ORIGIN;

/// Slugs that are origins of Gatebook's own.
const RESERVED: [&str; 7] = ["web", "job", "imported", "provider", "command", ORIGIN, "new"];

#[async_trait]
impl Sources for Portal {
    async fn list(&self, caller: &Caller) -> Answer<Vec<SourceRow>> {
        tell(list(&self.store, caller).await)
    }

    async fn show(&self, caller: &Caller, slug: &str) -> Answer<SourceView> {
        tell(show(&self.store, caller, slug).await)
    }

    async fn save(&self, caller: &Caller, typed: &TypedSource) -> Answer<(Saved, String)> {
        tell(if typed.slug.is_empty() {
            add(&self.store, caller, typed).await.map(|slug| (Saved::Done, slug))
        } else {
            save(&self.store, caller, typed).await.map(|saved| (saved, typed.slug.clone()))
        })
    }

    async fn reading_tokens(&self, caller: &Caller) -> Answer<Vec<TokenRow>> {
        let listed = tokens::of_none(&self.store, caller).await;
        tell(listed).map(|tokens| tokens.into_iter().map(|token| token_row(caller, token)).collect())
    }

    async fn end(&self, caller: &Caller, typed: &TypedSourceEnd) -> Answer<()> {
        tell(end(&self.store, caller, typed).await)
    }

    async fn offer(&self, caller: &Caller, slug: &str, token: &str) -> Answer<Offer> {
        tell(tokens::offer(&self.store, caller, slug, token).await)
    }

    async fn keep(&self, caller: &Caller, typed: &TypedToken) -> Answer<()> {
        tell(tokens::keep(&self.store, caller, typed).await)
    }

    async fn end_token(&self, caller: &Caller, typed: &TypedTokenEnd) -> Answer<()> {
        tell(tokens::end(&self.store, caller, typed).await)
    }
}

async fn list(store: &Store, caller: &Caller) -> Result<Vec<SourceRow>, Fault> {
    may::must_administer(caller)?;
    Ok(source::list(&mut *store.read().await?, None).await?.into_iter().map(row).collect())
}

fn row(record: SourceRecord) -> SourceRow {
    SourceRow {
        slug: record.slug,
        name: record.name,
        system: record.system.map(|(_, name)| name),
        tokens: usize::try_from(record.tokens).unwrap_or_default(),
        used_at: record.used_at,
        ended_at: record.ended_at,
    }
}

async fn show(store: &Store, caller: &Caller, slug: &str) -> Result<SourceView, Fault> {
    may::must_administer(caller)?;
    let mut conn = store.read().await?;
    let all = system_edit::list(&mut conn, None).await?;
    let systems = all.iter().map(|system| (system.slug.clone(), system.name.clone())).collect();
    if slug.is_empty() {
        let row = SourceRow {
            slug: String::new(),
            name: String::new(),
            system: None,
            tokens: 0,
            used_at: None,
            ended_at: None,
        };
        return Ok(SourceView { row, typed: TypedSource::default(), tokens: Vec::new(), systems });
    }
    let record = source::find(&mut conn, slug).await?.ok_or(PortalError::NotFound)?;
    let tokens = source::tokens(&mut conn, Some(record.id)).await?;
    let system = record.system.as_ref().and_then(|(id, _)| all.iter().find(|system| system.id == *id));
    let typed = TypedSource {
        slug: record.slug.clone(),
        address: String::new(),
        name: record.name.clone(),
        system: system.map(|system| system.slug.clone()).unwrap_or_default(),
        webhook_secret: record.webhook_secret.clone().unwrap_or_default(),
    };
    let tokens = tokens.into_iter().map(|token| token_row(caller, token)).collect();
    Ok(SourceView { row: row(record), typed, tokens, systems })
}

fn token_row(caller: &Caller, token: TokenRecord) -> TokenRow {
    TokenRow {
        id: token.id,
        name: token.name,
        hint: token.hint,
        created_at: token.created_at,
        created_by: token.created_by,
        rotated_at: token.rotated_at,
        previous_until: token
            .previous_until
            .filter(|until| *until > caller.called_at && token.ended_at.is_none()),
        used_at: token.used_at,
        ended_at: token.ended_at,
    }
}

/// The transaction of an administrator; the refused attempt of anybody else stands in the book.
pub(super) async fn begin(store: &Store, caller: &Caller, action: Action) -> Result<Tx, Fault> {
    if let Some(refused) = may::not_administrator(caller, action, About::default()) {
        return Err(refuse(store, caller, refused).await);
    }
    Ok(store.begin().await?)
}

/// What was typed: a name, and a system with its name.
async fn read(
    conn: &mut PgConnection,
    mut faults: Faults,
    typed: &TypedSource,
) -> Result<(String, Option<(SystemId, String)>), Fault> {
    let name = form::name(&mut faults, &typed.name, domain::text::LINE_MAX_CHARS);
    let slug = typed.system.trim();
    let system = if slug.is_empty() { None } else { system_edit::keep(conn, slug).await? };
    if system.is_none() && !slug.is_empty() {
        faults.add("system", "This system is not there any more.");
    }
    faults.check()?;
    Ok((name, system.map(|system| (system.id, system.facts.name))))
}

/// Where a secret is. What was typed is told to nobody: it may be the secret itself.
fn reference(faults: &mut Faults, typed: &str) -> Option<String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return None;
    }
    if !domain::text::is_reference(typed) || typed.chars().count() > domain::text::LINE_MAX_CHARS {
        faults.add("webhook_secret", NO_SECRET);
        return None;
    }
    Some(typed.to_owned())
}

pub(super) fn about(system: Option<&(SystemId, String)>) -> About {
    About {
        system_id: system.map(|(id, _)| *id),
        system: system.map(|(_, name)| name.clone()),
        ..About::default()
    }
}

async fn add(store: &Store, caller: &Caller, typed: &TypedSource) -> Result<String, Fault> {
    let mut tx = begin(store, caller, Action::SourceAdded).await?;
    let mut faults = Faults::default();
    let slug = form::address(&mut faults, &typed.address, &typed.name);
    if RESERVED.contains(&slug.as_str()) {
        faults.add("address", "This is the origin of Gatebook's own events. Choose another one.");
    }
    let (name, system) = read(tx.conn(), faults, typed).await?;
    let (id, now) = (SourceId(tx.new_id()), tx.now);
    source::insert(tx.conn(), id, &slug, &name, system.as_ref().map(|(id, _)| *id), now)
        .await
        .map_err(|error| if error.violates(ONE_AT_A_SLUG) { form::taken(&slug) } else { error.into() })?;
    let detail = json!({ "name": name, "slug": slug });
    tx.commit(NewEvent::by(caller, Action::SourceAdded).about(about(system.as_ref())).detail(detail)).await?;
    Ok(slug)
}

pub(super) async fn lock(tx: &mut Tx, slug: &str) -> Result<SourceRecord, Fault> {
    let record = source::lock(tx.conn(), slug.trim()).await?.ok_or(PortalError::NotFound)?;
    if record.ended_at.is_some() {
        return Err(PortalError::Conflict("This source is closed.".to_owned()).into());
    }
    Ok(record)
}

async fn save(store: &Store, caller: &Caller, typed: &TypedSource) -> Result<Saved, Fault> {
    let mut tx = begin(store, caller, Action::SourceChanged).await?;
    let before = lock(&mut tx, &typed.slug).await?;
    let mut faults = Faults::default();
    let hook = reference(&mut faults, &typed.webhook_secret);
    let (name, system) = read(tx.conn(), faults, typed).await?;
    if before.name == name && before.system == system && before.webhook_secret == hook {
        return Ok(Saved::Unchanged);
    }
    source::update(tx.conn(), before.id, &name, system.as_ref().map(|(id, _)| *id), hook.as_deref()).await?;
    let facts = |name: &str, system: Option<&(SystemId, String)>, hook: Option<&str>| json!({ "name": name, "system": system.map(|(_, name)| name), "webhook_secret": hook });
    let detail = json!({
        "slug": before.slug,
        "before": facts(&before.name, before.system.as_ref(), before.webhook_secret.as_deref()),
        "after": facts(&name, system.as_ref(), hook.as_deref()),
    });
    tx.commit(NewEvent::by(caller, Action::SourceChanged).about(about(system.as_ref())).detail(detail))
        .await?;
    Ok(Saved::Done)
}

async fn end(store: &Store, caller: &Caller, typed: &TypedSourceEnd) -> Result<(), Fault> {
    let mut tx = begin(store, caller, Action::SourceEnded).await?;
    let record = lock(&mut tx, &typed.slug).await?;
    let mut faults = Faults::default();
    let reason = faults.line("reason", &typed.reason);
    if reason.is_none() && faults.is_empty() {
        faults.add("reason", "Say why; it stands in the book.");
    }
    faults.check()?;
    let now = tx.now;
    source::mark_ended(tx.conn(), record.id, caller.id(), now).await?;
    let event = NewEvent::by(caller, Action::SourceEnded)
        .about(about(record.system.as_ref()))
        .reason(reason)
        .detail(json!({ "name": record.name, "slug": record.slug, "tokens": record.tokens }));
    tx.commit(event).await?;
    Ok(())
}
