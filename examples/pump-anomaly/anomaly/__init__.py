"""T² and Q of a pump against its commissioning: `fitting` and `score` are the reference, `graph` the same as ONNX."""
