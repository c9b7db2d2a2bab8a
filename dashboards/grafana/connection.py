"""The way to a Grafana: asked through grafana-api, and what goes wrong said with what to do."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from grafana_api.grafana_api import (  # type: ignore[import-untyped]  # it has no types
    GrafanaClientError,
    GrafanaException,
)
from grafana_api.grafana_face import GrafanaFace  # type: ignore[import-untyped]  # it has no types

_TIMEOUT_S = 20.0
_MOST = 300
"""So much of what Grafana says is repeated."""
_BAD, _UNKNOWN, _FORBIDDEN, _ABSENT, _CONFLICT, _CHANGED, _FAULT = 400, 401, 403, 404, 409, 412, 500


class GrafanaError(Exception):
    """Grafana cannot do it; the message says why and what to do, and holds no secret."""


class Absent(GrafanaError):  # noqa: N818  # named for what is the case
    """There is no such thing."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where Grafana is and who asks: a token, else a user with a password."""

    url: str
    token: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)

    def credentials(self) -> str | tuple[bytes, bytes]:
        """Give what grafana-api asks with. Raises GrafanaError if there is nothing, or nothing that can be sent."""
        if not self.token and not (self.user and self.password):
            raise GrafanaError(
                "nobody asks: set HOSTLEDGER_GRAFANA_TOKEN to the token of a service account, or "
                "HOSTLEDGER_GRAFANA_USER and HOSTLEDGER_GRAFANA_PASSWORD"
            )
        if not (self.token.isascii() and self.token.isprintable()) or " " in self.token:
            raise GrafanaError(
                "HOSTLEDGER_GRAFANA_TOKEN is no token: it holds blanks or signs that none has; copy it anew"
            )
        return self.token or (self.user.encode(), self.password.encode())


class Grafana:
    """A Grafana. Every method raises GrafanaError; `doing` says in words what is being done."""

    def __init__(self, access: Access) -> None:
        parts = urlsplit(access.url)
        path = parts.path.strip("/")
        self.url = access.url
        self._face = GrafanaFace(
            access.credentials(),
            host=f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname,
            port=parts.port,
            url_path_prefix=f"{path}/" if path else "",
            protocol=parts.scheme,
            timeout=_TIMEOUT_S,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._face.api.s.close()

    def get(self, path: str, doing: str) -> Any:  # noqa: ANN401  # JSON
        """Read; raises Absent for a thing that is not there."""
        return self._asked(lambda: self._face.api.GET(path), doing)

    def send(self, method: str, path: str, body: object, doing: str, **headers: str) -> Any:  # noqa: ANN401  # JSON
        """Send a body with POST or PUT; gives the answer, None for one without content."""
        call = getattr(self._face.api, method)
        return self._asked(lambda: call(path, json=body, headers=headers or None), doing)

    def make_folder(self, uid: str, title: str) -> None:
        """Make a folder."""
        self._asked(lambda: self._face.folder.create_folder(title, uid=uid), f"make the folder {title!r}")

    def make_datasource(self, body: dict[str, object]) -> None:
        """Make a data source."""
        self._asked(lambda: self._face.datasource.create_datasource(body), "make the data source")

    def save_board(self, body: dict[str, object], doing: str) -> None:
        """Save a board, in a folder, over the version that its JSON names."""
        self._asked(lambda: self._face.dashboard.update_dashboard(body), doing)

    def _asked(self, call: Callable[[], Any], doing: str) -> Any:  # noqa: ANN401  # JSON
        try:
            return call()
        except GrafanaException as error:
            raise self._explained(error, doing) from None
        except (json.JSONDecodeError, requests.JSONDecodeError) as error:
            if not error.doc:
                return None
            raise GrafanaError(self._strange(doing)) from None
        except TypeError:
            raise GrafanaError(self._strange(doing)) from None
        except (requests.RequestException, UnicodeError) as error:
            raise GrafanaError(self._unreached(error, doing)) from None

    def _explained(self, error: GrafanaException, doing: str) -> GrafanaError:
        """Say what an answer with an error means."""
        code, said = error.status_code, _said(error.response)
        if code == _ABSENT and isinstance(error, GrafanaClientError):
            return Absent(f"cannot {doing}: {self.url} has none, or is no Grafana; look at HOSTLEDGER_GRAFANA. {said}")
        remedies = {
            _UNKNOWN: "the token or the password is not known there, or has expired; set HOSTLEDGER_GRAFANA_TOKEN anew",
            _FORBIDDEN: "this is not allowed; give the service account the role Admin, or Editor where the data source "
            "and the folder are there already",
            _CONFLICT: "something of this name is there already; rename it in Grafana, or leave it away here",
            _CHANGED: "somebody changed it meanwhile, or its name is taken; look at it in Grafana, then run this again",
            _BAD: "Grafana does not take it; is it 11.6 or newer, with the ClickHouse plugin?",
        }
        usual = (
            "it has a fault, or is just starting; try again, and look at its log" if code >= _FAULT else "see its log"
        )
        return GrafanaError(f"cannot {doing}: {self.url} answers {code}: {remedies.get(code, usual)}. {said}".strip())

    def _strange(self, doing: str) -> str:
        return (
            f"cannot {doing}: what answers at {self.url} is no Grafana, or something between does not let us through; "
            "look at HOSTLEDGER_GRAFANA, and whether it has a path"
        )

    def _unreached(self, error: Exception, doing: str) -> str:
        slow = isinstance(error, requests.Timeout)
        why = f"no answer within {_TIMEOUT_S:.0f} s" if slow else f"it cannot be reached ({type(error).__name__})"
        return f"cannot {doing}: {self.url}: {why}; does it run there, and is HOSTLEDGER_GRAFANA right?"


def _said(response: object) -> str:
    """Give Grafana's own words, if they are few and plain."""
    message = response.get("message") if isinstance(response, dict) else None
    return f"Grafana says: {str(message)[:_MOST]}" if message else ""
