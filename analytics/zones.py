"""Time zones by name: those that Python and the engine both know."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_OF_FILES = ("right/", "posix/", "Factory", "posixrules", "localtime")
"""Files beside those of zones, which the engine does not take."""


def is_zone(name: str) -> bool:
    """Whether a name is one of a time zone, such as Asia/Shanghai or UTC."""
    try:
        return not name.startswith(_OF_FILES) and bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
