//! From the options to a running server.

use std::{
    io::{self, Write},
    time::Duration,
};

use axum::Router;
use conversation_settings_core::{IfMissing, Limits, UserId};
use conversation_settings_http::{Api, TokenAuthority, not_found};
use conversation_settings_service::Service;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{net::TcpListener, runtime::Runtime};
use tracing::info;

use crate::{
    banner::Banner,
    config::{Command, Config, Missing},
    error::StartError,
    logs,
    ports::Ports,
    recorder,
    secret::Secret,
    serve::{Stop, serve},
    store,
};

/// How long the token is good that is printed to be pasted.
const BANNER_TOKEN: Duration = Duration::from_hours(1);

/// The kind of device that a printed token of a user is for: a Linux computer, as this is likely to be.
const USER_PLATFORM: i32 = 7;

/// Does what `config` asks for.
pub(crate) fn run(config: Config) -> Result<(), StartError> {
    match &config.command {
        Some(Command::Token { user }) => {
            let token = token(&authority(&config)?, user)?;
            Ok(writeln!(io::stdout(), "{token}")?)
        }
        None => {
            logs::begin(config.log)?;
            Runtime::new()?.block_on(start(config))
        }
    }
}

async fn start(config: Config) -> Result<(), StartError> {
    // What is wrong with the options is told before anything is made.
    let location = config.store.parse::<store::Location>()?;
    let metrics = recorder::install()?;
    let ports = Ports::of(&config)?;
    let listener = listen(&config.listen).await?;
    let tokens = authority(&config)?;
    let store = store::open(&location).await?;
    let stop = Stop::listen()?;
    let address = listener.local_addr()?;

    let admin = config.admin.first().ok_or_else(|| StartError::Usage("there must be an --admin".into()))?;
    let token = token(&tokens.clone().with_lifetime(BANNER_TOKEN), admin)?;
    let banner = Banner { address, store: &location.to_string(), token: &token };
    let mut out = io::stdout().lock();
    write!(out, "{banner}").and_then(|()| out.flush())?;
    drop(out);
    info!(%address, store = %location, "serving");

    let service = Service::builder(store).limits(limits(&config)).missing(missing(config.missing));
    let service = ports.plug(service).build();
    let patience = Duration::from_secs(config.request_timeout.get());
    serve(listener, router(service, tokens, metrics, &config), stop, patience).await;
    ports.close(patience).await;
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
    let failed = |source| StartError::Listen { address: address.to_owned(), source };
    TcpListener::bind(address).await.map_err(failed)
}

fn authority(config: &Config) -> Result<TokenAuthority, StartError> {
    Ok(TokenAuthority::new(Secret::signing(config)?.expose(), config.admin.iter().cloned()))
}

/// A token of `user`'s: an admin's where the user is one.
fn token(tokens: &TokenAuthority, user: &UserId) -> Result<String, StartError> {
    let platform = if tokens.is_admin(user) { TokenAuthority::ADMIN_PLATFORM } else { USER_PLATFORM };
    tokens.issue(user, platform).map_err(StartError::Token)
}

fn limits(config: &Config) -> Limits {
    Limits { max_users: config.max_users.get(), max_text_bytes: config.max_text_bytes.get() }
}

fn missing(policy: Missing) -> IfMissing {
    match policy {
        Missing::Create => IfMissing::Create,
        Missing::Reject => IfMissing::Reject,
    }
}
