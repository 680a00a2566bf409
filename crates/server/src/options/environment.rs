//! Variables of the environment that look like the program's and are none of them.

use std::collections::BTreeSet;

use super::foreign::variable_meant_by;

/// How the program's variables begin.
const PREFIX: &str = "CONVERSATION_";

/// How the variables of this workspace's tests begin. A test may start the program.
const TESTS: &str = "CONVERSATION_TEST_";

/// From this similarity on, one name is taken for a misspelling of the other. `clap` has the same limit for flags.
const NEAR: f64 = 0.7;

/// A warning for each of the `variables`, as names and values, that the program does not know and that seems to be meant as
/// one of the `known`.
///
/// Programs may share an environment, so an unknown variable is no error.
pub(crate) fn warn_of_unknown(
    known: &BTreeSet<&str>,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Vec<String> {
    let unknown = variables
        .into_iter()
        .filter(|(name, value)| !known.contains(&**name) && !name.starts_with(TESTS) && !is_kubernetes(name, value));
    let mut warnings: Vec<_> = unknown.filter_map(|(name, _)| warning(known, &name)).collect();
    warnings.sort_unstable();
    warnings
}

fn warning(known: &BTreeSet<&str>, name: &str) -> Option<String> {
    let upper = name.to_ascii_uppercase();
    let hint = match upper.strip_prefix(PREFIX) {
        Some(rest) => {
            let known = variable_meant_by(rest).or_else(|| nearest(known, rest));
            known.map_or("--help lists the variables".to_owned(), meant)
        }
        // The prefix itself may be misspelt.
        None => known.iter().find(|known| strsim::damerau_levenshtein(known, &upper) <= 2).map(|known| meant(known))?,
    };
    Some(format!("the variable {name} has no effect: {hint}"))
}

fn meant(known: &str) -> String {
    format!("did you mean {known}?")
}

/// The variable whose name after the prefix is nearest to `rest`. `SERVER_LISTEN` is near to `LISTEN`, too.
fn nearest<'a>(known: &BTreeSet<&'a str>, rest: &str) -> Option<&'a str> {
    let similarity = |known: &str| {
        let known = known.strip_prefix(PREFIX).unwrap_or(known);
        if rest.ends_with(&format!("_{known}")) { 1.0 } else { strsim::jaro(known, rest) }
    };
    let nearest = known.iter().map(|known| (similarity(known), *known)).max_by(|(a, _), (b, _)| a.total_cmp(b));
    nearest.filter(|(similarity, _)| *similarity > NEAR).map(|(_, known)| known)
}

/// Whether Kubernetes sets the variable in every container, for a service with the name `conversation` or
/// `conversation-…`.
fn is_kubernetes(name: &str, value: &str) -> bool {
    let is_url = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let is_part = name.contains("_PORT_") && ["_ADDR", "_PORT", "_PROTO"].iter().any(|end| name.ends_with(end));
    is_url || is_part || name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(name: &str, value: &str) -> Vec<String> {
        let known = [
            "CONVERSATION_ADMINS",
            "CONVERSATION_LISTEN",
            "CONVERSATION_LISTEN_OPERATIONS",
            "CONVERSATION_SECRET",
            "CONVERSATION_SECRET_FILE",
            "CONVERSATION_STORE",
            "CONVERSATION_STORE_FILE",
        ];
        warn_of_unknown(&BTreeSet::from(known), [(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn names_the_nearest_known_variable() {
        for (given, meant) in [
            ("CONVERSATION_ADMIN", "CONVERSATION_ADMINS"),
            ("CONVERSATION_ADMINS_", "CONVERSATION_ADMINS"),
            ("conversation_admins", "CONVERSATION_ADMINS"),
            ("CONVERSATION_LISTEN_ADDRESS", "CONVERSATION_LISTEN"),
            ("CONVERSATION_SERVER_LISTEN", "CONVERSATION_LISTEN"),
            ("CONVERSATION_STORES", "CONVERSATION_STORE"),
            ("CONVERSATION_SECRETFILE", "CONVERSATION_SECRET_FILE"),
            ("CONVERSATION_SECRETS", "CONVERSATION_SECRET"),
            ("CONVERSATIONS_STORE", "CONVERSATION_STORE"),
            ("CONVERSTION_ADMINS", "CONVERSATION_ADMINS"),
            ("CONVERSATION_PORT", "CONVERSATION_LISTEN"),
            ("CONVERSATION_DATABASE_URL", "CONVERSATION_STORE"),
            ("CONVERSATION_LOG_LEVEL", "RUST_LOG"),
        ] {
            let expected = format!("the variable {given} has no effect: did you mean {meant}?");
            assert_eq!(warnings(given, "x"), [expected]);
        }
        let expected = "the variable CONVERSATION_COLOUR has no effect: --help lists the variables";
        assert_eq!(warnings("CONVERSATION_COLOUR", "blue"), [expected]);
    }

    #[test]
    fn is_silent_about_other_variables() {
        for (name, value) in [
            ("CONVERSATION_STORE", "memory:"),
            ("CONVERSATION_TEST_POSTGRES", "postgres://h"),
            ("CONVERSATION_SERVICE_HOST", "10.0.0.1"),
            ("CONVERSATION_SERVICE_PORT", "10002"),
            ("CONVERSATION_SERVICE_PORT_HTTP", "10002"),
            ("CONVERSATION_PORT", "tcp://10.0.0.1:10002"),
            ("CONVERSATION_SERVER_PORT_10002_TCP", "tcp://10.0.0.1:10002"),
            ("CONVERSATION_SERVER_PORT_10002_TCP_ADDR", "10.0.0.1"),
            ("CONVERSATION_SERVER_PORT_10002_TCP_PROTO", "tcp"),
            ("CONVERSATIONAL_AI_KEY", "x"),
            ("ADMINS", "x"),
            ("PATH", "/bin"),
            ("", ""),
        ] {
            assert_eq!(warnings(name, value), [""; 0], "{name}");
        }
    }
}
