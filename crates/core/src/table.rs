//! The macro behind the table of settings: everything that depends on the list of fields.
//!
//! The table itself is in `settings.rs`.

macro_rules! settings {
    (
        client { $( $(#[doc = $doc:literal])+ $field:ident : $type:ty = $default:expr, $variant:ident $wire:literal; )* }
        internal { $( $(#[doc = $idoc:literal])+ $ifield:ident : $itype:ty = $idefault:expr, $ivariant:ident $iwire:literal; )* }
    ) => {
        settings! { @model
            $( $(#[doc = $doc])+ $field : $type = $default, $variant $wire, true; )*
            $( $(#[doc = $idoc])+ $ifield : $itype = $idefault, $ivariant $iwire, false; )*
        }

        /// The `conversation` of a `set_conversations` request, unchecked.
        ///
        /// An absent field and `null` are both `None`. It is read leniently: other names are ignored, and 0 and 1 are booleans.
        /// An error names the argument by its path in the request. The strict reader is [`Patch`]'s.
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
        #[non_exhaustive]
        pub struct ConversationReq {
            /// The conversation whose settings are set.
            #[serde(rename = "conversationID")]
            pub conversation_id: Option<Text>,
            /// 1 single chat, 2 group of the old kind, 3 group, 4 notification account.
            #[serde(rename = "conversationType")]
            pub conversation_type: Option<i32>,
            /// The peer of a single chat, or the notification account; ignored for a group.
            #[serde(rename = "userID")]
            pub user_id: Option<Text>,
            /// The group; ignored for other types.
            #[serde(rename = "groupID")]
            pub group_id: Option<Text>,
            $(
                $(#[doc = $doc])+
                #[serde(rename = $wire, skip_serializing_if = "Option::is_none")]
                pub $field: Option<<$type as $crate::Setting>::Raw>,
            )*
        }

        impl ConversationReq {
            /// Reads the value of a setting, or skips that of a setting of the host.
            pub(crate) fn read_setting<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                field: Field,
                map: &mut A,
            ) -> Result<(), A::Error> {
                match field {
                    $( Field::$variant => {
                        self.$field = $crate::value_reader::argument(map, concat!("conversation.", $wire))?;
                    } )*
                    _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
                }
                Ok(())
            }

            /// The settings that the request sets, checked.
            ///
            /// # Errors
            ///
            /// [`FieldError`] for the first field, in the table's order, whose value is out of range.
            pub fn patch(&self) -> Result<Patch, FieldError> {
                let mut patch = Patch::KEEP;
                $(
                    if let Some(raw) = &self.$field {
                        let value = <$crate::ChangeOf<$type> as $crate::Setting>::parse(raw.clone());
                        patch.$field = Some(value.map_err(|problem| FieldError { field: Field::$variant, problem })?);
                    }
                )*
                Ok(patch)
            }
        }
    };

    (@model $( $(#[doc = $doc:literal])+ $field:ident : $type:ty = $default:expr, $variant:ident $wire:literal, $client:literal; )*) => {
        /// One user's settings of one conversation: the fields that can be set selectively.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub struct Settings {
            $( $(#[doc = $doc])+ pub $field: $type, )*
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $( $field: $default, )* }
            }
        }

        /// A selective change of [`Settings`]: each field is kept (`None`) or set (`Some`, to zero and empty too). `custom`
        /// is changed name by name.
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct Patch {
            $( $(#[doc = $doc])+ pub $field: Option<$crate::ChangeOf<$type>>, )*
        }

        /// The name of a setting.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Field {
            $( $(#[doc = $doc])+ $variant, )*
        }

        impl Field {
            /// Every setting, in the table's order.
            pub const ALL: &[Self] = &[$( Self::$variant, )*];

            /// The name on the wire, such as `isPinned`.
            #[must_use]
            pub const fn wire_name(self) -> &'static str {
                match self { $( Self::$variant => $wire, )* }
            }

            /// The name of a column or document field, such as `is_pinned`.
            #[must_use]
            pub const fn column(self) -> &'static str {
                match self { $( Self::$variant => stringify!($field), )* }
            }

            /// The kind of its values, and of a column that holds them.
            #[must_use]
            pub const fn kind(self) -> $crate::Kind {
                match self { $( Self::$variant => <<$type as $crate::Setting>::Raw as $crate::Primitive>::KIND, )* }
            }

            /// Its description, one sentence.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $( Self::$variant => concat!($($doc),+).trim_ascii(), )* }
            }

            /// The values of its kind that it accepts.
            #[must_use]
            pub const fn accepts(self) -> $crate::Accepts {
                match self { $( Self::$variant => <$type as $crate::Setting>::ACCEPTS, )* }
            }

            /// The unit of its number, such as `seconds`.
            #[must_use]
            pub const fn unit(self) -> Option<&'static str> {
                match self { $( Self::$variant => <$type as $crate::Setting>::UNIT, )* }
            }

            /// Whether a client may set it with `set_conversations`.
            #[must_use]
            pub const fn is_client(self) -> bool {
                match self { $( Self::$variant => $client, )* }
            }
        }

        impl Settings {
            /// One setting as a primitive.
            #[must_use]
            pub fn value(&self, field: Field) -> $crate::Value<'_> {
                match field { $( Field::$variant => $crate::Setting::value(&self.$field), )* }
            }

            /// Builds settings from primitives: `value` returns the one of each field, in the table's order.
            ///
            /// # Errors
            ///
            /// The error of `value`, or a [`FieldError`] as `E` when a value is out of range.
            pub fn from_values<'a, E: From<FieldError>>(
                mut value: impl FnMut(Field) -> Result<$crate::Value<'a>, E>,
            ) -> Result<Self, E> {
                Ok(Self {
                    $( $field: <$type as $crate::Setting>::from_value(value(Field::$variant)?)
                        .map_err(|problem| FieldError { field: Field::$variant, problem })?, )*
                })
            }

            /// The patch that sets the fields of `mask` to their values here, and keeps the others. Of `custom` it sets each
            /// name that has a value here.
            #[must_use]
            pub fn get(&self, mask: Mask) -> Patch {
                Patch { $( $field: mask.contains(Field::$variant).then(|| $crate::Merge::to_change(&self.$field)), )* }
            }
        }

        impl Patch {
            /// The patch that changes nothing.
            pub const KEEP: Self = Self { $( $field: None, )* };

            $(
                #[doc = concat!("Sets `", stringify!($field), "`.")]
                #[must_use]
                pub fn $field(mut self, value: impl Into<$crate::ChangeOf<$type>>) -> Self {
                    self.$field = Some(value.into());
                    self
                }
            )*

            /// Sets one field to a primitive.
            ///
            /// # Errors
            ///
            /// [`FieldError`] when the primitive is of another kind than the field, or out of range.
            pub fn with(mut self, field: Field, value: $crate::Value<'_>) -> Result<Self, FieldError> {
                match field {
                    $( Field::$variant => {
                        let value = <$crate::ChangeOf<$type> as $crate::Setting>::from_value(value);
                        self.$field = Some(value.map_err(|problem| FieldError { field, problem })?);
                    } )*
                }
                Ok(self)
            }

            /// The primitive to which the patch sets `field`; `None` if the patch keeps it.
            #[must_use]
            pub fn value(&self, field: Field) -> Option<$crate::Value<'_>> {
                match field { $( Field::$variant => self.$field.as_ref().map($crate::Setting::value), )* }
            }

            /// The fields that the patch sets.
            #[must_use]
            pub fn mask(&self) -> Mask {
                let mut mask = Mask::EMPTY;
                $( if self.$field.is_some() { mask = mask.with(Field::$variant); } )*
                mask
            }

            /// The part of the patch that sets the fields of `mask`.
            #[must_use]
            pub fn only(&self, mask: Mask) -> Self {
                Self { $( $field: self.$field.as_ref().filter(|_| mask.contains(Field::$variant)).cloned(), )* }
            }

            /// Applies the patch to `settings`, and returns the fields whose value changed.
            pub fn apply(&self, settings: &mut Settings) -> Mask {
                let mut changed = Mask::EMPTY;
                $(
                    if let Some(value) = &self.$field {
                        if $crate::Merge::change(&mut settings.$field, value) {
                            changed = changed.with(Field::$variant);
                        }
                    }
                )*
                changed
            }

            /// The patch that applies `self` and then `later`.
            #[must_use]
            pub fn then(self, later: Self) -> Self {
                Self { $(
                    $field: match (self.$field, later.$field) {
                        (Some(earlier), Some(later)) => Some(<$type as $crate::Merge>::then(earlier, later)),
                        (earlier, later) => later.or(earlier),
                    },
                )* }
            }

            /// The smallest patch that turns `from` into `to`.
            #[must_use]
            pub fn between(from: &Settings, to: &Settings) -> Self {
                Self { $( $field: (from.$field != to.$field).then(|| $crate::Merge::between(&from.$field, &to.$field)), )* }
            }
        }
    };
}
