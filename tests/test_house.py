"""The rules of the house, kept by machine: what may know what, what is said where, and what never appears."""

import ast
import re
import stat
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import hostledger
from analytics.contract import TYPES
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.migrations import shipped
from hostledger.door import COMMANDS, SUMMARIES, build

ROOT = Path(__file__).parents[1]
PACKAGES = ("analytics", "streams", "dashboards", "hostledger")
MAY_NOT_IMPORT = {
    "analytics": {"streams", "dashboards", "hostledger"},
    "streams": {"dashboards", "hostledger"},
    "dashboards": {"streams", "hostledger"},
    "hostledger": set[str](),
}
OUTSIDE = {
    "analytics.warehouse",
    "asyncio",
    "getpass",
    "http",
    "io",
    "locale",
    "logging",
    "os",
    "pathlib",
    "platform",
    "random",
    "secrets",
    "shutil",
    "socket",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "urllib",
    "uuid",
    "warnings",
}
"""What deciding code may not know: clock, network, environment, files, randomness, log."""
CALLS_OUTSIDE = {"now", "utcnow", "today", "open", "print", "input", "read_csv", "read_parquet", "scan_csv", "sample"}
LONGEST = 250
NEVER = [
    re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "HA" + "CK")) + r")\b"),
    re.compile(r"(?<![\w.<])/(?:home|root|Users|work|mnt)/"),
    re.compile(r"\b[A-Z]:\\\\?Users\\"),
    re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE),
    re.compile(r"@@[A-Z]+@@"),
]
"""Unfinished work, folders of somebody's machine, unresolved merges, figures still to be filled in."""


@cache
def ours() -> dict[str, str]:
    """Every text file of the repository by its path: what .gitignore names, and what is no text, is left out."""
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()} | {".git"}
    found = {}
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        folders = {"/".join(parts[:depth]) for depth in range(1, len(parts))}
        if path.is_file() and not any(part in ignored or part.endswith(".egg-info") for part in {*parts, *folders}):
            try:
                found["/".join(parts)] = path.read_text()
            except UnicodeDecodeError:
                continue
    return found


@cache
def modules(*packages: str) -> dict[str, ast.Module]:
    """Syntax trees of the Python files of packages."""
    return {
        name: ast.parse(text)
        for name, text in ours().items()
        if name.endswith(".py") and name.startswith(tuple(f"{package}/" for package in packages))
    }


