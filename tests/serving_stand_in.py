"""TensorFlow Serving's REST and gRPC interfaces in front of a SavedModel, for tests of what talks to them.

The model is the real one, loaded without Keras' help; the interfaces follow the server's documents: JSON in columns, a
single output without its name, base64 for outputs named `..._bytes`, 400 or INVALID_ARGUMENT with TensorFlow's message.
"""

import base64
import contextlib
import json
import re
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2

VERSION = 7


class Model:
    """A SavedModel under a name."""

    def __init__(self, folder, name="multistyle"):
        self.name = name
        self._loaded = tf.saved_model.load(str(folder))
        self.signatures = self._loaded.signatures
        self.refused = 0

    def run(self, signature, inputs):
        try:
            return {key: value.numpy() for key, value in self.signatures[signature](**inputs).items()}
        except Exception:
            self.refused += 1
            raise


@contextlib.contextmanager
def rest(model):
    """Serves by REST; gives the URL."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

        def do_GET(self):
            if self.path == f"/v1/models/{model.name}":
                state = {"version": str(VERSION), "state": "AVAILABLE", "status": {"error_code": "OK"}}
                self.answer(200, {"model_version_status": [state]})
            elif re.fullmatch(f"/v1/models/{model.name}(/versions/{VERSION})?/metadata", self.path):
                self.answer(200, {"metadata": {"signature_def": {"signature_def": metadata(model)}}})
            else:
                self.answer(404, {"error": f"Could not find any versions of model {self.path.split('/')[3]}"})

        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            function = model.signatures[request["signature_name"]]
            specs = function.structured_input_signature[1]
            try:
                inputs = {key: from_json(value, specs[key].dtype) for key, value in request["inputs"].items()}
                outputs = model.run(request["signature_name"], inputs)
            except (tf.errors.OpError, ValueError, TypeError) as error:
                self.answer(400, {"error": str(error)})
                return
            outputs = {key: to_json(key, value) for key, value in outputs.items()}
            self.answer(200, {"outputs": outputs if len(outputs) > 1 else next(iter(outputs.values()))})

        def answer(self, code, content):
            body = json.dumps(content).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def metadata(model):
    """The signatures as the server's JSON describes them."""

    def tensors(specs):
        return {
            name: {
                "dtype": types_pb2.DataType.Name(spec.dtype.as_datatype_enum),
                "tensor_shape": {"dim": [{"size": str(-1 if n is None else n)} for n in spec.shape]},
            }
            for name, spec in specs.items()
        }

    return {
        name: {
            "inputs": tensors(function.structured_input_signature[1]),
            "outputs": tensors(function.structured_outputs),
        }
        for name, function in model.signatures.items()
    }


def from_json(value, dtype):
    if dtype == tf.string:
        value = [base64.b64decode(item["b64"]) for item in value]
    return tf.constant(value, dtype)


def to_json(name, value):
    if value.dtype.kind == "O":
        encoded = [{"b64": base64.b64encode(item).decode()} for item in value]
        return encoded if name.endswith("_bytes") else [item.decode() for item in value]
    return value.tolist()


@contextlib.contextmanager
def grpc(model):
    """Serves by gRPC; gives the URL."""
    import grpc
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_service_pb2_grpc,
        predict_pb2,
        prediction_service_pb2_grpc,
    )

    class Predictions(prediction_service_pb2_grpc.PredictionServiceServicer):
        def Predict(self, request, context):
            inputs = {key: tf.constant(tf.make_ndarray(value)) for key, value in request.inputs.items()}
            response = predict_pb2.PredictResponse()
            try:
                for key, value in model.run(request.model_spec.signature_name, inputs).items():
                    response.outputs[key].CopyFrom(tf.make_tensor_proto(value))
            except (tf.errors.OpError, ValueError, TypeError) as error:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            return response

        def GetModelMetadata(self, request, context):
            if request.model_spec.name != model.name:
                context.abort(grpc.StatusCode.NOT_FOUND, f"Servable not found: {request.model_spec.name}")
            described = get_model_metadata_pb2.SignatureDefMap()
            for name, function in model.signatures.items():
                parts = described.signature_def[name]
                sides = (
                    (parts.inputs, function.structured_input_signature[1]),
                    (parts.outputs, function.structured_outputs),
                )
                for side, specs in sides:
                    for key, spec in specs.items():
                        side[key].dtype = spec.dtype.as_datatype_enum
                        side[key].tensor_shape.CopyFrom(spec.shape.as_proto())
            response = get_model_metadata_pb2.GetModelMetadataResponse()
            response.metadata["signature_def"].Pack(described)
            return response

    class Models(model_service_pb2_grpc.ModelServiceServicer):
        def GetModelStatus(self, request, context):
            response = get_model_status_pb2.GetModelStatusResponse()
            response.model_version_status.add(version=VERSION, state="AVAILABLE")
            return response

    options = [("grpc.max_receive_message_length", -1)]
    server = grpc.server(futures.ThreadPoolExecutor(2), options=options)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Predictions(), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(Models(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"grpc://127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def header_of_a_huge_png(side=30_000):
    """A PNG whose header says that it has side x side pixels; its data would fail to decode at once."""
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def as_strings(*contents):
    """Files as a vector of strings."""
    return np.array(contents, object)
