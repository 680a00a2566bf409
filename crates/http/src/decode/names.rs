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
    /// The path of the object that has it; empty for the request itself.
    object: String,
}

impl Names {
    /// The names of the request `R`.
    pub(crate) fn of<R: ToSchema>() -> Self {
        let mut schemas = Vec::new();
        R::schemas(&mut schemas);
        let json = |schema| serde_json::to_value(schema).expect("a schema is JSON");
        let schemas: BTreeMap<String, Value> = schemas.into_iter().map(|(name, schema)| (name, json(schema))).collect();
        let mut names = Self { known: BTreeMap::new(), longest: 0 };
        names.add("", &json(R::schema()), &schemas);
        names
    }

    /// Adds the properties of `schema`, and those of the objects in it.
    fn add(&mut self, object: &str, schema: &Value, schemas: &BTreeMap<String, Value>) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let folded = fold(name);
            self.longest = self.longest.max(folded.len());
            self.known.entry(folded).or_default().push(Known { name: name.clone(), object: object.to_owned() });
            if let Some(schema) = reference(property).and_then(|name| schemas.get(name)) {
                self.add(&path(object, name), schema, schemas);
            }
        }
    }

    /// Refuses `name` in `object` if it differs from a known name only in case, punctuation, the prefix `is` or one letter,
    /// or belongs in another object. Other names are ignored, except that of a dry run: the call would write.
    pub(super) fn check(&self, object: &str, name: &str) -> Result<(), ArgsError> {
        let Some(known) = self.meant(name) else { return refuse_dry_run(&path(object, &printable(name)), name) };
        let of_object = known.iter().find(|known| known.object == object);
        let known = of_object.unwrap_or(&known[0]);
        let rule = match (known.name == name, known.object == object) {
            (_, true) => format!("write {}", known.name),
            (true, false) => format!("belongs {}", known.place()),
            (false, false) => format!("write {} {}", known.name, known.place()),
        };
        Err(ArgsError::new(Path::Decoded(path(object, &printable(name))), Violation::Rule(rule.into())))
    }

    /// Refuses a query that has a known name: arguments belong in the body.
    pub(crate) fn check_query(&self, query: &str) -> Result<(), ArgsError> {
        let names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
        for name in names {
            if let Some(known) = self.meant(name) {
                let rule = format!("write {} in the body, {}", known[0].name, known[0].place());
                let path = format!("query {}", printable(name));
                return Err(ArgsError::new(Path::Decoded(path), Violation::Rule(rule.into())));
            }
            refuse_dry_run(&format!("query {}", printable(name)), name)?;
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

/// Refuses the name of a dry run, or one like it, in a request that has none.
fn refuse_dry_run(path: &str, name: &str) -> Result<(), ArgsError> {
    const DRY_RUN: &str = "dryrun";
    let folded = fold(name);
    if folded != DRY_RUN && !is_near(DRY_RUN, &folded) {
        return Ok(());
    }
    let rule = "only set_conversations has dry runs";
    Err(ArgsError::new(Path::Decoded(path.to_owned()), Violation::Rule(rule.into())))
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

impl Known {
    fn place(&self) -> String {
        if self.object.is_empty() { "at the top level".to_owned() } else { format!("in {}", self.object) }
    }
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
