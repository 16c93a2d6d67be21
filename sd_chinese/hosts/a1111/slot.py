"""The one place from which a class that the host builds takes what a yaml cannot carry: vocabularies."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sd_chinese.vocabulary import Vocabulary

_vocabularies: dict[str, Vocabulary] = {}


def put_vocabulary(vocabulary: Vocabulary) -> str:
    """Keep a vocabulary and return the key that goes into the yaml; equal bytes have equal keys."""
    key = hashlib.sha256(vocabulary.data).hexdigest()[:16]
    _vocabularies[key] = vocabulary
    return key


def take_vocabulary(key: str) -> Vocabulary:
    """The vocabulary of a key that `put_vocabulary` returned."""
    return _vocabularies[key]


def empty() -> None:
    _vocabularies.clear()
