"""Distillation of a perceptual network into a smaller one, and how far the two agree on what is stylistically near.

The student has the teacher's tap widths, so its Gram matrices have the teacher's shapes and a style loss tuned with
one works with the other. It learns features divided by the teacher's standard deviation per channel (a stage of ReLU
commutes with a positive scale); `FeatureDistillation.folded` multiplies the scales back into the weights.
"""

import keras
import numpy as np
from keras import ops

from keras_stylegan.losses import style_loss, style_statistics
from keras_stylegan.networks import PerceptualNetwork
from keras_stylegan.ops.gradients import input_gradient


@keras.saving.register_keras_serializable(package="keras_stylegan")
class FeatureDistillation(keras.Model):
    """Trains a student to give the teacher's features: `compile(optimizer=...)`, then `fit` on batches of images.

    The loss of an image is the mean over taps of the mean squared error of normalised features plus `gram_weight`
    times the rooted relative Gram distance of the rescaled ones: the first keeps content losses comparable, the second
    is what a style loss will see.

    Args:
        student: `PerceptualNetwork`, built, with the teacher's taps and tap widths; it becomes trainable.
        teacher: `PerceptualNetwork`, built.
        gram_weight: float.
        by_stages: in training, give each stage of the student the teacher's features before it in place of its own.
            Stages then learn side by side what is a few layers deep, which is many times as fast; a second training
            without it lets each make up for the errors of those before.

    Call arguments:
        images: float tensor of shape `(batch, height, width, 3)`, RGB in [-1, 1].

    Output: two dicts by tap, the student's normalised features and the teacher's.

    Raises:
        ValueError: if the taps or their widths differ.

    Source: Hinton et al. 2015 (arXiv 1503.02531) for distillation; feature matching as in FitNets (arXiv 1412.6550);
    by stages as in Li et al. 2020 (arXiv 1911.13053).
    """

    def __init__(self, student, teacher, gram_weight=1.0, by_stages=False, **kwargs):
        super().__init__(**{"autocast": False, **kwargs})  # the teacher's features are exact under every policy
        taps = {name: network.compute_output_shape((1, 64, 64, 3)) for name, network in
                (("student", student), ("teacher", teacher))}  # fmt: skip
        if taps["student"] != taps["teacher"]:
            raise ValueError(f"`student` must have the teacher's taps and widths. Received: {taps}")
        self.student, self.teacher, self.gram_weight, self.by_stages = student, teacher, gram_weight, by_stages
        self.teacher.trainable = False
        self.student.trainable = True
        self.student.preprocess.trainable = False
        self.scales = {
            tap: self.add_weight(shape=(shape[-1],), initializer="ones", trainable=False, name=f"scale_{tap}")
            for tap, shape in taps["teacher"].items()
        }
        self.feature_metric = keras.metrics.Mean(name="feature_loss")
        self.gram_metric = keras.metrics.Mean(name="gram_loss")

    def build(self, input_shape=None):
        self.built = True

    def call(self, images, training=False):
        targets = {tap: features / self.scales[tap] for tap, features in self.teacher(images).items()}
        return self.student(images, targets if training and self.by_stages else None), targets

    def calibrate(self, batches):
        """Sets the scale of each channel to the teacher's standard deviation over batches of images.

        A channel that is nearly silent gets a hundredth of its tap's mean scale, so that noise is not learnt as signal.
        """
        sums = {tap: [] for tap in self.scales}
        for images in batches:
            for tap, features in self.teacher(images).items():
                sums[tap].append(np.var(ops.convert_to_numpy(features), axis=(0, 1, 2)))
        for tap, variances in sums.items():
            deviation = np.sqrt(np.mean(variances, axis=0))
            self.scales[tap].assign(np.maximum(deviation, 0.01 * deviation.mean()))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        found, targets = y_pred
        features = 0.0
        for tap in self.scales:
            features += ops.mean(ops.square(found[tap] - targets[tap]), axis=(1, 2, 3)) / len(self.scales)
        rescaled = ({tap: side[tap] * scale for tap, scale in self.scales.items()} for side in (found, targets))
        gram = style_loss(*map(style_statistics, rescaled))
        self.feature_metric.update_state(features)
        self.gram_metric.update_state(gram)
        return ops.mean(features + self.gram_weight * gram)

    def folded(self):
        """The student as a network of its own, with features on the teacher's scale.

        Returns:
            `PerceptualNetwork`, built and frozen.
        """
        network = PerceptualNetwork(self.student.widths, self.student.taps, self.student.padding)
        arrays, incoming = {"preprocess": self.student.preprocess.get_weights()}, 1.0
        for convolution in self.student.convolutions:
            kernel, bias = convolution.get_weights()
            tap = convolution.name.replace("conv", "relu")
            outgoing = self.scales[tap].numpy() if tap in self.scales else np.ones_like(bias)
            arrays[convolution.name] = (kernel / np.reshape(incoming, (1, 1, -1, 1)) * outgoing, bias * outgoing)
            incoming = outgoing
        network.assign(arrays)
        return network


