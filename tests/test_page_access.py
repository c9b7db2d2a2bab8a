"""Claims about tokens of the page: each shows its role's boards and rows on every route, and nothing else."""

import json
import re
from contextlib import closing
from types import SimpleNamespace

import pytest
from native_child import PASSWORD as PASSWORD_OF_SERVER
from page_stage import board, fill, opened, refused, served, staged, told
from typer.testing import CliRunner

from analytics.warehouse import WarehouseError, own
from analytics.warehouse.server import Server
from dashboards.boards import BOARDS
from dashboards.page.feeds import Feeds
from dashboards.page.sight import WHOLE, Sight, WrongSight
from hostledger.door import build
from hostledger.keyfile import tokens_of
from streams.collector import keys

HOSTILE = (
    "h1' OR 1=1 --",
    "x') OR (1=1",
    "\\",
    "h1\\'",
    "${host:sqlstring}",
    "h1,d1",
    "h1\0",
    "%",
    "h_",
)
OWN = [panel.id for panel in BOARDS["hosts"].panels if panel.own]
SIGHTS = {
    "operator": Sight.of("operator"),
    "finance": Sight.of("finance"),
    "h1": Sight.of("host", ("h1",)),
    "d1": Sight.of("host", ("d1",)),
    "pair": Sight.of("host", ("h1", "d1")),
    "hostile": Sight.of("host", HOSTILE),
}
PASSWORD = "pässword"  # noqa: S105  # of a test


def bearer(text):
    return {"Authorization": f"Bearer {text}".encode().decode("latin-1")}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    """The stage; nothing here changes it."""
    with staged(tmp_path_factory.mktemp("stage")) as filled:
        yield filled


@pytest.fixture(scope="module")
def page(warehouse, tmp_path_factory):
    """A page with a password and a token for each sight: its address, and headers by sight."""
    file = tmp_path_factory.mktemp("tokens") / "tokens"
    made = {name: keys.make(sight.told(), "2026-08-03") for name, sight in SIGHTS.items()}
    keys.write(file, {key.name: key for _, key in made.values()})
    with served(warehouse, password=PASSWORD, tokens=tokens_of(file)) as address:
        texts = {name: text for name, (text, _) in made.items()}
        yield SimpleNamespace(
            address=address,
            file=file,
            texts=texts,
            headers={"all": bearer(PASSWORD)} | {name: bearer(text) for name, text in texts.items()},
        )


def fetched(page, who, route):
    with opened(f"{page.address}/{route}", **page.headers[who]) as answer:
        return answer.read().decode()


def shown(page, who, query):
    """What a page of somebody gets at first: its view, its panels, its marks."""
    with opened(f"{page.address}/api/stream?{query}", **page.headers[who]) as stream:
        return board(stream)


def status(page, who, route):
    try:
        with opened(f"{page.address}/{route}", **page.headers[who]) as answer:
            return answer.status
    except OSError as error:
        return error.code


def test_every_role_gets_its_boards_on_every_route_and_no_other(page):
    boards = {
        "all": set(BOARDS),
        "finance": set(BOARDS),
        "operator": {"live", "hosts", "compare", "pipeline"},
        **{who: {"hosts"} for who in ("h1", "d1", "pair", "hostile")},
    }
    for who, seen in boards.items():
        assert {one["name"] for one in json.loads(fetched(page, who, "api/boards"))["boards"]} == seen
        assert status(page, who, "") == 200
        for name, one in BOARDS.items():
            expected = 200 if name in seen else 403
            assert status(page, who, name) == expected
            if expected == 403 or (who, name) in {("finance", "finance"), ("operator", "live"), ("h1", "hosts")}:
                assert status(page, who, f"api/stream?board={name}") == expected
                assert status(page, who, f"api/csv/{name}/{one.panels[0].id}") == expected


def test_a_refusal_names_the_field_the_value_and_what_would_do(page):
    say = "a token of the role"
    for who, route, field, value, remedy in (
        ("operator", "api/stream?board=finance", "board", "finance", "operator is for live, hosts, compare, pipeline"),
        ("operator", "finance", "board", "finance", "ask for another token"),
        ("h1", "api/csv/live/gmv", "board", "live", "host is for hosts"),
        ("h1", "api/csv/hosts/twins", "panel", "twins", "host is for scorecard"),
        ("h1", "api/stream?board=hosts&host=d1", "host", "d1", "host is for h1; leave host out"),
        ("h1", "api/csv/hosts/scorecard?host=h1&host=d1", "host", "d1", "host is for h1"),
        ("h1", "api/csv/hosts/scorecard?host=unattributed", "host", "unattributed", "host is for h1"),
    ):
        code, said = refused(page.address, route, **page.headers[who])
        assert (code, said["field"], said["value"]) == (403, field, value)
        assert say in said["remedy"]
        assert remedy in said["remedy"]
    assert refused(page.address, "api/csv/hosts/nowhere", **page.headers["h1"])[0] == 404
    assert refused(page.address, "api/stream?board=nowhere", **page.headers["h1"])[0] == 400


