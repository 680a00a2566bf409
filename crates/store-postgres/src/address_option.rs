//! The option of an address that is not supported, and what to write instead.

use std::error::Error;

use crate::open_error::OpenError;

/// What to write instead of options that other programs know.
const INSTEAD: [(&[&str], &str); 7] = [
    (&["sslrootcert"], "name the file of your own authority with --ca-file"),
    (&["ssl", "tls", "requiressl", "sslaccept", "encrypt"], "write sslmode=require"),
    (&["schema", "search_path", "currentSchema"], "the schema is not a part of the address"),
    (&["sslcert", "sslkey", "sslpassword"], "client certificates are not supported"),
    (&["gssencmode", "krbsrvname", "passfile", "service"], "write the user and the password into the address"),
    (
        &["statement_timeout", "lock_timeout", "client_encoding", "timezone", "TimeZone"],
        "set it for the role, or through options=-c%20NAME=VALUE",
    ),
    (
        &["pgbouncer", "connection_limit", "pool_timeout", "pool_max_conns", "prepare_threshold", "prepareThreshold"],
        "leave it out: the server has a pool of its own",
    ),
];

/// Options that the driver knows.
const SUPPORTED: [&str; 17] = [
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "sslmode",
    "sslnegotiation",
    "hostaddr",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "target_session_attrs",
    "channel_binding",
    "load_balance_hosts",
];

/// The values of options that have a choice.
const VALUES: [(&str, &str); 5] = [
    ("sslmode", "must be disable, prefer or require; require verifies the certificate, as verify-full does elsewhere"),
    ("target_session_attrs", "must be any, read-write or read-only"),
    ("channel_binding", "must be disable, prefer or require"),
    ("load_balance_hosts", "must be disable or random"),
    ("sslnegotiation", "must be postgres or direct"),
];

/// Whether the user or the password has a character that ends it too early: the rest would be printed as a host.
pub(crate) fn is_ambiguous(url: &str) -> bool {
    let rest = ["postgres://", "postgresql://"].iter().find_map(|scheme| url.strip_prefix(scheme)).unwrap_or_default();
    // Options may have these characters.
    let rest = match rest.split_once('?') {
        Some((before, _)) if before.contains(['@', '/']) => before,
        _ => rest,
    };
    rest.rsplit_once('@').is_some_and(|(before, _)| before.contains(['@', '/', '?']))
}

/// The error for the option that the parser's error names; nothing if it names none. The error does not repeat the option's
/// value.
pub(crate) fn refused(url: &str, error: &tokio_postgres::Error) -> Option<OpenError> {
    let cause = error.source()?.to_string();
    let (cause, name) = cause.strip_suffix('`')?.split_once('`')?;
    let (_, options) = url.split_once('?')?;
    // A name with a part of a password is not an option: an unescaped ? or & can make it look like one.
    let is_option = |option: &str| option.split_once('=').is_some_and(|(option, _)| option == name);
    let has_secrets = options.contains('@') || options.contains("password=");
    if has_secrets || !is_word(name) || !options.split('&').any(is_option) {
        return None;
    }
    let problem = if cause.starts_with("unknown") {
        match INSTEAD.iter().find(|(names, _)| names.contains(&name)) {
            Some((_, instead)) => format!("is not supported: {instead}"),
            None => match nearest(name) {
                Some(known) => format!("is not supported: did you mean {known}?"),
                None => "is not supported".to_owned(),
            },
        }
    } else {
        let values = VALUES.iter().find(|(option, _)| *option == name);
        values.map_or("has an invalid value", |(_, values)| values).to_owned()
    };
    Some(OpenError::AddressOption { name: name.to_owned(), problem })
}

/// The supported option that a misspelt name means.
fn nearest(name: &str) -> Option<&'static str> {
    SUPPORTED.into_iter().find(|known| strsim::damerau_levenshtein(known, name) <= 2)
}

fn is_word(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_characters_that_end_a_password_too_early() {
        for ambiguous in
            ["u:p@ss@host/db", "u:p/ss@host/db", "u:p?x@host/db", "u@x:p@host", "u:p@ss/w@host?sslmode=require"]
        {
            assert!(is_ambiguous(&format!("postgres://{ambiguous}")), "{ambiguous}");
            assert!(is_ambiguous(&format!("postgresql://{ambiguous}")), "{ambiguous}");
        }
        for clear in
            ["host/db", "u:p%40ss@host/db", "host/db?user=u@x&password=p@ss/w", "u@host?application_name=a@b", "@host"]
        {
            assert!(!is_ambiguous(&format!("postgres://{clear}")), "{clear}");
        }
    }
}
