"""What ships of super-resolution: the packaged file, tiles, `keras-stylegan upscale`."""

import json
import pathlib
import shutil
import sys

import numpy as np
import pytest
from PIL import Image
from toy_super_resolution import photograph, tiny_network, write_photographs

from keras_stylegan import cli, pretrained
from keras_stylegan.inference import upscaler as upscaling
from keras_stylegan.networks import SuperResolutionNetwork, UNetTranslator


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    return write_photographs(tmp_path_factory.mktemp("photographs"))


@pytest.fixture(scope="module")
def assets(tmp_path_factory, photographs):
    """The package's files of a run, and the network that it left."""
    pytest.importorskip("tensorflow")
    from keras_stylegan.exporters.upscaler import package_upscaler
    from keras_stylegan.presets import as_dict, get_preset

    run, assets = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("assets")
    network = SuperResolutionNetwork(4, filters=4, num_blocks=1, dtype="mixed_bfloat16")
    network.build()
    network.set_weights(tiny_network().get_weights())
    network.save(run / "network.keras")
    settings = as_dict(get_preset("super_resolution"))
    config = {"system": "super_resolution", "settings": {**settings, "filters": 4, "num_blocks": 1}, "facts": {}}
    (run / "config.json").write_text(json.dumps(config))
    (run / "metrics.jsonl").write_text(json.dumps({"images": 800, "generator/pixel": 0.05}) + "\n")
    (assets / "manifest.json").write_text('{"compact": {"file": "x"}}')
    entry = package_upscaler(run, assets, "Four pictures.", "Free.", photographs)
    return assets, entry, run


@pytest.fixture()
def upscaler(assets):
    return upscaling.Upscaler((assets[0] / "weights/super_resolution.tflite").read_bytes(), 1)


def test_packaged_files_say_what_they_are(assets):
    folder, entry, _ = assets
    assert sorted(path.name for path in folder.rglob("*.*")) == [
        "manifest.json", "super_resolution.md", "super_resolution.tflite"
    ]  # fmt: skip
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest) == {"compact", "super_resolution"} and manifest["super_resolution"] == entry
    assert entry["images_seen"] == 800 and entry["factor"] == 4 and entry["losses"] == {"pixel": 0.05}
    assert entry["recipe"].startswith("keras-stylegan train super_resolution --data PICTURES --out RUN --set filters=4")
    assert set(entry["scores"]) == {"bicubic", "network"}
    assert entry["parity"]["pictures"] == 4 and entry["parity"]["mean"] < 0.5 and entry["parity"]["greatest"] <= 1
    card = (folder / "weights/super_resolution.md").read_text()
    assert f"| bicubic | {entry['scores']['bicubic']['psnr']:.2f} |" in card and "Four pictures." in card
    assert f"at most, over {entry['parity']['pictures']} photographs." in card


def test_what_ships_may_lie_between_a_run_and_the_one_that_it_began_with(assets, photographs, tmp_path):
    from keras_stylegan.exporters.upscaler import package_upscaler

    run = tmp_path / "run"
    shutil.copytree(assets[2], run)
    config = json.loads((run / "config.json").read_text())
    (tmp_path / "first").mkdir()
    first = tiny_network(seed=3)
    first.save(tmp_path / "first/network.keras")
    given = (run, tmp_path, "Four pictures.", "Free.", photographs)
    for start in ("", str(tmp_path / "missing")):
        config["settings"]["start_from"] = start
        (run / "config.json").write_text(json.dumps(config))
        with pytest.raises(ValueError, match="`share` below 1 needs the run that `run` began with"):
            package_upscaler(*given, share=0.25)
    config["settings"]["start_from"] = str(tmp_path / "first")
    (run / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="`share` must be above 0 and at most 1. Received: share=1.5"):
        package_upscaler(*given, share=1.5)
    assert not (tmp_path / "weights").exists()
    (tmp_path / "manifest.json").write_text("{}")
    assert package_upscaler(*given, share=0.25)["share"] == 0.25
    between = tiny_network()
    pairs = zip(first.get_weights(), tiny_network().get_weights(), strict=True)
    between.set_weights([0.75 * one + 0.25 * other for one, other in pairs])
    shipped = upscaling.Upscaler((tmp_path / "weights/super_resolution.tflite").read_bytes(), 1)
    small = photograph(12, 20)
    difference = shipped.run(small).astype(int) - upscaling.Upscaler(between).run(small)
    assert np.abs(difference).max() <= 1
    assert "25% of the way" in (tmp_path / "weights/super_resolution.md").read_text()


def test_the_file_computes_what_the_network_computes(upscaler):
    picture = photograph(21, 34)
    enlarged = np.asarray(tiny_network()(picture[None] / 127.5 - 1.0))[0]
    ours = upscaler.run(picture)
    assert upscaler.factor == 4 and ours.shape == (84, 136, 3) and ours.dtype == np.uint8
    assert np.abs(ours.astype(int) - np.clip(np.rint((enlarged + 1) * 127.5), 0, 255)).max() <= 1


