"""What the model sees of a pump: the layout of a window, and the features computed from it.

`statistics` is the reference in NumPy that training uses; `graph` builds the same computation as ONNX operators, so
that the device computes exactly what training saw.
"""
