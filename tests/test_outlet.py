"""Output is whole or refused, however it is buffered; text of events is shown as it is."""

import os
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import polars as pl
import pytest
import typer
from children import uncovered
from patience import PATIENCE_S

from analytics.warehouse.embedded import Embedded
from hostledger.outlet import NO_READER, whole_output
from hostledger.output import Format, show

HOSTLEDGER = str(Path(sys.executable).parent / "hostledger")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty warehouse."""
    place = tmp_path_factory.mktemp("empty")
    Embedded.open(place).close()
    return place


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["schema", "reconcile", "report hosts", "sql SELECT(1)"])
def test_a_command_that_cannot_write_its_answer_ends_with_2_and_says_so(
    folder: Path, command: str, unbuffered: str
) -> None:
    words = [*command.split(), *([] if command == "schema" else ["--data", str(folder)])]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [HOSTLEDGER, *words],
            stdout=full,
            stderr=PIPE,
            text=True,
            timeout=PATIENCE_S,
            check=False,
            env=uncovered() | {"PYTHONUNBUFFERED": unbuffered},
        )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        2,
        "The output cannot be written: No space left on device; free some space, or send it elsewhere.",
    )


def test_a_reader_that_has_gone_is_no_answer_of_the_command() -> None:
    """1 would say that money is missing."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        done = subprocess.run(
            [HOSTLEDGER, "schema"], stdout=nobody, stderr=PIPE, timeout=PATIENCE_S, check=False, env=uncovered()
        )
    assert (done.returncode, done.stderr) == (NO_READER, b"")


def test_what_goes_out_in_part_is_written_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = os.write
    with (tmp_path / "out").open("w", encoding="utf-8") as out, monkeypatch.context() as narrow:
        narrow.setattr(sys, "stdout", out)
        narrow.setattr(os, "write", lambda descriptor, data: written(descriptor, bytes(data)[:7]))
        with whole_output():
            typer.echo("a line of more than seven bytes, 直播 too\n" * 100, nl=False)
    assert (tmp_path / "out").read_text(encoding="utf-8") == "a line of more than seven bytes, 直播 too\n" * 100


def test_letters_that_the_encoding_has_not_are_written_as_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "out").open("w", encoding="ascii") as out, monkeypatch.context() as narrow:
        narrow.setattr(sys, "stdout", out)
        with whole_output():
            show(pl.DataFrame({"name": ["主播"]}), Format.TABLE)
    assert rb"\u4e3b\u64ad" in (tmp_path / "out").read_bytes()


def test_text_is_no_markup_and_its_control_characters_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["[/] Bob", "[bold red]rich[/bold red]", "[x]a", "red\x1b[31m", "a\nb\tc", "back\u202ewards", "主播 é 👩‍👧"]
    frame = pl.DataFrame({"host": names, "net": range(len(names))})
    show(frame, Format.TABLE, "[11.11] [/sale] \x1b]0;owned\x07")
    said = capsys.readouterr().out
    for shown in (
        "[/] Bob",
        "[bold red]rich[/bold red]",
        "[x]a",
        r"red\x1b[31m",
        r"a\nb\tc",
        r"back\u202ewards",
        names[-1],
    ):
        assert shown in said
    assert r"[11.11] [/sale] \x1b]0;owned\x07" in said
    assert not {"\x1b", "\x07", "\t", "\u202e"} & set(said)


def test_a_table_of_the_engine_is_shown_and_not_obeyed(folder: Path) -> None:
    asked = ["sql", "SELECT concat('a', char(7), 'b', char(27), 'c') AS text", "--data", str(folder)]
    said = subprocess.run(
        [HOSTLEDGER, *asked], capture_output=True, timeout=PATIENCE_S, check=True, env=uncovered()
    ).stdout
    assert rb"a\x07b" in said
    assert not {0x07, 0x1B} & set(said)
    assert said.count(b"\n") == 3
