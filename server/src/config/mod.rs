//! Settings: environment variables, or the same names in `gatebook.toml`.
//!
//! *Invariant:* a missing or wrong setting stops the start with a sentence that names it.

mod network;
mod read;

pub use network::Network;
pub use read::{ConfigError, Source, is_loopback};

use std::net::SocketAddr;

use chrono::TimeDelta;
use chrono_tz::Tz;
use secrecy::SecretString;
use url::Url;

/// What `serve` needs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen. `GATEBOOK_LISTEN`, default `127.0.0.1:3000`.
    pub listen: SocketAddr,
    /// How people reach the portal. `GATEBOOK_PUBLIC_URL`; `https`, or `http` on loopback.
    pub public_url: PublicUrl,
    /// The sign-in provider.
    pub oidc: OidcSettings,
    /// Which groups make an administrator or an auditor.
    pub groups: RoleGroups,
    /// What happens to somebody who is not known yet. `GATEBOOK_UNKNOWN_PEOPLE`, default `create`.
    pub unknown_people: UnknownPeople,
    /// The zone for people who have none of their own. `GATEBOOK_TIME_ZONE`, default `UTC`.
    pub time_zone: Tz,
    /// Proxies whose `X-Forwarded-For` is believed. `GATEBOOK_TRUSTED_PROXIES`, addresses or networks
    /// separated by commas, default none.
    pub trusted_proxies: Vec<Network>,
    /// How long sessions last.
    pub sessions: SessionLimits,
    /// How many sign-ins one address may begin in a minute; 0 is no bound.
    /// `GATEBOOK_SIGN_INS_PER_MINUTE`, default 60: many people may share one address.
    pub sign_ins_per_minute: u32,
    /// How many tokens and signatures that do not work one address may show in a minute; 0 is no bound.
    /// `GATEBOOK_REFUSALS_PER_MINUTE`, default 30.
    pub refusals_per_minute: u32,
}

/// The address that people reach the portal at: an origin, without a path.
#[derive(Debug, Clone)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// The origin: `https://gatebook.example.com`, without a slash at its end.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// Whether it is reached over TLS.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The full address of a path that begins with a slash.
    pub fn of_path(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }
}

/// The sign-in provider.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// Exactly as its discovery document says it. `GATEBOOK_OIDC_ISSUER`.
    pub issuer: String,
    /// `GATEBOOK_OIDC_CLIENT_ID`.
    pub client_id: String,
    /// `GATEBOOK_OIDC_CLIENT_SECRET`.
    pub client_secret: SecretString,
    /// The claim that lists groups; a dot leads into an object. `GATEBOOK_OIDC_GROUPS_CLAIM`, default `groups`.
    pub groups_claim: String,
    /// What to ask for beside `openid`. `GATEBOOK_OIDC_SCOPES`, default `profile email`.
    pub scopes: Vec<String>,
}

/// Groups at the provider that give a role here.
#[derive(Debug, Clone)]
pub struct RoleGroups {
    /// `GATEBOOK_ADMIN_GROUPS`, separated by commas; at least one.
    pub administrators: Vec<String>,
    /// `GATEBOOK_AUDITOR_GROUPS`, separated by commas; may be empty.
    pub auditors: Vec<String>,
}

/// What happens to somebody who signs in and is not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownPeople {
    /// They become an employee.
    Create,
    /// They are refused until they were imported.
    Refuse,
}

/// How long sessions last.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// Without being seen. `GATEBOOK_SESSION_IDLE_MINUTES`, default 60.
    pub idle: TimeDelta,
    /// In all. `GATEBOOK_SESSION_MAX_MINUTES`, default 720 (12 hours).
    pub absolute: TimeDelta,
}

/// The application's database. `DATABASE_URL`.
///
/// # Errors
/// When it is missing or not a Postgres address.
pub fn database_url(source: &Source) -> Result<SecretString, ConfigError> {
    read::postgres(source, "DATABASE_URL", "the database, as the application's own role")
}

/// A streaming replica of the same database, for reading what may be a moment old. `DATABASE_READ_URL`, default none.
///
/// # Errors
/// When it is not a Postgres address.
pub fn database_read_url(source: &Source) -> Result<Option<SecretString>, ConfigError> {
    const NAME: &str = "DATABASE_READ_URL";
    source.get(NAME).map(|_| read::postgres(source, NAME, "a streaming replica of the database")).transpose()
}

