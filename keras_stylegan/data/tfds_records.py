"""TensorFlow Datasets by name: prepared sets read record by record at random, pictures still encoded."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_stylegan.data.records import read_record, record_offsets

_NAME = re.compile(r"\w[\w.+/:,=-]*")


class TFDSSource:
    """One split of a prepared TFDS set as a `Source`: its first picture feature, and its label if it has one.

    Args:
        builder: a prepared `tfds.core.DatasetBuilder`.
        split: a split, or a part of one such as `train[:10%]`.
        location: name for messages.

    Raises:
        ValueError: if there is no such split or no picture feature, or the set is not stored as TFRecord.
    """

    def __init__(self, builder, split: str, location: str):
        import tensorflow_datasets as tfds

        self.location = location
        features = builder.info.features
        images = [name for name, feature in features.items() if isinstance(feature, tfds.features.Image)]
        if not images:
            raise ValueError(f"`source` must have a picture feature. Received: {location} with {', '.join(features)}")
        labels = [name for name, feature in features.items() if isinstance(feature, tfds.features.ClassLabel)]
        self._image = images[0]
        self._label = "label" if "label" in labels else labels[0] if labels else None
        self.classes = tuple(features[self._label].names) if self._label else None
        if builder.info.file_format.name != "TFRECORD":
            raise ValueError(
                f"`source` must be stored as TFRecord files. Received: {location} as {builder.info.file_format.name}"
            )
        try:
            instructions = builder.info.splits[split].file_instructions
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"`split` must be one of {', '.join(sorted(builder.info.splits))}, or a part of one. "
                f"Received: {split} of {location}"
            ) from error
        self._records: list[tuple[Path, int]] = []
        self.names: list[str] = []
        for instruction in instructions:
            path = Path(instruction.filename)
            offsets = record_offsets(path)[instruction.skip : instruction.skip + instruction.take]
            self._records += [(path, offset) for offset in offsets]
            self.names += [f"{path.name}#{instruction.skip + number}" for number in range(len(offsets))]

    def __len__(self) -> int:
        return len(self._records)

    def read(self, index: int) -> tuple[bytes, int | None]:
        from tensorflow_datasets.proto import tf_example_pb2

        path, offset = self._records[index]
        with open(path, "rb") as file:
            file.seek(offset)
            features = tf_example_pb2.Example.FromString(read_record(file) or b"").features.feature
        image = features[self._image].bytes_list.value[0]
        label = int(features[self._label].int64_list.value[0]) if self._label else None
        return image, None if label == -1 else label  # TFDS says -1 where a split has no labels


def open_tfds(name: str, split: str = "train") -> TFDSSource:
    """Opens a TFDS set; one that is not there yet is downloaded and prepared by TFDS (`TFDS_DATA_DIR` says where).

    Args:
        name: `NAME[/CONFIG][:VERSION][@SPLIT]`, or a folder that holds a prepared set.
        split: the split where `name` gives none.

    Raises:
        ValueError: for a name that TFDS does not know, a set that it cannot prepare by itself or whose description is
            damaged or names classes that are not TFDS's, and as `TFDSSource`.
    """
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise ValueError(f"`source` needs tensorflow-datasets (pip install). Received: tfds:{name}") from error
    if not Path(name).is_dir():
        name, _, named_split = name.partition("@")
        split = named_split or split
    location = f"tfds:{name}"
    is_folder = Path(name, "dataset_info.json").is_file()
    if not is_folder and not _NAME.fullmatch(name):
        raise ValueError(f"`source` must be tfds:NAME[/CONFIG][:VERSION][@SPLIT]. Received: {location}")
    try:
        if is_folder:
            _check_features(Path(name))
            builder = tfds.builder_from_directory(name)
        else:
            builder = tfds.builder(name)
            if not builder.data_path.exists():
                with contextlib.redirect_stdout(sys.stderr):  # where TFDS tells of it may be a program's JSON
                    builder.download_and_prepare()
    except tfds.core.DatasetNotFoundError as error:
        raise ValueError(f"`source` must name a set of TFDS or a folder with one. Received: {location}") from error
    except OSError:
        raise
    except Exception as error:  # an unknown config, a set to be fetched by hand, damaged descriptions: nearly any type
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(f"TFDS cannot open {location}: {reason or type(error).__name__}") from error
    return TFDSSource(builder, split, location)


def _check_features(folder: Path) -> None:
    """Looks at the classes that a set's features name, before TFDS imports the modules they are in."""
    named = set(_named_classes(json.loads((folder / "features.json").read_text("utf-8"))))
    foreign = sorted(name for name in named if not name.startswith("tensorflow_datasets."))
    if foreign:
        raise ValueError(f"features may be classes of TFDS only, not {', '.join(foreign)}")


def _named_classes(config: Any) -> Iterator[str]:
    if isinstance(config, dict):
        for key in ("pythonClassName", "python_class_name", "type"):  # the last one in sets of before TFDS 4.6
            if isinstance(config.get(key), str):
                yield config[key]
    if isinstance(config, (dict, list)):
        for part in config.values() if isinstance(config, dict) else config:
            yield from _named_classes(part)
