"""Pictures for training, read with Pillow and NumPy: no TensorFlow needed."""

from keras_stylegan.data.crops import Crops
from keras_stylegan.data.feed import Feed
from keras_stylegan.data.image_batches import ImageBatches, open_classes
from keras_stylegan.data.images import ImageSource, open_images
from keras_stylegan.data.pictures import read_picture, to_float, to_rgb, to_uint8
from keras_stylegan.data.style_batches import StyleBatches
from keras_stylegan.data.styles import open_styles

__all__ = [
    "Crops", "Feed", "ImageBatches", "ImageSource", "StyleBatches", "open_classes", "open_images", "open_styles",
    "read_picture", "to_float", "to_rgb", "to_uint8",
]  # fmt: skip
