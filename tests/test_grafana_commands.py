"""`hostledger boards check` and `write`, as people call them; `publish` has a file of its own."""

import sys
from dataclasses import replace

from typer.testing import CliRunner

from analytics.warehouse.embedded import Embedded
from dashboards.boards import BOARDS
from dashboards.spec import Column, Unit
from hostledger.door import build

PIPELINE = replace(BOARDS["pipeline"], panels=BOARDS["pipeline"].panels[:3])


def checked(monkeypatch, folder, chosen):
    """Run `hostledger boards check` on a folder, for some boards."""
    words = ["boards", "check", "--data", str(folder)]
    app = build(words)
    monkeypatch.setattr(sys.modules["hostledger.commands.boards"], "BOARDS", chosen)
    return CliRunner().invoke(app, words, env={"COLUMNS": "200"})


def test_by_command_boards_are_proved_on_a_folder_also_on_an_empty_one(monkeypatch, tmp_path) -> None:
    Embedded.open(tmp_path / "data").close()
    done = checked(monkeypatch, tmp_path / "data", {"pipeline": PIPELINE})
    assert (done.exit_code, "Boards that are sound: 1." in done.stderr) == (0, True), done.stderr
    assert "panel data_age" in done.stdout
    lacking = replace(PIPELINE.panels[0], columns=(Column("other", "Other", Unit.COUNT),))
    broken = {"pipeline": replace(PIPELINE, panels=(lacking,))}
    failed = checked(monkeypatch, tmp_path / "data", broken)
    assert failed.exit_code == 2
    assert f"board pipeline, panel {lacking.id}: " in failed.stderr
    twice = {"pipeline": replace(PIPELINE, panels=PIPELINE.panels[:1] * 2)}
    unsound = checked(monkeypatch, tmp_path / "data", twice)
    assert (unsound.exit_code, "is there twice" in unsound.stderr) == (2, True)


def test_by_command_files_are_written_once(tmp_path) -> None:
    words = ["boards", "write", str(tmp_path)]
    first, again = (CliRunner().invoke(build(words), words) for _ in range(2))
    assert (first.exit_code, "Files written: 6." in first.stderr) == (0, True)
    assert (tmp_path / "boards" / "live.json").is_file()
    assert (again.exit_code, again.stdout, "right already" in again.stderr) == (0, "", True)
    below_a_file = ["boards", "write", str(tmp_path / "boards" / "live.json")]
    refused = CliRunner().invoke(build(below_a_file), below_a_file)
    assert (refused.exit_code, "name a folder that you may write to" in refused.stderr) == (2, True)
