//! Connecting to the hosts of an address: each has a deadline, and an old primary is the last choice.

use std::{
    error::Error as _,
    future,
    pin::Pin,
    sync::{
        Arc, Once,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use deadpool_postgres::Connect;
use futures_util::future::{join_all, try_join};
use tokio::{
    task::JoinHandle,
    time::{error::Elapsed, timeout},
};
use tokio_postgres::{
    Client, Config, Error, Socket,
    config::Host,
    tls::{MakeTlsConnect, TlsConnect},
};
use tracing::{debug, warn};

use crate::{
    connection::ACQUIRE_TIMEOUT,
    health::{Health, Primary},
    history, open,
};

/// How long one of several hosts may take to connect and to log in, unless the address says so with `connect_timeout`.
const HOST_TIMEOUT: Duration = Duration::from_secs(3);

/// The hosts of an address.
pub(crate) struct Hosts<T> {
    configs: Vec<Config>,
    /// The same without options, which a pooler refuses.
    without_options: Vec<Config>,
    tls: T,
    health: Arc<Health>,
    /// The host that the last connection was made to. It comes first.
    last: AtomicUsize,
    warned: Once,
}

/// A connection and the server at its other end.
struct Connected {
    client: Client,
    task: Task,
    server: Primary,
}

/// The task of a connection. Dropping it closes the connection, even if the server does not answer.
struct Task(Option<JoinHandle<()>>);

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl<T> Hosts<T>
where
    T: MakeTlsConnect<Socket> + Clone + Sync + Send + 'static,
    T::Stream: Sync + Send,
    T::TlsConnect: Sync + Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    pub(crate) fn new(config: &Config, tls: T, health: Arc<Health>) -> Self {
        let all = |has_options| (0..config.get_hosts().len()).map(|n| of_host(config, n, has_options)).collect();
        Self {
            configs: all(true),
            without_options: all(false),
            tls,
            health,
            last: AtomicUsize::new(0),
            warned: Once::new(),
        }
    }

    async fn connect_newest(&self) -> Result<(Client, JoinHandle<()>), Error> {
        let connecting = Instant::now();
        let count = self.configs.len();
        let last = self.last.load(Ordering::Relaxed);
        let order = (0..count).map(|n| (last + n) % count);
        let mut best: Option<(usize, Connected)> = None;
        let mut error = None;
        let mut silent = Vec::new();
        let mut consider = |host: usize, tried: Result<Result<Connected, Error>, Elapsed>| {
            match tried {
                Ok(Ok(connected)) => {
                    let is_better =
                        best.as_ref().is_none_or(|(_, best)| connected.server.timeline > best.server.timeline);
                    let is_newest = self.health.is_newest(connected.server);
                    if is_better {
                        best = Some((host, connected));
                    }
                    return is_newest;
                }
                Ok(Err(failed)) => {
                    if !has_unwanted_role(&failed) {
                        silent.push(host);
                    }
                    error = Some(failed);
                }
                Err(_) => {
                    debug!(host, "a host did not answer in time");
                    silent.push(host);
                }
            }
            false
        };
        if self.health.timeline() == 0 {
            // Nothing is known yet, so ask all: an old primary may run beside the new one, and come first.
            let tried = join_all(order.map(async |host| (host, self.connect_in_time(host).await))).await;
            for (host, tried) in tried {
                consider(host, tried);
            }
            if best.is_some() && !silent.is_empty() {
                self.warned.call_once(|| self.warn_of(&silent));
            }
        } else {
            for host in order {
                if consider(host, self.connect_in_time(host).await) {
                    break;
                }
            }
        }
        let Some((host, mut connected)) = best else {
            return match error {
                Some(error) => Err(error),
                // The driver has no error for it. Every caller of the pool has a deadline of its own.
                None => future::pending().await,
            };
        };
        self.last.store(host, Ordering::Relaxed);
        self.health.found(connected.server, connecting);
        let Some(task) = connected.task.0.take() else { unreachable!("only this takes the task") };
        Ok((connected.client, task))
    }

    /// Nothing shows whether one of the silent hosts was promoted.
    fn warn_of(&self, silent: &[usize]) {
        let hosts = silent.iter().map(|host| open::hosts(&self.configs[*host])).collect::<Vec<_>>().join(", ");
        warn!(
            hosts,
            "hosts of the PostgreSQL address cannot be reached: if one of them was promoted, this server writes to an old \
             primary; stop it unless the old primary is the right one"
        );
    }

    async fn connect_in_time(&self, host: usize) -> Result<Result<Connected, Error>, Elapsed> {
        let config = &self.configs[host];
        let default = if self.configs.len() > 1 { HOST_TIMEOUT } else { ACQUIRE_TIMEOUT };
        let limit = config.get_connect_timeout().copied().unwrap_or(default);
        let connect = async {
            let (client, connection) = match config.connect(self.tls.clone()).await {
                Err(error) if is_pooler(&error) => self.without_options[host].connect(self.tls.clone()).await?,
                connected => connected?,
            };
            let run = async move {
                if let Err(error) = connection.await {
                    debug!(%error, "a connection has ended");
                }
            };
            let task = Task(Some(tokio::spawn(run)));
            let (server, is_direct) = try_join(history::primary(&client), history::is_direct(&client)).await?;
            if !is_direct {
                self.health.found_pooler();
            }
            Ok(Connected { client, task, server })
        };
        timeout(limit, connect).await
    }
}

impl<T> Connect for Hosts<T>
where
    T: MakeTlsConnect<Socket> + Clone + Sync + Send + 'static,
    T::Stream: Sync + Send,
    T::TlsConnect: Sync + Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    fn connect(
        &self,
        _: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        Box::pin(self.connect_newest())
    }
}

