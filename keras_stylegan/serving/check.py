"""Whether a server of an exported network does all that it should."""

from __future__ import annotations

import dataclasses
import functools
import io
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from keras_stylegan import pretrained
from keras_stylegan.serving.client import Client

# Side of the picture that is painted, and calls after the first, whose median is told.
SIZE, CALLS = 256, 3


@dataclasses.dataclass(frozen=True)
class Step:
    """One thing that was tried.

    Attributes:
        name: what.
        passed: whether it went as it should.
        detail: figures, or what went wrong.
    """

    name: str
    passed: bool
    detail: str


def check_server(client: Client) -> Iterator[Step]:
    """Tries a server, step by step, until one fails.

    It must have a version that answers; tell its signatures; answer a request of the model's kind twice alike; refuse a
    wrong one with a sentence, and answer the next.
    """
    for name, attempt in _steps(client):
        try:
            yield Step(name, True, attempt())
        except (ValueError, OSError) as error:
            yield Step(name, False, str(error))
            return


def _steps(client: Client) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "versions", lambda: _versions(client)
    yield "signatures", lambda: ", ".join(sorted(client.signatures))
    # Within the steps, as it may ask the server for names.
    requests = functools.cache(lambda: _requests(client))
    yield "answer", lambda: _answer(requests()[0])
    yield "refusal", lambda: _refusal(*requests()[1:])
    yield "answer after it", lambda: _answer(requests()[0])


def _requests(client):
    """Two calls by the model's kind, one that must be answered and one that must be refused, and why."""
    kinds = {"generate_z": _generator, **dict.fromkeys(("translate", "upscale", "fuse", "scene"), _pictures)}
    return next((kind for name, kind in kinds.items() if name in client.signatures), _stylizer)(client)


def _versions(client):
    states = client.status()
    serving = [version for version, state in states.items() if state == "AVAILABLE"]
    told = ", ".join(f"{version} {state}" for version, state in sorted(states.items()))
    if not serving or (client.version is not None and client.version not in serving):
        raise ValueError(f"the version must be AVAILABLE. The server has: {told or 'none'}")
    return told


def _stylizer(client):
    """A picture painted in the first style, then bytes that are no picture."""
    pixels = np.asarray(_sample())
    weights = np.eye(1, len(client.styles))
    rows = {"style_weights": weights, "strength": np.ones(1)}

    def bad():
        client.predict("encoded", image_bytes=np.array([b"no picture"], object), **rows)

    return lambda: client.run(pixels, weights[0], 1.0), bad, "`image_bytes` must be"


def _pictures(client):
    """A picture in every place that a picture has in a request, then bytes that are none."""
    inputs, file = client.signatures["encoded_png"].inputs, io.BytesIO()
    _sample().save(file, "PNG")

    def ask(content):
        # What is no file says which style of which domain: the first.
        request = {
            name: np.array([content], object) if kind.dtype.kind == "O" else np.zeros([1, *kind.shape[1:]], kind.dtype)
            for name, kind in inputs.items()
        }
        (answer,) = client.predict("encoded_png", **request).values()
        with Image.open(io.BytesIO(answer[0])) as picture:
            return np.asarray(picture)

    return lambda: ask(file.getvalue()), lambda: ask(b"no picture"), "must be JPEG or PNG files"


def _sample():
    with Image.open(io.BytesIO(pretrained.sample_photographs()[0].read_bytes())) as photograph:
        return photograph.convert("RGB").resize((SIZE, SIZE))


def _generator(client):
    """A picture of a seed, then a latent that is no number."""
    known = client.signatures["generate_z"].inputs
    options = {"class_number": np.zeros(1, int), "truncation": np.ones(1)}
    z = np.full((1, known["z"].shape[1]), np.nan)

    def bad():
        client.predict("generate_z", z=z, **{name: value for name, value in options.items() if name in known})

    return lambda: client.generate([0]), bad, "`z` must be finite"


def _answer(good):
    times, pictures = [], []
    for _ in range(1 + CALLS):
        start = time.perf_counter()
        pictures.append(good())
        times.append(1000 * (time.perf_counter() - start))
    # Sums in another order may round to the next grey level.
    if np.abs(np.diff(np.stack(pictures).astype(int), axis=0)).max() > 1:
        raise ValueError("the same request must have the same answer")
    return f"{times[0]:.0f} ms, then {statistics.median(times[1:]):.0f} ms"


def _refusal(bad, sentence):
    try:
        bad()
    except ValueError as error:
        if sentence in str(error):
            return str(error)
        raise ValueError(f"a wrong request must be refused with its reason. Received: {error}") from error
    raise ValueError("a wrong request must be refused, but was answered")
