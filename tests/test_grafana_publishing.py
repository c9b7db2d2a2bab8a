"""Boards and alert rules get into a Grafana once; nothing of anybody else's is overwritten, and no secret is shown."""

import copy
import json
import socket
import time
from dataclasses import replace

import pytest
from grafana_stand_in import HTML, PASSWORD, TOKEN, USER, serving
from typer.testing import CliRunner

from dashboards.boards import ALERTS, BOARDS
from dashboards.grafana import connection, publishing
from dashboards.grafana.alerting import rule
from dashboards.grafana.connection import Access, Grafana, GrafanaError
from dashboards.grafana.emitting import emitted
from dashboards.spec import Alert
from hostledger.door import build

SECRET = "read-only-secret"  # noqa: S105  # of this test alone
SOURCE = {"name": "hostledger", "uid": "clickhouse", "type": "grafana-clickhouse-datasource", "jsonData": {"host": "x"}}
ALERT = Alert("hostledger-late", "Late", "alert_data_age", 60, 300, 900, "Nothing comes in.", "Look at the workers.")


@pytest.fixture
def grafana():
    with serving() as (found, url):
        found.url = url
        yield found


SMALL = {name: replace(board, panels=board.panels[:2], annotations=()) for name, board in BOARDS.items()}
TEXT = json.dumps([[emitted(name, board) for name, board in SMALL.items()], [rule(ALERT)]])


def wanted(**fields):
    boards, rules = json.loads(TEXT)
    return publishing.Wanted(boards, rules, **fields)


@pytest.fixture
def ready(grafana):
    """A Grafana with everything published to it."""
    grafana.sources["clickhouse"] = dict(SOURCE)
    publish(grafana)
    grafana.asked.clear()
    return grafana


def publish(grafana, want=None, **access):
    want = want or wanted()
    with Grafana(Access(grafana.url, **(access or {"token": TOKEN}))) as there:
        steps = publishing.plan(there, want)
        publishing.publish(there, want, steps)
    return steps


def actions(steps):
    return {(step.what, step.name): step.action for step in steps}


def failing(grafana, want=None, **access):
    with pytest.raises(GrafanaError) as refused:
        publish(grafana, want, **access)
    said = str(refused.value)
    assert not [secret for secret in (TOKEN, PASSWORD, SECRET) if secret in said]
    return said


def test_everything_is_made_in_a_new_grafana(grafana) -> None:
    want = wanted(folder="shows", datasource_url="http://clickhouse:8123/books", datasource_password=SECRET)
    steps = publish(grafana, want)
    assert set(actions(steps).values()) == {"make"}
    source = grafana.sources["clickhouse"]
    assert (source["type"], source["access"]) == ("grafana-clickhouse-datasource", "proxy")
    assert source["jsonData"] == {
        "host": "clickhouse",
        "port": 8123,
        "protocol": "http",
        "secure": False,
        "username": "grafana",
        "defaultDatabase": "books",
        "dialTimeout": "10",
        "queryTimeout": "60",
    }
    assert source["secureJsonData"] == {"password": SECRET}
    assert grafana.folders == {"shows": "shows"}
    assert set(grafana.boards) == {board.uid for board in BOARDS.values()}
    assert {meta["folderUid"] for meta in grafana.meta.values()} == {"shows"}
    (stored,) = grafana.rules.values()
    assert (stored["folderUID"], stored["ruleGroup"], stored["provenance"]) == ("shows", "hostledger", "")
    assert stored["labels"]["made_by"] == "hostledger"


def test_a_second_time_changes_nothing(ready) -> None:
    steps = publish(ready)
    assert set(actions(steps).values()) == {"keep"}
    assert ready.changes() == []


def test_a_user_and_a_password_do_too_whatever_signs_it_has(ready) -> None:
    publish(ready, user=USER, password=PASSWORD)
    assert ready.changes() == []


def test_a_grafana_below_a_path_is_reached() -> None:
    with serving("/watch/grafana") as (grafana, url):
        grafana.url, grafana.sources["clickhouse"] = url, dict(SOURCE)
        publish(grafana)
        assert set(grafana.boards) == {board.uid for board in BOARDS.values()}


