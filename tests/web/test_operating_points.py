"""The slider's table, and the spotter that obeys while it runs."""

from __future__ import annotations

import numpy as np
import pytest
from message_streams import Stream

from realtime.attended_spotter import AttendedSpotter
from realtime.failures import UserFacingError
from realtime.messages import FaceTracked, WindowReset
from realtime.parcel import Parcel
from realtime.settings import SpotSettings
from realtime.web.operating_points import in_force, operating_points, table_in_use
from realtime.wishes import Wishes


def faces(count: int):
    for parcel in Stream([n / 30 for n in range(count)]).parcels():
        if isinstance(parcel.message, FaceTracked):
            yield Parcel(parcel.message, np.full((256, 256), 118, np.uint8))


def test_the_table_grows_in_false_alarms_and_names_only_settings(tmp_path):
    table = tmp_path / "points.csv"
    table.write_text("# why\nfalse_alarms_per_minute,threshold,precision,recall\n2,0.3,0.5,0.9\n0.5,0.6,0.9,0.7\n")
    points = operating_points(table)
    assert [(point.rate, point.settings) for point in points] == [(0.5, {"threshold": 0.6}), (2.0, {"threshold": 0.3})]
    assert in_force(points, SpotSettings(threshold=0.58)) == 0.5 and in_force(points, SpotSettings(threshold=0.2)) == 2
    assert in_force([], SpotSettings()) == 0


@pytest.mark.parametrize(
    "rows", ["rate\n1", "false_alarms_per_minute,threshold\n1,often", "false_alarms_per_minute,threshold\n1,7"]
)
def test_a_table_that_cannot_be_is_told_in_one_line(tmp_path, rows):
    table = tmp_path / "points.csv"
    table.write_text(rows)
    with pytest.raises(UserFacingError, match="calibrate threshold"):
        operating_points(table)


def test_a_table_that_is_no_text_is_told_in_one_line(tmp_path):
    (tmp_path / "points.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(UserFacingError, match="cannot be read"):
        operating_points(tmp_path / "points.csv")


def test_a_users_own_table_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    shipped = table_in_use()
    own = tmp_path / "glimpse" / "operating_points.csv"
    own.parent.mkdir()
    own.write_text("false_alarms_per_minute,threshold\n1,0.4\n")
    assert table_in_use() == own != shipped


def test_wishes_change_thresholds_and_renew_the_reference(tmp_path):
    wishes = Wishes(tmp_path / "wishes")
    spotter = AttendedSpotter(SpotSettings(), Wishes(wishes.path))
    spotter.warm()
    stream = faces(12)
    told = []
    for number, parcel in enumerate(stream):
        if number == 4:
            wishes.ask("spot", "threshold", 0.875)
            wishes.ask("spot", "threshold", 7.0)  # cannot be
            wishes.ask("spot", "nonsense", 1.0)
        if number == 8:
            wishes.ask("reset")
        told += [(number, out.message.reason) for out in spotter.push(parcel) if isinstance(out.message, WindowReset)]
        assert spotter._spotter.settings.threshold == (SpotSettings().threshold if number < 4 else 0.875)
    assert told == [(8, "a viewer asked for it")]
