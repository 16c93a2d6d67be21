"""Specs read from shapes, configurations, tokenizers and metadata; what stays open is asked, what is broken refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sd_chinese.errors import SdzhError
from sd_chinese.spec import (
    AS_TYPED,
    NO_CHINESE_MARKS,
    RULES,
    SPEC_KEY,
    EncoderSpec,
    PunctuationPolicy,
    TokenizerSpec,
    encoder_keys,
    encoder_prefix,
    read_spec,
)
from sd_chinese.vocabulary import bundled_vocabulary
from sd_chinese.weights_io import read_header

Shapes = Mapping[str, tuple[int, ...]]
LDM = "cond_stage_model.transformer."


def clip(words: int, width: int = 8, positions: int = 77, layers: int = 2) -> Shapes:
    return {
        "embeddings.token_embedding.weight": (words, width),
        "embeddings.position_embedding.weight": (positions, width),
        **{f"encoder.layers.{i}.mlp.fc1.weight": (4 * width, width) for i in range(layers)},
        "final_layer_norm.weight": (width,),
    }


def bert(words: int = 21128, width: int = 8, positions: int = 512, types: int = 2, layers: int = 2) -> Shapes:
    return {
        "embeddings.word_embeddings.weight": (words, width),
        "embeddings.position_embeddings.weight": (positions, width),
        "embeddings.token_type_embeddings.weight": (types, width),
        **{f"encoder.layer.{i}.intermediate.dense.weight": (4 * width, width) for i in range(layers)},
        "pooler.dense.weight": (width, width),
    }


def write(path: Path, shapes: Shapes, prefix: str = "", metadata: dict[str, str] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({prefix + k: np.zeros(s, np.float16) for k, s in shapes.items()}, path, metadata=metadata)
    return path


def write_folder(folder: Path, shapes: Shapes, config: Mapping[str, object], **tokenizer: object) -> Path:
    write(folder / "text_encoder" / "model.safetensors", shapes)
    (folder / "text_encoder" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "tokenizer").mkdir()
    text = json.dumps(tokenizer)
    (folder / "tokenizer" / "tokenizer_config.json").write_text(text, encoding="utf-8")
    return folder


def test_pai_from_a_single_file(tmp_path: Path) -> None:
    spec = read_spec(write(tmp_path / "x.safetensors", clip(21128, 768, 32), LDM + "text_model."))
    assert (spec.architecture, spec.context_length, spec.context_width, spec.heads) == ("clip", 32, 768, 12)
    assert spec.tokenizer == TokenizerSpec("wordpiece", 21128, 101, 102, 0)
    assert (spec.attention_mask, spec.final_norm, spec.punctuation) == (False, True, AS_TYPED)
    assert (spec.activation, spec.layers, spec.feed_forward) == ("quick_gelu", 2, 3072)


def test_taiyi_from_a_single_file(tmp_path: Path) -> None:
    spec = read_spec(write(tmp_path / "x.safetensors", bert(width=768), LDM))
    assert (spec.architecture, spec.context_length, spec.attention_mask) == ("bert", 512, False)
    assert (spec.norm_eps, spec.punctuation) == (1e-12, NO_CHINESE_MARKS)


def test_chinese_clip_by_width_or_by_class(tmp_path: Path) -> None:
    by_width = read_spec(write(tmp_path / "x.safetensors", bert(width=1024), LDM))
    folder = write_folder(
        tmp_path / "model", bert(), {"architectures": ["ChineseCLIPTextModel"]}, model_max_length=512
    )
    by_class = read_spec(folder)
    for spec in (by_width, by_class):
        assert (spec.context_length, spec.attention_mask, spec.punctuation) == (52, True, AS_TYPED)


def test_a_plain_bert_of_that_width_is_not_chinese_clip(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "model", bert(width=1024), {"architectures": ["BertModel"]})
    assert read_spec(folder).context_length == 512


@pytest.mark.parametrize(
    ("head", "layer", "width"), [("transformation", -1, 6), ("transformation_pre", -2, 8)]
)
def test_altdiffusion_from_a_single_file(tmp_path: Path, head: str, layer: int, width: int) -> None:
    tower = {f"roberta.{k}": s for k, s in bert(words=1000, positions=514, types=1).items()}
    heads = {"transformation.weight": (6, 8), f"{head}.weight": (width, 8)}
    spec = read_spec(write(tmp_path / "x.safetensors", {**tower, **heads}, "cond_stage_model."))
    assert (spec.architecture, spec.context_length, spec.attention_mask) == ("xlmr", 77, True)
    assert (spec.projection, spec.layer, spec.context_width) == (head, layer, width)
    assert spec.tokenizer == TokenizerSpec("sentencepiece", 1000, 0, 2, 1)


def test_configuration_says_what_shapes_cannot(tmp_path: Path) -> None:
    config = {
        "num_attention_heads": 4,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-7,
        "architectures": ["CLIPTextModel"],
    }
    folder = write_folder(tmp_path / "model", clip(21128), config, model_max_length=48, do_lower_case=False)
    spec = read_spec(folder)
    assert (spec.heads, spec.activation, spec.norm_eps, spec.context_length) == (4, "gelu", 1e-7, 48)
    assert not spec.tokenizer.lower_case
    assert read_spec(folder / "text_encoder") == spec
    assert read_spec(folder / "text_encoder" / "model.safetensors") == spec


def test_ids_come_from_the_models_own_vocabulary(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "model", clip(5), {"architectures": ["CLIPTextModel"]})
    (folder / "tokenizer" / "vocab.txt").write_text("[UNK]\n[SEP]\n[CLS]\n山\n[PAD]\n", encoding="utf-8")
    assert read_spec(folder).tokenizer == TokenizerSpec("wordpiece", 5, start=2, end=1, pad=4)


class TestAmbiguousShape:
    """49408 x 768: CLIP, Taiyi zh-EN or MiaoBi."""

    MIAOBI = TokenizerSpec("wordpiece", 21128, 49406, 49407, 0)
    CLIP = TokenizerSpec("clip_bpe", 49408, 49406, 49407, 49407)

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return write(tmp_path / "x.safetensors", clip(49408), LDM + "text_model.")

    def test_is_asked(self, file: Path) -> None:
        with pytest.raises(SdzhError) as caught:
            read_spec(file)
        assert caught.value.code == "spec_ambiguous"

    def test_is_decided_by_a_hint(self, file: Path) -> None:
        assert read_spec(file, hint="wordpiece").tokenizer == self.MIAOBI
        assert read_spec(file, hint="clip_bpe").tokenizer == self.CLIP

    @pytest.mark.parametrize("place", ["vocab.txt", "x.vocab.txt", "x/vocab.txt", "x/tokenizer/vocab.txt"])
    def test_is_decided_by_a_vocabulary_beside_it(self, file: Path, place: str) -> None:
        vocabulary = file.parent / place
        vocabulary.parent.mkdir(parents=True, exist_ok=True)
        vocabulary.write_bytes(bundled_vocabulary().data)
        assert read_spec(file).tokenizer == self.MIAOBI

    def test_a_vocabulary_among_several_models_is_nobodys(self, file: Path) -> None:
        (file.parent / "vocab.txt").write_bytes(bundled_vocabulary().data)
        write(file.parent / "y.safetensors", clip(49408), LDM)
        with pytest.raises(SdzhError) as caught:
            read_spec(file)
        assert caught.value.code == "spec_ambiguous"


def test_metadata_comes_first(tmp_path: Path) -> None:
    known = read_spec(write(tmp_path / "a.safetensors", clip(21128), LDM)).with_overrides(
        {"context_length": 16}
    )
    path = write(tmp_path / "b.safetensors", clip(49408), LDM, metadata={SPEC_KEY: known.to_json()})
    assert read_spec(path.rename(tmp_path / "renamed.safetensors")) == known
    assert not known.to_json().startswith("{")


def test_overrides_are_merged_and_checked(tmp_path: Path) -> None:
    spec = read_spec(write(tmp_path / "x.safetensors", clip(21128), LDM))
    card = {"tokenizer": {"pad": 7}, "punctuation": {"positive": ["，", ","]}, "norm_eps": 1}
    changed = spec.with_overrides(card)
    assert changed.tokenizer == TokenizerSpec("wordpiece", 21128, 101, 102, 7)
    assert changed.punctuation == PunctuationPolicy(positive=("，", ","))
    wrong: list[Mapping[str, object]] = [
        {"context_len": 1},
        {"context_length": 2},
        {"context_length": 78},
        {"width": "768"},
        {"attention_mask": 1},
        {"tokenizer": {"padding": 0}},
        {"punctuation": {"positive": ["，。", ","]}},
    ]
    for values in wrong:
        with pytest.raises(SdzhError):
            spec.with_overrides(values)


@pytest.mark.parametrize("text", ["", "{}", "v2 {}", "v1 {}", "v1 [", 'v1 {"width": 1}', "v1 null"])
def test_broken_metadata_is_refused(text: str) -> None:
    with pytest.raises(SdzhError) as caught:
        EncoderSpec.from_json(text)
    assert caught.value.code == "spec_unreadable"


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "text_model.",
        "cond_stage_model.transformer.",
        "cond_stage_model.transformer.text_model.",
        "cond_stage_model.roberta.",
    ],
)
def test_levels_above_the_encoder(tmp_path: Path, prefix: str) -> None:
    shapes = {prefix + key: shape for key, shape in bert().items()}
    others = {"model.diffusion_model.out.2.bias": (4,), "first_stage_model.encoder.conv_in.bias": (4,)}
    header = read_header(write(tmp_path / "x.safetensors", {**others, **shapes}))
    assert encoder_prefix(header) == prefix
    keys = encoder_keys(header)
    assert {name: keys[name] for name in bert()} == {name: prefix + name for name in bert()}


def test_foreign_and_truncated_files_are_refused(tmp_path: Path) -> None:
    foreign = write(tmp_path / "a.safetensors", {"model.diffusion_model.out.2.bias": (4,)})
    whole = clip(21128)
    partial = write(tmp_path / "b.safetensors", {key: whole[key] for key in list(whole)[:1]}, LDM)
    cut = tmp_path / "c.safetensors"
    cut.write_bytes(partial.read_bytes()[:100])
    for path, code in ((foreign, "encoder_missing"), (partial, "encoder_incomplete"), (cut, None)):
        with pytest.raises(SdzhError) as caught:
            read_spec(path)
        assert code in (None, caught.value.code)


def test_folders_that_are_no_models_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    folder = write_folder(tmp_path / "model", clip(21128), {})
    (folder / "text_encoder" / "config.json").write_text("{", encoding="utf-8")
    for path in (tmp_path / "empty", tmp_path / "missing", tmp_path / "missing" / "x.ckpt", folder):
        with pytest.raises(SdzhError):
            read_spec(path)


def test_chinese_marks_are_replaced_in_the_positive_box_only() -> None:
    typed = "日出，海面上。好！（红：1）“引”"
    positive = NO_CHINESE_MARKS.apply(typed, negative=False)
    assert positive == '日出,海面上.好!(红:1)"引"'
    assert NO_CHINESE_MARKS.apply(typed, negative=True) == typed
    assert AS_TYPED.apply(typed, negative=False) == typed


def test_first_rule_that_fits_is_not_hidden_by_an_earlier_one() -> None:
    for i, rule in enumerate(RULES):
        key = {
            "architecture": rule.architecture,
            "vocabulary_size": rule.vocabulary_size or 1,
            "model_class": rule.model_class if rule.model_class is not None else "Other",
            "width": rule.width or 1,
        }
        first = next(j for j, other in enumerate(RULES) if other.kind == rule.kind and other.fits(**key))
        assert first == i
