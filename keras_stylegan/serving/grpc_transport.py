"""A server by gRPC: arrays as they are, with the messages of tensorflow-serving-api, which load TensorFlow."""

from __future__ import annotations

import numpy as np

from keras_stylegan.serving.transport import Signature, Tensor, element_type, refusal

try:
    import grpc
    import tensorflow as tf
    from tensorflow.core.framework import types_pb2
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_service_pb2_grpc,
        predict_pb2,
        prediction_service_pb2_grpc,
    )
except ImportError as error:
    raise ValueError(f"grpc:// needs `pip install 'keras_stylegan[serving]'` ({error})") from error

# A batch of pictures is greater than the 4 MB that gRPC takes by itself; the server has no limit.
_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_REFUSALS = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.OUT_OF_RANGE,
)


class GrpcTransport:
    """A way to a server.

    Args:
        address: `HOST:PORT`.
        timeout: seconds.
    """

    prefers_files = False

    def __init__(self, address: str, timeout: float):
        self.url = f"grpc://{address}"
        self.timeout = timeout
        self._channel = grpc.insecure_channel(address, _OPTIONS)
        self._predictions = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)

    def status(self, model: str) -> dict[int, str]:
        """As `Transport`."""
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = model
        answer = self._ask(self._models.GetModelStatus, request)
        states = get_model_status_pb2.ModelVersionStatus.State
        return {version.version: states.Name(version.state) for version in answer.model_version_status}

    def signatures(self, model: str, version: int | None) -> dict[str, Signature]:
        """As `Transport`."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        _name(request.model_spec, model, version)
        answer = self._ask(self._predictions.GetModelMetadata, request)
        described = get_model_metadata_pb2.SignatureDefMap()
        answer.metadata["signature_def"].Unpack(described)
        return {
            name: Signature(_tensors(parts.inputs), _tensors(parts.outputs))
            for name, parts in described.signature_def.items()
            if name != "__saved_model_init_op"
        }

    def predict(
        self, model: str, version: int | None, name: str, signature: Signature, inputs: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """As `Transport`."""
        request = predict_pb2.PredictRequest()
        _name(request.model_spec, model, version)
        request.model_spec.signature_name = name
        for key, value in inputs.items():
            request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
        answer = self._ask(self._predictions.Predict, request)
        return {key: tf.make_ndarray(value) for key, value in answer.outputs.items()}

    def close(self) -> None:
        """As `Transport`."""
        self._channel.close()

    def _ask(self, method, request):
        try:
            return method(request, timeout=self.timeout)
        except grpc.RpcError as error:
            if error.code() in _REFUSALS:
                raise refusal(self.url, error.details()) from None
            raise ConnectionError(f"{self.url}: no answer from a server ({error.details()})") from error


def _name(spec, model, version):
    spec.name = model
    if version is not None:
        spec.version.value = version


def _tensors(described):
    return {
        name: Tensor(element_type(types_pb2.DataType.Name(part.dtype)), _shape(part.tensor_shape))
        for name, part in described.items()
    }


def _shape(described):
    return tuple(None if axis.size < 0 else axis.size for axis in described.dim)
