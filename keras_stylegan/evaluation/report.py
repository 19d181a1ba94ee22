"""An evaluation as one HTML file with its pictures inside: it opens anywhere, without a network."""

from __future__ import annotations

import base64
import html
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from keras_stylegan import __version__
from keras_stylegan.evaluation.results import Evaluation
from keras_stylegan.files import whole_file

_JPEG_QUALITY = 88
# Pixels: larger pictures are shown smaller, as a report with whole photographs cannot be sent to anyone.
_LONGEST_SIDE = 512
_STYLE = """
:root { color-scheme: light dark; --paper: light-dark(#fff, #1b1b1d); --ink: light-dark(#222, #e6e6e6);
        --quiet: light-dark(#5a5a5a, #a8a8a8); --line: light-dark(#ddd, #3c3c40);
        --shade: light-dark(#f5f5f5, #26262a); }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 78rem; padding: 1rem; color: var(--ink);
       background: var(--paper); }
h1, h2, h3 { line-height: 1.2; margin: 2rem 0 .6rem; text-wrap: balance; overflow-wrap: anywhere; }
h1 { margin-top: .5rem; }
h3 { font-size: 1rem; margin-top: 1.2rem; }
.notes { color: var(--quiet); max-width: 60rem; padding-left: 1.2rem; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .8rem; text-align: right; vertical-align: top;
         white-space: nowrap; }
th:first-child { position: sticky; left: 0; background: var(--paper); font-weight: 500; padding-left: 0;
                 text-align: left; white-space: normal; min-width: 6rem; }
tbody tr:hover > * { background: var(--shade); }
td small { display: block; color: var(--quiet); }
.pictures { align-items: flex-start; display: flex; flex-wrap: wrap; gap: .8rem; }
figure { margin: 0; }
img { display: block; height: auto; min-width: 8rem; max-width: min(20rem, 43vw); }
figcaption { font-size: 13px; color: var(--quiet); max-width: min(20rem, 43vw); overflow-wrap: anywhere; }
pre { background: var(--shade); padding: .8rem; overflow-x: auto; font-size: 12px; }
summary { cursor: pointer; }
footer { color: var(--quiet); font-size: 13px; margin-top: 2rem; }
@media print { figure, tr { break-inside: avoid; } .table { overflow: visible; } }
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
        # Names of files may be bytes that are no text.
        partial.write_text(as_html(evaluation), encoding="utf-8", errors="backslashreplace")


def as_html(evaluation: Evaluation) -> str:
    """The report as the text of an HTML file, which refers to nothing outside of itself."""
    title = html.escape(evaluation.title)
    parts = [f"<h1>{title}</h1>"]
    if evaluation.explained():
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in evaluation.explained())
        parts.append(f'<ul class="notes">{notes}</ul>')
    for name, grid in evaluation.grids():
        parts += [f"<h2>{html.escape(name)}</h2>", _table(grid)]
    if evaluation.gallery:
        parts.append("<h2>Pictures</h2>")
    for name, pictures in evaluation.gallery:
        figures = "\n".join(_figure(caption, picture) for caption, picture in pictures)
        parts += [f"<h3>{html.escape(name)}</h3>", f'<div class="pictures">{figures}</div>']
    protocol = json.dumps(evaluation.record()["protocol"], indent=2, ensure_ascii=False)
    parts += [
        f"<h2>Protocol</h2>\n<details><summary>As JSON</summary><pre>{html.escape(protocol)}</pre></details>",
        f"<footer>Made by keras_stylegan {__version__}.</footer>",
    ]
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _table(grid: list[list[tuple[str, str]]]) -> str:
    header = "".join(f'<th scope="col">{html.escape(name)}</th>' for name, _ in grid[0])
    lines = "\n".join(
        f'<tr><th scope="row">{html.escape(name)}</th>{"".join(map(_cell, cells))}</tr>'
        for (name, _), *cells in grid[1:]
    )
    # With a place in the order of the tabulator, a table wider than the screen can be moved by keys.
    return (
        f'<div class="table" tabindex="0"><table><thead><tr>{header}</tr></thead>\n<tbody>{lines}</tbody></table></div>'
    )


def _cell(cell: tuple[str, str]) -> str:
    number, interval = (html.escape(part) for part in cell)
    return f"<td>{number}<small>{interval}</small></td>" if interval else f"<td>{number}</td>"


def _figure(caption: str, picture: np.ndarray) -> str:
    shown, file = Image.fromarray(picture), io.BytesIO()
    shown.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.LANCZOS)
    shown.save(file, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    encoded = base64.b64encode(file.getvalue()).decode("ascii")
    text, size = html.escape(caption), f'width="{shown.width}" height="{shown.height}"'
    source = f"data:image/jpeg;base64,{encoded}"
    return f'<figure><img alt="{text}" {size} src="{source}"><figcaption>{text}</figcaption></figure>'
