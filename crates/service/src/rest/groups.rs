//! Groups as OpenIM knows them.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use conversation_settings_core::GroupId;
use reqwest::{
    Client, Url,
    header::{CONTENT_TYPE, HeaderValue},
};

use super::{RestError, client, parse, plain, read};
use crate::{DirectoryError, GroupDirectory, GroupStatus};

/// Asks OpenIM's own REST interface, by `/group/get_groups_info`, how a group stands.
///
/// Each call asks: nothing is kept, so that a group that was dismissed a moment ago is.
pub struct OpenImGroups {
    client: Client,
    url: Url,
    token: HeaderValue,
}

/// What asks for groups.
#[derive(serde::Serialize)]
struct Request<'a> {
    #[serde(rename = "groupIDs")]
    group_ids: [&'a GroupId; 1],
}

/// OpenIM's envelope, and what it holds of groups. OpenIM leaves out or answers null where there is nothing.
#[derive(serde::Deserialize)]
struct Answer {
    #[serde(rename = "errCode")]
    err_code: i64,
    data: Option<Data>,
}

#[derive(serde::Deserialize)]
struct Data {
    #[serde(rename = "groupInfos")]
    group_infos: Option<Vec<GroupInfo>>,
}

#[derive(serde::Deserialize)]
struct GroupInfo {
    #[serde(rename = "groupID")]
    group_id: String,
    #[serde(default)]
    status: i64,
}

/// Why it cannot be told how a group stands.
#[derive(Debug, thiserror::Error)]
enum Unclear {
    #[error("no answer: {0}")]
    NoAnswer(String),
    #[error("the answer is HTTP {0}")]
    Status(reqwest::StatusCode),
    #[error("the answer is longer than {MAX_ANSWER} bytes")]
    TooLong,
    #[error("the answer is not OpenIM's: {0}")]
    Foreign(#[from] serde_json::Error),
    #[error("the answer is error {0}")]
    Failed(i64),
}

/// The longest answer: one group's entry has a few texts of bounded length.
const MAX_ANSWER: usize = 1024 * 1024;

/// The status of a group that was dismissed; the others are those of one that exists: normal, banned, muted.
const DISMISSED: i64 = 2;

/// The error codes by which it is said that there is no such group.
const NOT_FOUND: [i64; 2] = [1004, 1201];

impl OpenImGroups {
    /// How long to wait for an answer, unless said otherwise.
    pub const TIMEOUT: Duration = Duration::from_secs(5);

    /// Asks the interface at `url`, as of `http://127.0.0.1:10002`, with an administrator's `token`, and waits up to
    /// `timeout` for an answer.
    ///
    /// # Errors
    ///
    /// [`RestError`] where the URL is none, the token cannot be one, or no request can be made.
    pub fn new(url: &str, token: &str, timeout: Duration) -> Result<Self, RestError> {
        let mut url = parse(url)?;
        let path = format!("{}/group/get_groups_info", url.path().trim_end_matches('/'));
        url.set_path(&path);
        let mut token = HeaderValue::from_str(token).map_err(|_| RestError::Token)?;
        token.set_sensitive(true);
        Ok(Self { client: client(&url, timeout)?, url, token })
    }

    async fn ask(&self, operation_id: &str, group: &GroupId) -> Result<GroupStatus, Unclear> {
        let body = serde_json::to_vec(&Request { group_ids: [group] })?;
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("operationID", traceable(operation_id))
            .header("token", self.token.clone())
            .body(body);
        let no_answer = |error| Unclear::NoAnswer(plain(error));
        let answer = request.send().await.map_err(no_answer)?;
        if !answer.status().is_success() {
            return Err(Unclear::Status(answer.status()));
        }
        let body = read(answer, MAX_ANSWER).await.map_err(no_answer)?;
        if body.len() > MAX_ANSWER {
            return Err(Unclear::TooLong);
        }
        status(&serde_json::from_slice(&body)?, group)
    }
}

#[async_trait]
impl GroupDirectory for OpenImGroups {
    async fn status(&self, operation_id: &str, group: &GroupId) -> Result<GroupStatus, DirectoryError> {
        self.ask(operation_id, group).await.map_err(|error| DirectoryError(Box::new(error)))
    }
}

impl fmt::Debug for OpenImGroups {
    /// Without the token, and without the URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenImGroups").finish_non_exhaustive()
    }
}

fn status(answer: &Answer, group: &GroupId) -> Result<GroupStatus, Unclear> {
    match answer.err_code {
        0 => (),
        code if NOT_FOUND.contains(&code) => return Ok(GroupStatus::Unknown),
        code => return Err(Unclear::Failed(code)),
    }
    let mut groups = answer.data.iter().filter_map(|data| data.group_infos.as_ref()).flatten();
    Ok(match groups.find(|info| info.group_id == group.as_str()) {
        None => GroupStatus::Unknown,
        Some(info) if info.status == DISMISSED => GroupStatus::Dismissed,
        Some(_) => GroupStatus::Active,
    })
}

/// An operation ID as a header and OpenIM's services take it: what is not printable ASCII becomes `?`.
fn traceable(operation_id: &str) -> String {
    operation_id.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect()
}
