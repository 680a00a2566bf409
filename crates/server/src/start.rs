//! From the options to a running server.

use std::{
    io::{self, Write},
    time::Duration,
};

use axum::Router;
use conversation_settings_core::{Limits, UserId};
use conversation_settings_http::{Api, TokenAuthority, not_found};
use conversation_settings_service::Service;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{net::TcpListener, runtime::Runtime};
use tracing::info;

use crate::{
    banner::Banner,
    config::{Command, Config},
    error::StartError,
    integrations::Integrations,
    logs, metrics,
    secret::Secret,
    serve::{StopSignals, serve},
    store,
};

/// Lifetime of the token in the banner.
const BANNER_TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// OpenIM's platform number for a token of `conversation-server token`: 7 is Linux.
const USER_PLATFORM: i32 = 7;

/// Does what `config` asks for.
pub(crate) fn run(config: Config) -> Result<(), StartError> {
    match &config.command {
        Some(Command::Token { user }) => {
            let token = token(&authority(&config)?, user);
            Ok(writeln!(io::stdout(), "{token}")?)
        }
        None => {
            logs::start(config.log)?;
            Runtime::new()?.block_on(start(config))
        }
    }
}

async fn start(config: Config) -> Result<(), StartError> {
    // Options are checked before anything is created.
    let location = config.store.parse::<store::Location>()?;
    let metrics = metrics::install()?;
    let integrations = Integrations::from_config(&config)?;
    let listener = listen(&config.listen).await?;
    let tokens = authority(&config)?;
    let store = store::open(&location).await?;
    let stop = StopSignals::listen()?;
    let address = listener.local_addr()?;

    let admin =
        config.admin.first().ok_or_else(|| StartError::Usage("--admin: at least one user is required".into()))?;
    let token = token(&tokens.clone().with_lifetime(BANNER_TOKEN_LIFETIME), admin);
    let banner = Banner { address, store: &location.to_string(), token: &token };
    let mut out = io::stdout().lock();
    write!(out, "{banner}").and_then(|()| out.flush())?;
    drop(out);
    info!(%address, store = %location, "serving");

    let service = Service::builder(store).limits(limits(&config)).missing(config.missing.into());
    let service = integrations.install(service).build();
    let drain_timeout = Duration::from_secs(config.request_timeout.get());
    serve(listener, router(service.clone(), tokens, metrics, &config), stop, drain_timeout).await;
    service.close(drain_timeout).await;
    Ok(())
}

fn router(service: Service, tokens: TokenAuthority, metrics: PrometheusHandle, config: &Config) -> Router {
    Api::with_tokens(service, tokens)
        .metrics(move || metrics.render())
        .max_body_bytes(config.max_body_bytes.get())
        .request_timeout(Duration::from_secs(config.request_timeout.get()))
        .max_in_flight(config.max_in_flight.get())
        .router()
        .fallback(not_found)
}

async fn listen(address: &str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::InvalidInput => StartError::Usage(format!("--listen: {address:?} is not HOST:PORT")),
        _ => StartError::Listen { address: address.to_owned(), source },
    })
}

fn authority(config: &Config) -> Result<TokenAuthority, StartError> {
    Ok(TokenAuthority::new(Secret::signing_key(config)?.expose(), config.admin.iter().cloned()))
}

/// A token for `user`; an admin gets an admin token.
fn token(tokens: &TokenAuthority, user: &UserId) -> String {
    let platform = if tokens.is_admin(user) { TokenAuthority::ADMIN_PLATFORM } else { USER_PLATFORM };
    tokens.issue(user, platform)
}

fn limits(config: &Config) -> Limits {
    Limits::default().max_users(config.max_users.get()).max_text_bytes(config.max_text_bytes.get())
}
