//! OpenIM's groups.

use std::time::Duration;

use async_trait::async_trait;
use conversation_settings_core::GroupId;
use conversation_settings_http_client::{
    Authorities, ClientError, HttpClient, RequestError, StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use conversation_settings_service::{DirectoryError, GroupDirectory, GroupStatus};

/// The most bytes of a response: one group's entry is a few texts of bounded length.
const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

/// OpenIM's status of a dismissed group. Any other status is one of a group that exists.
const DISMISSED: i64 = 2;

/// The codes by which OpenIM reports that a group does not exist.
const NOT_FOUND: [i64; 2] = [1004, 1201];

const TOKEN: HeaderName = HeaderName::from_static("token");
const OPERATION_ID: HeaderName = HeaderName::from_static("operationid");

/// Asks OpenIM's REST interface for the status of a group, by `/group/get_groups_info`.
///
/// Responses are not cached, so a dismissal takes effect at once. Cheap to clone.
#[derive(Clone, Debug)]
pub struct OpenImGroups {
    client: HttpClient,
    token: HeaderValue,
}

/// [`OpenImGroups`] cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GroupsError {
    /// The client cannot be made.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The token contains a character that a header cannot.
    #[error("the token must be printable ASCII")]
    Token,
}

/// The status of a group is unknown now.
#[derive(Debug, thiserror::Error)]
enum StatusError {
    #[error("no response: {0}")]
    NoResponse(#[from] RequestError),
    #[error("the response is HTTP {0}")]
    Status(StatusCode),
    #[error("the response is longer than {MAX_RESPONSE_BYTES} bytes")]
    TooLong,
    #[error("the response is not OpenIM's: {0}")]
    Foreign(#[from] serde_json::Error),
    #[error("the response is error {0}")]
    Failed(i64),
}

#[derive(serde::Serialize)]
struct Request<'a> {
    #[serde(rename = "groupIDs")]
    group_ids: [&'a GroupId; 1],
}

/// OpenIM's envelope. Empty values are absent or `null`.
#[derive(serde::Deserialize)]
struct Envelope {
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

impl OpenImGroups {
    /// The default limit of a request: 5 seconds.
    pub const TIMEOUT: Duration = Duration::from_secs(5);

    /// Asks the interface at `url`, such as `http://127.0.0.1:10002`, with an administrator's `token`. A request takes at
    /// most `timeout`.
    ///
    /// # Errors
    ///
    /// [`GroupsError`] if the URL is not one of HTTP, the token is not printable ASCII, or TLS cannot be set up.
    pub fn new(url: &str, token: &str, timeout: Duration) -> Result<Self, GroupsError> {
        Self::trusting(url, token, timeout, &Authorities::default())
    }

    /// As [`new`](Self::new), for `https` with a certificate from one of these authorities, beside the system's.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn trusting(url: &str, token: &str, timeout: Duration, authorities: &Authorities) -> Result<Self, GroupsError> {
        let client = HttpClient::trusting(url, timeout, authorities)?.at("/group/get_groups_info");
        let mut token = HeaderValue::from_str(token).map_err(|_| GroupsError::Token)?;
        token.set_sensitive(true);
        Ok(Self { client, token })
    }

    async fn ask(&self, operation_id: &str, group: &GroupId) -> Result<GroupStatus, StatusError> {
        let headers = [(OPERATION_ID, header_value(operation_id)), (TOKEN, self.token.clone())];
        let body = serde_json::to_vec(&Request { group_ids: [group] })?;
        let response = self.client.post(HeaderMap::from_iter(headers), body).await?;
        if !response.status().is_success() {
            return Err(StatusError::Status(response.status()));
        }
        let body = response.read(MAX_RESPONSE_BYTES).await?;
        if body.len() > MAX_RESPONSE_BYTES {
            return Err(StatusError::TooLong);
        }
        serde_json::from_slice::<Envelope>(&body)?.status(group)
    }
}

#[async_trait]
impl GroupDirectory for OpenImGroups {
    async fn status(&self, operation_id: &str, group: &GroupId) -> Result<GroupStatus, DirectoryError> {
        self.ask(operation_id, group).await.map_err(|error| DirectoryError(Box::new(error)))
    }
}

impl Envelope {
    fn status(self, group: &GroupId) -> Result<GroupStatus, StatusError> {
        match self.err_code {
            0 => (),
            code if NOT_FOUND.contains(&code) => return Ok(GroupStatus::Unknown),
            code => return Err(StatusError::Failed(code)),
        }
        let groups = self.data.and_then(|data| data.group_infos).unwrap_or_default();
        Ok(match groups.iter().find(|info| info.group_id == group.as_str()) {
            None => GroupStatus::Unknown,
            Some(info) if info.status == DISMISSED => GroupStatus::Dismissed,
            Some(_) => GroupStatus::Active,
        })
    }
}

/// An operation ID that OpenIM's services accept: characters other than printable ASCII become `?`.
fn header_value(operation_id: &str) -> HeaderValue {
    let printable: String = operation_id.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect();
    HeaderValue::try_from(printable).expect("printable ASCII is a header value")
}
