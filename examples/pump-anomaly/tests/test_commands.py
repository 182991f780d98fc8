"""The two commands as the platform runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import pump_rows

from anomaly import layout
from anomaly.fitting import fit_calibration

PROJECT = Path(__file__).resolve().parent.parent


def run(command: str, **variables: Path) -> subprocess.CompletedProcess:
    environment = os.environ | {name: str(value) for name, value in variables.items()}
    arguments = [sys.executable, "-B", command]
    return subprocess.run(arguments, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=120)


def test_training_writes_what_the_platform_reads(snapshot, tmp_path):
    done = run("train.py", WINDLASS_DATA=snapshot, WINDLASS_OUT=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["progress"] == 1
    model = (tmp_path / "model.onnx").read_bytes()
    assert {path.name: path.read_bytes() for path in (tmp_path / "folds").iterdir()} == {
        "0.onnx": model,
        "1.onnx": model,
    }
    golden = json.loads((tmp_path / "golden.json").read_text())
    assert {name: tensor["shape"] for name, tensor in golden["inputs"].items()} == {
        "window": [1024, 5, 8],
        "mean": [1024, 8],
        "scale": [1024, 8],
        "loadings": [1024, 8, 8],
        "eigenvalues": [1024, 8],
        "limits": [1024, 2],
    }
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["rows"] == 4 * 400
    assert metrics["f1"] > 0.9


def test_calibration_gives_the_declared_tensors_of_each_pump(tmp_path):
    rows, _ = pump_rows(7)
    commissioning, out = tmp_path / "in", tmp_path / "out"
    commissioning.mkdir()
    lines = [",".join(layout.COLUMNS), *(",".join(f"{value:.9g}" for value in row) for row in rows[:400])]
    (commissioning / "0.csv").write_text("\n".join(lines) + "\n")
    (commissioning / "manifest.json").write_text(
        json.dumps({"groups": [{"group": "pump-7", "file": "0.csv", "out": "0.json"}]})
    )
    done = run("calibrate.py", WINDLASS_COMMISSIONING=commissioning, WINDLASS_OUT=out)
    assert done.returncode == 0, done.stderr
    written = json.loads((out / "0.json").read_text())
    for name, tensor in fit_calibration(rows[:400]).tensors().items():
        np.testing.assert_allclose(written[name], tensor, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("cell", "message"), [("", "0 complete commissioning rows"), ("?", "line 2 is not a row")])
def test_a_pump_that_cannot_be_calibrated_is_named(tmp_path, cell, message):
    lines = [",".join(layout.COLUMNS), *([",".join([cell] * 8)] * 400)]
    (tmp_path / "0.csv").write_text("\n".join(lines) + "\n")
    manifest = {"groups": [{"group": "pump-7", "file": "0.csv", "out": "0.json"}]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    done = run("calibrate.py", WINDLASS_COMMISSIONING=tmp_path, WINDLASS_OUT=tmp_path / "out")
    assert done.returncode == 3
    assert "pump-7" in done.stderr
    assert message in done.stderr


def test_windlass_yaml_says_the_same():
    spec = yaml.safe_load((PROJECT / "windlass.yaml").read_text(encoding="utf-8"))
    model = spec["model"]
    assert tuple(column["name"] for column in spec["data"]["columns"]) == layout.COLUMNS
    assert (model["window"], model["calibration"]["rows"]) == (layout.WINDOW, layout.CALIBRATION_ROWS)
    assert (spec["data"]["label"], model["threshold"]) == (layout.LABEL, layout.THRESHOLD)
    rows, _ = pump_rows(1)
    tensors = fit_calibration(rows[:400]).tensors()
    assert {t["name"]: t["shape"] for t in model["calibration"]["tensors"]} == {
        name: list(tensor.shape) for name, tensor in tensors.items()
    }
