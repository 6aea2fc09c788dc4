//! Children that do not outlive the test process, even if that is killed.
//!
//! On Linux `setpriv` asks the kernel for it. The kernel looks at the *thread*
//! that started the child, and a test's thread ends long before the process
//! does: so one thread, which never ends, starts them all. Elsewhere the child
//! is started plainly and only `Drop` ends it.

use std::ffi::OsStr;
use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

type Order = (Command, Sender<io::Result<Child>>);

/// A command for `binary` that dies with this process where that is possible.
/// Start it with [`spawn`].
pub fn command(binary: &OsStr) -> Command {
    static WORKS: OnceLock<bool> = OnceLock::new();
    const SETPRIV: [&str; 3] = ["--pdeathsig", "KILL", "--"];
    let works = *WORKS.get_or_init(|| {
        Command::new("setpriv")
            .args(SETPRIV)
            .arg("true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    });
    if works {
        let mut command = Command::new("setpriv");
        command.args(SETPRIV).arg(binary);
        command
    } else {
        Command::new(binary)
    }
}

/// Starts a command from the thread that lives as long as this process.
pub fn spawn(command: Command) -> io::Result<Child> {
    static STARTER: OnceLock<Sender<Order>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (sender, orders) = channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in orders {
                let _ = answer.send(command.spawn());
            }
        });
        sender
    });
    let (answer, child) = channel();
    starter.send((command, answer)).map_err(|_| io::Error::other("the thread that starts children is gone"))?;
    child.recv().map_err(io::Error::other)?
}
