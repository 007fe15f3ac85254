//! `gatebook retention`: says, or changes, how long what was used is kept.

use clap::Args;
use domain::audit::{Action, Actor, NewEvent};
use domain::caller::Source;
use store::retention::{self, MONTHS_MAX, MONTHS_MIN};
use store::{Store, StoreError};

use crate::import::args::operating_system_user;

/// What is to change; nothing says how it is.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct RetentionArgs {
    /// Let use go when it is older than so many whole months
    #[arg(long, value_parser = clap::value_parser!(u32).range(i64::from(MONTHS_MIN)..=i64::from(MONTHS_MAX)))]
    pub usage_months: Option<u32>,
    /// Keep use for ever
    #[arg(long)]
    pub usage_for_ever: bool,
}

/// Changes what is asked for, with its event, as the owner of the database; answers how it is now.
///
/// # Errors
/// When the database refuses.
pub async fn command(owner: &Store, args: &RetentionArgs) -> Result<String, StoreError> {
    let before = retention::usage_months(&mut *owner.read().await?).await?;
    let wanted = args.usage_months.and_then(|months| i32::try_from(months).ok());
    let is_change = wanted.is_some() || args.usage_for_ever;
    if is_change && wanted != before {
        let mut tx = owner.begin().await?;
        retention::keep_usage(tx.conn(), wanted).await?;
        let by = Actor::Command { name: operating_system_user() };
        let detail = serde_json::json!({ "usage_months": { "before": before, "after": wanted } });
        let event = NewEvent::new(by, Source::of("command"), Action::RetentionChanged);
        tx.commit(event.detail(detail)).await?;
    }
    Ok(match if is_change { wanted } else { before } {
        Some(months) => format!("What was used is kept for {months} months; governance for ever."),
        None => "Everything is kept for ever.".to_owned(),
    })
}
