"""The committed files of boards and alert rules are those of the description, byte for byte.

After a change of `dashboards/boards` or `dashboards/queries` renew them with: hostledger boards write
dashboards/provisioning
"""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dashboards.boards import ALERTS, BOARDS
from dashboards.grafana import alerting, sdk
from dashboards.grafana.files import canonical, files, write
from dashboards.grafana.files import yaml as written

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "dashboards" / "provisioning"
TEXTS = files(BOARDS, ALERTS)
RENEW = "renew with: hostledger boards write dashboards/provisioning"


@pytest.mark.parametrize("name", TEXTS)
def test_a_committed_file_is_what_the_description_gives(name) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == TEXTS[name], RENEW


def test_nothing_else_is_mounted_as_a_board_or_a_rule() -> None:
    there = {str(path.relative_to(FOLDER)) for part in ("boards", "alerting") for path in (FOLDER / part).rglob("*")}
    assert there == set(TEXTS)


def test_the_same_description_gives_the_same_bytes() -> None:
    assert files(BOARDS, ALERTS) == TEXTS


@pytest.mark.parametrize("name", [name for name in TEXTS if name.endswith(".json")])
def test_a_file_of_a_board_is_read_by_grafanas_own_models(name) -> None:
    found = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    assert canonical(sdk.as_json(sdk.parse(found))) == TEXTS[name]
    assert found["uid"] == BOARDS[Path(name).stem].uid
    assert len(found["panels"]) == sum(not panel.page_only for panel in BOARDS[Path(name).stem].panels) > 0


def test_what_is_for_the_page_only_is_not_in_the_file() -> None:
    board, found = BOARDS["compare"], json.loads((FOLDER / "boards" / "compare.json").read_text(encoding="utf-8"))
    left_out = [one.title for one in (*board.panels, *board.variables) if one.page_only]
    assert len(left_out) == 4
    assert not any(json.dumps(title)[1:-1] in json.dumps(found) for title in left_out)


def test_the_file_of_rules_holds_every_alert() -> None:
    found = yaml.safe_load((FOLDER / "alerting" / "hostledger.yaml").read_text(encoding="utf-8"))
    assert found == alerting.file(ALERTS)
    (group,) = found["groups"]
    assert [rule["uid"] for rule in group["rules"]] == [alert.uid for alert in ALERTS]
    assert (found["apiVersion"], group["interval"], group["folder"]) == (1, "1m", "hostledger")


def test_no_alert_is_no_group() -> None:
    assert yaml.safe_load(written(alerting.file([]))) == {"apiVersion": 1, "groups": []}


PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="\x7f", exclude_categories=("Cc", "Cs")), max_size=20)
LINES = st.lists(PLAIN, min_size=2, max_size=4).map("\n".join)
SCALARS = st.none() | st.booleans() | st.integers(-9, 10**9) | PLAIN | LINES
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN, inner, max_size=3), max_leaves=8
)


@given(VALUES)
def test_what_is_written_as_yaml_is_read_as_it_was(content) -> None:
    assert yaml.safe_load(written(content)) == content


def test_only_files_that_differ_are_written(tmp_path) -> None:
    assert write(tmp_path, {"a/b.json": "1\n", "c.yaml": "2\n"}) == ["a/b.json", "c.yaml"]
    assert write(tmp_path, {"a/b.json": "1\n", "c.yaml": "3\n"}) == ["c.yaml"]
    assert (tmp_path / "c.yaml").read_text() == "3\n"


def test_days_are_days_of_the_sellers_time_zone() -> None:
    texts = files(BOARDS, ALERTS, "Asia/Shanghai")
    found = json.loads(texts["boards/finance.json"])
    zones = [one for one in found["templating"]["list"] if one["name"] == "zone"]
    assert [zone["query"] for zone in zones] == ["Asia/Shanghai"]
    assert found["timezone"] == "Asia/Shanghai"
