//! Who may read `/metrics`: the API server says whose token it is, and whether its owner may.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use kube::Client;
use kube::api::PostParams;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::error::describe;

/// How long a client that may read stays unasked, and one that may not.
const ALLOWED_FOR: Duration = Duration::from_secs(60);
const DENIED_FOR: Duration = Duration::from_secs(10);
/// So many tokens are remembered: a handful is in use, the rest is made up.
const MOST_TOKENS: usize = 256;
/// So many tokens are asked about at a time.
const MOST_QUESTIONS: usize = 4;
const LONGEST_QUESTION: Duration = Duration::from_secs(10);

/// Asks by TokenReview and SubjectAccessReview, as controller-runtime does. Clones share what they
/// know.
#[derive(Clone)]
pub(super) struct Access(Arc<Shared>);

struct Shared {
    client: Client,
    path: &'static str,
    known: Mutex<Known>,
    questions: Semaphore,
    /// What the log has last said of an API server that gives no answer.
    trouble: Mutex<Option<String>>,
}

/// By the digest of a token: tokens themselves are not kept.
#[derive(Default)]
struct Known(HashMap<[u8; 32], (Answer, Instant)>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Allowed,
    /// The token is nobody's.
    Nobody,
    /// Its owner has no right to it.
    Forbidden {
        user: String,
    },
}

impl Access {
    /// To `path`, by GET.
    pub(super) fn new(client: Client, path: &'static str) -> Self {
        Self(Arc::new(Shared {
            client,
            path,
            known: Mutex::default(),
            questions: Semaphore::new(MOST_QUESTIONS),
            trouble: Mutex::default(),
        }))
    }

    /// Whether a request with these headers may be served; else with what to refuse it.
    pub(super) async fn check(&self, headers: &HeaderMap) -> Result<(), (StatusCode, String)> {
        let Some(token) = bearer(headers) else {
            return Err((
                StatusCode::UNAUTHORIZED,
                "a bearer token is needed\n".into(),
            ));
        };
        let answer = self.answer(token).await.map_err(|trouble| {
            let text = format!("cannot tell who may read it: {trouble}\n");
            (StatusCode::SERVICE_UNAVAILABLE, text)
        })?;
        match answer {
            Answer::Allowed => Ok(()),
            Answer::Nobody => Err((StatusCode::UNAUTHORIZED, "the token is not valid\n".into())),
            Answer::Forbidden { user } => {
                let path = self.0.path;
                let text = format!("`{user}` has no permission to get `{path}`\n");
                Err((StatusCode::FORBIDDEN, text))
            }
        }
    }

    async fn answer(&self, token: &str) -> Result<Answer, String> {
        let key = digest(&SHA256, token.as_bytes());
        let key = key.as_ref().try_into().expect("SHA-256 has 32 bytes");
        if let Some(answer) = self.known().get(&key) {
            return Ok(answer);
        }
        let asked = tokio::time::timeout(LONGEST_QUESTION, self.ask(token)).await;
        let asked = asked.unwrap_or_else(|_| Err(format!("no answer within {LONGEST_QUESTION:?}")));
        self.log(asked.as_ref().err());
        if let Ok(answer) = &asked {
            self.known().put(key, answer.clone());
        }
        asked
    }

    async fn ask(&self, token: &str) -> Result<Answer, String> {
        let _turn = self.0.questions.acquire().await;
        let review = json!({ "token": token });
        let group = "authentication.k8s.io";
        let status = self
            .create(group, "TokenReview", "tokenreviews", review)
            .await?;
        if status["authenticated"] != true {
            return Ok(Answer::Nobody);
        }
        let user = &status["user"];
        let review = json!({
            "user": user["username"], "groups": user["groups"], "uid": user["uid"], "extra": user["extra"],
            "nonResourceAttributes": { "path": self.0.path, "verb": "get" },
        });
        let group = "authorization.k8s.io";
        let status = self
            .create(group, "SubjectAccessReview", "subjectaccessreviews", review)
            .await?;
        if status["allowed"] == true {
            return Ok(Answer::Allowed);
        }
        let user = user["username"].as_str().unwrap_or_default().to_owned();
        Ok(Answer::Forbidden { user })
    }

