"""The scoring graph: raw windows in, probability out, with the features computed inside.

Only operators of the standard ONNX domain, each of which treats every row by itself, so that a window's score does
not depend on the batch it comes in.
"""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from features.layout import COLUMNS, WINDOW
from features.statistics import VARIANCE_FLOOR, averaging_matrix, pairs

OPSET = 18
IR_VERSION = 9


class _Builder:
    """Collects nodes and constants; every node has one output, named by the caller."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def floats(self, name: str, value) -> str:
        return self.constant(name, np.asarray(value, dtype=np.float32))

    def indices(self, name: str, value) -> str:
        return self.constant(name, np.asarray(value, dtype=np.int64))

    def node(self, operator: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output


def build_graph(
    *, columns: list[int], floor: np.ndarray, scale: float, weights: np.ndarray, bias: float
) -> onnx.ModelProto:
    """Builds and checks the model: logit = weights · features(window of `columns`) + bias.

    `floor` [8] is the least baseline spread of each column, `weights` has the order of `feature_matrix`.
    A window or baseline with NaN or infinity anywhere, in a chosen column or not, gives probability NaN.
    """
    b = _Builder()
    chosen = b.indices("columns", columns)
    z = _standardise(b, chosen, floor)
    statistics = _statistics(b, z, scale)
    features = _features(b, statistics, len(columns), scale)

    b.node("Mul", [features, b.floats("weights", weights)], "weighted")
    b.node("ReduceSum", ["weighted", b.indices("feature_axis", [1])], "sum", keepdims=0)
    b.node("Add", ["sum", b.floats("bias", bias)], "logit")
    b.node("Add", ["logit", _not_a_number_guard(b)], "guarded_logit")
    b.node("Sigmoid", ["guarded_logit"], "probability")

    baseline_shape = ["N", len(COLUMNS)]
    graph = helper.make_graph(
        b.nodes,
        "pump_health",
        [
            helper.make_tensor_value_info("window", TensorProto.FLOAT, ["N", WINDOW, len(COLUMNS)]),
            helper.make_tensor_value_info("baseline_mean", TensorProto.FLOAT, baseline_shape),
            helper.make_tensor_value_info("baseline_std", TensorProto.FLOAT, baseline_shape),
        ],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["N"])],
        initializer=b.constants,
    )
    model = helper.make_model(
        graph,
        producer_name="pump-health",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    chosen_names = ", ".join(COLUMNS[index] for index in columns)
    # The order of the inputs' columns, which Windlass compares with windlass.yaml; and the columns that are used.
    helper.set_model_props(model, {"windlass.columns": json.dumps(COLUMNS), "columns": chosen_names})
    onnx.checker.check_model(model, full_check=True)
    return model


def _standardise(b: _Builder, chosen: str, floor: np.ndarray) -> str:
    b.node("Gather", ["window", chosen], "readings", axis=2)
    b.node("Max", ["baseline_std", b.floats("least_spread", floor)], "believed_spread")
    for source, name in (("baseline_mean", "mean"), ("believed_spread", "spread")):
        b.node("Gather", [source, chosen], f"chosen_{name}", axis=1)
        b.node("Unsqueeze", [f"chosen_{name}", _time_axis(b)], f"{name}_row")
    b.node("Sub", ["readings", "mean_row"], "deviation")
    return b.node("Div", ["deviation", "spread_row"], "z")


def _statistics(b: _Builder, z: str, scale: float) -> str:
    """[N, 4, c]: recent mean, mean, change, spread; squashed."""
    b.node("MatMul", [b.floats("averaging", averaging_matrix()), z], "averages")
    b.node("Gather", ["averages", b.indices("mean_position", [1])], "window_mean", axis=1)
    b.node("Sub", [z, "window_mean"], "centred")
    b.node("Mul", ["centred", "centred"], "squares")
    b.node("ReduceMean", ["squares", _time_axis(b)], "variance", keepdims=1)
    b.node("Add", ["variance", b.floats("variance_floor", VARIANCE_FLOOR)], "floored_variance")
    b.node("Sqrt", ["floored_variance"], "window_spread")
    raw = b.node("Concat", ["averages", "window_spread"], "raw_statistics", axis=1)
    b.node("Abs", [raw], "size")
    b.node("Div", ["size", b.floats("scale", scale)], "relative_size")
    b.node("Add", ["relative_size", b.floats("one", 1.0)], "divisor")
    return b.node("Div", [raw, "divisor"], "statistics")


def _features(b: _Builder, statistics: str, columns: int, scale: float) -> str:
    """[N, 4c + c(c+1)/2]: the statistics in a row, then the products of the recent means."""
    i, j = pairs(columns)
    b.node("Reshape", [statistics, b.indices("flat_shape", [-1, 4 * columns])], "flat")
    b.node("Gather", ["flat", b.indices("left_columns", i)], "left", axis=1)
    b.node("Gather", ["flat", b.indices("right_columns", j)], "right", axis=1)
    b.node("Mul", ["left", "right"], "unscaled_products")
    b.node("Div", ["unscaled_products", "scale"], "products")
    return b.node("Concat", ["flat", "products"], "features", axis=1)


def _not_a_number_guard(b: _Builder) -> str:
    """[N]: 0 where every input is finite, else NaN (x - x is NaN for NaN and for infinity)."""
    b.node("Sub", ["window", "window"], "window_guard")
    b.node("ReduceSum", ["window_guard", b.indices("window_axes", [1, 2])], "window_guard_sum", keepdims=0)
    b.node("Add", ["baseline_mean", "baseline_std"], "baseline")
    b.node("Sub", ["baseline", "baseline"], "baseline_guard")
    b.node("ReduceSum", ["baseline_guard", "feature_axis"], "baseline_guard_sum", keepdims=0)
    return b.node("Add", ["window_guard_sum", "baseline_guard_sum"], "guard")


def _time_axis(b: _Builder) -> str:
    if not any(constant.name == "time_axis" for constant in b.constants):
        b.indices("time_axis", [1])
    return "time_axis"
