//! Keeps a replica that may have lost the lease from writing.
//!
//! The election ends the process when the lease is lost, but it may hear of it too late: a process
//! that was stopped for a minute goes on where it was, within a reconcile, while another replica
//! leads. So each write first looks at the clock. A write counts as allowed until the renew
//! deadline, measured from before the request of the last renewal was sent; others take over no
//! earlier than the lease duration after that, which is longer.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::{Method, Request, Response};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use kube::client::Body;
use tokio::time::Instant;
use tower::{BoxError, Layer, Service};

/// Reviews are asked by POST and change nothing.
const REVIEWS: [&str; 2] = [
    "/apis/authentication.k8s.io/",
    "/apis/authorization.k8s.io/",
];

/// What the election and the requests know of the lease. Clones share it.
#[derive(Clone)]
pub(crate) struct Fence(Arc<Inner>);

struct Inner {
    /// Where leases of the lease's namespace are made.
    leases: String,
    namespace: String,
    name: String,
    renew_deadline: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    leading: Leading,
    /// When the request was sent that renewed the lease last.
    renewed: Option<Instant>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Leading {
    /// Whoever writes now does not do so as the leader.
    #[default]
    NotYet,
    Now,
    Over,
}

impl Fence {
    pub(crate) fn new(namespace: &str, name: &str, renew_deadline: Duration) -> Self {
        Self(Arc::new(Inner {
            leases: format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            renew_deadline,
            state: Mutex::default(),
        }))
    }

    /// The namespace of the lease.
    pub(crate) fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// The name of the lease.
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// This replica leads.
    pub(crate) fn open(&self) {
        self.state().leading = Leading::Now;
    }

    /// From now on nothing is written: the lease is given back.
    pub(crate) fn close(&self) {
        self.state().leading = Leading::Over;
    }

    fn allows_writes(&self) -> bool {
        let state = self.state();
        match state.leading {
            Leading::NotYet => true,
            Leading::Now => state
                .renewed
                .is_some_and(|renewed| renewed.elapsed() < self.0.renew_deadline),
            Leading::Over => false,
        }
    }

    /// What a request means here.
    fn kind(&self, method: &Method, path: &str) -> Kind {
        if [Method::GET, Method::HEAD, Method::OPTIONS].contains(method) {
            return Kind::Free;
        }
        let rest = path.strip_prefix(&self.0.leases);
        let is_ours = |rest: &str| rest.strip_prefix('/') == Some(&self.0.name);
        match rest {
            Some(rest) if is_ours(rest) => Kind::Renewal,
            // Whether the lease was made by this one shows when the election opens the fence.
            Some("") if self.state().leading == Leading::NotYet => Kind::Renewal,
            _ if REVIEWS.iter().any(|review| path.starts_with(review)) => Kind::Free,
            _ => Kind::Write,
        }
    }

    fn renewed(&self, sent: Instant) {
        let mut state = self.state();
        state.renewed = state.renewed.max(Some(sent));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under this lock.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, PartialEq)]
enum Kind {
    /// Goes through at any time.
    Free,
    /// Of our own lease: goes through, and moves the deadline.
    Renewal,
    /// Goes through while this replica leads.
    Write,
}

/// Why a write was not sent.
#[derive(Debug)]
pub(crate) struct NotLeading(String);

impl fmt::Display for NotLeading {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "nothing is written without the lease `{}`: another replica may be leading",
            self.0
        )
    }
}

impl std::error::Error for NotLeading {}

impl<S> Layer<S> for Fence {
    type Service = Fenced<S>;

    fn layer(&self, inner: S) -> Fenced<S> {
        Fenced {
            inner,
            fence: self.clone(),
        }
    }
}

/// A service with the fence around it.
#[derive(Clone)]
pub(crate) struct Fenced<S> {
    inner: S,
    fence: Fence,
}

