"""The one table of what the files of a text encoder do not say."""

from __future__ import annotations

from dataclasses import dataclass

from sd_chinese.spec.encoder_spec import AS_TYPED, PunctuationPolicy
from sd_chinese.vocabulary import CLIP_BPE, SENTENCEPIECE, WORDPIECE

# Taiyi's handbook: with one seed, Chinese punctuation in the positive box brings watermarks and its English counterpart
# takes them away; the negative prompt that it recommends holds the Chinese marks.
NO_CHINESE_MARKS = PunctuationPolicy(
    positive=("，。！？；：、（）【】《》「」『』“”‘’～", ",.!?;:,()[]" + '"' * 8 + "''~")
)


@dataclass(frozen=True)
class Rule:
    """What no file says about a family of encoders. The first five fields are its key; None fits everything.

    Attributes:
        model_class: ``architectures[0]`` of config.json; an empty string means that there is no config.json.
        rows: rows of a context where they are fewer than the positions.
        wrap: start, end and pad, looked up in the vocabulary; None: always ``wrap_ids``.
        wrap_ids: their ids where the vocabulary is not at hand.
        words: words of the vocabulary where they are not as many as the rows of the embedding.
        activation, norm_eps: where there is no config.json.
    """

    architecture: str
    kind: str
    vocabulary_size: int | None = None
    model_class: str | None = None
    width: int | None = None

    rows: int | None = None
    attention_mask: bool = False
    wrap: tuple[str, str, str] | None = ("[CLS]", "[SEP]", "[PAD]")
    wrap_ids: tuple[int, int, int] = (101, 102, 0)
    words: int | None = None
    activation: str = "gelu"
    norm_eps: float = 1e-5
    punctuation: PunctuationPolicy = AS_TYPED

    def fits(self, **key: object) -> bool:
        return all(getattr(self, name) in (None, value) for name, value in key.items())


RULES = (
    # MiaoBi: an SD1.5 tower fed with BERT's ids between CLIP's own marks.
    Rule(
        "clip",
        WORDPIECE,
        vocabulary_size=49408,
        wrap=None,
        wrap_ids=(49406, 49407, 0),
        words=21128,
        activation="quick_gelu",
    ),
    # PAI-Diffusion, SkyPaint: a CLIP tower trained on BERT's ids; as many rows as positions.
    Rule("clip", WORDPIECE, activation="quick_gelu"),
    # CLIP itself, and Taiyi zh-EN in its shape.
    Rule(
        "clip",
        CLIP_BPE,
        wrap=("<|startoftext|>", "<|endoftext|>", "<|endoftext|>"),
        wrap_ids=(49406, 49407, 49407),
        activation="quick_gelu",
    ),
    # ModelScope's Chinese Stable Diffusion on Chinese-CLIP: 52 rows, padding masked.
    Rule("bert", WORDPIECE, model_class="ChineseCLIPTextModel", rows=52, attention_mask=True, norm_eps=1e-12),
    Rule("bert", WORDPIECE, model_class="", width=1024, rows=52, attention_mask=True, norm_eps=1e-12),
    # Taiyi v0.1 and svjack: all 512 rows, the padding attended like text.
    Rule("bert", WORDPIECE, norm_eps=1e-12, punctuation=NO_CHINESE_MARKS),
    # AltDiffusion and its multilingual versions.
    Rule(
        "xlmr",
        SENTENCEPIECE,
        rows=77,
        attention_mask=True,
        wrap=None,
        wrap_ids=(0, 2, 1),
    ),
)