def imported(tree: ast.Module) -> Iterator[str]:
    """Names of modules that a tree imports, with what it takes out of them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(module: str, names: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def deciding() -> dict[str, ast.Module]:
    return {name: tree for name, tree in modules("analytics").items() if "/warehouse/" not in name}


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_inwards(package: str) -> None:
    trees = modules(package)
    assert len(trees) > 3
    wrong = [(name, to) for name, tree in trees.items() for to in imported(tree) if within(to, MAY_NOT_IMPORT[package])]
    assert wrong == []


def test_deciding_code_knows_no_clock_network_environment_randomness_or_log() -> None:
    trees = deciding()
    assert "analytics/models.py" in trees
    assert [(name, to) for name, tree in trees.items() for to in imported(tree) if within(to, OUTSIDE)] == []
    called = [
        (name, node.lineno, found)
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (found := getattr(node.func, "attr", None) or getattr(node.func, "id", None)) in CALLS_OUTSIDE
    ]
    assert called == []


def test_no_module_is_longer_than_250_lines() -> None:
    lengths = {name: ours()[name].count("\n") for name in modules(*PACKAGES)}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_every_module_says_what_it_is_for() -> None:
    assert [name for name, tree in modules(*PACKAGES).items() if not ast.get_docstring(tree)] == []


def test_there_is_one_broad_except_in_the_tree() -> None:
    broad = [
        name
        for name, tree in modules(*PACKAGES).items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException"})
    ]
    assert broad == ["hostledger/serving.py"]


def test_nothing_is_unfinished_and_nothing_names_somebodys_machine() -> None:
    texts = {name: text for name, text in ours().items() if not name.endswith((".min.js", ".lock"))}
    assert {"README.md", "analytics/models.py", ".ci/run"} <= texts.keys()
    found = [(name, hit[0]) for name, text in texts.items() for never in NEVER for hit in never.finditer(text)]
    assert found == []


def test_every_exception_to_a_rule_gives_its_reason() -> None:
    said = re.compile(r"# (?:noqa(?:: [A-Z0-9, ]+)?|type: ignore(?:\[[a-z-, ]+\])?|pragma: no cover)(.*)")
    found = [
        (name, number, line.strip())
        for name in modules(*PACKAGES, "tests", "benchmarks")
        for number, line in enumerate(ours()[name].splitlines(), 1)
        if (hit := said.search(line)) and len(hit[1].strip(" #")) < 3 and "re.compile" not in line
    ]
    assert found == []
    ignored = re.findall(r"^    \"[A-Z]+\d*\",(.*)$", ours()["pyproject.toml"], re.MULTILINE)
    assert len(ignored) > 10
    assert [reason for reason in ignored if not re.match(r" *# \w+", reason)] == []


def links() -> Iterator[tuple[str, Path]]:
    """Links of our pages that are no addresses: page, and the file that it means."""
    for name, text in ours().items():
        if name.endswith(".md"):
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
                if "://" not in target and not target.startswith("mailto:"):
                    yield name, (ROOT / name).parent / target


def test_every_link_of_our_pages_leads_to_a_file_of_the_repository() -> None:
    found = list(links())
    assert found
    lost = [(page, str(file)) for page, file in found if not file.exists() or ROOT not in file.resolve().parents]
    assert lost == []


QUERIES = sorted((ROOT / "analytics" / "warehouse" / "queries").glob("*.sql"))


@cache
def asked_for() -> set[str]:
    """Names of queries that the code can ask for, also where a name is put together from two literals of a file."""
    names: set[str] = set()
    for tree in modules(*PACKAGES).values():
        literals = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        texts = {literal for literal in literals if isinstance(literal, str)}
        heads = {
            str(node.values[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant)
        }
        names |= texts | {f"{head}{rest}" for head in heads for rest in texts if re.fullmatch(r"[a-z]+_", head)}
    return names


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_says_what_it_answers_is_one_statement_and_is_asked_by_somebody(path: Path) -> None:
    head, _, rest = path.read_text().partition("\n")
    assert re.match(r"-- \w.{10,}", head)
    code = "\n".join(line for line in rest.splitlines() if not line.startswith("--"))
    assert re.match(r"\s*(SELECT|WITH)\b", code)
    assert ";" not in code.rstrip().removesuffix(";")
    assert path.stem in asked_for()


SILENT = """
SELECT name AS silent FROM system.tables
WHERE database = currentDatabase() AND engine NOT LIKE '%View' AND name != 'schema_migrations' AND comment = ''
UNION ALL
SELECT concat(table, '.', name) FROM system.columns
WHERE database = currentDatabase() AND comment = '' AND table IN (
    SELECT name FROM system.tables
    WHERE database = currentDatabase() AND engine NOT LIKE '%View' AND name != 'schema_migrations')
