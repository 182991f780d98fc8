"""The features in NumPy, in float64: the reference that the ONNX graph is tested against."""

import numpy as np

from features.layout import WINDOW

RECENT = 10
EDGE = 20
VARIANCE_FLOOR = 1e-6

STATISTICS = ("recent", "mean", "change", "spread")
"""Per column: mean of the last 10 rows, mean of all 60, last 20 minus first 20, standard deviation."""


def averaging_matrix() -> np.ndarray:
    """[3, 60]: multiplied with a window [60, columns] it gives recent mean, mean and change of each column."""
    matrix = np.zeros((3, WINDOW))
    matrix[0, -RECENT:] = 1 / RECENT
    matrix[1] = 1 / WINDOW
    matrix[2, -EDGE:] = 1 / EDGE
    matrix[2, :EDGE] = -1 / EDGE
    return matrix


def squash(x: np.ndarray, scale: float) -> np.ndarray:
    """Softsign x / (1 + |x| / scale): near zero the value itself, far out at most ±scale. Smooth, so that rounding
    differences between processors stay rounding differences in the score."""
    return x / (1 + np.abs(x) / scale)


def column_statistics(
    window: np.ndarray, mean: np.ndarray, std: np.ndarray, floor: np.ndarray, scale: float
) -> np.ndarray:
    """Squashed statistics [n, 4, columns] of windows [n, 60, columns], in units of each pump's own baseline spread.

    `mean` and `std` are [n, columns]; `floor` [columns] is the least spread that is believed, so that a sensor that
    stood still during commissioning does not turn every later change into an alarm.
    """
    window, mean, std = (np.asarray(part, dtype=np.float64) for part in (window, mean, std))
    z = (window - mean[:, None]) / np.maximum(std, floor)[:, None]
    averages = averaging_matrix() @ z
    variance = np.square(z - averages[:, 1:2]).mean(axis=1, keepdims=True)
    return squash(np.concatenate([averages, np.sqrt(variance + VARIANCE_FLOOR)], axis=1), scale)


def pairs(columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Index pairs i <= j of columns whose recent means are multiplied: what one sensor says given another."""
    return np.triu_indices(columns)


def feature_matrix(statistics: np.ndarray, scale: float) -> np.ndarray:
    """Features [n, 4c + c(c+1)/2] of statistics [n, 4, c]: the statistics, then products of the recent means."""
    recent = statistics[:, 0]
    i, j = pairs(statistics.shape[2])
    products = recent[:, i] * recent[:, j] / scale
    return np.concatenate([statistics.reshape(len(statistics), -1), products], axis=1)


def feature_names(columns: list[str]) -> list[str]:
    """Names of the features in the order of `feature_matrix`."""
    i, j = pairs(len(columns))
    return [f"{column} {statistic}" for statistic in STATISTICS for column in columns] + [
        f"{columns[a]} x {columns[b]}" for a, b in zip(i, j, strict=True)
    ]
