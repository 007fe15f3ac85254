//! The fields of a query.

/// What stands before the colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each field's explanation is its doc")]
pub enum Field {
    Actor,
    Person,
    Resource,
    System,
    Environment,
    Tag,
    On,
    Owner,
    Sensitivity,
    Action,
    Outcome,
    Source,
    Ip,
    Request,
    Grant,
    Covered,
    Window,
    Before,
    After,
    During,
}

impl Field {
    /// In the order in which they are offered.
    pub const ALL: [Self; 20] = [
        Self::Actor,
        Self::Person,
        Self::Resource,
        Self::System,
        Self::Environment,
        Self::Tag,
        Self::On,
        Self::Owner,
        Self::Sensitivity,
        Self::Action,
        Self::Outcome,
        Self::Source,
        Self::Ip,
        Self::Request,
        Self::Grant,
        Self::Covered,
        Self::Window,
        Self::Before,
        Self::After,
        Self::During,
    ];

    /// As it is typed, without the colon.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::Person => "person",
            Self::Resource => "resource",
            Self::System => "system",
            Self::Environment => "environment",
            Self::Tag => "tag",
            Self::On => "on",
            Self::Owner => "owner",
            Self::Sensitivity => "sensitivity",
            Self::Action => "action",
            Self::Outcome => "outcome",
            Self::Source => "source",
            Self::Ip => "ip",
            Self::Request => "request",
            Self::Grant => "grant",
            Self::Covered => "covered",
            Self::Window => "window",
            Self::Before => "before",
            Self::After => "after",
            Self::During => "during",
        }
    }

    /// The field of this name, whatever its case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str().eq_ignore_ascii_case(name))
    }

    /// One line on what it finds.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Actor => "who did it; a part of the name",
            Self::Person => "who did it or whose access it is; a part of the name",
            Self::Resource => "on what; a part of the name of the resource or the entitlement",
            Self::System => "in which system; a part of its name",
            Self::Environment => "in which environment: production, staging …",
            Self::Tag => "on a resource with this tag; a part of it",
            Self::On => "on this system, by the last part of its address, whatever a source calls it",
            Self::Owner => "on what this person owns today; a part of the name",
            Self::Sensitivity => "how sensitive the resource is: high, or >=high",
            Self::Action => "what was done: request.approved, or request.*",
            Self::Outcome => "how it came out: success, denied or failure",
            Self::Source => "where it was recorded: web, job, command, imported or a source’s name",
            Self::Ip => "from which address or network: 10.0.0.0/8",
            Self::Request => "the request that it belongs to, by its id",
            Self::Grant => "the grant that it belongs to, by its id",
            Self::Covered => "whether somebody’s access covered it: yes or no",
            Self::Window => "in a window of time with this name",
            Self::Before => "before a date or time: 2026-11-01, yesterday, 7d",
            Self::After => "at a date or time or after it: 2026-11-01, yesterday, 7d",
            Self::During => "all of a day, month or year, or from one to another: 2026-11-01..2026-11-07",
        }
    }

    /// What is written when a value is missing: “Write whom after `actor:`”.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::Actor | Self::Person | Self::Owner => "ana, or \"Ana Ruiz\"",
            Self::Resource => "ledger, or \"Ledger (EU)\"",
            Self::System => "github",
            Self::Environment => "production",
            Self::Tag => "pci",
            Self::On => "payments",
            Self::Sensitivity => "high, or >=high",
            Self::Action => "request.approved, or request.*",
            Self::Outcome => "denied",
            Self::Source => "web",
            Self::Ip => "10.0.0.0/8",
            Self::Request | Self::Grant => "the id from its page’s address",
            Self::Covered => "no",
            Self::Window => "a name",
            Self::Before | Self::After => "2026-11-01, yesterday or 7d",
            Self::During => "2026-11, yesterday or 2026-11-01..2026-11-07",
        }
    }

    /// Whether a name is looked for, so that a part of it does, and `=` asks for the whole.
    pub fn is_name(self) -> bool {
        matches!(
            self,
            Self::Actor
                | Self::Person
                | Self::Resource
                | Self::System
                | Self::Environment
                | Self::Tag
                | Self::Owner
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_read_back_whatever_its_case() {
        for field in Field::ALL {
            assert_eq!(Field::parse(field.as_str()), Some(field));
            assert_eq!(Field::parse(&field.as_str().to_uppercase()), Some(field));
        }
        assert_eq!(Field::parse("actr"), None);
    }
}
