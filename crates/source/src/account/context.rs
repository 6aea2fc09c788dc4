//! What every kind of the map is read with: calls, pages, and what was known before.

use std::sync::Arc;

use account::map::{DigestKey, MapKind, MapResource, MapSnapshot};
use aws::AwsClients;
use aws::describing::DescribeCall;
use aws::paging::PageTokens;
use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::sync::Mutex;

use super::asked::{AskedCalls, MapStop};
use super::fields::{JsonObject, unreadable};

/// What a kind is read with.
pub(super) struct MapContext<'a> {
    pub(super) account: &'a AwsClients,
    /// The kinds that are read.
    pub(super) kinds: &'a [MapKind],
    /// When the poll began, UTC; the same in all parts of it.
    pub(super) started: DateTime<Utc>,
    pub(super) now: DateTime<Utc>,
    pub(super) asked: &'a Mutex<AskedCalls>,
    /// The key of digests; `None` where the machine gives no random numbers.
    pub(super) key: Option<&'a DigestKey>,
    /// The last snapshot of this kind, if it is known.
    pub(super) before: Option<&'a MapSnapshot>,
}

/// How a list is paged: the names of its items and of the next token in an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed {
    pub(super) items: &'static str,
    pub(super) next: &'static str,
    /// Whether an answer without the list is an empty one.
    pub(super) may_lack: bool,
}

impl Listed {
    /// A list that every answer has.
    pub(super) const fn new(items: &'static str, next: &'static str) -> Self {
        Self { items, next, may_lack: false }
    }
}

impl MapContext<'_> {
    /// The answer to a call as text.
    pub(super) async fn text(&self, call: DescribeCall) -> Result<Arc<str>, MapStop> {
        self.asked.lock().await.ask(self.account, call, self.now).await
    }

    /// The answer to a call as an object.
    pub(super) async fn object(&self, call: DescribeCall) -> Result<JsonObject, MapStop> {
        let (action, resource) = (call.action, call.resource.clone());
        let text = self.text(call).await?;
        serde_json::from_str(&text).map_err(|error| unreadable(action, &resource, error))
    }

    /// All items of a list; `call` makes the call of a page by its token.
    pub(super) async fn list(
        &self,
        listed: Listed,
        call: impl Fn(Option<String>) -> DescribeCall,
    ) -> Result<Vec<JsonObject>, MapStop> {
        let (mut items, mut tokens, mut token) = (Vec::new(), PageTokens::default(), None);
        loop {
            let call = call(token);
            let (action, resource) = (call.action, call.resource.clone());
            let mut page = self.object(call).await?;
            let wrong = |what: String| unreadable(action, &resource, what);
            match page.remove(listed.items) {
                Some(Value::Array(found)) => {
                    for item in found {
                        let Value::Object(item) = item else {
                            return Err(wrong(format!("`{}` has an entry that is no object", listed.items)));
                        };
                        items.push(item);
                    }
                }
                None | Some(Value::Null) if listed.may_lack && !page.contains_key("_embedded") => {}
                _ => return Err(wrong(format!("it has no list `{}`", listed.items))),
            }
            let next = match page.remove(listed.next) {
                None | Some(Value::Null) => None,
                Some(Value::String(next)) => Some(next),
                Some(_) => return Err(wrong(format!("its `{}` is no text", listed.next))),
            };
            token = tokens.next(next).map_err(|endless| MapStop::Failed(endless.failure(action, &resource)))?;
            if token.is_none() {
                return Ok(items);
            }
        }
    }

    /// A snapshot of a kind in the account's region.
    pub(super) fn snapshot(&self, kind: MapKind, resources: Vec<MapResource>) -> MapSnapshot {
        MapSnapshot::of(kind, &self.account.region, resources)
    }

    /// Whether a kind is read too.
    pub(super) fn reads(&self, kind: MapKind) -> bool {
        self.kinds.contains(&kind)
    }
}
