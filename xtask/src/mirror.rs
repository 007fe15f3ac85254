//! Makes a folder hold exactly what others hold, without touching files that are right already.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The files put in place so far.
#[derive(Default)]
pub struct Mirror {
    placed: BTreeSet<PathBuf>,
}

impl Mirror {
    /// Copies all files below a folder (which need not exist) to below another.
    pub fn add(&mut self, from: &Path, to: &Path) -> Result<()> {
        for name in files_below(from)? {
            let (source, copy) = (from.join(&name), to.join(&name));
            let content =
                fs::read(&source).with_context(|| format!("{} cannot be read", source.display()))?;
            if fs::read(&copy).ok().as_ref() != Some(&content) {
                write(&copy, &content).with_context(|| format!("{} cannot be written", copy.display()))?;
            }
            self.placed.insert(copy);
        }
        Ok(())
    }

    /// Removes every other file below the folder.
    pub fn remove_others(self, folder: &Path) -> Result<()> {
        for name in files_below(folder)? {
            let file = folder.join(name);
            if !self.placed.contains(&file) {
                fs::remove_file(&file).with_context(|| format!("{} cannot be removed", file.display()))?;
            }
        }
        Ok(())
    }
}

/// The files below a folder, by their path from there, in order.
pub fn files_below(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        if !next.exists() {
            continue;
        }
        for entry in fs::read_dir(&next).with_context(|| format!("{} cannot be read", next.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(name) = path.strip_prefix(folder) {
                files.insert(name.to_owned());
            }
        }
    }
    Ok(files)
}

fn write(file: &Path, content: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, content)
}

#[cfg(test)]
mod tests {
    use super::{Mirror, files_below};
    use std::fs;
    use std::path::Path;

    #[test]
    fn a_mirror_holds_what_its_sources_hold_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (file, text) in
            [("a/x/1", "one"), ("b/2", "two"), ("site/old", "old"), ("site/pkg/x/1", "before")]
        {
            super::write(&at(file), text.as_bytes()).unwrap();
        }
        let mut mirror = Mirror::default();
        mirror.add(&at("a"), &at("site/pkg")).unwrap();
        mirror.add(&at("b"), &at("site")).unwrap();
        mirror.add(&at("missing"), &at("site")).unwrap();
        mirror.remove_others(&at("site")).unwrap();
        let files = files_below(&at("site")).unwrap();
        assert!(files.iter().map(|file| file.as_path()).eq([Path::new("2"), Path::new("pkg/x/1")]));
        assert_eq!(fs::read_to_string(at("site/pkg/x/1")).unwrap(), "one");
    }
}
