//! Statements: what pgaudit says of them, and what their first words say.

use domain::usage::UsageAction;

/// One line of pgaudit, after its `AUDIT: `.
/// (<https://github.com/pgaudit/pgaudit#format>)
pub(super) struct Audit {
    /// `READ`, `WRITE`, `FUNCTION`, `ROLE`, `DDL`, `MISC`, `MISC_SET`.
    class: String,
    /// `SELECT`, `ALTER TABLE`.
    pub command: String,
    /// `public.account`.
    pub object: Option<String>,
}

impl Audit {
    /// `None` where it is not one.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let row = reader.records().next()?.ok()?;
        let cell = |index| row.get(index).map(str::to_owned);
        matches!(row.get(0), Some("SESSION" | "OBJECT")).then_some(())?;
        Some(Self { class: cell(3)?, command: cell(4)?, object: cell(6).filter(|name| !name.is_empty()) })
    }

    /// What kind of act it is.
    pub(super) fn action(&self) -> &'static str {
        match self.class.as_str() {
            "READ" | "FUNCTION" => UsageAction::ACCESSED,
            "WRITE" => UsageAction::CHANGED,
            "ROLE" => UsageAction::PERMISSIONS_CHANGED,
            // What pgaudit is told to log of SET, BEGIN and the like is about the session.
            _ => act(&self.command).map_or(UsageAction::SESSION_OTHER, |act| act.action),
        }
    }
}

/// What a statement does.
pub(super) struct Act {
    pub action: &'static str,
    /// Its first words: `SELECT`, `CREATE ROLE`.
    pub command: String,
}

/// `None` for what only brackets or prepares other statements.
pub(super) fn act(sql: &str) -> Option<Act> {
    let words: Vec<String> = without_comments(sql)
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .take(3)
        .map(str::to_ascii_uppercase)
        .collect();
    let word = |index: usize| words.get(index).map_or("", String::as_str);
    let (first, second) = (word(0), word(1));
    let is_of_roles = matches!(second, "ROLE" | "USER" | "GROUP" | "POLICY" | "OWNED")
        || (second == "DEFAULT" && word(2) == "PRIVILEGES");
    let action = match first {
        "SET" | "RESET" if second == "ROLE" || (second == "SESSION" && word(2) == "AUTHORIZATION") => {
            UsageAction::SESSION_OTHER
        }
        first if is_about_session(first) => return None,
        "PREPARE" if second == "TRANSACTION" => return None,
        "SELECT" | "TABLE" | "VALUES" | "FETCH" | "SHOW" | "EXPLAIN" | "DECLARE" | "EXECUTE" | "PREPARE"
        | "CALL" | "DO" | "MOVE" => UsageAction::ACCESSED,
        "WITH" if writes(sql) => UsageAction::CHANGED,
        "WITH" => UsageAction::ACCESSED,
        "COPY" if copies_in(sql) => UsageAction::CHANGED,
        "COPY" => UsageAction::ACCESSED,
        "GRANT" | "REVOKE" | "REASSIGN" => UsageAction::PERMISSIONS_CHANGED,
        "CREATE" | "ALTER" | "DROP" if is_of_roles => UsageAction::PERMISSIONS_CHANGED,
        "CREATE" | "IMPORT" => UsageAction::CREATED,
        "DROP" => UsageAction::DELETED,
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "TRUNCATE" | "ALTER" | "COMMENT" | "LOCK" | "REFRESH"
        | "REINDEX" | "VACUUM" | "ANALYZE" | "CLUSTER" | "CHECKPOINT" | "SECURITY" | "LOAD" => {
            UsageAction::CHANGED
        }
        _ => UsageAction::OTHER,
    };
    // Of these alone the second word is part of what it is called.
    let command = match first {
        "CREATE" | "ALTER" | "DROP" | "SET" | "RESET" if !second.is_empty() => format!("{first} {second}"),
        _ => first.to_owned(),
    };
    Some(Act { action, command })
}

