"""Builds the model and proves it: reads WINDLASS_DATA, writes WINDLASS_OUT, reports progress as JSON lines.

Nothing is learnt across pumps: the graph is the same for each, and what is particular to one comes as its calibration.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"  # before NumPy loads: sums are then always added in the same order

import json  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

from anomaly.files import Pump, read_pumps, write_bytes, write_json  # noqa: E402
from anomaly.fitting import Calibration, fit_calibration  # noqa: E402
from anomaly.graph import build_graph  # noqa: E402
from anomaly.layout import CALIBRATION_ROWS, THRESHOLD, ProjectError  # noqa: E402
from anomaly.score import fresh_windows, scores  # noqa: E402

GOLDEN_ROWS = 1024


def report(progress: float, message: str, metrics: dict[str, float] | None = None) -> None:
    """One JSON line on stdout; progress is 0..1."""
    line = {"progress": round(progress, 3), "message": message}
    print(json.dumps(line | ({"metrics": metrics} if metrics else {})), flush=True)


def main() -> None:
    missing = [name for name in ("WINDLASS_DATA", "WINDLASS_OUT") if not os.environ.get(name)]
    if missing:
        raise ProjectError(f"set {' and '.join(missing)}; README.md shows how to run this by hand")
    pumps = read_pumps(Path(os.environ["WINDLASS_DATA"]))
    out = Path(os.environ["WINDLASS_OUT"])
    report(0.2, f"read {len(pumps)} labelled pumps")
    calibrations = [fit_pump(pump) for pump in pumps]
    metrics = measure(pumps, calibrations)
    report(0.6, f"scored {int(metrics['rows'])} rows", metrics)

    model = build_graph().SerializeToString(deterministic=True)
    for fold in sorted({pump.fold for pump in pumps if pump.fold is not None}):
        write_bytes(out / "folds" / f"{fold}.onnx", model)
    write_bytes(out / "golden.json", golden_json(pumps, calibrations, int(os.environ.get("WINDLASS_SEED", "7"))))
    write_json(out / "metrics.json", metrics)
    write_bytes(out / "model.onnx", model)
    report(1.0, "done", metrics)


def fit_pump(pump: Pump) -> Calibration:
    try:
        return fit_calibration(pump.rows[:CALIBRATION_ROWS])
    except ProjectError as error:
        raise ProjectError(f"{pump.name}: {error}") from error


def measure(pumps: list[Pump], calibrations: list[Calibration]) -> dict[str, float]:
    """Counts over the rows after commissioning of all pumps that are scored; a row without a window is no alarm."""
    counts = {"tp": 0, "tn": 0, "fp": 0, "fn": 0}
    for pump, calibration in zip(pumps, calibrations, strict=True):
        if pump.fold is None:
            continue
        windows, ends = fresh_windows(pump.rows)
        alarm = np.zeros(len(pump.rows), dtype=bool)
        alarm[ends] = scores(calibration, windows) >= THRESHOLD
        alarm, faulty = alarm[CALIBRATION_ROWS:], pump.labels[CALIBRATION_ROWS:] == 1
        for name, hit in (
            ("tp", alarm & faulty),
            ("tn", ~alarm & ~faulty),
            ("fp", alarm & ~faulty),
            ("fn", ~alarm & faulty),
        ):
            counts[name] += int(hit.sum())
    tp, tn, fp, fn = counts.values()
    return {
        "f1": 2 * tp / max(1, 2 * tp + fp + fn),
        "falseAlarmRate": fp / max(1, fp + tn),
        "missedAlarmRate": fn / max(1, fn + tp),
        "rows": tp + tn + fp + fn,
        **counts,
    }


def golden_json(pumps: list[Pump], calibrations: list[Calibration], seed: int) -> bytes:
    """golden.json: 1,024 windows drawn from all pumps, with the scores of scikit-learn's own scaler and components."""
    windows = [fresh_windows(pump.rows)[0].astype(np.float32) for pump in pumps]
    owner = np.repeat(np.arange(len(pumps)), [len(part) for part in windows])
    if len(owner) == 0:
        raise ProjectError(f"no pump has a complete window after its first {CALIBRATION_ROWS} rows")
    within = np.concatenate([np.arange(len(part)) for part in windows])
    random = np.random.default_rng(seed)
    picked = np.sort(random.choice(len(owner), GOLDEN_ROWS, replace=len(owner) < GOLDEN_ROWS))
    inputs = {"window": np.stack([windows[owner[i]][within[i]] for i in picked])}
    tensors = [calibration.tensors() for calibration in calibrations]
    inputs |= {name: np.stack([tensors[owner[i]][name] for i in picked]) for name in tensors[0]}
    expected = [
        float(scores(calibrations[owner[i]], windows[owner[i]][within[i]][None].astype(np.float64))[0]) for i in picked
    ]
    document = {
        "schema": "windlass.golden/1",
        "inputs": {name: _tensor(values) for name, values in inputs.items()},
        "outputs": {"probability": _tensor(np.array(expected))},
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _tensor(values: np.ndarray) -> dict:
    # Nine significant digits bring every float32 back exactly.
    flat = values.astype(np.float32).ravel().tolist()
    return {"shape": list(values.shape), "data": [float(f"{value:.9g}") for value in flat]}


if __name__ == "__main__":
    try:
        main()
    except ProjectError as error:
        print(f"training stopped: {error}", file=sys.stderr)
        sys.exit(3)
