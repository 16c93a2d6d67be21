"""A prompt as contexts: rows of ids that the encoder takes, none cut short silently.

A prompt that does not fit one context goes on in the next. It is cut where a phrase ends; a phrase longer than a
context where a word ends; a word longer than a context between characters.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from sd_chinese.errors import SdzhError
from sd_chinese.markup import Span, parse_weights
from sd_chinese.spec import EncoderSpec
from sd_chinese.text.tokenizers import Tokenizer
from sd_chinese.words import word_ends

# Far beyond any prompt; a pasted book is a mistake.
MAX_CHARACTERS = 20_000

# A mark ends a phrase, with what closes behind it; 3.5 and 1,000 hold none.
_PHRASE_END = re.compile(
    r"""
    (?: [，。；、！？;!?\n] | (?<!\d), | ,(?!\d) | \.(?![A-Za-z0-9]) )
    [，。；、！？,.;!?”’」』）》】)\]\s]*
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class Chunk:
    """One context.

    Attributes:
        ids: ``context_length`` ids: start, text, end, padding.
        weights: the multiplier of every row.
        used: ids that are not padding.
    """

    ids: tuple[int, ...]
    weights: tuple[float, ...]
    used: int


@dataclass(frozen=True)
class _Token:
    """An id with its weight, and the slice of its section's text that it stands for."""

    id: int
    weight: float
    start: int
    end: int


def chunk_prompt(
    prompt: str, tokenizer: Tokenizer, spec: EncoderSpec, *, negative: bool = False, markup: bool = True
) -> list[Chunk]:
    """Read a prompt into one or more contexts.

    Without weights and within one context the ids are those of the publisher's tokenizer for the whole text.

    Args:
        negative: which of the punctuation policies applies.
        markup: whether brackets and BREAK are markup or text.

    Raises:
        SdzhError: more than `MAX_CHARACTERS` characters.
    """
    if len(prompt) > MAX_CHARACTERS:
        raise SdzhError("prompt_too_long", length=len(prompt), limit=MAX_CHARACTERS)
    spans = parse_weights(prompt) if markup else [Span(prompt, 1.0, 0, len(prompt))]
    room = spec.context_length - 2
    chunks: list[Chunk] = []
    for text, tokens in _sections(spans, tokenizer, spec, negative):
        chunks.extend(_wrap(part, spec) for part in _split(tokens, room, _Ends(text)))
    return chunks


def _sections(
    spans: Sequence[Span], tokenizer: Tokenizer, spec: EncoderSpec, negative: bool
) -> Iterator[tuple[str, list[_Token]]]:
    """The texts between BREAKs, as typed but for markup, and their tokens. What is empty at the end is left out."""
    text, tokens = "", list[_Token]()
    ended = False
    for span in spans:
        if span.is_break:
            yield text, tokens
            text, tokens, ended = "", [], True
            continue
        at = len(text)
        text += span.text
        for piece in tokenizer(spec.punctuation.apply(span.text, negative=negative)):
            tokens.append(_Token(piece.id, span.weight, at + piece.start, at + piece.end))
    if tokens or not ended:
        yield text, tokens


class _Ends:
    """The places where a text may be cut, from the best to the least; each kind is looked for when it is needed."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def phrases(self) -> Sequence[int]:
        return [match.end() for match in _PHRASE_END.finditer(self._text)]

    @cached_property
    def words(self) -> Sequence[int]:
        return word_ends(self._text)

    @cached_property
    def characters(self) -> Sequence[int]:
        return range(len(self._text) + 1)

    def kinds(self) -> Iterator[Sequence[int]]:
        yield self.phrases
        yield self.words
        yield self.characters


def _split(tokens: list[_Token], room: int, ends: _Ends) -> Iterator[list[_Token]]:
    first = 0
    while len(tokens) - first > room:
        cuts = (_last_cut(tokens, first, first + room, kind) for kind in ends.kinds())
        cut = next((cut for cut in cuts if cut), first + room)
        yield tokens[first:cut]
        first = cut
    yield tokens[first:]


def _last_cut(tokens: list[_Token], first: int, last: int, ends: Sequence[int]) -> int | None:
    """The last index in (first, last] such that a text end lies between the tokens on either side of it."""
    for index in range(last, first, -1):
        before, after = tokens[index - 1].end, tokens[index].start
        if bisect_left(ends, before) < bisect_right(ends, after):
            return index
    return None


def _wrap(tokens: Sequence[_Token], spec: EncoderSpec) -> Chunk:
    marks = spec.tokenizer
    ids = (marks.start, *(token.id for token in tokens), marks.end)
    weights = (1.0, *(token.weight for token in tokens), 1.0)
    missing = spec.context_length - len(ids)
    return Chunk(ids + missing * (marks.pad,), weights + missing * (1.0,), used=len(ids))
