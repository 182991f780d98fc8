"""The files that the platform reads: golden rows and metrics."""

import json
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from training.dataset import Group
from training.model import HealthModel

GOLDEN_ROWS = 1024
THRESHOLD = 0.5


def write_bytes(path: Path, data: bytes) -> None:
    """Writes beside and renames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.replace(path)


def write_json(path: Path, value: object) -> None:
    write_bytes(path, json.dumps(value, separators=(",", ":")).encode())


def golden_json(model: HealthModel, groups: list[Group], seed: int) -> bytes:
    """golden.json: 1,024 windows drawn from all pumps, with scikit-learn's own probabilities for them."""
    random = np.random.default_rng(seed)
    owner = np.concatenate([np.full(len(group.windows), i) for i, group in enumerate(groups)])
    within = np.concatenate([np.arange(len(group.windows)) for group in groups])
    picked = np.sort(random.choice(len(owner), GOLDEN_ROWS, replace=len(owner) < GOLDEN_ROWS))
    window = np.stack([groups[owner[i]].windows.values[within[i]] for i in picked])
    mean = np.stack([groups[owner[i]].windows.baseline.mean for i in picked])
    std = np.stack([groups[owner[i]].windows.baseline.std for i in picked])
    probability = model.predict(window, mean, std)
    inputs = {"window": window, "baseline_mean": mean, "baseline_std": std}
    parts = [f'"{name}":{_tensor(values)}' for name, values in inputs.items()]
    outputs = f'"probability":{_tensor(probability)}'
    return f'{{"schema":"windlass.golden/1","inputs":{{{",".join(parts)}}},"outputs":{{{outputs}}}}}'.encode()


def _tensor(values: np.ndarray) -> str:
    # Half a million numbers: formatted here, with the nine significant digits that bring every float32 back exactly.
    data = ",".join(map("{:.9g}".format, values.astype(np.float32).ravel().tolist()))
    return f'{{"shape":{list(values.shape)},"data":[{data}]}}'


def measure(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Metrics of windows scored by models that never saw their pump, next to those of always raising the alarm."""
    faulty, alarm = labels == 1, probabilities >= THRESHOLD
    hits, false_alarms = int((alarm & faulty).sum()), int((alarm & ~faulty).sum())
    misses, quiet = int((~alarm & faulty).sum()), int((~alarm & ~faulty).sum())
    positives = hits + misses
    metrics = {
        "f1": 2 * hits / max(1, 2 * hits + false_alarms + misses),
        "falseAlarmRate": false_alarms / max(1, false_alarms + quiet),
        "missedAlarmRate": misses / max(1, positives),
        "alwaysAlarmF1": 2 * positives / max(1, positives + len(labels)),
        "windows": len(labels),
    }
    if 0 < positives < len(labels):
        metrics["auc"] = float(roc_auc_score(faulty, probabilities))
    return metrics
