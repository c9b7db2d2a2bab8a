"""`hostledger migrate`: the database on a ClickHouse server, made or brought up to date."""

from typing import Annotated

import typer

from analytics.warehouse import WarehouseError
from analytics.warehouse.server import Server
from hostledger.output import refuse, refusing, tell
from hostledger.reading import settings_of


def migrate(
    context: typer.Context,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="print the SQL that would run, and change nothing")
    ] = False,
) -> None:
    """Make the database of this version's schema on a ClickHouse server, or bring it up to date.

    Example: HOSTLEDGER_CLICKHOUSE=clickhouse://migrator@127.0.0.1:9000/hostledger hostledger migrate

    Example: hostledger migrate --dry-run > next.sql

    The server is the one that HOSTLEDGER_CLICKHOUSE names; its user may create databases and tables. The password comes
    from HOSTLEDGER_CLICKHOUSE_PASSWORD. With HOSTLEDGER_CLUSTER every table is a replicated one on each server of that
    cluster, and a distributed one over it. Migrations are applied once each, in order; one that was cut short is done
    again. Prints what was applied, one name a line. A warehouse folder needs no migration: it is brought up to date
    when it is opened.
    """
    settings = settings_of(context)
    if not settings.clickhouse:
        refuse(
            "HOSTLEDGER_CLICKHOUSE names no server, and a folder is brought up to date when it is opened; set it: "
            "HOSTLEDGER_CLICKHOUSE=clickhouse://migrator@127.0.0.1:9000/hostledger"
        )
    cluster = settings.cluster or None
    with refusing(WarehouseError):
        if dry_run:
            statements = Server.planned(settings.clickhouse, password=settings.clickhouse_password, cluster=cluster)
            typer.echo("".join(f"{statement};\n\n" for statement in statements), nl=False)
            return
        applied = Server.migrate(settings.clickhouse, password=settings.clickhouse_password, cluster=cluster)
    for name in applied:
        typer.echo(name)
    tell(f"{len(applied)} migrations applied." if applied else "The database is up to date.")
