"""A ClickHouse server for a test: one of ours as a child process, or a real one that the environment names."""

import os
import subprocess
import sys
from pathlib import Path

from children import uncovered
from ports import free_port

PROGRAM = Path(__file__).with_name("native_server.py")
GIVEN = os.environ.get("CLICKHOUSE_URL", "")
"""clickhouse://user@host:9000 of a real server on which databases may be made; its password in CLICKHOUSE_PASSWORD."""
PASSWORD = os.environ.get("CLICKHOUSE_PASSWORD", "") if GIVEN else "s3cret'of\\tests"
MEANING = "a real server (CLICKHOUSE_URL)" if GIVEN else "the engine of chdb behind the native protocol"
USERS = {"default": (PASSWORD, ""), "reader": (PASSWORD, "1"), "grafana": (PASSWORD, "2")}


class Child:
    """Our server on a folder; it keeps its port when it is started again."""

    def __init__(self, folder: Path, certificate: Path | None = None) -> None:
        self.folder, self.certificate, self.port = folder, certificate, free_port()
        self.process: subprocess.Popen[str] | None = None

    def start(self, die: str = "") -> None:
        """Start it; with `die` it kills itself at that moment of an insert: received, stored."""
        command = [sys.executable, str(PROGRAM), "--folder", str(self.folder), "--port", str(self.port), "--die", die]
        command += [f"--user={name}:{password}:{readonly}" for name, (password, readonly) in USERS.items()]
        if self.certificate:
            command += ["--certificate", str(self.certificate)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=uncovered())
        assert self.process.stdout
        assert self.process.stdout.readline() == f"{self.port}\n"

    def kill(self) -> None:
        """End it at once, as a power cut does to a process."""
        if self.process:
            self.process.kill()
            self.wait()

    def wait(self) -> None:
        """Wait for its end."""
        assert self.process
        assert self.process.stdout
        self.process.wait(60)
        self.process.stdout.close()
        self.process = None

    def url(self, database: str, user: str = "default", **options: str) -> str:
        """The address of a database."""
        scheme = "clickhouses" if self.certificate else "clickhouse"
        asked = "&".join(f"{name}={value}" for name, value in options.items())
        return f"{scheme}://{user}@127.0.0.1:{self.port}/{database}?{asked}"