@pytest.mark.parametrize("model", ["on_air", "linear"])
def test_a_host_sees_of_itself_what_the_whole_page_says_of_it(page, model):
    for who in ("h1", "d1"):
        query = f"board=hosts&model={model}&currency=CNY&from=now-2h"
        _, whole, _ = shown(page, "all", f"{query}&host={who}")
        view, mine, marks = shown(page, who, query)
        assert marks == []
        assert mine.keys() == set(OWN)
        assert {panel: mine[panel] for panel in OWN if panel != "scorecard"} == {
            panel: whole[panel] for panel in OWN if panel != "scorecard"
        }
        hidden = {"twin_of": None}
        assert [row | hidden for row in mine["scorecard"]] == [row | hidden for row in whole["scorecard"]]
        assert [row["host_id"] for row in mine["scorecard"]] == [who]
        assert mine["scorecard"][0]["views"] is not None
        assert [option["value"] for option in view["variables"]["host"]["options"]] == [who]


def test_a_host_never_meets_another_whatever_it_asks_for(page):
    other = re.compile(r"\bd1\b|李佳 AI|unattributed|excess")
    for route in (
        *(f"api/csv/hosts/{panel}?from=all&model=linear" for panel in OWN),
        "api/csv/hosts/scorecard?from=all&session=s1&kind=digital",
        "api/explain/o1",
        "api/explain/o2",
    ):
        assert not other.search(fetched(page, "h1", route)), route
    view, panels, _ = shown(page, "h1", "board=hosts&from=all&model=linear")
    words = {name: one["options"] for name, one in view["variables"].items() if name not in ("kind", "model")}
    assert not other.search(json.dumps([words, panels], ensure_ascii=False))
    assert [one["value"] for one in view["variables"]["currency"]["options"]] == ["CNY", "JPY"]
    assert [one["value"] for one in shown(page, "d1", "board=hosts")[0]["variables"]["currency"]["options"]] == ["CNY"]


def test_a_host_may_choose_among_the_rooms_in_which_it_was(page):
    def offered(who):
        choices = shown(page, who, "board=hosts&from=all")[0]["variables"]
        return [[one["value"] for one in choices[name]["options"]] for name in ("session", "platform", "seller")]

    rooms, platforms, sellers = offered("operator")
    assert (set(rooms), set(platforms), sellers) == ({"s1", "s2"}, {"douyin", "taobao_live"}, [])
    for who in ("h1", "d1", "pair"):
        assert offered(who) == [["s1"], ["douyin"], []]
    assert offered("hostile") == [[], [], []]


def test_an_order_is_explained_to_a_host_by_its_own_credits_alone(page):
    whole = json.loads(fetched(page, "all", "api/explain/o2"))
    mine = json.loads(fetched(page, "h1", "api/explain/o2"))
    assert mine.keys() == {"order_id", "ordered_ms", "session_id", "session", "currency", "models"}
    (linear,) = mine["models"]
    (credit,) = linear["credits"]
    (same,) = [
        one
        for model in whole["models"]
        if model["model"] == "linear"
        for one in model["credits"]
        if one["host_id"] == "h1"
    ]
    assert credit == same | {"share_bp": None}
    assert whole["viewer_id"] == "v o2"
    assert json.loads(fetched(page, "operator", "api/explain/o2")) == whole
    assert json.loads(fetched(page, "finance", "api/explain/o2")) == whole | {"viewer_id": None}
    for order_id in ("o3", "o1", "none", "o2' OR 1=1 --"):
        code, said = refused(page.address, f"api/explain/{order_id.replace(' ', '%20')}", **page.headers["d1"])
        assert (code, said["field"], said["value"]) == (404, "order_id", order_id)
        assert said["remedy"] == "use the id of an order that was stored; see the latest orders"


def test_a_hostile_host_id_is_only_an_id(page):
    assert fetched(page, "hostile", "api/csv/hosts/ranking?from=all").count("\r\n") == 1
    view, panels, _ = shown(page, "hostile", "board=hosts&from=all")
    assert [one["value"] for one in view["variables"]["host"]["options"]] == []
    assert [panel for panel, rows in panels.items() if rows and panel != "by_hour"] == []
    assert {row["human"] for row in panels["by_hour"]} | {row["digital"] for row in panels["by_hour"]} == {None}
    assert status(page, "hostile", "api/explain/o1") == 404
    for host in HOSTILE:
        assert Sight.read(Sight.of("host", (host,)).told()).host_ids == (host,)


