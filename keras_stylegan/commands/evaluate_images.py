"""`keras-stylegan evaluate images`: scores of generated pictures."""

from __future__ import annotations

import argparse

from keras_stylegan.commands.outputs import add_provenance
from keras_stylegan.commands.reports import add_report_arguments, check_at_least, check_report, report
from keras_stylegan.provenance import STYLIZED


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--real", metavar="SOURCE", required=True, help="real pictures: a folder, a zip or an npz file")
    parser.add_argument(
        "--fake",
        metavar="SOURCE",
        required=True,
        help="generated pictures, likewise; or a generator (run, .keras or .tflite file, name), for its pictures of "
        "seeds 0, 1, ...",
    )
    parser.add_argument("--n", type=int, metavar="N", help="pictures of a generator (default: 2048)")
    parser.add_argument(
        "--metrics",
        metavar="NAMES",
        default="fd,kid,precision,recall",
        help="of fd, kid, precision, recall, density, coverage, inception_score; and psnr, ssim, luma_ssim, where FAKE "
        "has a picture for each of REAL, by its name and in its size (default: %(default)s)",
    )
    parser.add_argument(
        "--extractor",
        metavar="NAME",
        default="compact",
        help="feature network: compact, mobilenet, inception-2015, or one of keras.applications such as inception_v3 "
        "(default: %(default)s)",
    )
    parser.add_argument("--weights", metavar="FILE", help="local weight file of the feature network")
    parser.add_argument("--size", type=int, metavar="PIXELS", help="pictures are resized to this square")
    parser.add_argument("--resize", metavar="FILTER", help="box, bilinear, bicubic, lanczos or tensorflow1")
    parser.add_argument(
        "--max-features", type=int, default=10_000, metavar="N", help="feature vectors kept (default: %(default)s)"
    )
    parser.add_argument(
        "--resamples",
        type=int,
        default=100,
        metavar="N",
        help="halves of the sets that are scored for the 95 %% intervals; 0 for none (default: %(default)s)",
    )
    parser.add_argument(
        "--nearest",
        metavar="FILE",
        help="write a sheet of generated pictures, each above the real ones nearest to it: does the generator copy?",
    )
    parser.add_argument("--cache", metavar="DIR", help="where the features of real pictures are kept")
    parser.add_argument("--no-cache", action="store_true", help="keep no features")
    add_provenance(parser, STYLIZED)  # generated pictures beside photographs
    add_report_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    import os
    import warnings

    from keras_stylegan.commands.outputs import check_output
    from keras_stylegan.commands.progress import progress_bar
    from keras_stylegan.commands.silence import silence
    from keras_stylegan.metrics.names import METRICS, PAIRED_METRICS, check_extractor, check_metrics

    # Mistakes in names are found before Keras is loaded, and mistakes in folders before a network is.
    check_report(arguments)
    check_at_least(arguments, resamples=0)
    if arguments.resamples == 1:
        raise ValueError("`--resamples` must be 0 or at least 2. Received: 1")
    metrics = check_metrics((name for name in arguments.metrics.split(",") if name), METRICS + PAIRED_METRICS)
    if arguments.nearest and not set(metrics) & set(METRICS):
        raise ValueError(f"`--nearest` needs a metric of sets: {', '.join(METRICS)}. Received: {arguments.metrics}")
    check_extractor(arguments.extractor, arguments.weights, arguments.size, arguments.resize)
    if arguments.nearest:
        check_output(arguments.nearest, {os.path.realpath(arguments.real), os.path.realpath(arguments.fake)})
    with (
        silence() as heard,
        warnings.catch_warnings(record=True) as caught,
        progress_bar("looking", file=heard) as tell,
    ):
        warnings.simplefilter("always", UserWarning)
        arguments.fake = _fake(arguments)
        record = _evaluate(arguments, metrics, tell)
    record["warnings"] = [str(warning.message) for warning in caught if warning.category is UserWarning]
    from keras_stylegan.evaluation import images_evaluation
    from keras_stylegan.evaluation.results import finite

    shown = {"real": arguments.real, "generated": arguments.fake} if arguments.html is not None else {}
    return report(images_evaluation(record, shown), arguments, finite(record))


def _fake(arguments):
    """What `--fake` names: a set of pictures as it is, a generator's opened."""
    from keras_stylegan.inference.generated import GeneratedPictures, names_generator

    if arguments.n is None and not names_generator(arguments.fake):
        return arguments.fake
    from keras_stylegan.inference.generator import open_generator

    count = 2048 if arguments.n is None else arguments.n
    if count < 2:
        raise ValueError(f"`--n` must be at least 2. Received: {count}")
    return GeneratedPictures(open_generator(arguments.fake), count, arguments.fake)


def _evaluate(arguments, metrics, tell):
    from keras_stylegan.data import open_images
    from keras_stylegan.metrics.names import PAIRED_METRICS

    paired = [name for name in metrics if name in PAIRED_METRICS]
    of_sets = [name for name in metrics if name not in PAIRED_METRICS]
    for name in ("real", "fake") if of_sets else ():
        source = getattr(arguments, name)
        count = len(open_images(source))
        if count < 2:
            raise ValueError(f"`--{name}` must hold at least 2 pictures. Received: {count} in {source}")
    from keras_stylegan.metrics.paired import evaluate_pairs

    sources = arguments.real, arguments.fake
    pairs = evaluate_pairs(*sources, paired, 1000 if arguments.resamples else 0, tell) if paired else None
    if not of_sets:
        return pairs
    record = _of_sets(arguments, of_sets, tell)
    return record if pairs is None else record | {key: record[key] | pairs[key] for key in ("scores", "intervals")}


def _of_sets(arguments, metrics, tell):
    from pathlib import Path

    from keras_stylegan.inference import write_picture
    from keras_stylegan.metrics.evaluation import evaluate_images
    from keras_stylegan.metrics.extractors import build_extractor
    from keras_stylegan.metrics.reference import cache_folder

    extractor = build_extractor(arguments.extractor, arguments.weights, arguments.size, arguments.resize)
    folder = None if arguments.no_cache else Path(arguments.cache) if arguments.cache else cache_folder()

    def write(sheet):
        write_picture(sheet, arguments.nearest, arguments.source_type)

    return evaluate_images(
        arguments.real,
        arguments.fake,
        extractor,
        metrics,
        arguments.max_features,
        folder,
        nearest=write if arguments.nearest else None,
        resamples=arguments.resamples,
        report=tell,
    )
