//! The secret that signs tokens, and the token for OpenIM's groups.

use std::{
    env, fmt, fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use crate::{config::Config, error::StartError};

pub(crate) const VARIABLE: &str = "CONVERSATION_SECRET";
pub(crate) const GROUPS_VARIABLE: &str = "CONVERSATION_GROUPS_TOKEN";
pub(crate) const DEFAULT_FILE: &str = "data/secret";

/// A secret text, absent from `Debug`.
pub(crate) struct Secret(String);

impl Secret {
    /// The key that signs tokens: from `--secret-file`, else the environment, else the default file. A missing file is
    /// created.
    pub(crate) fn signing_key(config: &Config) -> Result<Self, StartError> {
        match &config.secret_file {
            Some(path) => Self::from_file_or_create(path),
            None => {
                Self::from_environment(VARIABLE)?.map_or_else(|| Self::from_file_or_create(Path::new(DEFAULT_FILE)), Ok)
            }
        }
    }

    /// The token for `--groups`: from `--groups-token-file`, else the environment.
    pub(crate) fn groups_token(config: &Config) -> Result<Self, StartError> {
        let missing = || {
            let needed = format!("--groups needs OpenIM's admin token, in {GROUPS_VARIABLE} or a --groups-token-file");
            StartError::Usage(needed)
        };
        match &config.groups_token_file {
            Some(path) => Self::from_file(path),
            None => Self::from_environment(GROUPS_VARIABLE)?.ok_or_else(missing),
        }
    }

    fn from_environment(variable: &str) -> Result<Option<Self>, StartError> {
        let Some(value) = env::var_os(variable) else { return Ok(None) };
        let text = value.into_string().ok().filter(|text| !text.is_empty());
        let secret = text.map(Self).ok_or_else(|| StartError::Secret(variable.into(), "must be non-empty UTF-8 text"));
        secret.map(Some)
    }

    /// Reads the file at `path`, creating it first if it is missing.
    fn from_file_or_create(path: &Path) -> Result<Self, StartError> {
        let failed = |action| move |source| StartError::File { action, path: path.into(), source };
        if !path.try_exists().map_err(failed("read the secret file"))? {
            create(path).map_err(failed("create the secret file"))?;
        }
        Self::from_file(path)
    }

    fn from_file(path: &Path) -> Result<Self, StartError> {
        let failed = |source| StartError::File { action: "read the secret file", path: path.into(), source };
        let (text, mode) = read(path).map_err(failed)?;
        let invalid = |problem| StartError::Secret(path.display().to_string(), problem);
        if mode & 0o077 != 0 {
            return Err(invalid("can be read by other users: run chmod 600 on the file"));
        }
        let text = text.strip_suffix('\n').unwrap_or(&text);
        if text.is_empty() {
            return Err(invalid("is empty"));
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

fn read(path: &Path) -> io::Result<(String, u32)> {
    Ok((fs::read_to_string(path)?, fs::metadata(path)?.mode()))
}

/// Creates a secret file. If two servers start at once, both read the first one's file.
fn create(path: &Path) -> io::Result<()> {
    let folder = parent_of(path);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    // A reader never sees half a secret: the file is renamed after it is complete. Only its owner can read it.
    let mut file = tempfile::NamedTempFile::new_in(&folder)?;
    random.iter().try_for_each(|byte| write!(file, "{byte:02x}"))?;
    writeln!(file)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
        _ => fs::File::open(&folder)?.sync_all(),
    }
}

fn parent_of(path: &Path) -> PathBuf {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn creates_the_secret_once_readable_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/secret");
        let created = Secret::from_file_or_create(&path).unwrap();
        assert_eq!(created.expose().len(), 64);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(Secret::from_file(&path).unwrap().expose(), created.expose());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else is left behind");
    }

    #[test]
    fn creates_one_secret_for_concurrent_starts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let secrets: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| Secret::from_file_or_create(&path).unwrap().0)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(secrets.iter().all(|secret| *secret == secrets[0]), "{secrets:?}");
    }

    #[test]
    fn strips_the_last_line_end_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "openIM123\n").unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(Secret::from_file(&path).unwrap().expose(), "openIM123");
    }

    #[test]
    fn rejects_files_that_are_readable_by_others_or_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for (text, mode, message) in [("s", 0o644, "can be read by other users"), ("\n", 0o600, "is empty")] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            let error = Secret::from_file(&path).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn hides_the_secret_in_debug() {
        assert_eq!(format!("{:?}", Secret("hush".into())), "Secret(…)");
    }
}
