"""Text to ids, with the characters that each id stands for.

Built on Hugging Face's ``tokenizers``, which the tokenizers of transformers 5 (and the fast ones of transformers 4) run
on: the same ids with every version of transformers, offsets for free, and no hub to ask.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sd_chinese.spec import TokenizerSpec, check_fit
from sd_chinese.vocabulary import CLIP_BPE, SENTENCEPIECE, WORDPIECE, Vocabulary
from sd_chinese.words import mend_surrogates

if TYPE_CHECKING:
    from tokenizers import AddedToken
    from tokenizers import Tokenizer as Backend

# What CLIP takes for a word.
_CLIP_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
# Words that a tokenizer of transformers recognizes in a text whatever stands around them.
_SPECIAL = {
    WORDPIECE: ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    CLIP_BPE: ("<|startoftext|>", "<|endoftext|>"),
    SENTENCEPIECE: ("<s>", "<pad>", "</s>", "<unk>", "<mask>"),
}


@dataclass(frozen=True)
class Piece:
    """An id, and the slice of the text that it stands for."""

    id: int
    start: int
    end: int


class Tokenizer:
    """The ids of a text, without the ids that wrap it.

    Raises:
        SdzhError: the vocabulary does not fit the encoder's embedding.
    """

    def __init__(self, spec: TokenizerSpec, vocabulary: Vocabulary) -> None:
        check_fit(vocabulary, spec)
        self.spec = spec
        self.vocabulary = vocabulary
        self._backend = _BUILDERS[spec.kind](spec, vocabulary)
        self._backend.add_special_tokens(_special_tokens(vocabulary))

    def __call__(self, text: str) -> list[Piece]:
        encoding = self._backend.encode(mend_surrogates(text), add_special_tokens=False)
        return [Piece(i, *offsets) for i, offsets in zip(encoding.ids, encoding.offsets, strict=True)]


def _special_tokens(vocabulary: Vocabulary) -> list[AddedToken]:
    from tokenizers import AddedToken

    known = set(vocabulary.words)
    words = (word for word in _SPECIAL[vocabulary.kind] if word in known)
    # XLM-RoBERTa's mask eats the space before it, as it stands in for a word.
    return [AddedToken(word, normalized=False, lstrip=word == "<mask>") for word in words]


def _wordpiece(spec: TokenizerSpec, vocabulary: Vocabulary) -> Backend:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    backend = Tokenizer(models.WordPiece(vocabulary.ids(), unk_token="[UNK]", max_input_chars_per_word=100))
    backend.normalizer = normalizers.BertNormalizer(lowercase=spec.lower_case)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return backend


def _clip_bpe(spec: TokenizerSpec, vocabulary: Vocabulary) -> Backend:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    model = models.BPE(
        vocabulary.ids(), list(vocabulary.merges), end_of_word_suffix="</w>", unk_token="<|endoftext|>"
    )
    backend = Tokenizer(model)
    backend.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_CLIP_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    return backend


def _sentencepiece(spec: TokenizerSpec, vocabulary: Vocabulary) -> Backend:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    pieces = list(zip(vocabulary.words, vocabulary.scores, strict=True))
    backend = Tokenizer(models.Unigram(pieces, vocabulary.words.index("<unk>")))
    if vocabulary.charsmap:
        backend.normalizer = normalizers.Precompiled(vocabulary.charsmap)
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    return backend


_BUILDERS: dict[str, Callable[[TokenizerSpec, Vocabulary], Backend]] = {
    WORDPIECE: _wordpiece,
    CLIP_BPE: _clip_bpe,
    SENTENCEPIECE: _sentencepiece,
}
