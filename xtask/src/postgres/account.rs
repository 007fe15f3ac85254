//! As whom Postgres runs: it refuses to be root, so root needs somebody else for it.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::binaries::Binaries;
use crate::{process, search_path};

/// As whom the programs of Postgres are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// As whoever runs this driver, who is not root.
    Own,
    /// As another user of the system, who owns the data.
    Other { uid: u32, gid: u32 },
    /// As root, who is `nobody` within a user namespace: where no other user can reach the files.
    Namespace { uid: u32, gid: u32 },
}

impl Account {
    /// Chooses an account that can run these programs on data in that (empty, existing) folder, and
    /// gives the folder to it.
    pub fn for_new(folder: &Path, binaries: &Binaries) -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Own);
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let nobody = user(&users, "nobody");
        if let Some((uid, gid)) = user(&users, "postgres").or(nobody) {
            let other = Self::Other { uid, gid };
            if other.take(folder).is_ok() && other.works(folder, binaries) {
                return Ok(other);
            }
        }
        if let Some((uid, gid)) = nobody {
            let namespace = Self::Namespace { uid, gid };
            namespace.take(folder)?;
            if search_path::find("unshare").is_some() && namespace.works(folder, binaries) {
                return Ok(namespace);
            }
        }
        bail!(
            "Postgres does not run as root, and no other user can work in {}: use an ordinary user, \
             or a checkout that everybody can reach",
            folder.display()
        )
    }

    /// The account that made the cluster in that folder.
    pub fn of_existing(folder: &Path) -> Result<Self> {
        let owner = fs::metadata(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
        let own = rustix::process::geteuid();
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        match (own.is_root(), owner.uid()) {
            (true, 0) => {
                let (uid, gid) = user(&users, "nobody").context("there is no user \"nobody\"")?;
                Ok(Self::Namespace { uid, gid })
            }
            (true, uid) => Ok(Self::Other { uid, gid: owner.gid() }),
            (false, uid) if uid == own.as_raw() => Ok(Self::Own),
            (false, _) => bail!(
                "{} belongs to another user: run as that user (or as root), or remove it",
                folder.display()
            ),
        }
    }

    /// A command that runs as this account.
    pub fn command(self, program: &Path) -> Command {
        let mut command = match self {
            Self::Own => Command::new(program),
            Self::Other { uid, gid } => {
                let mut command = Command::new(program);
                command.uid(uid).gid(gid);
                command
            }
            Self::Namespace { uid, gid } => {
                let mut command = Command::new("unshare");
                command.arg("--user").arg(format!("--map-user={uid}")).arg(format!("--map-group={gid}"));
                command.arg("--").arg(program);
                command
            }
        };
        // The working folder may be closed to the account, and cargo's library path is not for it.
        command.current_dir("/").env_remove("LD_LIBRARY_PATH");
        command
    }

    /// Gives a file or folder to this account.
    pub fn take(self, path: &Path) -> Result<()> {
        let (uid, gid) = match self {
            Self::Own => return Ok(()),
            Self::Other { uid, gid } => (uid, gid),
            Self::Namespace { .. } => (0, 0),
        };
        chown(path, Some(uid), Some(gid)).with_context(|| format!("{} cannot be handed over", path.display()))
    }

    fn works(self, folder: &Path, binaries: &Binaries) -> bool {
        let mut probe = self.command(Path::new("/bin/sh"));
        probe.arg("-c").arg("cd \"$1\" && test -w . && \"$2\" --version && \"$3\" --version").arg("probe");
        probe.arg(folder).arg(binaries.folder.join("initdb")).arg(binaries.folder.join("postgres"));
        process::output(&mut probe).is_ok()
    }
}

/// The numbers of a user and its group, from the text of `/etc/passwd`.
fn user(passwd: &str, name: &str) -> Option<(u32, u32)> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::user;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let passwd = "nobody2:x:7:8::/:/bin/sh\nnobody:x:65534:65533:nobody:/nonexistent:/bin/false\n";
        assert_eq!(user(passwd, "nobody"), Some((65534, 65533)));
        assert_eq!(user(passwd, "body"), None);
    }
}
