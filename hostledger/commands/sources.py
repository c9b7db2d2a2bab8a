"""`hostledger sources`: the platforms that may send notifications, what each needs, and what a payload becomes."""

import time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import polars as pl
import typer

from analytics.rejection import Reject
from hostledger.output import Format, FormatOption, refuse, refusing, show, tell
from hostledger.reading import moment, settings_of
from hostledger.settings import PREFIX
from streams.collector.judging import judged
from streams.kafka.dead_letters import beside
from streams.sources.access import Access, WrongAccess
from streams.sources.payload import Fields, parsed
from streams.sources.renewing import RENEWALS
from streams.sources.renewing import renew as renew_tokens
from streams.sources.source import (
    PASSED,
    Call,
    Desk,
    DetailAway,
    Event,
    Message,
    Notification,
    Passed,
    Source,
    read_message,
)
from streams.sources.table import SOURCES, setting_name
from streams.sources.tokens import FILE, TOKEN, token_file

app = typer.Typer(no_args_is_help=False, invoke_without_command=True)


@app.callback()
def sources(context: typer.Context) -> None:
    """Say which platforms may send to POST /v1/sources/NAME of the collector; what is booked is in docs/SOURCES.md."""
    if context.invoked_subcommand is None:
        list_sources(context, Format.TABLE)


@app.command("list")
def list_sources(context: typer.Context, output: FormatOption = Format.TABLE) -> None:
    """List the sources with the kinds that are booked and the settings that they need; `connected`: they are there.

    Example: hostledger sources list --format json
    """
    connected = settings_of(context).sources
    rows = [
        (
            source.name,
            "yes" if source.name in connected else "no",
            PREFIX + setting_name(source, need.name),
            need.meaning,
            need.default or "",
            " ".join(source.kinds) if need is source.needs[0] or output is not Format.TABLE else "",
        )
        for source in SOURCES.values()
        for need in source.needs
    ]
    columns = ("source", "connected", "setting", "meaning", "default", "kinds")
    show(pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row"), output)


@app.command("try")
def try_source(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="name of the source, as hostledger sources lists it")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="a payload, as the platform sends it")],
    kind: Annotated[str, typer.Option("--kind", help="its kind, where a header would tell: orders/paid")] = "",
    room: Annotated[str, typer.Option("--room", help="the live room, where a header would tell")] = "",
    shop: Annotated[str, typer.Option("--shop", help="the shop that signs it, with which ids begin")] = "",
    detail: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="what the platform would answer; again for each question"),
    ] = None,
) -> None:
    """Show the events that a payload becomes, one JSON object per line, or say why it becomes none. Nothing is sent.

    Kind, room and shop of a payload that hostledger dead-letters payloads wrote are known: FILE.json says them.

    Example: hostledger sources try shopify paid.json --kind orders/paid
    """
    if name not in SOURCES:
        refuse(f"source {name!r} is unknown; use one of: {', '.join(SOURCES)}")
    source = SOURCES[name]
    access = settings_of(context).sources.get(name) or _without_secrets(source)
    answers = [answer.read_bytes() for answer in detail or []]
    told = _parked(file, name)
    headers = {"x-roomid": room or told.get("room", "")}
    if source.kind_header:
        headers[source.kind_header] = kind or told.get("kind", "")
    notification = Notification(headers, file.read_bytes(), time.time_ns() // 1_000_000)
    desk = Desk(shop or told.get("shop") or _shop(name, access), access, lambda call: _answer(answers, call))
    with refusing(OSError):
        try:
            for message in source.split(notification):
                _tell(source, message, desk)
        except DetailAway as away:
            refuse(f"{file} cannot be booked yet: {away.reason}")
        except Reject as reject:
            where = f", field {reject.field}, value {reject.value}" if reject.field else ""
            refuse(f"{file} cannot be booked: {reject.reason}{where}; {reject.remedy}")
        except Passed as passed:
            refuse(f"{file} is acknowledged and nothing is booked: {PASSED[passed.reason]} ({passed.reason})")


@app.command()
def renew(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="name of the source: tiktok-shop or douyin-shop")],
) -> None:
    """Have a platform renew the access token that a file holds. A collector reads the file anew at its next call.

    The setting of the token is file:PATH, and the file, mode 600, at first {"refresh_token": "..."}. Renew it every
    day, from one place: a new refresh token takes the place of the old one.

    Example: hostledger sources renew tiktok-shop
    """
    settings = settings_of(context)
    if name not in RENEWALS:
        refuse(f"source {name!r} has no token that can be renewed; use one of: {', '.join(RENEWALS)}")
    source, access = SOURCES[name], settings.sources.get(name)
    file = token_file(access) if access else None
    if access is None or file is None:
        refuse(f"set {PREFIX}{setting_name(source, TOKEN)} to {FILE}PATH of a file, beside what else {name} needs")
    with refusing(WrongAccess, OSError):
        try:
            tokens = renew_tokens(source, access, file)
        except DetailAway as away:
            refuse(
                f"{source.title} gives no new token ({away.reason}); the old one stands. Try again, or authorise anew"
            )
    tell(f"{file} has a new access token, until {moment(tokens.ends_ms, ZoneInfo(settings.timezone))}.")


def _tell(source: Source, message: Message, desk: Desk) -> None:
    try:
        events = read_message(source, message, desk)
    except Reject as reject:
        if reject.reason not in {"kind_missing", "kind_unknown"}:
            raise
        kinds = ", ".join((*source.kinds, *source.passed))
        refuse(f"kind {message.kind!r} is not one that {source.name} knows; it would be parked. Kinds: {kinds}")
    for line in _judged(events, desk.shop):
        typer.echo(line)
    tell(f"Kind {message.kind}: {len(events)} events.")


def _judged(events: list[Event], shop: str) -> list[bytes]:
    lines = [msgspec.json.encode(event) for event in events]
    _, complaints = judged(lines, shop)
    if complaints:
        first = complaints[0]
        refuse(f"the events are none: {first.reason}, field {first.field}, value {first.value}; {first.remedy}")
    return lines


def _answer(answers: list[bytes], call: Call) -> Fields:
    """Give what the platform would answer."""
    if not answers:
        raise DetailAway(f"the platform would be asked for {call.path}; give what it answers with --detail FILE")
    found = parsed(answers.pop(0))
    return Fields({"answer": found} if isinstance(found, list) else found)


def _parked(file: Path, name: str) -> dict[str, str]:
    """Give what was written beside a parked payload; nothing for a file of another kind."""
    path = beside(file)
    if not path.is_file():
        return {}
    with refusing(OSError, msgspec.DecodeError):
        told = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    if told.get("source", name) != name:
        refuse(f"{file} is of {told['source']}, says {path}; try it as that source")
    return told


def _shop(name: str, access: Access) -> str:
    """Give the one shop that could have signed."""
    shops = sorted({secret.shop or name for secret in access.secrets}) or [name]
    if len(shops) > 1:
        refuse(f"{name} has secrets of several shops; say with --shop which one signs: {', '.join(shops)}")
    return shops[0]


def _without_secrets(source: Source) -> Access:
    return Access((), {need.name: need.default or "" for need in source.needs})
