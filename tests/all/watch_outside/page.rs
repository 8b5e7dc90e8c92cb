//! The live page in a real browser.

use super::browser::Browser;
use super::{Watch, crash_loop, failed_run, part, ready_run};
use crate::support::Place;
use std::path::Path;

/// Where pictures are kept to be looked at.
fn picture(name: &str) -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    folder.join(name)
}

/// The figure of the first service that has this name.
fn figure(name: &str) -> String {
    format!(
        "[...document.querySelectorAll('#services dt')].find((label) => label.textContent === '{name}')\
         .nextElementSibling.textContent"
    )
}

#[track_caller]
fn no_complaints(browser: &Browser) {
    let complaints = browser.complaints.borrow();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn the_page_lives() {
    let Some(chromium) = part("chromium") else { return };
    let place = Place::new();
    let mut watch = Watch::start(&place, &["--listen", "0", "--quiet-time", "1s"]);
    let address = watch.address();
    let browser = Browser::start(&chromium);
    browser.open(&address);
    browser.wait("document.getElementById('connection').textContent === 'live'");
    browser.wait("document.getElementById('empty').checkVisibility()");

    watch.write(&crash_loop(5));
    browser.wait("document.getElementById('verdict').textContent === 'crash-loop · 1 firing'");
    browser.wait("document.title.includes('crash-loop: payments')");
    browser
        .wait("document.getElementById('services').innerText.includes('A module or file that Node needs is missing')");
    browser.wait(&format!("{} === '4'", figure("Restarts")));
    browser.wait("document.getElementById('events').innerText.includes('./policy.js')");
    browser.picture(&picture("page-firing.png"));

    // The page is not loaded anew.
    browser.value("window.isTheSame = true");
    watch.write(&failed_run(0.5, 900));
    browser.wait(&format!("{} === '5'", figure("Restarts")));
    watch.write(&ready_run());
    browser.wait(&format!("{} === '6'", figure("Restarts")));
    browser.wait("document.getElementById('verdict').textContent === 'crash-loop'");
    browser.wait("!/firing|settling/i.test(document.getElementById('services').innerText)");
    browser.wait("document.getElementById('events').innerText.includes('server listening')");
    assert_eq!(browser.value("window.isTheSame"), true);
    browser.picture(&picture("page-resolved.png"));

    no_complaints(&browser);
    watch.end();
    browser.wait("document.getElementById('connection').textContent === 'the watch has ended'");
}

#[test]
fn hostile_lines_are_text() {
    let Some(chromium) = part("chromium") else { return };
    let place = Place::new();
    let mut watch = Watch::start(&place, &["--listen", "0"]);
    let browser = Browser::start(&chromium);
    browser.open(&watch.address());
    let image = "<img src=x onerror=window.hurt=1>";
    let script = "</script><script>window.hurt=2</script><svg onload=window.hurt=3>\u{202e}evil";
    let hostile = crash_loop(4)
        .replace("./policy.js", &format!("{image}{script}"))
        // A service's name, and with it a title, a label and a link, may be hostile as well.
        .replace("'payments'", "'pay<img/src=x/onerror=window.hurt=4>'")
        .replace(": payments", ": pay<img/src=x/onerror=window.hurt=4>");
    watch.write(&hostile);
    browser.wait("document.getElementById('verdict').textContent.startsWith('crash-loop')");
    browser.wait(&format!("document.getElementById('events').innerText.includes({})", serde_json::json!(image)));
    browser.wait("document.getElementById('services').textContent.includes('pay<img/src=x/onerror=window.hurt=4>')");
    browser.value("document.querySelectorAll('details').forEach((box) => { box.open = true; })");
    browser.wait("document.querySelectorAll('#events .more').length > 0");
    // Text that turns round what stands beside it is shown as what it is.
    assert_eq!(browser.value("document.body.textContent.includes('\\u202e')"), false);
    assert_eq!(browser.value("document.querySelectorAll('img, [onload], [onerror], body script').length"), 0);
    assert_eq!(browser.value("document.scripts.length"), 1);
    browser.picture(&picture("page-hostile.png"));
    assert!(browser.value("window.hurt").is_null());
    no_complaints(&browser);

    // What stops code that would still get in.
    browser.value("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.hurt=5>')");
    browser.wait("document.querySelector('img').complete");
    assert!(browser.value("window.hurt").is_null());
    let refused = browser.complaints.borrow().iter().any(|told| told.to_string().contains("Content Security Policy"));
    assert!(refused, "{:?}", browser.complaints.borrow());
}

#[test]
fn a_page_outlives_a_restart_of_the_watch() {
    let Some(chromium) = part("chromium") else { return };
    let place = Place::new();
    let mut first = Watch::start(&place, &["--listen", "0"]);
    let address = first.address();
    let browser = Browser::start(&chromium);
    browser.open(&address);
    browser.wait("document.getElementById('connection').textContent === 'live'");
    first.end();
    browser.wait("document.getElementById('connection').dataset.state === 'ended'");
    let mut second = Watch::start(&place, &["--listen", address.trim_start_matches("http://")]);
    second.write(&crash_loop(4));
    browser.wait("document.getElementById('connection').textContent === 'live'");
    browser.wait(&format!("{} === '3'", figure("Restarts")));
    second.end();
}
