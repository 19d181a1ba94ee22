"""What every public layer, network and loss must do, whatever it computes; the rows are in tests/descriptors.py."""

import inspect
import json

import descriptors
import keras
import numpy as np
import pytest
from keras import tree

from keras_stylegan import layers, losses, networks

LAYER_ROWS = [*descriptors.LAYERS, *descriptors.NETWORKS]
# Arguments of every Keras layer, which Keras itself tests.
KERAS_ARGUMENTS = {"args", "kwargs", *inspect.signature(keras.layers.Layer.__init__).parameters}

every_layer = pytest.mark.parametrize("row", LAYER_ROWS, ids=lambda row: row.name)
every_loss = pytest.mark.parametrize("row", descriptors.LOSSES, ids=lambda row: row.name)
needs_tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="traces with tf.function")


def map_shapes(function, inputs):
    if isinstance(inputs, dict):
        return {name: function(shape) for name, shape in inputs.items()}
    return tuple(function(shape) for shape in inputs)


def arrays(row, batch, seed=0, dtype="float32"):
    rng = np.random.default_rng(seed)
    return map_shapes(lambda shape: rng.uniform(*row.ranges, (batch, *shape)).astype(dtype), row.inputs)


def call(layer, inputs):
    return layer(inputs) if isinstance(inputs, dict) else layer(*inputs)


def numpy(outputs):
    return [keras.ops.convert_to_numpy(keras.ops.cast(x, "float32")) for x in tree.flatten(outputs)]


_BUILT = {}


def built(row):
    """The row's object with random weights: initial zeros or ones would hide differences. No test changes it."""
    key = id(row), keras.config.dtype_policy().name
    if key not in _BUILT:  # to build one takes longer than most of what is asked of it
        _BUILT[key] = _build(row)
    return _BUILT[key]


def _build(row):
    keras.utils.set_random_seed(0)
    layer = row.make()
    call(layer, arrays(row, 2))
    rng = np.random.default_rng(0)
    for weight in layer.weights:
        value = rng.normal(0, 0.3, weight.shape)
        weight.assign(np.abs(value) if weight.name == "moving_variance" else value)
    return layer


def functional(row, layer):
    """A model around the layer, with unknown batch, height and width."""

    def placeholder(shape, name=None):
        return keras.Input((None, None, shape[2]) if len(shape) == 3 else shape, dtype="float32", name=name)

    if isinstance(row.inputs, dict):
        inputs = {name: placeholder(shape, name) for name, shape in row.inputs.items()}
    else:
        inputs = tuple(placeholder(shape) for shape in row.inputs)
    return keras.Model(inputs if isinstance(inputs, dict) else list(inputs), call(layer, inputs))


def through_text(thing):
    """Serialised to JSON, as in a file, and back."""
    return keras.saving.deserialize_keras_object(json.loads(json.dumps(keras.saving.serialize_keras_object(thing))))


def run(model, inputs):
    return numpy(model(inputs if isinstance(inputs, dict) else list(inputs)))


def assert_equal(ours, theirs, **tolerances):
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, **{"rtol": 1e-5, "atol": 1e-5, **tolerances})


# Names


def test_every_public_name_has_a_row():
    rows = {row.name for row in [*LAYER_ROWS, *descriptors.LOSSES]} | set(descriptors.CONSTRAINTS)
    public = {*layers.__all__, *networks.__all__, *losses.__all__}
    assert public == rows | set(descriptors.ELSEWHERE)
    assert not rows & set(descriptors.ELSEWHERE)


# Layers and networks


@every_layer
def test_config_round_trip_gives_equal_outputs(row):
    layer = built(row)
    names = set(inspect.signature(type(layer).__init__).parameters) - KERAS_ARGUMENTS
    config = layer.get_config()
    assert names <= set(config), f"get_config() lacks {names - set(config)}"
    copy = through_text(layer)
    assert copy.get_config() == config
    inputs = arrays(row, 2, seed=1)
    call(copy, inputs)
    copy.set_weights(layer.get_weights())
    assert_equal(numpy(call(copy, inputs)), numpy(call(layer, inputs)), rtol=0, atol=0)


@pytest.mark.parametrize("name", sorted({row.name for row in LAYER_ROWS}))
def test_rows_use_non_default_arguments(name):
    made = [row.make() for row in LAYER_ROWS if row.name == name]
    for argument, parameter in inspect.signature(type(made[0]).__init__).parameters.items():
        if argument in KERAS_ARGUMENTS or parameter.default is inspect.Parameter.empty:
            continue
        values = [layer.get_config()[argument] for layer in made]
        assert any(value != parameter.default for value in values), f"no row changes `{argument}`"


@every_layer
def test_whole_model_saves_and_loads(row, tmp_path):
    model = functional(row, built(row))
    model.save(tmp_path / "model.keras")
    inputs = arrays(row, 2, seed=1)
    assert_equal(run(keras.models.load_model(tmp_path / "model.keras"), inputs), run(model, inputs), rtol=0, atol=0)


