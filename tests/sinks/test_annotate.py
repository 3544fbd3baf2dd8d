import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from message_streams import Stream, verdict

from realtime.annotate import AnnotatedVideo, AnnotateSettings
from realtime.caption import KIND_COLOURS
from realtime.failures import UserFacingError
from realtime.messages import EndOfStream, ExpressionOpened
from realtime.source import SourceSpec
from realtime.video_writer import VideoWriter

ROOT = Path(__file__).resolve().parents[2]
WIDTH, HEIGHT = 320, 240
GREY = 118
PATCH = np.s_[-32:-14, 12:30]  # where nothing is drawn


def make_clip(path, times_s, width=WIDTH, height=HEIGHT):
    """A grey clip whose frames tell their number by the brightness of a patch."""
    writer = VideoWriter(path, width, height, 30.0)
    for number, time_s in enumerate(times_s):
        frame = np.full((height, width, 3), GREY, np.uint8)
        frame[PATCH] = 10 + 10 * (number % 24)
        writer.write(frame, time_s)
    writer.close()
    return path


def frames_of(path):
    with av.open(str(path)) as container:
        return [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def annotate(clip, out, stream, settings=None):
    sink = AnnotatedVideo(clip, out, settings)
    for parcel in stream.parcels():
        sink.take(parcel)
    sink.close()
    return frames_of(out)


def bordered(image, kind):
    """Whether the corner of a frame, where solid and dashed borders both begin, has the border's colour."""
    return np.abs(image[1:3, 1:9].astype(int) - KIND_COLOURS[kind]).mean() < 30


STEADY = [n / 30 for n in range(150)]
WANDERING = list(np.cumsum(np.random.default_rng(5).uniform(0.015, 0.06, 150)) - 0.015)


@pytest.mark.parametrize("times_s", [STEADY, WANDERING], ids=["steady", "variable rate"])
def test_same_frames_at_the_same_times(tmp_path, times_s):
    clip = make_clip(tmp_path / "clip.mp4", times_s)
    source = [(f.presentation_s, f.image) for f in SourceSpec(str(clip)).open()]
    made = annotate(clip, tmp_path / "out.mp4", Stream([t for t, _ in source]))
    assert len(made) == len(source) == 150
    np.testing.assert_allclose([t for t, _ in made], [t for t, _ in source], atol=2e-5)
    levels = [[image[PATCH][4:-4, 4:-4].mean() for _, image in frames] for frames in (source, made)]
    np.testing.assert_allclose(*levels, atol=4, err_msg="the drawing lies on another frame")


@pytest.mark.parametrize("times_s", [STEADY, WANDERING], ids=["steady", "variable rate"])
def test_the_border_is_on_exactly_the_frames_of_the_expression(tmp_path, times_s):
    times = {name: times_s[frame] for name, frame in (("onset_s", 40), ("apex_s", 46), ("offset_s", 52))}
    micro = verdict(1, onset=40, offset=52, **times)
    times = {name: times_s[frame] for name, frame in (("onset_s", 80), ("apex_s", 100), ("offset_s", 120))}
    smile = verdict(2, onset=80, offset=120, kind="macro", sequence=126, **times)
    template = Stream(times_s).stamp(105, times_s[105])
    opened = {105: ExpressionOpened(**template, event=2, onset_s=times_s[80])}
    stream = Stream(times_s, [micro, smile], opened)
    made = annotate(make_clip(tmp_path / "clip.mp4", times_s), tmp_path / "out.mp4", stream)
    assert [n for n, (_, image) in enumerate(made) if bordered(image, "micro")] == list(range(40, 53))
    assert [n for n, (_, image) in enumerate(made) if bordered(image, "macro")] == list(range(80, 121))


def test_micro_and_macro_differ_in_more_than_colour(tmp_path):
    stream = Stream(STEADY, [verdict(1, 40, 52), verdict(2, 100, 120, kind="macro", sequence=126)])
    made = annotate(make_clip(tmp_path / "clip.mp4", STEADY), tmp_path / "out.mp4", stream)
    along = [np.ptp(made[n][1][2, 40:-40].astype(int).mean(axis=-1)) for n in (42, 103)]
    assert along[0] < 25 < 45 < along[1], "a solid line against a dashed one"


def test_captions_last_from_the_apex_until_a_second_after_the_offset(tmp_path):
    event = verdict(1, onset=40, offset=52)
    clip = make_clip(tmp_path / "clip.mp4", STEADY)
    plain = annotate(clip, tmp_path / "plain.mp4", Stream(STEADY))
    made = annotate(clip, tmp_path / "out.mp4", Stream(STEADY, [event]))
    where = np.s_[HEIGHT - 70 : HEIGHT - 40, WIDTH // 2 - 60 : WIDTH // 2 + 60]
    differs = [
        n
        for n, ((_, a), (_, b)) in enumerate(zip(plain, made, strict=True))
        if np.abs(a[where] - 1.0 * b[where]).mean() > 15
    ]
    assert differs == list(range(event.apex_frame, 52 + 30))


def test_lost_faces_are_said(tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", STEADY)
    made = annotate(clip, tmp_path / "out.mp4", Stream(STEADY, faceless=range(60, 90)))
    label = [image[8:26, 40:130].mean() < GREY - 15 for _, image in made]
    assert [n for n, dark in enumerate(label) if dark] == list(range(60, 90))


def test_frames_that_were_dropped_on_the_way_are_kept_in_the_video(tmp_path):
    class Lossy(Stream):
        def parcels(self):
            return (p for p in super().parcels() if p.message.sequence % 3 == 0 or isinstance(p.message, EndOfStream))

    made = annotate(make_clip(tmp_path / "clip.mp4", STEADY), tmp_path / "out.mp4", Lossy(STEADY))
    assert len(made) == 150


def test_ending_early_leaves_a_whole_video_of_what_was_seen(tmp_path):
    clip, out = make_clip(tmp_path / "clip.mp4", STEADY), tmp_path / "out.mp4"
    sink = AnnotatedVideo(clip, out)
    for parcel in Stream(STEADY).parcels():
        if parcel.message.sequence == 60:
            break
        sink.take(parcel)
    assert not out.exists(), "an unfinished video must not bear the name of a finished one"
    sink.close()
    sink.close()
    assert len(frames_of(out)) == 60
    assert [f.name for f in tmp_path.iterdir() if f.suffix == ".part"] == []


def test_browsers_can_play_it(tmp_path):
    annotate(make_clip(tmp_path / "clip.mp4", STEADY), tmp_path / "out.mp4", Stream(STEADY))
    with av.open(str(tmp_path / "out.mp4")) as container:
        (stream,) = container.streams
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
    data = (tmp_path / "out.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "players must find the index before the pictures"


@pytest.mark.parametrize(("width", "height"), [(161, 121), (90, 160), (640, 360)])
def test_any_size_of_picture(tmp_path, width, height):
    times_s = STEADY[:70]
    clip = make_clip(tmp_path / "clip.mp4", times_s, width, height)
    stream = Stream(times_s, [verdict(1, 30, 42)], frame_size=(width, height))
    made = annotate(clip, tmp_path / "out.mp4", stream)
    assert made[0][1].shape[:2] == (height + height % 2, width + width % 2)
    assert bordered(made[35][1], "micro") and not bordered(made[45][1], "micro")


def test_large_pictures_are_scaled_down(tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", STEADY[:40])
    made = annotate(clip, tmp_path / "out.mp4", Stream(STEADY[:40]), AnnotateSettings(longest_side=200))
    assert made[0][1].shape == (150, 200, 3) and len(made) == 40


def test_a_folder_of_images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(12):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((HEIGHT, WIDTH, 3), 10 * number, np.uint8))
    made = annotate(folder, tmp_path / "out.mp4", Stream(STEADY[:12]))
    levels = [image[PATCH].mean() for _, image in made]
    assert np.allclose(levels, 10 * np.arange(12), atol=6)


def test_images_keep_the_rate_at_which_they_were_captured(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(6):
        cv2.imwrite(str(folder / f"{number}.png"), np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    spec = SourceSpec(str(folder), realtime=True, image_fps=200.0)
    made = annotate(spec, tmp_path / "out.mp4", Stream([n / 200 for n in range(6)]))
    np.testing.assert_allclose([time_s for time_s, _ in made], np.arange(6) / 200, atol=2e-5)


FULL = """
import resource, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from message_streams import Stream
from realtime.annotate import AnnotatedVideo
from realtime.failures import UserFacingError

sink = AnnotatedVideo(Path({clip!r}), Path({out!r}))
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
for parcel in Stream([n / 30 for n in range(150)]).parcels():
    sink.take(parcel)
try:
    sink.close()
except UserFacingError as error:
    print(error)
"""


def test_a_full_disk_ends_the_video_and_nothing_else(tmp_path):
    clip, out = make_clip(tmp_path / "clip.mp4", STEADY), tmp_path / "out.mp4"
    script = FULL.format(tests=str(Path(__file__).parent), clip=str(clip), out=str(out))
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "cannot be written" in done.stdout and done.stdout.count("\n") == 1
    assert sorted(f.name for f in tmp_path.iterdir()) == ["clip.mp4"]


def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", STEADY[:5])
    with pytest.raises(UserFacingError, match="choose another folder with --out"):
        AnnotatedVideo(clip, tmp_path / "missing" / "out.mp4")