def test_what_one_sight_is_shown_is_never_given_to_another(page):
    """The same question at the same time: each stream stays with its own rows, and each explanation too."""
    query = "board=hosts&from=all&model=linear"
    order = ["all", "h1", "d1", "pair", "h1", "operator", "finance"]
    with opened(f"{page.address}/api/stream?{query}", **page.headers["all"]) as first:
        told(first, "panel")
        hosts = {who: {row["host_id"] for row in shown(page, who, query)[1]["scorecard"]} for who in order}
    assert hosts["all"] == hosts["operator"] == hosts["finance"] >= {"h1", "d1"}
    assert (hosts["h1"], hosts["d1"], hosts["pair"]) == ({"h1"}, {"d1"}, {"h1", "d1"})


def test_feeds_are_apart_where_rows_are():
    feeds = Feeds(lambda **_: None, lambda: 0, 1.0)
    assert feeds.of(WHOLE) is feeds.of(SIGHTS["operator"]) is feeds.of(SIGHTS["finance"])
    assert len({id(feeds.of(SIGHTS[name])) for name in ("h1", "d1", "pair", "finance")}) == 4
    assert feeds.of(SIGHTS["pair"]) is feeds.of(Sight.of("host", ("d1", "h1", "h1")))


def test_a_wrong_or_missing_token_is_asked_for_on_every_route_and_never_repeated(page, monkeypatch, capfd):
    monkeypatch.setattr("dashboards.page.access.SLOW_S", 0.01)
    right = page.texts["h1"]
    wrong = (right[:-1] + ("A" if right[-1] != "A" else "B"), right[:11], "", "hl_00000000_" + "A" * 43, "ü" * 50)
    for route in ("", "hosts", "api/boards", "api/stream?board=hosts", "api/csv/hosts/scorecard", "api/explain/o1"):
        assert refused(page.address, route)[0] == 401
        for text in wrong:
            code, said = refused(page.address, route, **bearer(text))
            assert code == 401
            assert not text or text.encode() not in said
    fetched(page, "h1", "api/boards")
    out, err = capfd.readouterr()
    assert not any(text in out + err for text in (*wrong, *page.texts.values()) if text)


def test_a_token_is_exchanged_without_a_gap_and_one_taken_back_ends_its_streams(warehouse, tmp_path, monkeypatch):
    monkeypatch.setattr("dashboards.page.feed.BEAT_S", 0.1)
    monkeypatch.setattr("dashboards.page.access.SLOW_S", 0.01)
    file = tmp_path / "tokens"
    (old, first), (new, second) = (keys.make("host:h1", "2026-08-03") for _ in range(2))
    keys.write(file, {first.name: first})
    with served(warehouse, tokens=tokens_of(file)) as address:
        stream = opened(f"{address}/api/stream?board=hosts", **bearer(old))
        board(stream)
        keys.write(file, {first.name: first, second.name: second})
        for text in (old, new):
            opened(f"{address}/api/boards", **bearer(text)).close()
        told(stream, "beat")
        keys.write(file, {second.name: second})
        assert any(not stream.readline() for _ in range(300)), "what is streamed to it ends"
        stream.close()
        assert refused(address, "api/boards", **bearer(old))[0] == 401
        opened(f"{address}/api/boards", **bearer(new)).close()
        file.write_text("spoiled\n")
        opened(f"{address}/api/boards", **bearer(new)).close()
        file.unlink()
        assert refused(address, "api/boards", **bearer(new))[0] == 401


def test_the_first_token_shuts_an_open_page_for_good_and_ends_its_streams(warehouse, tmp_path, monkeypatch):
    monkeypatch.setattr("dashboards.page.feed.BEAT_S", 0.1)
    monkeypatch.setattr("dashboards.page.access.SLOW_S", 0.01)
    file = tmp_path / "tokens"
    text, key = keys.make("host:h1", "2026-08-03")
    with served(warehouse, tokens=tokens_of(file), asked=file.exists) as address:
        assert refused(address, "api/boards", Host="evil.example")[0] == 400
        stream = opened(f"{address}/api/stream?board=hosts")
        board(stream)
        keys.write(file, {key.name: key})
        assert refused(address, "api/boards")[0] == 401
        assert any(not stream.readline() for _ in range(300)), "what was streamed while it was open ends"
        stream.close()
        opened(f"{address}/api/boards", **bearer(text)).close()
        file.unlink()
        for given in ({}, bearer(text)):
            assert refused(address, "api/boards", **given)[0] == 401


