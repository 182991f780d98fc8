"""Keeps what a run has finished, so that a run that was killed goes on instead of starting again."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from training.run_settings import Parameters

PROJECT = Path(__file__).resolve().parent.parent


def run_digest(data_digest: str, parameters: Parameters, seed: int) -> str:
    """Digest of everything that decides the models: data, parameters, seed, code and library versions."""
    code = [
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted([PROJECT / "train.py", *PROJECT.glob("features/*.py"), *PROJECT.glob("training/*.py")])
    ]
    libraries = [version(name) for name in ("numpy", "scikit-learn", "onnx")]
    parts = [data_digest, asdict(parameters), seed, code, libraries]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class FoldResult:
    """The model of one fold as ONNX bytes, and its probabilities for the held-out windows, in group order."""

    model: bytes
    probabilities: np.ndarray


class Checkpoints:
    """A folder of finished folds; those of another digest are never read."""

    def __init__(self, folder: Path | None, digest: str) -> None:
        self._folder = folder / digest[:16] if folder else None
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)

    def load(self, fold: int) -> FoldResult | None:
        """The finished fold, or None."""
        path = self._folder / f"fold-{fold}.npz" if self._folder else None
        if path is None or not path.exists():
            return None
        with np.load(path) as stored:
            return FoldResult(stored["model"].tobytes(), stored["probabilities"])

    def save(self, fold: int, result: FoldResult) -> None:
        """Writes beside and renames, so that a file is whole or absent."""
        if self._folder is None:
            return
        path = self._folder / f"fold-{fold}.npz"
        partial = path.with_suffix(f".{os.getpid()}.partial")
        with partial.open("wb") as file:
            np.savez(file, model=np.frombuffer(result.model, dtype=np.uint8), probabilities=result.probabilities)
        os.replace(partial, path)
