"""A served network as a Python object, with the calls of a local one."""

from __future__ import annotations

import functools
import io
import os
from collections.abc import Sequence

import numpy as np
from PIL import Image

from keras_stylegan.choices import did_you_mean
from keras_stylegan.inference import MAX_PIXELS, Stylizer, read_picture, write_picture
from keras_stylegan.inference.banks import read_banks
from keras_stylegan.inference.style_pictures import prepare_style_picture, read_style_picture
from keras_stylegan.inference.stylizer import Styles
from keras_stylegan.latents import seeded_latents
from keras_stylegan.provenance import GENERATED, STYLIZED
from keras_stylegan.serving.connection import Connection

# Pixels of pictures in one request, as the signatures have it (`exporters.saved_model_checks`).
MAX_REQUEST_PIXELS = 2**22
# Pictures asked for in one request, and the longest side of a picture whose style is taken.
PICTURES, REFERENCE_SIDE = 16, 512


class Client(Connection):
    """A network behind TensorFlow Serving.

    Attributes:
        max_pixels: of a picture that the server paints.

    Args:
        url: `http://HOST:8501`, `https://...` for REST, `grpc://HOST:8500` for gRPC, which needs the extra `serving`
            and loads TensorFlow.
        model: name under which the server has it.
        version: number; None for the one that the server prefers, its newest.
        timeout: seconds for a request.
        banks: files of own styles for `stylize`, as of `keras_stylegan.load`; those of another network are refused.

    Every method raises ValueError for a request that the server refuses, and ConnectionError where there is no server,
    or none that can answer.

    Example:

    >>> client = Client("http://localhost:8501")
    >>> painted = client.stylize("street.jpg", {"seurat_port_en_bessin": 2, "hokusai_great_wave": 1})
    >>> client.write(painted, "out.png")
    """

    max_pixels = MAX_REQUEST_PIXELS

    def __init__(
        self,
        url: str,
        model: str = "multistyle",
        version: int | None = None,
        timeout: float = 60.0,
        banks: Sequence[str | os.PathLike] = (),
    ):
        super().__init__(url, model, version, timeout)
        self.banks = tuple(banks)

    @functools.cached_property
    def styles(self) -> tuple[str, ...]:
        """Names of the server's styles, in order."""
        return self._names("style_names")

    @functools.cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of a generator's classes, in order; none without classes."""
        return self._names("class_names") if "class_names" in self.signatures else ()

    @functools.cached_property
    def domains(self) -> tuple[str, ...]:
        """Names of the domains of a translator for several, in order; none of another."""
        return self._names("domain_names") if "domain_names" in self.signatures else ()

    def write(self, picture: Image.Image | np.ndarray, path: str | os.PathLike, provenance: bool = True) -> None:
        """Writes a picture that this server made, which says so (XMP `DigitalSourceType`).

        Args:
            picture: what a method returned: a PIL image, or one of the arrays of `generate`.
            path: file; its suffix chooses the format.
            provenance: False leaves out how the picture was made.

        Raises:
            ValueError: if the suffix is unknown, or the format cannot hold the picture.
            OSError: if the file cannot be written.
        """
        source_type = GENERATED if "generate" in self.signatures else STYLIZED
        if not isinstance(picture, Image.Image):
            picture = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
        write_picture(picture, path, source_type if provenance else None)

    def stylize(
        self,
        image,
        styles: Styles | None = None,
        strength: float = 1.0,
        color: str = "style",
        stroke_size: float | None = None,
        size: tuple[int, int] | None = None,
        max_pixels: int = MAX_PIXELS,
        regions: Sequence[tuple] | None = None,
        feather: float | None = None,
    ) -> Image.Image:
        """Paints a photograph; arguments, result and errors as of `keras_stylegan.inference.Stylizer.stylize`.

        The server gets the picture at the size at which it is painted; EXIF, alpha and colours are seen to here. Style
        pictures need a server whose network has a predictor.
        """
        return self._stylizer.stylize(image, styles, strength, color, stroke_size, size, max_pixels, regions, feather)

    def run(
        self, image: np.ndarray, weights: np.ndarray, strength: float, vector: np.ndarray | None = None
    ) -> np.ndarray:
        """Paints the pixels of one picture; arguments and result as of `keras_stylegan.inference.LiteRTRuntime.run`.

        Without `vector` only the ratios of `weights` matter.
        """
        rows = {"style_weights": np.asarray(weights)[None], "strength": np.array([strength])}
        if vector is None:
            return self._changed("stylize_weights", "stylized", image, **rows)
        vector = np.asarray(vector)[None]
        return self.predict("stylize_vector", image=image[None], style_vector=vector, **rows)["stylized"][0]

    def run_regions(
        self,
        image: np.ndarray,
        masks: np.ndarray,
        weights: np.ndarray,
        strength: float,
        vectors: np.ndarray | None = None,
    ) -> np.ndarray:
        """Paints one picture region by region; arguments and result as of `LiteRTRuntime.run_regions`."""
        if vectors is None:
            vectors = np.zeros((len(weights), self.inputs("stylize_regions")["style_vectors"].shape[-1]))
        styles = {"style_weights": weights, "style_vectors": vectors, "masks": masks, "strength": strength}
        rows = {name: np.asarray(value)[None] for name, value in styles.items()}
        return self.predict("stylize_regions", image=image[None], **rows)["stylized"][0]

    def translate(
        self, image, max_pixels: int = MAX_PIXELS, domain: str | None = None, seed: int = 0, reference=None
    ) -> Image.Image:
        """A picture through a translator: PIL image of its size, upright, with its transparency.

        Args:
            image: what `keras_stylegan.inference.read_picture` reads.
            max_pixels: int > 0, the greatest number of pixels of the picture.
            domain: of a translator for several domains, the name of the one that the picture goes to.
            seed: int >= 0, chooses a style of the domain, the one that `keras-stylegan translate` chooses by it.
            reference: picture of the domain whose style is taken instead, as `image`.
        """
        picture = read_picture(image, max_pixels)
        pixels, known = np.asarray(picture.photo), self.inputs("translate")
        if ("domain_number" in known) != (domain is not None):
            rule = f"one of {', '.join(self.domains)}" if "domain_number" in known else "None: the translator has none"
            raise ValueError(f"`domain` must be {rule}. Received: domain={domain}")
        if domain is None:
            if reference is not None:
                raise ValueError("`reference` needs `domain`, the domain of its style. Received: domain=None")
            made = self._changed("translate", "translated", pixels)
        else:
            number = self._numbers("domain", domain, self.domains, 1)
            if reference is None:
                z = seeded_latents([seed], known["z"].shape[1])
                made = self._changed("translate", "translated", pixels, z=z, domain_number=number)
            else:
                style = read_picture(reference, max_pixels).photo
                style.thumbnail((REFERENCE_SIDE, REFERENCE_SIDE))
                rows = {"image": pixels[None], "reference": np.asarray(style)[None], "domain_number": number}
                made = self.predict("translate_like", **rows)["translated"][0]
        return picture.dress(Image.fromarray(made))

    def scene(self, image, detail: float = 1.0, max_pixels: int = MAX_PIXELS) -> Image.Image:
        """The scene of a painted picture, of whose middle it is made: PIL image of the size of scenes.

        Args:
            image: as of `translate`; the scene of a photograph is that of what `stylize` makes of it.
            detail: float from 0 to 1, as of `SceneMaker.make`.
            max_pixels: as of `translate`.
        """
        pixels = np.asarray(read_picture(image, max_pixels).photo)
        return Image.fromarray(self._changed("scene", "scene", pixels, detail=np.array([detail])))

    def upscale(self, image, max_pixels: int = MAX_PIXELS) -> Image.Image:
        """An enlarged picture; arguments and result as of `translate`."""
        picture = read_picture(image, max_pixels)
        return picture.dress(Image.fromarray(self._changed("upscale", "upscaled", np.asarray(picture.photo))))

    def generate(self, seeds: Sequence[int], label: str | None = None, truncation: float = 1.0) -> np.ndarray:
        """A picture for each seed, the one that `keras-stylegan generate` makes of it.

        Args:
            seeds: integers from 0 on.
            label: name of a class; None with classes takes each seed's own, its number modulo theirs.
            truncation: psi of a style-based generator, 0 to 2.

        Returns:
            uint8 array of shape `(seeds, height, width, channels)`.
        """
        known = self.inputs("generate_z")
        z = seeded_latents(seeds, known["z"].shape[1])
        options = {}
        if "class_number" in known:
            options["class_number"] = self._class_numbers(label, seeds)
        elif label is not None:
            raise ValueError(f"`label` must be None: the generator has no classes. Received: label={label}")
        if "truncation" in known:
            options["truncation"] = np.full(len(z), truncation)
        elif truncation != 1:
            raise ValueError(f"`truncation` must be 1: the generator has no styles. Received: truncation={truncation}")
        pictures = []
        for start in range(0, len(z), PICTURES):
            part = slice(start, start + PICTURES)
            rows = {name: values[part] for name, values in options.items()}
            pictures.append(self.predict("generate_z", z=z[part], **rows)["pictures"])
        return np.concatenate(pictures)

    @functools.cached_property
    def _stylizer(self) -> Stylizer:
        predict = self._predict if "predict_style" in self.signatures else None
        return Stylizer(self, self.styles, own=self._own_styles(), predict=predict)

    def _own_styles(self):
        if not self.banks:
            return {}
        told = self.predict("style_names", index=np.zeros(1, int))
        if "space" not in told:
            raise ValueError("the server does not tell whose styles it understands: export its network again")
        entry = {
            "styles": [{"name": name} for name in self.styles],
            "style_space": told["space"][0].decode(),
            "vector_size": self.inputs("stylize_vector")["style_vector"].shape[-1],
        }
        return read_banks(self.banks, entry)

    def _predict(self, source):
        picture = prepare_style_picture(read_style_picture(source))
        return self.predict("predict_style", picture=picture[None])["style_vector"][0]

    def _changed(self, signature, output, image, **rows):
        """The picture that a signature makes of one, sent as the transport likes it."""
        self.inputs(signature)
        if not self.transport.prefers_files:
            return self.predict(signature, image=image[None], **rows)[output][0]
        file = io.BytesIO()
        Image.fromarray(image).save(file, "PNG", compress_level=1)
        answer = self.predict("encoded_png", image_bytes=np.array([file.getvalue()], object), **rows)
        with Image.open(io.BytesIO(answer[f"{output}_bytes"][0]), formats=["PNG"]) as made:
            return np.asarray(made)

    def _names(self, signature):
        total = self.predict(signature, index=np.zeros(1, int))["total"][0]
        return tuple(name.decode("utf-8") for name in self.predict(signature, index=np.arange(total))["name"])

    def _class_numbers(self, label, seeds):
        if label is None:
            return np.array([seed % len(self.classes) for seed in seeds])
        return self._numbers("label", label, self.classes, len(seeds))

    @staticmethod
    def _numbers(argument, name, names, count):
        """The place of a name among others, `count` times."""
        if name not in names:
            hint = did_you_mean(name, names)
            raise ValueError(f"`{argument}` must be one of {', '.join(names)}. Received: {argument}={name}{hint}")
        return np.full(count, names.index(name))
