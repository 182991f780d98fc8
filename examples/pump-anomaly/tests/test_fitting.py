"""Limits and statistics against other ways to compute them."""

import numpy as np
import pytest
from conftest import FAULT, pump_rows
from scipy import integrate, special

from anomaly.fitting import fit_calibration, q_limit, t2_limit
from anomaly.layout import CALIBRATION_ROWS, THRESHOLD, ProjectError
from anomaly.score import fresh_windows, scores, statistics


def test_the_t2_limit_leaves_one_in_a_thousand_by_the_density_of_f():
    kept, rows = 6, 400
    f = t2_limit(kept, rows) * rows * (rows - kept) / (kept * (rows**2 - 1))
    a, b = kept / 2, (rows - kept) / 2

    def density(x):
        return np.exp(a * np.log(2 * a * x) + b * np.log(2 * b) - (a + b) * np.log(2 * a * x + 2 * b)) / (
            x * special.beta(a, b)
        )

    beyond, _ = integrate.quad(density, f, np.inf)
    assert beyond == pytest.approx(0.001, rel=1e-6)


def test_the_q_limit_is_passed_by_one_healthy_residual_in_a_thousand():
    eigenvalues = np.array([0.3, 0.25, 0.2])
    random = np.random.default_rng(3)
    q = (random.standard_normal((400_000, 3)) ** 2 * eigenvalues).sum(axis=1)
    assert (q > q_limit(eigenvalues)).mean() == pytest.approx(0.001, abs=4e-4)


def test_t2_is_the_mahalanobis_distance_within_the_kept_components_and_q_the_rest():
    rows, _ = pump_rows(1)
    calibration = fit_calibration(rows[:CALIBRATION_ROWS])
    t2, q = statistics(calibration, rows)
    z = (rows - rows[:CALIBRATION_ROWS].mean(axis=0)) / rows[:CALIBRATION_ROWS].std(axis=0)
    values, vectors = np.linalg.eigh(np.cov(z[:CALIBRATION_ROWS].T))
    order = np.argsort(values)[::-1]
    share = np.cumsum(values[order]) / values.sum()
    assert share[calibration.kept - 1] > 0.85 >= share[calibration.kept - 2]
    projected = z @ vectors[:, order]
    np.testing.assert_allclose(t2, (projected**2 / values[order])[:, : calibration.kept].sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(q, (projected[:, calibration.kept :] ** 2).sum(axis=1), rtol=1e-7)


def test_a_planted_fault_is_found_and_healthy_rows_are_quiet():
    rows, labels = pump_rows(2)
    windows, ends = fresh_windows(rows)
    assert ends[0] == CALIBRATION_ROWS + 4
    alarm = scores(fit_calibration(rows[:CALIBRATION_ROWS]), windows) >= THRESHOLD
    inside = (ends >= FAULT.start + 4) & (ends < FAULT.stop)
    assert alarm[inside].all()
    assert alarm[labels[ends] == 0].mean() < 0.02


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.full((400, 8), np.nan), "0 complete commissioning rows"),
        (np.repeat(np.arange(400.0)[:, None], 8, axis=1), "nothing is left for the residual"),
    ],
)
def test_rows_that_cannot_be_fitted_are_refused(rows, message):
    with pytest.raises(ProjectError, match=message):
        fit_calibration(rows)
