//! Pages by number.

use std::ops::Range;

use conversation_settings_core::ArgsError;
use serde::Deserialize;
use utoipa::ToSchema;

use super::arguments::{at_least, required};

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(description = "The page to return.")]
pub(crate) struct Pagination {
    /// Number of the page, from 1.
    #[schema(value_type = i32, minimum = 1)]
    page_number: Option<i32>,
    /// Maximum number of entries on a page; 0 returns none.
    #[schema(value_type = i32, minimum = 0)]
    show_number: Option<i32>,
}

impl Pagination {
    /// The positions of the page's entries among all. A page past the end has none.
    pub(super) fn range(pagination: Option<Self>) -> Result<Range<usize>, ArgsError> {
        let pagination = required("pagination", pagination)?;
        let page = at_least(1, "pagination.pageNumber", pagination.page_number)?;
        let size = at_least(0, "pagination.showNumber", pagination.show_number)?;
        let [page, size] = [page, size].map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        Ok((page - 1).saturating_mul(size)..page.saturating_mul(size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(page: i32, size: i32) -> Result<Range<usize>, String> {
        let pagination = Pagination { page_number: Some(page), show_number: Some(size) };
        Pagination::range(Some(pagination)).map_err(|error| error.to_string())
    }

    #[test]
    fn counts_pages_from_1() {
        assert_eq!([range(1, 20), range(2, 20), range(3, 1)], [Ok(0..20), Ok(20..40), Ok(2..3)]);
        assert_eq!([range(1, 0), range(7, 0)], [Ok(0..0), Ok(0..0)], "a page of size 0 is empty");
    }

    #[test]
    fn accepts_the_largest_page() {
        let most = usize::try_from(i32::MAX).unwrap();
        assert_eq!(range(1, i32::MAX), Ok(0..most));
        assert_eq!(range(i32::MAX, i32::MAX), Ok((most - 1) * most..most * most));
    }

    #[test]
    fn rejects_missing_and_negative_numbers() {
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
