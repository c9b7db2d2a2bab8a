"""Where the live page listens, and whom it asks for a secret; known before anything of the page is loaded."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from hostledger.output import refuse
from hostledger.settings import Settings


@dataclass(frozen=True, slots=True)
class Place:
    """Where the page listens, what it asks for, and what it shows unless another is asked for."""

    host: str
    port: int
    password: str = field(repr=False)
    tokens: Path
    zone: str
    model: str

    @classmethod
    def of(cls, settings: Settings, *, port: int | None = None, host: str | None = None) -> Self:
        """Take the place that the settings or options name. Refuses other machines without a password or tokens."""
        place = cls(
            host or settings.page_host,
            settings.port if port is None else port,
            settings.page_password,
            settings.page_tokens,
            settings.timezone,
            settings.model,
        )
        if not (place.password or place.tokens.exists() or is_loopback(place.host)):
            refuse(
                f"host {place.host} is reached from other machines: give the page a password in "
                "HOSTLEDGER_PAGE_PASSWORD, make a token with hostledger tokens new, or listen on 127.0.0.1"
            )
        return place


def is_loopback(host: str) -> bool:
    """Say whether an address to listen on is reached from this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
