"""Pictures for training, read with Pillow and NumPy: no TensorFlow needed."""

from keras_stylegan.data.crops import Crops
from keras_stylegan.data.feed import Feed
from keras_stylegan.data.images import ImageSource, open_images
from keras_stylegan.data.pictures import read_picture, to_float, to_rgb, to_uint8
from keras_stylegan.data.sources import Source, open_source
from keras_stylegan.data.style_batches import StyleBatches
from keras_stylegan.data.styles import open_styles

__all__ = [
    "Crops", "Feed", "ImageSource", "Source", "StyleBatches", "open_images", "open_source", "open_styles",
    "read_picture", "to_float", "to_rgb", "to_uint8",
]  # fmt: skip
