//! Chromium, driven by chromedriver over WebDriver.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// After this time something that is waited for counts as lost.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Starts of chromedriver.
const ATTEMPTS: u32 = 5;
/// Starts of a browser by a chromedriver that runs.
const SESSIONS: u32 = 3;
/// The key of an element's id in WebDriver.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Where this program is. Says so if it is nowhere, because the test that asks is then skipped.
fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
    if found.is_none() {
        println!("skipped: there is no {program} (cargo xtask setup installs it as root on Debian)");
    }
    found
}

/// A name that nobody else has: what another run has left behind is not in the way.
pub(crate) fn unique(what: &str) -> String {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    format!("{what}-{:016x}", u64::from_ne_bytes(bytes))
}

/// Starts chromedriver at a port of its choice; `None` if it ends at once.
fn start_driver(program: &Path, home: &Path) -> Option<(Child, u16)> {
    let mut driver = Command::new(program)
        .arg("--port=0")
        .env("HOME", home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    for line in lines.map_while(Result::ok) {
        if let Some((_, port)) = line.split_once("successfully on port ") {
            return Some((driver, port.trim_end_matches('.').parse().unwrap()));
        }
    }
    driver.wait().unwrap();
    None
}

pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: PathBuf,
}

impl Browser {
    /// `None`, and the reason printed, where there is no browser.
    pub(crate) fn start() -> Option<Self> {
        let (chromium, driver) = (installed("chromium")?, installed("chromedriver")?);
        // On a busy machine a browser may not come up; who has failed is gone before the next one is started.
        let mut failures = Vec::new();
        for _ in 0..SESSIONS {
            match Self::try_start(&chromium, &driver) {
                Ok(browser) => return Some(browser),
                Err(failure) => failures.push(failure),
            }
        }
        panic!("the browser does not start: {failures:#?}")
    }

