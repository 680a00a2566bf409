//! A proxy between an adapter and its database server.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, ToSocketAddrs, lookup_host},
    sync::watch,
    task::{AbortHandle, JoinSet},
};

/// A TCP proxy on loopback that counts round trips, and breaks connections on demand.
///
/// A [`Harness`](crate::conformance::Harness) that opens its adapter through a proxy gets
/// [`round_trips`](crate::conformance::Harness::round_trips) and
/// [`inject_fault`](crate::conformance::Harness::inject_fault) for free, whatever the protocol. Dropping the proxy ends it.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// let (proxy, url) = conversation_settings_testkit::Proxy::before("postgres://app@127.0.0.1:5432/app").await?;
/// // … calls of a store opened at `url` …
/// proxy.lose_answer_to("COMMIT"); // The next commit takes effect, and its answer is lost.
/// proxy.cut(); // All present connections break.
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    round_trips: AtomicU64,
    /// The text in the next request whose answer is lost.
    losing: Mutex<Option<String>>,
    /// How often connections were cut. A connection ends when this changes.
    cuts: watch::Sender<u64>,
}

impl Proxy {
    /// Starts a proxy before `server`, on a free port, in the current Tokio runtime.
    ///
    /// # Errors
    ///
    /// If the address of `server` is unknown, or no port is free.
    pub async fn start(server: impl ToSocketAddrs) -> io::Result<Self> {
        let nowhere = || io::Error::new(io::ErrorKind::NotFound, "the server has no address");
        let server = lookup_host(server).await?.next().ok_or_else(nowhere)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let (round_trips, losing) = (AtomicU64::new(0), Mutex::new(None));
        let shared = Arc::new(Shared { server, round_trips, losing, cuts: watch::Sender::new(0) });
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        Ok(Self { address, shared, accepting })
    }

    /// Starts a proxy before the server of `url`, which names a host and a port, and returns the URL that leads through
    /// the proxy.
    ///
    /// # Errors
    ///
    /// If the server's address is unknown, or no port is free.
    pub async fn before(url: &str) -> io::Result<(Self, String)> {
        let start = url.find("://").map_or(0, |at| at + 3);
        let end = url[start..].find(['/', '?']).map_or(url.len(), |at| start + at);
        let host = url[start..end].rfind('@').map_or(start, |at| start + at + 1);
        let proxy = Self::start(&url[host..end]).await?;
        let through = format!("{}{}{}", &url[..host], proxy.address(), &url[end..]);
        Ok((proxy, through))
    }

    /// The proxy's address.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many round trips the proxy has seen, on all connections: requests that follow a response, or open a connection.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.shared.round_trips.load(SeqCst)
    }

    /// Cuts all connections. New ones are accepted immediately.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Loses the answer to the next request that contains `text` in one network read: the request reaches the server, and
    /// the connection ends instead of an answer.
    pub fn lose_answer_to(&self, text: &str) {
        *self.shared.losing.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.to_owned());
    }

    /// Whether the proxy still waits for the request whose [answer it loses](Self::lose_answer_to).
    #[must_use]
    pub fn is_losing(&self) -> bool {
        self.shared.losing.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Accepts connections. All of them end when this task ends.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move { shared.pass(client).await });
        while connections.try_join_next().is_some() {}
    }
}

/// The state of one connection.
#[derive(Default)]
struct Exchange {
    asked: AtomicBool,
    answer_is_lost: AtomicBool,
}

impl Shared {
    /// Forwards both directions until one side ends or the connection is cut. Both look the same to the two sides.
    async fn pass(&self, mut client: TcpStream) -> io::Result<()> {
        let mut cuts = self.cuts.subscribe();
        let mut server = TcpStream::connect(self.server).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let exchange = Exchange::default();
        let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
        let requests = forward(from_client, to_server, |bytes| {
            if !exchange.asked.swap(true, SeqCst) {
                self.round_trips.fetch_add(1, SeqCst);
            }
            if self.is_lost(bytes) {
                exchange.answer_is_lost.store(true, SeqCst);
            }
            true
        });
        let responses = forward(from_server, to_client, |_| {
            exchange.asked.store(false, SeqCst);
            !exchange.answer_is_lost.load(SeqCst)
        });
        tokio::select! {
            ended = requests => ended,
            ended = responses => ended,
            _ = cuts.changed() => Ok(()),
        }
    }

    fn is_lost(&self, bytes: &[u8]) -> bool {
        let mut losing = self.losing.lock().unwrap_or_else(PoisonError::into_inner);
        let contains =
            |text: &mut String| text.is_empty() || bytes.windows(text.len()).any(|part| part == text.as_bytes());
        losing.take_if(contains).is_some()
    }
}

/// Forwards one direction while `passes` returns true.
async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut passes: impl FnMut(&[u8]) -> bool,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 || !passes(&buffer[..read]) {
            return Ok(());
        }
        to.write_all(&buffer[..read]).await?;
    }
}
