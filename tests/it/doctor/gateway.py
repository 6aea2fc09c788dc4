"""Answers over TLS as API Gateway does: what FOLDER/answer says, one line each: status, x-amzn-errortype, body.

Usage: gateway.py FOLDER (see lifeline.py for the descriptors).
"""

import http.server
import ssl
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "support"))

import certificates
import lifeline

FOLDER = Path(sys.argv[1])


class Gateway(http.server.BaseHTTPRequestHandler):
    """One answer for every request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status, error, body = (FOLDER / "answer").read_text().split("\n")
        self.send_response(int(status))
        self.send_header("apigw-requestid", "Qx1")
        if error:
            self.send_header("x-amzn-errortype", error)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *arguments):
        pass


certificates.write(FOLDER, ["dev.example.one"])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(FOLDER / "server.pem", FOLDER / "server.key")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway, bind_and_activate=False)
server.socket.close()
server.socket = context.wrap_socket(lifeline.adopt(), server_side=True)
(FOLDER / "ready").write_text("")
server.serve_forever()
