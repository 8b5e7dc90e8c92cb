//! A live page, numbers for Prometheus and the diagnosis over HTTP.
//!
//! Two threads: one takes what is new from the board, the other answers. Neither ever waits for a client.

mod connection;
mod desk;
mod guard;
mod routes;
mod stream;
#[cfg(test)]
mod tests;

use crate::live::picture::Board;
use axum::Router;
use futures_util::future::select;
use std::future::IntoFuture;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::sleep;

/// Answers that are on their way when the server stops have so long to arrive.
const GRACE: Duration = Duration::from_millis(500);

/// A server on threads of its own. It stops when it is dropped, too, but nobody waits for it then.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    /// Dropped to stop.
    stop: Sender<()>,
    threads: [JoinHandle<()>; 2],
}

impl Server {
    /// Listens at once, so that an address that is taken is seen here.
    ///
    /// With a token, whoever asks must know it. Without one, an address that other machines can reach is refused
    /// (`InvalidInput`).
    pub fn start(address: SocketAddr, token: Option<String>, board: Arc<Board>) -> io::Result<Server> {
        let guard = guard::Guard::new(address, token)?;
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let door = {
            let _entered = runtime.enter();
            connection::Door::new(tokio::net::TcpListener::from_std(listener)?)
        };
        let (stop, stopped) = channel();
        let (desk, laying_out) = desk::lay_out(Arc::clone(&board), stopped)?;
        let router = routes::router(routes::Hall::new(guard, board, desk.clone()));
        let answering =
            thread::Builder::new().name("relapse-serve".into()).spawn(move || answer(runtime, door, router, desk))?;
        Ok(Server { address, stop, threads: [laying_out, answering] })
    }

    /// Where it listens, with the port that was found where none was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends streams, lets other answers arrive if they are quick, and comes back within about a second.
    pub fn stop(self) {
        drop(self.stop);
        for thread in self.threads {
            // One that panicked has ended as well.
            let _ = thread.join();
        }
    }
}

fn answer(runtime: Runtime, door: connection::Door, router: Router, desk: watch::Receiver<desk::Desk>) {
    runtime.block_on(async {
        let serving = axum::serve(door, router).with_graceful_shutdown(ended(desk.clone()));
        let patience = async {
            ended(desk).await;
            sleep(GRACE).await;
        };
        select(pin!(serving.into_future()), pin!(patience)).await;
    });
}

/// Comes back when nothing is laid out any more.
async fn ended(mut desk: watch::Receiver<desk::Desk>) {
    while desk.changed().await.is_ok() {}
}