impl<S, Answer: Send + 'static> Service<Request<Body>> for Fenced<S>
where
    S: Service<Request<Body>, Response = Response<Answer>, Error: Into<BoxError>>,
    S::Future: Send + 'static,
{
    type Response = Response<Answer>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let kind = self.fence.kind(request.method(), request.uri().path());
        if kind == Kind::Write && !self.fence.allows_writes() {
            let refused = NotLeading(self.fence.name().to_owned());
            return ready(Err(refused.into())).boxed();
        }
        let sent = Instant::now();
        let answer = self.inner.call(request);
        if kind != Kind::Renewal {
            return answer.map(|answer| answer.map_err(Into::into)).boxed();
        }
        let fence = self.fence.clone();
        async move {
            let answer = answer.await.map_err(Into::into)?;
            if answer.status().is_success() {
                fence.renewed(sent);
            }
            Ok(answer)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::StatusCode;
    use tower::service_fn;

    const DEADLINE: Duration = Duration::from_secs(10);
    const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/n/leases";
    const PODS: &str = "/api/v1/namespaces/n/pods";

    fn fence() -> Fence {
        Fence::new("n", "x-leader", DEADLINE)
    }

    /// Sends a request to a server that answers with that status; whether it got through.
    async fn gets_through(fence: &Fence, method: Method, path: &str, status: StatusCode) -> bool {
        let server = service_fn(move |_: Request<Body>| {
            let mut answer = Response::new(());
            *answer.status_mut() = status;
            ready(Ok::<_, BoxError>(answer))
        });
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Body::empty()).unwrap();
        match fence.layer(server).call(request).await {
            Ok(_) => true,
            Err(error) => {
                assert!(error.is::<NotLeading>(), "{error}");
                false
            }
        }
    }

    async fn writes(fence: &Fence) -> bool {
        gets_through(fence, Method::POST, PODS, StatusCode::OK).await
    }

    async fn renew(fence: &Fence, status: StatusCode) {
        let lease = format!("{LEASES}/x-leader");
        assert!(gets_through(fence, Method::PUT, &lease, status).await);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_written_after_the_deadline_until_the_lease_is_renewed() {
        let fence = fence();
        assert!(writes(&fence).await, "nobody leads yet");
        renew(&fence, StatusCode::OK).await;
        fence.open();
        tokio::time::advance(DEADLINE - Duration::from_millis(1)).await;
        assert!(writes(&fence).await);
        renew(&fence, StatusCode::CONFLICT).await;
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!writes(&fence).await);
        assert!(gets_through(&fence, Method::GET, PODS, StatusCode::OK).await);
        renew(&fence, StatusCode::OK).await;
        assert!(writes(&fence).await);
        fence.close();
        assert!(!writes(&fence).await);
        renew(&fence, StatusCode::OK).await;
        assert!(!writes(&fence).await, "closed is closed");
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_counts_from_before_a_renewal_was_sent() {
        let fence = fence();
        let slow = service_fn(|_: Request<Body>| async {
            tokio::time::sleep(Duration::from_secs(4)).await;
            Ok::<_, BoxError>(Response::new(()))
        });
        let request = Request::put(format!("{LEASES}/x-leader"));
        let request = request.body(Body::empty()).unwrap();
        fence.layer(slow).call(request).await.unwrap();
        fence.open();
        tokio::time::advance(Duration::from_secs(6)).await;
        assert!(!writes(&fence).await);
    }

    #[test]
    fn only_the_own_lease_renews() {
        let fence = fence();
        let kind = |method, path: &str| fence.kind(&method, path);
        let own = format!("{LEASES}/x-leader");
        assert_eq!(kind(Method::GET, &own), Kind::Free);
        assert_eq!(kind(Method::PUT, &own), Kind::Renewal);
        assert_eq!(kind(Method::POST, LEASES), Kind::Renewal);
        for path in [
            format!("{LEASES}/y"),
            format!("{own}/z"),
            format!("{LEASES}x"),
        ] {
            assert_eq!(kind(Method::PUT, &path), Kind::Write, "{path}");
        }
        let review = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        assert_eq!(kind(Method::POST, review), Kind::Free);
        fence.open();
        assert_eq!(kind(Method::POST, LEASES), Kind::Write);
    }
}