fn is_about_session(command: &str) -> bool {
    matches!(
        command,
        "BEGIN"
            | "START"
            | "COMMIT"
            | "END"
            | "ROLLBACK"
            | "ABORT"
            | "SAVEPOINT"
            | "RELEASE"
            | "SET"
            | "RESET"
            | "DISCARD"
            | "DEALLOCATE"
            | "CLOSE"
            | "LISTEN"
            | "UNLISTEN"
            | "NOTIFY"
            | "BEGIN TRANSACTION"
            | "SET CONSTRAINTS"
    )
}

/// Any word of `WITH` that writes; a column of such a name errs to the stronger act.
fn writes(sql: &str) -> bool {
    sql.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| {
        ["insert", "update", "delete", "merge"].iter().any(|verb| word.eq_ignore_ascii_case(verb))
    })
}

/// `COPY … FROM`, outside of the parentheses of a query.
fn copies_in(sql: &str) -> bool {
    let mut depth = 0_i32;
    let words = sql.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '(' | ')'));
    for piece in words {
        let word = piece.trim_matches(|c: char| c.is_whitespace() || matches!(c, '(' | ')'));
        if depth == 0 && word.eq_ignore_ascii_case("from") {
            return true;
        }
        if depth == 0 && word.eq_ignore_ascii_case("to") {
            return false;
        }
        depth += i32::from(piece.ends_with('(')) - i32::from(piece.ends_with(')'));
    }
    false
}

fn without_comments(sql: &str) -> &str {
    let mut rest = sql.trim_start();
    loop {
        let after = if rest.starts_with("--") {
            rest.split_once('\n').map(|(_, after)| after)
        } else if rest.starts_with("/*") {
            rest.split_once("*/").map(|(_, after)| after)
        } else {
            return rest;
        };
        match after {
            Some(after) => rest = after.trim_start(),
            None => return "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_known_by_its_first_words() {
        for (sql, wanted) in [
            ("select 1", Some(("SELECT", UsageAction::ACCESSED))),
            ("-- a\n/* b */ UPDATE x set y = 1", Some(("UPDATE", UsageAction::CHANGED))),
            ("create role ada", Some(("CREATE ROLE", UsageAction::PERMISSIONS_CHANGED))),
            ("alter default privileges grant x", Some(("ALTER DEFAULT", UsageAction::PERMISSIONS_CHANGED))),
            ("create table t()", Some(("CREATE TABLE", UsageAction::CREATED))),
            ("drop table t", Some(("DROP TABLE", UsageAction::DELETED))),
            ("with a as (delete from b returning 1) select 1", Some(("WITH", UsageAction::CHANGED))),
            ("copy t from stdin", Some(("COPY", UsageAction::CHANGED))),
            ("copy (select 1 from t) to stdout", Some(("COPY", UsageAction::ACCESSED))),
            ("set role root", Some(("SET ROLE", UsageAction::SESSION_OTHER))),
            ("grant select on t to ada", Some(("GRANT", UsageAction::PERMISSIONS_CHANGED))),
            ("frobnicate", Some(("FROBNICATE", UsageAction::OTHER))),
            ("begin;", None),
            ("set statement_timeout = 1", None),
        ] {
            let found = act(sql);
            assert_eq!(found.as_ref().map(|act| (act.command.as_str(), act.action)), wanted, "{sql}");
        }
    }

    #[test]
    fn what_pgaudit_writes_is_read_by_its_columns() {
        let text = "OBJECT,2,1,READ,SELECT,TABLE,shop.payment,\"select id,\n \"\"x\"\"\",<not logged>";
        let audit = Audit::of(text).expect("an audit line");
        assert_eq!((audit.command.as_str(), audit.object.as_deref()), ("SELECT", Some("shop.payment")));
        assert_eq!(audit.action(), UsageAction::ACCESSED);
        assert!(Audit::of("nonsense").is_none());
        assert!(Audit::of("").is_none());
        assert_eq!(Audit::of("SESSION,1,1,NEW,FROB,,,x").expect("a line").action(), UsageAction::OTHER);
    }
}
