"""Ports for servers that tests start, and start again."""

import socket
from random import Random

FIRST, LAST = 15_000, 29_999
"""Below those that systems give to whoever connects, so that nobody takes one while its server is away."""
_ANY = Random()


def free_port() -> int:
    """Give a port of 127.0.0.1 that nobody listens on, and that no other process of the tests is given until we end.

    The port of the same number for datagrams, which nobody wants, is held for it.
    """
    while True:
        port = _ANY.randint(FIRST, LAST)
        with socket.socket() as listener, socket.socket(type=socket.SOCK_DGRAM) as claim:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                claim.bind(("127.0.0.1", port))
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            claim.detach()
            return port
