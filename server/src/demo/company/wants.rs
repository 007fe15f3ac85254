//! What people at Fjordpay ask for, and what they say about it.

/// Something that somebody of a department asks for now and then.
#[derive(Debug, Clone, Copy)]
pub struct Want {
    /// Who: everybody of a department.
    pub department: &'static str,
    /// What.
    pub what: &'static [&'static str],
    /// For how long.
    pub lasting: &'static [&'static str],
    /// Why.
    pub why: &'static [&'static str],
}

const fn want(
    department: &'static str,
    what: &'static [&'static str],
    lasting: &'static [&'static str],
    why: &'static [&'static str],
) -> Want {
    Want { department, what, lasting, why }
}

/// Everything that is asked for now and then.
pub const WANTS: &[Want] = &[
    want(
        "Payments",
        &["payments-prod/read"],
        &["2 hours", "4 hours", "8 hours"],
        &[
            "A merchant says that refunds of last night are missing; I want to see whether they ever reached us.",
            "Following up on the incident of this morning: counting how many payments stuck in pending.",
            "Comparing two settlement files with what we have.",
        ],
    ),
    want(
        "Payments",
        &["payments-prod/admin"],
        &["1 hour", "2 hours"],
        &[
            "Releasing 14 payments that hang in pending after the timeout. The statement is in the ticket.",
            "Setting the currency on rows that the importer of Tuesday left empty; reviewed by Hannah.",
        ],
    ),
    want(
        "Payments",
        &["payouts-prod/read"],
        &["1 hour", "2 hours"],
        &[
            "The bank says one payout came twice. I need to see the file names.",
            "Month-end: checking that nothing is left unpaid.",
        ],
    ),
    want("Payments", &["payments-staging/admin"], &["1 day", "3 days"], &["Trying out the new index.", ""]),
    want(
        "Payments",
        &["repo-payout-runner/write"],
        &["7 days", "14 days"],
        &[
            "The 06:00 run skips merchants without a bank; I have a fix.",
            "Taking over the retry logic from Hannah.",
        ],
    ),
    want(
        "Payments",
        &["cluster-staging/deploy"],
        &["1 day", "3 days"],
        &["Rolling out the checkout branch for the testers.", "Load test of the new queue."],
    ),
    want(
        "Payments",
        &["cluster-prod-eu/deploy"],
        &["2 hours", "4 hours"],
        &["Release 4.18; change request approved on Monday.", "Rolling back the fee rounding."],
    ),
    want(
        "Payments",
        &["bo-merchants/use"],
        &["7 days"],
        &["Switching on instalments for the three pilot merchants."],
    ),
    want(
        "Platform",
        &["payments-prod/read"],
        &["2 hours", "8 hours"],
        &["Slow queries after the upgrade; looking at plans.", "Finding out which index nobody uses."],
    ),
    want(
        "Platform",
        &["aws-production/read-only"],
        &["4 hours", "8 hours"],
        &[
            "Checking quotas before the sales weekend.",
            "An alert about certificate expiry that makes no sense.",
        ],
    ),
    want(
        "Platform",
        &["aws-production/power-user"],
        &["2 hours", "4 hours"],
        &[
            "Growing the disks of the queue; change request approved on Monday.",
            "Replacing a dead node by hand, as the automation is off.",
        ],
    ),
    want(
        "Platform",
        &["cluster-prod-us/deploy"],
        &["2 hours", "4 hours"],
        &["Upgrading the ingress, one zone at a time.", "Draining two nodes for the kernel fix."],
    ),
    want(
        "Platform",
        &["repo-infrastructure/write"],
        &["1 day"],
        &["Splitting the network module.", "Adding the new bank link."],
    ),
    want(
        "Platform",
        &["aws-logs/read-only"],
        &["2 days", "7 days"],
        &["Looking for when the DNS errors began."],
    ),
    want(
        "Platform",
        &["aws-keys/read-only"],
        &["1 hour", "2 hours"],
        &["Preparing the rotation of the quarter."],
    ),
    want(
        "Ledger",
        &["ledger-prod/read"],
        &["2 hours", "4 hours"],
        &[
            "One account is off by 12 cents since Friday.",
            "The auditors want the postings behind invoice 2214.",
            "Checking the migration's row counts before and after.",
        ],
    ),
    want("Ledger", &["ledger-staging/admin"], &["1 day", "2 days"], &["Rehearsing the migration.", ""]),
    want(
        "Ledger",
        &["reconciliation-prod/read"],
        &["8 hours", "1 day"],
        &["Nordbank changed its format; looking at what did not match.", "Open items of last week."],
    ),
    want(
        "Ledger",
        &["repo-ledger-core/write"],
        &["7 days", "14 days"],
        &["Rounding of multi-currency fees."],
    ),
    want("Ledger", &["cluster-prod-eu/view"], &["8 hours"], &["Posting lag alert, want to see the pods."]),
    want(
        "Data",
        &["wh-raw-unmasked/select"],
        &["4 hours", "1 day"],
        &[
            "Matching names for the duplicate merchants; masked data loses the accents that matter here.",
            "The privacy request of ticket below needs the original rows.",
        ],
    ),
    want(
        "Data",
        &["wh-finance/select"],
        &["7 days", "14 days"],
        &["Margin by country for the board.", "Forecast model."],
    ),
    want(
        "Data",
        &["aws-data/power-user"],
        &["1 day", "2 days"],
        &["Re-running the exports that failed on Sunday."],
    ),
    want(
        "Data",
        &["wh-fraud/select"],
        &["7 days", "14 days"],
        &["Features for the model of the next quarter."],
    ),
    want(
        "Data",
        &["cluster-batch/deploy"],
        &["1 day", "3 days"],
        &["The nightly jobs move to the new scheduler."],
    ),
    want("Risk", &["wh-fraud/write"], &["1 day", "2 days"], &["Labelling the cases of the last campaign."]),
    want(
        "Risk",
        &["wh-payments/select"],
        &["30 days", "90 days"],
        &["A wave of small test payments from one network."],
    ),
    want("Risk", &["ns-reports/view"], &["30 days"], &["Yearly review of controls."]),
    want(
        "Support",
        &["bo-refunds/use"],
        &["7 days", "14 days"],
        &["Covering for Nia on the refund queue.", "Backlog after the outage."],
    ),
    want(
        "Support",
        &["sf-accounts/read"],
        &["30 days", "90 days"],
        &["To see who the contact at a merchant is."],
    ),
    want("Support", &["zd-cardholders/lead"], &["1 day", "2 days"], &["Reassigning while Carlos is away."]),
    want("Sales", &["wh-merchants/select"], &["30 days", "60 days"], &["Preparing renewals of the north."]),
    want("Sales", &["sf-contracts/read"], &["7 days", "14 days"], &["Price talks with two large merchants."]),
    want("Sales", &["grafana-business/viewer"], &["30 days"], &["Showing volumes to a partner."]),
    want(
        "Finance",
        &["ns-journals/post"],
        &["2 days", "7 days"],
        &["Closing the month.", "Correcting accruals of the last quarter."],
    ),
    want("Finance", &["ns-treasury/view"], &["7 days", "14 days"], &["Cash forecast."]),
    want("Finance", &["wh-ledger/select"], &["7 days"], &["Tying the mart to the books."]),
    want("People", &["wh-people/select"], &["7 days"], &["Headcount plan."]),
    want("People", &["wd-compensation/view"], &["1 day", "7 days"], &["Salary round."]),
];

/// Why something is approved.
pub const APPROVALS: &[&str] = &[
    "Fine, matches the ticket.",
    "Agreed in the stand-up.",
    "Needed for the incident. Tell me when you are done.",
    "OK for this once; if it becomes weekly we make it part of the job role.",
    "Checked the change request.",
];
/// Why something is denied.
pub const DENIALS: &[&str] = &[
    "The masked mart has all of this. Ask again if it does not.",
    "Please link the ticket; I cannot tell what this is for.",
    "Kwame can run this for you today, so no access is needed.",
    "Not during the freeze. Ask again on Monday.",
    "The staging copy is enough for this.",
];
/// Why something is taken away by an owner.
pub const REVOCATIONS: &[&str] = &[
    "The work is done, says the ticket.",
    "Freeze for the release: everybody out until tomorrow.",
    "Moved to another team.",
];
/// What owners note when they have opened something by hand.
pub const OPENED: &[&str] = &["", "Added to the group.", "Done.", "Invited; the mail takes a minute."];
