//! A network that fails: an HTTP proxy between an operator and the API server.
//!
//! What the operator has of kube, its retries included, is as it is in production.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use http_body_util::BodyExt;
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use opgen_runtime::envtest::Environment;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const LONGEST_END: Duration = Duration::from_secs(10);

/// What goes wrong.
#[derive(Clone, Copy, Default)]
pub struct Faults {
    /// How much later each request arrives.
    pub latency: Duration,
    /// One in so many requests fails.
    pub one_in: Option<usize>,
    /// How long a watch lasts.
    pub longest_watch: Option<Duration>,
}

/// Dropping it ends it.
pub struct Proxy {
    address: SocketAddr,
    upstream: Config,
    wire: Arc<Mutex<Wire>>,
    /// `None` while nobody listens.
    runtime: Option<Runtime>,
}

struct Wire {
    faults: Faults,
    random: fastrand::Rng,
    injected: usize,
}

enum Fate {
    Goes,
    TooMany,
    Fails,
    AnswerIsLost,
}

impl Proxy {
    /// A proxy that does what it should, until [`Proxy::inject`].
    pub async fn start(environment: &Environment) -> Self {
        let kubeconfig = Kubeconfig::read_from(environment.kubeconfig()).unwrap();
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(kubeconfig, &options);
        let mut upstream = config.await.unwrap();
        // The operator says who it is, and tries again by itself.
        upstream.auth_info = AuthInfo::default();
        upstream.default_retry = false;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let seed = fastrand::u64(..);
        eprintln!("the proxy's seed: {seed}");
        let wire = Wire {
            faults: Faults::default(),
            random: fastrand::Rng::with_seed(seed),
            injected: 0,
        };
        let mut proxy = Self {
            address: listener.local_addr().unwrap(),
            upstream,
            wire: Arc::new(Mutex::new(wire)),
            runtime: None,
        };
        proxy.serve(listener);
        proxy
    }

    /// From now on this goes wrong.
    pub fn inject(&self, faults: Faults) {
        lock(&self.wire).faults = faults;
    }

    /// How often something went wrong.
    pub fn injected(&self) -> usize {
        lock(&self.wire).injected
    }

    /// Every connection breaks, and nobody listens any more.
    pub fn down(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // On a thread of its own, because it has to be waited for and this one may not block.
            let ended = std::thread::spawn(move || runtime.shutdown_timeout(LONGEST_END));
            ended.join().unwrap();
        }
    }

    /// Listens again.
    pub fn up(&mut self) {
        self.down();
        self.serve(TcpListener::bind(self.address).unwrap());
    }

    /// That of a service account, with this as the API server.
    pub async fn kubeconfig(&self, environment: &Environment, account: &str) -> PathBuf {
        let path = environment.service_account("operators", account).await;
        let path = path.unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut kubeconfig: Value = serde_json::from_str(&text).unwrap();
        let server = format!("http://{}", self.address);
        kubeconfig["clusters"][0]["cluster"] = json!({ "server": server });
        let path = path.with_extension("proxied");
        std::fs::write(&path, kubeconfig.to_string()).unwrap();
        path
    }

    /// On a runtime of its own, with which all its connections end.
    fn serve(&mut self, listener: TcpListener) {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        let (upstream, wire) = (self.upstream.clone(), self.wire.clone());
        listener.set_nonblocking(true).unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let upstream = Client::try_from(upstream).unwrap();
            let router = axum::Router::new()
                .fallback(forward)
                .with_state((upstream, wire));
            axum::serve(listener, router).await.unwrap();
        });
        self.runtime = Some(runtime);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.down();
    }
}

impl Wire {
    fn fate(&mut self) -> Fate {
        let fails = self
            .faults
            .one_in
            .is_some_and(|one_in| self.random.usize(..one_in) == 0);
        if !fails {
            return Fate::Goes;
        }
        self.injected += 1;
        match self.random.u8(..4) {
            0 | 1 => Fate::TooMany,
            2 => Fate::Fails,
            _ => Fate::AnswerIsLost,
        }
    }
}

async fn forward(
    State((upstream, wire)): State<(Client, Arc<Mutex<Wire>>)>,
    request: Request,
) -> Response {
    let faults = lock(&wire).faults;
    tokio::time::sleep(faults.latency).await;
    let fate = lock(&wire).fate();
    match fate {
        Fate::TooMany => return refusal(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests"),
        Fate::Fails => return refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        Fate::Goes | Fate::AnswerIsLost => {}
    }
    let (parts, body) = request.into_parts();
    let is_watch = parts
        .uri
        .query()
        .is_some_and(|query| query.contains("watch=true"));
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let request = Request::from_parts(parts, body.into());
    let Ok(response) = upstream.send(request).await else {
        return refusal(StatusCode::BAD_GATEWAY, "BadGateway");
    };
    if matches!(fate, Fate::AnswerIsLost) {
        return refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalError");
    }
    let (parts, body) = response.into_parts();
    let body = match faults.longest_watch.filter(|_| is_watch) {
        Some(longest) => cut(body, longest, &wire),
        None => Body::new(body),
    };
    Response::from_parts(parts, body)
}

/// As the API server refuses.
fn refusal(code: StatusCode, reason: &str) -> Response {
    let status = json!({
        "apiVersion": "v1", "kind": "Status", "status": "Failure",
        "message": "the network fails", "reason": reason, "code": code.as_u16(),
    });
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::RETRY_AFTER, "1"),
    ];
    (code, headers, status.to_string()).into_response()
}

/// The body until then. Every other one breaks in the middle, the others end.
fn cut(body: kube::client::Body, after: Duration, wire: &Mutex<Wire>) -> Body {
    let mut wire = lock(wire);
    wire.injected += 1;
    let broken = std::io::Error::other("the network fails");
    let end = wire.random.bool().then_some(Err(broken.into()));
    let data = body
        .into_data_stream()
        .map(|data| data.map_err(axum::Error::new));
    let data = data.take_until(tokio::time::sleep(after));
    Body::from_stream(
        data.map(|data| data.map_err(axum::BoxError::from))
            .chain(stream::iter(end)),
    )
}

fn lock(wire: &Mutex<Wire>) -> std::sync::MutexGuard<'_, Wire> {
    wire.lock().unwrap_or_else(PoisonError::into_inner)
}
