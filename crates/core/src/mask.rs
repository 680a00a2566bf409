//! Sets of fields.

use core::{
    fmt,
    ops::{BitAnd, BitOr, Sub},
    str::FromStr,
};

use alloc::string::String;

use crate::Field;

/// A set of [`Field`]s. Prints as their wire names in the table's order: `isPinned,ex`.
///
/// ```
/// # use conversation_settings_core::{Field, Mask};
/// let mask: Mask = "ex, isPinned".parse().unwrap();
/// assert_eq!(mask.to_string(), "isPinned,ex");
/// assert_eq!(mask - Field::Ex.into(), Mask::from(Field::IsPinned));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Mask(u32);

const _: () = assert!(Field::ALL.len() <= u32::BITS as usize, "a mask has one bit per field");

impl Mask {
    /// No field.
    pub const EMPTY: Self = Self(0);
    /// Every field.
    pub const ALL: Self = Self(u32::MAX >> (u32::BITS as usize - Field::ALL.len()));

    /// This set and `field`.
    #[must_use]
    pub const fn with(self, field: Field) -> Self {
        Self(self.0 | 1 << field as u8)
    }

    /// Whether `field` is in the set.
    #[must_use]
    pub const fn contains(self, field: Field) -> bool {
        self.0 & 1 << field as u8 != 0
    }

    /// Whether no field is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many fields are in the set.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The fields, in the table's order.
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL.iter().copied().filter(move |&field| self.contains(field))
    }
}

impl From<Field> for Mask {
    fn from(field: Field) -> Self {
        Self::EMPTY.with(field)
    }
}

impl FromIterator<Field> for Mask {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        fields.into_iter().fold(Self::EMPTY, Self::with)
    }
}

/// The fields in either set.
impl BitOr for Mask {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The fields in both sets.
impl BitAnd for Mask {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// The fields in the first set and not in the second.
impl Sub for Mask {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, field) in self.iter().enumerate() {
            f.write_str(if n == 0 { "" } else { "," })?;
            f.write_str(field.wire_name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({self})")
    }
}

/// A name that is not the name of a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no field {name:?}")]
#[expect(clippy::exhaustive_structs, reason = "one name is all there is to say")]
pub struct UnknownField {
    /// The first 64 characters of the name.
    pub name: String,
}

impl FromStr for Field {
    type Err = UnknownField;

    /// Parses a [wire name](Field::wire_name), exactly as it is written: no blanks, and no other case.
    ///
    /// ```
    /// # use conversation_settings_core::Field;
    /// assert_eq!("isPinned".parse(), Ok(Field::IsPinned));
    /// assert_eq!("is_pinned".parse::<Field>().unwrap_err().to_string(), r#"there is no field "is_pinned""#);
    /// ```
    fn from_str(name: &str) -> Result<Self, UnknownField> {
        Self::find(name).ok_or_else(|| UnknownField { name: name.chars().take(64).collect() })
    }
}

impl Field {
    /// The field with this wire name.
    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.wire_name() == name)
    }
}

impl TryFrom<&str> for Field {
    type Error = UnknownField;

    fn try_from(name: &str) -> Result<Self, UnknownField> {
        name.parse()
    }
}

impl FromStr for Mask {
    type Err = UnknownField;

    /// Parses wire names separated by commas. Blanks around a name are allowed. A blank text is the empty mask.
    fn from_str(text: &str) -> Result<Self, UnknownField> {
        if text.trim().is_empty() {
            return Ok(Self::EMPTY);
        }
        text.split(',').map(|name| name.trim().parse::<Field>()).collect()
    }
}

impl serde::Serialize for Mask {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Mask {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::Text::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use super::*;

    const ONE: Mask = Mask::EMPTY.with(Field::IsPinned);
    const TWO: Mask = ONE.with(Field::Ex);

    #[test]
    fn combines_masks_as_sets() {
        assert_eq!([Mask::EMPTY, ONE, TWO, TWO.with(Field::Ex)].map(Mask::len), [0, 1, 2, 2]);
        assert_eq!((ONE | Field::Ex.into(), ONE | TWO, ONE | Mask::EMPTY), (TWO, TWO, ONE));
        assert_eq!((ONE & TWO, ONE & Field::Ex.into(), TWO & TWO), (ONE, Mask::EMPTY, TWO));
        assert_eq!((TWO - ONE, ONE - TWO, TWO - Mask::EMPTY), (Field::Ex.into(), Mask::EMPTY, TWO));
    }

    #[test]
    fn has_every_field_in_the_mask_of_all() {
        assert_eq!(Mask::ALL, Field::ALL.iter().copied().collect());
        assert_eq!((Mask::ALL.len(), Mask::ALL - Mask::ALL), (Field::ALL.len(), Mask::EMPTY));
        assert!(Mask::ALL.iter().eq(Field::ALL.iter().copied()));
    }

    #[test]
    fn prints_and_parses_wire_names() {
        assert_eq!((TWO.to_string(), format!("{TWO:?}")), ("isPinned,ex".into(), "Mask(isPinned,ex)".into()));
        assert_eq!(" ex ,isPinned,ex".parse(), Ok(TWO));
        assert_eq!((" ".parse(), "".parse()), (Ok(Mask::EMPTY), Ok(Mask::EMPTY)));
        assert_eq!("ex,".parse::<Mask>(), Err(UnknownField { name: String::new() }));
        assert_eq!("ismuted".parse::<Mask>().unwrap_err().to_string(), "there is no field \"ismuted\"");
        let long = "x".repeat(100).parse::<Mask>().unwrap_err();
        assert_eq!(long.name.len(), 64);
    }

    #[test]
    fn parses_the_wire_name_of_each_field_and_nothing_else() {
        for &field in Field::ALL {
            let name = field.wire_name();
            assert_eq!((name.parse(), Field::try_from(name)), (Ok(field), Ok(field)));
            for wrong in [name.to_uppercase(), format!(" {name}"), format!("{name},")] {
                assert_eq!(wrong.parse::<Field>(), Err(UnknownField { name: wrong.clone() }));
            }
            assert!(field.column() == name || field.column().parse::<Field>().is_err());
        }
        assert_eq!("".parse::<Field>().unwrap_err().to_string(), "there is no field \"\"");
        assert_eq!("🦀".repeat(100).parse::<Field>().unwrap_err().name.chars().count(), 64);
    }

    #[test]
    fn serializes_a_mask_as_its_text() {
        assert_eq!(serde_json::to_string(&TWO).unwrap(), r#""isPinned,ex""#);
        assert_eq!(serde_json::from_str::<Mask>(r#""ex,isPinned""#).unwrap(), TWO);
        assert!(serde_json::from_str::<Mask>(r#""ismuted""#).is_err());
    }
}
