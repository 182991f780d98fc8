"""Reads the files that the platform lays out, and writes those that it reads."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from anomaly.layout import COLUMNS, LABEL, ProjectError


@dataclass(frozen=True)
class Pump:
    """One labelled pump (one file): readings [n, 8], labels [n], and the fold that holds it out."""

    name: str
    fold: int | None
    rows: np.ndarray
    labels: np.ndarray


def read_manifest(folder: Path) -> dict:
    try:
        return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProjectError(f"{folder.name}/manifest.json is missing") from None


def read_pumps(folder: Path) -> list[Pump]:
    """All labelled pumps of a snapshot, in manifest order. Raises ProjectError when there is none."""
    pumps = []
    for entry in read_manifest(folder)["files"]:
        if not entry["labelled"]:
            continue
        if not entry["path"].lower().endswith(".csv"):
            raise ProjectError(f"{entry['path']}: this project reads CSV; convert Parquet to CSV first")
        table = read_csv(folder / entry["path"], (*COLUMNS, LABEL))
        pumps.append(Pump(entry["group"], entry["fold"], table[:, :-1], table[:, -1]))
    if not pumps:
        raise ProjectError(f"no labelled file: at least one needs a column {LABEL!r}")
    return pumps


def read_csv(path: Path, columns: tuple[str, ...]) -> np.ndarray:
    """Columns [n, c] of a file separated by `;` or `,`; an empty cell is NaN. Raises ProjectError naming the line."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline().rstrip("\r\n")
        delimiter = ";" if ";" in header else ","
        names = next(csv.reader([header], delimiter=delimiter))
        missing = [name for name in columns if name not in names]
        if missing:
            raise ProjectError(f"{path.name}: column {', '.join(missing)} is missing")
        positions = [names.index(name) for name in columns]
        table = []
        for number, cells in enumerate(csv.reader(file, delimiter=delimiter), start=2):
            if not cells:
                continue
            try:
                table.append([float(cells[position] or "nan") for position in positions])
            except (ValueError, IndexError):
                raise ProjectError(f"{path.name}: line {number} is not a row of numbers") from None
    return np.array(table, dtype=np.float64).reshape(-1, len(columns))


def write_bytes(path: Path, data: bytes) -> None:
    """Writes beside and renames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.replace(path)


def write_json(path: Path, value: object) -> None:
    write_bytes(path, json.dumps(value, separators=(",", ":")).encode())
