"""How a Kafka cluster is reached: addresses, encryption, who we are."""

import ssl
from dataclasses import dataclass, field
from typing import Any

SECURITIES = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


class WrongConnection(ValueError):  # noqa: N818  # named for what is the case
    """The pieces do not fit together; the message says which one is missing."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One cluster: bootstrap servers by comma, a security protocol, and what that protocol asks for.

    The password appears neither in the representation nor in errors. Raises WrongConnection.
    """

    bootstrap: str
    security: str = "PLAINTEXT"
    mechanism: str = "SCRAM-SHA-512"
    username: str = ""
    password: str = field(default="", repr=False)
    ca: str = ""

    def __post_init__(self) -> None:
        if self.security not in SECURITIES:
            raise WrongConnection(f"security {self.security!r} is unknown; use one of: {', '.join(SECURITIES)}")
        if self.mechanism not in MECHANISMS:
            raise WrongConnection(f"mechanism {self.mechanism!r} is unknown; use one of: {', '.join(MECHANISMS)}")
        if self.security.startswith("SASL") and not (self.username and self.password):
            raise WrongConnection(f"security {self.security} needs a user name and a password")

    @property
    def away(self) -> str:
        """Say that no broker answers, and what to do."""
        return f"Kafka at {self.bootstrap} does not answer; start it, or name another with HOSTLEDGER_KAFKA"

    def options(self) -> dict[str, Any]:
        """Give the options that kafka-python and aiokafka both understand. Raises WrongConnection for the CA file."""
        found: dict[str, Any] = {"bootstrap_servers": self.bootstrap, "security_protocol": self.security}
        if self.security.endswith("SSL"):
            found["ssl_context"] = self.tls()
        if self.security.startswith("SASL"):
            found |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return found

    def tls(self) -> ssl.SSLContext:
        """Make the TLS context: the cluster's certificate and host name are always checked. Raises WrongConnection."""
        try:
            return ssl.create_default_context(cafile=self.ca or None)
        except OSError as error:
            raise WrongConnection(f"the CA file {self.ca} cannot be read: {error}") from None
