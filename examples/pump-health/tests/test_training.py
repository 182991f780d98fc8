"""The train command as the platform runs it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import yaml

import train
from features import layout
from training.dataset import read_groups
from training.model import fit_model
from training.outputs import THRESHOLD
from training.run_settings import Parameters, TrainingError

PROJECT = Path(__file__).resolve().parent.parent


def variables(data: Path, out: Path, checkpoint: Path, params: dict | None = None) -> dict[str, str]:
    out.mkdir(parents=True, exist_ok=True)
    params_file = out / "params.json"
    params_file.write_text(json.dumps(params or {}))
    folders = {"WINDLASS_DATA": data, "WINDLASS_OUT": out, "WINDLASS_PARAMS": params_file}
    named = folders | {"WINDLASS_CHECKPOINT": checkpoint, "WINDLASS_SEED": 7}
    return {name: str(value) for name, value in named.items()}


def run_command(project: Path, environment: dict[str, str]) -> list[str]:
    """Runs train.py as a process of its own; gives the lines of its stdout."""
    run = subprocess.run(
        [sys.executable, "-B", "train.py"],
        cwd=project,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


@pytest.fixture
def run_here(monkeypatch, capsys):
    """Runs the train command in this process; gives the lines of its stdout."""

    def run(environment: dict[str, str]) -> list[str]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        train.main()
        return capsys.readouterr().out.splitlines()

    return run


def models(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(out.rglob("*.onnx"))}


def messages(lines: list[str]) -> list[str]:
    return [json.loads(line)["message"] for line in lines]


@pytest.fixture(scope="module")
def first(snapshot, tmp_path_factory):
    folder = tmp_path_factory.mktemp("first")
    return run_command(PROJECT, variables(snapshot, folder / "out", folder / "checkpoint")), folder


def test_it_writes_what_the_platform_reads(first):
    out = first[1] / "out"
    assert sorted(models(out)) == ["0.onnx", "1.onnx", "model.onnx"]
    lines = [json.loads(line) for line in first[0]]
    assert lines[-1]["progress"] == 1.0
    assert [line["progress"] for line in lines] == sorted(line["progress"] for line in lines)
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics == lines[-1]["metrics"]
    assert all(isinstance(value, (int, float)) for value in metrics.values())
    assert metrics["groups"] == 4
    assert metrics["f1"] > 0.9 > metrics["alwaysAlarmF1"]


def test_golden_rows_hold_for_the_written_model(first):
    out = first[1] / "out"
    golden = json.loads((out / "golden.json").read_text())
    assert golden["schema"] == "windlass.golden/1"
    feed = {
        name: np.array(tensor["data"], dtype=np.float32).reshape(tensor["shape"])
        for name, tensor in golden["inputs"].items()
    }
    assert len(feed["window"]) >= 1000
    (probability,) = onnxruntime.InferenceSession(out / "model.onnx").run(None, feed)
    np.testing.assert_allclose(probability, golden["outputs"]["probability"]["data"], atol=1e-5)
    assert np.ptp(probability) > 0.9


def test_the_same_data_and_seed_give_the_same_bytes_in_another_folder(first, snapshot, tmp_path):
    elsewhere = tmp_path / "another place" / "project"
    shutil.copytree(PROJECT, elsewhere, ignore=shutil.ignore_patterns(".venv", "__pycache__", "reports", "tests"))
    moved = shutil.copytree(snapshot, tmp_path / "moved data")
    run_command(elsewhere, variables(moved, tmp_path / "out", tmp_path / "checkpoint"))
    assert models(tmp_path / "out") == models(first[1] / "out")


def test_a_run_that_was_killed_goes_on_from_its_finished_folds(first, snapshot, tmp_path, run_here):
    checkpoint = shutil.copytree(first[1] / "checkpoint", tmp_path / "checkpoint")
    (unfinished,) = checkpoint.rglob("fold-1.npz")
    unfinished.unlink()
    said = messages(run_here(variables(snapshot, tmp_path / "out", checkpoint)))
    assert "fold 0: taken from the checkpoint" in said
    assert any(message.startswith("fold 1: fitted") for message in said)
    assert models(tmp_path / "out") == models(first[1] / "out")


def test_checkpoints_of_other_parameters_are_not_used(first, snapshot, tmp_path, run_here):
    checkpoint = shutil.copytree(first[1] / "checkpoint", tmp_path / "checkpoint")
    said = messages(run_here(variables(snapshot, tmp_path / "out", checkpoint, {"squash": 5})))
    assert not any("checkpoint" in message for message in said)
    assert models(tmp_path / "out") != models(first[1] / "out")


def test_what_is_wrong_is_said_and_nothing_is_written(snapshot, tmp_path, run_here):
    with pytest.raises(TrainingError, match="unknown parameter 'sqash'"):
        run_here(variables(snapshot, tmp_path / "out", tmp_path / "checkpoint", {"sqash": 5}))
    assert models(tmp_path / "out") == {}


@pytest.mark.parametrize("bad", [{"squash": 0}, {"squash": "8"}, {"selection_folds": 2.5}, ["squash"]])
def test_bad_parameters_are_refused(bad):
    with pytest.raises(TrainingError):
        Parameters.parse(bad)


def test_held_out_pumps_do_not_touch_their_folds_model(snapshot):
    groups, _ = read_groups(snapshot)
    inside = [group.windows for group in groups if group.fold != 0]
    alone = fit_model(inside, Parameters(), seed=7)
    assert len(inside) == 2
    assert {group.name for group in groups} == {"pump-0", "pump-1", "pump-2", "pump-3"}
    assert (alone.floor != fit_model([g.windows for g in groups], Parameters(), seed=7).floor).any()


def test_windlass_yaml_and_the_code_agree():
    spec = yaml.safe_load((PROJECT / "windlass.yaml").read_text(encoding="utf-8"))
    assert tuple(column["name"] for column in spec["data"]["columns"]) == layout.COLUMNS
    assert spec["model"]["window"] == layout.WINDOW
    assert spec["model"]["calibration"]["rows"] == layout.CALIBRATION_ROWS
    assert spec["data"]["label"] == layout.LABEL
    assert spec["model"]["threshold"] == THRESHOLD
    assert Parameters.parse(spec["train"]["params"]) == Parameters()
