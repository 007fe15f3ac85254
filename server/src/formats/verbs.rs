//! What kind of act a source's own word is, by how it starts.

use domain::usage::UsageAction;

const CREATED: [&str; 13] = [
    "create",
    "run",
    "allocate",
    "register",
    "import",
    "copy",
    "add",
    "install",
    "upload",
    "new",
    "insert",
    "issue",
    "provision",
];
const DELETED: [&str; 13] = [
    "delete",
    "terminate",
    "remove",
    "deregister",
    "release",
    "destroy",
    "uninstall",
    "drop",
    "purge",
    "revoke",
    "deprovision",
    "erase",
    "unregister",
];
const ACCESSED: [&str; 33] = [
    "get", "list", "describe", "head", "batchget", "lookup", "search", "select", "query", "scan", "view",
    "download", "decrypt", "invoke", "generate", "test", "simulate", "validate", "check", "read", "fetch",
    "clone", "show", "export", "preview", "discover", "estimate", "filter", "receive", "verify", "print",
    "open", "encrypt",
];
const CHANGED: [&str; 48] = [
    "put",
    "update",
    "modify",
    "set",
    "attach",
    "detach",
    "enable",
    "disable",
    "start",
    "stop",
    "send",
    "tag",
    "untag",
    "associate",
    "disassociate",
    "change",
    "reboot",
    "restore",
    "replace",
    "reset",
    "leave",
    "accept",
    "publish",
    "edit",
    "rename",
    "transfer",
    "push",
    "archive",
    "unarchive",
    "suspend",
    "unsuspend",
    "activate",
    "deactivate",
    "lock",
    "unlock",
    "move",
    "write",
    "batchput",
    "cancel",
    "dismiss",
    "complete",
    "resume",
    "pause",
    "sync",
    "upgrade",
    "toggle",
    "share",
    "configure",
];

/// The action of a word such as `GetSecretValue` or `create_key`; `None` where its start says nothing.
pub(super) fn action(word: &str) -> Option<&'static str> {
    let first = first_word(word);
    let is_one_of = |words: &[&str]| words.iter().any(|start| first.eq_ignore_ascii_case(start));
    if is_one_of(&ACCESSED) {
        Some(UsageAction::ACCESSED)
    } else if is_one_of(&CREATED) {
        Some(UsageAction::CREATED)
    } else if is_one_of(&DELETED) {
        Some(UsageAction::DELETED)
    } else if is_one_of(&CHANGED) {
        Some(UsageAction::CHANGED)
    } else {
        None
    }
}

/// `Get` of `GetSecretValue`, `BatchGet` of `BatchGetSecretValue`, `create` of `create_key` and of `created`.
fn first_word(word: &str) -> &str {
    let start = if word.starts_with("Batch") { "Batch".len() + 1 } else { 1 };
    let end = word
        .char_indices()
        .skip(start)
        .find(|(_, c)| c.is_ascii_uppercase() || !c.is_ascii_alphanumeric())
        .map_or(word.len(), |(index, _)| index);
    let first = word.get(..end).unwrap_or(word);
    // Past tenses: created, added, archived.
    let is_known = |word: &str| {
        let mut known = CREATED.iter().chain(&DELETED).chain(&ACCESSED).chain(&CHANGED);
        known.any(|known| word.eq_ignore_ascii_case(known))
    };
    [first.strip_suffix("ed"), first.strip_suffix('d')]
        .into_iter()
        .flatten()
        .find(|stem| !is_known(first) && is_known(stem))
        .unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_known_by_its_start_and_no_other_word_is() {
        for (word, wanted) in [
            ("GetSecretValue", Some(UsageAction::ACCESSED)),
            ("BatchGetSecretValue", Some(UsageAction::ACCESSED)),
            ("create", Some(UsageAction::CREATED)),
            ("created", Some(UsageAction::CREATED)),
            ("added_to_repository", Some(UsageAction::CREATED)),
            ("archived", Some(UsageAction::CHANGED)),
            ("destroy", Some(UsageAction::DELETED)),
            ("Getaway", None),
            ("PutObject", Some(UsageAction::CHANGED)),
            ("", None),
            ("é", None),
        ] {
            assert_eq!(action(word), wanted, "{word}");
        }
    }
}
