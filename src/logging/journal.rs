//! Lines for systemd's journal: it keeps the time itself, and reads the level from `<N>` in front of
//! each line (sd-daemon(3)).

use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::{self, Format, FormatEvent, FormatFields, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, layer};
use tracing_subscriber::registry::LookupSpan;

/// Whether stderr goes to the journal: `JOURNAL_STREAM` names the file it must be.
#[cfg(unix)]
pub(super) fn has_stderr() -> bool {
    use std::os::unix::fs::MetadataExt;
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    std::fs::metadata("/dev/stderr")
        .is_ok_and(|stderr| stream == format!("{}:{}", stderr.dev(), stderr.ino()))
}

/// Elsewhere there is no journal.
#[cfg(not(unix))]
pub(super) fn has_stderr() -> bool {
    false
}

pub(super) fn lines<S>() -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let line = format::format()
        .without_time()
        .with_level(false)
        .with_target(false)
        .with_ansi(false);
    layer()
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .event_format(Levelled(line))
        .boxed()
}

/// A line with its level as the journal reads it.
struct Levelled(Format<Full, ()>);

impl<S, N> FormatEvent<S, N> for Levelled
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut text = String::new();
        self.0
            .format_event(context, Writer::new(&mut text), event)?;
        let level = priority(*event.metadata().level());
        // Each line is an entry of its own.
        for line in text.lines() {
            writeln!(out, "<{level}>{line}")?;
        }
        Ok(())
    }
}

/// Syslog's numbers.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}
