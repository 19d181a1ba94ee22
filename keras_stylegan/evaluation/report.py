"""An evaluation as one HTML file with its pictures inside: it opens anywhere, without a network."""

from __future__ import annotations

import base64
import html
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from keras_stylegan.evaluation.results import Evaluation, grid_of
from keras_stylegan.files import whole_file

_JPEG_QUALITY = 88
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #222;
       background: #fff; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid #ddd; padding: .25rem .7rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
figure { display: inline-block; margin: 0 .5rem .8rem 0; vertical-align: top; }
figure img { display: block; max-width: 20rem; height: auto; }
figcaption { font-size: 12px; color: #555; max-width: 20rem; }
pre { background: #f5f5f5; padding: .8rem; overflow-x: auto; font-size: 12px; }
"""


def write_report(evaluation: Evaluation, path: str | Path) -> None:
    """Writes the report of an evaluation.

    Args:
        evaluation: what to report.
        path: the .html file; its folder must exist.

    Raises:
        OSError: if the file cannot be written.
    """
    with whole_file(Path(path)) as partial:
        partial.write_text(as_html(evaluation), encoding="utf-8")


def as_html(evaluation: Evaluation) -> str:
    """The report as the text of an HTML file, which refers to nothing outside of itself."""
    parts = [f"<h1>{html.escape(evaluation.title)}</h1>"]
    parts += [f"<p>{html.escape(note)}</p>" for note in evaluation.notes]
    for title, rows in evaluation.tables.items():
        parts += [f"<h2>{html.escape(title)}</h2>", _table(grid_of(rows))]
    for title, pictures in evaluation.gallery:
        parts += [f"<h2>{html.escape(title)}</h2>", *(_figure(caption, picture) for caption, picture in pictures)]
    protocol = json.dumps(evaluation.record()["protocol"], indent=2, ensure_ascii=False)
    parts += ["<h2>Protocol</h2>", f"<pre>{html.escape(protocol)}</pre>"]
    body = "\n".join(parts)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(evaluation.title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _table(grid):
    def line(cells, tag):
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    return "<table>" + "".join([line(grid[0], "th"), *(line(cells, "td") for cells in grid[1:])]) + "</table>"


def _figure(caption: str, picture: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    encoded = base64.b64encode(file.getvalue()).decode("ascii")
    text = html.escape(caption)
    return f'<figure><img alt="{text}" src="data:image/jpeg;base64,{encoded}"><figcaption>{text}</figcaption></figure>'
