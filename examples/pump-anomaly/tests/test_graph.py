"""The ONNX graph against scikit-learn."""

import numpy as np
import onnxruntime
import pytest
from conftest import pump_rows

from anomaly.fitting import fit_calibration
from anomaly.graph import build_graph
from anomaly.layout import CALIBRATION_ROWS
from anomaly.score import fresh_windows, scores


@pytest.fixture(scope="module")
def session():
    return onnxruntime.InferenceSession(build_graph().SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def pump():
    rows, _ = pump_rows(5)
    return fit_calibration(rows[:CALIBRATION_ROWS]), fresh_windows(rows)[0].astype(np.float32)


def run(session, calibration, windows):
    tensors = {
        name: np.repeat(tensor[None].astype(np.float32), len(windows), axis=0)
        for name, tensor in calibration.tensors().items()
    }
    return session.run(["probability"], {"window": windows, **tensors})[0]


def test_the_graph_gives_scikit_learns_scores(session, pump):
    calibration, windows = pump
    expected = scores(calibration, windows.astype(np.float64))
    assert expected.min() < 0.3
    assert expected.max() > 0.7
    np.testing.assert_allclose(run(session, calibration, windows), expected, atol=1e-5)


def test_a_score_does_not_depend_on_its_batch(session, pump):
    calibration, windows = pump
    together = run(session, calibration, windows)
    alone = np.concatenate([run(session, calibration, windows[i : i + 1]) for i in range(40)])
    np.testing.assert_array_equal(alone, together[:40])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_reading_that_is_not_finite_gives_no_number(session, pump, value):
    calibration, windows = pump
    spoilt = windows[:8].copy()
    for column in range(8):
        spoilt[column, column % 5, column] = value
    assert np.isnan(run(session, calibration, spoilt)).all()


def test_a_reading_far_out_is_an_alarm_and_not_a_lost_number(session, pump):
    calibration, windows = pump
    far = np.full_like(windows[:1], 1e30)
    assert run(session, calibration, far) == 1


def test_the_same_bytes_each_time():
    first, second = (build_graph().SerializeToString(deterministic=True) for _ in range(2))
    assert first == second


def test_no_rows_give_no_scores(session, pump):
    calibration, windows = pump
    assert run(session, calibration, windows[:0]).shape == (0,)
