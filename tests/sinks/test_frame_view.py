import numpy as np
import pytest
from message_streams import Stream, head_on_mesh, verdict

from realtime.frame_view import FrameViews, face_in_frame
from realtime.messages import ExpressionOpened, FaceTracked, WindowReset
from realtime.parcel import Parcel

FPS = 30


def clip(seconds=6.0, **more):
    return Stream([n / FPS for n in range(round(seconds * FPS))], **more)


def given_while_hearing(views, stream, most=None):
    """Views, each with the number of the frame whose messages were the last heard."""
    out = []
    for parcel in stream.parcels():
        views.hear(parcel.message)
        out += [(view, parcel.message.sequence) for view in views.ready(most)]
    return out


def test_every_frame_is_given_once_in_order_with_what_concerns_it():
    stream = clip(verdicts=[verdict(onset=30, offset=42)], faceless=range(90, 120))
    views = [view for view, _ in given_while_hearing(FrameViews(), stream)]
    assert [view.sequence for view in views] == list(range(len(stream.times_s)))
    assert [view.time_s for view in views] == stream.times_s
    shown = [view.sequence for view in views if view.events]
    assert shown == list(range(30, 42 + FPS))
    assert [view.sequence for view in views if view.absent] == list(range(90, 120))
    assert {view.absent for view in views if view.absent} == {"covered"}
    assert all((view.face is None) == bool(view.absent) for view in views)
    assert views[36].motion[10] == pytest.approx(1.9) and views[60].motion[10] == pytest.approx(0.1)


def test_frames_trail_the_messages_and_no_further_than_asked():
    views = FrameViews(hold_back_s=1.5)
    late = [newest - view.sequence for view, newest in given_while_hearing(views, clip())]
    during = late[: round(4.0 * FPS)]
    assert min(during) >= 1.5 * FPS and max(during) <= 1.5 * FPS + 2


def held_smile():
    smile = verdict(7, onset=30, offset=130, kind="macro", sequence=136)
    template = clip().stamp(55, 55 / FPS)
    return clip(verdicts=[smile], opened={55: ExpressionOpened(**template, event=7, onset_s=30 / FPS)})


def test_a_held_expression_waits_for_its_verdict():
    given = given_while_hearing(FrameViews(), held_smile())
    assert all(newest >= 136 for view, newest in given if view.sequence >= 30)
    assert [view.sequence for view, _ in given if view.events] == list(range(30, 160))


def test_catching_up_is_spread_over_messages():
    counts = {}
    for _, newest in given_while_hearing(FrameViews(), held_smile(), most=4):
        counts[newest] = counts.get(newest, 0) + 1
    messages_per_frame = 3  # track, verdict, motion
    assert max(counts.values()) <= 4 * messages_per_frame


def test_an_expression_that_is_never_judged_is_given_up():
    stamp = clip().stamp(55, 55 / FPS)
    stream = clip(12.0, opened={55: ExpressionOpened(**stamp, event=7, onset_s=1.0)})
    views = FrameViews(longest_s=5.0)
    given = given_while_hearing(views, stream)
    first_held = next(newest for view, newest in given if view.sequence == 30)
    assert 6.0 * FPS <= first_held <= 6.1 * FPS


def test_a_reset_lets_go_of_what_was_held():
    views = FrameViews()
    for parcel in clip(3.0).parcels():
        message = parcel.message
        if message.sequence == 89:
            break
        views.hear(message)
    stamp = clip().stamp(88, 88 / FPS)
    views.hear(ExpressionOpened(**stamp, event=1, onset_s=0.5))
    assert max(view.sequence for view in views.ready()) <= 15
    views.hear(WindowReset(**stamp, presentation_s=88 / FPS, reason="gap"))
    assert max(view.sequence for view in views.ready()) > 30


def test_memory_does_not_grow_with_the_stream():
    views = FrameViews()
    stream = clip(60.0, verdicts=[verdict(n, onset=60 * n, offset=60 * n + 12) for n in range(1, 28)])
    for parcel in stream.parcels():
        views.hear(parcel.message)
        list(views.ready())
        assert len(views._views) <= 1.5 * FPS + 2 and len(views._events) <= 4


def test_the_mesh_is_carried_back_into_the_frame():
    angle, scale = 0.2, 1.7
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    similarity = np.column_stack([turn, [-40.0, 25.0]])
    in_frame = head_on_mesh(200.0, 150.0)
    in_crop = in_frame.copy()
    in_crop[:, :2] = in_frame[:, :2] @ turn.T + similarity[:, 2]
    tracked = next(p.message for p in clip().parcels() if isinstance(p.message, FaceTracked))
    moved = FaceTracked(
        **clip().stamp(0, 0.0),
        presentation_s=0.0,
        crop_epoch=1,
        crop_from_frame=tuple(similarity.ravel()),
        landmarks=in_crop.tobytes(),
        face_width=150 * scale,
        quality=tracked.quality,
    )
    np.testing.assert_allclose(face_in_frame(moved), in_frame[:, :2], atol=1e-3)
    assert isinstance(Parcel(moved).message, FaceTracked)
