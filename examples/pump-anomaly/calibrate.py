"""Fits the calibration of pumps: reads WINDLASS_COMMISSIONING, writes one JSON file per pump to WINDLASS_OUT."""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"  # before NumPy loads: sums are then always added in the same order

import sys  # noqa: E402
from pathlib import Path  # noqa: E402

from anomaly.files import read_csv, read_manifest, write_json  # noqa: E402
from anomaly.fitting import fit_calibration  # noqa: E402
from anomaly.layout import COLUMNS, ProjectError  # noqa: E402


def main() -> None:
    folder, out = (Path(os.environ[name]) for name in ("WINDLASS_COMMISSIONING", "WINDLASS_OUT"))
    for group in read_manifest(folder)["groups"]:
        try:
            calibration = fit_calibration(read_csv(folder / group["file"], COLUMNS))
        except ProjectError as error:
            raise ProjectError(f"{group['group']}: {error}") from error
        write_json(out / group["out"], {name: tensor.tolist() for name, tensor in calibration.tensors().items()})


if __name__ == "__main__":
    try:
        main()
    except ProjectError as error:
        print(f"calibration stopped: {error}", file=sys.stderr)
        sys.exit(3)
