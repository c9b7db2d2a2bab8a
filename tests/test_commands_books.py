"""Claims about the commands on closed months: what was reported stays, what comes later is shown."""

import json
import shutil
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from test_commands_reading import DAY, HOUR, MINUTE, RULES, WORKED, asked, by, event, lines, order, refund, run, shift

from analytics.rules import MODELS
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.retention import MOST_DAYS, Retention
from streams.processor import Processor

FEBRUARY, MARCH = 31 * DAY, 59 * DAY
KNOWN, LATER = FEBRUARY + DAY, FEBRUARY + 10 * DAY
"""When the batches before and after the closing of January were written."""
JANUARY_LATE = [
    refund(1, 20 * DAY, "late1", "k1", "CNY", 900),
    order(2, 25 * MINUTE, "k9", "v1", "CNY", 250, "A"),
    event(3, "viewer_joined", 40 * MINUTE, session_id="A", viewer_id="v9"),
]
AFTER = [
    *shift(4, "F", "tom", FEBRUARY + HOUR, FEBRUARY + 3 * HOUR),
    order(5, FEBRUARY + 2 * HOUR, "f1", "v1", "CNY", 4000, "F"),
    refund(6, MARCH + HOUR, "m1", "f1", "CNY", 1000),
]


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """A folder with the worked case, kept although it was recorded so long ago."""
    folder = tmp_path_factory.mktemp("books") / "data"
    with closing(Embedded.open(folder)) as warehouse:
        warehouse.retain(Retention(MOST_DAYS))
        fed(warehouse, folder, WORKED.read_bytes(), KNOWN)
    return folder


@pytest.fixture(scope="module")
def books(before, tmp_path_factory):
    """The same, January closed, and then what came too late for it, and February and March."""
    folder = Path(shutil.copytree(before, tmp_path_factory.mktemp("later") / "data", symlinks=True))
    run("close", "1970-01", "--data", folder)
    with closing(Embedded.open(folder)) as warehouse:
        fed(warehouse, folder, lines(JANUARY_LATE), LATER)
        fed(warehouse, folder, lines(AFTER), LATER)
    return folder


def fed(warehouse, folder, data, recorded_ms):
    Processor(warehouse, folder, RULES, lambda: recorded_ms).process("day", data, 1, len(data))


def reported(folder, state, *options, name="hosts"):
    found = asked("report", name, "--data", folder, "--as", state, *options)
    key = {"hosts": ("host_id", "kind"), "sessions": ("session_id",), "days": ("day", "kind")}[name]
    figures = ("gross_minor", "refunds_minor", "net_minor", "orders")
    return {key: tuple(row[figure] for figure in figures) for key, row in by(found, *key, "currency").items()}


def net(figures):
    return sum(row[2] for row in figures.values())


def test_a_closed_month_says_for_ever_what_it_said_when_it_was_closed(before, books):
    options = ("--period", "1970-01", "--model", "linear")
    then, now = (reported(folder, "first-reported", *options) for folder in (before, books))
    assert now == then == reported(before, "now", *options)
    assert net(reported(books, "now", *options)) == net(then) + 250 - 900


def test_what_came_later_counts_in_the_first_open_month_and_the_months_sum_to_all(books):
    months = [reported(books, "first-reported", "--period", month, name="days") for month in ("1970-02", "1970-03")]
    assert (net(months[0]), net(months[1])) == (250 - 900 + 4000, -1000)
    every = reported(books, "first-reported")
    assert net(every) == net(reported(books, "now")) == 503 + 250 - 900 + 4000 - 1000
    assert sum(row[3] for row in every.values()) == sum(row[3] for row in reported(books, "now").values())
    first = {key[1]: row for key, row in months[0].items() if key[0] == "1970-02-01"}
    assert first["human"][:3] == (4250, 0, 4250)
    assert first["digital"][:3] == (0, 900, -900)


def test_a_restatement_after_the_closing_moves_the_difference_between_hosts_in_the_open_month(books):
    february = reported(books, "first-reported", "--period", "1970-02", "--model", "linear")
    gross, orders = ({key[0]: row[place] for key, row in february.items() if row[place]} for place in (0, 3))
    assert gross == {"unattributed": -500 + 4000, "mei_twin": 500, "mei": 250}, "v9 was seen in the room after all"
    assert orders == {"mei_twin": 1, "mei": 1}, "nobody's were f1, and k4 no longer"
    assert sum(gross.values()) == 4250
    january = reported(books, "now", "--period", "1970-01", "--model", "linear")
    assert set(january["unattributed", "unattributed", "CNY"]) == {0}, "v1 watched mei when the late order was paid"


