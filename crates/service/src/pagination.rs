//! Pages as OpenIM's clients ask for them: by number.

use std::ops::Range;

use conversation_settings_core::{ArgsError, ValueError, Violation};

/// Which page to answer with, as a client may send it: nothing is checked yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(description = "Which page to answer with."))]
pub struct Pagination {
    /// The page's number, from 1.
    #[cfg_attr(feature = "openapi", schema(value_type = i32, minimum = 1))]
    pub page_number: Option<i32>,
    /// The most entries on a page; 0 asks for none.
    #[cfg_attr(feature = "openapi", schema(value_type = i32, minimum = 0))]
    pub show_number: Option<i32>,
}

impl Pagination {
    /// The page `page_number`, from 1, of pages of `show_number` entries.
    #[must_use]
    pub const fn new(page_number: i32, show_number: i32) -> Self {
        Self { page_number: Some(page_number), show_number: Some(show_number) }
    }

    /// Where the page's entries stand among all. A page past the end has none.
    pub(crate) fn range(pagination: Option<Self>) -> Result<Range<usize>, ArgsError> {
        let pagination = pagination.ok_or_else(|| ArgsError::new("pagination", Violation::Required))?;
        let page = at_least(1, "pagination.pageNumber", pagination.page_number)?;
        let size = at_least(0, "pagination.showNumber", pagination.show_number)?;
        Ok((page - 1).saturating_mul(size)..page.saturating_mul(size))
    }
}

fn at_least(least: i32, name: &'static str, number: Option<i32>) -> Result<usize, ArgsError> {
    let got = number.ok_or_else(|| ArgsError::new(name, Violation::Required))?;
    let too_small = || ArgsError::new(name, ValueError::TooSmall { least: least.into(), got: got.into() });
    if got < least {
        return Err(too_small());
    }
    usize::try_from(got).map_err(|_| too_small())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(page: i32, size: i32) -> Result<Range<usize>, String> {
        Pagination::range(Some(Pagination::new(page, size))).map_err(|error| error.to_string())
    }

    #[test]
    fn pages_follow_each_other_from_1() {
        assert_eq!([range(1, 20), range(2, 20), range(3, 1)], [Ok(0..20), Ok(20..40), Ok(2..3)]);
        assert_eq!([range(1, 0), range(7, 0)], [Ok(0..0), Ok(0..0)], "a page of none is empty");
    }

    #[test]
    fn a_huge_page_is_one_past_the_end() {
        let most = usize::try_from(i32::MAX).unwrap();
        assert_eq!(range(1, i32::MAX), Ok(0..most));
        assert_eq!(range(i32::MAX, i32::MAX), Ok((most - 1) * most..most * most));
    }

    #[test]
    fn a_page_that_cannot_be_is_named() {
        let errors = [range(0, 10), range(-1, 10), range(1, -1), range(i32::MIN, i32::MIN)].map(Result::unwrap_err);
        assert_eq!(
            errors,
            [
                "pagination.pageNumber: must be at least 1, got 0",
                "pagination.pageNumber: must be at least 1, got -1",
                "pagination.showNumber: must be at least 0, got -1",
                "pagination.pageNumber: must be at least 1, got -2147483648",
            ]
        );
        let missing = [
            None,
            Some(Pagination { page_number: None, show_number: Some(1) }),
            Some(Pagination { page_number: Some(1), show_number: None }),
        ];
        assert_eq!(
            missing.map(|pagination| Pagination::range(pagination).unwrap_err().to_string()),
            ["pagination: is required", "pagination.pageNumber: is required", "pagination.showNumber: is required"]
        );
    }
}
