"""What README and the guides show runs as it stands there."""

import pathlib
import re
import shlex

import pytest
from PIL import Image
from stand_in import photograph

from keras_stylegan import cli, pretrained

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FOLDERS = ("benchmarks", "export", "export/mobile", "export/serve", "export/web", "training")
PAGES = [*GUIDES, ROOT / "CONTRIBUTING.md", *(ROOT / folder / "README.md" for folder in FOLDERS)]


def blocks(page):
    return re.findall(r"```(python)?\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def name_of(page):
    return page.relative_to(ROOT).as_posix()


def anchors(page):
    """Of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    for path, _, anchor in (target.partition("#") for target in targets if "://" not in target):
        file = page.parent / path if path else page
        assert file.exists(), path
        assert not anchor or anchor in anchors(file), f"{path}#{anchor}"


def test_readme_leads_to_every_guide():
    assert not [guide for guide in GUIDES[1:] if f"(docs/{guide.name})" not in README]


@pytest.mark.parametrize("page", [page for page in GUIDES if any(kind for kind, _ in blocks(page))], ids=name_of)
def test_python_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("photos").mkdir()
    for number in range(16):
        Image.fromarray(photograph(96, 80, number)).save(f"photos/{number}.jpg")
    Image.fromarray(photograph(96, 80)).save("photo.jpg")
    mask = Image.new("L", (96, 80))
    mask.paste(255, (48, 0, 96, 80))
    mask.save("photo_sky.png")
    names = {}
    for code in (code for kind, code in blocks(page) if kind):
        exec(compile(code, page.name, "exec"), names)
    if "picture" in names:
        assert names["picture"].size == (96, 80)
    if "batches" in names:
        assert len(names["batches"][0]["images"]) in (4, 16)
    if "model" in names:
        assert int(names["model"].images_seen) == 8


def command_lines():
    lines = [line for page in GUIDES for kind, text in blocks(page) if not kind for line in text.splitlines()]
    return [part for line in lines for part in re.findall(r"(keras-stylegan [^|&>\[]+)", line)]


@pytest.mark.parametrize("line", dict.fromkeys(command_lines()))
def test_commands_are_understood(line, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    # No file of these names exists: what is to be seen is that the arguments themselves are accepted.
    arguments = shlex.split(line)[1:]
    if arguments[0] in ("demo", "styles"):
        return
    if "-" in arguments:
        arguments[arguments.index("-")] = "missing.jpg"
    if arguments[0] in ("generate", "interpolate", "directions", "mix") and "--from" not in arguments:
        assert cli.main(arguments) == 0  # the packaged generator needs no file
        return
    assert cli.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "usage" not in error
    placeholders = (
        "photo any_picture mine upscaler missing.jpg clip.mp4 OpenCV PHOTOGRAPHS PAIRS SETS DOMAINS painting RUN "
        "SCENES DIR ENCODER"
    )
    assert any(word in error for word in placeholders.split())


def test_sizes_are_those_of_the_packaged_network():
    entry = pretrained.network_entry("multistyle")
    assert f"One network of {entry['parameters'] / 1e6:.2f} M parameters" in README
    assert f"from one {entry['litert']['bytes'] / 1e6:.1f} MB file" in README


def test_styles_named_are_packaged():
    names = {style["name"] for style in pretrained.network_entry("multistyle")["styles"]}
    lines = [line for page in GUIDES for line in page.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if "--bank" not in line]  # where own styles are named too
    mentioned = set(re.findall(r"--style ([a-z_0-9=,.]+)", "\n".join(lines)))
    assert {name.partition("=")[0] for text in mentioned for name in text.split(",") if "." not in text} <= names
    assert f"any of {len(names)} named styles" in README
