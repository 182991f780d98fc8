"""Reads the snapshot that the platform laid out: manifest.json and one file per pump."""

import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from features.layout import COLUMNS, LABEL
from features.windows import Windows, cut_windows
from training.run_settings import TrainingError


@dataclass(frozen=True)
class Group:
    """One pump (one file): its windows, and the fold that holds it out (None: it is never scored)."""

    name: str
    fold: int | None
    windows: Windows


def read_groups(folder: Path) -> tuple[list[Group], str]:
    """Reads all labelled groups in manifest order; returns them and the digest of what was read.

    Files without labels are left out: whether a slow change in them is healthy, nobody has said.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TrainingError(f"{folder.name}/manifest.json is missing") from None
    entries = [entry for entry in manifest["files"] if entry["labelled"]]
    if not entries:
        raise TrainingError(f"no labelled file: at least one needs a column {LABEL!r}")
    groups = [Group(entry["group"], entry["fold"], _read(folder, entry["path"])) for entry in entries]
    labels = {int(label) for group in groups for label in np.unique(group.windows.labels)}
    if labels != {0, 1}:
        raise TrainingError(f"the labelled windows are all {labels}; healthy (0) and faulty (1) ones are needed")
    read = [[entry["path"], entry["sha256"], entry["fold"]] for entry in entries]
    return groups, hashlib.sha256(json.dumps(read).encode()).hexdigest()


def _read(folder: Path, path: str) -> Windows:
    if not path.lower().endswith(".csv"):
        raise TrainingError(f"{path}: this project reads CSV; convert Parquet to CSV first")
    try:
        rows, labels = read_csv(folder / path)
        return cut_windows(rows, labels)
    except ValueError as error:
        raise TrainingError(f"{path}: {error}") from error


def read_csv(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Readings [n, 8] float64 and labels [n] of a file separated by `;` or `,`; an empty cell is NaN.

    Raises ValueError naming the columns that are missing or the line that does not parse.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline().rstrip("\r\n")
        delimiter = ";" if ";" in header else ","
        names = next(csv.reader([header], delimiter=delimiter))
        missing = [name for name in (*COLUMNS, LABEL) if name not in names]
        if missing:
            raise ValueError(f"column {', '.join(missing)} is missing; the header has {', '.join(names)}")
        positions = [names.index(name) for name in (*COLUMNS, LABEL)]
        table = []
        for number, cells in enumerate(csv.reader(file, delimiter=delimiter), start=2):
            if not cells:
                continue
            try:
                table.append([float(cells[position] or "nan") for position in positions])
            except (ValueError, IndexError):
                raise ValueError(f"line {number} is not a row of numbers: {cells}") from None
    values = np.array(table, dtype=np.float64).reshape(-1, len(positions))
    return values[:, :-1], values[:, -1]
