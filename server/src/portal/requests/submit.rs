//! Filing: one request per entitlement, all of them or none.

use app::backend::{TypedRequest, Wanted};
use app::error::PortalError;
use app::routes;
use domain::audit::{Action, NewEvent};
use domain::caller::Caller;
use domain::id::{EntitlementId, RequestId, SubmissionId};
use domain::person::PersonStatus;
use domain::request::{Window, decide_by};
use store::catalogue::EntitlementRecord;
use store::request::{NewRequest, NewSubmission, ONE_PENDING};
use store::{Store, Tx, person, request};

use super::form::{self, Wish};
use crate::portal::Fault;
use crate::portal::typed::{self, Faults};

/// Files what was typed.
pub async fn submit(store: &Store, caller: &Caller, typed: &TypedRequest) -> Result<SubmissionId, Fault> {
    let mut tx = store.begin().await?;
    let status = person::find(tx.conn(), caller.id()).await?.map(|p| p.status()).transpose()?;
    if status != Some(PersonStatus::Active) {
        return Err(PortalError::Forbidden("Only people who work here can ask for access.".to_owned()).into());
    }
    let wish = form::wish(tx.conn(), caller, &wanted(typed)?).await?;
    if wish.records.is_empty() {
        return Err(PortalError::field("entitlements", "Choose at least one thing to ask for.").into());
    }
    if let Some(obstacle) = wish.records.iter().find_map(|r| wish.obstacles.get(&r.id())) {
        return Err(match &obstacle.way_out {
            Some((path, link)) => PortalError::AlreadyThere {
                message: obstacle.message.clone(),
                path: path.clone(),
                link: link.clone(),
            },
            None => PortalError::field("entitlements", &obstacle.message),
        }
        .into());
    }
    let filing = read(caller, typed, &wish, &tx)?;
    file(tx, caller, &wish, filing).await
}

fn wanted(typed: &TypedRequest) -> Result<Wanted, PortalError> {
    let entitlements = typed
        .entitlements
        .split(',')
        .map(str::trim)
        .filter(|id| !id.is_empty())
        .map(str::parse::<EntitlementId>)
        .collect::<Result<_, _>>()
        .map_err(|_| PortalError::NotFound)?;
    let renew = match typed.renew.trim() {
        "" => None,
        id => Some(id.parse().map_err(|_| PortalError::NotFound)?),
    };
    Ok(Wanted { entitlements, bundle: typed.bundle.trim().to_owned(), renew })
}

struct Filing {
    window: Window,
    rationale: Option<String>,
    ticket: Option<String>,
}

fn read(caller: &Caller, typed: &TypedRequest, wish: &Wish, tx: &Tx) -> Result<Filing, Fault> {
    let mut faults = Faults::default();
    let rationale = faults.prose("rationale", &typed.rationale);
    let ticket = faults.line("ticket", &typed.ticket);
    let start = if wish.renewal.is_some() { "" } else { typed.start.as_str() };
    let mut window =
        typed::window(&mut faults, &typed.ends, &typed.duration, &typed.until, start, caller.time_zone);
    if let (Some(window), Some(renewal)) = (&mut window, &wish.renewal) {
        // A renewal begins where the running access ends.
        window.start_at = renewal.ends_at.filter(|end| *end > tx.now);
    }
    if rationale.is_none()
        && typed.rationale.chars().count() <= domain::text::PROSE_MAX_CHARS
        && needs_rationale(wish)?
    {
        faults.add("rationale", "Say what you need it for; whoever decides reads this.");
    }
    if let Some(window) = &window {
        for record in &wish.records {
            if let Err(error) = window.check(record.limit()?.as_ref(), tx.now) {
                faults.add(field_of(&error, window), error);
                break;
            }
        }
    }
    faults.check()?;
    let window = window.ok_or(PortalError::Internal)?;
    Ok(Filing { window, rationale, ticket })
}

fn needs_rationale(wish: &Wish) -> Result<bool, Fault> {
    for record in &wish.records {
        if record.policy()?.rationale_required {
            return Ok(true);
        }
    }
    Ok(false)
}

fn field_of(error: &domain::request::WindowError, window: &Window) -> &'static str {
    use domain::request::WindowError::{EndBeforeStart, EndPassed, StartPassed, StartTooFar, TooLong};
    match error {
        StartPassed | StartTooFar(_) => "start",
        TooLong { .. } | EndPassed | EndBeforeStart => typed::end_field(window),
    }
}

async fn file(mut tx: Tx, caller: &Caller, wish: &Wish, filing: Filing) -> Result<SubmissionId, Fault> {
    let submission = SubmissionId(tx.new_id());
    let now = tx.now;
    let new = NewSubmission {
        id: submission,
        requester: caller.id(),
        rationale: filing.rationale.clone(),
        ticket: filing.ticket.clone(),
        filed_at: now,
    };
    request::insert_submission(tx.conn(), &new).await?;
    let mut events = Vec::with_capacity(wish.records.len());
    for record in &wish.records {
        let new = new_request(&tx, caller, wish, record, submission, filing.window)?;
        request::insert(tx.conn(), &new).await.map_err(|error| {
            if error.violates(ONE_PENDING) {
                let message = format!("You have asked for {} on {} already.", record.name, record.resource);
                let (path, link) = (routes::REQUESTS.to_owned(), "See your requests".to_owned());
                Fault::from(PortalError::AlreadyThere { message, path, link })
            } else {
                error.into()
            }
        })?;
        events.push(
            NewEvent::by(caller, Action::RequestSubmitted)
                .subject(caller.person.clone())
                .about(record.about())
                .request(new.id)
                .reason(filing.rationale.clone())
                .detail(serde_json::json!({
                    "asked": filing.window,
                    "ticket": filing.ticket,
                    "decide_by": new.decide_by,
                    "policy_version": record.policy()?.version,
                    "renews": new.renews,
                })),
        );
    }
    let last = events.pop().ok_or(PortalError::Internal)?;
    for event in events {
        tx.record(event).await?;
    }
    tx.commit(last).await?;
    Ok(submission)
}

fn new_request(
    tx: &Tx,
    caller: &Caller,
    wish: &Wish,
    record: &EntitlementRecord,
    submission: SubmissionId,
    asked: Window,
) -> Result<NewRequest, Fault> {
    let policy = record.policy()?;
    Ok(NewRequest {
        id: RequestId(tx.new_id()),
        submission,
        entitlement: record.id(),
        requester: caller.id(),
        beneficiary: caller.id(),
        policy: policy.id,
        asked,
        filed_at: tx.now,
        decide_by: decide_by(&asked, policy.pending_for, tx.now),
        renews: wish.renewal.as_ref().map(store::grant::GrantRecord::id),
    })
}
