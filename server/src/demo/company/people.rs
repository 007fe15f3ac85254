//! Who works at Fjordpay. Everybody and everything there is invented.

use std::sync::LazyLock;

/// The group whose members administrate Gatebook.
pub const ADMIN_GROUP: &str = "gatebook-admins";
/// The group whose members audit.
pub const AUDITOR_GROUP: &str = "gatebook-auditors";
const STAFF: &[&str] = &["staff"];

/// As it is imported. No cell has a comma or a quote in it, so that lines can be cut here too.
pub(super) const PEOPLE_CSV: &str = include_str!("people.csv");

/// Somebody whom the demo's sign-in provider knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoPerson {
    /// The subject at the provider: `ana.ruiz`.
    pub sub: &'static str,
    /// For people.
    pub name: &'static str,
    /// Verified by the provider, and what ties them to who was imported.
    pub email: &'static str,
    /// What they do.
    pub title: &'static str,
    /// Where they belong.
    pub department: &'static str,
    /// For the groups claim.
    pub groups: &'static [&'static str],
    /// An IANA name.
    pub time_zone: &'static str,
    /// Why one would want to sign in as them; only those with a reason are suggested.
    pub suggested: Option<&'static str>,
    /// Whether they have left: the provider lets them in no more.
    pub has_left: bool,
}

/// Whom to try, and why.
const SUGGESTED: &[(&str, &str)] = &[
    ("ben.okafor", "Employee: asks for access, holds some that ends soon"),
    ("ana.ruiz", "Approver: owns the databases, has a full queue"),
    ("chiara.lindt", "Auditor: reads and exports the whole book"),
    ("dev.raman", "Administrator: sees everybody, changes who works here"),
    ("ingrid.solberg", "Manager: sees what her reports hold, does tasks by hand"),
    ("noor.haddad", "New joiner: holds nothing yet"),
];
/// Who left during the last three months.
pub(super) const LEAVER: &str = "viktor.novak";

/// Everybody, those first who are suggested.
pub fn people() -> &'static [DemoPerson] {
    static PEOPLE: LazyLock<Vec<DemoPerson>> = LazyLock::new(|| {
        let mut people: Vec<DemoPerson> = PEOPLE_CSV.lines().skip(1).filter_map(read).collect();
        let rank = |person: &DemoPerson| {
            SUGGESTED.iter().position(|(sub, _)| *sub == person.sub).unwrap_or(SUGGESTED.len())
        };
        people.sort_by(|a, b| rank(a).cmp(&rank(b)).then(a.name.cmp(b.name)));
        people
    });
    &PEOPLE
}

fn read(line: &'static str) -> Option<DemoPerson> {
    let mut cells = line.split(',');
    let email = cells.next()?;
    let (name, title, department) = (cells.next()?, cells.next()?, cells.next()?);
    let time_zone = cells.nth(1)?;
    let (sub, _) = email.split_once('@')?;
    let groups: &[&str] = match sub {
        "dev.raman" => &["staff", ADMIN_GROUP],
        "chiara.lindt" => &["staff", AUDITOR_GROUP],
        _ => STAFF,
    };
    let suggested = SUGGESTED.iter().find(|(who, _)| *who == sub).map(|(_, hint)| *hint);
    let has_left = sub == LEAVER;
    Some(DemoPerson { sub, name, email, title, department, groups, time_zone, suggested, has_left })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_name_a_zone_and_a_department() {
        assert_eq!(people().len(), 61);
        for person in people() {
            assert!(person.time_zone.parse::<chrono_tz::Tz>().is_ok(), "{person:?}");
            assert!(!person.name.is_empty() && !person.department.is_empty(), "{person:?}");
            assert!(!PEOPLE_CSV.contains('"'));
        }
        assert_eq!(people().iter().filter(|person| person.suggested.is_some()).count(), SUGGESTED.len());
    }
}
