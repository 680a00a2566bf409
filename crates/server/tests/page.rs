//! The `/docs` page in Chromium, through chromedriver.

#[path = "server/harness.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod harness;

use std::{
    env,
    io::{self, Write},
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{LONG, Server, program};

/// A browser for one test.
struct Browser {
    driver: Child,
    client: Client,
    _profile: TempDir,
}

impl Browser {
    /// `None` without chromedriver; a failure in CI.
    async fn start(width: u32) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut driver = Command::new("chromedriver");
        driver.arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(driver) = driver.spawn() else {
            assert!(env::var_os("CI").is_none(), "no chromedriver");
            // Written directly, because the test harness captures `eprintln!`.
            io::stderr().write_all(b"skipped: no chromedriver\n").unwrap();
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let args = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
        ];
        let mut args: Vec<String> = args.map(str::to_owned).into();
        args.push(format!("--user-data-dir={}", profile.path().display()));
        args.push(format!("--window-size={width},1000"));
        let wanted = json!({ "goog:chromeOptions": { "args": args } });
        let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        builder.capabilities(wanted.as_object().unwrap().clone());
        let address = format!("http://127.0.0.1:{port}");
        let began = tokio::time::Instant::now();
        let client = loop {
            match builder.connect(&address).await {
                Ok(client) => break client,
                Err(error) => assert!(began.elapsed() < LONG, "the driver takes no session: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        Some(Self { driver, client, _profile: profile })
    }

    /// Waits for an element to exist.
    async fn element(&self, css: &str) -> fantoccini::elements::Element {
        let found = self.client.wait().at_most(LONG).for_element(Locator::Css(css)).await;
        found.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    async fn text(&self, css: &str) -> String {
        self.element(css).await.text().await.unwrap()
    }

    async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Closes the session, which ends the browser.
    async fn end(self) {
        self.client.clone().close().await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver may have ended already.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

#[tokio::test]
async fn shows_every_route_and_sends_a_call() {
    let Some(browser) = Browser::start(1_200).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).args(["--store", "memory:"]));
    browser.client.goto(&format!("http://{}/docs", server.address())).await.unwrap();

    browser.element("#set_conversations").await;
    let mut shown: Vec<String> = serde_json::from_value(
        browser.run("return [...document.querySelectorAll('summary .path')].map((path) => path.textContent)").await,
    )
    .unwrap();
    shown.sort();
    let document = ureq::get(format!("http://{}/openapi.json", server.address())).call().unwrap();
    let document: Value = serde_json::from_str(&document.into_body().read_to_string().unwrap()).unwrap();
    let mut paths: Vec<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    paths.sort();
    assert_eq!(shown, paths, "the page lacks a route");

    // Without a token the response names the missing header.
    browser.element("#set_conversations > summary").await.click().await.unwrap();
    browser.element("#set_conversations button").await.click().await.unwrap();
    assert_eq!(browser.text("#set_conversations p.bad").await, "HTTP 200, 1001 ArgsError");

    browser.element("#token").await.send_keys(&server.admin_token()).await.unwrap();
    browser.element("#set_conversations button").await.click().await.unwrap();
    assert_eq!(browser.text("#set_conversations p.good").await, "HTTP 200, success");
    let answer: Value = serde_json::from_str(&browser.text("#set_conversations .response").await).unwrap();
    assert_eq!(answer, json!({ "errCode": 0, "errMsg": "", "errDlt": "", "data": null }));
    let own = json!({ "ownerUserID": "bob", "conversationID": "sg_team" });
    let read = server.post("/conversation/get_conversation", &server.admin_token(), &own);
    assert_eq!(read["data"]["conversation"]["isPinned"], true, "the call had no effect");

    browser.element("#find").await.send_keys("idHash").await.unwrap();
    let left = browser.run("return [...document.querySelectorAll('details:not([hidden])')].map(({ id }) => id)").await;
    assert_eq!(left, json!(["get_full_conversation_ids"]));
    browser.end().await;
}

#[tokio::test]
async fn fits_a_phone_screen() {
    let Some(browser) = Browser::start(500).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(program(folder.path()).args(["--store", "memory:"]));
    browser.client.goto(&format!("http://{}/docs", server.address())).await.unwrap();
    browser.element("#set_conversations").await;
    browser.run("for (const one of document.querySelectorAll('details')) one.open = true").await;
    let wider = browser
        .run("return [...document.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 200))")
        .await;
    assert_eq!(wider, json!([]));
    browser.end().await;
}
