"""What is packed, and what a fresh clone must not contain."""

import ast
import configparser
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

ROOT = pathlib.Path(__file__).parents[1]
# The places of somebody's own machine, spelt so that this file does not contain them.
MACHINE_PATHS = re.compile("|".join(f"(?<![\\w.])/{word}/" for word in ("work", "root", "home", "Users")).encode())
MAX_TRACKED_MEGABYTES = 25


@pytest.fixture(scope="session")
def tracked():
    """The files of the repository, or skips where this is no git checkout."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="session")
def wheel(tracked, tmp_path_factory):
    """A wheel built from the tracked files alone; returns the names in it."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in tracked:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run([*pip, "--wheel-dir", str(out), str(source)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(out.glob("*.whl"))) as archive:
        return archive.namelist()


def test_package_list_equals_the_folders():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = config["options"]["packages"].split()
    folders = {path.parent for path in (ROOT / "keras_stylegan").rglob("__init__.py")}
    expected = {".".join(folder.relative_to(ROOT).parts) for folder in folders} | {"keras_stylegan.assets"}
    assert sorted(listed) == sorted(expected) and listed == sorted(listed)
    modules = {path.parent for path in (ROOT / "keras_stylegan").rglob("*.py")}
    assert modules == folders, "a folder of modules has no __init__.py"


@pytest.mark.slow
def test_wheel_holds_code_and_assets_and_nothing_else(tracked, wheel):
    code = {name for name in tracked if name.startswith("keras_stylegan/") and name.endswith(".py")}
    assets = {
        name.replace("assets/", "keras_stylegan/assets/", 1)
        for name in tracked
        if re.match(r"assets/(__init__\.py|manifest\.json|(samples|styles|weights)/)", name)
    }
    packed = {name for name in wheel if ".dist-info/" not in name}
    assert packed == code | assets
    assert not [name for name in wheel if "assets/images" in name]
    assert any(name.endswith("entry_points.txt") for name in wheel)
    assert any(name.endswith("LICENSE") for name in wheel)


def test_every_test_file_has_tests():
    for path in sorted((ROOT / "tests").rglob("*.py")):
        names = [node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
        tests = [name for name in names if name.startswith("test")]
        if path.name.startswith("test_"):
            assert tests, f"{path.name} holds no test"
            assert all(name.startswith("test_") for name in tests), path.name
            assert len(set(tests)) == len(tests), f"{path.name} defines a test twice"
        else:
            assert not tests, f"{path.name} holds tests that pytest does not collect"


def test_no_paths_of_a_machine(tracked):
    for name in tracked:
        found = MACHINE_PATHS.search((ROOT / name).read_bytes())
        assert not found, f"{name} holds {found.group().decode()}"


def test_tracked_tree_is_small(tracked):
    assert sum((ROOT / name).stat().st_size for name in tracked) < MAX_TRACKED_MEGABYTES * 1e6


def test_files_stay_short(tracked):
    for name in tracked:
        if name.endswith(".py") and not name.startswith("tests/"):
            assert len((ROOT / name).read_text().splitlines()) <= 500, name
