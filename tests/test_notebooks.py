"""The notebooks run from top to bottom, with small numbers in the place of those that they begin with."""

import json
import pathlib

import pytest

NOTEBOOKS = pathlib.Path(__file__).parents[1] / "training" / "notebooks"
SMALL = {
    "own_styles_to_a_phone": {"KIMG": 0.012},
    "paint_photographs": {},
    "train_a_gan_with_fit": {"EPOCHS": 1, "STEPS_PER_EPOCH": 2, "PICTURES": 64},
}


def test_all_notebooks_are_here():
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} == set(SMALL)


@pytest.mark.filterwarnings("ignore:A Fréchet distance of 64 images")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.soak] if name == "own_styles_to_a_phone" else []) for name in SMALL]
)
def test_notebook_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    notebook = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text("utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells), "kept without outputs"
    names = {}
    for number, cell in enumerate(cells):
        exec(compile("".join(cell["source"]), f"{name}, code cell {number}", "exec"), names)
        names.update({key: value for key, value in SMALL[name].items() if key in names})
    assert set(SMALL[name]) <= set(names)
    assert list(tmp_path.iterdir())