def test_the_books_of_a_day_hold_what_was_known_at_its_end(before, books):
    assert reported(books, "1970-02-10") == reported(before, "now")
    assert reported(books, "1970-02-11") == reported(books, "now")
    assert set(reported(books, "1970-02-01").values()) == {(0, 0, 0, 0)}, "hours on air, and no money"
    assert net(reported(books, "1970-02-11", "--period", "1970-01", name="sessions")) == 503 + 250 - 900


def test_explain_shows_in_which_month_a_late_refund_counts(books):
    told = asked("explain", "k1", "--data", books)
    moved = {(line["refund_id"], line["period"], line["booked_period"]) for line in told["moved"]}
    assert moved == {("late1", "1970-02", "1970-01")}
    assert {line["model"] for line in told["moved"]} == set(MODELS)
    assert "Moved: counted in a later month" in run("explain", "k1", "--data", books).stdout
    assert asked("explain", "f1", "--data", books)["moved"] == []


def test_closing_again_says_so_and_the_list_shows_the_figures(books):
    again = run("close", "1970-01", "--data", books)
    assert "Period 1970-01 was closed at" in again.stderr
    (row,) = asked("close", "--list", "--data", books)
    assert (row["period"], row["zone"], row["gross_minor"], row["refunds_minor"], row["net_minor"]) == (
        ("1970-01", "UTC", 20504, 20001, 503)
    )
    assert row["earlier_minor"] == 0


def test_a_dry_run_closes_nothing_and_the_month_after_corrects_the_one_before(books, tmp_path):
    copy = Path(shutil.copytree(books, tmp_path / "copy", symlinks=True))
    (shown,) = asked("close", "1970-02", "--dry-run", "--data", copy)
    assert len(asked("close", "--list", "--data", copy)) == 1
    (done,) = asked("close", "1970-02", "--data", copy)
    assert done == shown
    assert (done["net_minor"], done["earlier_minor"]) == (250 - 900 + 4000, 250 - 900)
    rows = json.loads(run("reconcile", "--data", copy, "--format", "json").stdout)
    assert {row["check"] for row in rows} >= {"closed 1970-01", "closed 1970-02"}
    assert {row["holds"] for row in rows} == {True}
    (listed,) = [row for row in asked("close", "--list", "--data", copy) if row["period"] == "1970-01"]
    assert listed["net_minor"] == 503, "10000 of it were refunded beyond an order"
    assert {row["found_minor"] for row in rows if row["check"] == "closed 1970-01"} == {503}


@pytest.mark.parametrize("recorded", ["1970-02-01 00:00:00", "2200-01-01 00:00:00"])
def test_a_closed_figure_that_changed_names_the_order_that_changed_it(books, tmp_path, recorded):
    """A minor unit goes from one host of an order to another, in a closed batch: all else still adds up."""
    copy = Path(shutil.copytree(books, tmp_path / "copy", symlinks=True))
    with closing(Embedded.open(copy)) as warehouse:
        sold = "order_id = 'k1' AND model = 'linear' AND isNull(refund_id)"
        line = warehouse.ask(f"SELECT * FROM ledger WHERE {sold} LIMIT 1")  # noqa: S608  # our own words
        loses = line.with_columns(amount_minor=pl.lit(-1, pl.Int64), sign=pl.lit(0, pl.Int8))
        gains = loses.with_columns(amount_minor=pl.lit(1, pl.Int64), host_id=pl.lit("zed"))
        at = pl.lit(recorded).str.to_datetime(time_unit="ms", time_zone="UTC")
        warehouse.insert("ledger", pl.concat([loses, gains]).with_columns(recorded_at=at), "tampered")
    found = json.loads(run("reconcile", "--data", copy, "--format", "json", code=1).stdout)
    failed = [(row["check"], row["model"], row["where"]) for row in found if row["holds"] is False]
    assert failed == [("closed 1970-01", "linear", ["k1"])]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("1970-03",), "periods close in order, and 1970-02 is open"),
        (("2999-01", "--through"), "period 2999-01 goes on until the end of its month in UTC"),
        (("1970-02", "--timezone", "Asia/Shanghai"), "set HOSTLEDGER_TIMEZONE=UTC"),
        (("1970-2",), "period '1970-2' is no month; write it as in 2026-10"),
        ((), "name a month to close"),
    ],
)
def test_what_cannot_be_closed_is_refused_with_the_remedy(books, words, said):
    refused = run("close", *words, "--data", books, code=2)
    assert said in refused.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--as", "then"), "--as 'then' is not understood; use first-reported, now or a day"),
        (("--period", "1970-13"), "is no month"),
        (("--period", "1970-01", "--from", "1970-01-01"), "leave out --from and --to"),
    ],
)
def test_a_state_or_month_that_is_none_is_refused_by_name(books, words, said):
    assert said in run("report", "hosts", "--data", books, *words, code=2).stderr


