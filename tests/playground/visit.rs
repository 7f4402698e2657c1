//! Somebody who visits the page.

use crate::browser::{Browser, PATIENCE};
use crate::downloads::Downloads;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::ops::Deref;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The views, as the bar names them.
pub(crate) const VIEWS: [&str; 8] =
    ["Administrator", "Device", "Link", "Cloud", "Faults", "Scenarios", "Budget", "Campaign"];
pub(crate) const DESKTOP: u32 = 1_280;
pub(crate) const PHONE: u32 = 390;
pub(crate) const HEIGHT: u32 = 800;

/// `aclk playground`, for as long as somebody visits.
pub(crate) struct Server {
    program: Child,
    url: String,
}

impl Server {
    /// `None`, and the reason printed, where the page was not built.
    pub(crate) fn start() -> Option<Self> {
        let mut program = Command::new(env!("CARGO_BIN_EXE_aclk"))
            .args(["playground", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
        let Some(line) = lines.find_map(|line| line.ok().filter(|line| line.contains("http://"))) else {
            let ended = program.wait_with_output().unwrap();
            assert_eq!(ended.status.code(), Some(3));
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert!(said.contains("cargo xtask web"), "it neither serves nor says what is missing: {said}");
            println!("skipped: the playground was not built (cargo xtask web)");
            return None;
        };
        let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
        Some(Self { program, url: url.to_owned() })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// A browser at the page, freshly opened.
pub(crate) struct Visit {
    browser: Browser,
    server: Server,
}

impl Deref for Visit {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.browser
    }
}

impl Visit {
    /// A first visit. `None`, and the reason printed, where there is no browser or no page.
    pub(crate) fn first() -> Option<Self> {
        Self::at("")
    }

    /// The first thing is this address: what is behind the `#`.
    pub(crate) fn at(address: &str) -> Option<Self> {
        let server = Server::start()?;
        let browser = Browser::start()?;
        browser.dark(false);
        browser.resize(DESKTOP, HEIGHT);
        browser.open(&format!("{}{address}", server.url));
        let visit = Self { browser, server };
        visit.until("the engine runs", READY);
        Some(visit)
    }

    pub(crate) fn url(&self) -> &str {
        &self.server.url
    }

    /// Waits until `script` yields something that is true, longer than usual as long as something moves: frames pass, or
    /// a campaign goes on.
    pub(crate) fn until(&self, what: &str, script: &str) -> Value {
        let (last, mut end) = (Instant::now() + 2 * PATIENCE, Instant::now() + PATIENCE);
        let mut moved = Value::Null;
        loop {
            let found = self.run(script);
            if found != false && !found.is_null() {
                return found;
            }
            let now = self.run(MOVES);
            if now != moved {
                (moved, end) = (now, last.min(Instant::now() + PATIENCE));
            }
            assert!(Instant::now() < end, "{what} does not come about:\n{}", self.said());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// All text of the page.
    pub(crate) fn said(&self) -> String {
        self.run("return document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// The word at the top right: how the device is.
    pub(crate) fn wait_for_state(&self, word: &str) {
        let script = format!("return document.querySelector('.now').textContent === '{word}'");
        self.until(&format!("the state {word}"), &script);
    }

    /// Goes to a view by the bar.
    pub(crate) fn view(&self, title: &str) {
        self.click(&format!("//nav/a[normalize-space()='{title}']"));
        let view = title.to_lowercase();
        self.until(title, &format!("return document.querySelector('main').dataset.view === '{view}'"));
    }

    /// From now on, what the page hands out as a file is here.
    pub(crate) fn downloads(&self) -> Downloads {
        let downloads = Downloads::new();
        self.keep_downloads_in(downloads.folder());
        downloads
    }

    /// Creates a token and claims the device with it, as the first visit suggests.
    pub(crate) fn claim(&self) {
        self.view("Administrator");
        self.press("Create a token");
        self.press("Take it to the device");
        self.press("Claim the device");
    }

    /// Reboots the device by the button at its console, and waits until the page says that it starts: until then the word
    /// at the top right tells of the life before.
    pub(crate) fn reboot(&self) {
        self.view("Device");
        self.run(WATCH);
        self.click("//button[normalize-space()='reboot']");
        self.until("a start", "return window.words.includes('Starting')");
    }

    /// Nothing is in the console, and nobody but its own host was asked for anything.
    pub(crate) fn leave(self) {
        assert_eq!(self.console(), Vec::<String>::new());
        let own = [self.url(), "data:", "blob:", "about:", "chrome:"];
        let strange = |url: &String| !own.iter().any(|start| url.starts_with(start));
        assert_eq!(self.requests().into_iter().filter(strange).collect::<Vec<_>>(), Vec::<String>::new());
    }
}

const READY: &str = "return document.querySelector('.now')?.textContent !== 'Loading' && document.querySelector('.switch')?.disabled === false";
/// Keeps every word that is at the top right from now on: some are there for a moment only.
const WATCH: &str = "
  window.watcher?.disconnect();
  window.words = [];
  const look = () => window.words.push(document.querySelector('.now').textContent);
  window.watcher = new MutationObserver(look);
  window.watcher.observe(document.body, { subtree: true, childList: true, characterData: true });";
/// What tells that something goes on: frames on the cable, runs of a campaign, an attempt that will be made.
const MOVES: &str =
    "return [...document.querySelectorAll('.wire, .progress, .bench .device')].map((one) => one.textContent).join()";
