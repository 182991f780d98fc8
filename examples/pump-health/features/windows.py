"""Cuts one pump's readings into calibration and labelled windows."""

from dataclasses import dataclass

import numpy as np

from features.layout import CALIBRATION_ROWS, COLUMNS, WINDOW


@dataclass(frozen=True)
class Baseline:
    """Mean and (population) standard deviation of each column over the pump's commissioning rows, float32 [8]."""

    mean: np.ndarray
    std: np.ndarray


def fit_baseline(rows: np.ndarray) -> Baseline:
    """Fits the baseline on the first 400 rows [n, 8], leaving out missing readings.

    Raises ValueError when a column has fewer than half of its commissioning readings.
    """
    commissioning = rows[:CALIBRATION_ROWS].astype(np.float32).astype(np.float64)
    present = np.isfinite(commissioning)
    scarce = [name for name, n in zip(COLUMNS, present.sum(axis=0), strict=True) if n < CALIBRATION_ROWS // 2]
    if scarce:
        raise ValueError(f"over half of the first {CALIBRATION_ROWS} rows have no reading of {', '.join(scarce)}")
    readings = np.where(present, commissioning, np.nan)
    return Baseline(
        mean=np.nanmean(readings, axis=0).astype(np.float32),
        std=np.nanstd(readings, axis=0).astype(np.float32),
    )


@dataclass(frozen=True)
class Windows:
    """Scored windows of one pump: `values` [n, 60, 8] float32, ending at file rows `end_rows` [n]; labels 0/1 [n]."""

    values: np.ndarray
    end_rows: np.ndarray
    labels: np.ndarray
    baseline: Baseline

    def __len__(self) -> int:
        return len(self.labels)


def cut_windows(rows: np.ndarray, labels: np.ndarray) -> Windows:
    """Cuts a window for every row from 400 on; it ends at that row and bears its label.

    Windows with a missing reading are left out: the model gives no score for them.
    """
    if len(rows) <= CALIBRATION_ROWS:
        raise ValueError(f"{len(rows)} rows, but the first {CALIBRATION_ROWS} only fit the baseline")
    baseline = fit_baseline(rows)
    ends = np.arange(CALIBRATION_ROWS, len(rows))
    every = np.lib.stride_tricks.sliding_window_view(rows.astype(np.float32), WINDOW, axis=0)
    values = every[ends - WINDOW + 1].transpose(0, 2, 1)
    complete = np.isfinite(values).all(axis=(1, 2)) & np.isin(labels[ends], (0, 1))
    ends = ends[complete]
    return Windows(
        values=np.ascontiguousarray(values[complete]),
        end_rows=ends,
        labels=labels[ends].astype(np.int64),
        baseline=baseline,
    )
