"""docs/SOURCES.md says what is there: every setting, every kind, every state of an order, mapping files that work."""

import json
import re
import shlex
from pathlib import Path

import pytest
import typer

from hostledger.door import build
from hostledger.settings import PREFIX, SETTINGS, SOURCE_SETTINGS
from streams.collector.metrics import Metrics
from streams.sources.table import SOURCES
from streams.sources.tables.database import BATCH_ROWS, KINDS
from streams.sources.tables.importing import import_table
from streams.sources.tables.mapping import FIELDS, Mapping, read_mapping
from streams.sources.tables.reading import read_csv

PAGE = (Path(__file__).parents[1] / "docs" / "SOURCES.md").read_text()
STATES = {"created", "paid", "cancelled", "partly refunded", "refunded", "chargeback"}
SHOPS = {source.title: source for source in SOURCES.values() if not source.name.endswith("-live")}
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
ORDERS = """Id,Sku,Customer,Pieces,Line,Department,Room,Host,Paid at,Price
7,apple,3,2,a,fruit,r-1,mara,28.03.2026 12:00,"1.005,25"
7,pear,3,1,b,fruit,r-1,mara,28.03.2026 12:00,"0,99"
"""
REFUNDS = """Transaction,Order,Why,Customer,At,Currency,Amount
1,7,broken,3,2026-03-29T12:00:00+02:00,EUR,5.25
"""


def life() -> list[tuple[str, str, str, str]]:
    rows = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
    return [(row[0], row[1], row[2], row[3]) for row in rows if len(row) == 4 and row[0] != "platform"]


def test_every_setting_that_is_named_is_one_and_every_one_of_a_source_is_named() -> None:
    named = set(re.findall(rf"{PREFIX}[A-Z_]+", PAGE))
    assert named - SOURCE_SETTINGS <= {PREFIX + setting.name for setting in SETTINGS.values()}
    assert named >= SOURCE_SETTINGS


def test_every_shop_has_every_state_once_and_its_kinds_are_those_that_are_booked() -> None:
    rows = life()
    assert sorted((platform, state) for platform, state, _, _ in rows) == sorted(
        (title, state) for title in SHOPS for state in STATES
    )
    for title, source in SHOPS.items():
        told = {kind for platform, _, by, _ in rows if platform == title for kind in re.findall(r"`([^`]+)`", by)}
        assert set(source.kinds) <= told, title
        assert told <= set(source.kinds) | set(source.passed), title
    for name in ("douyin-live", "tiktok-live"):
        assert SOURCES[name].title in PAGE
    assert set(SOURCES["douyin-live"].kinds) <= set(re.findall(r"`(\w+)`", PAGE))


@pytest.mark.parametrize("title", sorted(source.title for source in SOURCES.values()))
def test_every_platform_says_how_it_is_connected(title: str) -> None:
    assert f"\n### {title}\n" in PAGE


def test_the_mapping_files_of_the_page_work_and_name_every_field(tmp_path: Path) -> None:
    assert len(EXAMPLES) == 2
    found = []
    for example, table in zip(EXAMPLES, (ORDERS, REFUNDS), strict=True):
        (tmp_path / "m.toml").write_text(example)
        (tmp_path / "t.csv").write_text(table)
        mapping = read_mapping(tmp_path / "m.toml")
        imported = import_table(read_csv(tmp_path / "t.csv", mapping.columns(), ""), mapping)
        assert imported.rejects.is_empty()
        found += [(mapping, json.loads(line)) for line in imported.events.splitlines()]
    (orders, order), (refunds, refund) = found
    assert [line["amount_minor"] for line in order["lines"]] == [201_050, 99]
    assert (order["order_id"], order["viewer_id"], order["occurred_at"]) == (
        "shopify/7",
        "shopify/3",
        1_774_695_600_000,
    )
    assert refund["event_id"] == "shopify/refunded/transaction/1"
    assert (refund["order_id"], refund["amount_minor"], refund["reason"]) == ("shopify/7", 525, "broken")
    assert {name for mapping in (orders, refunds) for name, _ in mapping.fields()} == set(FIELDS)
    unnamed = [
        field for field in Mapping.__struct_fields__ if not re.search(rf"^{field} = ", "".join(EXAMPLES), re.MULTILINE)
    ]
    assert unnamed == []


def test_every_command_of_the_page_is_one_with_options_that_it_has() -> None:
    lines = [line.strip() for line in PAGE.splitlines() if line.startswith("    hostledger ")]
    assert len(lines) >= 9
    for line in lines:
        words = shlex.split(line.partition(" > ")[0])[1:]
        command = typer.main.get_command(build([words[0]]))
        for word in words:
            if not hasattr(command, "commands"):
                break
            command = command.commands[word]
        options = {option for each in command.params for option in each.opts}
        assert [word for word in words if word.startswith("--") and word not in options] == [], line


def test_figures_and_names_of_the_page_are_those_of_the_code() -> None:
    assert f"Rows come {BATCH_ROWS:,} at a time" in PAGE
    assert [kind for kind in KINDS if f"{kind}://" not in PAGE] == []
    assert [f"pip install {kind.install}" for kind in KINDS.values() if f"pip install {kind.install}" not in PAGE] == []
    told = {option for options in re.findall(r"`\?([^`]+)`", PAGE) for option in re.findall(r"(\w+)=", options)}
    assert told <= {option for kind in KINDS.values() for option in kind.options}
    counted = {f"{family.name}_total" for family in Metrics().registry.collect() if family.type == "counter"}
    assert set(re.findall(r"hostledger_collector_\w+", PAGE)) <= counted


def test_the_beginnings_of_refund_ids_are_those_that_the_sources_write() -> None:
    code = "".join(file.read_text() for file in (Path(__file__).parents[1] / "streams" / "sources").glob("*.py"))
    (sentence,) = re.findall(r"ids begin as its own do:\n(.*?)\.\n", PAGE, re.DOTALL)
    for beginning in re.findall(r"`(\w+)/`", sentence):
        assert f'f"{beginning}/{{' in code or f'"{beginning}", "{beginning}_id"' in code, beginning
