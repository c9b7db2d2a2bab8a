"""The event contract, version 1: which types there are, and the JSON Schema that is generated from them."""

from typing import Any, Union

import msgspec

from analytics.events import (
    NUMBER_ID,
    CartAdded,
    Commented,
    Event,
    Followed,
    GiftSent,
    HostRegistered,
    LabelHidden,
    LabelShown,
    Liked,
    LikenessContracted,
    LooseOrderLine,
    OrderPaid,
    OrderRefunded,
    ProductClicked,
    ProductFeatured,
    ScriptStarted,
    SessionEnded,
    SessionStarted,
    Shared,
    ShiftEnded,
    ShiftStarted,
    ViewerJoined,
    ViewerLeft,
)

CONTRACT_VERSION = 1
RESERVED_HOST_IDS = frozenset({"unattributed", "excess_refund"})

VIEWER_TYPES = (
    ViewerJoined,
    ViewerLeft,
    ProductClicked,
    CartAdded,
    Commented,
    Liked,
    Shared,
    Followed,
    GiftSent,
)
ROSTER_TYPES = (
    HostRegistered,
    SessionStarted,
    SessionEnded,
    ShiftStarted,
    ShiftEnded,
    LabelShown,
    LabelHidden,
    ScriptStarted,
    ProductFeatured,
    LikenessContracted,
)
TYPES: dict[str, type[Event]] = {
    str(struct.__struct_config__.tag): struct for struct in (*VIEWER_TYPES, *ROSTER_TYPES, OrderPaid, OrderRefunded)
}
"""Every event type of the contract by its name."""


LOOSE_TYPES: list[type[Event]] = [
    msgspec.defstruct(  # type: ignore[misc]  # typed as a plain Struct, whatever its bases
        struct.__name__,
        [("lines", list[LooseOrderLine])] if struct is OrderPaid else [],
        bases=(struct,),
        tag=name,
        forbid_unknown_fields=False,
        kw_only=True,
        frozen=True,
        gc=False,
    )
    for name, struct in TYPES.items()
]
"""The event types again, but they pass over fields that they do not know."""


def schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of one event, generated from the Structs above.

    Unknown fields are allowed by the contract (kept out and counted), so the schema allows them too.
    """
    (any_event,), components = msgspec.json.schema_components(
        [Union[tuple(TYPES.values())]],  # noqa: UP007  # the members are data
        ref_template="#/$defs/{name}",
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"hostledger event, contract version {CONTRACT_VERSION}",
        **any_event,
        "$defs": {name: _open(component) for name, component in components.items()},
    }


def _open(component: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in component.items() if key != "additionalProperties"}
    return kept | {"properties": {name: _any_number(field) for name, field in kept["properties"].items()}}


def _any_number(field: dict[str, Any]) -> dict[str, Any]:
    """Let an id be a number of any size, as `rejection` does."""
    number = {"description": NUMBER_ID, "type": "number"}
    kinds = [number if kind.get("description") == NUMBER_ID else kind for kind in field.get("anyOf", [])]
    return field | {"anyOf": kinds} if kinds else field