    /// Makes a review and returns its status. Untyped: which of the fields are optional differs
    /// between versions of Kubernetes.
    async fn create(
        &self,
        group: &str,
        kind: &str,
        resource: &str,
        spec: Value,
    ) -> Result<Value, String> {
        let review = json!({ "apiVersion": format!("{group}/v1"), "kind": kind, "spec": spec });
        let failed =
            |error: &dyn fmt::Display| format!("cannot create {resource}.{group}: {error}");
        let body = serde_json::to_vec(&review).map_err(|error| failed(&error))?;
        let request = kube::core::Request::new(format!("/apis/{group}/v1/{resource}"))
            .create(&PostParams::default(), body)
            .map_err(|error| failed(&error))?;
        let answer: Result<Value, _> = self.0.client.request(request).await;
        let mut answer = answer.map_err(|error| failed(&describe(&error)))?;
        Ok(answer["status"].take())
    }

    /// Says once what is wrong, however often clients try.
    fn log(&self, problem: Option<&String>) {
        let mut trouble = self
            .0
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = problem.filter(|_| trouble.as_ref() != problem) {
            tracing::error!(error, "cannot tell who may read {}", self.0.path);
        }
        *trouble = problem.cloned();
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn get(&self, key: &[u8; 32]) -> Option<Answer> {
        let (answer, until) = self.0.get(key)?;
        (Instant::now() < *until).then(|| answer.clone())
    }

    fn put(&mut self, key: [u8; 32], answer: Answer) {
        let now = Instant::now();
        if self.0.len() >= MOST_TOKENS {
            self.0.retain(|_, (_, until)| now < *until);
        }
        if self.0.len() >= MOST_TOKENS {
            // Made-up tokens displace each other first.
            self.0.retain(|_, (answer, _)| *answer == Answer::Allowed);
        }
        if self.0.len() >= MOST_TOKENS {
            self.0.clear();
        }
        let time = match answer {
            Answer::Allowed => ALLOWED_FOR,
            Answer::Nobody | Answer::Forbidden { .. } => DENIED_FOR,
        };
        self.0.insert(key, (answer, now + time));
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::Config;

    fn key(number: usize) -> [u8; 32] {
        let digest = digest(&SHA256, &number.to_be_bytes());
        digest.as_ref().try_into().unwrap()
    }

    #[test]
    fn made_up_tokens_are_forgotten_before_one_that_is_allowed() {
        let mut known = Known::default();
        known.put(key(0), Answer::Allowed);
        for number in 1..3 * MOST_TOKENS {
            known.put(key(number), Answer::Nobody);
            assert!(known.0.len() <= MOST_TOKENS);
        }
        assert_eq!(known.get(&key(0)), Some(Answer::Allowed));
        for number in 0..3 * MOST_TOKENS {
            known.put(key(number), Answer::Allowed);
            assert!(known.0.len() <= MOST_TOKENS);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_holds_for_a_while() {
        let mut known = Known::default();
        known.put(key(1), Answer::Allowed);
        known.put(key(2), Answer::Nobody);
        tokio::time::advance(DENIED_FOR).await;
        assert_eq!(known.get(&key(1)), Some(Answer::Allowed));
        assert_eq!(known.get(&key(2)), None);
        tokio::time::advance(ALLOWED_FOR).await;
        assert_eq!(known.get(&key(1)), None);
    }

    #[tokio::test]
    async fn an_api_server_that_cannot_be_asked_lets_nobody_in() {
        crate::client::kubeconfig::install_crypto_provider();
        let config = Config::new("http://127.0.0.1:1".parse().unwrap());
        let client = Client::try_from(config).unwrap();
        let access = Access::new(client, "/metrics");
        let mut headers = HeaderMap::new();
        for (value, expected) in [
            ("", StatusCode::UNAUTHORIZED),
            ("Bearer ", StatusCode::UNAUTHORIZED),
            ("Basic dTpw", StatusCode::UNAUTHORIZED),
            ("Bearer token", StatusCode::SERVICE_UNAVAILABLE),
            ("bearer token", StatusCode::SERVICE_UNAVAILABLE),
        ] {
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            let (code, text) = access.check(&headers).await.unwrap_err();
            assert_eq!(code, expected, "`{value}`: {text}");
        }
    }
}
