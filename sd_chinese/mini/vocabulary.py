"""The vocabulary and the tokenizer's folder: BERT's layout, a scale model of bert-base-chinese."""

from __future__ import annotations

import json
import string
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

POSITIONS = 32
PAD, UNK, CLS, SEP = 0, 1, 2, 3
SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
CHINESE_PUNCTUATION = "，。、；：？！“”‘’（）《》〈〉【】「」『』—…·～"
HAN_COUNT = 3000

TOKENIZER_CONFIG: dict[str, Any] = {
    "tokenizer_class": "BertTokenizer",
    "do_lower_case": True,
    "model_max_length": POSITIONS,
    "tokenize_chinese_chars": True,
    "strip_accents": None,
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


def build_vocabulary() -> tuple[str, ...]:
    """Specials, punctuation, digits, letters, then the 3,000 commonest Han characters.

    Counted over the word frequencies of jieba's dictionary.
    """
    import jieba

    count: Counter[str] = Counter()
    with (Path(jieba.__file__).parent / "dict.txt").open(encoding="utf-8") as lines:
        for line in lines:
            word, frequency = line.split(" ")[:2]
            for character in word:
                if is_han(character):
                    count[character] += int(frequency)
    common = sorted(count, key=lambda c: (-count[c], c))[:HAN_COUNT]
    letters = string.digits + string.ascii_lowercase
    more = sorted(set(_caption_characters()) - set(common))
    plain = [*SPECIALS, *string.punctuation, *CHINESE_PUNCTUATION, *letters, *(f"##{c}" for c in letters)]
    return (*plain, *common, *more)


def strange_characters(vocabulary: Sequence[str]) -> tuple[str, ...]:
    """The Han characters of ``vocabulary`` that no caption is made of: here they have no meaning."""
    told = set(_caption_characters())
    return tuple(word for word in vocabulary if is_han(word) and word not in told)


def is_han(character: str) -> bool:
    """Whether a word of the vocabulary is a Chinese character."""
    return "\u4e00" <= character <= "\u9fff"


def _caption_characters() -> str:
    from sd_chinese.mini.scenes.captions import known_phrases

    return "".join(c for phrase in known_phrases() for c in phrase if is_han(c))


def save_tokenizer(folder: Path, vocabulary: Sequence[str]) -> None:
    """Writes ``vocab.txt``, ``tokenizer_config.json`` and ``special_tokens_map.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8", newline="\n")
    names = {key: value for key, value in TOKENIZER_CONFIG.items() if key.endswith("_token")}
    for name, content in (("tokenizer_config", TOKENIZER_CONFIG), ("special_tokens_map", names)):
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8", newline="\n")


def encode(captions: Sequence[str], vocabulary: Sequence[str]) -> NDArray[np.int64]:
    """Ids as BertTokenizer gives them for captions of single characters. Shape: (captions, 32)."""
    import numpy as np

    number = {token: i for i, token in enumerate(vocabulary)}
    rows = np.full((len(captions), POSITIONS), PAD, dtype=np.int64)
    for row, caption in zip(rows, captions, strict=True):
        ids = [number.get(c, UNK) for c in caption if not c.isspace()][: POSITIONS - 2]
        row[: len(ids) + 2] = [CLS, *ids, SEP]
    return rows
