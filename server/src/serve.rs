//! Listening, and stopping without cutting anybody off.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How long open requests get to finish once a stop was asked for.
const DRAIN_WITHIN: Duration = Duration::from_secs(10);

/// Tells everything that runs when to stop.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Stops on SIGINT or SIGTERM. A second one ends the process at once.
    ///
    /// # Errors
    /// When signals cannot be listened to.
    pub fn on_signal() -> io::Result<Self> {
        let (sender, receiver) = watch::channel(false);
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::spawn(async move {
            for is_first in [true, false] {
                tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
                if is_first {
                    tracing::info!("stopping");
                    let _ = sender.send(true);
                } else {
                    std::process::exit(130);
                }
            }
        });
        Ok(Self(receiver))
    }

    /// Returns once a stop was asked for.
    pub async fn wait(mut self) {
        // An error means that nobody can ask any more, which is a stop, too.
        let _ = self.0.wait_for(|stopped| *stopped).await;
    }
}

/// Serves until the stop, then lets open requests finish for a while.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, router: Router, stop: Stop) -> io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let drained = stop.clone();
    tokio::select! {
        served = axum::serve(listener, service).with_graceful_shutdown(stop.wait()) => served,
        () = async { drained.wait().await; tokio::time::sleep(DRAIN_WITHIN).await } => {
            tracing::warn!("some requests were cut off by the stop");
            Ok(())
        }
    }
}
