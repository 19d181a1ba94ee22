"""Styles that vary over a picture: the regions' vectors blended by their masks, layer by layer."""

from keras import ops


class StyleMaps:
    """Scales and shifts as maps, looked up by layer name like those of one style.

    A position's vector is the photograph's plus, for each region, its mask times the difference of its vector to the
    photograph's. The masks are brought to a layer's size by means of blocks, so a hard edge is soft where features are
    coarse. A map is made when its layer asks for it: at any time only one layer's exist.

    Args:
        styles: dict from layer name to a tensor `(batch, regions, size)`, or to a list of such tensors.
        photograph: the same of the photograph, with 1 for batch and regions.
        masks: tensor of shape `(batch, height, width, regions)` in [0, 1], sums at most 1.
        strides: dict from layer name to 1, 2, 4 or 8: pixels of the masks per step of the layer's output.
    """

    def __init__(self, styles, photograph, masks, strides):
        self.styles = styles
        self.photograph = photograph
        self.strides = strides
        self.pyramid = {1: ops.cast(masks, "float32")}
        for stride in (2, 4, 8):
            self.pyramid[stride] = ops.average_pool(self.pyramid[stride // 2], 2, strides=2)

    def __getitem__(self, name):
        """The maps of a layer: a tensor `(batch, height, width, size)`, or a list of them."""
        styles, photograph, masks = self.styles[name], self.photograph[name], self.pyramid[self.strides[name]]
        if isinstance(styles, list):
            return [_blend(*pair, masks) for pair in zip(styles, photograph, strict=True)]
        return _blend(styles, photograph, masks)


def _blend(styles, photograph, masks):
    return photograph[:, None] + ops.matmul(masks, (styles - photograph)[:, None])