def test_closed_months_are_shown_in_no_other_zone_than_their_own(books):
    elsewhere = ("--timezone", "Asia/Shanghai", "--data", books)
    for words in (("report", "hosts"), ("report", "days"), ("bridge", "--from", "on_air", "--to", "linear")):
        refused = run(*words, "--as", "first-reported", *elsewhere, code=2).stderr
        assert "set HOSTLEDGER_TIMEZONE=UTC, or say --timezone UTC" in refused
    assert asked("report", "hosts", "--as", "now", *elsewhere)


def test_the_views_of_finance_say_what_the_reports_say_and_every_column_has_a_meaning(books):
    catalog = asked("catalog", "--data", books)
    assert [view["view"] for view in catalog] == [
        f"finance_{name}" for name in ("closings", "corrections", "hosts", "lines", "periods", "rates", "sellers")
    ]
    assert [column for view in catalog for column in view["columns"] if len(column["meaning"]) < 5] == []
    assert all(view["question"].endswith("?") for view in catalog)
    with closing(Embedded.open(books)) as warehouse:
        periods = warehouse.ask("SELECT * FROM finance_periods WHERE model = 'linear' ORDER BY period").to_dicts()
        sums = {
            name: warehouse.ask(f"SELECT sum(net_minor) AS net FROM finance_{name} WHERE model = 'linear'").item()  # noqa: S608  # ours
            for name in ("lines", "hosts", "sellers")
        }
        corrected = warehouse.ask("SELECT sum(net_minor) AS net FROM finance_corrections WHERE model = 'markov'").item()
    told = [(row["period"], row["is_closed"], row["net_minor"], row["earlier_minor"]) for row in periods]
    assert told == [("1970-01", True, 503, 0), ("1970-02", False, 3350, -650), ("1970-03", False, -1000, 0)]
    assert [row["restated_minor"] for row in periods] == [503 - 650, 4000, -1000]
    assert set(sums.values()) == {sum(row["net_minor"] for row in periods)} == {2853}
    assert corrected == -650


def test_reporting_amounts_stand_beside_the_original_ones_with_rate_and_day(books, tmp_path):
    copy = Path(shutil.copytree(books, tmp_path / "copy", symlinks=True))
    file = tmp_path / "rates.csv"
    file.write_text("date,from,to,rate\n1970-01-01,CNY,EUR,0.1207\n1970-01-16,CNY,EUR,0.1211\n")
    assert "2 rates stored, 0 of them new versions; 0 were known" in run("rates", "import", file, "--data", copy).stderr
    assert "0 rates stored" in run("rates", "import", file, "--data", copy).stderr
    rows = asked("report", "days", "--in", "EUR", "--data", copy, "--period", "1970-01", "--totals")
    first = by(rows, "day", "kind")["1970-01-01", "digital"]
    assert (first["gross_minor"], first["in_currency"], first["in_gross_minor"]) == (15500, "EUR", 1871)
    assert (first["rate"], first["rate_date"]) == ("0.1207", "1970-01-01")
    total = rows[-1]
    assert (total["day"], total["currency"], total["in_gross_minor"]) == ("total", None, 2505)
    assert sum(row["in_net_minor"] for row in rows[:-1]) == total["in_net_minor"] + total["in_rounding_minor"]
    frozen = ["report", "days", "--in", "EUR", "--data", copy, "--totals", "--period", "1970-01", "--as"]
    closed, as_now = asked(*frozen, "first-reported"), asked(*frozen, "now")
    file.write_text("date,from,to,rate\n1970-01-01,CNY,EUR,0.2\n1970-01-05,CNY,EUR,0.3\n")
    assert "1 of them new versions" in run("rates", "import", file, "--data", copy).stderr
    assert asked(*frozen, "first-reported") == closed, "a later version does not reach a closed month"
    corrected = by(asked(*frozen, "now"), "day", "kind")["1970-01-01", "digital"]
    assert (corrected["in_gross_minor"], corrected["rate"]) == (3100, "0.2")
    assert by(as_now, "day", "kind")["1970-01-01", "digital"]["in_gross_minor"] == 1871
    missing = run("report", "hosts", "--in", "EUR", "--data", copy, code=2).stderr
    assert "no rate from CNY to EUR for 1970-02-01" in missing
    file.write_text("date,from,to,rate\n1970-01-01,CNY,EUR,cheap\n")
    assert "line 2: rate 'cheap' is none" in run("rates", "import", file, "--data", copy, code=2).stderr
    assert len(asked("rates", "list", "--data", copy)) == 4
