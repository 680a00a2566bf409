//! What the role may do. A role that may only read is enough for a start, and not for writes.

use tokio_postgres::{Client, Error, types::Type};

use crate::schema_name::Schema;

/// A table, and a right on it.
type Right = (&'static str, &'static str);

/// The rights for a start and for reading.
pub(crate) const TO_READ: [Right; 3] = [("store", "SELECT"), ("owners", "SELECT"), ("conversations", "SELECT")];
/// The rights for writing.
pub(crate) const TO_WRITE: [Right; 5] = [
    ("owners", "INSERT"),
    ("owners", "UPDATE"),
    ("conversations", "INSERT"),
    ("conversations", "UPDATE"),
    ("conversations", "DELETE"),
];

/// Which of the `needed` rights the role lacks, in words; `None` if it has all of them.
pub(crate) async fn missing(client: &Client, schema: &Schema, needed: &[Right]) -> Result<Option<String>, Error> {
    let sql = "SELECT string_agg(name || ' lacks ' || rights, '; ' ORDER BY name) FROM (
                   SELECT name, string_agg(needed.right, ', ' ORDER BY needed.right) AS rights
                   FROM unnest($2, $3) AS needed (name, \"right\")
                   JOIN pg_class ON relname = name
                   JOIN pg_namespace ON pg_namespace.oid = relnamespace AND nspname = $1
                   WHERE NOT has_table_privilege(pg_class.oid, needed.right)
                   GROUP BY name) AS lacking";
    let (tables, rights): (Vec<_>, Vec<_>) = needed.iter().copied().unzip();
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
        [(&schema.as_str(), Type::TEXT), (&tables, Type::TEXT_ARRAY), (&rights, Type::TEXT_ARRAY)];
    let rows = client.query_typed(sql, &parameters).await?;
    rows.first().map_or(Ok(None), |row| row.try_get(0))
}
