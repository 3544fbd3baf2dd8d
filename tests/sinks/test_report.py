import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from message_streams import Stream, some_evidence, verdict

from kernels.face_regions import CLOUD_REGIONS
from models.labels import ACTION_UNITS
from realtime import event_pictures, report
from realtime.action_units import ACTION_UNIT_NAMES
from realtime.evidence import unpack_evidence
from realtime.failures import UserFacingError
from realtime.messages import WindowReset
from realtime.parcel import Parcel
from realtime.report import Report
from realtime.summary import StageShare, Summary
from realtime.timeline_picture import LEFT, RIGHT

VOID = {"meta", "img", "input", "link", "br"}
ADDRESSES = {"src", "href", "action", "data", "poster", "srcset", "xlink:href"}


class Page(HTMLParser):
    """What a browser would make of a page, as far as these tests ask."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.addresses, self.ids, self.images, self.words = [], [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes if name in ADDRESSES]
        self.ids += [given["id"]] if "id" in given else []
        assert not [name for name in given if name.startswith("on")], "no handlers"
        if tag == "img":
            self.images.append(given)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def summary(source="clip.mp4", **changes):
    stages = (StageShare("track", 2.0, 0.5, 0.0, 400, 3, 0, 0), StageShare("spot", 1.0, 0.25, 0.0, 400, 0, 1, 0))
    values = {
        "source": source,
        "says": "",
        "frames": 400,
        "start_s": 3.0,
        "run_s": 4.0,
        "total_s": 8.0,
        "stages": stages,
    }
    values |= {
        "faces_found": 1,
        "faces_lost": 0,
        "resets": 0,
        "events": 2,
        "notes": (),
        "problem": "",
        "stopped_by": "",
    }
    return Summary(**(values | changes))


def steady(seconds, **more):
    return Stream([n / 30 for n in range(round(30 * seconds))], **more)


def page_of(tmp_path, *streams, title="Glimpse report"):
    made = Report(tmp_path / "report.html", title)
    for stream in streams:
        made.begin(stream.source, f"{stream.source}: 320x240")
        for parcel in stream.parcels():
            made.take(parcel)
        made.end(summary(stream.source))
    path = made.close()
    return Page(path.read_text()), path


EVENTS = [
    verdict(1, onset=30, offset=42),
    verdict(2, onset=90, offset=150, kind="macro", label="uncertain", latency_ms=210.0),
]


def test_it_tells_each_event(tmp_path):
    page, _ = page_of(tmp_path, steady(8, verdicts=EVENTS))
    assert page.open == []
    assert {"s1", "s1-e1", "s1-e2"} <= set(page.ids) and len(page.ids) == len(set(page.ids))
    for said in (
        "1 micro-expression and 1 macro-expression in 1 recording",
        "1.000 s to 1.400 s, apex 1.200 s: 400 ms",
        "AU12 lip corner puller",
        "positive ✓",
        "macro-expression",
        "Frames 90, 120, 150",
        "1.90 px",
        "mouth corner left",
        "14.2 times the noise",
        "400 frames in 4.0 s: 100 frames/s",
        "no proof of a feeling",
    ):
        assert said in page.text, said
    for percentile in np.percentile([87.31, 210.0], [50, 90, 99]):
        assert f"{percentile:.0f} ms" in page.text


def test_it_says_what_each_region_did_to_the_verdict(tmp_path):
    told = verdict(1, influence={"mouth_corner_left": 2.31, "chin": -0.7})
    page, _ = page_of(tmp_path, steady(8, verdicts=[told]))
    assert "What each region did to the odds of positive" in page.text
    assert "mouth corner left \N{MULTIPLICATION SIGN} 10" in page.text
    assert "chin \N{DIVISION SIGN} 2" in page.text


def test_it_needs_nothing_else(tmp_path):
    page, path = page_of(tmp_path, steady(8, verdicts=EVENTS), steady(3, source="second.mp4"))
    assert all(a.startswith(("#", "data:image/")) for a in page.addresses), page.addresses
    local = {a[1:] for a in page.addresses if a.startswith("#")}
    assert local <= set(page.ids), "links that lead nowhere"
    raw = path.read_text()
    assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & set(page.tags)
    assert not re.search(r"https?://|@import|javascript:", raw)
    assert all(inside.startswith(("#", '"data:image/png;base64,')) for inside in re.findall(r"url\(([^)]*)\)", raw))
    assert all(image["alt"].strip() for image in page.images) and len(page.images) == 6
    assert "default-src 'none'" in raw


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 * 7 }}&lt;.mp4"


def test_hostile_names_stay_text(tmp_path):
    events = [verdict(1, onset=30, offset=42, source=HOSTILE, model=HOSTILE, regions={HOSTILE: 1.0})]
    stream = steady(6, source=HOSTILE, verdicts=events, faceless=range(120, 150))
    made = Report(tmp_path / "report.html", HOSTILE, {HOSTILE: HOSTILE})
    made.begin(HOSTILE, HOSTILE)
    for parcel in stream.parcels():
        made.take(parcel)
    made.take(Parcel(WindowReset(**stream.stamp(60, 2.0), presentation_s=2.0, reason=HOSTILE)))
    made.end(summary(HOSTILE, notes=(HOSTILE,), problem=HOSTILE, stopped_by=HOSTILE))
    page = Page(made.close().read_text())
    assert page.open == [] and "script" not in page.tags
    assert page.tags.count("img") == 3, "only our own pictures"
    assert page.text.count(HOSTILE) >= 8, "and it is still told, letter for letter"


def test_it_says_plainly_when_there_is_nothing(tmp_path):
    page, _ = page_of(tmp_path, steady(3), steady(2, source="empty.mp4", faceless=range(0, 60)))
    assert page.text.count("No expression was found.") == 2
    assert page.text.count("No face was seen.") == 1 and "no face was seen" in page.text
    assert "0 micro-expressions and 0 macro-expressions in 2 recordings" in page.text


def test_absences_and_resets_are_told(tmp_path):
    stream = steady(6, faceless=range(60, 90))
    made = Report(tmp_path / "report.html")
    for parcel in stream.parcels():
        made.take(parcel)
    made.take(Parcel(WindowReset(**stream.stamp(60, 2.0), presentation_s=2.0, reason="204 ms without a frame")))
    made.end()
    page = Page(made.close().read_text())
    assert "2.000 s to 3.000 s: covered" in page.text
    assert "2.000 s: 204 ms without a frame" in page.text


def test_a_report_of_no_recording(tmp_path):
    page, _ = page_of(tmp_path)
    assert page.open == [] and "No recording was worked through." in page.text


def test_events_whose_pictures_are_gone_are_told_all_the_same(tmp_path):
    made = Report(tmp_path / "report.html")
    made.take(Parcel(verdict(1)))
    page = Page(made.close().read_text())
    assert "1. Positive" in page.text and "left out" in page.text and not page.images


def test_times_are_drawn_where_they_belong(tmp_path):
    _, path = page_of(tmp_path, steady(10, verdicts=EVENTS))
    bands = re.findall(r'class="band (\w+)" x="([\d.]+)" y="20" width="([\d.]+)"', path.read_text())
    seconds = [(kind, float(x), float(width)) for kind, x, width in bands]
    per_second = (RIGHT - LEFT) / (299 / 30)
    assert [kind for kind, _, _ in seconds] == ["micro", "macro"]
    for (_, x, width), event in zip(seconds, EVENTS, strict=True):
        assert x == pytest.approx(LEFT + per_second * event.onset_s, abs=0.2)
        assert width == pytest.approx(per_second * (event.offset_s - event.onset_s), abs=0.2)


@pytest.fixture
def textured():
    """Evidence as large as it gets: crops full of noise, which no compression can shrink."""
    rng = np.random.default_rng(1)
    record = some_evidence()
    record["onset"] = rng.integers(0, 256, (256, 256))
    record["apex"] = rng.integers(0, 256, (256, 256))
    record["flow"] = rng.normal(0, 1, (256, 256, 2))
    return record


def test_ten_minutes_with_very_many_events_stay_under_ten_megabytes(tmp_path, textured):
    made = Report(tmp_path / "report.html")
    made.begin("long.mp4")
    source = steady(10)
    motions = [p for p in source.parcels() if type(p.message).__name__ == "MotionMeasured"]
    rng = np.random.default_rng(2)
    for number in range(18_000):
        template = motions[0].message
        moved = tuple(rng.uniform(0, 4, 15).tolist())
        changed = {name: getattr(template, name) for name in template.__struct_fields__}
        changed |= {"presentation_s": number / 30, "motion": moved, "sequence": number}
        made.take(Parcel(type(template)(**changed)))
        if number % 90 == 0:
            event = verdict(
                number // 90 + 1, onset=number, offset=number + 12, spot_score=float(number % 7 + number / 1e6)
            )
            made.take(Parcel(event, textured))
    path = made.close()
    size = path.stat().st_size
    page = Page(path.read_text())
    assert 5_000_000 < size < 10_000_000
    assert page.text.count("Peak motion of regions") == 200
    shown = {
        int(re.search(r"expression (\d+)", image["alt"])[1]) for image in page.images if "at the onset" in image["alt"]
    }
    kept = {number // 90 + 1 for number in sorted(range(0, 18_000, 90), key=lambda n: n % 7 + n / 1e6)[-len(shown) :]}
    assert shown == kept, "the most remarkable keep their pictures"
    assert "left out to keep the file small" in page.text


def test_many_recordings_stay_small(tmp_path):
    made = Report(tmp_path / "report.html")
    for number in range(120):
        made.begin(f"{number}.mp4")
        for parcel in steady(2, source=f"{number}.mp4").parcels():
            made.take(parcel)
        made.end(summary(f"{number}.mp4"))
    assert made.close().stat().st_size < 10_000_000


@pytest.mark.parametrize(
    ("time_s", "says"), [(0.0, "0.000 s"), (59.9994, "59.999 s"), (59.9996, "1:00.000"), (125.0496, "2:05.050")]
)
def test_a_minute_has_sixty_seconds(time_s, says):
    assert report._clock(time_s) == says


def test_a_report_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(UserFacingError, match="cannot be written"):
        Report(tmp_path / "missing" / "report.html").close()


def test_names_agree_with_those_elsewhere():
    assert tuple(name.replace(" ", "_") for name in event_pictures.CLOUD_REGIONS) == CLOUD_REGIONS
    assert set(ACTION_UNITS) == set(ACTION_UNIT_NAMES)
    assert report._PICTURES_BYTES < 10_000_000


def test_arrows_of_the_cloud_point_where_the_points_moved():
    record = some_evidence()
    pictures = event_pictures.event_pictures(record)
    evidence = unpack_evidence(record)
    moving = pictures.regions[5]
    assert moving.share == pytest.approx(1.0) and moving.name == "mouth corner right"
    x, y, u, v = map(float, re.match(r"M(-?[\d.]+) (-?[\d.]+)l(-?[\d.]+) (-?[\d.]+)", moving.arrows).groups())
    assert u / v == pytest.approx(1.1 / -1.7, rel=0.05)
    width = np.linalg.norm(evidence.mesh[454] - evidence.mesh[234])
    expected = evidence.cloud[5, 0, :2] * width + evidence.mesh[:, :2].mean(axis=0)
    np.testing.assert_allclose([x, y], expected, atol=0.51)


def test_expressions_stand_in_the_order_of_their_onsets_under_their_own_numbers(tmp_path):
    late = [verdict(5, onset=120, offset=132), verdict(3, onset=30, offset=140, kind="macro", sequence=145)]
    page, path = page_of(tmp_path, steady(8, verdicts=late))
    assert [name for name in page.ids if "-e" in name] == ["s1-e3", "s1-e5"]
    assert re.findall(r'<a href="#s1-e(\d)">\d</a>', path.read_text()) == ["3", "5"]


def test_tags_of_crowded_expressions_do_not_lie_on_each_other(tmp_path):
    crowd = [verdict(n, onset=10 + 9 * n, offset=16 + 9 * n) for n in range(1, 60)]
    _, path = page_of(tmp_path, steady(60, verdicts=crowd))
    tags = re.findall(r'class="tag \w+" x="([\d.]+)" y="13" text-anchor="middle">([^<]*)<', path.read_text())
    spans = [(float(x) - 3 * len(says), float(x) + 3 * len(says)) for x, says in tags if says]
    assert 3 < len(spans) < 60
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
