"""`keras-stylegan runs` lists runs by their files alone, in whatever state they were left."""

import json

import pytest

from keras_stylegan import cli
from keras_stylegan.run_records import find_runs, read_run, running, state_of_network


def make_run(path, kimg=1.0, monitor="loss", lines=(), checkpoint=None, state=None):
    path.mkdir(parents=True)
    config = {"system": "toy", "settings": {"kimg": kimg, "monitor": monitor}, "facts": {}}
    (path / "config.json").write_text(json.dumps(config))
    if lines:
        (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"kimg": 9')
    if checkpoint is not None:
        (path / "checkpoints").mkdir()
        (path / "checkpoints" / f"checkpoint-{checkpoint:012d}.npz").touch()
    if state is not None:
        (path / "state.json").write_text(json.dumps(state))
    return path


@pytest.fixture
def folder(tmp_path):
    lines = [{"kimg": 0.1, "loss": 3.0}, {"kimg": 0.2, "loss": 1.5}, {"kimg": 0.3, "loss": None}, {"kimg": 0.4}]
    make_run(tmp_path / "a", lines=lines, checkpoint=500, state={"state": "running"})  # nobody holds its lock
    make_run(tmp_path / "deep" / "b", monitor="", lines=lines, state={"state": "failed", "reason": "no luck"})
    make_run(tmp_path / "c", state={"state": "finished"}, checkpoint=1000)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text('{"something": "else"}')
    return tmp_path


def test_runs_as_json(folder, capsys):
    assert cli.main(["runs", str(folder), "--json"]) == 0
    first, second, third = json.loads(capsys.readouterr().out)
    assert first == {
        "path": str(folder / "a"), "system": "toy", "state": "stopped", "reason": "killed", "kimg": 0.5,
        "total_kimg": 1.0, "metric": "loss", "best": 1.5, "best_kimg": 0.2,
    }  # fmt: skip
    assert (second["state"], second["kimg"], second["best"]) == ("finished", 1.0, None)
    assert (third["path"], third["state"], third["reason"]) == (str(folder / "deep" / "b"), "failed", "no luck")
    assert third["metric"] == "" and third["best"] is None and third["kimg"] == 0.4


def test_runs_as_a_table(folder, capsys):
    assert cli.main(["runs", str(folder)]) == 0
    header, first, *_ = capsys.readouterr().out.splitlines()
    assert header.split() == ["run", "system", "state", "kimg", "best"]
    assert first.split() == [
        str(folder / "a"), "toy", "stopped", "0.5/1", "loss", "1.5", "at", "0.2", "kimg", "killed",
    ]  # fmt: skip
    (folder / "empty").mkdir()
    assert cli.main(["runs", str(folder / "empty")]) == 0
    assert "no runs in" in capsys.readouterr().out
    assert cli.main(["runs", str(folder / "nowhere")]) == 2
    assert "`DIR` must be a folder" in capsys.readouterr().err


def test_damaged_and_foreign_files_hide_no_run(folder, capsys):
    """What a power cut or a copy leaves: a line of zeros, half a line, a state that is none."""
    with (folder / "a" / "metrics.jsonl").open("ab") as file:
        file.write(b"\n\0\0\0\xff\n7\n" + b'{"kimg": 0.7, "loss": 1.0}\n')
    (folder / "c" / "state.json").write_text("[]")
    for name, content in (("list", b"[]"), ("bytes", b"\xff"), ("half", b'{"system": "toy"')):
        (folder / name).mkdir()
        (folder / name / "config.json").write_bytes(content)
    assert cli.main(["runs", str(folder), "--json"]) == 0
    first, second, _ = json.loads(capsys.readouterr().out)
    assert (first["best"], first["kimg"]) == (1.0, 0.7)
    assert second["reason"] == "before it began to train"


def test_a_run_that_was_killed_before_its_first_line_has_a_state(tmp_path):
    assert state_of_network(make_run(tmp_path / "a", checkpoint=0)) == (0, {})
    assert state_of_network(make_run(tmp_path / "b")) == (0, {})
    lines = [{"images": 4, "kimg": 0.004}, {"images": 8, "kimg": 0.008}]
    assert state_of_network(make_run(tmp_path / "c", checkpoint=6, lines=lines)) == (6, lines[0])


def test_states_follow_the_process(tmp_path):
    run = make_run(tmp_path / "run")
    assert (read_run(run).state, read_run(run).reason) == ("stopped", "before it began to train")
    with running(run):
        assert read_run(run).state == "running"
        assert find_runs(run) == [read_run(run)]
    assert read_run(run).state == "finished"
    for error, state, reason in (
        (KeyboardInterrupt(), "stopped", "interrupted"),
        (SystemExit(143), "stopped", "terminated"),
        (OSError(28, "No space left on device", "there"), "failed", "[Errno 28] No space left on device: 'there'"),
    ):
        with pytest.raises(type(error)), running(run):
            raise error
        assert (read_run(run).state, read_run(run).reason) == (state, reason)
