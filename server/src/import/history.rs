//! The past of an organisation, replayed line by line: JSON Lines of dated changes of teams and repositories.
//!
//! Nothing is made up. Who proposed something is in such a file, so there is a request; who decided is not, so there
//! is no decision; why access was taken away is not, so its cause says so. Every event keeps its own time beside that of
//! the import, and is marked `imported`.

mod line;
mod replay;

use domain::catalogue::Sensitivity;
use domain::id::PolicyVersionId;
use domain::policy::PENDING_FOR_DEFAULT;
use sha2::{Digest, Sha256};
use store::past;
use store::policy::{self, NewPolicyVersion};
use store::stock::{self, Rules, System};

use super::{File, ImportError, Work};
use replay::Replay;

const RULES: Rules = Rules { pending_for: PENDING_FOR_DEFAULT, access_max: None, rationale_required: true };
/// So many rows go into one statement.
const ROWS_AT_ONCE: usize = 5_000;

/// Brings in one file; its name up to the first dot names the system.
pub(super) async fn import(work: &mut Work, file: &File) -> Result<(), ImportError> {
    let name = file.name.rsplit(['/', '\\']).next().unwrap_or(&file.name);
    let source = line::slug(name.split('.').next().unwrap_or(name));
    let digest: String =
        Sha256::digest(file.content.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    work.report.see("histories", &source);
    match past::digest_of(work.tx.conn(), &source).await? {
        Some(before) if before == digest => return Ok(()),
        Some(_) => {
            let message = format!(
                "The history of {source} was brought in before from a file with other content. Name this one differently."
            );
            work.faults.of_file(&file.name, None, message);
            return Ok(());
        }
        None => {}
    }
    if work.stock.systems.iter().any(|system| system.slug == source) {
        let message = format!("There is a system “{source}” already. Name the file differently.");
        work.faults.of_file(&file.name, None, message);
        return Ok(());
    }
    let lines = line::read(file, &mut work.faults);
    let replay = Replay::run(work, &source, &file.name, &lines);
    if !work.faults.is_empty() {
        return Ok(());
    }
    work.report.create("histories", &source);
    work.histories.push(serde_json::json!({ "source": source, "sha256": digest, "lines": lines.len() }));
    save(work, replay).await
}

async fn save(work: &mut Work, replay: Replay) -> Result<(), ImportError> {
    let now = work.now;
    let issuer = format!("imported:{}", replay.system.slug);
    for people in replay.people().chunks(ROWS_AT_ONCE) {
        past::insert_people(work.tx.conn(), &issuer, people, now).await?;
    }
    stock::save_system(work.tx.conn(), &replay.system, now).await?;
    for resource in replay.resources() {
        let taken = work.stock.resources.iter().any(|known| known.slug == resource.slug);
        if taken {
            let message = format!("There is a resource “{}” already.", resource.slug);
            work.faults.of_file(&replay.file, None, message);
            return Ok(());
        }
        stock::save_resource(work.tx.conn(), resource, now).await?;
    }
    for entitlement in replay.entitlements() {
        stock::save_entitlement(work.tx.conn(), entitlement, now).await?;
        let version = NewPolicyVersion {
            id: PolicyVersionId(work.tx.new_id()),
            entitlement: entitlement.id,
            pending_for: RULES.pending_for,
            access_max: RULES.access_max,
            rationale_required: RULES.rationale_required,
            created_at: now,
        };
        policy::insert(work.tx.conn(), &version).await?;
    }
    for requests in replay.requests.chunks(ROWS_AT_ONCE) {
        past::insert_requests(work.tx.conn(), requests).await?;
    }
    for grants in replay.grants.chunks(ROWS_AT_ONCE) {
        past::insert_grants(work.tx.conn(), grants, now).await?;
    }
    work.report.count("past people", replay.people().len());
    work.report.count("past requests", replay.requests.len());
    work.report.count("past grants", replay.grants.len());
    work.report.count("past resources", replay.resources().len());
    for event in replay.events {
        work.record(event).await?;
    }
    Ok(())
}

fn new_system(work: &Work, source: &str) -> System {
    System {
        id: domain::id::SystemId(work.tx.new_id()),
        slug: source.to_owned(),
        name: source.to_owned(),
        description: "Brought in from its history. Who decided is not recorded there.".to_owned(),
        connector: "manual".to_owned(),
        connector_settings: serde_json::json!({}),
        access_max: None,
        owners: std::collections::BTreeSet::new(),
    }
}

const SENSITIVITY: Sensitivity = Sensitivity::Medium;
