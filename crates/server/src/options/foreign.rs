//! Names of options in other programs.

/// Other programs' names, and the flag and the variable that they mean here.
const NAMES: [(&[&str], &str, &str); 4] = [
    (&["address", "addr", "bind", "host", "port"], "--listen HOST:PORT", "CONVERSATION_LISTEN"),
    (&["database", "database-url", "db", "db-url", "dsn"], "--store STORE", "CONVERSATION_STORE"),
    (&["jwt-secret", "token-secret"], "--secret-file PATH", "CONVERSATION_SECRET"),
    (&["debug", "log-level", "loglevel", "verbose"], "the variable RUST_LOG", "RUST_LOG"),
];

/// The flag that `flag`, such as `--port`, means.
pub(crate) fn flag_meant_by(flag: &str) -> Option<&'static str> {
    find(flag.trim_start_matches('-')).map(|(flag, _)| flag)
}

/// The variable that `rest` means, the part of a name after the prefix.
pub(super) fn variable_meant_by(rest: &str) -> Option<&'static str> {
    find(&rest.replace('_', "-")).map(|(_, variable)| variable)
}

fn find(name: &str) -> Option<(&'static str, &'static str)> {
    let name = name.to_ascii_lowercase();
    NAMES.iter().find(|(names, ..)| names.contains(&&*name)).map(|&(_, flag, variable)| (flag, variable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_option_that_a_foreign_name_means() {
        assert_eq!(flag_meant_by("--port"), Some("--listen HOST:PORT"));
        assert_eq!(flag_meant_by("--database-url"), Some("--store STORE"));
        assert_eq!(flag_meant_by("--admin"), None);
        assert_eq!(variable_meant_by("LOG_LEVEL"), Some("RUST_LOG"));
        assert_eq!(variable_meant_by("DATABASE_URL"), Some("CONVERSATION_STORE"));
        assert_eq!(variable_meant_by("STORE"), None);
    }
}
