"""The one door: `hostledger COMMAND`. Each command is a module of `hostledger.commands`, imported when it is called."""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated

import typer

from analytics.zones import is_zone
from hostledger import __version__
from hostledger.outlet import whole_output
from hostledger.output import refuse
from hostledger.settings import Settings, WrongSetting

COMMANDS = {
    "demo": ("hostledger.commands.demo", "demo"),
    "replay": ("hostledger.commands.replay", "replay"),
    "attribute": ("hostledger.commands.attribute", "attribute"),
    "generate": ("hostledger.commands.generate", "generate"),
    "report": ("hostledger.commands.report", "app"),
    "compare": ("hostledger.commands.compare", "compare"),
    "experiment": ("hostledger.commands.experiment", "app"),
    "markov": ("hostledger.commands.markov", "markov"),
    "explain": ("hostledger.commands.explain", "explain"),
    "reconcile": ("hostledger.commands.reconcile", "reconcile"),
    "close": ("hostledger.commands.close", "close"),
    "bridge": ("hostledger.commands.bridge", "bridge"),
    "rates": ("hostledger.commands.rates", "app"),
    "catalog": ("hostledger.commands.catalog", "catalog"),
    "settle": ("hostledger.commands.settle", "settle"),
    "fees": ("hostledger.commands.fees", "app"),
    "likeness": ("hostledger.commands.likeness", "likeness"),
    "labels": ("hostledger.commands.labels", "labels"),
    "rules": ("hostledger.commands.rules", "app"),
    "statement": ("hostledger.commands.statement", "statement"),
    "page": ("hostledger.commands.page", "page"),
    "boards": ("hostledger.commands.boards", "app"),
    "import": ("hostledger.commands.imports", "app"),
    "collector": ("hostledger.commands.collector", "collector"),
    "sources": ("hostledger.commands.sources", "app"),
    "pack": ("hostledger.commands.pack", "pack"),
    "keys": ("hostledger.commands.keys", "app"),
    "tokens": ("hostledger.commands.tokens", "app"),
    "topics": ("hostledger.commands.topics", "topics"),
    "dead-letters": ("hostledger.commands.dead_letters", "app"),
    "sql": ("hostledger.commands.sql", "sql"),
    "worker": ("hostledger.commands.worker", "worker"),
    "migrate": ("hostledger.commands.migrate", "migrate"),
    "schema": ("hostledger.commands.schema", "schema"),
    "doctor": ("hostledger.commands.doctor", "doctor"),
}
"""Every command: where it lives. The order is the order of the help."""

SUMMARIES = {
    "demo": "Show the live page of a made-up live-commerce day, running now.",
    "replay": "Read recorded events into the warehouse: as fast as it goes, or at a speed.",
    "attribute": "Say who earned what in files of events: one line per ledger entry; nothing is stored.",
    "generate": "Write a made-up day of live commerce with the truth known.",
    "report": "Gross, refunds, net, orders and live hours by day, host or session.",
    "compare": "Is the digital host better? Like with like, with intervals, in plain words.",
    "experiment": "Human against digital, or one script against another, by lot: draw it, and say what came of it.",
    "markov": "What every host adds to the chance of an order: removal effects, with intervals, over time.",
    "explain": "Say why an order was credited as it was.",
    "reconcile": "Prove that no money was lost or made, per currency and model.",
    "close": "Close a month of the books: its figures never change again.",
    "bridge": "What moves between hosts when the model, the look-back or the grace changes.",
    "rates": "Dated exchange rates for amounts in a reporting currency.",
    "catalog": "The views of finance: what each answers, and what its columns mean.",
    "settle": "From what was paid to what the seller keeps, step by step, human and digital side by side.",
    "fees": "What platforms, affiliates, hosts, avatars and ads cost, in dated schedules.",
    "likeness": "What a licensed face sold, what it was paid, and its use outside of the contract.",
    "labels": "The AI label of digital hosts on air, and what was earned against the rules of platforms.",
    "rules": "What platforms and the law allow digital hosts, as a dated table.",
    "statement": "A month's statement of a host, a likeness owner or a seller, down to the orders.",
    "page": "Show the live page of a warehouse.",
    "boards": "The boards and alerts in Grafana: write them as files, check them, publish them.",
    "import": "Read histories of other make into the books.",
    "collector": "Take events over HTTP and hand them to Kafka.",
    "sources": "The platforms that may send notifications: what each needs, and what a payload becomes.",
    "pack": "Pack the events of topics with one event per record.",
    "keys": "Make, list and revoke the API keys of the collector.",
    "tokens": "Make, list and revoke tokens of the live page, each for a role.",
    "topics": "Make the topics in Kafka, or say how those that are there differ.",
    "dead-letters": "Lines that could not become events: why, and how they get in after all.",
    "sql": "Ask the warehouse in SQL, read-only.",
    "worker": "Book what Kafka brings, as one of a group.",
    "migrate": "Make or bring up to date the database on a ClickHouse server.",
    "schema": "Print the JSON Schema of an event.",
    "doctor": "Say what is installed, what is missing, and what to do.",
}


def build(arguments: Sequence[str]) -> typer.Typer:
    """Make the command line; only the command that is called is imported, so that help and errors come at once."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback()(door)
    called = next((word for word in arguments if not word.startswith("-")), None)
    for name, (module, attribute) in COMMANDS.items():
        found = getattr(import_module(module), attribute) if name == called else _summary(name)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name, help=SUMMARIES[name])
        else:
            app.command(name, short_help=SUMMARIES[name])(found)
    return app


def _summary(name: str) -> Callable[[], None]:
    def stands_in() -> None:
        """Stand in for a command in the overview."""

    stands_in.__doc__ = SUMMARIES[name]
    return stands_in


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


def door(
    context: typer.Context,
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="print it")
    ] = False,
) -> None:
    """Say who earned what in live commerce, human and digital hosts, exact to the last minor unit.

    Start with `hostledger demo`. Every command explains itself: `hostledger COMMAND --help`.
    """
    try:
        context.obj = Settings.read()
    except WrongSetting as error:
        refuse(str(error))


def main() -> None:
    """Run the command line."""
    if not is_zone(os.environ.get("TZ", "UTC").removeprefix(":") or "UTC"):
        os.environ["TZ"] = "UTC"  # the embedded engine does not start in a zone that it does not know; no figure has it
    with whole_output():
        build(sys.argv[1:])()
