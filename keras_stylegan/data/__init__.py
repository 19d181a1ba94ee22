"""Pictures for training, read with Pillow and NumPy: no TensorFlow needed."""

from keras_stylegan.data.augmentation import Augmentation, Change
from keras_stylegan.data.crops import Crops
from keras_stylegan.data.images import ImageSource, open_images
from keras_stylegan.data.packing import pack
from keras_stylegan.data.pictures import read_picture, to_float, to_rgb, to_uint8
from keras_stylegan.data.shards import ShardSource, damaged_shards, is_shards, open_shards, shard_dataset
from keras_stylegan.data.style_batches import StyleBatches
from keras_stylegan.data.styles import open_styles

__all__ = [
    "Augmentation", "Change", "Crops", "Feed", "ImageSource", "ShardSource", "StyleBatches", "damaged_shards",
    "is_shards", "open_images", "open_shards", "open_styles", "pack", "read_picture", "shard_dataset", "to_float",
    "to_rgb", "to_uint8",
]  # fmt: skip


def __getattr__(name):
    # Feed is a Keras dataset, and Keras loads its backend: seconds for which work on files alone need not wait.
    if name == "Feed":
        from keras_stylegan.data.feed import Feed

        return Feed
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