/// The owner's way to the database. `DATABASE_ADMIN_URL`.
///
/// # Errors
/// When it is missing or not a Postgres address.
pub fn database_admin_url(source: &Source) -> Result<SecretString, ConfigError> {
    read::postgres(source, "DATABASE_ADMIN_URL", "the database, as the role that owns the tables")
}

impl Settings {
    /// Reads all settings of `serve`.
    ///
    /// # Errors
    /// The first that is missing or wrong, in a sentence that names it.
    pub fn read(source: &Source) -> Result<Self, ConfigError> {
        let number = |name, default, range| read::number(source, name, default, range);
        Ok(Self {
            listen: read::parsed(
                source,
                "GATEBOOK_LISTEN",
                "127.0.0.1:3000",
                "an address and port, as in 0.0.0.0:3000",
            )?,
            public_url: PublicUrl(read::web_address(
                source,
                "GATEBOOK_PUBLIC_URL",
                "the address that people reach Gatebook at",
                true,
            )?),
            oidc: OidcSettings::read(source)?,
            groups: RoleGroups::read(source)?,
            unknown_people: match source.get("GATEBOOK_UNKNOWN_PEOPLE").as_deref() {
                None | Some("create") => UnknownPeople::Create,
                Some("refuse") => UnknownPeople::Refuse,
                Some(_) => return Err(ConfigError::wrong("GATEBOOK_UNKNOWN_PEOPLE", "`create` or `refuse`")),
            },
            time_zone: read::parsed(
                source,
                "GATEBOOK_TIME_ZONE",
                "UTC",
                "an IANA name, as in Europe/Berlin",
            )?,
            trusted_proxies: read::list(source, "GATEBOOK_TRUSTED_PROXIES")
                .iter()
                .map(|text| text.parse())
                .collect::<Result<_, _>>()
                .map_err(|()| {
                    ConfigError::wrong(
                        "GATEBOOK_TRUSTED_PROXIES",
                        "addresses or networks separated by commas, as in 10.0.0.0/8",
                    )
                })?,
            sessions: SessionLimits {
                idle: TimeDelta::minutes(number("GATEBOOK_SESSION_IDLE_MINUTES", 60, 2..=10_080)?),
                absolute: TimeDelta::minutes(number("GATEBOOK_SESSION_MAX_MINUTES", 720, 2..=43_200)?),
            },
            sign_ins_per_minute: u32::try_from(number("GATEBOOK_SIGN_INS_PER_MINUTE", 60, 0..=1_000_000)?)
                .unwrap_or(0),
            refusals_per_minute: u32::try_from(number("GATEBOOK_REFUSALS_PER_MINUTE", 30, 0..=1_000_000)?)
                .unwrap_or(0),
        })
    }
}

impl OidcSettings {
    fn read(source: &Source) -> Result<Self, ConfigError> {
        // Read for its checks; kept as written, because issuers are compared letter by letter.
        read::web_address(source, "GATEBOOK_OIDC_ISSUER", "the issuer of the sign-in provider", false)?;
        let scopes = source.get("GATEBOOK_OIDC_SCOPES").unwrap_or_else(|| "profile email".to_owned());
        Ok(Self {
            issuer: read::required(source, "GATEBOOK_OIDC_ISSUER", "the issuer of the sign-in provider")?,
            client_id: read::required(
                source,
                "GATEBOOK_OIDC_CLIENT_ID",
                "how Gatebook is registered at the sign-in provider",
            )?,
            client_secret: read::required(
                source,
                "GATEBOOK_OIDC_CLIENT_SECRET",
                "what Gatebook proves itself with at the sign-in provider",
            )?
            .into(),
            groups_claim: source.get("GATEBOOK_OIDC_GROUPS_CLAIM").unwrap_or_else(|| "groups".to_owned()),
            scopes: scopes
                .split([' ', ','])
                .filter(|s| !s.is_empty() && *s != "openid")
                .map(str::to_owned)
                .collect(),
        })
    }
}