@pytest.mark.parametrize("row", descriptors.NETWORKS, ids=lambda row: row.name)
def test_network_saves_and_loads_alone(row, tmp_path):
    network = built(row)
    network.save(tmp_path / "network.keras")
    inputs = arrays(row, 2, seed=1)
    loaded = keras.models.load_model(tmp_path / "network.keras")
    assert_equal(numpy(call(loaded, inputs)), numpy(call(network, inputs)), rtol=0, atol=0)


@every_layer
@pytest.mark.parametrize("policy", [pytest.param("mixed_float16", marks=pytest.mark.soak), "mixed_bfloat16"])
def test_half_precision_stays_close(row, policy):
    if row.half is None:
        pytest.skip("not for half precision")
    exact = built(row)
    keras.config.set_dtype_policy(policy)
    try:
        layer = built(row)
    finally:
        keras.config.set_dtype_policy("float32")
    assert {keras.backend.standardize_dtype(weight.dtype) for weight in layer.weights} <= {"float32"}
    inputs = arrays(row, 2, seed=1)
    for rough, fine in zip(numpy(call(layer, inputs)), numpy(call(exact, inputs)), strict=True):
        assert np.isfinite(rough).all()
        assert np.sqrt(np.mean((rough - fine) ** 2)) <= row.half * fine.std()


@every_layer
def test_images_do_not_depend_on_their_batch(row):
    layer = built(row)
    model, inputs = functional(row, layer), arrays(row, 3, seed=1)
    together = run(model, inputs)
    for index in range(3):
        alone = run(model, tree.map_structure(lambda x, i=index: x[i : i + 1], inputs))
        # Convolutions round differently for another batch size, and normalising a map of 2x3 pixels amplifies that.
        assert_equal(alone, [x[index : index + 1] for x in together], atol=1e-3)
    # The shapes that Keras infers are those that come out.
    spec = tree.map_structure(lambda x: keras.KerasTensor((None, *x.shape[1:]), "float32"), inputs)
    for inferred, output in zip(tree.flatten(call(layer, spec)), together, strict=True):
        assert (3, *inferred.shape[1:]) == output.shape


@needs_tensorflow
@every_layer
def test_traces_once_for_every_batch_size(row):
    layer = built(row)
    assert_traces_once(lambda *inputs: call(layer, inputs[0] if isinstance(row.inputs, dict) else inputs), row)


def assert_traces_once(function, row):
    import tensorflow as tf

    traces = []

    # Without AutoGraph a Python branch on a tensor is an error.
    @tf.function(autograph=False, reduce_retracing=True)
    def traced(*inputs):
        traces.append(1)
        return function(*inputs)

    def listed(inputs):
        return [inputs] if isinstance(inputs, dict) else inputs

    concrete = traced.get_concrete_function(
        *listed(map_shapes(lambda shape: tf.TensorSpec((None, *shape), "float32"), row.inputs))
    )
    for batch in (1, 3):
        inputs = listed(tree.map_structure(tf.constant, arrays(row, batch, seed=1)))
        assert_equal(numpy(concrete(*inputs)), numpy(function(*inputs)), rtol=1e-4, atol=1e-4)
    assert len(traces) == 1


@pytest.mark.parametrize("name", descriptors.CONSTRAINTS)
def test_constraint_round_trip(name):
    constraint = descriptors.CONSTRAINTS[name]()
    copy = through_text(constraint)
    weights = np.linspace(-2, 2, 9, dtype="float32")
    assert_equal(numpy(copy(weights)), numpy(constraint(weights)), rtol=0, atol=0)
    assert not np.array_equal(numpy(constraint(weights))[0], weights)


# Losses


@every_loss
@pytest.mark.parametrize("batch", [1, 3])
def test_loss_is_one_float32_value_per_image(row, batch):
    output = row.function(*arrays(row, batch))
    assert tuple(output.shape) == (batch, *row.output)
    assert keras.backend.standardize_dtype(output.dtype) == "float32"


@every_loss
def test_loss_of_an_image_does_not_depend_on_its_batch(row):
    if row.relative:
        pytest.skip("compares with the rest of the batch")
    inputs = arrays(row, 3)
    together = numpy(row.function(*inputs))[0]
    for index in range(3):
        alone = numpy(row.function(*(x[index : index + 1] for x in inputs)))[0]
        np.testing.assert_allclose(alone[0], together[index], rtol=1e-5, atol=1e-6)


@every_loss
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_loss_of_half_precision_inputs_is_close(row, dtype):
    inputs = [keras.ops.convert_to_tensor(x) for x in arrays(row, 3)]
    rough = numpy(row.function(*(keras.ops.cast(x, dtype) for x in inputs)))[0]
    np.testing.assert_allclose(rough, numpy(row.function(*inputs))[0], rtol=0.05, atol=0.05)


@needs_tensorflow
@every_loss
def test_loss_traces_once_for_every_batch_size(row):
    assert_traces_once(row.function, row)
