"""Whose model a file is, told by its text encoder alone: a family of publishers' models has a shape of its own."""

from __future__ import annotations

from dataclasses import dataclass

from sd_chinese.spec import EncoderSpec
from sd_chinese.vocabulary import CLIP_BPE, SENTENCEPIECE, WORDPIECE


@dataclass(frozen=True)
class Make:
    """A family of models. None fits everything.

    Attributes:
        name: the same in every language.
        chinese: whether the encoder was trained for Chinese; English CLIP and Taiyi's bilingual one look the same.
    """

    id: str
    name: str
    architecture: str
    tokenizer: str
    vocabulary_size: int | None = None
    context_width: int | None = None
    chinese: bool = True

    def fits(self, spec: EncoderSpec) -> bool:
        return (
            (self.architecture, self.tokenizer) == (spec.architecture, spec.tokenizer.kind)
            and self.vocabulary_size in (None, spec.vocabulary_size)
            and self.context_width in (None, spec.context_width)
        )


# In order: the last rows take what the more exact ones left.
MAKES = (
    Make("pai", "PAI-Diffusion", "clip", WORDPIECE, 21128, 768),
    Make("miaobi", "MiaoBi 妙笔", "clip", WORDPIECE, 49408, 768),
    Make("skypaint", "SkyPaint", "clip", WORDPIECE, 105879, 768),
    Make("taiyi", "Taiyi 太乙", "bert", WORDPIECE, 21128, 768),
    Make("modelscope", "ModelScope", "bert", WORDPIECE, 21128, 1024),
    Make("altdiffusion", "AltDiffusion", "xlmr", SENTENCEPIECE, 250002, 768),
    Make("altdiffusion-m18", "AltDiffusion-m18", "xlmr", SENTENCEPIECE, 250002, 1024),
    Make("clip", "CLIP", "clip", CLIP_BPE, chinese=False),
    Make("chinese-clip", "BERT-CLIP", "clip", WORDPIECE),
    Make("chinese-bert", "BERT", "bert", WORDPIECE),
)


def make_of(spec: EncoderSpec) -> Make | None:
    """The family that an encoder belongs to; None for one that is known in no shape."""
    return next((make for make in MAKES if make.fits(spec)), None)
