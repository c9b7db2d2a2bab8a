"""`hostledger migrate`: the database on a ClickHouse server, made or brought up to date."""

from collections.abc import Iterable
from contextlib import closing
from typing import Annotated

import typer

from analytics.warehouse import WarehouseError, roles
from analytics.warehouse.address import Address
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.retention import Kept, Retention, changes
from analytics.warehouse.server import Server
from hostledger.output import refuse, refusing, tell
from hostledger.reading import settings_of


def migrate(
    context: typer.Context,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="print the SQL that would run, and change nothing")
    ] = False,
    with_roles: Annotated[
        bool, typer.Option("--roles", help="print the SQL that makes roles, and change nothing")
    ] = False,
) -> None:
    """Make the database of this version's schema on a ClickHouse server, or bring it up to date.

    Example: HOSTLEDGER_CLICKHOUSE=clickhouse://migrator@127.0.0.1:9000/hostledger hostledger migrate

    Example: hostledger migrate --dry-run > next.sql

    Example: hostledger migrate --roles > roles.sql

    The server is the one that HOSTLEDGER_CLICKHOUSE names; its user may create databases and tables. The password comes
    from HOSTLEDGER_CLICKHOUSE_PASSWORD. With HOSTLEDGER_CLUSTER every table is a replicated one on each server of that
    cluster, and a distributed one over it. Migrations are applied once each, in order; one that was cut short is done
    again. Prints what was applied, one name a line. A warehouse folder needs no migration: it is brought up to date
    when it is opened.

    What viewers did, raw, is kept for HOSTLEDGER_RETENTION_DAYS (180) after it was recorded; this command sets it, on a
    server and in the folder that HOSTLEDGER_DATA names. It only ever gets longer, unless HOSTLEDGER_RETENTION_SHORTER
    is yes: what is older then goes for good. Money and its evidence are kept for ever. --dry-run prints the statements
    of this too.

    --roles prints statements for the server's administrator, which may be repeated: hostledger_operator reads all,
    hostledger_writer reads and inserts, hostledger_finance reads the books and no viewer, hostledger_closer is finance
    that may close months and import rates, hostledger_host sees its own shifts and ledger lines. A host's user is named
    host_ and the host's id. Then: GRANT hostledger_finance TO somebody.
    """
    settings = settings_of(context)
    if not settings.clickhouse:
        if not with_roles and (settings.data / "clickhouse").is_dir():
            with refusing(WarehouseError), closing(Embedded.open(settings.data)) as folder:
                _keep(folder, settings.retention(), dry_run=dry_run)
            return
        refuse(
            "HOSTLEDGER_CLICKHOUSE names no server, and a folder is brought up to date when it is opened; set it: "
            "HOSTLEDGER_CLICKHOUSE=clickhouse://migrator@127.0.0.1:9000/hostledger"
        )
    cluster, wanted, secret = settings.cluster or None, settings.retention(), settings.clickhouse_password
    with refusing(WarehouseError):
        if with_roles:
            database = Address.read(settings.clickhouse).database
            typer.echo("".join(f"{statement};\n" for statement in roles.statements(database, cluster)), nl=False)
            return
        if dry_run:
            _print(Server.planned(settings.clickhouse, wanted, password=secret, cluster=cluster))
            return
        applied = Server.migrate(settings.clickhouse, password=secret, cluster=cluster)
        kept = Server.retain(settings.clickhouse, wanted, password=secret, cluster=cluster)
    for name in applied:
        typer.echo(name)
    tell(f"{len(applied)} migrations applied." if applied else "The database is up to date.")
    _tell_kept(kept, wanted)


def _keep(folder: Embedded, wanted: Retention, *, dry_run: bool) -> None:
    """Set how long a folder keeps viewers' events, or print the statements that would."""
    if dry_run:
        _print(changes(lambda text: folder.sql(text, "TabSeparated"), wanted))
    else:
        _tell_kept(folder.retain(wanted), wanted)


def _print(statements: Iterable[str]) -> None:
    typer.echo("".join(f"{statement};\n\n" for statement in statements), nl=False)


def _tell_kept(kept: Kept, wanted: Retention) -> None:
    if kept.now != kept.before:
        tell(f"Viewers' events are kept for {kept.now} days; before: {kept.before}.")
    if kept.now != wanted.days:
        tell(
            f"Viewers' events are kept for {kept.now} days, though HOSTLEDGER_RETENTION_DAYS says {wanted.days}: it is "
            "made shorter only with HOSTLEDGER_RETENTION_SHORTER=yes, and then what is older goes for good."
        )