/// `PgBouncer` refuses `options` before the login.
fn is_pooler(error: &Error) -> bool {
    error.as_db_error().is_some_and(|error| error.message().contains("unsupported startup parameter"))
}

/// The host answered, and `target_session_attrs` leaves it out. The driver has no other sign of it.
fn has_unwanted_role(error: &Error) -> bool {
    let cause = error.source().map(ToString::to_string);
    cause.is_some_and(|cause| cause == "database does not allow writes" || cause == "database is not read only")
}

/// The part of `config` for one host. The driver has no deadline for the login, and would wait for the first host for ever.
fn of_host(config: &Config, n: usize, has_options: bool) -> Config {
    let mut one = Config::new();
    match &config.get_hosts()[n] {
        Host::Tcp(name) => one.host(name),
        #[cfg(unix)]
        Host::Unix(folder) => one.host_path(folder),
    };
    if let Some(address) = config.get_hostaddrs().get(n) {
        one.hostaddr(*address);
    }
    if let Some(port) = config.get_ports().get(n).or(config.get_ports().first()) {
        one.port(*port);
    }
    macro_rules! copy_optional {
        ($($set:ident: $get:ident,)*) => { $(if let Some(value) = config.$get() { one.$set(value.to_owned()); })* };
    }
    copy_optional! {
        user: get_user,
        password: get_password,
        dbname: get_dbname,
        application_name: get_application_name,
        connect_timeout: get_connect_timeout,
        tcp_user_timeout: get_tcp_user_timeout,
        keepalives_interval: get_keepalives_interval,
        keepalives_retries: get_keepalives_retries,
    }
    if let Some(options) = config.get_options().filter(|_| has_options) {
        one.options(options);
    }
    one.ssl_mode(config.get_ssl_mode())
        .ssl_negotiation(config.get_ssl_negotiation())
        .keepalives(config.get_keepalives())
        .keepalives_idle(config.get_keepalives_idle())
        .target_session_attrs(config.get_target_session_attrs())
        .channel_binding(config.get_channel_binding())
        .load_balance_hosts(config.get_load_balance_hosts());
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_option_for_each_host() {
        let options = "sslmode=require&sslnegotiation=direct&target_session_attrs=read-write&channel_binding=require&\
                       load_balance_hosts=random&connect_timeout=7&tcp_user_timeout=8&keepalives=1&keepalives_idle=9&\
                       keepalives_interval=10&keepalives_retries=11&application_name=chat&options=-c%20x%3Dy";
        let parse = |hosts: &str, addresses: &str| -> Config {
            format!("postgres://me:secret@{hosts}/db?{options}&hostaddr={addresses}").parse().unwrap()
        };
        let both = parse("one:1,two:2", "127.0.0.1,127.0.0.2");
        assert_eq!(of_host(&both, 0, true), parse("one:1", "127.0.0.1"));
        assert_eq!(of_host(&both, 1, true), parse("two:2", "127.0.0.2"));
        assert_eq!(of_host(&both, 1, false).get_options(), None);
    }
}
