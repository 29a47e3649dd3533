//! What a person or the system asks of a running agent, on Windows: keys, a closed window, the end
//! of the session or of the system.

use std::io;

use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown,
};

use super::Wake;

/// Hears them all.
#[derive(Debug)]
pub(super) struct Signals {
    c: CtrlC,
    r#break: CtrlBreak,
    close: CtrlClose,
    shutdown: CtrlShutdown,
}

impl Signals {
    /// To be called inside the runtime.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            c: ctrl_c()?,
            r#break: ctrl_break()?,
            close: ctrl_close()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    /// Ends when one of them came. Nothing there asks for the configuration to be read again.
    pub(super) async fn heard(&mut self) -> Wake {
        tokio::select! {
            _ = self.c.recv() => {}
            _ = self.r#break.recv() => {}
            _ = self.close.recv() => {}
            _ = self.shutdown.recv() => {}
        }
        Wake::Stop
    }
}
