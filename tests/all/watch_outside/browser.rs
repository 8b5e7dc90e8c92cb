//! A headless Chromium that is told what to do over two pipes, by the DevTools protocol.

use super::{DEADLINE, GLANCE, Group};
use crate::support::Place;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

/// A browser with one page.
pub struct Browser {
    _process: Group,
    orders: RefCell<ChildStdin>,
    answers: Receiver<Value>,
    /// What the page said of itself: exceptions, dialogs, its console, what it may not load.
    pub complaints: RefCell<Vec<Value>>,
    last: RefCell<u64>,
    session: String,
    _profile: Place,
}

impl Browser {
    /// Starts one that shows nothing yet.
    #[track_caller]
    pub fn start(chromium: &Path) -> Browser {
        let profile = Place::new();
        // It reads orders from descriptor 3, and answers on descriptor 4, with a zero behind each.
        let script = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null"#;
        let mut command = Command::new("sh");
        command.args(["-c", script]).arg(chromium);
        command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]);
        command.args(["--no-first-run", "--disable-extensions", "--disable-background-networking"]);
        command.args(["--remote-debugging-pipe", "--window-size=1280,900"]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        command
            .env("HOME", profile.path())
            .env("XDG_CONFIG_HOME", profile.path())
            .env("XDG_CACHE_HOME", profile.path());
        let mut process = Group::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()));
        let orders = process.0.stdin.take().expect("a pipe");
        let told = process.0.stdout.take().expect("a pipe");
        let (to, answers) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(told).split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).expect("the browser speaks JSON");
                if to.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Browser {
            _process: process,
            orders: RefCell::new(orders),
            answers,
            complaints: RefCell::default(),
            last: RefCell::new(0),
            session: String::new(),
            _profile: profile,
        };
        let target = browser.order("Target.createTarget", json!({ "url": "about:blank" }));
        let session =
            browser.order("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        browser.session = session["sessionId"].as_str().expect("a session").into();
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            browser.order(domain, json!({}));
        }
        browser
    }

    /// Has it do something, and gives what it answers.
    #[track_caller]
    pub fn order(&self, method: &str, parameters: Value) -> Value {
        *self.last.borrow_mut() += 1;
        let id = *self.last.borrow();
        let mut order = json!({ "id": id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            order["sessionId"] = json!(self.session);
        }
        self.orders.borrow_mut().write_all(format!("{order}\0").as_bytes()).expect("the browser lives");
        let began = Instant::now();
        loop {
            let left = DEADLINE.saturating_sub(began.elapsed());
            let message = self.answers.recv_timeout(left).unwrap_or_else(|why| panic!("{method}: {why}"));
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            let of_interest = [
                "Runtime.exceptionThrown",
                "Runtime.consoleAPICalled",
                "Log.entryAdded",
                "Page.javascriptDialogOpening",
            ];
            if of_interest.iter().any(|method| message["method"] == *method) {
                self.complaints.borrow_mut().push(message);
            }
        }
    }

    #[track_caller]
    pub fn open(&self, url: &str) {
        self.order("Page.navigate", json!({ "url": url }));
    }

    /// The value of an expression on the page.
    #[track_caller]
    pub fn value(&self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let told = self.order("Runtime.evaluate", parameters);
        assert!(told["exceptionDetails"].is_null(), "{expression}: {}", told["exceptionDetails"]);
        told["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub fn wait(&self, expression: &str) {
        let began = Instant::now();
        // While a page is being opened there may be nothing to ask.
        let is_so = |expression: &str| {
            self.value(&format!("(() => {{ try {{ return {expression} }} catch {{ return false }} }})()")) == true
        };
        while !is_so(expression) {
            assert!(began.elapsed() < DEADLINE, "never true: {expression}: {}", self.value("document.body?.innerText"));
            std::thread::sleep(GLANCE);
        }
    }

    /// Writes what the page looks like as a PNG.
    #[track_caller]
    pub fn picture(&self, path: &Path) {
        let picture = self.order("Page.captureScreenshot", json!({}));
        let bytes = from_base64(picture["data"].as_str().expect("a picture"));
        assert!(bytes.starts_with(b"\x89PNG"));
        std::fs::write(path, bytes).expect("the picture is written");
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.bytes().map_while(|byte| DIGITS.iter().position(|digit| *digit == byte));
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_usize, 0);
    for digit in digits {
        (bits, held) = (bits << 6 | digit, held + 6);
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    bytes
}
