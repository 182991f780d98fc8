"""Calibration and windows: which rows, which label."""

import numpy as np
import pytest
from conftest import csv_text, pump_rows

from features.layout import CALIBRATION_ROWS, COLUMNS, WINDOW
from features.windows import cut_windows, fit_baseline
from training.dataset import read_csv


def test_a_window_ends_at_its_row_and_bears_that_rows_label():
    rows, labels = pump_rows(1)
    windows = cut_windows(rows, labels)
    assert windows.end_rows.tolist() == list(range(CALIBRATION_ROWS, len(rows)))
    for position in (0, 119, 120, 239, 240, 319):
        end = windows.end_rows[position]
        np.testing.assert_array_equal(windows.values[position], rows[end - WINDOW + 1 : end + 1].astype(np.float32))
        assert windows.labels[position] == labels[end]
    assert windows.labels.sum() == 120


def test_the_baseline_is_fitted_on_the_first_400_rows_only():
    rows, _ = pump_rows(2)
    changed = rows.copy()
    changed[CALIBRATION_ROWS:] += 1000
    before, after = fit_baseline(rows), fit_baseline(changed)
    np.testing.assert_array_equal(before.mean, after.mean)
    np.testing.assert_allclose(before.mean, rows[:400].mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(before.std, rows[:400].std(axis=0), rtol=1e-5)


def test_missing_readings_leave_the_baseline_but_take_every_window_that_holds_them():
    rows, labels = pump_rows(3)
    rows[10:20, 3] = np.nan
    rows[500, 6] = np.nan
    windows = cut_windows(rows, labels)
    assert np.isfinite(windows.baseline.mean).all()
    assert set(range(400, 720)) - set(windows.end_rows.tolist()) == set(range(500, 560))


def test_a_sensor_that_was_silent_during_commissioning_is_an_error_that_names_it():
    rows, _ = pump_rows(4)
    rows[:300, 2] = np.nan
    with pytest.raises(ValueError, match="no reading of Current"):
        fit_baseline(rows)


@pytest.mark.parametrize("delimiter", [";", ","])
@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_files_are_read_whatever_their_separator_and_line_end(tmp_path, delimiter, newline):
    rows, labels = pump_rows(5)
    rows[7, 1] = np.nan
    path = tmp_path / "pump.csv"
    path.write_bytes(csv_text(rows, labels, delimiter, newline).encode())
    read, read_labels = read_csv(path)
    np.testing.assert_allclose(read, rows, rtol=1e-5)
    np.testing.assert_array_equal(read_labels, labels)


def test_a_missing_column_and_a_broken_line_are_named(tmp_path):
    rows, labels = pump_rows(6)
    text = csv_text(rows, labels)
    path = tmp_path / "pump.csv"
    path.write_text(text.replace(COLUMNS[3], "Head"))
    with pytest.raises(ValueError, match="column Pressure is missing"):
        read_csv(path)
    lines = text.split("\r\n")
    lines[41] = lines[41].replace(";0.0;0.0", ";no;0.0")
    path.write_text("\r\n".join(lines))
    with pytest.raises(ValueError, match="line 42 is not a row of numbers"):
        read_csv(path)
