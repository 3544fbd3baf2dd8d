"""From the words of annotators to classes that data sets can be joined by."""

from __future__ import annotations

from collections.abc import Mapping

from models.labels import CLASSES

_WORDS = {
    "happy": "happiness", "happiness": "happiness", "joy": "happiness", "surprise": "surprise", "surprised": "surprise",
    "disgust": "disgust", "disgusted": "disgust", "repression": "repression", "repressed": "repression",
    "sad": "sadness", "sadness": "sadness", "fear": "fear", "fearful": "fear", "anger": "anger", "angry": "anger",
    "contempt": "contempt", "contemptuous": "contempt", "negative": "negative", "positive": "positive",
    "other": "others", "others": "others", "tense": "others", "helpless": "others", "pain": "others",
    "confused": "others", "sympathy": "others", "unknown": "others",
    "truthful": "truthful", "deceptive": "deceptive",
}  # fmt: skip

_VALENCE = {
    **dict.fromkeys(("disgust", "repression", "sadness", "fear", "anger", "contempt", "negative"), "negative"),
    "happiness": "positive", "positive": "positive", "surprise": "surprise",
}  # fmt: skip

FIVE: Mapping[str, tuple[str, ...]] = {
    "casme2": ("happiness", "surprise", "disgust", "repression", "others"),
    "samm": ("anger", "contempt", "happiness", "surprise", "others"),
    "mmew": ("happiness", "surprise", "disgust", "sadness", "others"),
    "casme3": ("happiness", "surprise", "disgust", "fear", "others"),
}
"""The five classes that papers use differ by data set; folders and all others take those of CASME II."""

SEVEN = ("happiness", "surprise", "disgust", "sadness", "fear", "anger", "others")
DECEPTION = ("truthful", "deceptive")
"""For research only; see `models.datasets.videos.DECEPTION_WARNING`."""


class UnknownMap(ValueError):
    """No such number of classes for this data set."""


def class_names(dataset: str, classes: int) -> tuple[str, ...]:
    """What the classes are called, in the order of their numbers.

    3 is MEGC 2019's negative, positive, surprise; 4 adds others (CAS(ME)^3); 5 is each data set's own; 7 the basic
    emotions without contempt, and others; 2 belongs to the deception set alone.

    Raises:
        UnknownMap: a number of classes that this data set has no map for.
    """
    if dataset == "deception":
        if classes != 2:
            raise UnknownMap("the deception set knows truthful and deceptive only: give 2 classes")
        return DECEPTION
    if classes == 3:
        return CLASSES
    if classes == 4:
        return (*CLASSES, "others")
    if classes == 5:
        return FIVE.get(dataset, FIVE["casme2"])
    if classes == 7:
        return SEVEN
    raise UnknownMap(f"label maps have 3, 4, 5 or 7 classes, not {classes}")


def class_of(dataset: str, emotion: str, classes: int) -> int | None:
    """The class of an annotator's word; None where the map leaves it out.

    Raises:
        UnknownMap: a number of classes that this data set has no map for.
    """
    names = class_names(dataset, classes)
    word = _WORDS.get(emotion.strip().lower())
    if word is None:
        return None
    if classes in (3, 4):
        word = _VALENCE.get(word, word)
    elif classes in (5, 7) and word not in names and word not in ("negative", "positive"):
        # The others of five and seven classes take in every feeling that has no class of its own.
        word = "others"
    return names.index(word) if word in names else None
