//! `/log-level`: what is logged, and from now on something else, for who is on the same machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::StatusCode;
use axum::routing::get;

use crate::{logging, options};

type Answer = (StatusCode, String);

pub(super) fn routes() -> Router {
    Router::new().route("/log-level", get(read).put(change))
}

async fn read(ConnectInfo(peer): ConnectInfo<SocketAddr>) -> Answer {
    if let Err(refusal) = only_here(peer) {
        return refusal;
    }
    match logging::level() {
        Some(level) => (StatusCode::OK, format!("{}\n", level.get())),
        None => strange_logger(),
    }
}

async fn change(ConnectInfo(peer): ConnectInfo<SocketAddr>, body: String) -> Answer {
    if let Err(refusal) = only_here(peer) {
        return refusal;
    }
    let Some(level) = logging::level() else {
        return strange_logger();
    };
    let result = match body.trim() {
        "" => Err("send a level like `debug`, or directives like `info,kube=debug`".to_owned()),
        text => options::log_level(text).and_then(|text| level.set(&text)),
    };
    match result {
        Ok(()) => {
            let now = level.get();
            tracing::info!(level = now, "the log level has been changed");
            (StatusCode::OK, format!("{now}\n"))
        }
        Err(reason) => (StatusCode::BAD_REQUEST, format!("{reason}\n")),
    }
}

/// `kubectl port-forward` and `kubectl exec` come from these addresses. Others of 127.0.0.0/8 do
/// not count: proxies pass the requests of others on from there.
fn only_here(peer: SocketAddr) -> Result<(), Answer> {
    let here = match peer.ip().to_canonical() {
        IpAddr::V4(address) => address == Ipv4Addr::LOCALHOST,
        IpAddr::V6(address) => address == Ipv6Addr::LOCALHOST,
    };
    if here {
        return Ok(());
    }
    let text = "the log level is for clients on the same machine: use `kubectl port-forward`\n";
    Err((StatusCode::FORBIDDEN, text.to_owned()))
}

fn strange_logger() -> Answer {
    let text = "the operator has a logger of its own, whose level it may let you change\n";
    (StatusCode::NOT_IMPLEMENTED, text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_for_clients_on_the_same_machine() {
        for (peer, refused) in [
            ("127.0.0.1:1", false),
            ("[::1]:1", false),
            ("[::ffff:127.0.0.1]:1", false),
            ("127.0.0.6:1", true),
            ("10.0.0.1:1", true),
            ("[fe80::1]:1", true),
        ] {
            let peer = ConnectInfo(peer.parse().unwrap());
            for (code, _) in [read(peer).await, change(peer, "debug".to_owned()).await] {
                assert_eq!(code == StatusCode::FORBIDDEN, refused, "{peer:?}");
            }
        }
    }
}
