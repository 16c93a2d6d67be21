"""``python -m sd_chinese.mini.ship --out DIR``: trained weights as they are shipped, in a new folder.

Of the characters that no caption is made of, training has taught the text encoder one thing: that they mean nothing
here. The rare ones among them are left out, and the row of the most typical one answers for all as ``[UNK]``. Every
caption keeps its ids' rows, so its conditioning and its picture stay the same bit for bit.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese.mini import vocabulary
from sd_chinese.mini.folders import WEIGHTS, save_json, save_tensors

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

HAN_KEPT = 1800
"""So many of the commonest characters stay, told in captions or not."""
LIMIT = 40_000_000
"""Bytes of all shipped files together."""
ROWS = "text_model.embeddings.token_embedding.weight"


def ship(trained: Path, out: Path) -> int:
    """Copies ``trained`` to ``out`` with the smaller vocabulary.

    Returns: the bytes of all files.
    """
    shutil.copytree(trained, out)
    shorten_vocabulary(out / "base")
    return sum(path.stat().st_size for path in out.rglob("*") if path.is_file())


def shorten_vocabulary(base: Path, han_kept: int = HAN_KEPT) -> None:
    """Leaves rare characters without a meaning out of a pipeline folder's tokenizer and text encoder."""
    from safetensors.torch import load_file

    words = (base / "tokenizer" / "vocab.txt").read_text(encoding="utf-8").splitlines()
    kept = kept_ids(words, han_kept)
    dropped = sorted(set(range(len(words))) - set(kept))
    if not dropped:
        return
    folder = base / "text_encoder"
    tensors = load_file(folder / "model.safetensors")
    rows = tensors[ROWS]
    tensors[ROWS] = rows[kept]
    tensors[ROWS][vocabulary.UNK] = _most_typical(rows[dropped])
    save_tensors(folder / "model.safetensors", tensors)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    save_json(folder / "config.json", {**config, "vocab_size": len(kept)})
    vocabulary.save_tokenizer(base / "tokenizer", [words[i] for i in kept])


def kept_ids(words: Sequence[str], han_kept: int = HAN_KEPT) -> list[int]:
    """Ids of all words but the Han characters after the first ``han_kept`` that no caption is made of.

    The vocabulary lists Han characters from the commonest to the rarest.
    """
    han = [word for word in words if vocabulary.is_han(word)]
    rare = set(han[han_kept:]) & set(vocabulary.strange_characters(words))
    return [i for i, word in enumerate(words) if word not in rare]


def _most_typical(rows: torch.Tensor) -> torch.Tensor:
    """The row nearest to the mean of all. In: (n, width). Out: (width,)."""
    full = rows.float()
    return rows[int((full - full.mean(0)).square().sum(1).argmin())]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m sd_chinese.mini.ship", description=__doc__)
    parser.add_argument("--trained", type=Path, default=WEIGHTS, metavar="DIR", help="base, lora-ink ...")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    args = parser.parse_args(arguments)
    size = ship(args.trained, args.out)
    print(f"{args.out}: {size:,} / {LIMIT:,} bytes")
    return int(size > LIMIT)


if __name__ == "__main__":
    raise SystemExit(main())
