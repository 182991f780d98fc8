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

    def split(self, tensor: str, outputs: list[str]) -> None:
        """Splits [N, c] into its c columns [N, 1]."""
        self.nodes.append(
            helper.make_node("Split", [tensor], outputs, name=f"{tensor}_split", axis=1, num_outputs=len(outputs))
        )


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
    b.split("limits", ["t2_limit", "q_limit"])
    over = [b.node("Div", [_median(b, rows), f"{name}_limit"], name) for name, rows in (("t2", t2), ("q", q))]
    b.node("Max", over, "larger_column")
    b.node("Squeeze", ["larger_column", "row_axis"], "larger")
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
    """[N, 1]: the middle one of five, by smaller and larger of pairs (TopK ends the process when there are no rows)."""
    parts = [f"{statistic}_{row}" for row in range(WINDOW)]
    b.split(statistic, parts)
    first, second, third, fourth, fifth = parts

    def pick(operator: str, left: str, right: str) -> str:
        return b.node(operator, [left, right], f"{statistic}_{len(b.nodes)}")

    low = pick("Max", pick("Min", first, second), pick("Min", third, fourth))
    high = pick("Min", pick("Max", first, second), pick("Max", third, fourth))
    return pick("Max", pick("Min", low, high), pick("Min", pick("Max", low, high), fifth))


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
