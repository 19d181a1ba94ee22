"""Names that a user may have meant."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """`. Did you mean X?` for the closest of the names, to end a message with; empty if none is close."""
    import difflib  # only mistakes need it

    known = {candidate.lower(): candidate for candidate in names}
    close = difflib.get_close_matches(str(name).lower(), known, 1)
    return f". Did you mean {known[close[0]]}?" if close else ""
