"""`hostledger import`: histories of other make into the books."""

import typer

from hostledger.commands.import_online_retail import online_retail, online_retail_roster

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.command("online-retail")(online_retail)
app.command("online-retail-roster")(online_retail_roster)
