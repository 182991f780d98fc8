"""Fits what is particular to one pump on its commissioning rows: scaling, principal components and the two limits."""

from dataclasses import dataclass

import numpy as np
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from anomaly.layout import COLUMNS, CONFIDENCE, EXPLAINED_VARIANCE, ProjectError

LEAST_ROWS = 50
"""Fewer complete rows say nothing about how eight sensors move together."""
LEAST_RESIDUAL = 1e-9
"""Variance (of 8 in all) below which the components beyond those kept are rounding errors."""


@dataclass(frozen=True)
class Calibration:
    """One pump: scaler and components as scikit-learn fitted them, how many components are kept, limits of T² and Q."""

    scaler: StandardScaler
    pca: PCA
    kept: int
    t2_limit: float
    q_limit: float

    def tensors(self) -> dict[str, np.ndarray]:
        """The inputs of the graph: mean, scale, eigenvalues [8], loadings [8, 8] (0 beyond those kept), limits [2]."""
        loadings = self.pca.components_.T.copy()
        loadings[:, self.kept :] = 0
        return {
            "mean": self.scaler.mean_,
            "scale": self.scaler.scale_,
            "loadings": loadings,
            "eigenvalues": self.pca.explained_variance_,
            "limits": np.array([self.t2_limit, self.q_limit]),
        }


def fit_calibration(rows: np.ndarray) -> Calibration:
    """Fits on rows [n, 8] without those that miss a reading. Raises ProjectError when they cannot be fitted."""
    complete = rows[np.isfinite(rows).all(axis=1)]
    if len(complete) < LEAST_ROWS:
        raise ProjectError(f"{len(complete)} complete commissioning rows; at least {LEAST_ROWS} are needed")
    scaler = StandardScaler().fit(complete)
    pca = PCA(svd_solver="full").fit(scaler.transform(complete))
    share = np.cumsum(pca.explained_variance_ratio_)
    kept = int(np.searchsorted(share, EXPLAINED_VARIANCE, side="right") + 1)
    residual = pca.explained_variance_[kept:]
    if kept >= len(COLUMNS) or residual.sum() < LEAST_RESIDUAL:
        raise ProjectError("the columns hold fewer than eight independent signals: nothing is left for the residual")
    return Calibration(scaler, pca, kept, t2_limit(kept, len(complete)), q_limit(residual))


def t2_limit(kept: int, rows: int) -> float:
    """Limit of Hotelling's T² for a new row: k (n² - 1) / (n (n - k)) · F(0.999; k, n - k)."""
    return kept * (rows**2 - 1) / (rows * (rows - kept)) * stats.f.ppf(CONFIDENCE, kept, rows - kept)


def q_limit(residual: np.ndarray) -> float:
    """Limit of the squared residual after Jackson and Mudholkar (1979), θᵢ = Σ λⁱ over the residual eigenvalues."""
    theta1, theta2, theta3 = (float((residual**power).sum()) for power in (1, 2, 3))
    h0 = 1 - 2 * theta1 * theta3 / (3 * theta2**2)
    deviate = stats.norm.ppf(CONFIDENCE)
    spread = deviate * np.sqrt(2 * theta2 * h0**2) / theta1
    return float(theta1 * (spread + 1 + theta2 * h0 * (h0 - 1) / theta1**2) ** (1 / h0))
