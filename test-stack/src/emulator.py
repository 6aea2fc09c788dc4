"""Serves moto or ministack on the socket that the test listens on.

Usage: emulator.py moto|ministack (see lifeline.py for the descriptors). Their
own start commands bind a port by number, which another process may take first.
"""

import asyncio
import os
import sys
import threading

import lifeline


class OneAtATime:
    """Calls of DynamoDB one after the other: moto's conditions and transactions look and write without a lock."""

    def __init__(self, app) -> None:
        self.app = app
        self.turn = threading.Lock()

    def __call__(self, environ, start_response):
        if not environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB_"):
            return self.app(environ, start_response)
        with self.turn:
            return self.app(environ, start_response)


def moto(listener) -> None:
    port = listener.getsockname()[1]
    os.environ["MOTO_PORT"] = str(port)
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    make_server(
        "127.0.0.1",
        port,
        OneAtATime(DomainDispatcherApplication(create_backend_app)),
        threaded=True,
        request_handler=MotoRequestHandler,
        fd=listener.fileno(),
    ).serve_forever()


def ministack(listener) -> None:
    os.environ["GATEWAY_PORT"] = str(listener.getsockname()[1])
    os.environ["MINISTACK_REGION"] = "ap-northeast-2"
    os.environ["IOT_MTLS_ENABLED"] = "0"  # or it takes port 8883 of this machine
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    asyncio.run(serve(app, config))


if __name__ == "__main__":
    # Both would otherwise talk to a Docker daemon, and ministack removes
    # containers there that look like its own.
    os.environ["DOCKER_HOST"] = "unix:///nonexistent/docker.sock"
    {"moto": moto, "ministack": ministack}[sys.argv[1]](lifeline.adopt())
