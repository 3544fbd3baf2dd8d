"""What can be chosen on the page, and who sees which of several sources."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import msgspec
import pytest
import zmq

from realtime.failures import UserFacingError
from realtime.person import persons_folder
from realtime.settings import CameraSettings
from realtime.web.hub import Hub
from realtime.web.page_messages import Ask, CameraOffer, PageNote, PageQuiet, PageStatus
from realtime.web.page_relay import FRAME, SAID
from realtime.web.page_sources import ALL, IN_WORDS, PageSources


def chosen(given, tmp_path, demo_clip=None) -> PageSources:
    return PageSources(given, CameraSettings(fps=60.0), tmp_path / "camera.ipc", demo_clip, tmp_path)


def test_one_source_is_what_begins_and_several_are_one_choice(tmp_path):
    assert chosen(["0"], tmp_path).first == "0"
    several = chosen(["0", "rtsp://me:secret@cam/1", "rtsp://me:secret@cam/1"], tmp_path)
    assert several.first == ALL
    assert several.choices[0] == (ALL, "all 3 sources of the command line")
    opened = several.opened_by(Ask(do="start", source=ALL))
    assert list(opened) == ["camera 0", "rtsp://***@cam/1", "rtsp://***@cam/1 (2)"]
    assert [spec.spec for spec in opened.values()] == ["0", "rtsp://me:secret@cam/1", "rtsp://me:secret@cam/1"]
    assert opened["camera 0"].fps == 60.0


def test_a_stream_with_a_password_can_be_begun_again_from_the_page(tmp_path):
    sources = chosen(["rtsp://me:secret@cam/1"], tmp_path)
    assert sources.choices[0] == (sources.first, "rtsp://***@cam/1")
    opened = sources.opened_by(Ask(do="start", source=sources.first))
    assert {name: spec.spec for name, spec in opened.items()} == {"rtsp://***@cam/1": "rtsp://me:secret@cam/1"}
    assert chosen(["browser"], tmp_path).first == "browser"


def test_a_browsers_camera_is_watched_alone(tmp_path):
    with pytest.raises(UserFacingError, match="'browser' as the only source"):
        chosen(["0", "browser"], tmp_path)
    opened = chosen(["browser"], tmp_path).opened_by(CameraOffer(width=640, height=480, fps=30))
    assert list(opened) == [IN_WORDS] and opened[IN_WORDS].spec == f"browser:{tmp_path / 'camera.ipc'}"


def test_a_recording_and_the_built_in_clip_are_played_at_their_own_pace(tmp_path):
    sources = chosen(["a.mp4", "demo"], tmp_path, lambda folder: folder / "clip.mp4")
    opened = sources.opened_by(Ask(do="start", source=ALL))
    assert [(name, spec.spec, spec.realtime) for name, spec in opened.items()] == [
        ("a.mp4", "a.mp4", True),
        ("demo", str(tmp_path / "clip.mp4"), True),
    ]
    with pytest.raises(UserFacingError, match="no built-in clip"):
        chosen(["demo"], tmp_path).opened_by(Ask(do="start", source="demo"))


def in_its_own_thread(body) -> None:
    """In this one a browser's loop may be running."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(body())).result()


async def said_to(viewer) -> list[bytes | str]:
    """All that waits for it."""
    told = []
    while True:
        try:
            told.append(await asyncio.wait_for(viewer.next(), 0.3))
        except asyncio.TimeoutError:
            return told


@asynccontextmanager
async def relayed(folder):
    """A hub, and the socket by which a relay speaks to it."""
    hub = Hub(folder)
    await hub.open()
    context = zmq.Context()
    relay = context.socket(zmq.PUSH)
    relay.connect(f"ipc://{hub.socket}")
    try:
        yield hub, relay
    finally:
        relay.close(linger=0)
        context.term()
        await hub.close()


def test_each_viewer_gets_the_frames_of_the_source_that_it_looks_at_and_every_event(tmp_path):
    async def play() -> None:
        async with relayed(tmp_path) as (hub, relay):
            one, other = hub.join(), hub.join()
            hub.tell(PageStatus(phase="running", running=["a", "b"]))
            hub.show(other, "b")
            for viewer in (one, other):
                await said_to(viewer)
            assert hub.watch_file("a").exists() and hub.watch_file("b").exists()
            for name in (b"a", b"b"):
                relay.send_multipart([FRAME, name, b"picture of " + name])
                relay.send_multipart([SAID, name, b'{"type":"motion","source":"%s"}' % name])
                relay.send_multipart([SAID, name, b'{"type":"event","source":"%s"}' % name])
            for viewer, name in ((one, "a"), (other, "b")):
                told = await said_to(viewer)
                assert [piece[8:] for piece in told if isinstance(piece, bytes)] == [f"picture of {name}".encode()]
                texts = [piece for piece in told if isinstance(piece, str)]
                assert texts.count('{"type":"event","source":"a"}') == texts.count('{"type":"event","source":"b"}') == 1
                assert [text for text in texts if "motions" in text] == [
                    f'{{"type":"motions","samples":[{{"type":"motion","source":"{name}"}}]}}'
                ]
            hub.tell(PageNote(source="b", time_s=0, what="trouble", says="gone"))
            assert "gone" in str(await said_to(one)), "trouble is told to everybody"
            hub.show(other, "a")
            assert hub.watch_file("a").exists() and not hub.watch_file("b").exists(), "nobody looks at b"
            hub.leave(one)
            hub.leave(other)
            assert not hub.watch_file("a").exists()

    in_its_own_thread(play)


def test_who_looks_at_a_source_that_does_not_run_sees_the_first(tmp_path):
    async def play() -> None:
        hub = Hub(tmp_path)
        viewer = hub.join()
        hub.show(viewer, "gone")
        hub.tell(PageStatus(phase="running", running=["a", "b"]))
        assert hub.watch_file("a").exists() and not hub.watch_file("gone").exists()

    in_its_own_thread(play)


def test_whoever_was_measured_is_known_on_the_page_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    async def play() -> None:
        async with relayed(tmp_path) as (hub, relay):
            hub.tell(PageStatus(phase="running", running=["a"]))
            viewer = hub.join()
            await said_to(viewer)
            persons_folder().mkdir(parents=True)
            (persons_folder() / "anna.json").write_text("{}")
            done = PageQuiet(name="anna", collected_s=10.0, wanted_s=10.0, done=True)
            relay.send_multipart([SAID, b"a", msgspec.json.encode(done)])
            _, status = await said_to(viewer)
            assert msgspec.json.decode(status, type=PageStatus).persons == ["anna"]

    in_its_own_thread(play)


def test_a_page_cannot_ask_for_what_there_is_not():
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"do":"format"}', type=Ask)
