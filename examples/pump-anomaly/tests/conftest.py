"""Pumps whose sensors move together in three ways, with a planted fault: flow leaves the others."""

import json
import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as train.py does

import numpy as np
import pytest

from anomaly.layout import CALIBRATION_ROWS, COLUMNS, LABEL

USUAL = np.array([0.027, 0.040, 0.97, 0.07, 70.0, 25.0, 230.0, 32.0])
SPREAD = np.array([0.0004, 0.0009, 0.27, 0.25, 0.5, 0.03, 10.0, 0.45])
FAULT = slice(CALIBRATION_ROWS + 150, CALIBRATION_ROWS + 250)


def pump_rows(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Readings [800, 8] and labels [800]."""
    random = np.random.default_rng(seed)
    together = random.standard_normal((800, 3)) @ random.standard_normal((3, 8))
    rows = USUAL + SPREAD * (together + 0.3 * random.standard_normal((800, 8)))
    labels = np.zeros(len(rows))
    labels[FAULT] = 1
    rows[FAULT, COLUMNS.index("Volume Flow RateRMS")] -= 8 * 0.45
    return rows, labels


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory):
    """A folder as the platform lays it out: four labelled pumps in two folds, and one without labels."""
    folder = tmp_path_factory.mktemp("data")
    files = []
    for number in range(5):
        rows, labels = pump_rows(number)
        labelled = number < 4
        table, names = (np.column_stack([rows, labels]), (*COLUMNS, LABEL)) if labelled else (rows, COLUMNS)
        lines = [";".join(names), *(";".join(f"{value:.9g}" for value in row) for row in table)]
        (folder / f"pump-{number}.csv").write_text("\n".join(lines) + "\n")
        entry = {"path": f"pump-{number}.csv", "group": f"pump-{number}", "labelled": labelled}
        files.append(entry | {"fold": number % 2 if labelled else None})
    (folder / "manifest.json").write_text(json.dumps({"schema": "windlass.data/1", "files": files}))
    return folder
