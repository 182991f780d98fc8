"""Makes a cheaper form of each ONNX model of a folder, in the project's own environment.

optimise.py int8|float16 SOURCE TARGET

int8: dynamic quantisation of weights, 7 bits wide, so that processors without VNNI do not saturate and all give the same numbers.
float16: half precision inside, float32 at inputs and outputs. What is wrong is said in one line on stderr, with exit code 3.
"""

import logging
import sys
import warnings
from pathlib import Path


def stop(reason):
    print(reason, file=sys.stderr)
    sys.exit(3)


try:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.transformers.float16 import convert_float_to_float16
except ImportError as error:
    stop(f"the project's environment lacks {error.name}: add onnx and onnxruntime to its lock file")


def int8(source, target):
    before = {node.op_type for node in onnx.load(source).graph.node}
    # Not the path: beside a file its shapes would be written, and SOURCE may be read-only.
    quantize_dynamic(onnx.load(source), target, weight_type=QuantType.QInt8, reduce_range=True)
    model = onnx.load(target)
    if {node.op_type for node in model.graph.node} <= before:
        stop(f"{source.name} has no weights that dynamic quantisation reaches (MatMul, Gemm, Conv, LSTM with constant weights)")
    return model


def float16(source, _target):
    model = convert_float_to_float16(onnx.load(source), keep_io_types=True)
    if not any(tensor.data_type == onnx.TensorProto.FLOAT16 for tensor in model.graph.initializer):
        stop(f"{source.name} has no weights that half precision reaches")
    return model


def main(kind, source, target):
    for path in sorted(source.rglob("*.onnx")):
        made = target / path.relative_to(source)
        made.parent.mkdir(parents=True, exist_ok=True)
        model = {"int8": int8, "float16": float16}[kind](path, made)
        original = onnx.load(path)
        # What the file says of itself stays: column names above all.
        del model.metadata_props[:]
        model.metadata_props.extend(original.metadata_props)
        model.producer_name, model.producer_version = original.producer_name, original.producer_version
        onnx.save(model, made)
        print(f"{kind}: {path.relative_to(source)}", flush=True)


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
