"""Trains the pump health model: reads WINDLASS_DATA, writes WINDLASS_OUT, reports progress as JSON lines.

One model is fitted per fold without the pumps that the manifest holds out for it, then the final one on all pumps.
A trial of a search ends after the folds: it is judged by those.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"  # before NumPy loads: sums are then always added in the same order

import json  # noqa: E402
import sys  # noqa: E402

import numpy as np  # noqa: E402

from features.layout import COLUMNS  # noqa: E402
from training.checkpoint import Checkpoints, FoldResult, run_digest  # noqa: E402
from training.dataset import Group, read_groups  # noqa: E402
from training.model import HealthModel, fit_model  # noqa: E402
from training.outputs import golden_json, measure, write_bytes, write_json  # noqa: E402
from training.run_settings import RunSettings, TrainingError  # noqa: E402


def report(progress: float, message: str, metrics: dict[str, float] | None = None) -> None:
    """One JSON line on stdout; progress is 0..1."""
    line = {"progress": round(progress, 3), "message": message}
    print(json.dumps(line | ({"metrics": metrics} if metrics else {})), flush=True)


def main() -> None:
    settings = RunSettings.from_environment()
    groups, data_digest = read_groups(settings.data)
    windows = sum(len(group.windows) for group in groups)
    report(0.1, f"read {len(groups)} labelled pumps, {windows} complete windows")

    digest = run_digest(data_digest, settings.parameters, settings.seed)
    checkpoints = Checkpoints(settings.checkpoint, digest)
    folds = sorted({group.fold for group in groups if group.fold is not None})
    results = {}
    for done, fold in enumerate(folds, start=1):
        results[fold], how = train_fold(fold, groups, settings, checkpoints)
        report(0.1 + 0.7 * done / len(folds), f"fold {fold}: {how}")
    for fold, result in results.items():
        write_bytes(settings.out / "folds" / f"{fold}.onnx", result.model)
    if settings.trial:
        report(1.0, "done", held_out_metrics(groups, results))
        return

    model = fit_model([group.windows for group in groups], settings.parameters, settings.seed)
    report(0.9, f"final model on {len(groups)} pumps looks at {', '.join(names(model))}")
    metrics = held_out_metrics(groups, results) | {
        "groups": len(groups),
        "columnsUsed": len(model.columns),
    }

    write_bytes(settings.out / "golden.json", golden_json(model, groups, settings.seed))
    write_json(settings.out / "metrics.json", metrics)
    write_bytes(settings.out / "model.onnx", serialise(model))
    report(1.0, "done", metrics)


def train_fold(
    fold: int, groups: list[Group], settings: RunSettings, checkpoints: Checkpoints
) -> tuple[FoldResult, str]:
    """The model of one fold, from its checkpoint or fitted now, and a sentence saying which."""
    stored = checkpoints.load(fold)
    if stored is not None:
        return stored, "taken from the checkpoint"
    inside = [group.windows for group in groups if group.fold != fold]
    held_out = [group.windows for group in groups if group.fold == fold]
    if not inside or len(np.unique(np.concatenate([windows.labels for windows in inside]))) < 2:
        raise TrainingError(f"without fold {fold} the other pumps do not have both healthy and faulty windows")
    model = fit_model(inside, settings.parameters, settings.seed)
    probabilities = np.concatenate([model.predict_windows(windows) for windows in held_out])
    result = FoldResult(serialise(model), probabilities)
    checkpoints.save(fold, result)
    return result, f"fitted on {len(inside)} pumps, looks at {', '.join(names(model))}"


def held_out_metrics(groups: list[Group], results: dict[int, FoldResult]) -> dict[str, float]:
    """Pooled over the folds, every window scored by the model that did not see its pump."""
    if not results:
        return {}
    labels = [group.windows.labels for fold in results for group in groups if group.fold == fold]
    return measure(np.concatenate(labels), np.concatenate([results[fold].probabilities for fold in results]))


def serialise(model: HealthModel) -> bytes:
    """ONNX bytes that depend on the model only."""
    return model.to_onnx().SerializeToString(deterministic=True)


def names(model: HealthModel) -> list[str]:
    return [COLUMNS[column] for column in model.columns]


if __name__ == "__main__":
    try:
        main()
    except TrainingError as error:
        print(f"training stopped: {error}", file=sys.stderr)
        sys.exit(3)
