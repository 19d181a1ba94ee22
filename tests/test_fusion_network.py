"""The fusion network at every size, several pieces together, and what finishes its edge."""

import numpy as np
import pytest
from PIL import Image
from stand_in import photograph

from keras_stylegan.inference.blending import BLENDS, composite, grown
from keras_stylegan.inference.colour import match_colours
from keras_stylegan.inference.fusion import fuse
from keras_stylegan.inference.fusion_network import FusionNetwork
from keras_stylegan.inference.placement import Piece, place

SOURCE, TARGET = photograph(40, 30, 1), photograph(80, 64, 2)
MASK = np.zeros((30, 40), "uint8")
MASK[5:25, 8:32] = 255


class Halving:
    """A runtime that halves what is put in."""

    def __init__(self):
        self.sizes = []

    def run(self, source, target, masks):
        self.sizes.append(target.shape[:2])
        return np.rint(source / 2).astype("uint8")


def test_large_pictures_are_fused_small():
    source, target = photograph(300, 200, 3), photograph(300, 200, 4)
    masks = np.zeros((200, 300, 1), "float32")
    masks[60:140, 90:210] = 1
    small, exact = FusionNetwork(Halving(), 50), FusionNetwork(Halving())
    fused, expected = small.fuse(source, target, masks), exact.fuse(source, target, masks)
    assert small.runtime.sizes == [(50, 75)] and exact.runtime.sizes == [(200, 300)]
    np.testing.assert_array_equal(fused[masks[..., 0] == 0], target[masks[..., 0] == 0])
    assert np.abs(fused.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("finish", [None, "laplacian", "poisson"])
def test_a_large_picture_put_into_itself_is_itself(finish):
    class Source:
        def run(self, source, target, masks):
            return source

    picture, mask = photograph(300, 200, 3), np.zeros((200, 300), "uint8")
    mask[60:140, 90:210] = 255
    half = np.where(np.arange(300) < 150, mask, 0).astype("uint8")
    for masks in ([mask], [half, mask - half]):
        pieces = [Piece(picture, mask, (0, 0)) for mask in masks]
        fused = np.asarray(fuse(pieces, picture, "gan", FusionNetwork(Source(), 50), finish))
        assert np.abs(fused.astype(int) - picture).max() <= 1


def test_a_large_target_is_read_apart_from_what_is_put_in():
    seen = []

    class Looking(Halving):
        def run(self, *arguments):
            seen.extend(arguments)
            return super().run(*arguments)

    red, blue = (np.full((200, 300, 3), colour, "uint8") for colour in ((200, 0, 0), (0, 0, 200)))
    left, right = np.zeros((2, 200, 300), "uint8")
    left[50:150, 31:121], right[50:150, 181:270] = 255, 255
    target = np.where((left + right)[..., None] > 0, np.uint8(0), np.uint8([90, 80, 70]))
    fuse([Piece(red, left, (0, 0)), Piece(blue, right, (0, 0))], target, "gan", FusionNetwork(Looking(), 50))
    source, ground, masks = seen
    assert (source[:, :36] == (200, 0, 0)).all() and (source[:, 39:] == (0, 0, 200)).all()
    assert (ground[masks.max(axis=-1) == 0] == (90, 80, 70)).all() and masks.sum(axis=-1).max() == 1


def test_pieces_are_regions_of_one_call_and_no_mask_merges():
    seen = []

    class Looking(Halving):
        def run(self, source, target, masks):
            seen.append(masks)
            return super().run(source, target, masks)

    network = FusionNetwork(Looking())
    whole = np.full((30, 40), 255, "uint8")
    fuse([Piece(SOURCE, whole, (0, 0)), Piece(SOURCE, whole, (20, 20))], TARGET, "gan", network)
    assert (
        seen[0].shape == (64, 80, 2)
        and seen[0].sum(axis=-1).max() == pytest.approx(1)
        and seen[0][25, 30].tolist() == [0, 1]
    )
    merged = np.asarray(fuse(Piece(SOURCE), TARGET, "gan", network))
    for whole in (Piece(SOURCE, at=(1, 2)), Piece(SOURCE, scale=2)):
        with pytest.raises(ValueError, match="`at` and `scale` are of a piece with a mask or transparency"):
            fuse(whole, TARGET, "gan", network)
    assert seen[1].shape == (64, 192, 1) and seen[1][:, :80].all() and not seen[1][:, 80:].any()
    beside = Image.fromarray(SOURCE).resize((80, 64), Image.Resampling.LANCZOS)
    matched = np.asarray(match_colours(Image.fromarray(TARGET), beside))
    np.testing.assert_array_equal(merged, np.rint(matched / 2).astype("uint8"))


def test_a_finish_blends_the_result_once_more():
    network = FusionNetwork(Halving())
    for mask in (MASK, np.minimum(MASK, 200)):
        piece = Piece(SOURCE, mask, (20, 10))
        colours, weights = place(piece, (80, 64))
        halves = np.rint(np.where(grown(weights > 0.5)[..., None], colours, 0) / 2).astype("uint8")
        plain, finished = (np.asarray(fuse(piece, TARGET, "gan", network, finish)) for finish in (None, "poisson"))
        np.testing.assert_array_equal(plain, composite(halves, TARGET, weights[..., None]))
        expected = composite(BLENDS["poisson"](halves, TARGET, weights), TARGET, weights[..., None])
        np.testing.assert_array_equal(finished, expected)
    np.testing.assert_array_equal(fuse(piece, TARGET, "gan", network), finished)  # by default
    with pytest.raises(ValueError, match="`finish` must be None or one of laplacian, poisson. Received: finish=none"):
        fuse(piece, TARGET, "gan", network, "none")


def test_the_laplacian_finish_reads_neither_picture_where_it_means_nothing():
    network, mask = FusionNetwork(Halving()), np.zeros((64, 80, 1), "float32")
    mask[20:44, 24:60] = 1
    source, target = np.full((64, 80, 3), 120, "uint8"), np.full((64, 80, 3), 60, "uint8")
    # Halved, the source is the target: there is no seam to mend, whatever lies beyond the edge or under the mask.
    hidden = np.where(mask > 0, 200, target).astype("uint8")
    for ground in (target, hidden):
        assert np.abs(network.fuse(source, ground, mask, "laplacian").astype(int) - 60).max() <= 1
    # A step is spread over both sides of the edge.
    stepped = network.fuse(source + 40, target, mask, "laplacian")[32, :, 0].astype(int)
    assert stepped[42] > stepped[24] > 64 > stepped[0] and np.abs(np.diff(stepped)).max() <= 1
