//! OpenAI's model, which splits a todo into steps.

use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::client::{self, LazyClient, RequestError};
use crate::settings::{Secret, Settings};
use onestep_core::model::Todo;

const MODEL: &str = "gpt-4o-mini";
const MAX_ANSWER: usize = 1024 * 1024;
/// The system message.
const TASK: &str = "You plan the day of one person. The user message is one task of that person. Split it into small steps that take about an hour each, \
in the order in which to do them, written in the language of the task. Answer with one JSON object and nothing else, of this shape: {\"id\": the task's id, \
\"content\": the task's content, \"date\": the task's date, \"due_time\": the task's due time, \"category_id\": the task's category id, \
\"children\": [{\"content\": what to do in this step, \"todo\": the task's id}]}.";

/// Sends requests to the model.
pub struct OpenAi {
    key: Secret,
    address: String,
    web: Arc<LazyClient>,
}

impl OpenAi {
    /// Reads the settings. None: off.
    pub fn new(settings: &Settings, web: Arc<LazyClient>) -> Option<Self> {
        Some(Self { key: settings.openai_key.clone()?, address: settings.urls.openai.clone(), web })
    }

    /// The model's answer for a todo, within `limit`.
    ///
    /// # Errors
    /// A sentence for the client: the model cannot be reached, or its answer cannot be used.
    pub async fn split(&self, todo: &Todo, limit: Duration) -> Result<Map<String, Value>, String> {
        let deadline = Instant::now() + limit;
        let answer = match self.ask(todo, limit).await? {
            // The pooled connection was dead: try once more on another one.
            Err(error) if error.closed_early => {
                self.ask(todo, deadline.saturating_duration_since(Instant::now())).await?
            }
            other => other,
        };
        let answer = answer.map_err(|error| format!("The model's service: {}.", error.reason))?;
        match answer.status {
            StatusCode::OK => read(&answer.body)
                .ok_or_else(|| "The model did not answer with a list of steps. Please try again.".to_owned()),
            StatusCode::TOO_MANY_REQUESTS => Err("The model has too many requests. Please try again later.".to_owned()),
            status => Err(format!("The model's service answered {}.", status.as_u16())),
        }
    }

    async fn ask(&self, todo: &Todo, limit: Duration) -> Result<Result<client::Answer, RequestError>, String> {
        let body = json!({
            "model": MODEL,
            "response_format": {"type": "json_object"},
            "messages": [{"role": "system", "content": TASK}, {"role": "user", "content": described(todo)}],
        });
        let request = self
            .web
            .client()?
            .post(format!("{}/chat/completions", self.address))
            .bearer_auth(self.key.reveal())
            .json(&body);
        Ok(client::send(request, limit, MAX_ANSWER).await)
    }
}

/// The user message.
fn described(todo: &Todo) -> String {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    let (date, time) =
        (or_none(todo.date.map(|date| date.to_string())), or_none(todo.due_time.map(|time| time.to_string())));
    format!(
        "id: {}, content: {}, date: {date}, due_time: {time}, category_id: {}",
        todo.id, todo.content, todo.category_id
    )
}

/// The JSON object in the first choice of a completion.
fn read(body: &[u8]) -> Option<Map<String, Value>> {
    #[derive(Deserialize)]
    struct Completion {
        choices: Vec<Choice>,
    }
    #[derive(Deserialize)]
    struct Choice {
        message: Message,
    }
    #[derive(Deserialize)]
    struct Message {
        content: String,
    }
    let completion: Completion = serde_json::from_slice(body).ok()?;
    serde_json::from_str(&completion.choices.into_iter().next()?.message.content).ok()
}
