//! The primitive values of settings, and the types that some settings have.

use conversation_settings_core::{
    BurnDuration, CustomName, CustomPatch, CustomText, CustomValue, Field, GroupAtType, Kind, Patch, RecvMsgOpt,
    Seconds, Seq, Text, Timestamp, Value, Version,
};
use proptest::{option, prelude::*, sample::select};

use super::{Sizes, of_default_sizes};

/// An owned [`Value`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "it mirrors `Value`")]
pub enum OwnedValue {
    /// True or false.
    Bool(bool),
    /// A 32-bit signed integer.
    I32(i32),
    /// A 64-bit signed integer.
    I64(i64),
    /// A moment, in milliseconds since the epoch.
    Timestamp(i64),
    /// A text.
    Text(Text),
    /// The host's own settings.
    Custom(CustomPatch),
}

impl OwnedValue {
    /// The value itself.
    #[must_use]
    pub fn value(&self) -> Value<'_> {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::I32(value) => Value::I32(*value),
            Self::I64(value) => Value::I64(*value),
            Self::Timestamp(value) => Value::Timestamp(*value),
            Self::Text(value) => Value::Text(value),
            Self::Custom(names) => Value::Custom(names.clone()),
        }
    }

    /// Whether `field` accepts the value.
    #[must_use]
    pub fn is_of(&self, field: Field) -> bool {
        Patch::KEEP.with(field, self.value()).is_ok()
    }
}

/// A moment: near the epoch, before it, and at the ends of time.
pub fn timestamp() -> BoxedStrategy<Timestamp> {
    i64s().prop_map(Timestamp).boxed()
}

/// A version, small or large; there is always a next one.
pub fn version() -> BoxedStrategy<Version> {
    prop_oneof![4 => 0..8_u64, 1 => 0..u64::MAX].prop_map(Version).boxed()
}

/// What happens when a message arrives.
pub fn recv_msg_opt() -> BoxedStrategy<RecvMsgOpt> {
    select(RecvMsgOpt::ALL).boxed()
}

/// Whether the user was mentioned in the group.
pub fn group_at_type() -> BoxedStrategy<GroupAtType> {
    select(GroupAtType::ALL).boxed()
}

/// How long a message burns.
pub fn burn_duration() -> BoxedStrategy<BurnDuration> {
    let number = prop_oneof![0..4, Just(i32::MAX), 0..=i32::MAX];
    number.prop_map(|number| BurnDuration::try_from(number).expect("is not negative")).boxed()
}

/// A span of time.
pub fn seconds() -> BoxedStrategy<Seconds> {
    non_negative().prop_map(|number| Seconds::try_from(number).expect("is not negative")).boxed()
}

/// A sequence number.
pub fn seq() -> BoxedStrategy<Seq> {
    non_negative().prop_map(|number| Seq::try_from(number).expect("is not negative")).boxed()
}

/// A kind of value.
pub fn kind() -> BoxedStrategy<Kind> {
    select(&[Kind::Bool, Kind::I32, Kind::I64, Kind::Timestamp, Kind::Text, Kind::Custom][..]).boxed()
}

of_default_sizes! {
    /// A value of any kind, whether or not a setting accepts it.
    owned_value: OwnedValue;
    /// A change of the host's own settings, of few names so that changes meet.
    custom_patch: CustomPatch;
    /// The value of a setting of the host's own.
    custom_value: CustomValue;
}

impl Sizes {
    /// As [`owned_value()`].
    pub fn owned_value(&self) -> BoxedStrategy<OwnedValue> {
        let this = self.clone();
        kind().prop_flat_map(move |kind| this.value_of_kind(kind)).boxed()
    }

    pub(super) fn value_of_kind(&self, kind: Kind) -> BoxedStrategy<OwnedValue> {
        match kind {
            Kind::Bool => any::<bool>().prop_map(OwnedValue::Bool).boxed(),
            Kind::I32 => i32s().prop_map(OwnedValue::I32).boxed(),
            Kind::I64 => i64s().prop_map(OwnedValue::I64).boxed(),
            Kind::Timestamp => i64s().prop_map(OwnedValue::Timestamp).boxed(),
            Kind::Text => self.text().prop_map(OwnedValue::Text).boxed(),
            Kind::Custom => custom(self.custom_value().prop_map(Some)).prop_map(OwnedValue::Custom).boxed(),
        }
    }

    /// As [`custom_patch()`].
    pub fn custom_patch(&self) -> BoxedStrategy<CustomPatch> {
        custom(option::weighted(0.7, self.custom_value())).boxed()
    }

    /// As [`custom_value()`].
    pub fn custom_value(&self) -> BoxedStrategy<CustomValue> {
        let text = self.text().prop_map(|text| {
            let text = text.replace('\0', "0");
            let end = text.floor_char_boundary(CustomText::MAX_BYTES);
            CustomValue::Text(CustomText::new(&text[..end]).expect("is allowed"))
        });
        prop_oneof![any::<bool>().prop_map(CustomValue::Boolean), i64s().prop_map(CustomValue::Integer), text].boxed()
    }
}

/// A few of a few names, each with a value; `None` removes the name.
fn custom(value: impl Strategy<Value = Option<CustomValue>> + 'static) -> impl Strategy<Value = CustomPatch> {
    let names = ["theme", "folder", "a", "A", "-", "_0"].map(|name| CustomName::new(name).expect("is a name"));
    prop::collection::vec((select(names.to_vec()), value), 0..4).prop_map(|names| names.into_iter().collect())
}

fn non_negative() -> impl Strategy<Value = i64> {
    prop_oneof![0..4_i64, Just(i64::MAX), 0..=i64::MAX]
}

fn i64s() -> impl Strategy<Value = i64> {
    prop_oneof![4 => -2..4_i64, 1 => select(&[i64::MIN, i64::MAX, 1 << 53, (1 << 53) + 1][..]), 1 => any::<i64>()]
}

fn i32s() -> impl Strategy<Value = i32> {
    prop_oneof![4 => -2..8_i32, 1 => select(&[i32::MIN, i32::MAX][..]), 1 => any::<i32>()]
}
