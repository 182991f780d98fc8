"""What the platform tells a training run: folders, seed and parameters."""

import json
import os
from dataclasses import dataclass, fields
from pathlib import Path


class TrainingError(Exception):
    """Something in the data or the settings that the caller must change; the message says what."""


@dataclass(frozen=True)
class Parameters:
    """Model parameters; `windlass.yaml` sets them under train.params."""

    squash: float = 8.0
    """Largest size of a feature; a deviation of so many standard deviations already counts as half of that."""
    inverse_regularisation: float = 0.1
    """scikit-learn's C: smaller is stronger."""
    selection_stride: int = 10
    """Every how many rows a window is used while columns are chosen; neighbouring windows say nearly the same."""
    selection_folds: int = 4
    """Groups of pumps that are left out in turn while columns are chosen."""
    max_columns: int = 8

    @staticmethod
    def parse(raw: object) -> "Parameters":
        """Raises TrainingError for an unknown name or a value that is not a positive number."""
        if not isinstance(raw, dict):
            raise TrainingError(f"parameters must be a JSON object, not {type(raw).__name__}")
        known = {field.name: field for field in fields(Parameters)}
        for name, value in raw.items():
            if name not in known:
                raise TrainingError(f"unknown parameter {name!r}; known are {', '.join(known)}")
            kind = known[name].type
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
                raise TrainingError(f"parameter {name} must be a positive number, not {value!r}")
            if kind is int and value != int(value):
                raise TrainingError(f"parameter {name} must be a whole number, not {value!r}")
        return Parameters(**{name: known[name].type(value) for name, value in raw.items()})


@dataclass(frozen=True)
class RunSettings:
    data: Path
    out: Path
    checkpoint: Path | None
    seed: int
    parameters: Parameters
    trial: bool
    """One trial of a search for parameters: only the fold models are asked for."""

    @staticmethod
    def from_environment() -> "RunSettings":
        """Reads the WINDLASS_* variables. Raises TrainingError naming the one that is missing."""
        missing = [name for name in ("WINDLASS_DATA", "WINDLASS_OUT") if not os.environ.get(name)]
        if missing:
            raise TrainingError(f"set {' and '.join(missing)}; README.md shows how to run this by hand")
        params_file = os.environ.get("WINDLASS_PARAMS")
        raw = json.loads(Path(params_file).read_text(encoding="utf-8")) if params_file else {}
        checkpoint = os.environ.get("WINDLASS_CHECKPOINT")
        return RunSettings(
            data=Path(os.environ["WINDLASS_DATA"]),
            out=Path(os.environ["WINDLASS_OUT"]),
            checkpoint=Path(checkpoint) if checkpoint else None,
            seed=int(os.environ.get("WINDLASS_SEED", "7")),
            parameters=Parameters.parse(raw),
            trial="WINDLASS_TRIAL" in os.environ,
        )
