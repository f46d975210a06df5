//! Groups and attributes of users from a feed (SCIM 2.0), whoever proves to be one of them and in whatever way.
//!
//! In: the feed, fetched whole from time to time. Out: what it says of a user. A feed that can't be read to its end
//! changes nothing; one that is too old says nothing any more. It is no proof of anything.

mod read;
#[cfg(test)]
mod tests;

use super::Told;
use super::oidc::Names;
use crate::config::{self, Upstream};
use crate::proxy::connect::{self, ClientError, HttpClient, SendError, http_client};
use arc_swap::ArcSwapOption;
use http::header::ACCEPT;
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use read::{Fields, Page, User};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Most bytes of a page.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Most users.
const MOST_USERS: usize = 1_000_000;
/// After a feed that could not be read, it is tried again after this time, if that is not due sooner.
const AGAIN: Duration = Duration::from_secs(10);

/// Why the feed can't be had.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// It can't be asked as configured.
    #[error("identity.group_feed: {0}")]
    Client(#[from] ClientError),
    /// No answer.
    #[error("{0}")]
    Silent(String),
    /// Another answer than a page.
    #[error("it answered {0}")]
    Status(StatusCode),
    /// A page that can't be read, or is not whole in time.
    #[error("a page is not what it should be: {0}")]
    Page(String),
    /// A user without a name.
    #[error("a user has no name in it that can be one")]
    Nameless,
    /// Two users of one name.
    #[error("the user {0} is in it twice")]
    Twice(String),
    /// Pages that don't go together, as when users are added meanwhile.
    #[error("it changed between two pages, or has more users than {MOST_USERS}")]
    Changed,
}

/// The feed.
#[derive(Debug)]
pub struct GroupFeed {
    client: HttpClient,
    path: String,
    page_size: usize,
    fields: Fields,
    users: Option<Names>,
    groups: Option<Names>,
    refresh: Duration,
    maximum_age: Duration,
    timeout: Duration,
    current: ArcSwapOption<Fetched>,
}

/// All that the feed said at a time.
#[derive(Debug)]
struct Fetched {
    users: HashMap<String, User>,
    /// When it began to be fetched.
    at: Instant,
}

impl GroupFeed {
    /// The feed of a configuration; it is not asked yet.
    ///
    /// # Errors
    /// [`FeedError::Client`].
    pub fn open(feed: &config::GroupFeed) -> Result<GroupFeed, FeedError> {
        let url = || ClientError::Url { url: feed.url.clone() };
        let uri: Uri = feed.url.parse().map_err(|_| url())?;
        let (scheme, authority) = uri.scheme_str().zip(uri.authority()).ok_or_else(url)?;
        let client = http_client(&Upstream {
            ca: feed.ca.clone(),
            token_file: feed.token_file.clone(),
            connect_timeout: feed.timeout,
            answer_timeout: feed.timeout,
            ..Upstream::at(format!("{scheme}://{authority}"))
        })?;
        let names = |patterns: &Option<Vec<String>>| patterns.as_deref().map(Names::new);
        Ok(GroupFeed {
            client,
            path: uri.path().to_owned(),
            page_size: feed.page_size,
            fields: Fields { user: feed.user.clone(), group: feed.group.clone(), attributes: feed.attributes.clone() },
            users: names(&feed.speaks_for.users),
            groups: names(&feed.speaks_for.groups),
            refresh: feed.refresh.unsigned_abs(),
            maximum_age: feed.maximum_age.unsigned_abs(),
            timeout: feed.timeout.unsigned_abs(),
            current: ArcSwapOption::empty(),
        })
    }

    /// Keeps it current, until `cancel`.
    pub async fn watch(self: Arc<Self>, cancel: CancellationToken) {
        loop {
            let pause = match cancel.run_until_cancelled(self.fetch()).await {
                None => return,
                Some(Ok(())) => self.refresh,
                Some(Err(error)) => {
                    tracing::warn!(%error, "the feed of groups can't be had; what it said before is believed for its time");
                    self.refresh.min(AGAIN)
                }
            };
            if cancel.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// Fetches all of it, and only then believes it.
    async fn fetch(&self) -> Result<(), FeedError> {
        let at = Instant::now();
        let mut users = HashMap::new();
        let (mut seen, mut total) = (0_usize, None);
        loop {
            let page = tokio::time::timeout(self.timeout, self.page(seen.saturating_add(1)));
            let page = page.await.unwrap_or_else(|_| Err(FeedError::Page("it is not whole in time".to_owned())))?;
            let here = page.start_index.is_none_or(|start| start == seen.saturating_add(1));
            if !here
                || page.total_results > MOST_USERS
                || *total.get_or_insert(page.total_results) != page.total_results
            {
                return Err(FeedError::Changed);
            }
            seen = seen.saturating_add(page.resources.len());
            for resource in &page.resources {
                if let Some((name, user)) = self.fields.read(resource)?
                    && users.insert(name.clone(), user).is_some()
                {
                    return Err(FeedError::Twice(name));
                }
            }
            if seen == page.total_results {
                break;
            }
            if seen > page.total_results || page.resources.is_empty() {
                return Err(FeedError::Changed);
            }
        }
        tracing::debug!(users = users.len(), "the feed of groups was read");
        self.current.store(Some(Arc::new(Fetched { users, at })));
        Ok(())
    }

    async fn page(&self, start: usize) -> Result<Page, FeedError> {
        let mut request = Request::new(connect::empty());
        let path = format!("{}?startIndex={start}&count={}", self.path, self.page_size);
        *request.uri_mut() = path.parse().map_err(|_| FeedError::Page("no path".to_owned()))?;
        let json = HeaderValue::from_static("application/scim+json, application/json");
        request.headers_mut().insert(ACCEPT, json);
        // The client's own words are of Trino.
        let answer = self.client.send(request).await.map_err(|error| {
            FeedError::Silent(match error {
                SendError::Unreachable(reason) => format!("it can't be reached: {reason}"),
                SendError::Broken(reason) => format!("the connection broke: {reason}"),
                SendError::Late(_) | SendError::Path(_) => "it did not begin to answer in time".to_owned(),
            })
        })?;
        let (parts, body) = answer.into_parts();
        if parts.status != StatusCode::OK {
            return Err(FeedError::Status(parts.status));
        }
        let wrong = |reason: String| FeedError::Page(reason);
        let body = Limited::new(body, MOST_BYTES).collect().await.map_err(|error| wrong(error.to_string()))?;
        serde_json::from_slice(&body.to_bytes()).map_err(|error| wrong(error.to_string()))
    }

    /// Adds what it says of a user. Where it should say something and does not, the user may be in any group.
    pub(super) fn tell(&self, user: &str, told: &mut Told) {
        if !self.users.as_ref().is_none_or(|users| users.take_in(user)) {
            return;
        }
        let current = self.current.load();
        let current = current.as_ref().filter(|fetched| fetched.at.elapsed() < self.maximum_age);
        let Some(user) = current.and_then(|fetched| fetched.users.get(user)) else {
            told.more_groups = true;
            return;
        };
        let mine = |group: &&String| self.groups.as_ref().is_none_or(|groups| groups.take_in(group));
        match &user.groups {
            Some(groups) => told.groups.extend(groups.iter().filter(mine).cloned()),
            None => told.more_groups = true,
        }
        for (attribute, values) in &user.attributes {
            told.attributes.entry(attribute.clone()).or_insert_with(|| values.clone());
        }
    }
}
