//! How things stand when the curtain goes up: something in every queue.

use chrono::TimeDelta;

use super::history::{Ending, Plan, Verdict};
use super::town::Ask;

/// What was asked lately, and how far it has come.
#[derive(Debug, Clone, Copy)]
struct Scene {
    who: &'static str,
    what: &'static [&'static str],
    lasting: &'static str,
    asked_minutes_ago: i64,
    then: Then,
    why: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Then {
    /// Waits for a decision.
    Waits,
    /// Approved so many minutes ago; where people open it, still to be opened.
    ToOpen(i64),
    /// Approved so many minutes ago, opened at once.
    Open(i64),
    /// As before, and whatever ends meanwhile still to be closed.
    ToClose(i64),
    /// As `Open`, and a renewal was asked for so many minutes ago.
    Renewed(i64, i64),
    /// As `Open`, to start so many hours from when it was asked.
    Scheduled(i64, i64),
}

const fn scene(
    who: &'static str,
    what: &'static [&'static str],
    lasting: &'static str,
    asked_minutes_ago: i64,
    then: Then,
    why: &'static str,
) -> Scene {
    Scene { who, what, lasting, asked_minutes_ago, then, why }
}

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

const SCENES: &[Scene] = &[
    // What waits for Ana Ruiz and others.
    scene(
        "mateo.silva",
        &["payments-prod/admin"],
        "2 hours",
        2 * DAY + 6 * HOUR,
        Then::Waits,
        "Releasing 31 payments that hang after the timeout of Friday. The statement is in the ticket.",
    ),
    scene(
        "grace.kim",
        &["payments-prod/read"],
        "4 hours",
        26 * HOUR,
        Then::Waits,
        "The nightly test reports 3 payments that staging does not have. I want to compare the rows.",
    ),
    scene(
        "rahul.mehta",
        &["payouts-prod/read"],
        "2 hours",
        3 * HOUR,
        Then::Waits,
        "Nordbank says that file payout-5 came twice. I need to see what is in it.",
    ),
    scene(
        "ben.okafor",
        &["payments-prod/admin"],
        "2 hours",
        50,
        Then::Waits,
        "Repairing the currency of 12 payments; Hannah has reviewed the statement.",
    ),
    scene(
        "chloe.dubois",
        &["ledger-prod/read"],
        "2 hours",
        5 * HOUR,
        Then::Waits,
        "The balance check complains about account 4711 since this morning.",
    ),
    scene(
        "arjun.patel",
        &["repo-payments-api/write"],
        "7 days",
        20 * HOUR,
        Then::Waits,
        "The ledger needs one more field from the API; I would add it myself.",
    ),
    scene(
        "yuki.tanaka",
        &["cluster-prod-eu/deploy"],
        "2 hours",
        70,
        Then::Waits,
        "Release 4.19; change request approved this morning.",
    ),
    scene(
        "olivia.brown",
        &["wh-finance/select"],
        "7 days",
        30 * HOUR,
        Then::Waits,
        "Margin of the instalments pilot.",
    ),
    scene(
        "lucia.bianchi",
        &["bo-refunds/use"],
        "7 days",
        4 * HOUR,
        Then::Waits,
        "Nia is away from tomorrow and I take over her queue.",
    ),
    scene(
        "theo.laurent",
        &["disputes-prod/read"],
        "1 day",
        2 * DAY,
        Then::Waits,
        "Sample for the yearly review of controls.",
    ),
    scene(
        "amara.diallo",
        &["wh-raw-unmasked/select"],
        "4 hours",
        100,
        Then::Waits,
        "Duplicate merchants: masked names lose the accents that tell them apart.",
    ),
    // Nobody may decide this: its only owner is the only administrator, and asks for it himself.
    scene(
        "dev.raman",
        &["bo-tenants/use"],
        "2 hours",
        6 * HOUR,
        Then::Waits,
        "Deleting the tenant of the pilot that ended in summer.",
    ),
    // Approved, and to be opened by hand.
    scene(
        "nia.roberts",
        &["bo-refunds/use"],
        "7 days",
        3 * HOUR,
        Then::ToOpen(80),
        "Refunds of the outage of Friday.",
    ),
    scene(
        "bruno.costa",
        &["wh-finance/select"],
        "7 days",
        7 * HOUR,
        Then::ToOpen(2 * HOUR),
        "Closing numbers for the board.",
    ),
    scene(
        "aisha.bello",
        &["repo-infrastructure/write"],
        "1 day",
        5 * HOUR,
        Then::ToOpen(30),
        "New alarm for the disks of the queue.",
    ),
    // Run out, and to be closed by hand.
    scene(
        "diego.fernandez",
        &["cluster-prod-eu/view"],
        "8 hours",
        10 * HOUR,
        Then::ToClose(9 * HOUR),
        "Packet loss between two zones.",
    ),
    scene(
        "daniel.levi",
        &["sf-contracts/read"],
        "7 days",
        8 * DAY,
        Then::ToClose(7 * DAY + 3 * HOUR),
        "Price talks with two large merchants.",
    ),
    // Gatebook knows of an account that the target does not have.
    scene(
        "emi.sato",
        &["payments-prod/read"],
        "4 hours",
        2 * HOUR,
        Then::Open(75),
        "A merchant says that a refund never arrived; ticket below.",
    ),
    // Ends within the hour, within the day.
    scene(
        "ben.okafor",
        &["payments-prod/read"],
        "8 hours",
        8 * HOUR + 30,
        Then::Open(7 * HOUR + 20),
        "Counting what stuck in pending since the release.",
    ),
    scene(
        "hannah.schmidt",
        &["payments-prod/read"],
        "4 hours",
        4 * HOUR,
        Then::Open(3 * HOUR + 15),
        "Reviewing the repair of the stuck payments.",
    ),
    scene(
        "ben.okafor",
        &["repo-payout-runner/write"],
        "14 days",
        14 * DAY,
        Then::Open(13 * DAY + 4 * HOUR),
        "Taking over the retry logic from Hannah.",
    ),
    scene(
        "samuel.adeyemi",
        &["ledger-staging/admin"],
        "2 days",
        31 * HOUR,
        Then::Open(30 * HOUR),
        "Rehearsing the migration.",
    ),
    // Renewals that wait.
    scene(
        "fatima.elamrani",
        &["payments-prod/read"],
        "8 hours",
        7 * HOUR,
        Then::Renewed(6 * HOUR, 20),
        "Following the refund batch through the night.",
    ),
    scene(
        "ben.okafor",
        &["payments-reporting/read"],
        "3 days",
        3 * DAY,
        Then::Renewed(2 * DAY + 10 * HOUR, HOUR),
        "Numbers for the review of the release.",
    ),
    // Starts tomorrow.
    scene(
        "kwame.mensah",
        &["ledger-prod/admin"],
        "2 hours",
        9 * HOUR,
        Then::Scheduled(8 * HOUR, 30),
        "Migration 88 in the maintenance window.",
    ),
];

