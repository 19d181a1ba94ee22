"""Super-resolution, fusion, Johnson, domains, scene pipeline: one update on two replicas equals that on one device."""

import numpy as np
import pytest
import tensorflow as tf
import toy_fusion
import toy_johnson
import toy_multi_domain
import toy_scene
import toy_styles
import toy_super_resolution
from toy_training import train_on


@pytest.mark.parametrize(
    "toy, steps",
    [
        (toy_super_resolution, 2),
        pytest.param(toy_johnson, 2, marks=pytest.mark.soak),
        pytest.param(toy_fusion, 2, marks=pytest.mark.soak),
        pytest.param(toy_multi_domain, 1, marks=pytest.mark.soak),
        pytest.param(toy_scene, 1, marks=pytest.mark.soak),
    ],
)
def test_two_replicas_equal_one_device(mirrored, toy, steps):
    # Of an odd size, so that the replicas' shares differ.
    data = [toy.batch(3, seed=seed) for seed in range(steps)]
    if toy is toy_scene:  # shares of detail are drawn by each replica
        data = [{**batch, "detail": np.array([0, 0.5, 1], "float32")} for batch in data]

    def make():
        return toy.compiled(run_eagerly=True)  # a graph of two replicas takes longer to compile than two steps

    one, logs_of_one = train_on(tf.distribute.get_strategy(), make, data)
    two, logs_of_two = train_on(mirrored, make, data)
    assert one.keys() == two.keys() and len(one) >= 10
    # The generator's seed alone is drawn apart, and changes nothing: the draws are part of the data.
    for name in one.keys() - {"model/0000"}:
        np.testing.assert_allclose(two[name], one[name], rtol=0, atol=2e-5, err_msg=name)
    assert logs_of_two == pytest.approx(logs_of_one, abs=1e-4, nan_ok=True)


def test_what_is_reported_is_of_all_replicas(mirrored):
    with mirrored.scope():
        model = toy_styles.build(methods={"mean_std": 1.0})
    weights = np.float32([(1, 0, 0), (0, 0.25, 0.75)])
    features = {name: np.array(x) for name, x in model.perceptual(toy_styles.batch()["content"]).items()}
    model.style_terms(features, weights, "mean_std")
    alone = model.report()

    def part(context):
        row = slice(context.replica_id_in_sync_group, context.replica_id_in_sync_group + 1)
        return {name: tf.constant(x[row]) for name, x in features.items()}, tf.constant(weights[row])

    parts = mirrored.experimental_distribute_values_from_function(part)
    mirrored.run(lambda features, weights: model.style_terms(features, weights, "mean_std"), parts)
    assert len(alone) == toy_styles.NUM_STYLES and model.report() == pytest.approx(alone, rel=1e-5)
