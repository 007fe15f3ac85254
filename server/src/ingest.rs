//! Taking in what sources report: what keeps the bounds is stored at once, and each report gets its answer.

use domain::audit::{Action, Actor, NewEvent, Outcome};
use domain::caller::Source;
use domain::id::{EventId, SourceId, SystemId};
use domain::usage::{OutsideEvent, OutsideKind, UsageError, UsageFault};
use serde_json::json;
use store::report::Reporter;
use store::source::Bearer;
use store::{Store, StoreError};

/// Reports in one batch at most.
pub const REPORTS_MAX: usize = 10_000;

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It stands in the book.
    Stored(EventId),
    /// It stood there already.
    Duplicate,
    /// It does not keep the bounds.
    Refused(UsageError),
}

/// Whose reports are handed in, and by whom.
#[derive(Debug, Clone)]
pub struct Sender {
    /// Which source.
    pub of: SourceId,
    /// What its events carry as their origin.
    pub origin: String,
    /// The system that its events are about where they do not name one, with its name.
    pub system: Option<(SystemId, String)>,
    /// Who hands them in.
    pub by: Actor,
    /// From where.
    pub source: Source,
}

impl Sender {
    /// A program with a token.
    pub fn program(bearer: Bearer, source: Source) -> Self {
        let by = Actor::Outside { kind: OutsideKind::Machine, name: bearer.token_name };
        Self { of: bearer.source, origin: bearer.slug, system: bearer.system, by, source }
    }

    fn reporter(&self) -> Reporter<'_> {
        Reporter { source: self.of, origin: &self.origin, system: self.system.as_ref() }
    }

    /// What may never come in from outside was tried in vain, and stands in the book.
    fn refusal(&self, refused: &[(usize, &UsageError)]) -> Option<NewEvent> {
        let (first, error) = refused.first()?;
        let detail = json!({ "source": self.origin, "refused": refused.len(), "first": first });
        Some(
            NewEvent::new(self.by.clone(), self.source.clone(), Action::TokenRefused)
                .outcome(Outcome::Denied)
                .reason(Some(error.to_string()))
                .detail(detail),
        )
    }
}

/// Stores reports, all that can be or none; answers for each, in their order.
///
/// # Errors
/// When the database cannot be reached or refuses; then nothing was stored.
pub async fn take(
    store: &Store,
    sender: &Sender,
    reports: Vec<Result<OutsideEvent, UsageError>>,
) -> Result<Vec<Taken>, StoreError> {
    let mut tx = store.begin().await?;
    let mut taken = Vec::with_capacity(reports.len());
    let mut fit = Vec::with_capacity(reports.len());
    for report in reports {
        match report.and_then(|report| report.checked(tx.now)) {
            Ok(report) => {
                fit.push((taken.len(), report));
                taken.push(Taken::Duplicate);
            }
            Err(error) => taken.push(Taken::Refused(error)),
        }
    }
    let never: Vec<(usize, &UsageError)> = taken
        .iter()
        .enumerate()
        .filter_map(|(at, taken)| match taken {
            Taken::Refused(error) if matches!(error.fault, UsageFault::NotUsage(_)) => Some((at, error)),
            _ => None,
        })
        .collect();
    let refusal = sender.refusal(&never);
    if fit.is_empty() && refusal.is_none() {
        return Ok(taken);
    }
    if let Some(refusal) = refusal {
        tx.record(refusal).await?;
    }
    let (places, reports): (Vec<usize>, Vec<OutsideEvent>) = fit.into_iter().unzip();
    let stored = tx.commit_reports(&sender.reporter(), reports).await?;
    for (place, id) in places.into_iter().zip(stored) {
        if let (Some(taken), Some(id)) = (taken.get_mut(place), id) {
            *taken = Taken::Stored(id);
        }
    }
    Ok(taken)
}
