"""When to say how a long work goes, and how long it still takes, in words."""

from __future__ import annotations

# Between two lines of a long work whose output is no terminal.
LINE_SECONDS = 10.0


class Every:
    """True each time the count has come to another multiple of `interval`, or over one.

    Multiples: a run that was stopped and resumed is looked at where an undisturbed one is.

    Args:
        interval: positive number, or None for never.

    Attributes:
        last: the count at the last True, or at the beginning.
    """

    def __init__(self, interval: float | None):
        if interval is not None and interval <= 0:
            raise ValueError(f"an interval must be positive or None. Received: {interval}")
        self.interval = interval
        self.last = 0.0

    def due(self, count: float) -> bool:
        if self.interval is None or count // self.interval <= self.last // self.interval:
            return False
        self.last = count
        return True


def format_seconds(seconds: float) -> str:
    """Seconds as `1d 02:03:04`, or `02:03:04` within a day."""
    minutes, seconds = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    clock = f"{hours:02d}:{minutes:02d}:{seconds:02d}"
    return f"{days}d {clock}" if days else clock
