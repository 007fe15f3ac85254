//! Three months of asking, deciding, opening and closing, in the order of the clock.

use std::collections::BTreeMap;

use app::error::PortalError;
use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, Utc, Weekday};
use domain::id::{PersonId, RequestId};

use super::people::LEAVER;
use super::reports::Reports;
use super::stage::{is_reserved, scenes};
use super::town::{Ask, Filed, Town};
use super::wants::{APPROVALS, DENIALS, OPENED, REVOCATIONS, WANTS};
use super::{CompanyError, HISTORY_DAYS, Seeded, windows};

/// So long before now, chance stops and the stage is set.
const QUIET_BEFORE: TimeDelta = TimeDelta::hours(4);
const LEAVER_LEFT_DAYS_AGO: i64 = 19;

/// What comes of a request.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How it is decided.
    pub verdict: Verdict,
    /// How long after it was filed.
    pub decide_after: TimeDelta,
    /// How long after that its owners open it by hand; `None` leaves it to be done.
    pub open_after: Option<TimeDelta>,
    /// How the access ends.
    pub ending: Ending,
    /// Whether it must work out; what chance asks for may stand in its own way.
    pub is_scripted: bool,
}

/// How a request is decided.
#[derive(Debug, Clone, Copy)]
pub enum Verdict {
    /// Approved, for as long as asked or for this long.
    Approve {
        /// “2 hours”, or empty.
        shorter: &'static str,
    },
    /// Denied.
    Deny,
    /// Taken back.
    Cancel,
    /// Left alone.
    None,
}

/// How access ends.
#[derive(Debug, Clone, Copy)]
pub enum Ending {
    /// Its time runs out.
    TimeRunsOut,
    /// As before; the owners have not closed it yet.
    LeftToClose,
    /// Its holder gives it back after this time.
    GivenBack(TimeDelta),
    /// An owner takes it away after this time.
    TakenAway(TimeDelta),
}

impl Plan {
    /// A plan that must work out.
    pub fn scripted(verdict: Verdict, decide_after: TimeDelta) -> Self {
        Self {
            verdict,
            decide_after,
            open_after: Some(TimeDelta::minutes(3)),
            ending: Ending::TimeRunsOut,
            is_scripted: true,
        }
    }
}

enum Act {
    Ask(Ask, Plan),
    Decide(String, Filed, Plan),
    Open(String, RequestId, PersonId, Plan),
    GiveBack(String, RequestId),
    TakeAway(PersonId, RequestId),
    CloseByHand,
    Report,
    Leave,
    LetHappen,
}

struct Life {
    town: Town,
    acts: BTreeMap<(DateTime<Utc>, usize), Act>,
    count: usize,
    left_to_close: Vec<RequestId>,
    reports: Reports,
    done: Seeded,
}

/// Lives through the company's last months.
pub async fn live(town: Town) -> Result<Seeded, CompanyError> {
    let done = Seeded { was_there: false, requests: 0, skipped: 0 };
    let (today, founded) = (town.today, town.today - TimeDelta::days(HISTORY_DAYS));
    let failed = |cause| CompanyError::History { step: "sources".to_owned(), cause };
    let reports = Reports::begin(&town, founded).await.map_err(failed)?;
    let failed = |cause| CompanyError::History { step: "change windows".to_owned(), cause };
    windows::plan(&town, today).await.map_err(failed)?;
    let mut life = Life { town, acts: BTreeMap::new(), count: 0, left_to_close: Vec::new(), reports, done };
    for day in (1..HISTORY_DAYS).rev() {
        life.plan_day(today - TimeDelta::days(day));
    }
    for (minutes_ago, ask, plan) in scenes() {
        let what: Vec<&str> = ask.what.iter().map(String::as_str).collect();
        if life.town.can_ask_for(&what) {
            life.add(today - TimeDelta::minutes(minutes_ago), Act::Ask(ask, plan));
        }
    }
    life.add(today - TimeDelta::days(LEAVER_LEFT_DAYS_AGO), Act::Leave);
    while let Some(((at, _), act)) = life.acts.pop_first() {
        life.town.move_to(at).await?;
        life.perform(at, act).await?;
    }
    life.town.move_to(today).await?;
    Ok(life.done)
}

impl Life {
    fn add(&mut self, at: DateTime<Utc>, act: Act) {
        if at < self.town.today {
            self.count += 1;
            self.acts.insert((at, self.count), act);
        }
    }

