//! The numbers and names that OpenIM's clients know errors by.

macro_rules! codes {
    ($( #[doc = $meaning:literal] $code:ident = $number:literal $name:literal; )*) => {
        /// An error's number and name in OpenIM's table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $( #[doc = concat!($number, ":", $meaning)] $code, )*
        }

        impl Code {
            /// Every code, for tables.
            pub const ALL: &[Self] = &[$( Self::$code, )*];

            /// The number: OpenIM's `errCode`.
            #[must_use]
            pub const fn number(self) -> i32 {
                match self { $( Self::$code => $number, )* }
            }

            /// The short name: OpenIM's `errMsg`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$code => $name, )* }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $( Self::$code => $meaning.trim_ascii(), )* }
            }
        }
    };
}

codes! {
    /// The server has as many calls under way as it takes; a moment later it may be done.
    TooManyRequests = 429 "TooManyRequestsError";
    /// Something went wrong inside; the log says what.
    ServerInternal = 500 "ServerInternalError";
    /// An argument is wrong.
    Args = 1001 "ArgsError";
    /// The caller may not do this.
    NoPermission = 1002 "NoPermissionError";
    /// What was asked for does not exist.
    RecordNotFound = 1004 "RecordNotFoundError";
    /// The group was dismissed.
    DismissedAlready = 1204 "DismissedAlreadyError";
    /// The token is past its time.
    TokenExpired = 1501 "TokenExpiredError";
    /// The token is none.
    TokenMalformed = 1503 "TokenMalformedError";
    /// The token's time has not come.
    TokenNotValidYet = 1504 "TokenNotValidYetError";
    /// The token cannot be trusted.
    TokenUnknown = 1505 "TokenUnknownError";
}
