"""How values look in Grafana: units, words and colours. A colour never stands without a word."""

from collections.abc import Mapping

from dashboards.grafana.sdk import dashboard, parts
from dashboards.spec import PALETTE, STATES, Column, Threshold, Unit

MEASURES = {Unit.COUNT, Unit.MONEY, Unit.SHARE, Unit.SECONDS, Unit.NUMBER, Unit.CHECK}
"""Units of columns that measure something."""
KINDS = ("human", "digital", "unknown", "unattributed", "excess_refund")
_UNITS = {
    Unit.TIME: "dateTimeAsIso",
    Unit.COUNT: "locale",
    Unit.MONEY: "locale",
    Unit.SHARE: "percentunit",
    Unit.SECONDS: "s",
    Unit.NUMBER: "locale",
    Unit.CHECK: "prefix:off by ",
}
"""Grafana's names. A unit cannot be a variable, so that the currency of money is in the title."""
_DECIMALS = {Unit.COUNT: 0, Unit.SHARE: 1, Unit.NUMBER: 2}
"""Digits behind the point; money has as many as it has."""
_BOTH = "#56B4E9"
"""Another of Okabe and Ito's colours, for human and digital at once; the page shows both of theirs, Grafana cannot."""
_STATES = (PALETTE["unattributed"], PALETTE["human"], PALETTE["digital"], _BOTH, PALETTE["unknown"])
"""Colours of the codes of STATES."""
NO_COLOUR = "transparent"
"""Colours fill surfaces and are never that of text, which would be hard to read."""
_NEAREST_ABOVE_NOTHING = 1e-9
Properties = dict[str, object]


def properties(column: Column) -> Properties:
    """Give what Grafana is told about a column, by the names of its field options."""
    told: Properties = {"displayName": column.title}
    if column.unit in _UNITS:
        told["unit"] = _UNITS[column.unit]
    if column.unit in _DECIMALS:
        told["decimals"] = _DECIMALS[column.unit]
    if found := mappings(column.unit):
        told["mappings"] = found
    if column.unit is Unit.CHECK:
        told |= coloured((Threshold(0, "good"), Threshold(_NEAREST_ABOVE_NOTHING, "bad")), "bad")
    return told


def coloured(thresholds: tuple[Threshold, ...], below: str | None = None) -> Properties:
    """Give the field options of thresholds; below the first of them there is no colour, or `below`."""
    return {"thresholds": steps(thresholds, below).build(), "color": {"mode": "thresholds"}}


def steps(thresholds: tuple[Threshold, ...], below: str | None = None) -> dashboard.ThresholdsConfig:
    """Give thresholds in Grafana's form."""
    first = parts.Threshold(None, PALETTE[below] if below else NO_COLOUR)
    others = [parts.Threshold(step.value, PALETTE[step.level]) for step in sorted(thresholds, key=lambda s: s.value)]
    return dashboard.ThresholdsConfig().mode(parts.ThresholdsMode.ABSOLUTE).steps([first, *others])


def mappings(unit: Unit) -> list[parts.ValueMapping]:
    """Give the words and colours of the values of a unit."""
    if unit is Unit.KIND:
        return [_words({kind: (kind.replace("_", " "), PALETTE[kind]) for kind in KINDS})]
    if unit is Unit.STATE:
        return [_words({str(code): (word, _STATES[code]) for code, word in STATES.items()})]
    if unit is Unit.CHECK:
        return [_words({"0": ("right", PALETTE["good"])})]
    return []


def _words(words: Mapping[str, tuple[str, str]]) -> parts.ValueMap:
    return parts.ValueMap(
        {
            value: parts.ValueMappingResult(text=text, color=colour, index=index)
            for index, (value, (text, colour)) in enumerate(words.items())
        }
    )


def dynamic(told: Mapping[str, object]) -> list[parts.DynamicConfigValue]:
    """Give field options as the values of an override."""
    return [parts.DynamicConfigValue(name, value) for name, value in told.items()]


def fixed(colour: str) -> Properties:
    """Give the field option of one colour of the palette."""
    return {"color": {"mode": "fixed", "fixedColor": PALETTE[colour]}}
