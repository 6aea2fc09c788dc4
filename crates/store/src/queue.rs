//! The store's own thread. It alone has the connection to the file. Other threads hand it a piece of work and wait for
//! the answer, so that no disk holds up the loop. Pieces are done one after the other, and each to its end, even if its
//! answer is no longer waited for.

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use tokio::sync::oneshot;

use crate::database::Database;
use crate::error::StoreError;
use crate::lock::StoreLock;

type Work = Box<dyn FnOnce(&Database) + Send>;

enum Task {
    Work(Work),
    /// Closes the file, after all that was handed over before, and says so.
    Close(oneshot::Sender<()>),
}

/// Hands work to the thread. It ends when it is told to, or when the last of these is gone.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    tasks: mpsc::Sender<Task>,
    path: PathBuf,
}

impl Queue {
    /// Starts the thread, which opens the file first; the lock is the one that it took.
    pub(crate) async fn start(
        path: &Path,
        open: impl FnOnce() -> Result<Database, StoreError> + Send + 'static,
    ) -> Result<(Self, Option<Arc<StoreLock>>), StoreError> {
        let (tasks, handed_over) = mpsc::channel();
        let (opened, answer) = oneshot::channel();
        let thread = std::thread::Builder::new().name("store".to_owned());
        let started = thread.spawn(move || match open() {
            Ok(database) => {
                // If the answer is not waited for, there are no tasks either.
                drop(opened.send(Ok(database.lock.clone())));
                work(database, &handed_over);
            }
            Err(error) => drop(opened.send(Err(error))),
        });
        started.map_err(|source| StoreError::File { path: path.to_path_buf(), source })?;
        let queue = Self { tasks, path: path.to_path_buf() };
        let lock = answer.await.map_err(|_| queue.closed())??;
        Ok((queue, lock))
    }

    /// Has some work done and gives what comes of it. The work is handed over when this is first polled, and is done to
    /// its end from then on.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (done, answer) = oneshot::channel();
        let work: Work = Box::new(move |database| drop(done.send(work(database))));
        self.tasks.send(Task::Work(work)).map_err(|_| self.closed())?;
        answer.await.map_err(|_| self.closed())?
    }

    /// Has the file closed once all that was handed over before is done; the answer comes when it is closed.
    pub(crate) fn close(&self) -> oneshot::Receiver<()> {
        let (done, closed) = oneshot::channel();
        // Where there is no thread any more, the file is closed already.
        drop(self.tasks.send(Task::Close(done)));
        closed
    }

    fn closed(&self) -> StoreError {
        StoreError::Closed(self.path.clone())
    }
}

fn work(database: Database, tasks: &mpsc::Receiver<Task>) {
    for task in tasks {
        match task {
            Task::Work(work) => work(&database),
            Task::Close(done) => {
                drop(database);
                // Nothing more is done if the answer is not waited for.
                let _ = done.send(());
                return;
            }
        }
    }
}
