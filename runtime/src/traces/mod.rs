//! Traces by OTLP, with the feature `otlp`; without it, nothing.

#[cfg(feature = "otlp")]
mod otlp;

#[cfg(feature = "otlp")]
pub(crate) use self::otlp::{end, identify, layer};

#[cfg(not(feature = "otlp"))]
mod off {
    use tracing::Span;
    use tracing_subscriber::layer::Identity;

    pub(crate) fn layer(_: &str) -> Option<Identity> {
        None
    }

    pub(crate) fn identify(_: &Span) {}

    pub(crate) async fn end() {}
}

#[cfg(not(feature = "otlp"))]
pub(crate) use self::off::{end, identify, layer};
