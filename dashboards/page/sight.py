"""What somebody may see of the page: boards, panels and rows, by the role of their password or token."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import quote, unquote

from analytics.warehouse.own import EVERYTHING, Filters, of_hosts
from dashboards.boards import BOARDS
from dashboards.page.choice import LONGEST, Choice, RefusedError
from dashboards.page.figures import Json, Reader
from dashboards.page.orders import explanation, explanation_without_viewer, own_explanation
from dashboards.spec import Board, Panel

ALL, OPERATOR, FINANCE, HOST = "all", "operator", "finance", "host"
"""Who knows the password sees all; the others are the roles of tokens."""
ROLES = (OPERATOR, FINANCE, HOST)
ACCOUNTS = ("unattributed", "excess_refund")
"""Accounts of the ledger that are no hosts."""
_NOT_OF: Mapping[str, frozenset[str]] = {OPERATOR: frozenset({"finance"})}
"""Boards that a role does not see; a host sees what is said of panels (`Panel.own`)."""


class ForbiddenError(RefusedError):
    """What is asked for is there, and not for this role."""


class WrongSight(Exception):  # noqa: N818  # named for what is the case
    """No role, or one that lacks its hosts; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one role sees; host_ids: of a host, whose shifts and ledger lines."""

    role: str
    host_ids: tuple[str, ...] = ()

    @classmethod
    def of(cls, role: str, host_ids: tuple[str, ...] = ()) -> Self:
        """Make the sight of a token. Raises WrongSight."""
        if role not in ROLES:
            raise WrongSight(f"role {role!r} is none; use one of {', '.join(ROLES)}")
        if (role == HOST) != bool(host_ids):
            remedy = "name one with --host" if role == HOST else "leave --host out, or use the role host"
            raise WrongSight(f"role {role}, hosts {', '.join(host_ids) or 'none'}: {remedy}")
        for host in host_ids:
            if host in ACCOUNTS or not 0 < len(host) <= LONGEST:
                raise WrongSight(f"host {host[:LONGEST]!r}: use a host_id of 1 to {LONGEST} characters, no account")
        return cls(role, tuple(sorted(set(host_ids))))

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what `told` wrote. Raises WrongSight."""
        role, _, hosts = text.partition(":")
        return cls.of(role, tuple(unquote(host) for host in hosts.split(",") if host))

    def told(self) -> str:
        """Write it as text: operator, finance, or host:ID,ID."""
        return ":".join((self.role, ",".join(quote(host, safe="") for host in self.host_ids))).rstrip(":")

    @property
    def filters(self) -> Filters:
        """The rows that the engine shows."""
        return of_hosts(self.host_ids) if self.role == HOST else EVERYTHING

    @property
    def boards(self) -> Mapping[str, Board]:
        """The boards that the role sees, with the panels and variables that it sees of each."""
        if self.role == HOST:
            return {name: own for name, board in BOARDS.items() if (own := _own(board)).panels}
        return {name: board for name, board in BOARDS.items() if name not in _NOT_OF.get(self.role, ())}

    @property
    def explains(self) -> Callable[[Reader, str], Json | None]:
        """How an order is explained to the role; finance sees no viewer, a host its own credits."""
        return {FINANCE: explanation_without_viewer, HOST: own_explanation}.get(self.role, explanation)

    def check_board(self, name: str) -> None:
        """Raise ForbiddenError for a board that is there, and not for this role."""
        if name in BOARDS and name not in self.boards:
            raise ForbiddenError("board", name, f"{self._whose} is for {', '.join(self.boards)}; ask for another token")

    def check(self, choice: Choice) -> None:
        """Raise ForbiddenError for another one's host."""
        for host in dict(choice.values).get("host", ()) if self.role == HOST else ():
            if host not in self.host_ids:
                raise ForbiddenError("host", host, f"{self._whose} is for {', '.join(self.host_ids)}; leave host out")

    def panel(self, board: str, panel_id: str) -> Panel | None:
        """Give a panel of a board; None if there is none. Raises ForbiddenError for one that this role does not see."""
        panels = {panel.id: panel for panel in self.boards[board].panels}
        if panel_id not in panels and any(panel.id == panel_id for panel in BOARDS[board].panels):
            raise ForbiddenError("panel", panel_id, f"{self._whose} is for {', '.join(panels)}; ask for another token")
        return panels.get(panel_id)

    @property
    def _whose(self) -> str:
        return f"a token of the role {self.role}"


WHOLE = Sight(ALL)


def _own(board: Board) -> Board:
    """Leave of a board what is right where only a host's own rows are seen."""
    variables = tuple(replace(one, query=one.own) if one.own else one for one in board.variables)
    return replace(board, variables=variables, panels=tuple(one for one in board.panels if one.own), annotations=())
