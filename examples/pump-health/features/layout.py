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
WINDOW = 60
CALIBRATION_ROWS = 400
