"""How many tokens a prompt takes, by a model's own tokenizer; no weights are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese.schedule import parse_schedule, split_and
from sd_chinese.spec import EncoderSpec, encoder_vocabulary, find_encoder, spec_of
from sd_chinese.text.chunks import chunk_prompt
from sd_chinese.text.tokenizers import Tokenizer
from sd_chinese.weights_io import open_weights

if TYPE_CHECKING:
    from collections.abc import Sequence


#: What a host takes out of a prompt before it is read (modules/extra_networks.py).
_TAGS = re.compile(r"<\w+:[^>]+>")
#: As many as the pages begin with: only which texts a schedule has is asked of it.
_STEPS = 20


@dataclass(frozen=True)
class Count:
    """Attributes:
    tokens: what the encoder gets between start and end.
    limit: what its contexts hold.
    contexts: each context's text ids, without start, end and padding.
    """

    tokens: int
    limit: int
    contexts: Sequence[Sequence[int]]


def count_tokens(text: str, model: Path, *, negative: bool = False) -> Count:
    """Count as the hosts do: without the tags of LoRA, the longest of what `AND`, `[a:b:0.5]` and `[a|b]` come to, and
    a context that ended early counts as full.

    Raises:
        SdzhError: the model has no text encoder or no vocabulary that is known, or the text is too long.
    """
    tokenizer, spec = _tokenizer(model, model.stat().st_mtime_ns)
    bare = _TAGS.sub("", text)
    parts = [bare] if negative else [part for part, _ in split_and(bare)]
    texts = dict.fromkeys(each for part in parts for _, each in parse_schedule(part, _STEPS))
    return max((_count(each, tokenizer, spec, negative) for each in texts), key=lambda count: count.tokens)


def _count(text: str, tokenizer: Tokenizer, spec: EncoderSpec, negative: bool) -> Count:
    chunks = chunk_prompt(text, tokenizer, spec, negative=negative)
    room = spec.context_length - 2
    ids = [chunk.ids[1 : chunk.used - 1] for chunk in chunks]
    return Count((len(chunks) - 1) * room + len(ids[-1]), len(chunks) * room, ids)


@lru_cache(maxsize=4)
def _tokenizer(model: Path, _changed: int) -> tuple[Tokenizer, EncoderSpec]:
    files = find_encoder(model)
    spec = spec_of(files)
    with open_weights(files.header.path) as weights:
        return Tokenizer(spec.tokenizer, encoder_vocabulary(weights, files, spec)), spec
