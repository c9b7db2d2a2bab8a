"""`hostledger import`: histories of other make into the books."""

import typer

from hostledger.commands.import_database import database
from hostledger.commands.import_online_retail import online_retail, online_retail_roster
from hostledger.commands.import_tables import csv, parquet

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.command("csv")(csv)
app.command("parquet")(parquet)
app.command("database")(database)
app.command("online-retail")(online_retail)
app.command("online-retail-roster")(online_retail_roster)
