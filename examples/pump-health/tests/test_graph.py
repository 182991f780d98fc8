"""The ONNX graph against the NumPy features and scikit-learn."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest

from features.graph import OPSET, build_graph
from features.layout import COLUMNS, WINDOW
from features.statistics import column_statistics, feature_matrix, feature_names
from training.model import fit_model
from training.run_settings import Parameters


def session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def score(model, window, mean, std) -> np.ndarray:
    feed = {"window": window, "baseline_mean": mean, "baseline_std": std}
    return session(model).run(None, {name: np.asarray(value, np.float32) for name, value in feed.items()})[0]


@pytest.fixture(scope="module")
def batch(pumps):
    """96 windows of all pumps, each with its pump's own baseline."""
    window = np.concatenate([pump.values[::14][:24] for pump in pumps])
    mean = np.repeat([pump.baseline.mean for pump in pumps], 24, axis=0)[: len(window)]
    return window, mean, np.repeat([pump.baseline.std for pump in pumps], 24, axis=0)[: len(window)]


@pytest.fixture(scope="module")
def fitted(pumps):
    return fit_model(pumps, Parameters(), seed=7)


@pytest.mark.parametrize("columns", [[7], [7, 0], [2, 5, 3]])
def test_each_feature_of_the_graph_is_the_numpy_feature(batch, columns):
    floor, scale = np.full(8, 1e-3), 8.0
    expected = feature_matrix(column_statistics(*batch, floor, scale)[:, :, columns], scale)
    names = feature_names([COLUMNS[column] for column in columns])
    assert expected.shape[1] == len(names)
    for index, name in enumerate(names):
        weights = np.eye(len(names))[index]
        model = build_graph(columns=columns, floor=floor, scale=scale, weights=weights, bias=0.0)
        probability = score(model, *batch).astype(np.float64)
        np.testing.assert_allclose(
            np.log(probability / (1 - probability)), expected[:, index], atol=2e-3, rtol=1e-3, err_msg=name
        )


def test_the_graph_gives_scikit_learns_probabilities(fitted, batch):
    np.testing.assert_allclose(score(fitted.to_onnx(), *batch), fitted.predict(*batch), atol=1e-5)


def test_a_score_does_not_depend_on_the_batch(fitted, batch):
    model = fitted.to_onnx()
    together = score(model, *batch)
    alone = np.concatenate([score(model, *(part[i : i + 1] for part in batch)) for i in range(0, 96, 7)])
    np.testing.assert_allclose(alone, together[::7], atol=1e-6)
    np.testing.assert_allclose(score(model, *(part[::-1] for part in batch)), together[::-1], atol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("tensor", [0, 1, 2])
def test_a_reading_that_is_not_a_number_gives_nan_and_never_a_healthy_score(fitted, batch, bad, tensor):
    parts = [np.array(part[:3], dtype=np.float32) for part in batch]
    for column in range(len(COLUMNS)):
        broken = [part.copy() for part in parts]
        broken[tensor][1, ..., column] = bad
        probability = score(fitted.to_onnx(), *broken)
        assert np.isnan(probability[1]), COLUMNS[column]
        assert np.isfinite(probability[[0, 2]]).all()


def test_a_baseline_that_stood_still_does_not_blow_up_the_score(fitted, batch):
    window, mean, std = batch
    still = score(fitted.to_onnx(), window, mean, np.zeros_like(std))
    floored = score(fitted.to_onnx(), window, mean, np.broadcast_to(fitted.floor, std.shape))
    assert np.isfinite(still).all()
    np.testing.assert_allclose(still, floored, atol=1e-6)


def test_the_signature_is_the_contract(fitted):
    model = fitted.to_onnx()
    onnx.checker.check_model(model, full_check=True)
    assert [(i.domain, i.version) for i in model.opset_import] == [("", OPSET)]
    assert OPSET <= 21
    loaded = session(model)
    inputs = {i.name: (i.shape, i.type) for i in loaded.get_inputs()}
    assert inputs == {
        "window": (["N", WINDOW, 8], "tensor(float)"),
        "baseline_mean": (["N", 8], "tensor(float)"),
        "baseline_std": (["N", 8], "tensor(float)"),
    }
    stated = {prop.key: prop.value for prop in model.metadata_props}
    assert tuple(json.loads(stated["windlass.columns"])) == COLUMNS
    assert [(o.name, o.shape, o.type) for o in loaded.get_outputs()] == [("probability", ["N"], "tensor(float)")]
