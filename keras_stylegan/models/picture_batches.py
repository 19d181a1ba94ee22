"""Batches of pictures as a GAN is given them: checked, and brought to the form that it trains on."""

import warnings

import keras
import numpy as np
from keras import ops

# Float pictures beyond are neither in [-1, 1] nor standardised, which may be meant: they are grey levels.
_BEYOND = 8.0
_FIRST = 64


def check_pictures(batch, generator):
    """A batch with float pictures in [-1, 1] and, for a generator of classes, integer labels of shape `(batch,)`.

    Args:
        batch: dict with `images`, float in [-1, 1] or uint8, and perhaps `labels`: integers `(batch,)` or `(batch, 1)`,
            or one-hot.
        generator: with `size`, `num_classes` and perhaps `channels`.

    Returns:
        A new dict.

    Raises:
        ValueError: if the pictures are not of the generator's size and channels, or labels are missing or misshapen.
            What is not known while a graph is traced is not checked.
    """
    if "images" not in batch:
        raise ValueError(f"The data must have `images`, or be pictures. Received: {', '.join(batch) or 'nothing'}")
    checked = {**batch, "images": as_floats(batch["images"], "images")}
    expected = (*generator.size, getattr(generator, "channels", None))
    shape = tuple(checked["images"].shape)
    pairs = zip(shape[1:], expected, strict=True) if len(shape) == 4 else [(0, 1)]
    if any(None not in pair and pair[0] != pair[1] for pair in pairs):
        wanted = ", ".join("channels" if number is None else str(number) for number in expected)
        raise ValueError(f"`images` must have the shape (batch, {wanted}). Received: shape={shape}")
    if generator.num_classes:
        if "labels" not in batch:
            raise ValueError(
                f"The data must have `labels`, for num_classes={generator.num_classes}. Received: {', '.join(batch)}"
            )
        checked["labels"] = _class_numbers(ops.convert_to_tensor(batch["labels"]), generator.num_classes)
    return checked


def as_floats(images, name):
    """Pictures as float tensors in [-1, 1].

    Args:
        images: tensor, float in [-1, 1] or uint8.
        name: string, what an error calls them.

    Raises:
        ValueError: if they are of another type.
    """
    images = ops.convert_to_tensor(images)
    dtype = keras.backend.standardize_dtype(images.dtype)
    if dtype == "uint8":
        return ops.cast(images, "float32") / 127.5 - 1.0
    if "float" not in dtype:
        raise ValueError(f"`{name}` must be float in [-1, 1], or uint8. Received: dtype={dtype}")
    return images


def _class_numbers(labels, num_classes):
    shape = tuple(labels.shape)
    if len(shape) == 2 and shape[1] == num_classes > 1:
        return ops.argmax(labels, axis=1)
    if len(shape) == 2 and shape[1] == 1:
        labels = labels[:, 0]
    elif len(shape) != 1:
        raise ValueError(f"`labels` must be (batch,), or one-hot (batch, {num_classes}). Received: shape={shape}")
    return ops.cast(labels, "int32")


def check_values(batch, num_classes=0):
    """Looks at the values of a batch, which a graph cannot.

    Args:
        batch: dict with pictures under names that begin with `images`, and perhaps `labels`.
        num_classes: int, of integer labels; 0 for no look at them.

    Raises:
        ValueError: if float pictures are far beyond [-1, 1], or a label is no class.
    """
    for name in (name for name in batch if name.startswith("images")):
        _check_range(name, np.asarray(ops.convert_to_numpy(batch[name])))
    labels = np.asarray(ops.convert_to_numpy(batch["labels"])) if num_classes and "labels" in batch else np.zeros(0)
    if labels.size and not (labels.min() >= 0 and labels.max() < num_classes):
        raise ValueError(
            f"`labels` must be from 0 to {num_classes - 1}. Received: {labels.min():g} to {labels.max():g}"
        )


def _check_range(name, images):
    if images.dtype == "uint8" or not images.size:
        return
    low, high = float(images.min()), float(images.max())
    if max(-low, high) > _BEYOND:
        raise ValueError(
            f"`{name}` must be in [-1, 1] (x / 127.5 - 1), or uint8. Received: {images.dtype} from {low:g} to {high:g}"
        )
    if low >= 0 and 0.5 < high <= 1:
        warnings.warn(f"`{name}` should be in [-1, 1]; they look as if in [0, 1] (2 * x - 1).", stacklevel=4)


def first_of(x, y=None):
    """The first elements of what `fit` is given, as `(x, y)`: of arrays, dicts of arrays and `tf.data.Dataset`.

    Returns:
        `(None, None)` for other sources, which may not be read twice.
    """
    if hasattr(x, "take") and hasattr(x, "element_spec"):
        element = next(iter(x.take(1)), None)
        pair = element if isinstance(element, tuple) else (element,)
        return pair[0], pair[1] if len(pair) > 1 else None
    if isinstance(x, dict) and all(hasattr(value, "shape") for value in x.values()):
        return {name: value[:_FIRST] for name, value in x.items()}, y
    return (x[:_FIRST], None if y is None else y[:_FIRST]) if hasattr(x, "shape") else (None, None)