def test_only_what_differs_is_changed_over_the_version_that_stands_there(ready) -> None:
    want = wanted()
    want.boards[0]["title"] = "Another"
    want.rules[0]["for"] = "10m"
    steps = publish(ready, want)
    changed = {name for (_, name), action in actions(steps).items() if action == "change"}
    assert changed == {want.boards[0]["uid"], "hostledger-late"}
    assert ready.changes() == [
        ("POST", "/api/dashboards/db"),
        ("PUT", "/api/v1/provisioning/alert-rules/hostledger-late"),
    ]
    assert ready.boards[want.boards[0]["uid"]]["title"] == "Another"
    assert ready.boards[want.boards[0]["uid"]]["version"] == 2
    assert ready.rules["hostledger-late"]["for"] == "10m"
    assert set(actions(publish(ready, want)).values()) == {"keep"}


def test_a_change_is_shown_line_by_line(ready) -> None:
    want = wanted()
    want.boards[0]["title"] = "Another"
    with Grafana(Access(ready.url, TOKEN)) as there:
        (step,) = [step for step in publishing.plan(there, want) if step.action == "change"]
    assert f'-  "title": "{next(iter(BOARDS.values())).title}"' in step.change
    assert '+  "title": "Another"' in step.change
    assert step.change.startswith(f"--- {want.boards[0]['uid']} there\n+++ {want.boards[0]['uid']} here\n")


def first():
    return next(iter(BOARDS.values())).uid


def refused(grafana, part):
    """What is refused, and that nothing at all was changed."""
    want = wanted()
    for board in want.boards:
        board["description"] = "All boards are to change."
    grafana.asked.clear()
    said = failing(grafana, want)
    assert said.startswith("nothing was changed. ")
    assert part in said
    assert grafana.changes() == []


def test_a_board_that_somebody_else_made_is_refused(ready) -> None:
    ready.boards[first()]["tags"] = ["theirs"]
    refused(ready, f"board {first()}: somebody else made it: it lacks the tag hostledger")


@pytest.mark.parametrize("old", [False, True])
def test_a_board_that_somebody_changed_is_refused(ready, old) -> None:
    ready.old_versions = old
    ready.edit_board(first(), title="Mine")
    refused(ready, f"board {first()}: somebody changed it in Grafana; save that as a copy")


def test_a_board_that_comes_from_files_there_is_refused(ready) -> None:
    ready.meta[first()]["provisioned"] = True
    refused(ready, "it comes from files of that Grafana; change those with: hostledger boards write")


def test_a_board_that_was_moved_is_refused(ready) -> None:
    ready.meta[first()]["folderUid"] = ""
    refused(ready, "it was moved to the folder General")


def test_a_rule_that_somebody_else_made_is_refused(ready) -> None:
    ready.rules["hostledger-late"]["labels"] = None
    refused(ready, "alert rule hostledger-late: somebody else made it: it lacks the label made_by")


@pytest.mark.parametrize(
    "harm",
    [
        {"for": "1m"},
        {"isPaused": True},
        {"annotations": {"summary": "Mine"}},
        {"noDataState": "Alerting"},
        {"folderUID": "theirs"},
    ],
)
def test_a_rule_that_somebody_changed_is_refused(ready, harm) -> None:
    ready.rules["hostledger-late"] |= copy.deepcopy(harm)
    refused(ready, "alert rule hostledger-late: somebody changed it in Grafana")


def test_a_rule_whose_bound_somebody_changed_is_refused(ready) -> None:
    ready.rules["hostledger-late"]["data"][2]["model"]["conditions"][0]["evaluator"]["params"] = [5]
    refused(ready, "alert rule hostledger-late: somebody changed it in Grafana")


def test_a_rule_that_a_file_keeps_is_refused(ready) -> None:
    ready.rules["hostledger-late"]["provenance"] = "file"
    refused(ready, "it is kept by file there")


