"""Names, marks, action units and label maps as sheets and papers have them."""

from __future__ import annotations

import pytest

from models.datasets.folders import plain_subject, same_clip, same_subject
from models.datasets.label_maps import UnknownMap, class_names, class_of
from models.datasets.sheet_reader import place_marks, plain_units
from models.datasets.sheets import frame_number


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("sub01", "1", True), ("006", "6", True), ("spNO.7", "7", True), ("1", "11", False), ("CASME2-RAW", "2", False)],
)
def test_subjects_are_one_whatever_their_padding(one: str, other: str, same: bool):
    assert same_subject(one, other) is same and same_subject(other, one) is same


def test_clips_match_by_case_padding_and_code():
    assert same_clip("ep02_01F", "EP02_01f") and same_clip("15_0101disgustingteeth", "15_0101")
    assert not same_clip("EP02_01f", "EP02_10f") and not same_clip("EP02_01f", "EQ02_01f")
    assert plain_subject("sub006") == "sub6"


@pytest.mark.parametrize("cell", ["", "*", "/", "-", "NaN"])
def test_signs_for_an_unmarked_frame(cell: str):
    assert frame_number(cell) is None


@pytest.mark.parametrize("cell", ["ten", "1.5", "-3"])
def test_what_is_no_frame_number_is_refused(cell: str):
    with pytest.raises(ValueError):
        frame_number(cell)


@pytest.mark.parametrize(
    ("marks", "numbers", "places"),
    [
        ((46, 50, 60), range(40, 70), (6, 10, 20)),
        ((46, None, 60), range(40, 70), (6, None, 20)),
        ((1, 3, 5), range(1, 6), (0, 2, 4)),
        ((100, 102, 104), range(1, 6), (0, 2, 4)),  # numbered anew
        ((3, 99, 8), range(0, 10), (3, None, 8)),  # an apex outside counts as none
        ((3, 4, 11), range(0, 10), (3, 4, 9)),  # two frames too far
        ((None, None, None), range(0, 10), (None, None, None)),
        ((3, 4, None), range(0, 10), (3, 4, 9)),
    ],
)
def test_marks_become_places(marks, numbers, places):
    found = place_marks(*marks, list(numbers))
    assert (found.onset, found.apex, found.offset) == places


def test_marks_that_lie_elsewhere_are_refused():
    for marks in ((20, 22, 30), (5, 6, 2), (3, 4, 15)):
        with pytest.raises(ValueError):
            place_marks(*marks, list(range(0, 10)))


@pytest.mark.parametrize(
    ("text", "units"),
    [("L14", "L14"), ("AU4+AU7", "4+7"), ("12A + R25B", "12+R25"), ("4+7?", "4+7"), ("", ""), ("1B or 2C", "1+2")],
)
def test_action_units_without_intensities(text: str, units: str):
    assert plain_units(text) == units


def test_label_maps():
    assert [class_of("casme2", word, 3) for word in ("Repression", "happiness", "surprise", "others")] == [
        0,
        1,
        2,
        None,
    ]
    assert class_of("casme3", "others", 4) == 3
    assert class_of("casme2", "fear", 5) == class_names("casme2", 5).index("others")
    assert class_of("samm", "contempt", 5) == 1
    assert class_of("casme3", "anger", 7) == class_names("casme3", 7).index("anger")
    assert class_of("smic", "negative", 7) is None  # nobody can tell which
    assert [class_of("deception", word, 2) for word in ("truthful", "deceptive")] == [0, 1]
    for dataset, classes in (("casme2", 6), ("deception", 3)):
        with pytest.raises(UnknownMap):
            class_names(dataset, classes)
