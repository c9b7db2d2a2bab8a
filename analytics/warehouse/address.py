"""Where a ClickHouse server is, read from a URL: clickhouse://user@host:9000/database, clickhouses:// with TLS."""

import re
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from analytics.warehouse import WarehouseError

EXAMPLE = "clickhouse://hostledger@127.0.0.1:9000/hostledger"
CONNECT_S, ANSWER_S = 5.0, 120.0
_SECURE = {"clickhouse": False, "clickhouses": True}
_DATABASE = re.compile(r"[A-Za-z_]\w*")
_YES = {"1": True, "true": True, "0": False, "false": False}
_COMPRESSIONS = ("lz4", "none")
_OPTIONS = ("alt_hosts", "ca_certs", "verify", "connect_timeout", "send_receive_timeout", "compression")


@dataclass(frozen=True, slots=True)
class Address:
    """A server and how to talk to it; it holds no password. Timeouts in seconds.

    alt_hosts: host:port by comma, tried in turn when the first cannot be reached. ca_certs: file with the certificates
    that are trusted. compression: lz4 between data centres, none beside the server.
    """

    host: str
    port: int
    user: str
    database: str
    secure: bool
    alt_hosts: str | None = None
    ca_certs: str | None = None
    verify: bool = True
    connect_timeout: float = CONNECT_S
    send_receive_timeout: float = ANSWER_S
    compression: str = "none"

    @classmethod
    def read(cls, url: str) -> Self:
        """Read a URL. Raises WarehouseError, which does not repeat the URL: it may hold a secret."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise _refused("it is not understood") from None
        if parts.scheme not in _SECURE or not parts.hostname:
            raise _refused("it begins with clickhouse:// or clickhouses://, and a host follows")
        if parts.password is not None:
            raise _refused("it holds a password; give that in HOSTLEDGER_CLICKHOUSE_PASSWORD instead")
        database = parts.path.strip("/") or "hostledger"
        if not _DATABASE.fullmatch(database):
            raise _refused("the name of the database is made of letters, digits and _, and does not begin with a digit")
        secure = _SECURE[parts.scheme]
        return cls(
            host=parts.hostname,
            port=port or (9440 if secure else 9000),
            user=unquote(parts.username or "default"),
            database=database,
            secure=secure,
            **dict(_option(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True)),
        )

    def elsewhere(self, database: str) -> Self:
        """Give the same server with another database."""
        return replace(self, database=database)

    def __str__(self) -> str:
        """Name it in a message: host, port and database."""
        return f"{self.host}:{self.port}/{self.database}"

    def arguments(self) -> dict[str, Any]:
        """Give what the driver's client takes, without the password."""
        return {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "database": self.database,
            "secure": self.secure,
            "verify": self.verify,
            "ca_certs": self.ca_certs,
            "alt_hosts": self.alt_hosts,
            "connect_timeout": self.connect_timeout,
            "send_receive_timeout": self.send_receive_timeout,
            "compression": self.compression != "none" and self.compression,
        }


def _option(name: str, value: str) -> tuple[str, Any]:
    if name not in _OPTIONS:
        raise _refused(f"{name} is no option; the options are: {', '.join(_OPTIONS)}")
    if name == "verify":
        if value.lower() not in _YES:
            raise _refused("verify is true or false")
        return name, _YES[value.lower()]
    if name.endswith("_timeout"):
        if not re.fullmatch(r"\d+(\.\d+)?", value) or not float(value):
            raise _refused(f"{name} is a number of seconds, more than 0")
        return name, float(value)
    if name == "compression" and value not in _COMPRESSIONS:
        raise _refused(f"compression is one of: {', '.join(_COMPRESSIONS)}")
    if not value:
        raise _refused(f"{name} is empty")
    return name, value


def _refused(why: str) -> WarehouseError:
    return WarehouseError(f"the address of the ClickHouse server cannot be used: {why}; write it as in {EXAMPLE}")
