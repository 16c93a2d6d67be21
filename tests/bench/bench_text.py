"""What text costs beside its encoder: tokens, contexts and emphasis, and the same prompt again.

Run ``python tests/bench/bench_text.py``. Ratios within one run; random weights of full size (12 x 768), one hundred
Chinese characters, on the CPU.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import torch

from sd_chinese.spec import EncoderSpec, TokenizerSpec
from sd_chinese.text.chunks import chunk_prompt
from sd_chinese.text.conditioner import Conditioner
from sd_chinese.text.emphasis import EMPHASES
from sd_chinese.text.encoders import encoder_class
from sd_chinese.text.tokenizers import Tokenizer
from sd_chinese.vocabulary import bundled_vocabulary

PROMPT = (
    "月夜，一叶小舟泊在寒江之上，远山如黛，(渔火:1.2)点点，芦苇随风轻摇，水面映着一轮明月，江岸有梅花数枝，"
    "蓑衣老翁独坐船头垂钓，薄雾笼罩着古老的石桥，天边有雁群飞过，((水墨画))，留白，意境悠远，笔触细腻，杰作，高清"
)[:100]


def full_size(architecture: str, rows: int) -> EncoderSpec:
    return EncoderSpec(
        architecture=architecture,
        vocabulary_size=21128,
        positions=rows,
        width=768,
        layers=12,
        heads=12,
        feed_forward=3072,
        token_types=2,
        activation="gelu",
        norm_eps=1e-5,
        context_length=rows,
        context_width=768,
        attention_mask=False,
        tokenizer=TokenizerSpec("wordpiece", 21128, 101, 102, 0),
    )


def seconds(action: Callable[[], object], runs: int) -> float:
    """The fastest of several runs: what else the machine does can only slow them down."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def measure(architecture: str, rows: int) -> None:
    spec = full_size(architecture, rows)
    encoder = encoder_class(architecture)(spec).eval().requires_grad_(False)
    conditioner = Conditioner(encoder, Tokenizer(spec.tokenizer, bundled_vocabulary()), spec)
    ids = torch.tensor([chunk.ids for chunk in chunk_prompt(PROMPT, conditioner.tokenizer, spec)])
    hidden = torch.randn(*ids.shape, spec.width)
    weights = torch.ones(ids.shape)
    weights[:, 4:9] = 1.2

    with torch.no_grad():
        forward = seconds(lambda: encoder.transformer(input_ids=ids), 10)
        emphasis = seconds(lambda: EMPHASES["Original"](hidden, weights), 50)
    text = seconds(lambda: chunk_prompt(PROMPT, conditioner.tokenizer, spec), 50)
    conditioner([PROMPT])
    again = seconds(lambda: conditioner([PROMPT]), 50)

    overhead = (text + emphasis) / forward
    print(f"{architecture}, {rows} rows, {len(ids)} context(s): bare forward {forward * 1e3:.1f} ms")
    print(
        f"  tokens, contexts {text * 1e3:.2f} ms, emphasis {emphasis * 1e3:.2f} ms: {overhead:.2%} (budget 3 %)"
    )
    print(f"  the same prompt again {again * 1e3:.2f} ms: {again / forward:.2%} (budget 1 %)")


if __name__ == "__main__":
    print(f"{len(PROMPT)} characters, torch {torch.__version__}, {torch.get_num_threads()} threads")
    measure("clip", 77)
    measure("bert", 512)
