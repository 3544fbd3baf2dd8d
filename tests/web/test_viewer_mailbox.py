"""What a slow browser gets: the newest frame, never a queue; and everything that was said."""

from __future__ import annotations

import asyncio
import struct
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.web.viewer import IN_FLIGHT, Viewer


def run(body):
    """In a thread of its own: a browser that an earlier test opened has a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(body())).result()


def test_a_browser_that_confirms_nothing_gets_two_frames_and_then_the_newest():
    async def body():
        viewer = Viewer()
        got = []
        for number in range(100):
            viewer.show(number, b"%d" % number)
            if number < IN_FLIGHT:
                got.append(await viewer.next())
        task = asyncio.ensure_future(viewer.next())
        await asyncio.sleep(0.01)
        assert not task.done(), "nothing is queued"
        viewer.seen(0)
        got.append(await task)
        return got

    got = run(body)
    assert [piece[8:] for piece in got] == [b"0", b"1", b"99"]
    assert [struct.unpack_from("<II", piece) for piece in got] == [(0, 0), (1, 0), (99, 97)], "the browser is told"


def test_what_is_said_comes_before_frames_and_motions_together():
    async def body():
        viewer = Viewer()
        viewer.show(1, b"frame")
        viewer.move('{"a":1}')
        viewer.move('{"a":2}')
        viewer.say("event")
        return [await viewer.next() for _ in range(3)]

    assert run(body) == ["event", '{"type":"motions","samples":[{"a":1},{"a":2}]}', struct.pack("<II", 1, 0) + b"frame"]


def test_confirmations_that_are_lost_do_not_stop_the_picture(monkeypatch):
    async def body():
        viewer = Viewer()
        for number in range(IN_FLIGHT):
            viewer.show(number, b"old")
            await viewer.next()
        clock = asyncio.get_running_loop().time
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: clock() + 60)
        viewer.show(9, b"new")
        return await viewer.next()

    assert run(body).endswith(b"new")


def test_who_leaves_is_let_go():
    async def body():
        viewer = Viewer()
        waiting = asyncio.ensure_future(viewer.next())
        await asyncio.sleep(0)
        viewer.leave()
        return await waiting

    assert run(body) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["show", "seen", "take", "say"]), max_size=80))
def test_frames_never_come_twice_or_backwards(steps):
    async def body():
        viewer, shown, said, count = Viewer(), [], [], 0
        for step in steps:
            if step == "show":
                count += 1
                viewer.show(count, count.to_bytes(4, "big"))
            elif step == "say":
                said.append(f"said {len(said)}")
                viewer.say(said[-1])
            elif step == "seen" and shown:
                viewer.seen(shown[-1])
            elif step == "take":
                task = asyncio.ensure_future(viewer.next())
                await asyncio.sleep(0)
                if not task.done():
                    task.cancel()
                    continue
                piece = task.result()
                if isinstance(piece, bytes):
                    shown.append(int.from_bytes(piece[8:], "big"))
                else:
                    assert piece == said.pop(0)
        assert shown == sorted(set(shown))

    run(body)
