//! Free ports on the loopback address.

use std::collections::HashSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{LazyLock, Mutex, PoisonError};

/// The kernel may offer a port again that has been given out here and is not bound yet.
static GIVEN_OUT: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);

/// A port that nobody listens on, and that this process has not been given before.
pub(super) fn free() -> std::io::Result<u16> {
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let mut given_out = GIVEN_OUT.lock().unwrap_or_else(PoisonError::into_inner);
        if given_out.insert(port) {
            return Ok(port);
        }
    }
}
