//! `/healthz`, `/readyz` and `/log-level`, on a thread of their own: they answer while reconciles use every other.

use std::net::SocketAddr;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::heartbeat::Heartbeat;
use crate::Result;
use crate::readiness::Readiness;

pub(super) fn routes(readiness: Readiness, heartbeat: Heartbeat) -> Router {
    let healthy = move || async move {
        match heartbeat.stuck() {
            None => (StatusCode::OK, "ok\n".to_owned()),
            Some(since) => {
                let text = format!("the event loop has not run for {} s\n", since.as_secs());
                (StatusCode::INTERNAL_SERVER_ERROR, text)
            }
        }
    };
    let ready = move || async move {
        match readiness.report() {
            Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
            Err(missing) => (StatusCode::SERVICE_UNAVAILABLE, missing),
        }
    };
    Router::new()
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .merge(super::log_level::routes())
}

/// Serves `routes` on a new thread for as long as its task, which is put into `tasks`, is there.
/// The task ends if the thread does.
pub(super) fn serve_on_thread(
    listener: TcpListener,
    routes: Router,
    tasks: &mut JoinSet<()>,
) -> Result<()> {
    let listener = listener.into_std()?;
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    let (alive, ended) = oneshot::channel::<()>();
    let serve = async move {
        let _alive = alive;
        let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
        let served = async { axum::serve(TcpListener::from_std(listener)?, routes).await };
        tokio::select! {
            Err(error) = served => tracing::error!(%error, "the server for health probes ended"),
            () = stopped => {}
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    std::thread::Builder::new()
        .name("probes".to_owned())
        .spawn(move || runtime.block_on(serve))?;
    // Outside of the task, which may be ended before it has run at all.
    let stop = stop.drop_guard();
    tasks.spawn(async move {
        let _stop = stop;
        // It never gets a message: it ends when the other side is dropped.
        let _ = ended.await;
    });
    Ok(())
}
