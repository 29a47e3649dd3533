//! stdin and stdout as the SDK reads and writes them, with a bound on a line and with patience:
//! what is no request before a client has introduced itself is passed over instead of ending the
//! session.

use std::future::Future;
use std::io;

use rmcp::RoleServer;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::{StdioReader, StdioWriter, Transport, stdio_pipes};

/// Longest line that is read, in bytes. A longer one is passed over to its end.
const MAX_LINE: usize = 1024 * 1024;

/// The process's stdin and stdout.
pub(super) struct Stdio {
    lines: AsyncRwTransport<RoleServer, StdioReader, StdioWriter>,
    /// Whether a request has come in.
    begun: bool,
}

/// To be called inside the runtime.
pub(super) fn stdio() -> Stdio {
    let (reader, writer) = stdio_pipes();
    Stdio {
        lines: AsyncRwTransport::new_server(reader, writer).with_max_line_length(MAX_LINE),
        begun: false,
    }
}

impl Transport<RoleServer> for Stdio {
    type Error = io::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), io::Error>> + Send + 'static {
        self.lines.send(message)
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            let message = self.lines.receive().await?;
            self.begun |= matches!(message, ClientJsonRpcMessage::Request(_));
            if self.begun {
                return Some(message);
            }
            tracing::debug!("a message before the first request is passed over");
        }
    }

    async fn close(&mut self) -> Result<(), io::Error> {
        self.lines.close().await
    }
}
