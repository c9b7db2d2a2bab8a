"""The tests' ClickHouse stand-in with less work of its own per query: what a real server would not do is left out.

Settings stay as they are until another query has others, and the columns of a query are asked for once per connection.
"""

import subprocess
import sys
from contextlib import suppress
from typing import Any

from benchmarks.running import ROOT
from benchmarks.stream.parts import native_child, native_server


class Handler(native_server.Handler):  # type: ignore[misc]  # it has no types
    """One client; the answers are those of the tests' server."""

    def handle(self) -> None:
        """Serve the client until it goes."""
        self._standing: dict[str, str] = {}
        self._headers: dict[str, list[Any]] = {}
        super().handle()

    def query(self) -> None:
        """Answer one query."""
        settings, text, parameters = self.read_query()
        try:
            self._set(settings)
            inserted = native_server.INSERT.fullmatch(text)
            if inserted:
                self.insert(inserted[1], inserted[2] or "*")
            else:
                if not native_server.SELECT.match(text):
                    self._headers.clear()
                self.answer(text.rstrip().rstrip(";"), parameters)
            self.wire.send(native_server.varint(native_server.END))
        except (RuntimeError, UnicodeDecodeError) as error:
            self.wire.send_exception(error)

    def header(self, text: str, parameters: dict[str, str]) -> list[Any]:
        """Give the columns of a query; they hang on its text alone."""
        if text not in self._headers:
            self._headers[text] = super().header(text, parameters)
        return self._headers[text]

    def _set(self, settings: dict[str, str]) -> None:
        """Bring the connection's settings to what a query asks for."""
        for name in self._standing.keys() - settings.keys():
            with suppress(RuntimeError):  # readonly = 1 stays, as does what was set before it
                self.engine.query(f"SET {name} = DEFAULT")
        changed = {name: value for name, value in settings.items() if self._standing.get(name) != value}
        self._standing = dict(settings)
        for name, value in changed.items():
            quoted = value.replace("\\", "\\\\").replace("'", "\\'")
            self.engine.query(f"SET {name} = '{quoted}'")


class Child(native_child.Child):  # type: ignore[misc]  # as above
    """The stand-in as a process of its own."""

    def start(self, die: str = "") -> None:
        """Start it on its port."""
        users = [f"--user={name}:{password}:{readonly}" for name, (password, readonly) in native_child.USERS.items()]
        command = [sys.executable, "-m", "benchmarks.stream.clickhouse_server", "--folder", str(self.folder), *users]
        command += ["--port", str(self.port)]
        self.process = subprocess.Popen([*command, "--die", die], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        if self.process.stdout:
            self.process.stdout.readline()


if __name__ == "__main__":
    native_server.Handler = Handler
    native_server.main()