    fn plan_day(&mut self, day: DateTime<Utc>) {
        let midnight = day.date_naive().and_time(NaiveTime::MIN).and_utc();
        let is_weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        // Owners look at what is to be closed before lunch and before they go.
        for hour in [11, 16] {
            let at = midnight + TimeDelta::hours(hour) + TimeDelta::minutes(self.town.random.between(0, 50));
            if at + QUIET_BEFORE < self.town.today {
                self.add(at, Act::Report);
                self.add(at, Act::CloseByHand);
            }
        }
        let asked = if is_weekend { 0 } else { self.town.random.between(3, 6) };
        for _ in 0..asked {
            let at = midnight + TimeDelta::seconds(self.town.random.between(6 * 3_600, 17 * 3_600));
            if at + QUIET_BEFORE < self.town.today
                && let Some((ask, plan)) = self.by_chance()
            {
                self.add(at, Act::Ask(ask, plan));
            }
        }
    }

    fn by_chance(&mut self) -> Option<(Ask, Plan)> {
        let random = &mut self.town.random.clone();
        let want = random.pick(WANTS).copied()?;
        let there = self.town.of_department(want.department);
        let who = random.pick(&there)?.clone();
        let why = random.pick(want.why).copied().unwrap_or_default();
        let lasting = random.pick(want.lasting).copied().unwrap_or_default();
        let ticket =
            if random.percent(60) { format!("OPS-{}", random.between(1_000, 4_000)) } else { String::new() };
        let plan = self.plan_by_chance(random, lasting);
        self.town.random = random.clone();
        // Emi has no account at the target, and the newest has asked for nothing yet.
        let spoils = who == LEAVER || who == "noor.haddad" || is_reserved(&who, want.what);
        let ask = Ask {
            who,
            what: want.what.iter().map(|path| (*path).to_owned()).collect(),
            lasting: lasting.to_owned(),
            why: why.to_owned(),
            ticket,
            ..Ask::default()
        };
        (!spoils && self.town.can_ask_for(want.what)).then_some((ask, plan))
    }

    fn plan_by_chance(&self, random: &mut super::random::Random, lasting: &str) -> Plan {
        let shorter = match lasting {
            "8 hours" | "4 hours" => "2 hours",
            "14 days" => "7 days",
            "3 days" | "2 days" => "1 day",
            _ => "",
        };
        let verdict = match random.between(0, 100) {
            0..72 => Verdict::Approve { shorter: "" },
            72..82 => Verdict::Approve { shorter },
            82..91 => Verdict::Deny,
            91..95 => Verdict::Cancel,
            _ => Verdict::None,
        };
        // Most decisions come within the hour, some after a night.
        let minutes = if random.percent(75) { random.between(4, 90) } else { random.between(300, 1_300) };
        let ending = match random.between(0, 100) {
            0..12 => Ending::GivenBack(TimeDelta::minutes(random.between(25, 110))),
            12..16 => Ending::TakenAway(TimeDelta::minutes(random.between(30, 115))),
            _ => Ending::TimeRunsOut,
        };
        Plan {
            verdict,
            decide_after: TimeDelta::minutes(minutes),
            open_after: Some(TimeDelta::minutes(random.between(5, 200))),
            ending,
            is_scripted: false,
        }
    }

    async fn perform(&mut self, at: DateTime<Utc>, act: Act) -> Result<(), CompanyError> {
        let (step, is_scripted, result) = match act {
            Act::Ask(ask, plan) => {
                let step = format!("{} asks for {}", ask.who, ask.what.join(", "));
                (step, plan.is_scripted, self.ask(at, ask, plan).await)
            }
            Act::Decide(who, filed, plan) => {
                let step = format!("deciding for {who}");
                (step, plan.is_scripted, self.decide(at, who, filed, plan).await)
            }
            Act::Open(who, request, by, plan) => {
                (format!("opening for {who}"), plan.is_scripted, self.open(at, who, request, by, plan).await)
            }
            Act::GiveBack(who, request) => (String::new(), false, self.give_back(at, &who, request).await),
            Act::TakeAway(by, request) => (String::new(), false, self.take_away(at, by, request).await),
            Act::CloseByHand => {
                let left = self.left_to_close.clone();
                ("closing by hand".to_owned(), true, self.town.close_by_hand(at, &left).await)
            }
            Act::Report => ("what was done".to_owned(), true, self.reports.send(&self.town, at).await),
            Act::Leave => {
                let why = "Last day was Friday; People has confirmed.";
                ("a leaver".to_owned(), true, self.town.leave(at, LEAVER, why).await)
            }
            Act::LetHappen => return Ok(()),
        };
        match result {
            Ok(()) => Ok(()),
            Err(PortalError::Internal) => Err(CompanyError::History { step, cause: PortalError::Internal }),
            Err(cause) if is_scripted => Err(CompanyError::History { step, cause }),
            Err(cause) => {
                tracing::debug!(%step, %cause, "what chance wanted stood in its own way");
                self.done.skipped += 1;
                Ok(())
            }
        }
    }

