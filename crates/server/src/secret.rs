//! Secrets from files and variables: the key that signs tokens, and those of other services.

use std::{
    convert::Infallible,
    env, fmt, fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{self, Path, PathBuf},
    str::FromStr,
};

use crate::{config::Config, error::StartError, options::FilePath};

pub(crate) const VARIABLE: &str = "CONVERSATION_SECRET";
pub(crate) const PREVIOUS_VARIABLE: &str = "CONVERSATION_PREVIOUS_SECRET";
pub(crate) const GROUPS_VARIABLE: &str = "CONVERSATION_GROUPS_TOKEN";
pub(crate) const WEBHOOK_KEY_VARIABLE: &str = "CONVERSATION_WEBHOOK_KEY";
/// The variables that contain a secret itself. None of them has a flag, because every user of a machine can read flags.
pub(crate) const VARIABLES: [&str; 4] = [VARIABLE, PREVIOUS_VARIABLE, GROUPS_VARIABLE, WEBHOOK_KEY_VARIABLE];
pub(crate) const DEFAULT_FILE: &str = "data/secret";

/// What errors call the file of the secret that signs tokens.
const SECRET_FILE: &str = "the secret file";

/// A secret text, absent from `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

/// The secret that signs tokens, and where it was found.
#[derive(Debug)]
pub(crate) struct SigningSecret {
    pub(crate) secret: Secret,
    pub(crate) origin: Origin,
    /// Whether this start created it.
    pub(crate) is_new: bool,
    /// The secret that signed tokens before; it only verifies.
    pub(crate) previous: Option<Secret>,
}

/// Where a secret was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// In a file that this server created, with an absolute path.
    OwnFile(PathBuf),
    /// In a file that an option names, with an absolute path.
    File(PathBuf),
    /// In the variable [`VARIABLE`].
    Variable,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnFile(path) | Self::File(path) => path.display().fmt(f),
            Self::Variable => f.write_str(VARIABLE),
        }
    }
}

impl SigningSecret {
    /// From `--secret-file`, else the environment, else the default file. A missing file is created, unless the environment
    /// has a secret: then its path is probably misspelt.
    pub(crate) fn find_or_create(config: &Config) -> Result<Self, StartError> {
        Self::find(config, |path, is_named| {
            if is_named && env::var_os(VARIABLE).is_some() && !exists(path)? {
                let path = path::absolute(path)?;
                return Err(StartError::Usage(format!(
                    "--secret-file: {} does not exist, and {VARIABLE} is set: correct the path, or unset the variable to \
                     create a new secret",
                    path.display()
                )));
            }
            Secret::from_file_or_create(path)
        })
    }

    /// Like [`find_or_create`](Self::find_or_create), for a command that must use the server's secret: a new one would be
    /// of no use.
    pub(crate) fn find_existing(config: &Config) -> Result<Self, StartError> {
        Self::find(config, |path, is_named| {
            if exists(path)? {
                return Ok((Secret::from_file(path, SECRET_FILE)?, false));
            }
            let path = path::absolute(path)?;
            let path = path.display();
            Err(StartError::Usage(if is_named {
                format!("--secret-file: {path} does not exist: name the file of the server, which creates it")
            } else {
                format!(
                    "there is no secret to sign with: {VARIABLE} is not set, and {path} does not exist. Run this in the \
                     server's folder, or name the server's secret with --secret-file"
                )
            }))
        })
    }

    /// `read` reads the file at a path, which is named by an option or the default, and says whether it is new.
    fn find(
        config: &Config,
        read: impl FnOnce(&Path, bool) -> Result<(Secret, bool), StartError>,
    ) -> Result<Self, StartError> {
        let previous = config.previous_secret_file.as_ref();
        let previous = Secret::from_file_or_environment(previous, "--previous-secret-file", PREVIOUS_VARIABLE)?;
        let (path, is_named) = match &config.secret_file {
            Some(path) => (path.as_path(), true),
            None => match Secret::from_environment(VARIABLE)? {
                Some(secret) => return Ok(Self { secret, origin: Origin::Variable, is_new: false, previous }),
                None => (Path::new(DEFAULT_FILE), false),
            },
        };
        let (secret, is_new) = read(path, is_named)?;
        let path = path::absolute(path)?;
        let origin = if is_named && !is_new { Origin::File(path) } else { Origin::OwnFile(path) };
        Ok(Self { secret, origin, is_new, previous })
    }
}

impl Secret {
    /// The keys that sign requests to the webhook: from `--webhook-key-file`, else the environment.
    pub(crate) fn webhook_keys(config: &Config) -> Result<Option<Self>, StartError> {
        Self::from_file_or_environment(config.webhook_key_file.as_ref(), "--webhook-key-file", WEBHOOK_KEY_VARIABLE)
    }

    /// The token for `--groups`: from `--groups-token-file`, else the environment.
    pub(crate) fn groups_token(config: &Config) -> Result<Option<Self>, StartError> {
        Self::from_file_or_environment(config.groups_token_file.as_ref(), "--groups-token-file", GROUPS_VARIABLE)
    }

    fn from_file_or_environment(
        file: Option<&FilePath>,
        option: &'static str,
        variable: &str,
    ) -> Result<Option<Self>, StartError> {
        match file {
            Some(path) => Self::from_file(path.as_path(), option).map(Some),
            None => Self::from_environment(variable),
        }
    }