def test_tiles_are_parts_of_the_whole(assets, upscaler):
    content = (assets[0] / "weights/super_resolution.tflite").read_bytes()
    picture = photograph(50, 37)
    tiled = upscaling.Upscaler(content, 1, tile=16, margin=tiny_network().reach)
    np.testing.assert_allclose(tiled.run(picture).astype(int), upscaler.run(picture), atol=1)
    torn = upscaling.Upscaler(content, 1, tile=16, margin=0)
    assert np.abs(torn.run(picture).astype(int) - upscaler.run(picture)).max() > 3


def test_tiles_of_a_file_overlap_as_far_as_its_export_says(assets, tmp_path):
    file = tmp_path / "deep.tflite"
    file.write_bytes((assets[0] / "weights/super_resolution.tflite").read_bytes())
    assert upscaling.open_upscaler(file).margin == upscaling.MARGIN
    for facts, margin in (('{"reach": 40}', 40), ('{"reach": "far"}', upscaling.MARGIN), ("[]", upscaling.MARGIN)):
        file.with_suffix(".json").write_text(facts)
        assert upscaling.open_upscaler(file).margin == margin


def test_a_run_enlarges_as_its_file_does(assets, upscaler, files, capsys):
    opened, picture = upscaling.open_upscaler(assets[2]), photograph(21, 34)
    assert opened.factor == 4 and opened.margin == tiny_network().reach
    np.testing.assert_allclose(opened.run(picture).astype(int), upscaler.run(picture), atol=6)  # bfloat16
    tiled = upscaling.Upscaler(tiny_network(), tile=8)
    np.testing.assert_allclose(tiled.run(picture).astype(int), upscaler.run(picture), atol=1)
    call = ["upscale", files["photo.png"], "-o", files["out.png"], "--model"]
    assert cli.main([*call, str(assets[2])]) == 0
    with Image.open(files["out.png"]) as result:
        assert result.size == (52, 36)
    pathlib.Path(files["out.png"]).unlink()
    other = pathlib.Path(files["out.png"]).with_name("other.keras")
    network = UNetTranslator(1, 2)
    network.build()
    network.save(other)
    for model, message in (
        (assets[0], "`model` must be the run directory of a network that enlarges, with network.keras. Received: "),
        (other, "`model` must hold a network that enlarges. Received: "),
    ):
        capsys.readouterr()
        assert cli.main([*call, str(model)]) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1 and not pathlib.Path(files["out.png"]).exists()


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (7, 5)])
def test_tiny_pictures_are_enlarged(upscaler, size):
    assert upscaler.run(photograph(*size)).shape == (4 * size[0], 4 * size[1], 3)


def test_alpha_is_enlarged_too_and_size_is_limited(upscaler):
    picture = Image.fromarray(photograph(10, 12)).convert("RGBA")
    assert upscaler.upscale(picture).mode == "RGBA" and upscaler.upscale(picture).size == (48, 40)
    with pytest.raises(ValueError, match="at most 100 pixels .* Received: 12x10, enlarged 48x40"):
        upscaler.upscale(picture, max_pixels=100)


def test_no_network_is_too_large_to_ship(assets, photographs, monkeypatch, tmp_path):
    from keras_stylegan.exporters import upscaler as exporter

    with pytest.raises(ValueError, match="`run` must be the run directory of a super-resolution network, with"):
        exporter.package_upscaler(tmp_path, tmp_path / "assets", "", "", photographs)
    tiny_network().save(tmp_path / "network.keras")
    (tmp_path / "config.json").write_text('{"system": "super_resolution"}')
    monkeypatch.setattr(exporter, "convert", lambda *arguments, **options: bytes(exporter.MAX_BYTES + 1))
    with pytest.raises(ValueError, match="at most 4000000 bytes. Received: 4000001"):
        exporter.package_upscaler(tmp_path, tmp_path / "assets", "", "", photographs)
    assert not (tmp_path / "assets").exists()


@pytest.fixture()
def files(tmp_path, assets):
    Image.fromarray(photograph(9, 13)).save(tmp_path / "photo.png")
    (tmp_path / "broken.tflite").write_bytes(b"none")
    model = str(assets[0] / "weights/super_resolution.tflite")
    return {"model": model, **{name: str(tmp_path / name) for name in ("photo.png", "out.png", "broken.tflite")}}


