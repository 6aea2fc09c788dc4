"""How a server of the tests is handed its socket, and how it dies with the test.

The test gives its child three descriptors: 0 is a pipe that nobody writes to,
1 is a socket that already listens, 2 is the log. The pipe closes when the test
drops the server and also when the test process is killed, whatever the way, so
nothing outlives a test run.
"""

import os
import signal
import socket
import threading


def adopt() -> socket.socket:
    """Tie this process to the test; return the listening socket."""
    os.setsid()  # a process group of our own: whatever we start dies with us
    threading.Thread(target=_watch, daemon=True).start()
    listener = socket.socket(fileno=os.dup(1))
    os.dup2(2, 1)  # from here on, what is printed belongs to the log
    return listener


def _watch() -> None:
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGKILL)
