"""Classical blends: pyramids come back, masks of ones and zeros choose, Poisson equals a direct solver."""

import numpy as np
import pytest
from stand_in import photograph

from keras_stylegan.inference import poisson
from keras_stylegan.inference.blending import BLENDS, collapse, laplacian_pyramid
from keras_stylegan.inference.poisson import harmonic_fill, poisson_blend

SOURCE, TARGET = photograph(61, 47, 1), photograph(61, 47, 2)


def disc(radius=15, size=(47, 61)):
    rows, columns = np.mgrid[: size[0], : size[1]]
    return ((rows - size[0] // 2) ** 2 + (columns - size[1] // 2) ** 2 < radius**2).astype("float32")


@pytest.mark.parametrize("size", [(64, 64), (47, 61), (33, 130)])
def test_pyramid_comes_back(size):
    picture = photograph(size[1], size[0]).astype("float32")
    bands = laplacian_pyramid(picture, 4)
    np.testing.assert_allclose(collapse(bands), picture, atol=1e-3)
    flat = laplacian_pyramid(np.full((*size, 3), 7, "float32"), 4)
    assert max(np.abs(band).max() for band in flat[:-1]) < 1e-4


@pytest.mark.parametrize("name", BLENDS)
def test_masks_of_ones_and_zeros_choose(name):
    blend = BLENDS[name]
    np.testing.assert_array_equal(blend(SOURCE, TARGET, np.zeros((47, 61), "float32")), TARGET)
    np.testing.assert_array_equal(blend(SOURCE, TARGET, np.ones((47, 61), "float32")), SOURCE)
    same = blend(TARGET, TARGET, disc())
    assert np.abs(same.astype(int) - TARGET).max() <= 1


def test_each_blend_on_two_flat_pictures():
    dark, bright = np.full((64, 64, 3), 40, "uint8"), np.full((64, 64, 3), 200, "uint8")
    mask = disc(18, (64, 64))
    profile = {name: blend(bright, dark, mask)[32, :, 0].astype(int) for name, blend in BLENDS.items()}
    assert set(profile["copy"]) == {40, 200}
    soft = profile["feather"]
    assert len(set(soft)) > 4 and soft[32] == 200 and (np.diff(soft[:33]) >= 0).all()
    assert profile["laplacian"][32] > 140 and profile["laplacian"][0] < 80 and len(set(profile["laplacian"])) > 12
    assert set(profile["poisson"]) == {40}  # no gradients in, so none come out


def test_poisson_takes_gradients_and_not_colours():
    shifted = np.clip(TARGET.astype(int) // 2 + 90, 0, 255).astype("uint8")
    half = (TARGET.astype(int) // 2).astype("uint8")
    fused = poisson_blend(shifted, half, disc() > 0)
    np.testing.assert_allclose(fused.astype(int), half, atol=1)
    assert (poisson_blend(SOURCE, TARGET, disc() > 0)[disc() == 0] == TARGET[disc() == 0]).all()


@pytest.mark.parametrize("side", [60, 240])
def test_a_larger_region_takes_no_more_steps(side, monkeypatch):
    sizes, cycle = [], poisson._cycle
    monkeypatch.setattr(poisson, "_cycle", lambda grids, b: sizes.append(b.shape[1]) or cycle(grids, b))
    values = np.random.default_rng(0).uniform(-100, 100, (side, side, 1))
    unknown = disc(side // 2 - 2, (side, side)) > 0
    filled = harmonic_fill(values, unknown)
    assert 2 < sizes.count(side) <= 12
    around = sum(np.roll(filled, shift, axis)[..., 0] for shift in (1, -1) for axis in (0, 1)) / 4
    np.testing.assert_allclose(filled[unknown][:, 0], around[unknown], atol=0.01)


def test_harmonic_fill_equals_a_direct_solver():
    from scipy import sparse
    from scipy.sparse.linalg import spsolve

    rng = np.random.default_rng(0)
    values = rng.uniform(-100, 100, (31, 44, 1))
    unknown = (disc(12, (31, 44)) > 0) | (rng.random((31, 44)) < 0.1)
    unknown[:9, :14] = True  # a region at the border, where nothing is prescribed
    number = -np.ones(unknown.shape, int)
    number[unknown] = np.arange(unknown.sum())
    matrix, right = sparse.lil_matrix((unknown.sum(),) * 2), np.zeros(unknown.sum())
    for row, column in zip(*np.nonzero(unknown), strict=True):
        for y, x in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if 0 <= y < 31 and 0 <= x < 44:
                matrix[number[row, column], number[row, column]] += 1
                if unknown[y, x]:
                    matrix[number[row, column], number[y, x]] -= 1
                else:
                    right[number[row, column]] += values[y, x, 0]
    filled = harmonic_fill(values, unknown)
    np.testing.assert_allclose(filled[unknown][:, 0], spsolve(matrix.tocsr(), right), atol=0.01)
    np.testing.assert_array_equal(filled[~unknown], values[~unknown].astype("float32"))
