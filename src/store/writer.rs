//! The one thread that writes. Work that arrives together shares a transaction and is answered
//! only after that transaction is synced to disk: group commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::error::StoreError;

/// Work that may wait; more is answered with [`StoreError::Busy`].
const QUEUE: usize = 4096;
/// Most work that shares a transaction.
const GROUP: usize = 512;

/// How long the thread looks for more work before it sleeps.
const AWAKE: Duration = Duration::from_micros(150);

/// Work on its way through the thread: done within the transaction, answered after it.
trait Job: Send {
    /// Does the work, and says a second time why it failed. May be called again where the
    /// transaction of the first time was undone.
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError>;
    /// `failure` is why the transaction as a whole came to nothing.
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

struct Task<T, W> {
    work: W,
    result: Result<T, StoreError>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, W> Job for Task<T, W>
where
    T: Send,
    W: Fn(&Connection) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError> {
        self.result = catch_unwind(AssertUnwindSafe(|| (self.work)(connection)))
            .unwrap_or(Err(StoreError::Panicked));
        match &self.result {
            Ok(_) => Ok(()),
            Err(error) => Err(error.again()),
        }
    }

    fn answer(self: Box<Self>, failure: Option<StoreError>) {
        // A submitter that went away no longer wants to know.
        let _ = self.answer.send(failure.map_or(self.result, Err));
    }
}

/// A handle on the writing thread.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Mutex<Option<SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread, which owns `connection` from now on.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn start(connection: Connection) -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(connection, &jobs))?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Runs `work` inside the next transaction and answers when that is on disk. What fails or
    /// panics is undone alone; what else is in the transaction stays.
    ///
    /// # Errors
    /// What `work` answers; or that the queue is full, the transaction failed, the writer ended.
    pub(super) async fn submit<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(Box::new(Task {
            work,
            result: Err(StoreError::Stopped),
            answer,
        }))?;
        answered.await.unwrap_or(Err(StoreError::Stopped))
    }

    fn enqueue(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        match queue.as_ref().map(|queue| queue.try_send(job)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(StoreError::Busy),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(StoreError::Stopped),
        }
    }

    /// Takes no more work, finishes what is queued, writes the log back into the database and
    /// ends the thread.
    pub(super) fn stop(&self) {
        let queue = self
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(queue);
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the writing thread panicked");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(connection: Connection, jobs: &Receiver<Box<dyn Job>>) {
    let mut group = Vec::with_capacity(GROUP);
    while let Some(first) = next(jobs) {
        group.push(first);
        while group.len() < GROUP
            && let Ok(next) = jobs.try_recv()
        {
            group.push(next);
        }
        commit_group(&connection, &mut group);
    }
    if let Err(error) = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(%error, "the write-ahead log could not be written back; it will be at the next start");
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "the database did not close cleanly");
    }
}

/// The next job; `None` when nobody can send one any more. Looks again for a moment before it
/// sleeps: being woken takes longer than most senders take to send the next.
fn next(jobs: &Receiver<Box<dyn Job>>) -> Option<Box<dyn Job>> {
    let started = Instant::now();
    loop {
        match jobs.try_recv() {
            Ok(job) => return Some(job),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) if started.elapsed() < AWAKE => std::thread::yield_now(),
            Err(TryRecvError::Empty) => return jobs.recv().ok(),
        }
    }
}

fn commit_group(connection: &Connection, group: &mut Vec<Box<dyn Job>>) {
    let failure = run_group(connection, group).err();
    if let Some(error) = &failure {
        // Where the disk is full SQLite may have rolled back by itself already.
        let _ = connection.execute_batch("ROLLBACK");
        tracing::error!(%error, requests = group.len(), "a transaction failed and was undone");
    }
    for job in group.drain(..) {
        job.answer(failure.as_ref().map(StoreError::again));
    }
}

/// All in one transaction. A savepoint for each job would cost more than the job: only where one
/// fails half-way is everything undone and done again, each job in a savepoint of its own.
fn run_group(connection: &Connection, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    execute(connection, "BEGIN IMMEDIATE")?;
    if run_together(connection, group)? {
        return execute(connection, "COMMIT");
    }
    execute(connection, "ROLLBACK")?;
    execute(connection, "BEGIN IMMEDIATE")?;
    run_apart(connection, group)?;
    execute(connection, "COMMIT")
}

/// False where a job failed after it had changed something.
fn run_together(connection: &Connection, group: &mut [Box<dyn Job>]) -> Result<bool, StoreError> {
    for job in group {
        let changes = connection.total_changes();
        if let Err(error) = job.run(connection) {
            still_open(connection, error)?;
            if connection.total_changes() != changes {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// What fails or panics is undone alone.
fn run_apart(connection: &Connection, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    for job in group {
        execute(connection, "SAVEPOINT job")?;
        if let Err(error) = job.run(connection) {
            still_open(connection, error)?;
            execute(connection, "ROLLBACK TO job")?;
        }
        execute(connection, "RELEASE job")?;
    }
    Ok(())
}

/// A full disk and its like make SQLite give up the whole transaction: then the error is
/// everybody's.
fn still_open(connection: &Connection, error: StoreError) -> Result<(), StoreError> {
    if connection.is_autocommit() {
        Err(error)
    } else {
        Ok(())
    }
}

fn execute(connection: &Connection, statement: &str) -> Result<(), StoreError> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> (tempfile::TempDir, Writer) {
        let folder = tempfile::tempdir().unwrap();
        let connection = crate::store::open::create(&folder.path().join("w.db")).unwrap();
        connection
            .execute_batch("CREATE TABLE t (x INTEGER)")
            .unwrap();
        (folder, Writer::start(connection).unwrap())
    }

    fn insert(connection: &Connection, x: i64) -> Result<i64, StoreError> {
        connection.execute("INSERT INTO t VALUES (?1)", [x])?;
        Ok(connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?)
    }

    #[tokio::test]
    async fn what_fails_or_panics_is_undone_alone() {
        let (_folder, writer) = writer();
        let (good, bad, ugly) = tokio::join!(
            writer.submit(|c| insert(c, 1)),
            writer.submit(|c| insert(c, 2).and(Err::<i64, _>(StoreError::Full))),
            writer.submit(|c| -> Result<i64, StoreError> {
                insert(c, 3)?;
                panic!("on purpose")
            }),
        );
        assert_eq!(good.unwrap(), 1);
        assert!(matches!(bad, Err(StoreError::Full)));
        assert!(matches!(ugly, Err(StoreError::Panicked)));
        let sum: i64 = writer
            .submit(|c| Ok(c.query_row("SELECT sum(x) FROM t", [], |row| row.get(0))?))
            .await
            .unwrap();
        assert_eq!(sum, 1);
    }

    #[tokio::test]
    async fn a_stopped_writer_says_so_and_leaves_no_log_behind() {
        let (folder, writer) = writer();
        writer.submit(|c| insert(c, 1)).await.unwrap();
        writer.stop();
        assert!(matches!(
            writer.submit(|c| insert(c, 2)).await,
            Err(StoreError::Stopped)
        ));
        assert!(!folder.path().join("w.db-wal").exists());
    }
}
