"""Labels that lie beside pictures in a `dataset.json`, as the dataset tools of StyleGAN2-ADA and StyleGAN3 write it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence

from keras_stylegan.data.arrays import MAX_CLASSES
from keras_stylegan.data.pictures import reason

LISTING = "dataset.json"


@dataclasses.dataclass(frozen=True)
class ListedLabels:
    """What a `dataset.json` says.

    Attributes:
        labels: a number a picture, by name.
        classes: the names of the classes, their numbers, or None without labels.
        problem: why the labels are no classes; empty where they are, or where there are none.
    """

    labels: dict[str, int] = dataclasses.field(default_factory=dict)
    classes: tuple[str, ...] | None = None
    problem: str = ""


def read_labels(read: Callable[[], bytes], names: Sequence[str]) -> ListedLabels | None:
    """The labels of pictures from the `dataset.json` at the root of their folder or zip.

    Args:
        read: function to the bytes of the file.
        names: the pictures, by their paths.

    Returns:
        `ListedLabels`; None where the file has no `labels`, and so is somebody else's.
    """
    try:
        record = json.loads(read())
    except MemoryError:
        raise
    except Exception as error:  # files vanish, archives are damaged, and so may be what they hold
        return ListedLabels(problem=f"cannot be read: {reason(error)}")
    if not isinstance(record, dict) or "labels" not in record:
        return None
    if record["labels"] is None:
        return ListedLabels()
    try:
        listed = {name.replace("\\", "/"): label for name, label in record["labels"]}
        labels = {name: listed[name] for name in names}
    except KeyError as error:
        return ListedLabels(problem=f"has no label for {error.args[0]}")
    except (AttributeError, TypeError, ValueError):
        return ListedLabels(problem="does not list pairs of a name and a label")
    for name, label in labels.items():
        if type(label) is not int or not 0 <= label < MAX_CLASSES:
            found = f"vectors of {len(label)} numbers" if isinstance(label, list) else json.dumps(label)[:40]
            return ListedLabels(problem=f"must have integers from 0 as labels, and has {found} for {name}")
    count = max(labels.values(), default=-1) + 1
    return ListedLabels(labels, tuple(map(str, range(count))))