def test_a_first_file_of_tokens_that_cannot_be_read_shuts_the_page_too(warehouse, tmp_path, monkeypatch):
    monkeypatch.setattr("dashboards.page.access.SLOW_S", 0.01)
    file = tmp_path / "tokens"
    with served(warehouse, tokens=tokens_of(file), asked=file.exists) as address:
        opened(f"{address}/api/boards").close()
        file.write_text("spoiled\n")
        for given in ({}, bearer("hl_00000000_" + "A" * 43)):
            assert refused(address, "api/boards", **given)[0] == 401
    with served(warehouse, tokens=tokens_of(tmp_path / "none")) as address:
        assert refused(address, "api/boards")[0] == 401, "where other machines reach it, it is never open"


def test_every_table_is_decided_for_a_host(warehouse):
    listed = warehouse.ask("SELECT name, engine FROM system.tables WHERE database = currentDatabase()")
    tables = {name for name, engine in listed.iter_rows() if not engine.endswith("View")}
    groups = (*own.BY_HOST, own.ROSTER, *own.OPEN, *own.CLOSED)
    assert sorted(groups) == sorted(tables)


def test_nothing_takes_the_filter_off(warehouse):
    reader = warehouse.reader(0, own.of_hosts(["h1"]))
    for text in (
        "SELECT host_id FROM ledger SETTINGS additional_table_filters = {}",
        "SET additional_table_filters = {}",
    ):
        with pytest.raises(Exception, match="additional_table_filters"):
            reader.ask(text)
    everywhere, rows = (
        "SELECT DISTINCT host_id FROM {} WHERE host_id != '' ORDER BY host_id",
        "SELECT count() AS n FROM {}",
    )
    for table in (*own.BY_HOST, "finance_lines", "posted_lines", "hosts", "host_kinds"):
        assert reader.ask(everywhere.format(table))["host_id"].to_list() == ["h1"]
    assert [reader.ask(rows.format(table))["n"][0] for table in own.CLOSED] == [0] * len(own.CLOSED)
    assert warehouse.ask("SELECT uniqExact(host_id) AS n FROM ledger")["n"][0] > 2
    reader.close()


@pytest.mark.parametrize(
    ("role", "hosts", "said"),
    [
        ("boss", (), "role 'boss' is none; use one of operator, finance, host"),
        ("host", (), "name one with --host"),
        ("finance", ("h1",), "leave --host out"),
        ("host", ("h1", ""), "host '': use a host_id of 1 to 200 characters"),
        ("host", ("unattributed",), "host 'unattributed': use a host_id"),
        ("host", ("x" * 201,), "use a host_id of 1 to 200 characters"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(role, hosts, said):
    with pytest.raises(WrongSight, match=re.escape(said)):
        Sight.of(role, hosts)


def test_tokens_are_made_listed_and_revoked_by_command(tmp_path):
    file, run = tmp_path / "tokens", CliRunner()

    def command(*words):
        return run.invoke(build(["tokens"]), ["tokens", *words, "--tokens", str(file)])

    made = command("new", "host", "--host", "h 1", "--host", "h,2")
    text = made.stdout.strip().splitlines()[0]
    assert (made.exit_code, text[:3]) == (0, "hl_")
    assert tokens_of(file)(text) == Sight("host", ("h 1", "h,2"))
    assert text not in file.read_text()
    assert command("new", "finance").exit_code == 0
    listed = json.loads(command("list", "--format", "json").stdout)
    assert [(row["role"], row["hosts"]) for row in listed] == [("host", "h 1 h,2"), ("finance", "")]
    assert command("revoke", listed[0]["name"]).exit_code == 0
    assert tokens_of(file)(text) is None
    unknown = command("revoke", "00000000")
    assert (unknown.exit_code, "key" in unknown.stderr) == (2, False), "a token is no key to its reader"
    assert command("new", "boss").exit_code == 2
    key_text, key = keys.make("seller-7", "2026-08-03")
    keys.write(file, {key.name: key})
    assert tokens_of(file)(key_text) is None


def test_a_page_of_a_server_keeps_to_a_hosts_rows_or_refuses(server):
    fill(server)
    with served(server, tokens=SIGHTS.get) as address:
        with opened(f"{address}/api/stream?board=hosts&from=all", **bearer("d1")) as stream:
            _, panels, _ = board(stream)
        assert {row["host_id"] for row in panels["scorecard"]} == {"d1"}


def test_a_server_whose_user_may_not_change_settings_shows_a_host_nothing(server, clickhouse):
    url = clickhouse(server.database).replace("default@", "reader@")
    with closing(Server.open(url, password=PASSWORD_OF_SERVER)) as fixed:
        with pytest.raises(WarehouseError, match=r"may not change settings .* use a user with readonly = 0 or 2"):
            fixed.reader(0, own.of_hosts(["h1"]))
        fixed.reader().close()
