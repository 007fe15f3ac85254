//! The folder `.gatebook`, which holds all that a demo keeps, and which one demo at a time may use.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::postgres;

const LOCK: &str = "lock";

/// The folder, held for as long as this value lives.
pub struct DemoState {
    folder: PathBuf,
    _lock: File,
}

impl DemoState {
    /// Takes the folder below the repository, for a demo on that port; the error says who has it.
    pub fn take(root: &Path, port: u16) -> Result<Self> {
        let folder = root.join(".gatebook");
        let file = folder.join(LOCK);
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let opened = File::options().read(true).write(true).create(true).truncate(false).open(&file);
        let mut lock = opened.with_context(|| {
            format!("{} belongs to another user: run the demo as that user, or remove it", folder.display())
        })?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "a demo of this checkout already runs ({}): stop it first, with Ctrl-C where it runs",
                fs::read_to_string(&file).unwrap_or_default().trim_end()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{} cannot be locked", file.display()));
            }
        }
        lock.set_len(0)?;
        lock.write_all(format!("http://127.0.0.1:{port}, process {}\n", std::process::id()).as_bytes())?;
        Ok(Self { folder, _lock: lock })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes everything in it, after stopping a server that an earlier run left behind.
    pub fn forget(&self) -> Result<()> {
        postgres::stop_left_over(&self.folder.join("postgres"))?;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name() == LOCK {
                continue;
            }
            let path = entry.path();
            if entry.file_type()?.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
                .with_context(|| format!("{} cannot be removed", path.display()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::DemoState;

    #[test]
    fn a_second_demo_on_the_same_folder_is_refused_in_one_sentence() {
        let root = tempfile::tempdir().unwrap();
        let first = DemoState::take(root.path(), 3000).unwrap();
        let refusal = DemoState::take(root.path(), 3000).err().unwrap().to_string();
        assert!(refusal.contains("already runs (http://127.0.0.1:3000, process "), "{refusal}");
        assert_eq!(refusal.lines().count(), 1);
        drop(first);
        DemoState::take(root.path(), 3000).unwrap();
    }

    #[test]
    fn forgetting_leaves_only_the_lock() {
        let root = tempfile::tempdir().unwrap();
        let state = DemoState::take(root.path(), 3000).unwrap();
        std::fs::create_dir_all(state.folder().join("postgres/base")).unwrap();
        std::fs::write(state.folder().join("postgres-port"), "5").unwrap();
        state.forget().unwrap();
        let left: Vec<_> =
            std::fs::read_dir(state.folder()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["lock"]);
    }
}