    async fn ask(&mut self, at: DateTime<Utc>, ask: Ask, plan: Plan) -> Result<(), PortalError> {
        let filed = self.town.ask(at, &ask).await?;
        self.done.requests += filed.len();
        for filed in filed {
            if matches!(plan.ending, Ending::LeftToClose) {
                self.left_to_close.push(filed.id);
            }
            self.add(at + plan.decide_after, Act::Decide(ask.who.clone(), filed, plan));
        }
        Ok(())
    }

    async fn decide(
        &mut self,
        at: DateTime<Utc>,
        who: String,
        filed: Filed,
        plan: Plan,
    ) -> Result<(), PortalError> {
        let decider = self.town.random.pick(&filed.deciders).copied();
        let said =
            |town: &mut Town, from: &[&'static str]| town.random.pick(from).copied().unwrap_or_default();
        match (plan.verdict, decider) {
            (Verdict::Cancel, _) => return self.town.cancel(at, &who, filed.id).await,
            (Verdict::None, _) | (_, None) => return Ok(()),
            (Verdict::Deny, Some(decider)) => {
                let why = said(&mut self.town, DENIALS);
                return self.town.decide(at, decider, filed.id, ("deny", why, "")).await;
            }
            (Verdict::Approve { shorter }, Some(decider)) => {
                let why = if filed.sensitivity.needs_summary() || self.town.random.percent(30) {
                    said(&mut self.town, APPROVALS)
                } else {
                    ""
                };
                self.town.decide(at, decider, filed.id, ("approve", why, shorter)).await?;
                // The connector opens it now; people take a little longer.
                self.town.move_to(at).await.map_err(|_| PortalError::Internal)?;
                let opened_at = plan.open_after.map(|after| at + after);
                match (self.town.grant_of(filed.id).await?, opened_at) {
                    (Some(grant), Some(opened_at)) if grant.is_manual() => {
                        self.add(opened_at, Act::Open(who, filed.id, decider, plan));
                    }
                    (Some(grant), _) if !grant.is_manual() => {
                        self.plan_ending(at, &who, filed.id, decider, plan, grant.ends_at);
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    async fn open(
        &mut self,
        at: DateTime<Utc>,
        who: String,
        request: RequestId,
        by: PersonId,
        plan: Plan,
    ) -> Result<(), PortalError> {
        let Some(grant) = self.town.grant_of(request).await? else { return Ok(()) };
        let note = self.town.random.pick(OPENED).copied().unwrap_or_default();
        self.town.attest(at, by, grant.id(), note).await?;
        let ends_at = self.town.grant_of(request).await?.and_then(|grant| grant.ends_at);
        self.plan_ending(at, &who, request, by, plan, ends_at);
        Ok(())
    }

    fn plan_ending(
        &mut self,
        at: DateTime<Utc>,
        who: &str,
        request: RequestId,
        by: PersonId,
        plan: Plan,
        ends_at: Option<DateTime<Utc>>,
    ) {
        if let Some(ends_at) = ends_at {
            self.add(ends_at, Act::LetHappen);
        }
        match plan.ending {
            Ending::GivenBack(after) => self.add(at + after, Act::GiveBack(who.to_owned(), request)),
            Ending::TakenAway(after) => self.add(at + after, Act::TakeAway(by, request)),
            Ending::TimeRunsOut | Ending::LeftToClose => {}
        }
    }

    async fn give_back(
        &mut self,
        at: DateTime<Utc>,
        who: &str,
        request: RequestId,
    ) -> Result<(), PortalError> {
        let Some(grant) = self.town.grant_of(request).await? else { return Ok(()) };
        self.town.give_back(at, who, grant.id()).await
    }

    async fn take_away(
        &mut self,
        at: DateTime<Utc>,
        by: PersonId,
        request: RequestId,
    ) -> Result<(), PortalError> {
        let Some(grant) = self.town.grant_of(request).await? else { return Ok(()) };
        let why = self.town.random.pick(REVOCATIONS).copied().unwrap_or_default();
        self.town.revoke(at, by, grant.id(), why).await
    }
}
