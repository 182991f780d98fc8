"""The scoring graph: five raw rows and a pump's calibration in, score out. The same for every pump.

Only operators of the standard ONNX domain, each of which treats every window by itself, so that a score does not depend
on the batch it comes in.
"""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from anomaly.layout import COLUMNS, WINDOW

OPSET = 18
IR_VERSION = 9
LEAST_EIGENVALUE = 1e-12
"""What a component without any variance is divided by; its projection is 0."""


class _Builder:
    """Collects nodes and constants; every node has one output, named by the caller."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value, dtype) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name

    def node(self, operator: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output


def build_graph() -> onnx.ModelProto:
    """Builds and checks the model. A window or calibration with NaN or infinity anywhere gives score NaN."""
    b = _Builder()
    b.constant("row_axis", [1], np.int64)
    b.constant("column_axis", [2], np.int64)
    b.constant("one", 1.0, np.float32)

    for name in ("mean", "scale"):
        b.node("Unsqueeze", [name, "row_axis"], f"{name}_row")
    b.node("Sub", ["window", "mean_row"], "deviation")
    b.node("Div", ["deviation", "scale_row"], "z")
    b.node("MatMul", ["z", "loadings"], "projected")
    t2, q = _t2(b), _q(b)
    b.node("Split", ["limits"], "t2_limit", axis=1, num_outputs=2)
    b.nodes[-1].output.append("q_limit")
    over = [
        b.node("Div", [_median(b, statistic), b.node("Squeeze", [f"{name}_limit", "row_axis"], f"{name}_bound")], name)
        for name, statistic in (("t2", t2), ("q", q))
    ]
    b.node("Max", over, "larger")
    b.node("Add", ["larger", _not_a_number_guard(b)], "ratio")
    b.node("Add", ["ratio", "one"], "divisor")
    b.node("Div", ["one", "divisor"], "complement")
    b.node("Sub", ["one", "complement"], "probability")  # r / (1 + r), which is 1 and not NaN for an infinite r

    width = len(COLUMNS)
    shapes = {
        "window": [WINDOW, width],
        "mean": [width],
        "scale": [width],
        "loadings": [width, width],
        "eigenvalues": [width],
        "limits": [2],
    }
    graph = helper.make_graph(
        b.nodes,
        "pump_anomaly",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape]) for name, shape in shapes.items()],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["N"])],
        initializer=b.constants,
    )
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, producer_name="pump-anomaly", opset_imports=opset, ir_version=IR_VERSION)
    helper.set_model_props(model, {"windlass.columns": json.dumps(COLUMNS)})
    onnx.checker.check_model(model, full_check=True)
    return model


def _t2(b: _Builder) -> str:
    """[N, 5]: squared projections over their eigenvalues; those of components that are not kept are 0."""
    b.node("Max", ["eigenvalues", b.constant("least_eigenvalue", LEAST_EIGENVALUE, np.float32)], "variance")
    b.node("Unsqueeze", ["variance", "row_axis"], "variance_row")
    b.node("Mul", ["projected", "projected"], "squared_projection")
    b.node("Div", ["squared_projection", "variance_row"], "relative_projection")
    return b.node("ReduceSum", ["relative_projection", "column_axis"], "t2_rows", keepdims=0)


def _q(b: _Builder) -> str:
    """[N, 5]: squared distance of each row from the space of the kept components."""
    b.node("Transpose", ["loadings"], "loadings_back", perm=[0, 2, 1])
    b.node("MatMul", ["projected", "loadings_back"], "explained")
    b.node("Sub", ["z", "explained"], "residual")
    b.node("Mul", ["residual", "residual"], "squared_residual")
    return b.node("ReduceSum", ["squared_residual", "column_axis"], "q_rows", keepdims=0)


def _median(b: _Builder, statistic: str) -> str:
    """[N]: the third largest of five."""
    middle = WINDOW // 2
    if not any(constant.name == "half" for constant in b.constants):
        b.constant("half", [middle + 1], np.int64)
        b.constant("middle", middle, np.int64)
    largest = b.node("TopK", [statistic, "half"], f"{statistic}_largest", axis=1, largest=1, sorted=1)
    b.nodes[-1].output.append(f"{statistic}_places")
    return b.node("Gather", [largest, "middle"], f"{statistic}_median", axis=1)


def _not_a_number_guard(b: _Builder) -> str:
    """[N]: 0 where every input is finite, else NaN (x - x is NaN for NaN and for infinity)."""
    sums = []
    for name, axes in {
        "window": [1, 2],
        "mean": [1],
        "scale": [1],
        "loadings": [1, 2],
        "eigenvalues": [1],
        "limits": [1],
    }.items():
        b.node("Sub", [name, name], f"{name}_guard")
        axes_name = b.constant(f"{name}_axes", axes, np.int64)
        sums.append(b.node("ReduceSum", [f"{name}_guard", axes_name], f"{name}_guard_sum", keepdims=0))
    return b.node("Sum", sums, "guard")
