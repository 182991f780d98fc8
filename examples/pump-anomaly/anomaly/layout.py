"""The shape of the data: which columns, how many rows. `windlass.yaml` says the same (a test compares them)."""

COLUMNS = (
    "Accelerometer1RMS",
    "Accelerometer2RMS",
    "Current",
    "Pressure",
    "Temperature",
    "Thermocouple",
    "Voltage",
    "Volume Flow RateRMS",
)
LABEL = "anomaly"
WINDOW = 5
"""Rows whose statistics go into one rolling median."""
CALIBRATION_ROWS = 400
EXPLAINED_VARIANCE = 0.85
CONFIDENCE = 0.999
"""A healthy row stays below each limit with this probability."""
THRESHOLD = 0.5
"""The score of a row that lies exactly on its limit."""


class ProjectError(Exception):
    """Something in the data or the settings that the caller must change; the message says what."""