def test_a_data_source_of_another_type_is_refused_and_one_of_ours_is_never_touched(ready) -> None:
    ready.sources["clickhouse"]["jsonData"] = {"host": "elsewhere"}
    publish(ready, wanted(datasource_url="http://clickhouse:8123", datasource_password=SECRET))
    assert ready.sources["clickhouse"]["jsonData"] == {"host": "elsewhere"}
    ready.sources["clickhouse"]["type"] = "mysql"
    refused(ready, "data source clickhouse: its type is mysql")


def test_without_a_data_source_it_says_how_one_is_made(grafana) -> None:
    assert "--datasource-url" in failing(grafana)
    assert grafana.changes() == []


def test_a_data_source_whose_name_is_taken_is_said(grafana) -> None:
    grafana.sources["other"] = SOURCE | {"uid": "other"}
    said = failing(grafana, wanted(datasource_url="https://clickhouse", datasource_password=SECRET))
    assert "answers 409: something of this name is there already" in said
    assert "data source with the same name already exists" in said


def test_who_saves_at_the_same_time_is_not_overwritten(ready) -> None:
    """Somebody saves between our look and our save: the version that we name is no longer the newest."""
    want = wanted()
    want.boards[0]["title"] = "Another"

    def meanwhile(method, path):
        if method == "GET" and path.startswith(f"/api/dashboards/uid/{first()}/versions"):
            ready.boards[first()]["version"] = 9

    ready.after = meanwhile
    said = failing(ready, want)
    assert "answers 412: somebody changed it meanwhile" in said
    assert ready.boards[first()]["title"] != "Another"


BROKEN = [
    (401, '{"message": "Invalid API key"}', "HOSTLEDGER_GRAFANA_TOKEN anew"),
    (403, '{"message": "You need more"}', "role Admin"),
    (400, '{"message": "bad"}', "11.6 or newer"),
    (409, '{"message": "there"}', "of this name"),
    (412, '{"message": "changed"}', "run this again"),
    (500, '{"message": "oh"}', "look at its log"),
    (503, "{}", "try again"),
    (418, "{}", "see its log"),
    (502, HTML, "is no Grafana, or something between"),
    (502, "<html>bad gateway</html>", "try again"),
    (404, "<html>not here</html>", "look at HOSTLEDGER_GRAFANA"),
    (200, HTML, "is no Grafana, or something between"),
    (200, "[]", "is no Grafana"),
    (204, "", "is no Grafana"),
]


@pytest.mark.parametrize(("status", "body", "remedy"), BROKEN)
def test_what_goes_wrong_is_said_with_a_remedy(grafana, status, body, remedy) -> None:
    grafana.broken["GET /api/health"] = (status, body)
    said = failing(grafana)
    assert remedy in said
    assert grafana.url in said
    assert "<html>" not in said


def test_an_answer_without_content_is_no_error(grafana) -> None:
    grafana.sources["clickhouse"] = dict(SOURCE)
    grafana.broken["POST /api/dashboards/db"] = (204, "")
    publish(grafana)
    assert ("POST", "/api/v1/provisioning/alert-rules") in grafana.changes()


@pytest.mark.parametrize(
    ("access", "said"),
    [
        ({"token": "glsa_wrong"}, "answers 401"),
        ({"user": USER, "password": "wrong"}, "answers 401"),
        ({"user": USER}, "nobody asks"),
        ({"token": f"{TOKEN}\n"}, "is no token"),
        ({"token": "tokén"}, "is no token"),
    ],
)
def test_who_is_not_known_is_told_what_to_set(grafana, access, said) -> None:
    grafana.sources["clickhouse"] = dict(SOURCE)
    found = failing(grafana, **access)
    assert said in found
    assert "HOSTLEDGER_GRAFANA_TOKEN" in found


def test_an_editor_may_do_all_but_make_the_data_source(grafana) -> None:
    grafana.role = "Editor"
    want = wanted(datasource_url="http://clickhouse:8123", datasource_password=SECRET)
    assert "the role Admin" in failing(grafana, want)
    grafana.sources["clickhouse"] = dict(SOURCE)
    publish(grafana, want)
    assert set(actions(publish(grafana, want)).values()) == {"keep"}


