"""A mail server that keeps what it takes and misbehaves when told to.

Usage: mail_server.py OPTIONS FOLDER (see lifeline.py for the descriptors).
OPTIONS is the JSON that mail.rs writes; mails go to FOLDER/spool.
"""

import asyncio
import hmac
import json
import ssl
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

import certificates
import lifeline


class Postmaster:
    """Decides about each mail (an aiosmtpd handler)."""

    def __init__(self, options: dict, spool: Path) -> None:
        self.options = options
        self.spool = spool
        self.deliveries = 0
        self.contents = 0
        self.kept = 0
        self.put_off = 0

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        self.deliveries += 1
        if self.options["sender_answer"]:
            return self.options["sender_answer"]
        envelope.delivery = self.deliveries
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if envelope.delivery <= self.options["greylist"]:
            return "451 4.7.1 Greylisted, try again later"
        if self.options["refuse"] in ("*", address):
            return "550 5.1.1 No such mailbox here"
        if address == self.options["full"] and self.put_off < self.options["full_for"]:
            self.put_off += 1
            return "452 4.2.2 Mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        self.contents += 1
        if self.options["content_answer"]:
            return self.options["content_answer"]
        dropped = self.contents <= self.options["drop_after_data"]
        if not dropped or self.options["keep_dropped"]:
            self.keep(envelope)
        if dropped:
            server.transport.abort()
        return "250 2.0.0 OK"

    def keep(self, envelope) -> None:
        """Rename into place, so that a reader never sees half a mail."""
        self.kept += 1
        head = f"X-MailFrom: {envelope.mail_from}\r\nX-RcptTo: {', '.join(envelope.rcpt_tos)}\r\n"
        unfinished = self.spool / f"{self.kept:06}.part"
        unfinished.write_bytes(head.encode() + envelope.original_content)
        unfinished.rename(unfinished.with_suffix(".eml"))


def authenticator(login):
    """A check of AUTH PLAIN and AUTH LOGIN against one user and password."""
    user, password = (text.encode() for text in login)

    def check(server, session, envelope, mechanism, auth_data):
        right = (
            isinstance(auth_data, LoginPassword)
            and hmac.compare_digest(auth_data.login, user)
            and hmac.compare_digest(auth_data.password, password)
        )
        return AuthResult(success=right, handled=False)

    return check


async def serve(options: dict, folder: Path, listener) -> None:
    spool = folder / "spool"
    spool.mkdir()
    tls = None
    if options["tls"] != "none":
        certificates.write(folder)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(folder / "server.pem", folder / "server.key")
    postmaster = Postmaster(options, spool)
    implicit = options["tls"] == "implicit"
    login = options["login"]

    def session():
        if options["silent"]:
            return asyncio.Protocol()  # takes the connection and says nothing
        return SMTP(
            postmaster,
            hostname="localhost",
            enable_SMTPUTF8=True,
            tls_context=None if implicit else tls,
            require_starttls=options["tls"] == "starttls",
            authenticator=authenticator(login) if login else None,
            auth_required=bool(login),
            # aiosmtpd only knows of TLS that began with STARTTLS
            auth_require_tls=not implicit and not options["login_in_clear"],
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, sock=listener, ssl=tls if implicit else None)
    (folder / "ready").touch()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1]), Path(sys.argv[2]), lifeline.adopt()))
