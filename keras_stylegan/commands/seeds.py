"""Seeds as options name them: `0-3,85,265`."""

import re

# Pictures of one file, all of which are in memory at once; and seeds of a list.
MOST, _MOST_SEEDS = 10_000, 1_000_000


def check_count(name, count):
    """ValueError, about the option of that name, for more pictures than fit into memory."""
    if count > MOST:
        raise ValueError(f"`{name}` must make at most {MOST} pictures at once. Received: {count}")


def parse_seeds(name, text):
    """The seeds of an option's text: whole numbers and ranges A-B, both included, with commas between."""
    found = [re.fullmatch(r"(\d+)(?:-(\d+))?", entry.strip(), re.ASCII) for entry in text.split(",")]
    ranges = [range(int(entry[1]), int(entry[2] or entry[1]) + 1) for entry in found if entry]
    if not all(found) or not all(ranges):
        raise ValueError(
            f"`--{name}` must be whole numbers and ranges of them with commas between, such as 0-3,85. Received: {text}"
        )
    if sum(part.stop - part.start for part in ranges) > _MOST_SEEDS:  # more than `len` may know
        raise ValueError(f"`--{name}` must name at most {_MOST_SEEDS} seeds. Received: {text}")
    return [seed for part in ranges for seed in part]