def test_command_enlarges_without_tensorflow(files, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert cli.main(["upscale", files["photo.png"], "-o", files["out.png"], "--model", files["model"]]) == 0
    assert "52x36" in capsys.readouterr().out
    with Image.open(files["out.png"]) as result:
        assert result.size == (52, 36)
    folder = pathlib.Path(files["photo.png"]).with_name("photos")
    folder.mkdir()
    for name in ("a", "b"):
        Image.open(files["photo.png"]).save(folder / f"{name}.png")
    (folder / "c.png").write_bytes(b"broken")
    call = ["upscale", str(folder), "-o", str(folder / "large"), "--model", files["model"], "--max-size", "26"]
    assert cli.main(call) == 1 and "1 of 3 pictures failed" in capsys.readouterr().err
    for name in ("a", "b"):
        assert np.asarray(Image.open(folder / "large" / f"{name}.png")).shape == (18, 26, 3)


def test_command_takes_the_packaged_network(files, assets, monkeypatch):
    monkeypatch.setattr(pretrained, "assets", lambda: assets[0])
    assert cli.main(["upscale", files["photo.png"], "-o", files["out.png"]]) == 0
    monkeypatch.setattr(pretrained, "assets", lambda: pathlib.Path("/nowhere"))
    assert cli.main(["upscale", files["photo.png"], "-o", files["out.png"]]) == 2


def test_the_packaged_network_beats_the_bicubic_filter():
    """On the sample photograph that was not among those of its training."""
    from keras_stylegan.exporters.upscaler import shrink
    from keras_stylegan.metrics import psnr

    (sample,) = [file for file in pretrained.sample_photographs() if file.name == "temple.jpg"]
    with sample.open("rb") as file:
        truth, small = shrink(np.asarray(Image.open(file).convert("RGB"))[100:260, 200:440], 4)
    bicubic = np.asarray(Image.fromarray(small).resize(truth.shape[1::-1], Image.Resampling.BICUBIC))
    packaged = upscaling.open_upscaler()
    assert psnr(packaged.run(small), truth) > psnr(bicubic, truth) + 0.3
    # Sharper, too: steps between neighbours are greater, though not beyond the photograph's.
    steps = [np.abs(np.diff(x.astype(float), axis=1)).mean() for x in (bicubic, packaged.run(small), truth)]
    assert 1.5 * steps[0] < steps[1] < steps[2]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ["{photo.png}", "-o", "{out.png}", "--model", "{broken.tflite}"],
            "broken.tflite: not a network that enlarges",
        ),
        (["{photo.png}", "-o", "{out.png}", "--model", "missing.tflite"], "missing.tflite"),
        (["{photo.png}", "-o", "{out.png}", "--max-pixels", "0"], "`--max-pixels` must be at least 1"),
        (["{photo.png}", "-o", "{out.png}", "--model", "{model}", "--max-pixels", "99"], "at most 99 pixels"),
        (["{photo.png}", "-o", "{photo.png}"], "would overwrite its own input"),
        (["{broken.tflite}", "-o", "{out.png}"], "broken.tflite: not a picture"),
    ],
)
def test_command_mistakes_are_one_line_and_exit_2(files, capsys, arguments, message):
    for name, path in files.items():
        arguments = [argument.replace(f"{{{name}}}", path) for argument in arguments]
    assert cli.main(["upscale", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not pathlib.Path(files["out.png"]).exists()


@pytest.mark.parametrize("output", ["folder", "grid.png"])
def test_generated_pictures_are_enlarged_beside_themselves(files, tmp_path, monkeypatch, capsys, output):
    from keras_stylegan.inference import generator

    class Stand(generator.PictureGenerator):
        classes, _truncates = (), False

        def __init__(self):
            pass

        def generate(self, seeds, label, truncation, report, codes):
            return np.stack([photograph(8, 8, seed) for seed in seeds])

    monkeypatch.setattr(generator, "open_generator", lambda source, runtime: Stand())
    call = ["generate", "--n", "2", "-o", str(tmp_path / output), "--upscale", files["model"]]
    assert cli.main(call) == 0
    written = [pathlib.Path(line) for line in capsys.readouterr().out.splitlines()]
    sizes = {}
    for path in written:
        with Image.open(path) as picture:
            sizes[path.name] = picture.size
    if output == "grid.png":
        assert set(sizes) == {"grid.png", "grid_x4.png"}
    else:
        assert sizes == {
            f"seed000{i}{end}.png": size for i in (0, 1) for end, size in (("", (8, 8)), ("_x4", (32, 32)))
        }
    assert cli.main([*call[:-1], files["broken.tflite"]]) == 2


def test_a_file_of_another_network_is_refused():
    content = (pathlib.Path(__file__).parent / "data" / "stand_in.tflite").read_bytes()
    with pytest.raises(ValueError, match="`model` must be a LiteRT file with the signature upscale"):
        upscaling.Upscaler(content, 1)
    with pytest.raises(ValueError, match="`tile` must be positive"):
        upscaling.Upscaler(content, 1, tile=0)