impl RoleGroups {
    fn read(source: &Source) -> Result<Self, ConfigError> {
        let administrators = read::list(source, "GATEBOOK_ADMIN_GROUPS");
        if administrators.is_empty() {
            return Err(ConfigError::missing(
                "GATEBOOK_ADMIN_GROUPS",
                "the groups at the sign-in provider whose members administrate Gatebook; without one nobody could",
            ));
        }
        Ok(Self { administrators, auditors: read::list(source, "GATEBOOK_AUDITOR_GROUPS") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &[(&str, &str)] = &[
        ("GATEBOOK_PUBLIC_URL", "https://gatebook.example.com/"),
        ("GATEBOOK_OIDC_ISSUER", "https://id.example.com/realms/a"),
        ("GATEBOOK_OIDC_CLIENT_ID", "gatebook"),
        ("GATEBOOK_OIDC_CLIENT_SECRET", "s3cret"),
        ("GATEBOOK_ADMIN_GROUPS", "gatebook-admins, platform"),
    ];

    fn with(change: &[(&str, &str)]) -> Result<Settings, String> {
        let all = GOOD.iter().chain(change).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::read(&Source::of(all)).map_err(|error| error.to_string())
    }

    #[test]
    fn good_settings_are_read_with_their_defaults() {
        let settings = with(&[]).unwrap();
        assert_eq!(settings.public_url.of_path("/x"), "https://gatebook.example.com/x");
        assert_eq!(settings.groups.administrators, ["gatebook-admins", "platform"]);
        assert_eq!(settings.oidc.scopes, ["profile", "email"]);
        assert_eq!(settings.sessions.absolute, TimeDelta::hours(12));
        assert!(!format!("{settings:?}").contains("s3cret"), "a secret must not be logged");
    }

    #[test]
    fn a_missing_setting_is_named() {
        for (name, _) in GOOD {
            let error = with(&[(name, "")]).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn a_wrong_setting_is_named() {
        for (name, value) in [
            ("GATEBOOK_PUBLIC_URL", "gatebook.example.com"),
            ("GATEBOOK_PUBLIC_URL", "http://gatebook.example.com"),
            ("GATEBOOK_PUBLIC_URL", "https://gatebook.example.com/portal"),
            ("GATEBOOK_OIDC_ISSUER", "http://id.example.com"),
            ("GATEBOOK_ADMIN_GROUPS", " , "),
            ("GATEBOOK_LISTEN", "3000"),
            ("GATEBOOK_TIME_ZONE", "Berlin"),
            ("GATEBOOK_UNKNOWN_PEOPLE", "perhaps"),
            ("GATEBOOK_TRUSTED_PROXIES", "10.0.0.0/33"),
            ("GATEBOOK_SESSION_IDLE_MINUTES", "0"),
            ("GATEBOOK_SIGN_INS_PER_MINUTE", "many"),
            ("GATEBOOK_REFUSALS_PER_MINUTE", "-1"),
        ] {
            let error = with(&[(name, value)]).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn a_replica_is_read_from_only_where_there_is_one() {
        let of = |value: &str| database_read_url(&Source::of([("DATABASE_READ_URL".into(), value.into())]));
        assert!(of("").unwrap().is_none());
        assert!(of("postgresql://reader@replica/gatebook").unwrap().is_some());
        assert!(of("replica:5432").unwrap_err().to_string().contains("DATABASE_READ_URL"));
    }

    #[test]
    fn the_environment_beats_the_file() {
        let file = "GATEBOOK_TIME_ZONE = \"Europe/Berlin\"\nGATEBOOK_SESSION_IDLE_MINUTES = 5\n\
                    GATEBOOK_AUDITOR_GROUPS = [\"audit\", \"risk\"]";
        let env = GOOD.iter().chain(&[("GATEBOOK_TIME_ZONE", "Asia/Tokyo")]);
        let source =
            Source::of(env.map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))).with_file(file).unwrap();
        let settings = Settings::read(&source).unwrap();
        assert_eq!(settings.time_zone, chrono_tz::Asia::Tokyo);
        assert_eq!(settings.sessions.idle, TimeDelta::minutes(5));
        assert_eq!(settings.groups.auditors, ["audit", "risk"]);
    }
}
