"""The score in scikit-learn's float64: the reference that the ONNX graph is tested against."""

import numpy as np

from anomaly.fitting import Calibration
from anomaly.layout import CALIBRATION_ROWS, WINDOW


def statistics(calibration: Calibration, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """T² [n] and Q [n] of rows [n, 8]."""
    standardised = calibration.scaler.transform(rows)
    projected = calibration.pca.transform(standardised)
    kept = calibration.kept
    t2 = (projected[:, :kept] ** 2 / calibration.pca.explained_variance_[:kept]).sum(axis=1)
    projected[:, kept:] = 0
    q = ((standardised - calibration.pca.inverse_transform(projected)) ** 2).sum(axis=1)
    return t2, q


def scores(calibration: Calibration, windows: np.ndarray) -> np.ndarray:
    """Scores [n] of windows [n, 5, 8]: r / (1 + r) with r the larger of median T² and median Q, each over its limit."""
    t2, q = (part.reshape(-1, WINDOW) for part in statistics(calibration, windows.reshape(-1, windows.shape[2])))
    r = np.maximum(np.median(t2, axis=1) / calibration.t2_limit, np.median(q, axis=1) / calibration.q_limit)
    return 1 - 1 / (1 + r)


def fresh_windows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All complete windows [n, 5, 8] without a commissioning row, and the rows [n] in which they end."""
    ends = np.arange(CALIBRATION_ROWS + WINDOW - 1, len(rows))
    if len(ends) == 0:
        return np.empty((0, WINDOW, rows.shape[1])), ends
    windows = rows[ends[:, None] + np.arange(1 - WINDOW, 1)]
    complete = np.isfinite(windows).all(axis=(1, 2))
    return windows[complete], ends[complete]
