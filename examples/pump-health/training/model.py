"""Fits the classifier: a logistic regression on squashed statistics of the few columns that help on unseen pumps."""

from dataclasses import dataclass

import numpy as np
import onnx
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from features.graph import build_graph
from features.layout import COLUMNS
from features.statistics import column_statistics, feature_matrix
from features.windows import Windows
from training.run_settings import Parameters

LEAST_SPREAD = 1e-6
BELIEVED_SHARE = 0.5
"""A pump's baseline spread below this share of the usual one is taken for a sensor that stood still."""


@dataclass(frozen=True)
class HealthModel:
    """A fitted model: the scikit-learn pipeline, the columns it looks at and the spread floors [8]."""

    pipeline: Pipeline
    columns: list[int]
    floor: np.ndarray
    scale: float

    def predict(self, window: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
        """scikit-learn's probabilities [n] for windows [n, 60, 8] with baselines [n, 8]."""
        statistics = column_statistics(window, mean, std, self.floor, self.scale)
        return self.pipeline.predict_proba(feature_matrix(statistics[:, :, self.columns], self.scale))[:, 1]

    def predict_windows(self, windows: Windows) -> np.ndarray:
        """Probabilities [n] of one pump's windows."""
        shape = (len(windows), len(COLUMNS))
        mean = np.broadcast_to(windows.baseline.mean, shape)
        return self.predict(windows.values, mean, np.broadcast_to(windows.baseline.std, shape))

    def to_onnx(self) -> onnx.ModelProto:
        """The same model as an ONNX graph; scaling is folded into the weights."""
        scaler, regression = self.pipeline.steps[0][1], self.pipeline.steps[1][1]
        weights = regression.coef_[0] / scaler.scale_
        return build_graph(
            columns=self.columns,
            floor=self.floor,
            scale=self.scale,
            weights=weights,
            bias=float(regression.intercept_[0] - weights @ scaler.mean_),
        )


def fit_model(pumps: list[Windows], parameters: Parameters, seed: int) -> HealthModel:
    """Fits on these pumps only: spread floors, choice of columns, scaling and weights."""
    usual = np.median([windows.baseline.std for windows in pumps], axis=0)
    floor = np.maximum(BELIEVED_SHARE * usual, LEAST_SPREAD).astype(np.float32).astype(np.float64)
    statistics = np.concatenate([_statistics(windows, floor, parameters.squash) for windows in pumps])
    labels = np.concatenate([windows.labels for windows in pumps])
    owners = np.repeat(np.arange(len(pumps)), [len(windows) for windows in pumps])
    sparse = np.concatenate([np.arange(len(windows)) % parameters.selection_stride == 0 for windows in pumps])
    with sklearn.config_context(assume_finite=True, skip_parameter_validation=True):  # hundreds of small fits
        columns = _choose_columns(statistics[sparse], labels[sparse], owners[sparse], parameters, seed)
    pipeline = _fit(statistics, labels, columns, parameters)
    return HealthModel(pipeline, columns, floor, parameters.squash)


def _statistics(windows: Windows, floor: np.ndarray, scale: float) -> np.ndarray:
    shape = (len(windows), len(COLUMNS))
    mean, std = (np.broadcast_to(part, shape) for part in (windows.baseline.mean, windows.baseline.std))
    return column_statistics(windows.values, mean, std, floor, scale)


def _fit(statistics: np.ndarray, labels: np.ndarray, columns: list[int], parameters: Parameters) -> Pipeline:
    # Newton's method converges to the last digits, so that rounding to float32 hides the order of additions.
    regression = LogisticRegression(
        C=parameters.inverse_regularisation, solver="newton-cholesky", tol=1e-10, max_iter=100
    )
    features = feature_matrix(statistics[:, :, columns], parameters.squash)
    return make_pipeline(StandardScaler(), regression).fit(features, labels)


def _choose_columns(
    statistics: np.ndarray, labels: np.ndarray, owners: np.ndarray, parameters: Parameters, seed: int
) -> list[int]:
    """Adds columns one by one while the loss on left-out pumps falls by more than its standard error.

    Hundreds of windows of a pump are one experiment, not hundreds: a column that does not help on other pumps would
    be fitted to those few experiments. The unit that is left out, and the unit of the error, is the pump: `owners`
    [n] says whose window it is.
    """
    pumps = int(owners.max()) + 1
    fold_of_pump = np.empty(pumps, dtype=int)
    fold_of_pump[np.random.default_rng(seed).permutation(pumps)] = np.arange(pumps) % parameters.selection_folds

    chosen: list[int] = []
    best = np.full(pumps, np.log(2))
    while len(chosen) < min(parameters.max_columns, len(COLUMNS)):
        candidates = []
        for column in (c for c in range(len(COLUMNS)) if c not in chosen):
            losses = _left_out_losses(statistics, labels, fold_of_pump[owners], [*chosen, column], parameters)
            loss = np.bincount(owners, weights=losses) / np.bincount(owners)
            candidates.append((loss.mean(), column, loss))
        _, column, loss = min(candidates, key=lambda candidate: candidate[:2])
        gain = best - loss
        error = gain.std(ddof=1) / np.sqrt(pumps) if pumps > 1 else 0.0
        if chosen and gain.mean() <= error:
            break
        chosen.append(column)
        best = loss
    return chosen


def _left_out_losses(
    statistics: np.ndarray, labels: np.ndarray, fold: np.ndarray, columns: list[int], parameters: Parameters
) -> np.ndarray:
    """Log loss of each window under the model fitted without its fold; that of a coin where none can be fitted."""
    losses = np.full(len(labels), np.log(2))
    for held_out in np.unique(fold):
        inside, outside = fold != held_out, fold == held_out
        if len(np.unique(labels[inside])) < 2:
            continue
        pipeline = _fit(statistics[inside], labels[inside], columns, parameters)
        features = feature_matrix(statistics[outside][:, :, columns], parameters.squash)
        probability = np.clip(pipeline.predict_proba(features)[:, 1], 1e-6, 1 - 1e-6)
        losses[outside] = -np.log(np.where(labels[outside] == 1, probability, 1 - probability))
    return losses
