"""The demo's beginning: its first figures come from a small stretch, and what cannot begin is said in words."""

import subprocess
import sys
import threading
from pathlib import Path

from children import uncovered
from patience import PATIENCE_S
from typer.testing import CliRunner

from analytics.rules import HOUR_MS
from hostledger.demonstration import FIRST_BYTES, _due
from hostledger.door import build
from streams.generator import Plan
from streams.ingest import wall_ms

FULL = """
import sys
from analytics.warehouse import WarehouseError
from analytics.warehouse.embedded import Embedded
from hostledger.door import main

def full(folder):
    raise WarehouseError("the disk is full; free some space")

Embedded.open = full
sys.argv[1:] = ["demo", "--port", "0"]
main()
"""


def test_the_first_stretch_is_small_and_holds_orders_whatever_the_day() -> None:
    for seed in (1, 2, 3):
        due = _due(Plan.demo(start_ms=wall_ms() - 2 * HOUR_MS, hours=3, seed=seed), threading.Event())
        first, second = next(due), next(due)
        assert first.count(b'"order_paid"') >= 5
        assert FIRST_BYTES <= len(first) < FIRST_BYTES * 1.2 < len(second)


def test_a_warehouse_that_cannot_be_opened_ends_the_demo_with_the_reason() -> None:
    """It is opened behind the page: the failure has to reach the person all the same, and nothing may wait for it."""
    done = subprocess.run(
        [sys.executable, "-c", FULL],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env=uncovered(),
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "the disk is full; free some space"
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_shown(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    words = ["demo", "--port", "0", "--keep", str(tmp_path / "file" / "kept")]
    refused = CliRunner().invoke(build(words), words)
    assert refused.exit_code == 2
    assert "kept: Not a directory; name another that you may use" in refused.stderr.replace("\n", "")
    assert "http" not in refused.stderr
