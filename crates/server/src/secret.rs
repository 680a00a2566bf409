//! What nobody else may know: the secret that signs and checks tokens, and the token by which another service is asked.

use std::{
    env, fmt, fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use crate::{config::Config, error::StartError};

const VARIABLE: &str = "CONVERSATION_SECRET";
const GROUPS_VARIABLE: &str = "CONVERSATION_GROUPS_TOKEN";
const DEFAULT_FILE: &str = "data/secret";

/// A text that only the server and those whom it concerns know.
pub(crate) struct Secret(String);

impl Secret {
    /// What signs and checks tokens, its bytes the key: of `--secret-file`, else of the environment, else of the default
    /// file. A file that is not there is made.
    pub(crate) fn signing(config: &Config) -> Result<Self, StartError> {
        match &config.secret_file {
            Some(path) => Self::of_file_or_new(path),
            None => Self::of_environment(VARIABLE)?.map_or_else(|| Self::of_file_or_new(Path::new(DEFAULT_FILE)), Ok),
        }
    }

    /// The token by which groups are asked for: of `--groups-token-file`, else of the environment.
    pub(crate) fn groups_token(config: &Config) -> Result<Self, StartError> {
        let missing = || {
            let needed =
                format!("--groups needs an administrator's token, in {GROUPS_VARIABLE} or a --groups-token-file");
            StartError::Usage(needed)
        };
        match &config.groups_token_file {
            Some(path) => Self::of_file(path),
            None => Self::of_environment(GROUPS_VARIABLE)?.ok_or_else(missing),
        }
    }

    fn of_environment(variable: &str) -> Result<Option<Self>, StartError> {
        let Some(value) = env::var_os(variable) else { return Ok(None) };
        let text = value.into_string().ok().filter(|text| !text.is_empty());
        let secret = text.map(Self).ok_or_else(|| StartError::Secret(variable.into(), "must be a text, and not empty"));
        secret.map(Some)
    }

    /// The secret in the file at `path`, which is made where there is none.
    fn of_file_or_new(path: &Path) -> Result<Self, StartError> {
        let failed = |doing| move |source| StartError::File { doing, path: path.into(), source };
        if !path.try_exists().map_err(failed("read the secret file"))? {
            make(path).map_err(failed("make the secret file"))?;
        }
        Self::of_file(path)
    }

    fn of_file(path: &Path) -> Result<Self, StartError> {
        let failed = |source| StartError::File { doing: "read the secret file", path: path.into(), source };
        let (text, mode) = read(path).map_err(failed)?;
        let wrong = |what| StartError::Secret(path.display().to_string(), what);
        if mode & 0o077 != 0 {
            return Err(wrong("can be read by other users of this machine: take their permissions away (chmod 600)"));
        }
        let text = text.strip_suffix('\n').unwrap_or(&text);
        if text.is_empty() {
            return Err(wrong("is empty"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The secret itself.
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

/// Makes a secret file. Of two servers that start at once, the first one's stays, and both read it.
fn make(path: &Path) -> io::Result<()> {
    let folder = folder_of(path);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    // Written whole under another name, readable by its owner alone, and only then given its name.
    let mut file = tempfile::NamedTempFile::new_in(&folder)?;
    random.iter().try_for_each(|byte| write!(file, "{byte:02x}"))?;
    writeln!(file)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
        _ => fs::File::open(&folder)?.sync_all(),
    }
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_made_once_and_is_the_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/secret");
        let made = Secret::of_file_or_new(&path).unwrap();
        assert_eq!(made.expose().len(), 64);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(Secret::of_file(&path).unwrap().expose(), made.expose());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else is left behind");
    }

    #[test]
    fn of_many_who_make_it_at_once_one_wins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let secrets: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| Secret::of_file_or_new(&path).unwrap().0)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(secrets.iter().all(|secret| *secret == secrets[0]), "{secrets:?}");
    }

    #[test]
    fn a_file_of_ones_own_is_taken_without_its_last_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "openIM123\n").unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(Secret::of_file(&path).unwrap().expose(), "openIM123");
    }

    #[test]
    fn a_file_that_others_can_read_or_that_is_empty_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for (text, mode, told) in [("s", 0o644, "can be read by other users"), ("\n", 0o600, "is empty")] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            let error = Secret::of_file(&path).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret("hush".into())), "Secret(…)");
    }
}
