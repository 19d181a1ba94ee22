"""What toys of several systems share: training on replicas, and the files by which backends are compared."""

import numpy as np
from keras import ops


def dataset_of(batches):
    """A `tf.data.Dataset` whose elements are the batches, each divided along its leading axis by the replicas."""
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensors(batches[0])
    for batch in batches[1:]:
        dataset = dataset.concatenate(tf.data.Dataset.from_tensors(batch))
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return dataset.with_options(options)


def train_on(strategy, make, batches):
    """Trains the compiled model that `make` returns by `fit`; returns the state and the logs."""
    with strategy.scope():
        model = make()
    history = model.fit(dataset_of(batches), shuffle=False, verbose=0).history
    state = {name: ops.convert_to_numpy(ops.copy(v.value)) for name, v in model.state_variables().items()}
    return state, {name: values[0] for name, values in history.items()}


def save_training(path, logs, weights):
    """Writes weights and logs as one npz file."""
    arrays = [ops.convert_to_numpy(ops.copy(weight.value)).ravel() for weight in weights]
    names = sorted(logs)
    np.savez(path, fed=np.concatenate(arrays), log_names=names, log_values=[logs[name] for name in names])
