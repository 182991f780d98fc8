"""Small pumps with a planted fault: flow falls by five of its standard deviations."""

import hashlib
import json
import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as train.py does

import numpy as np
import pytest

from features.layout import CALIBRATION_ROWS, COLUMNS
from features.windows import cut_windows

USUAL = np.array([0.027, 0.040, 0.97, 0.07, 70.0, 25.0, 230.0, 32.0])
SPREAD = np.array([0.0004, 0.0009, 0.27, 0.25, 0.5, 0.03, 10.0, 0.45])
ROWS = CALIBRATION_ROWS + 320


def pump_rows(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Readings [720, 8] and labels [720]; the fault is in rows 520 to 640."""
    random = np.random.default_rng(seed)
    rows = USUAL * (1 + 0.02 * random.standard_normal(8)) + SPREAD * random.standard_normal((ROWS, 8))
    labels = np.zeros(ROWS)
    labels[520:640] = 1
    rows[520:640, COLUMNS.index("Volume Flow RateRMS")] -= 5 * 0.45
    return rows, labels


def csv_text(rows: np.ndarray, labels: np.ndarray, delimiter: str = ";", newline: str = "\r\n") -> str:
    lines = [delimiter.join(["datetime", *COLUMNS, "anomaly", "changepoint"])]
    for number, (row, label) in enumerate(zip(rows, labels, strict=True)):
        time = f"2026-01-05 06:{number // 60:02d}:{number % 60:02d}"
        cells = ["" if np.isnan(value) else f"{value:.6g}" for value in row]
        lines.append(delimiter.join([time, *cells, f"{label:.1f}", "0.0"]))
    return newline.join(lines) + newline


@pytest.fixture(scope="session")
def pumps():
    return [cut_windows(*pump_rows(seed)) for seed in range(4)]


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory):
    """A folder as the platform lays it out: four labelled pumps in two folds, and one without labels."""
    folder = tmp_path_factory.mktemp("data")
    files = []
    for number in range(5):
        labelled = number < 4
        text = csv_text(*pump_rows(number), delimiter=";" if number % 2 else ",")
        if not labelled:
            delimiter = "," if number % 2 == 0 else ";"
            text = "\r\n".join(delimiter.join(line.split(delimiter)[:9]) for line in text.split("\r\n"))
        path = folder / f"pump-{number}.csv"
        path.write_bytes(text.encode())
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        entry = {"path": path.name, "sha256": digest, "rows": ROWS, "group": f"pump-{number}", "labelled": labelled}
        files.append(entry | {"fold": number % 2 if labelled else None})
    manifest = {"schema": "windlass.data/1", "digest": "sha256:test", "files": files}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder
