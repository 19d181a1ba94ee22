"""Pictures for training: from any source to batches, with TensorFlow or with Pillow and NumPy alone."""

from keras_stylegan.data.augmentation import Augmentation, Change
from keras_stylegan.data.batches import Batches
from keras_stylegan.data.crops import Crops
from keras_stylegan.data.degradation import Degradation, DegradedBatches
from keras_stylegan.data.domain_batches import DomainBatches
from keras_stylegan.data.edges import smooth_edges
from keras_stylegan.data.endless import EndlessBatches
from keras_stylegan.data.front import open
from keras_stylegan.data.harmonization import HarmonizationPairs
from keras_stylegan.data.images import ImageSource, open_images
from keras_stylegan.data.packing import pack
from keras_stylegan.data.painted import PaintedPair, open_painted
from keras_stylegan.data.pairs import check_pairs
from keras_stylegan.data.pictures import read_picture, to_float, to_rgb, to_uint8
from keras_stylegan.data.scene_batches import SceneBatches
from keras_stylegan.data.shards import ShardSource, damaged_shards, open_shards, shard_dataset
from keras_stylegan.data.sources import Source, open_source
from keras_stylegan.data.style_batches import StyleBatches
from keras_stylegan.data.style_picture_batches import StylePictureBatches
from keras_stylegan.data.styles import open_styles
from keras_stylegan.data.textures import procedural_texture

__all__ = [
    "Augmentation", "Batches", "Change", "Crops", "Degradation", "DegradedBatches", "DomainBatches",
    "EndlessBatches", "Feed", "HarmonizationPairs", "ImageSource", "PaintedPair", "SceneBatches", "ShardSource",
    "Source", "StyleBatches", "StylePictureBatches", "check_pairs", "damaged_shards", "open", "open_images",
    "open_painted", "open_shards", "open_source", "open_styles", "pack", "procedural_texture", "read_picture",
    "shard_dataset", "smooth_edges", "to_float", "to_rgb", "to_uint8",
]  # fmt: skip


def __getattr__(name):
    # Feed is a Keras dataset, and Keras loads its backend: seconds for which work on files alone need not wait.
    if name == "Feed":
        from keras_stylegan.data.feed import Feed

        return Feed
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
