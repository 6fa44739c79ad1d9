//! A sign of life while something takes long. Only on a terminal.

use std::{borrow::Cow, time::Duration};

use indicatif::ProgressBar;

/// Something that takes long; the sign is gone when this is.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Says what is being done.
    pub(crate) fn new(what: impl Into<Cow<'static, str>>) -> Self {
        let bar = ProgressBar::new_spinner().with_message(what);
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// Says how far it is.
    pub(crate) fn say(&self, what: impl Into<Cow<'static, str>>) {
        self.0.set_message(what);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
