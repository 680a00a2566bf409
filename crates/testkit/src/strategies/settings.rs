//! Fields, masks, patches and settings. No field is named here, so that new ones are included.

use conversation_settings_core::{Conversation, Field, FieldError, Kind, Mask, Patch, Settings, Target};
use proptest::{option, prelude::*, sample::select};

use super::{OwnedValue, Sizes, of_default_sizes, timestamp};

/// The name of a setting.
pub fn field() -> BoxedStrategy<Field> {
    select(Field::ALL).boxed()
}

/// A set of fields.
pub fn mask() -> BoxedStrategy<Mask> {
    let any_mask = prop::collection::vec(any::<bool>(), Field::ALL.len())
        .prop_map(|is_in| Field::ALL.iter().zip(is_in).filter_map(|(field, is_in)| is_in.then_some(*field)).collect());
    prop_oneof![1 => Just(Mask::EMPTY), 8 => any_mask, 1 => Just(Mask::ALL)].boxed()
}

/// A value that `field` accepts.
pub fn field_value(field: Field) -> BoxedStrategy<OwnedValue> {
    Sizes::default().field_value(field)
}

of_default_sizes! {
    /// A patch: empty, of a few fields, or of all.
    patch: Patch;
    /// Settings.
    settings: Settings;
    /// A conversation; a private one only if it is a single chat.
    conversation: Conversation;
}

impl Sizes {
    /// As [`field_value()`].
    pub fn field_value(&self, field: Field) -> BoxedStrategy<OwnedValue> {
        let accepted: Vec<i32> = (0..16).filter(|number| OwnedValue::I32(*number).is_of(field)).collect();
        match field.kind() {
            Kind::I32 if !OwnedValue::I32(i32::MAX).is_of(field) => select(accepted).prop_map(OwnedValue::I32).boxed(),
            kind => self
                .value_of_kind(kind)
                .prop_map(move |value| match value {
                    OwnedValue::I32(number) if !value.is_of(field) => OwnedValue::I32(number ^ -1),
                    OwnedValue::I64(number) if !value.is_of(field) => OwnedValue::I64(number ^ -1),
                    value => value,
                })
                .boxed(),
        }
    }

    /// As [`patch()`].
    pub fn patch(&self) -> BoxedStrategy<Patch> {
        let value = |field: Field| match field.kind() {
            Kind::Custom => self.custom_patch().prop_map(OwnedValue::Custom).boxed(),
            _ => self.field_value(field),
        };
        let values = Field::ALL.iter().map(|field| option::weighted(0.2, value(*field)));
        let some = values.collect::<Vec<_>>().prop_map(|values| {
            let set = Field::ALL.iter().zip(&values).filter_map(|(field, value)| Some((*field, value.as_ref()?)));
            set.fold(Patch::KEEP, |patch, (field, value)| patch.with(field, value.value()).expect("is in range"))
        });
        let all = self.settings().prop_map(|settings| settings.get(Mask::ALL));
        prop_oneof![1 => Just(Patch::KEEP), 6 => some, 1 => all].boxed()
    }

    /// As [`settings()`].
    pub fn settings(&self) -> BoxedStrategy<Settings> {
        let values: Vec<_> = Field::ALL.iter().map(|field| self.field_value(*field)).collect();
        let settings = values.prop_map(|values| {
            let read = Settings::from_values(|field| Ok::<_, FieldError>(values[field as usize].value()));
            read.expect("each is in range")
        });
        prop_oneof![1 => Just(Settings::default()), 4 => settings].boxed()
    }

    /// As [`conversation()`].
    pub fn conversation(&self) -> BoxedStrategy<Conversation> {
        (self.key(), self.target(), self.settings(), timestamp())
            .prop_map(|(key, target, mut settings, created_at)| {
                settings.is_private_chat &= matches!(target, Target::Single(_));
                Conversation { key, target, settings, created_at }
            })
            .boxed()
    }
}