    /// A driver, and a browser with a new profile. If it fails, both are ended.
    fn try_start(chromium: &Path, driver: &Path) -> Result<Self, String> {
        let profile = std::env::temp_dir().join(unique("aclk-page"));
        fs::create_dir(&profile).unwrap();
        // Several that start at once may choose the same port; all but one of them end then.
        let (driver, port) = (0..ATTEMPTS).find_map(|_| start_driver(driver, &profile)).expect("chromedriver ended");
        let mut browser = Self { driver, port, session: String::new(), profile };
        let profile = browser.profile.join("chromium");
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            // A test goes from place to place more quickly than a person, and is not to be held back for that.
            "--disable-ipc-flooding-protection",
            &format!("--user-data-dir={}", profile.display()),
        ];
        let capabilities = json!({"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"binary": chromium, "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }});
        // The driver gives up a browser after a minute, and ends it; nobody would, if the driver were ended before.
        let made = browser.try_call(2 * PATIENCE, "POST", "/session", &json!({ "capabilities": capabilities }));
        let made = made.map_err(|error| error.to_string())?;
        browser.session = made["sessionId"].as_str().ok_or_else(|| made.to_string())?.to_owned();
        Ok(browser)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_call(PATIENCE, method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    fn try_call(&self, patience: Duration, method: &str, path: &str, body: &Value) -> io::Result<Value> {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(patience))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        )?;
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some((_, value)) = line.to_ascii_lowercase().split_once("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        // It does not close the connection, whatever it was asked for.
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let value: Value = serde_json::from_slice(&body)?;
        Ok(value["value"].clone())
    }

    fn post(&self, command: &str, body: &Value) -> Value {
        let value = self.call("POST", &format!("/session/{}/{command}", self.session), body);
        assert!(value["error"].is_null(), "{command} {body}: {value}");
        value
    }

    pub(crate) fn open(&self, url: &str) {
        self.post("url", &json!({ "url": url }));
    }

    pub(crate) fn run(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until the page says `text`.
    pub(crate) fn wait_for(&self, text: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let said = self.run("return document.body.innerText");
            if said.as_str().unwrap_or_default().contains(text) {
                return;
            }
            assert!(Instant::now() < end, "no {text:?} in:\n{}", said.as_str().unwrap_or_default());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn element(&self, xpath: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let path = format!("/session/{}/element", self.session);
            let found = self.call("POST", &path, &json!({ "using": "xpath", "value": xpath }));
            if let Some(id) = found[ELEMENT].as_str() {
                return id.to_owned();
            }
            assert!(Instant::now() < end, "no {xpath}: {found}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Does something to an element, as soon as it can be done.
    fn act(&self, xpath: &str, commands: &[(&str, Value)]) {
        let end = Instant::now() + PATIENCE;
        loop {
            // What was found may just be drawn anew: then all of it is for the new one.
            let path = format!("/session/{}/element/{}", self.session, self.element(xpath));
            let done = |(command, body): &(&str, Value)| self.call("POST", &format!("{path}/{command}"), body);
            let Some(failed) = commands.iter().map(done).find(|done| !done["error"].is_null()) else { return };
            assert!(Instant::now() < end, "{xpath}: {failed}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Clicks like a person: what is covered or out of the window cannot be clicked.
    pub(crate) fn click(&self, xpath: &str) {
        self.act(xpath, &[("click", json!({}))]);
    }

    /// The button, or the link, with this text.
    pub(crate) fn press(&self, text: &str) {
        self.click(&format!("//*[self::button or self::a or self::summary][normalize-space()='{text}']"));
    }

    pub(crate) fn fill(&self, label: &str, text: &str) {
        let label = format!("//label[starts-with(normalize-space(), '{label}')]");
        let field = format!("{label}/*[self::input or self::select or self::textarea]");
        self.element(&field);
        let select =
            format!("return document.evaluate(\"{label}/select\", document, null, 9).singleNodeValue !== null");
        let (clear, value) = (("clear", json!({})), ("value", json!({ "text": text })));
        if self.run(&select) == true {
            self.act(&field, &[value]);
        } else {
            self.act(&field, &[clear, value]);
        }
    }

    /// Presses a key where the focus is. Those without a character have one from the list of WebDriver.
    pub(crate) fn press_key(&self, key: &str) {
        let presses = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        self.post("actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": presses }] }));
    }

    fn cdp(&self, command: &str, parameters: &Value) {
        self.post("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }));
    }

    /// What the page offers as a file goes into this folder without a question.
    pub(crate) fn keep_downloads_in(&self, folder: &Path) {
        let wanted = json!({ "behavior": "allow", "downloadPath": folder, "eventsEnabled": false });
        self.cdp("Browser.setDownloadBehavior", &wanted);
    }

    /// Everything that the page and its frames asked the network for since this was called last.
    pub(crate) fn requests(&self) -> Vec<String> {
        let entries = self.post("se/log", &json!({ "type": "performance" }));
        let message = |entry: &Value| serde_json::from_str::<Value>(entry["message"].as_str()?).ok();
        let messages = entries.as_array().unwrap().iter().filter_map(message);
        let asked = messages.filter(|message| message["message"]["method"] == "Network.requestWillBeSent");
        asked.filter_map(|one| Some(one["message"]["params"]["request"]["url"].as_str()?.to_owned())).collect()
    }

    /// A window of this width, as high as the page needs if a picture is taken.
    pub(crate) fn resize(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.cdp("Emulation.setDeviceMetricsOverride", &metrics);
    }

    pub(crate) fn dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.cdp("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// Takes a picture of the whole page, and checks that nothing sticks out at the side.
    pub(crate) fn picture(&self, name: &str, width: u32) {
        self.resize(width, 800);
        let sizes =
            self.run("const d = document.documentElement; return [d.scrollWidth, d.clientWidth, d.scrollHeight]");
        assert_eq!(sizes[0], sizes[1], "{name}: the page is wider than its window");
        self.resize(width, sizes[2].as_u64().unwrap().clamp(400, 4_000) as u32);
        let picture = self.call("GET", &format!("/session/{}/screenshot", self.session), &Value::Null);
        let png = STANDARD.decode(picture.as_str().unwrap_or_else(|| panic!("{picture}"))).unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("screenshots");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.png")), png).unwrap();
        self.resize(width, 800);
    }

    /// What is in the console, worst first to be read.
    pub(crate) fn console(&self) -> Vec<String> {
        let entries = self.post("se/log", &json!({ "type": "browser" }));
        entries.as_array().unwrap().iter().map(|entry| format!("{}: {}", entry["level"], entry["message"])).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            // Without this the browser would stay.
            let end = || self.call("DELETE", &format!("/session/{}", self.session), &Value::Null);
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(end));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = fs::remove_dir_all(&self.profile);
    }
}
