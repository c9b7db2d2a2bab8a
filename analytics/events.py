"""The events of the contract: one Struct per event type; everything else about events is derived from these.

Ids are text up to 128 bytes (a JSON number is read as its exact digits), times are integer milliseconds UTC, amounts
are integers in the currency's minor unit. The wording is in docs/EVENTS.md.
"""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from analytics.currencies import EXPONENTS

MAX_ID_BYTES = 128
MAX_TIME_MS = 4_102_444_800_000  # 2100-01-01, inside what every column type of the warehouse can hold
MAX_AMOUNT_MINOR = 10**15
NUMBER_ID = "a number is read as its exact digits"  # beyond 64 bits it is read as text, in `rejection`

Id = (
    Annotated[str, Meta(min_length=1, max_length=MAX_ID_BYTES, description="text id, up to 128 bytes")]
    | Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1, description=NUMBER_ID)]
)
Text = Annotated[str, Meta(max_length=1024)]
TimeMs = Annotated[int, Meta(ge=0, le=MAX_TIME_MS, description="milliseconds UTC")]
Amount = Annotated[int, Meta(ge=-MAX_AMOUNT_MINOR, le=MAX_AMOUNT_MINOR, description="minor units")]
PositiveAmount = Annotated[int, Meta(ge=0, le=MAX_AMOUNT_MINOR, description="minor units, not negative")]
Count = Annotated[int, Meta(ge=0, le=10**9)]
Quantity = Annotated[int, Meta(ge=-(10**9), le=10**9)]
if TYPE_CHECKING:
    Currency = str
else:
    Currency = Literal[tuple(sorted(EXPONENTS))]
HostKind = Literal["human", "digital"]


class Event(Struct, gc=False, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    """What every event has."""

    event_id: Id
    occurred_at: TimeMs


class HostRegistered(Event, gc=False, frozen=True, tag="host_registered"):
    """A host is known from now on, or known differently."""

    host_id: Id
    name: Text
    kind: HostKind
    likeness_of: Id | None = None
    vendor: Text | None = None
    avatar_version: Text | None = None


class SessionStarted(Event, gc=False, frozen=True, tag="session_started"):
    """A livestream begins."""

    session_id: Id
    platform: Text
    seller_id: Id
    title: Text | None = None
    category: Text | None = None


class SessionEnded(Event, gc=False, frozen=True, tag="session_ended"):
    """A livestream is over."""

    session_id: Id


class HostInSession(Event, gc=False, frozen=True):
    """Something about one host in one session."""

    session_id: Id
    host_id: Id


class ShiftStarted(HostInSession, gc=False, frozen=True, tag="shift_started"):
    """The host goes on air."""


class ShiftEnded(HostInSession, gc=False, frozen=True, tag="shift_ended"):
    """The host goes off air."""


class LabelShown(HostInSession, gc=False, frozen=True, tag="label_shown"):
    """The AI-generated label appears."""


class LabelHidden(HostInSession, gc=False, frozen=True, tag="label_hidden"):
    """The AI-generated label disappears."""


class ScriptStarted(HostInSession, gc=False, frozen=True, tag="script_started"):
    """The host begins a script."""

    script_id: Id
    variant: Text | None = None


class ProductFeatured(Event, gc=False, frozen=True, tag="product_featured"):
    """A product is pinned or explained."""

    session_id: Id
    product_id: Id
    host_id: Id | None = None


class LikenessContracted(Event, gc=False, frozen=True, tag="likeness_contracted"):
    """A person licensed their likeness to a digital host."""

    contract_id: Id
    host_id: Id
    owner: Text
    valid_from: TimeMs
    valid_to: TimeMs
    fee_minor: PositiveAmount
    currency: Currency
    royalty_bps: Annotated[int, Meta(ge=0, le=10_000)]
    platforms: list[Text] | None = None
    categories: list[Text] | None = None
    label_required: bool | None = None


class ViewerEvent(Event, gc=False, frozen=True):
    """One viewer does something in one session. Class attributes stand in for the fields a type has not."""

    session_id: Id
    viewer_id: Id
    product_id: ClassVar[Id | None] = None
    source: ClassVar[str | None] = None
    count: ClassVar[int] = 1
    amount_minor: ClassVar[int | None] = None
    currency: ClassVar[str | None] = None


class ViewerJoined(ViewerEvent, gc=False, frozen=True, tag="viewer_joined"):
    """The viewer enters the room."""

    source: Text | None = None  # type: ignore[misc]  # a field here, a constant in the types without it


class ViewerLeft(ViewerEvent, gc=False, frozen=True, tag="viewer_left"):
    """The viewer leaves the room."""


class ProductClicked(ViewerEvent, gc=False, frozen=True, tag="product_clicked"):
    """The viewer opens a product."""

    product_id: Id  # type: ignore[misc]  # as above


class CartAdded(ViewerEvent, gc=False, frozen=True, tag="cart_added"):
    """The viewer puts a product in the cart."""

    product_id: Id  # type: ignore[misc]  # as above


class Commented(ViewerEvent, gc=False, frozen=True, tag="commented"):
    """The viewer writes."""

    count: Count = 1  # type: ignore[misc]  # as above


class Liked(ViewerEvent, gc=False, frozen=True, tag="liked"):
    """The viewer taps the heart, perhaps many times."""

    count: Count = 1  # type: ignore[misc]  # as above


class Shared(ViewerEvent, gc=False, frozen=True, tag="shared"):
    """The viewer shares the room."""

    count: Count = 1  # type: ignore[misc]  # as above


class Followed(ViewerEvent, gc=False, frozen=True, tag="followed"):
    """The viewer follows the seller or host."""

    count: Count = 1  # type: ignore[misc]  # as above


class GiftSent(ViewerEvent, gc=False, frozen=True, tag="gift_sent"):
    """The viewer sends a gift."""

    amount_minor: PositiveAmount  # type: ignore[misc]  # as above
    currency: Currency  # type: ignore[misc]  # as above


class OrderLine(Struct, gc=False, frozen=True, forbid_unknown_fields=True):
    """One line of an order; a discount line is negative."""

    line_id: Id
    product_id: Id
    quantity: Quantity
    amount_minor: Amount
    category: Text | None = None


class LooseOrderLine(OrderLine, gc=False, frozen=True, forbid_unknown_fields=False):
    """An order line that passes over fields that it does not know."""


class OrderPaid(Event, gc=False, frozen=True, tag="order_paid"):
    """An order is paid; its amount is the sum of its lines."""

    order_id: Id
    viewer_id: Id
    currency: Currency
    lines: list[OrderLine]
    session_id: Id | None = None
    host_id: Id | None = None


class OrderRefunded(Event, gc=False, frozen=True, tag="order_refunded"):
    """Money of an order goes back."""

    refund_id: Id
    order_id: Id
    amount_minor: PositiveAmount
    currency: Currency
    viewer_id: Id | None = None
    reason: Text | None = None
