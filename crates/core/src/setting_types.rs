//! The types of settings that are more than a primitive. Each holds only values that its setting accepts.

use crate::{Accepts, Replaced, Setting, Value, ValueError, value::sealed};

macro_rules! enumerated {
    (
        $(#[$doc:meta])*
        $name:ident, $allowed:literal {
            $first:ident = 0 #[doc = $first_doc:literal], $( $variant:ident = $number:literal #[doc = $variant_doc:literal] ),* $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(clippy::exhaustive_enums, reason = "the numbers of OpenIM's protocol")]
        pub enum $name {
            #[doc = $first_doc]
            #[default]
            $first = 0,
            $( #[doc = $variant_doc] $variant = $number, )*
        }

        impl $name {
            /// Every value, in the order of their numbers.
            pub const ALL: &[Self] = &[Self::$first, $( Self::$variant, )*];

            /// The number on the wire and in a column.
            #[must_use]
            pub const fn number(self) -> i32 {
                self as i32
            }
        }

        impl TryFrom<i32> for $name {
            type Error = ValueError;

            fn try_from(number: i32) -> Result<Self, ValueError> {
                match number {
                    0 => Ok(Self::$first),
                    $( $number => Ok(Self::$variant), )*
                    _ => Err(ValueError::NotOneOf { allowed: $allowed, got: number.into() }),
                }
            }
        }

        impl From<$name> for i32 {
            fn from(value: $name) -> i32 {
                value.number()
            }
        }

        impl sealed::Sealed for $name {}

        impl Replaced for $name {}

        impl Setting for $name {
            type Raw = i32;

            const ACCEPTS: Accepts =
                Accepts::OneOf(&[(0, $first_doc.trim_ascii()), $( ($number, $variant_doc.trim_ascii()), )*]);

            fn parse(raw: i32) -> Result<Self, ValueError> {
                raw.try_into()
            }

            fn value(&self) -> Value<'_> {
                Value::I32(self.number())
            }
        }
    };
}

enumerated! {
    /// What happens when a message arrives: OpenIM's `recvMsgOpt`.
    RecvMsgOpt, "0, 1, 2" {
        Receive = 0 /** Receive it and notify. */,
        DoNotReceive = 1 /** Do not receive it. */,
        ReceiveWithoutNotifying = 2 /** Receive it without notifying. */,
    }
}

enumerated! {
    /// Who was mentioned in the group: OpenIM's `groupAtType`.
    GroupAtType, "0, 1, 2, 3, 4" {
        None = 0 /** Nobody was mentioned. */,
        Me = 1 /** The owner was mentioned. */,
        All = 2 /** Everyone was mentioned. */,
        AllAndMe = 3 /** Everyone and the owner were mentioned. */,
        Notice = 4 /** A group notice was published. */,
    }
}

macro_rules! non_negative {
    ($(#[$doc:meta])* $name:ident, $raw:ty, $from_value:ident, $unit:expr, $number:ident => $wide:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($raw);

        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(0);

            /// Checks `number`.
            ///
            /// ```
            #[doc = concat!("# use conversation_settings_core::", stringify!($name), ";")]
            #[doc = concat!("assert_eq!(", stringify!($name), "::new(30).map(", stringify!($raw), "::from), Ok(30));")]
            #[doc = concat!("let error = ", stringify!($name), "::new(-1).unwrap_err();")]
            /// assert_eq!(error.to_string(), "must be at least 0, got -1");
            /// ```
            ///
            /// # Errors
            ///
            /// [`ValueError::TooSmall`] when `number` is negative.
            pub const fn new($number: $raw) -> Result<Self, ValueError> {
                if $number < 0 {
                    return Err(ValueError::TooSmall { least: 0, got: $wide });
                }
                Ok(Self($number))
            }

            /// The number, at least 0.
            #[must_use]
            pub const fn get(self) -> $raw {
                self.0
            }
        }

        impl TryFrom<$raw> for $name {
            type Error = ValueError;

            fn try_from(number: $raw) -> Result<Self, ValueError> {
                Self::new(number)
            }
        }

        impl From<$name> for $raw {
            fn from(value: $name) -> $raw {
                value.get()
            }
        }

        impl sealed::Sealed for $name {}

        impl Replaced for $name {}

        impl Setting for $name {
            type Raw = $raw;

            const ACCEPTS: Accepts = Accepts::AtLeast(0);
            const UNIT: Option<&'static str> = $unit;

            fn parse(raw: $raw) -> Result<Self, ValueError> {
                raw.try_into()
            }

            fn value(&self) -> Value<'_> {
                Value::$from_value(self.0)
            }
        }
    };
}

non_negative! {
    /// The time from reading a message to its deletion, in seconds: 0 to 2³¹−1.
    BurnDuration, i32, I32, Some("seconds"), number => number as i64
}
non_negative! {
    /// A duration in seconds: 0 to 2⁶³−1.
    Seconds, i64, I64, Some("seconds"), number => number
}
non_negative! {
    /// A message's sequence number in its conversation: 0 to 2⁶³−1.
    Seq, i64, I64, None, number => number
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use crate::Timestamp;

    use super::*;

    #[test]
    fn accepts_the_numbers_of_an_enumerated_setting_and_no_others() {
        for (number, option) in (0..).zip(RecvMsgOpt::ALL) {
            assert_eq!((RecvMsgOpt::try_from(number), i32::from(*option)), (Ok(*option), number));
        }
        for (number, mention) in (0..).zip(GroupAtType::ALL) {
            assert_eq!((GroupAtType::try_from(number), i32::from(*mention)), (Ok(*mention), number));
        }
        assert_eq!(RecvMsgOpt::ALL.len(), 3);
        assert_eq!(GroupAtType::ALL.len(), 5);
        assert_eq!(RecvMsgOpt::try_from(99).unwrap_err().to_string(), "must be one of 0, 1, 2, got 99");
        assert!(GroupAtType::try_from(5).is_err());
        assert!(GroupAtType::try_from(-1).is_err());
    }

    #[test]
    fn rejects_negative_durations_and_sequence_numbers() {
        assert_eq!(BurnDuration::try_from(-1).unwrap_err().to_string(), "must be at least 0, got -1");
        assert_eq!(BurnDuration::new(-1), BurnDuration::try_from(-1));
        assert_eq!(BurnDuration::new(i32::MAX).map(i32::from), Ok(i32::MAX));
        assert_eq!((Seq::new(0), Seconds::new(0)), (Ok(Seq::ZERO), Ok(Seconds::ZERO)));
        assert_eq!((Seq::new(i64::MAX).map(i64::from), Seconds::new(7).map(i64::from)), (Ok(i64::MAX), Ok(7)));
        assert_eq!(Seconds::new(i64::MIN), Err(ValueError::TooSmall { least: 0, got: i64::MIN }));
        assert!(Seq::try_from(i64::MIN).is_err());
        assert_eq!(Seconds::try_from(i64::MAX).map(Seconds::get), Ok(i64::MAX));
    }

    #[test]
    fn accepts_any_timestamp() {
        for at in [i64::MIN, -1, 0, i64::MAX].map(Timestamp) {
            assert_eq!(Timestamp::from_value(at.value()), Ok(at));
            assert_eq!(Timestamp::from(i64::from(at)), at);
        }
        let error = Timestamp::from_value(Value::I64(0)).unwrap_err();
        assert_eq!(error.to_string(), "must be a timestamp, got a 64-bit integer");
    }

    #[test]
    fn rejects_a_value_of_another_kind() {
        let error = Seq::from_value(Value::Text("1")).unwrap_err();
        assert_eq!(error.to_string(), "must be a 64-bit integer, got a string");
    }
}
