//! Requests to end, on Windows: keys, a closed window, the end of the session or of the system.

use std::io;

use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown,
};

/// Hears them all.
#[derive(Debug)]
pub(super) struct Stop {
    c: CtrlC,
    r#break: CtrlBreak,
    close: CtrlClose,
    shutdown: CtrlShutdown,
}

impl Stop {
    /// To be called inside the runtime.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            c: ctrl_c()?,
            r#break: ctrl_break()?,
            close: ctrl_close()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    /// Ends when one of them came.
    pub(super) async fn asked(&mut self) {
        tokio::select! {
            _ = self.c.recv() => {}
            _ = self.r#break.recv() => {}
            _ = self.close.recv() => {}
            _ = self.shutdown.recv() => {}
        }
    }
}