    fn from_environment(variable: &str) -> Result<Option<Self>, StartError> {
        let Some(value) = env::var_os(variable) else { return Ok(None) };
        let text = value.into_string().ok().filter(|text| !text.is_empty());
        let secret = text
            .map(Self)
            .ok_or_else(|| StartError::Secret(format!("the secret in {variable}"), "must be non-empty UTF-8 text"));
        secret.map(Some)
    }

    /// Reads the file at `path`, creating it first if it is missing. Returns whether it was missing.
    fn from_file_or_create(path: &Path) -> Result<(Self, bool), StartError> {
        let is_missing = !exists(path)?;
        if is_missing {
            create(path).map_err(|source| StartError::File {
                action: "create",
                what: SECRET_FILE,
                path: path.into(),
                source,
            })?;
        }
        let secret = Self::from_file(path, SECRET_FILE)?;
        remove_unfinished(path);
        Ok((secret, is_missing))
    }

    /// Reads a file that only its owner can read; `what` names it in errors. The last line end does not count.
    pub(crate) fn from_file(path: &Path, what: &'static str) -> Result<Self, StartError> {
        let failed = |source| StartError::File { action: "read", what, path: path.into(), source };
        let (text, mode) = read(path).map_err(failed)?;
        let invalid = |problem| StartError::Secret(format!("{what} {}", path.display()), problem);
        if text.starts_with('\u{feff}') {
            return Err(invalid("begins with a byte order mark (BOM): save the file as UTF-8 without it"));
        }
        if mode & 0o077 != 0 {
            return Err(invalid("can be read by other users: run chmod 600 on the file"));
        }
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            return Err(invalid("is empty"));
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

fn exists(path: &Path) -> Result<bool, StartError> {
    path.try_exists().map_err(|source| StartError::File {
        action: "read",
        what: SECRET_FILE,
        path: path.into(),
        source,
    })
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
    let (prefix, suffix) = unfinished_name(path);
    let mut file = tempfile::Builder::new().prefix(&prefix).suffix(suffix).tempfile_in(&folder)?;
    random.iter().try_for_each(|byte| write!(file, "{byte:02x}"))?;
    writeln!(file)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        // Another server that was faster may also have removed this file as unfinished.
        Err(error) if !path.exists() => Err(error.error),
        _ => fs::File::open(&folder)?.sync_all(),
    }
}

/// Removes what starts that were killed left beside the secret file at `path`. The secret exists, so none of it is needed.
fn remove_unfinished(path: &Path) {
    let (prefix, suffix) = unfinished_name(path);
    let Ok(entries) = fs::read_dir(parent_of(path)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(&prefix) && name.ends_with(suffix)) {
            // The folder may be read-only, or another start was faster.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// What the name of an unfinished secret file begins and ends with. Its middle is random.
fn unfinished_name(path: &Path) -> (String, &'static str) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    (format!(".{name}.unfinished-"), ".tmp")
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
        let (created, is_new) = Secret::from_file_or_create(&path).unwrap();
        assert_eq!((created.expose().len(), is_new), (64, true));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(Secret::from_file(&path, SECRET_FILE).unwrap().expose(), created.expose());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else is left behind");
    }

    #[test]
    fn creates_one_secret_for_concurrent_starts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let secrets: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| Secret::from_file_or_create(&path).unwrap().0.0)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(secrets.iter().all(|secret| *secret == secrets[0]), "{secrets:?}");
    }

    #[test]
    fn removes_unfinished_files_of_killed_starts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let (prefix, suffix) = unfinished_name(&path);
        for name in [format!("{prefix}a1{suffix}"), format!("{prefix}b2{suffix}")] {
            fs::write(folder.path().join(name), "half a sec").unwrap();
        }
        let others = [".secret", "secret.tmp", ".secret2.unfinished-a.tmp", "conversations.db"];
        for name in others {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let (created, _) = Secret::from_file_or_create(&path).unwrap();
        let left = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut expected: Vec<_> = others.iter().map(ToString::to_string).chain(["secret".to_owned()]).collect();
        let mut left: Vec<_> = left.collect();
        expected.sort();
        left.sort();
        assert_eq!(left, expected);
        let (found, is_new) = Secret::from_file_or_create(&path).unwrap();
        assert!(found == created && !is_new);
    }

    #[test]
    fn strips_the_last_line_end_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for (content, secret) in [
            ("openIM123\n", "openIM123"),
            ("openIM123\r\n", "openIM123"),
            ("two\nlines\n", "two\nlines"),
            (" s ", " s "),
        ] {
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
            assert_eq!(Secret::from_file(&path, SECRET_FILE).unwrap().expose(), secret);
        }
    }

    #[test]
    fn rejects_files_that_are_readable_by_others_or_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for (text, mode, message) in [
            ("s", 0o644, "can be read by other users"),
            ("\n", 0o600, "is empty"),
            ("\u{feff}s", 0o600, "begins with a byte order mark"),
        ] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            let error = Secret::from_file(&path, SECRET_FILE).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn hides_the_secret_in_debug() {
        assert_eq!(format!("{:?}", Secret("hush".into())), "Secret(…)");
    }
}
