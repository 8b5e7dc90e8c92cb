//! The terminal while the dashboard has it: taken, and given back whatever happens.

use crossterm::event::{DisableMouseCapture, EnableMouseCapture};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, Stdout, stdout};
use std::mem::ManuallyDrop;
use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

type Hook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync;

/// A terminal that is taken. When it is dropped it is given back.
pub struct Screen {
    /// Never dropped: it would tell standard error that the cursor cannot be shown, and panic where the terminal and with
    /// it standard error are gone.
    pub terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    /// Keys can be read.
    pub has_keys: bool,
    held: Held,
}

/// What must be undone.
struct Held {
    /// Somebody panicked, so the terminal was given back already.
    is_lost: Arc<AtomicBool>,
    earlier: Arc<Hook>,
}

impl Screen {
    /// Takes the terminal. One that gives no keys is still drawn on.
    pub fn take() -> io::Result<Screen> {
        // From here on whatever fails drops `held`.
        let held = Held::set();
        let has_keys = enable_raw_mode().is_ok();
        execute!(stdout(), EnterAlternateScreen)?;
        if has_keys {
            execute!(stdout(), EnableMouseCapture)?;
        }
        let terminal = ManuallyDrop::new(Terminal::new(CrosstermBackend::new(stdout()))?);
        Ok(Screen { terminal, has_keys, held })
    }

    /// Whether some thread panicked: its message is on the terminal, which is not to be drawn over.
    pub fn is_lost(&self) -> bool {
        self.held.is_lost.load(Ordering::Acquire)
    }
}

impl Held {
    /// Sees to it that a message of a panic is not lost with the screen that it was written on.
    fn set() -> Held {
        let earlier: Arc<Hook> = Arc::from(std::panic::take_hook());
        let is_lost = Arc::new(AtomicBool::new(false));
        let (lost, then) = (Arc::clone(&is_lost), Arc::clone(&earlier));
        std::panic::set_hook(Box::new(move |info| {
            if !lost.swap(true, Ordering::AcqRel) {
                give_back();
            }
            then(info);
        }));
        Held { is_lost, earlier }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.is_lost.swap(true, Ordering::AcqRel) {
            give_back();
        }
        // A thread that panics may not change hooks.
        if !std::thread::panicking() {
            let earlier = Arc::clone(&self.earlier);
            std::panic::set_hook(Box::new(move |info| earlier(info)));
        }
    }
}

/// Undoes all that was done to the terminal. What fails cannot be told anywhere, and does not keep the rest from being
/// undone.
fn give_back() {
    let _ = disable_raw_mode();
    let _ = execute!(stdout(), DisableMouseCapture);
    let _ = execute!(stdout(), LeaveAlternateScreen, cursor::Show);
}