def save_arrays(network, path, dtype="float16"):
    """Writes a perceptual network as an .npz that `build_perceptual(path)` reads; `float16` halves the file."""
    arrays = {}
    for layer in (network.preprocess, *network.convolutions):
        kernel, bias = layer.get_weights()
        arrays[f"{layer.name}/kernel"], arrays[f"{layer.name}/bias"] = kernel.astype(dtype), bias.astype(dtype)
    np.savez_compressed(path, **arrays)


def style_gradient(network, images, styles):
    """The gradient of the style loss with respect to images, as a network of features gives it.

    Args:
        network: callable from images to a dict of features by tap.
        images, styles: float tensors of shapes `(batch, height, width, 3)`, RGB in [-1, 1], one style for each image.

    Returns:
        Tensor shaped like `images`.
    """
    targets = style_statistics(network(styles))
    return input_gradient(lambda x: style_loss(style_statistics(network(x)), targets), images)[1]


def gradient_agreement(first, second, pictures, styles):
    """Mean cosine between two networks' gradients of the style loss, over all pairs of a picture and a style.

    It asks where a substitute network leads an optimisation: 1 is the way that the original goes.

    Args:
        first, second: `PerceptualNetwork`s with the same taps.
        pictures, styles: lists of float arrays of shape `(height, width, 3)`, RGB in [-1, 1], of any sizes.

    Returns:
        Float in [-1, 1].
    """
    cosines = []
    for picture in pictures:
        for style in styles:
            slopes = [style_gradient(network, picture[None], style[None]) for network in (first, second)]
            cosines.append(float(ops.convert_to_numpy(_cosine(*slopes))[0]))
    return float(np.mean(cosines))


def _cosine(x, y):
    x, y = (ops.reshape(value, (ops.shape(value)[0], -1)) for value in (x, y))
    return ops.sum(ops.normalize(x, axis=-1) * ops.normalize(y, axis=-1), axis=-1)


def gram_rank_correlation(first, second, pictures, styles):
    """Spearman correlation between two networks' Gram distances over all pairs of a picture and a style.

    It asks what a style loss needs of a substitute network: does it order pictures by nearness to a style as the
    original does?

    Args:
        first, second: `PerceptualNetwork`s with the same taps.
        pictures, styles: lists of float arrays of shape `(height, width, 3)`, RGB in [-1, 1], of any sizes.

    Returns:
        Dict from tap to the correlation of the relative distances, and `"mean"` for the mean over taps of their roots,
        the package's style loss.
    """
    from scipy.stats import spearmanr

    distances = []
    for network in (first, second):
        sides = []
        for images in (pictures, styles):
            statistics = [style_statistics(network(image[None])) for image in images]
            sides.append({tap: ops.concatenate([one[tap] for one in statistics]) for tap in network.taps})
        distances.append(_pair_distances(*sides))
    return {key: float(spearmanr(distances[0][key], distances[1][key]).statistic) for key in distances[0]}


def _pair_distances(pictures, styles):
    values = {key: [] for key in (*pictures, "mean")}
    count = len(next(iter(styles.values())))
    for style in range(count):
        target = {tap: stacked[style : style + 1] for tap, stacked in styles.items()}
        for tap in pictures:
            values[tap].append(style_loss({tap: pictures[tap]}, {tap: target[tap]}, distance="relative"))
        values["mean"].append(style_loss(pictures, target))
    return {key: np.concatenate([ops.convert_to_numpy(value) for value in terms]) for key, terms in values.items()}
