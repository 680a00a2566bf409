//! Files of authorities.

use std::{fs, path::PathBuf};

use conversation_settings_tls::{Authorities, AuthorityError};
use tempfile::TempDir;

fn certificate() -> String {
    rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap().cert.pem()
}

fn file(folder: &TempDir, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn adds_each_certificate_of_a_file_to_those_of_the_system() {
    let folder = tempfile::tempdir().unwrap();
    let system = Authorities::default().to_pem();
    let mut authorities = Authorities::default();
    let (first, second, third) = (certificate(), certificate(), certificate());
    // A file may have text around its certificates, as those of distributions do.
    authorities.add_file(file(&folder, "bundle.pem", format!("Ours:\n{first}\n# and\n{second}"))).unwrap();
    authorities.add_file(file(&folder, "other.pem", &third)).unwrap();
    let all = authorities.to_pem();
    let added = all.strip_prefix(&system).unwrap();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(added), lines(&[first, second, third].concat()));
    authorities.client_config().unwrap();
    // What is written can be read again.
    let mut again = Authorities::default();
    again.add_file(file(&folder, "all.pem", &all)).unwrap();
    assert!(again.to_pem().ends_with(added));
}

#[test]
fn names_the_file_and_what_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut authorities = Authorities::default();
    let error = authorities.add_file("/nowhere/ca.pem").unwrap_err();
    assert!(matches!(error, AuthorityError::File { .. }), "{error:?}");
    assert_eq!(error.to_string(), "cannot read /nowhere/ca.pem");
    let key = rcgen::generate_simple_self_signed(Vec::new()).unwrap().signing_key.serialize_pem();
    for (name, text) in [("empty.pem", String::new()), ("key.pem", key), ("binary.der", "\u{0}0\u{3}".repeat(9))] {
        let error = authorities.add_file(file(&folder, name, text)).unwrap_err();
        assert!(matches!(error, AuthorityError::Empty { .. }), "{name}: {error:?}");
        assert!(error.to_string().contains(name), "{error}");
    }
    let whole = certificate();
    let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let cut = &whole[..whole.len() / 2];
    for second in [damaged, cut] {
        let error = authorities.add_file(file(&folder, "damaged.pem", format!("{whole}{second}"))).unwrap_err();
        assert!(matches!(error, AuthorityError::Damaged { number: 2, .. }), "{error:?}");
    }
    assert_eq!(authorities, Authorities::default(), "a file with an error adds nothing");
}
