"""The requests with which a server warms up before it answers others.

Source: TensorFlow Serving, "SavedModel Warmup": TFRecords of `PredictionLog` in the folder `assets.extra`.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import tensorflow as tf

from keras_stylegan.exporters.saved_model_service import Request

FILE = Path("assets.extra") / "tf_serving_warmup_requests"


def serving_protos() -> ModuleType | None:
    """The messages of tensorflow-serving-api, an extra (`pip install keras_stylegan[serving]`), or None."""
    try:
        from tensorflow_serving.apis import prediction_log_pb2
    except ImportError:
        return None
    return prediction_log_pb2


def write_warmup(saved_model: Path, requests: dict[str, Request]) -> None:
    """Writes the warm-up file of a SavedModel.

    Args:
        saved_model: folder of the SavedModel.
        requests: inputs by the name of the signature.
    """
    protos = serving_protos()
    file = saved_model / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for signature, inputs in requests.items():
            log = protos.PredictionLog()
            request = log.predict_log.request
            # The model's name stays empty: a SavedModel does not know under which it will be served.
            request.model_spec.signature_name = signature
            for name, value in inputs.items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
            writer.write(log.SerializeToString())


def read_warmup(saved_model: Path) -> list[tuple[str, dict[str, np.ndarray]]]:
    """The requests of a warm-up file, in order: the signature's name and its inputs."""
    requests = []
    for record in tf.data.TFRecordDataset(str(saved_model / FILE)).as_numpy_iterator():
        request = serving_protos().PredictionLog.FromString(record).predict_log.request
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        requests.append((request.model_spec.signature_name, inputs))
    return requests