/// What is asked for on this stage: so many minutes before the end, by whom, and what comes of it.
pub fn scenes() -> Vec<(i64, Ask, Plan)> {
    let mut all = Vec::new();
    for (number, scene) in (118..).zip(SCENES) {
        let ask = Ask {
            who: scene.who.to_owned(),
            what: scene.what.iter().map(|path| (*path).to_owned()).collect(),
            lasting: scene.lasting.to_owned(),
            why: scene.why.to_owned(),
            ticket: format!("OPS-{number}"),
            starts_in: match scene.then {
                Then::Scheduled(_, hours) => Some(TimeDelta::hours(hours)),
                _ => None,
            },
            ..Ask::default()
        };
        if let Then::Renewed(_, asked_ago) = scene.then {
            let renewal = Ask { renews: true, ..ask.clone() };
            all.push((asked_ago, renewal, Plan::scripted(Verdict::None, TimeDelta::zero())));
        }
        all.push((scene.asked_minutes_ago, ask, plan(scene)));
    }
    all
}

fn plan(scene: &Scene) -> Plan {
    let after = |decided_ago: i64| TimeDelta::minutes(scene.asked_minutes_ago - decided_ago);
    let approved = |decided_ago| Plan::scripted(Verdict::Approve { shorter: "" }, after(decided_ago));
    match scene.then {
        Then::Waits => Plan::scripted(Verdict::None, TimeDelta::zero()),
        Then::ToOpen(ago) => Plan { open_after: None, ..approved(ago) },
        Then::Open(ago) | Then::Renewed(ago, _) | Then::Scheduled(ago, _) => approved(ago),
        Then::ToClose(ago) => Plan { ending: Ending::LeftToClose, ..approved(ago) },
    }
}

/// Whether somebody's part in the last scenes would be spoiled by asking for this by chance.
pub fn is_reserved(who: &str, what: &[&str]) -> bool {
    SCENES.iter().any(|scene| scene.who == who && scene.what.iter().any(|path| what.contains(path)))
}