"""
"""Tables and columns without a comment; views take theirs from what they select."""


def test_every_table_and_column_of_the_schema_says_what_it_holds(tmp_path: Path) -> None:
    warehouse = Embedded.open(tmp_path / "data")
    try:
        assert len(warehouse.sql("SHOW TABLES", "TSV").splitlines()) > 12
        assert warehouse.sql(SILENT, "TSV") == ""
    finally:
        warehouse.close()


def test_migrations_are_numbered_without_gaps_and_begin_with_what_they_are_about() -> None:
    assert [migration.number for migration in shipped()] == list(range(1, len(shipped()) + 1))
    folder = ROOT / "analytics" / "warehouse" / "migrations"
    assert [path.name for path in folder.glob("*.sql") if not path.read_text().startswith("-- ")] == []


PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())


def locked(name: str) -> dict[str, tuple[str, int]]:
    """Packages of a lock file: version, and how many hashes."""
    found: dict[str, tuple[str, int]] = {}
    for block in re.split(r"\n(?=[a-z0-9])", ours()[name]):
        if pinned := re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", block):
            found[canonicalize_name(pinned[1])] = (pinned[2], len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", block)))
    return found


@pytest.mark.parametrize(
    ("lock", "extras"), [("requirements.lock", ["install"]), ("requirements-dev.lock", ["install", "dev"])]
)
def test_a_lock_file_pins_what_the_project_needs_with_hashes(lock: str, extras: list[str]) -> None:
    pinned = locked(lock)
    assert len(pinned) > 20
    assert [name for name, (_, hashes) in pinned.items() if not hashes] == []
    stray = [line for line in ours()[lock].splitlines() if re.match(r"[a-z0-9]", line) and "==" not in line]
    assert stray == []
    project = PROJECT["project"]
    needs = project["dependencies"] + [need for extra in extras for need in project["optional-dependencies"][extra]]
    for need in map(Requirement, needs):
        version, _ = pinned[canonicalize_name(need.name)]
        assert need.specifier.contains(Version(version)), (need, version)


def test_both_lock_files_agree() -> None:
    plain, dev = locked("requirements.lock"), locked("requirements-dev.lock")
    assert {name: version for name, (version, _) in plain.items() if dev[name][0] != version} == {}


def test_the_licence_is_apache_2() -> None:
    text = ours()["LICENSE"]
    assert re.match(r"\s*Apache License\s+Version 2\.0, January 2004\s", text)
    assert "END OF TERMS AND CONDITIONS" in text
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert "LICENSE" in PROJECT["project"]["license-files"]


def test_the_version_is_said_alike_and_the_changelog_knows_it() -> None:
    version = PROJECT["project"]["version"]
    assert hostledger.__version__ == version
    assert re.search(
        rf"^## \[{re.escape(version)}\] - (?:unreleased|\d{{4}}-\d\d-\d\d)$", ours()["CHANGELOG.md"], re.MULTILINE
    )


def described() -> dict[str, set[str]]:
    """Words in code type of each event type's row in the page of the contract."""
    found: dict[str, set[str]] = {}
    for line in ours()["docs/EVENTS.md"].splitlines():
        cells = re.split(r"(?<!\\)\|", line)
        if len(cells) == 4 and (types := re.findall(r"`(\w+)`", cells[1])) and types != ["type"]:
            found |= {name: set(re.findall(r"`(\w+)`", cells[2])) for name in types}
    return found


def test_the_page_of_the_contract_lists_exactly_its_types_and_their_fields() -> None:
    common = {"event_id", "occurred_at"}
    line = {"line_id", "product_id", "quantity", "amount_minor", "category"}
    fields = {
        name: (set(struct.__struct_fields__) - common) | (line if name == "order_paid" else set())
        for name, struct in TYPES.items()
    }
    said = {name: words - {"human", "digital"} for name, words in described().items()}
    assert said == fields


def commands() -> Iterator[tuple[str, Any]]:
    """Every command and command of a command, as the command line holds it."""
    for name in COMMANDS:
        found = typer.main.get_command(build([name])).commands[name]  # type: ignore[attr-defined]  # a group
        inner = getattr(found, "commands", None)
        yield from ((f"{name} {below}", command) for below, command in inner.items()) if inner else [(name, found)]


def test_every_command_has_a_summary_and_lives_where_the_door_says() -> None:
    assert COMMANDS.keys() == SUMMARIES.keys()
    for module, attribute in COMMANDS.values():
        assert callable(getattr(import_module(module), attribute))
    assert [summary for summary in SUMMARIES.values() if not re.fullmatch(r"[A-Z].{15,}\.", summary)] == []


def test_every_command_explains_itself_with_an_example_and_every_option_says_what_it_does() -> None:
    helps = {name: command.help or "" for name, command in commands()}
    example = r"[Ee]xamples?:\s+(?:.*\n)*?.*hostledger {}\b"
    assert [name for name, text in helps.items() if not re.search(example.format(re.escape(name)), text)] == []
    options = [(name, option) for name, command in commands() for option in command.params]
    assert [(name, option.name) for name, option in options if not getattr(option, "help", None)] == []


def test_the_gate_is_one_script_that_anybody_can_run() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & stat.S_IXUSR
    assert ours()[".ci/run"].startswith("#!/usr/bin/env bash\n")
    assert "make check" in ours()[".ci/run"]
    assert "HOSTLEDGER_REQUIRE" in ours()[".ci/run"]
    gate = ours()["Makefile"].partition("\ncheck:")[2].partition("\n\n")[0]
    assert [
        step for step in ("ruff check", "ruff format --check", "mypy", "pytest", "coverage report") if step not in gate
    ] == []
