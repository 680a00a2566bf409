//! The names of a request's arguments, and which of them a client meant by another.

use std::{collections::BTreeMap, iter};

use conversation_settings_core::{ArgsError, Path, Violation};
use serde_json::Value;
use utoipa::ToSchema;

/// The names of a request, from the schema that describes it: it is made of the table of settings and the types that are
/// read.
#[derive(Debug)]
pub(crate) struct Names {
    /// By their folded form.
    known: BTreeMap<String, Vec<Known>>,
    /// The length of the longest folded form, in bytes.
    longest: usize,
}

#[derive(Debug, PartialEq)]
struct Known {
    name: String,
    /// The path of the object that has it, empty for the request itself; `None` if only another request has it.
    object: Option<String>,
}

/// A flag that keeps a call from writing. In a call that does not have it, it must not be ignored: the call would write.
const DRY_RUN: &str = "dryRun";

impl Names {
    /// The names of the request `R`.
    pub(crate) fn of<R: ToSchema>() -> Self {
        let mut schemas = Vec::new();
        R::schemas(&mut schemas);
        let json = |schema| serde_json::to_value(schema).expect("a schema is JSON");
        let schemas: BTreeMap<String, Value> = schemas.into_iter().map(|(name, schema)| (name, json(schema))).collect();
        let mut names = Self { known: BTreeMap::new(), longest: 0 };
        names.add("", &json(R::schema()), &schemas);
        let foreign = || vec![Known { name: DRY_RUN.to_owned(), object: None }];
        names.known.entry(fold(DRY_RUN)).or_insert_with(foreign);
        names
    }

    /// Adds the properties of `schema`, and those of the objects in it.
    fn add(&mut self, object: &str, schema: &Value, schemas: &BTreeMap<String, Value>) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let folded = fold(name);
            self.longest = self.longest.max(folded.len());
            self.known.entry(folded).or_default().push(Known { name: name.clone(), object: Some(object.to_owned()) });
            if let Some(schema) = reference(property).and_then(|name| schemas.get(name)) {
                self.add(&path(object, name), schema, schemas);
            }
        }
    }

    /// Refuses `name` in `object` if it differs from a known name only in case, punctuation, the prefix `is` or one letter,
    /// or belongs in another object or call. Other names are ignored.
    pub(super) fn check(&self, object: &str, name: &str) -> Result<(), ArgsError> {
        let Some(known) = self.meant(name) else { return Ok(()) };
        let of_object = known.iter().find(|known| known.object.as_deref() == Some(object));
        let known = of_object.unwrap_or(&known[0]);
        let rule = match (&known.object, self.sibling(object, &known.name)) {
            (None, _) => ONLY_ONE_CALL.to_owned(),
            (Some(right), _) if right == object => format!("write {}", known.name),
            (Some(right), Some(sibling)) => format!("write {sibling}, or {} {}", known.name, place(right)),
            (Some(right), None) if known.name == name => format!("belongs {}", place(right)),
            (Some(right), None) => format!("write {} {}", known.name, place(right)),
        };
        Err(refusal(path(object, &printable(name)), rule))
    }

    /// The name in `object` that differs from `name` by an `s` at the end: it names many IDs and not one, or one and not many.
    fn sibling(&self, object: &str, name: &str) -> Option<&str> {
        let folded = fold(name);
        let other = folded.strip_suffix('s').map_or_else(|| format!("{folded}s"), str::to_owned);
        let mut known = self.known.get(&other)?.iter();
        known.find(|known| known.object.as_deref() == Some(object)).map(|known| &*known.name)
    }

    /// Refuses a query that has a known name: arguments belong in the body.
    pub(crate) fn check_query(&self, query: &str) -> Result<(), ArgsError> {
        let names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
        for name in names {
            if let Some(known) = self.meant(name) {
                let rule = match &known[0].object {
                    None => ONLY_ONE_CALL.to_owned(),
                    Some(object) => format!("write {} in the body, {}", known[0].name, place(object)),
                };
                return Err(refusal(format!("query {}", printable(name)), rule));
            }
        }
        Ok(())
    }

    /// The known names that `name` looks like.
    fn meant(&self, name: &str) -> Option<&Vec<Known>> {
        // Punctuation can be of any length; nobody means anything by it.
        const MOST_PUNCTUATION: usize = 64;
        if name.len() > self.longest + "is".len() + MOST_PUNCTUATION {
            return None;
        }
        let folded = fold(name);
        self.known.get(&folded).or_else(|| {
            let near = self.known.iter().find(|(known, _)| is_near(known, &folded));
            near.map(|(_, known)| known)
        })
    }
}

