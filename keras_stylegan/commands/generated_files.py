"""Generated pictures to files: each of its own, or all on one."""

import pathlib


def write_each(made, paint, upscaler, arguments):
    """Writes pictures as they are made; returns their paths."""
    from PIL import Image

    from keras_stylegan.commands.outputs import make_folder
    from keras_stylegan.inference import write_picture

    paths = []
    for name, picture, settings in made:
        path = make_folder(arguments.output) / name
        image = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
        write_picture(paint(image), path, arguments.source_type, settings)
        paths.append(path)
        if upscaler is not None:
            paths.append(enlarged_name(path, upscaler.factor))
            write_picture(paint(upscaler.upscale(image)), paths[-1], arguments.source_type, settings)
    return paths


def write_grids(pictures, labels, classes, paint, upscaler, arguments):
    """Writes one picture of all, and with an upscaler one of all enlarged; returns the paths.

    With as many pictures of each class, by the numbers `labels`, each class has a row.
    """
    import numpy as np
    from PIL import Image

    from keras_stylegan.commands.progress import counted, progress_bar
    from keras_stylegan.data.pictures import as_rgb
    from keras_stylegan.data.tiles import tile
    from keras_stylegan.inference import write_picture

    path = pathlib.Path(arguments.output)
    grids = {path: as_rgb(np.stack(pictures))}
    if upscaler is not None:
        with progress_bar("enlarging", len(pictures)) as tell:
            large = np.stack(list(counted(map(upscaler.run, grids[path]), tell)))
        grids[enlarged_name(path, upscaler.factor)] = large
    for path, shown in grids.items():
        painted = (np.asarray(paint(Image.fromarray(picture))) for picture in shown)
        with progress_bar("painting", len(shown)) as tell:
            shown = np.stack(list(counted(painted, tell)))
        write_picture(Image.fromarray(tile(_by_class(shown, labels, classes))), path, arguments.source_type)
    return list(grids)


def _by_class(pictures, labels, classes):
    """Pictures as many of each class as an array with a row for each; others as they are."""
    import numpy as np

    if labels is None or len(set(np.bincount(labels, minlength=classes))) > 1:
        return pictures
    return pictures[np.argsort(labels, kind="stable")].reshape(classes, -1, *pictures.shape[1:])


def enlarged_name(path, factor):
    """The name of a picture's larger version, beside the picture."""
    return path.with_name(f"{path.stem}_x{factor}{path.suffix}")
