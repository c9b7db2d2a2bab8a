"""Sockets of kafka-python, which leaves those of refused connections, and its own pairs, to the garbage collector.

That may come for them at any moment, also between two tests; so they close themselves then, and nothing is said. Any
other socket that is left open still warns.
"""

import socket
from types import SimpleNamespace

import kafka_broker  # noqa: F401  # kafka-python is imported there, with its warnings
from kafka.net import selector
from kafka.net.inet import KafkaNetSocket


class Forgettable(socket.socket):
    """A socket that closes itself when it is forgotten."""

    def __del__(self) -> None:
        self.close()


def close_when_forgotten() -> None:
    """Let kafka-python make its sockets so, in this process."""
    KafkaNetSocket.socket = lambda _self, *how: Forgettable(*how)
    selector.socket = SimpleNamespace(socketpair=_pair)


def _pair() -> tuple[Forgettable, Forgettable]:
    one, other = socket.socketpair()
    return Forgettable(fileno=one.detach()), Forgettable(fileno=other.detach())
