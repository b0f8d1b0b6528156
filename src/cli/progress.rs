//! Where a long run stands, on standard error.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::run::Stage;

/// Runs that end sooner show nothing.
const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(120);
const FRAMES: [&str; 4] = ["|", "/", "-", "\\"];

/// Shows the stage of a run until it is dropped; then the line is erased.
#[derive(Debug)]
pub(super) struct Progress {
    stages: Option<Sender<Stage>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Shows nothing where nobody looks.
    pub(super) fn new(wanted: bool) -> Self {
        if !wanted || !io::stderr().is_terminal() {
            return Self { stages: None, thread: None };
        }
        let (stages, receiver) = mpsc::channel();
        let started = Instant::now();
        let thread = std::thread::Builder::new().name("progress".to_owned()).spawn(move || {
            let mut current = None;
            let mut drawn = 0_usize;
            loop {
                match receiver.recv_timeout(TICK) {
                    Ok(stage) => current = Some(stage),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                if let Some(stage) = current.filter(|_| started.elapsed() >= PATIENCE) {
                    let frame = FRAMES.get(drawn % FRAMES.len()).unwrap_or(&"");
                    let seconds = started.elapsed().as_secs();
                    // Nothing more can be done when this fails.
                    let _ = write!(io::stderr(), "\r\u{1b}[2K{frame} {stage} ({seconds}s)");
                    drawn += 1;
                }
            }
            if drawn > 0 {
                let _ = write!(io::stderr(), "\r\u{1b}[2K");
            }
        });
        Self { stages: Some(stages), thread: thread.ok() }
    }

    pub(super) fn show(&self, stage: Stage) {
        if let Some(stages) = &self.stages {
            // The thread ends before this only if it could not be started.
            let _ = stages.send(stage);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.stages = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
