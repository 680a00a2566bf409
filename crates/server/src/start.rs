//! From the options to a running server.

use std::{
    io::{self, IsTerminal, Write},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use conversation_settings_core::{Limits, UserId};
use conversation_settings_http::{Api, TokenAuthority};
use conversation_settings_service::Service;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{net::TcpListener, runtime::Runtime, time::Instant};
use tracing::{info, warn};

use crate::{
    backup_commands,
    banner::{Banner, BannerToken},
    config::{Command, Config},
    custom_file,
    error::StartError,
    fallback::with_fallback,
    integrations::Integrations,
    logs, metrics,
    options::ListenAddress,
    renew_log_command,
    secret::{Origin, Secret, SigningSecret},
    serve::{ConnectionLimits, Listener, StopSignals, allow_connections, ignore_other_signals, serve},
    store::{self, Location},
    token_command::TokenCommand,
    warnings,
};

/// Connections for operators' requests beyond `--max-connections`.
const MAX_OPERATORS_CONNECTIONS: usize = 16;

/// Longest lifetime of the token in the banner.
const BANNER_TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// OpenIM's platform number for a token of `conversation-server token`: 7 is Linux.
const USER_PLATFORM: i32 = 7;

/// Does what `config` asks for.
pub(crate) fn run(config: Config) -> Result<(), StartError> {
    if config.command.is_some() {
        for warning in config.unknown_variables.iter().chain(&config.replaced_variables) {
            // Standard error may be closed.
            let _ = writeln!(io::stderr(), "{}: {warning}", env!("CARGO_BIN_NAME"));
        }
    }
    match &config.command {
        Some(Command::Token { user }) => {
            let secret = SigningSecret::find_existing(&config)?;
            let token = token(&authority(&config, &secret), user);
            Ok(writeln!(io::stdout(), "{token}")?)
        }
        Some(Command::Backup { file }) => backup_commands::backup(&location(&config)?, file.as_path()),
        Some(Command::Restore { file }) => backup_commands::restore(&location(&config)?, file.as_path()),
        Some(Command::RenewLog) => renew_log_command::renew_log(&location(&config)?, &config.authorities()?),
        None => {
            logs::start(config.log)?;
            for warning in &config.unknown_variables {
                warn!("{warning}");
            }
            let runtime = Runtime::new()?;
            match runtime.block_on(start(config)) {
                Ok((service, deadline)) => {
                    close(runtime, service, deadline);
                    Ok(())
                }
                Err(error) => {
                    // A failed start waits for nothing, such as a name that is being looked up.
                    runtime.shutdown_background();
                    Err(error)
                }
            }
        }
    }
}

/// Serves until the server is stopped. Returns what is still open, and when the process has to end.
async fn start(config: Config) -> Result<(Service, Instant), StartError> {
    ignore_other_signals()?;
    // Options are checked before anything is created.
    let location = location(&config)?;
    let metrics = metrics::install()?;
    let authorities = config.authorities()?;
    let integrations = Integrations::from_config(&config, &authorities)?;
    let custom = custom_file::read(config.custom.as_ref())?;
    let socket = listen(&config.listen).await?;
    let operations_socket = match &config.listen_operations {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let secret = SigningSecret::find_or_create(&config)?;
    let tokens = authority(&config, &secret);
    let store = store::open(&location, &authorities).await?;
    let stop = StopSignals::listen()?;
    let address = socket.local_addr()?;
    let operations = operations_socket.as_ref().map(TcpListener::local_addr).transpose()?;
    let connections = allow_connections(config.max_connections.get(), MAX_OPERATORS_CONNECTIONS);

    let token = banner_token(&config, &secret.origin, &tokens)?;
    let banner = Banner { address, operations, store: &location.to_string(), secret: &secret, token };
    print(&banner.to_string());
    info!(%address, store = %location, "serving");
    warnings::log(&config, &secret, [Some(address), operations].into_iter().flatten());

    let service = Service::builder(store).limits(limits(&config)).missing(config.missing.into()).custom(custom);
    let service = integrations.install(service).build();
    let listeners =
        listeners(&config, connections, socket, operations_socket, api(service.clone(), tokens, metrics, &config));
    let shutdown_timeout = config.shutdown_timeout.duration();
    let deadline = serve(listeners, &service, stop, shutdown_timeout).await;
    Ok((service, deadline))
}

/// What to serve at which address.
fn listeners(
    config: &Config,
    connections: usize,
    socket: TcpListener,
    operations_socket: Option<TcpListener>,
    api: Api,
) -> Vec<Listener> {
    let keep_alive = config.keep_alive.duration();
    let limits = |connections, reserved| ConnectionLimits { connections, reserved, keep_alive };
    let operators = (connections / 4).clamp(1, MAX_OPERATORS_CONNECTIONS);
    let paths = api.paths();
    match operations_socket {
        None => {
            vec![Listener::new("calls", socket, with_fallback(api.router(), &paths), limits(connections, operators))]
        }
        Some(operations_socket) => {
            let (calls, operations) = (api.calls().merge(api.documentation()), api.operations());
            let (operations_paths, paths): (Vec<_>, Vec<_>) =
                paths.into_iter().partition(|path| Api::OPERATIONS.contains(path));
            let operations = with_fallback(operations, &operations_paths);
            vec![
                Listener::new("calls", socket, with_fallback(calls, &paths), limits(connections, 0)),
                Listener::new("operations", operations_socket, operations, limits(operators, 0)),
            ]
        }
    }
}

/// Closes the store and the runtime. Does not wait beyond the deadline, for example for a commit in progress.
fn close(runtime: Runtime, open: impl Send + 'static, deadline: Instant) {
    let (closed, closing) = mpsc::channel::<()>();
    thread::spawn(move || {
        let entered = runtime.enter();
        drop(open);
        drop(entered);
        drop(runtime);
        drop(closed);
    });
    let remaining = deadline.saturating_duration_since(Instant::now());
    if closing.recv_timeout(remaining) == Err(RecvTimeoutError::Timeout) {
        warn!("stopped before the store was closed: no time was left");
    }
}

fn api(service: Service, tokens: TokenAuthority, metrics: PrometheusHandle, config: &Config) -> Api {
    Api::with_tokens(service, tokens)
        .metrics(move || metrics.render())
        .max_body_bytes(config.max_body_bytes.get())
        .max_body_memory(config.max_body_memory.get())
        .body_timeout(config.body_timeout.duration())
        .request_timeout(config.request_timeout.duration())
        .max_in_flight(config.max_in_flight.get())
}

/// Prints at once. A program that reads only the beginning, such as `head`, does not end the server.
fn print(banner: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(banner.as_bytes()).and_then(|()| out.flush()) {
        warn!(%error, "cannot print the address and the first commands to standard output");
    }
}

/// The store of `--store-file` or `--store`.
fn location(config: &Config) -> Result<Location, StartError> {
    let (option, text) = match (&config.store_file, &config.store) {
        (Some(file), _) => ("--store-file", Secret::from_file(file.as_path(), "--store-file")?),
        (None, Some(text)) => ("--store", text.clone()),
        (None, None) => return Err(StartError::Usage("--store: a store is needed".into())),
    };
    text.expose().parse().map_err(|error| StartError::Usage(format!("{option}: {error}")))
}

async fn listen(address: &ListenAddress) -> Result<TcpListener, StartError> {
    address.bind().await.map_err(|source| StartError::Listen { address: address.to_string(), source })
}

fn authority(config: &Config, secret: &SigningSecret) -> TokenAuthority {
    let tokens = TokenAuthority::new(secret.secret.expose(), config.admins().cloned());
    let tokens = tokens.with_lifetime(config.token_lifetime.duration());
    match &secret.previous {
        Some(previous) => tokens.with_previous_secret(previous.expose()),
        None => tokens,
    }
}

/// A token on a terminal; elsewhere a command that prints one.
fn banner_token(config: &Config, secret: &Origin, tokens: &TokenAuthority) -> Result<BannerToken, StartError> {
    let admin = config.admins().next();
    let admin = admin.ok_or_else(|| StartError::Usage("--admin: at least one user is required".into()))?;
    Ok(if io::stdout().is_terminal() {
        let lifetime = tokens.lifetime().min(BANNER_TOKEN_LIFETIME);
        BannerToken::Printed(token(&tokens.clone().with_lifetime(lifetime), admin))
    } else {
        BannerToken::Command(TokenCommand::new(config, secret, admin))
    })
}

/// A token for `user`; an admin gets an admin token.
fn token(tokens: &TokenAuthority, user: &UserId) -> String {
    let platform = if tokens.is_admin(user) { TokenAuthority::ADMIN_PLATFORM } else { USER_PLATFORM };
    tokens.issue(user, platform)
}

fn limits(config: &Config) -> Limits {
    Limits::default()
        .max_users(config.max_users.get())
        .max_text_bytes(config.max_text_bytes.get())
        .max_batch_bytes(config.max_batch_bytes.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store that closes when the test allows it.
    struct SlowToClose(mpsc::Receiver<()>);

    impl Drop for SlowToClose {
        fn drop(&mut self) {
            let _ = self.0.recv();
        }
    }

    #[test]
    fn waits_for_the_store_to_close_until_the_deadline() {
        let (allow, allowed) = mpsc::channel();
        close(Runtime::new().unwrap(), SlowToClose(allowed), Instant::now());
        // Ended without an allowance; and this one is not needed.
        drop(allow);
        let (allow, allowed) = mpsc::channel();
        allow.send(()).unwrap();
        close(Runtime::new().unwrap(), SlowToClose(allowed), Instant::now() + Duration::from_secs(60 * 60));
        assert!(allow.send(()).is_err(), "the store is open");
    }
}