const ONLY_ONE_CALL: &str = "only set_conversations has dry runs";

fn refusal(path: String, rule: String) -> ArgsError {
    ArgsError::new(Path::Decoded(path), Violation::Rule(rule.into()))
}

/// Where the names of `object` belong.
fn place(object: &str) -> String {
    if object.is_empty() { "at the top level".to_owned() } else { format!("in {object}") }
}

/// The name among the `ignored` ones that a client may mean by the `missing` argument: `userID` or `ownerUserIDs` for
/// `ownerUserID`. Both may be right in the same request, so such a name alone is no error.
pub(crate) fn resembling<'a>(missing: &str, ignored: &'a [String]) -> Option<&'a str> {
    let core = |path: &str| fold(path.rsplit('.').next().unwrap_or(path)).trim_end_matches('s').to_owned();
    let missing = core(missing);
    let is_alike = |name: &&String| {
        let name = core(name);
        name.len() > 1 && (missing.contains(&name) || name.contains(&missing))
    };
    ignored.iter().find(is_alike).map(String::as_str)
}

/// Whether one letter is missing, added, changed or swapped.
///
/// Short names are near too many others. Clients send one ID and many IDs under both names, and mean either.
fn is_near(known: &str, folded: &str) -> bool {
    const SHORTEST: usize = 5;
    let (known, folded) = (known.as_bytes(), folded.as_bytes());
    let shorter = known.len().min(folded.len());
    let start = iter::zip(known, folded).take_while(|(a, b)| a == b).count();
    let end =
        iter::zip(known.iter().rev(), folded.iter().rev()).take(shorter - start).take_while(|(a, b)| a == b).count();
    let differ = (&known[start..known.len() - end], &folded[start..folded.len() - end]);
    let is_one_letter = match differ {
        ([b's'], []) | ([], [b's']) => !(end == 0 && known[..start].ends_with(b"id")),
        ([_], [] | [_]) | ([], [_]) => true,
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    };
    shorter >= SHORTEST && is_one_letter
}

/// The form in which two names are equal if they differ in case, punctuation or the prefix `is` alone.
fn fold(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    let folded: String = letters.flat_map(char::to_lowercase).collect();
    match folded.strip_prefix("is") {
        Some(rest) if !rest.is_empty() => rest.to_owned(),
        _ => folded,
    }
}

/// The name of the schema to which `property` refers, however deep.
fn reference(property: &Value) -> Option<&str> {
    match property {
        Value::Object(map) => match map.get("$ref") {
            Some(Value::String(path)) => path.rsplit('/').next(),
            _ => map.values().find_map(reference),
        },
        Value::Array(values) => values.iter().find_map(reference),
        _ => None,
    }
}

/// The path of `name` in `object`.
pub(super) fn path(object: &str, name: &str) -> String {
    if object.is_empty() { name.to_owned() } else { format!("{object}.{name}") }
}

/// A client's name for an error or a report: short, and in one line.
pub(super) fn printable(name: &str) -> String {
    const LONGEST: usize = 64;
    let mut text: String = name.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if name.chars().nth(LONGEST).is_some() {
        text.push('…');
    }
    text
}
