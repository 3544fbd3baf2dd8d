"""Video files, good and bad."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from video_clips import SIZE, number_in, numbered, turn, write_clip, write_sound

from realtime.source import Frame, SourceError, open_source


def read(path: Path) -> list[Frame]:
    source = open_source(str(path))
    frames = list(source)
    source.close()
    return frames


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.mov", "clip.avi"])
def test_every_frame_comes_once_in_order_at_its_time(tmp_path: Path, name: str):
    source = open_source(str(write_clip(tmp_path / name)))
    frames = list(source)
    assert (source.width, source.height) == SIZE
    assert source.fps == pytest.approx(30, rel=0.01)
    assert source.says.startswith(f"{name}: 160x120, 30")
    assert [number_in(frame.image) for frame in frames] == list(range(40))
    assert [frame.presentation_s for frame in frames] == pytest.approx([n / 30 for n in range(40)], abs=0.002)
    assert all(frame.captured_ns == round(frame.presentation_s * 1e9) for frame in frames)
    assert all(before.grabbed_ns <= after.grabbed_ns for before, after in pairwise(frames))
    assert source.notes() == []
    source.close()
    source.close()


def test_the_picture_is_rgb(tmp_path: Path):
    path = tmp_path / "red.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        red = np.zeros((64, 64, 3), np.uint8)
        red[..., 0] = 220
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(red, format="rgb24")))
        container.mux(stream.encode())
    image = read(path)[0].image
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert image[32, 32, 0] > 180
    assert image[32, 32, 1:].max() < 40


def test_uneven_times_are_the_containers_own(tmp_path: Path):
    stamps = [0, 10, 50, 55, 400, 433]
    frames = read(write_clip(tmp_path / "vfr.mkv", len(stamps), stamps=stamps))
    assert [round(1000 * frame.presentation_s) for frame in frames] == stamps


def test_a_phones_rotation_mark_is_obeyed(tmp_path: Path):
    source = open_source(str(turn(write_clip(tmp_path / "phone.mp4"))))
    first = next(iter(source)).image
    assert (source.width, source.height) == (SIZE[1], SIZE[0])
    assert first.shape == (SIZE[0], SIZE[1], 3)
    expected = np.rot90(numbered(0), -1)
    assert np.abs(first.astype(int) - expected).mean() < 4


def test_a_large_picture_is_read(tmp_path: Path):
    frames = read(write_clip(tmp_path / "large.mp4", 2, size=(5120, 2880)))
    assert [frame.image.shape for frame in frames] == [(2880, 5120, 3)] * 2


def refusal(path: Path) -> str:
    with pytest.raises(SourceError) as refused:
        open_source(str(path))
    text = str(refused.value)
    assert text.startswith(str(path))
    assert "\n" not in text
    return text


def test_what_is_no_video_is_refused_in_one_line(tmp_path: Path):
    empty, text, noise, renamed = (tmp_path / name for name in ("empty.mp4", "notes.txt", "noise.mp4", "text.mp4"))
    empty.touch()
    text.write_text("not a video\n" * 50)
    renamed.write_text("not a video\n" * 50)
    noise.write_bytes(np.random.default_rng(0).bytes(20_000))
    assert "the file is empty" in refusal(empty)
    assert "not a video; give a video file" in refusal(text)
    assert "not a video, or cut off" in refusal(noise)
    assert "not a video, or cut off" in refusal(renamed)
    assert "no such file" in refusal(tmp_path / "missing.mp4")
    assert "no video that can be decoded" in refusal(write_sound(tmp_path / "sound.m4a"))


def test_a_single_picture_is_no_video(shared_data: Path):
    assert "give a video file, or a folder of images" in refusal(shared_data / "clips" / "single_face.jpg")


def read_until_it_breaks_off(path: Path) -> tuple[list[Frame], str]:
    frames: list[Frame] = []
    try:
        for frame in open_source(str(path)):
            frames.append(frame)
    except SourceError as error:
        return frames, str(error)
    return frames, ""


def cut(path: Path, share: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    return path


def test_a_file_without_its_index_is_refused(tmp_path: Path):
    assert "not a video, or cut off" in refusal(cut(write_clip(tmp_path / "cut.mp4", noise=True), 0.6))


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [("cut.mp4", "libx264", {"movflags": "faststart"}), ("cut.mkv", "libx264", {}), ("cut.avi", "mjpeg", {})],
)
def test_a_file_that_breaks_off_gives_what_it_has_and_says_so(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
):
    path = cut(write_clip(tmp_path / name, 60, codec=codec, noise=True, options=options), 0.6)
    frames, why = read_until_it_breaks_off(path)
    assert re.search(rf"{name}: the file breaks off; \d\.\d s of 2\.0 s .*could be read: copy it again", why)
    assert 20 < len(frames) < 50


def test_a_whole_file_of_two_rates_of_sound_and_picture_does_not_seem_cut(shared_data: Path):
    paths = sorted((shared_data / "clips").glob("*.m*"))
    assert paths, "there is something to read"
    for path in paths:
        frames = read(path)
        assert len(frames) > 50, path
        assert all(a.presentation_s < b.presentation_s for a, b in pairwise(frames)), path


def test_a_damaged_stretch_is_passed_over_and_noted(tmp_path: Path):
    path = write_clip(tmp_path / "damaged.mp4", 60, noise=True, options={"movflags": "faststart"})
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 20_000] = bytes(20_000)
    path.write_bytes(data)
    source = open_source(str(path))
    frames = list(source)
    assert 40 < len(frames) < 60
    assert len(source.notes()) == 1
    assert re.match(r"\d+ damaged pieces skipped", source.notes()[0])


def test_a_picture_that_changes_size_is_refused_where_it_does(tmp_path: Path):
    first = write_clip(tmp_path / "a.ts", 10, size=(160, 120), codec="mpeg2video")
    second = write_clip(tmp_path / "b.ts", 10, size=(192, 144), codec="mpeg2video")
    both = tmp_path / "both.ts"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    frames, why = read_until_it_breaks_off(both)
    assert re.search(r"changes from 160x120 to 192x144 at frame \d+; scale it", why)
    assert frames
    assert all(frame.image.shape == (120, 160, 3) for frame in frames)


def test_a_playlist_cannot_reach_into_the_network(tmp_path: Path):
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/secret.ts\n#EXT-X-ENDLIST\n")
    refusal(playlist)


def test_at_its_own_pace_frames_are_stamped_as_a_cameras(tmp_path: Path):
    source = open_source(str(write_clip(tmp_path / "clip.mp4", 10, fps=50)), realtime=True)
    began_ns = time.monotonic_ns()
    frames = list(source)
    assert [frame.presentation_s for frame in frames] == pytest.approx([n / 50 for n in range(10)])
    assert time.monotonic_ns() - began_ns >= 9 * 20_000_000
    assert all(began_ns <= frame.captured_ns <= frame.grabbed_ns for frame in frames)
    source.close()