@pytest.mark.parametrize(("version", "fits"), [("11.5.2", False), ("9.0", False), ("11.6.0", True), ("14.0.1", True)])
def test_a_grafana_that_is_too_old_is_refused(grafana, version, fits) -> None:
    grafana.version, grafana.sources["clickhouse"] = version, dict(SOURCE)
    if fits:
        publish(grafana)
    else:
        assert f"is Grafana {version}; the boards need 11.6 or newer" in failing(grafana)


def test_a_grafana_that_is_not_there_is_said(grafana) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        grafana.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        assert "it cannot be reached" in failing(grafana)


def test_a_grafana_that_says_nothing_is_given_up(grafana, monkeypatch) -> None:
    monkeypatch.setattr(connection, "_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        grafana.url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        assert "no answer within" in failing(grafana)
        assert time.monotonic() - began < 15, "ours is 20 s"


def test_no_secret_is_in_the_texts_of_what_holds_one() -> None:
    access = Access("http://g", TOKEN, USER, PASSWORD)
    want = wanted(datasource_password=SECRET)
    shown = repr(access) + repr(want) + repr(publishing.Step("data source", "x", "make", body={"password": SECRET}))
    assert not [secret for secret in (TOKEN, PASSWORD, SECRET) if secret in shown]


@pytest.fixture
def command(grafana, monkeypatch):
    """Runs `hostledger boards publish` with the stand-in: exit code, standard output, standard error."""

    def run(*options, **more):
        for name, value in {"HOSTLEDGER_GRAFANA": grafana.url, "HOSTLEDGER_GRAFANA_TOKEN": TOKEN, **more}.items():
            monkeypatch.setenv(name, value)
        found = CliRunner().invoke(build(["boards"]), ["boards", "publish", *options])
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        assert not [secret for secret in (TOKEN, PASSWORD, SECRET) if secret in found.stdout + found.stderr]
        return found

    return run


def test_by_command_it_is_shown_made_and_then_left_alone(grafana, command) -> None:
    first_words = ("--datasource-url", "http://clickhouse:8123/hostledger")
    secret = {"HOSTLEDGER_GRAFANA_CLICKHOUSE_PASSWORD": SECRET}
    shown = command(*first_words, "--dry-run", **secret)
    assert (shown.exit_code, grafana.changes()) == (0, [])
    assert '+  "title": "Live"' in shown.stdout
    assert f"Changes that hostledger boards publish would make: {2 + len(BOARDS) + len(ALERTS)}." in shown.stderr
    made = command(*first_words, **secret)
    assert (made.exit_code, set(grafana.boards)) == (0, {board.uid for board in BOARDS.values()})
    assert set(grafana.rules) == {alert.uid for alert in ALERTS}
    assert "Made or changed" in made.stderr
    again = command("--format", "json")
    assert {step["action"] for step in json.loads(again.stdout)} == {"keep"}
    assert "nothing was changed" in again.stderr
    grafana.edit_board(BOARDS["live"].uid, title="Mine")
    turned_down = command()
    assert turned_down.exit_code == 2
    assert "board hostledger-live: somebody changed it in Grafana" in turned_down.stderr
    assert "Nothing was changed." in turned_down.stderr


@pytest.mark.parametrize(
    ("options", "more", "said"),
    [
        (("--folder", "a b"), {}, "folder 'a b' cannot be a uid"),
        (("--datasource-url", "clickhouse"), {}, "--datasource-url: 'clickhouse' is no URL"),
        (("--datasource-url", "http://u:p@c:8123"), {}, "--datasource-url: the address is no URL"),
        (("--datasource-url", "http://clickhouse:8123"), {}, "set HOSTLEDGER_GRAFANA_CLICKHOUSE_PASSWORD"),
        ((), {"HOSTLEDGER_GRAFANA_TOKEN": ""}, "nobody asks"),
        ((), {"HOSTLEDGER_GRAFANA": "grafana"}, "HOSTLEDGER_GRAFANA: 'grafana' is no URL"),
    ],
)
def test_what_cannot_be_is_refused_at_once(command, options, more, said) -> None:
    found = command(*options, **more)
    assert (found.exit_code, said in found.stderr) == (2, True), found.stderr
