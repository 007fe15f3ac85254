//! Who can sign in to the demo.

/// Somebody that the demo's provider knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoPerson {
    /// Their subject at the provider.
    pub sub: &'static str,
    /// For people.
    pub name: &'static str,
    /// Verified by the provider.
    pub email: &'static str,
    /// What they do.
    pub title: &'static str,
    /// Where they belong.
    pub department: &'static str,
    /// Their groups.
    pub groups: &'static [&'static str],
    /// An IANA name.
    pub time_zone: &'static str,
}

/// Everybody, by name.
pub fn all() -> &'static [DemoPerson] {
    PEOPLE
}

const PEOPLE: &[DemoPerson] = &[
    DemoPerson {
        sub: "ana.ruiz",
        name: "Ana Ruiz",
        email: "ana.ruiz@fjordpay.example",
        title: "Head of Platform",
        department: "Platform",
        groups: &["staff"],
        time_zone: "Europe/Madrid",
    },
    DemoPerson {
        sub: "ben.okafor",
        name: "Ben Okafor",
        email: "ben.okafor@fjordpay.example",
        title: "Payments engineer",
        department: "Payments",
        groups: &["staff"],
        time_zone: "Europe/London",
    },
    DemoPerson {
        sub: "chiara.lindt",
        name: "Chiara Lindt",
        email: "chiara.lindt@fjordpay.example",
        title: "Internal auditor",
        department: "Risk",
        groups: &["staff", super::AUDITOR_GROUP],
        time_zone: "Europe/Zurich",
    },
    DemoPerson {
        sub: "dev.raman",
        name: "Dev Raman",
        email: "dev.raman@fjordpay.example",
        title: "Identity administrator",
        department: "IT",
        groups: &["staff", super::ADMIN_GROUP],
        time_zone: "Asia/Kolkata",
    },
    DemoPerson {
        sub: "emi.sato",
        name: "Emi Sato",
        email: "emi.sato@fjordpay.example",
        title: "Support engineer",
        department: "Support",
        groups: &["staff"],
        time_zone: "Asia/Tokyo",
    },
];
