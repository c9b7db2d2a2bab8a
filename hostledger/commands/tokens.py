"""`hostledger tokens`: the tokens of the live page."""

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from dashboards.page.sight import ROLES, Sight, WrongSight
from hostledger import keyfile
from hostledger.output import Format, FormatOption, refusing, show, tell
from hostledger.reading import settings_of

app = typer.Typer(no_args_is_help=True)
FileOption = Annotated[Path | None, typer.Option("--tokens", help="file of tokens [setting HOSTLEDGER_PAGE_TOKENS]")]


@app.command()
def new(
    context: typer.Context,
    role: Annotated[str, typer.Argument(help=f"what the token shows: {', '.join(ROLES)}")],
    host: Annotated[list[str] | None, typer.Option(help="host_id whose rows it shows; repeat for more")] = None,
    file: FileOption = None,
) -> None:
    """Make a token of the page and print it, once; the file keeps only its hash. Older tokens stay valid.

    operator: the boards of running things. finance: every board, no viewer. host: the shifts and ledger lines of the
    hosts named, and of nobody else. A browser asks for it as a password, with any user name.

    Example: hostledger tokens new host --host host-amy
    """
    with refusing(WrongSight):
        sight = Sight.of(role, tuple(host or ()))
    name = keyfile.add(file or settings_of(context).page_tokens, sight.told())
    whose = f" for {', '.join(sight.host_ids)}" if sight.host_ids else ""
    tell(f"Token {name} of the role {role}{whose} is valid now. It is shown this once.")
    tell("Pages ask for a token from their next request on.")


@app.command("list")
def list_tokens(context: typer.Context, file: FileOption = None, output: FormatOption = Format.TABLE) -> None:
    """List the tokens by name, with role, hosts and day of making; never the tokens themselves.

    Example: hostledger tokens list --format json
    """
    there = keyfile.listed(file or settings_of(context).page_tokens)
    with refusing(WrongSight):
        rows = [
            (key.name, one.role, " ".join(one.host_ids), key.created)
            for key in there
            for one in [Sight.read(key.holder)]
        ]
    schema = dict.fromkeys(("name", "role", "hosts", "created"), pl.String)
    show(pl.DataFrame(rows, schema=schema, orient="row"), output)


@app.command()
def revoke(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="name of the token, as hostledger tokens list shows it")],
    file: FileOption = None,
) -> None:
    """Take a token back; a running page refuses it from its next request on, and ends what it streams to it.

    Example: hostledger tokens revoke 3f9a01bc
    """
    keyfile.revoke(file or settings_of(context).page_tokens, name, see="hostledger tokens list")
    tell(f"Token {name} is no longer valid.")
