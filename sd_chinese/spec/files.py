"""Where a model keeps its text encoder, and what the files there say about it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sd_chinese.errors import SdzhError
from sd_chinese.spec.encoder_spec import SPEC_KEY, VOCABULARY_KEY, EncoderSpec, TokenizerSpec
from sd_chinese.spec.rules import RULES, Rule
from sd_chinese.vocabulary import (
    CLIP_BPE,
    WORDPIECE,
    Vocabulary,
    bundled_vocabulary,
    find_vocabulary,
    parse_vocabulary,
    read_vocabulary,
    vocabulary_kind,
)
from sd_chinese.weights_io import Header, Weights, find_weights, read_header

# The levels that publishers and hosts put above an encoder's own tensors: LDM checkpoints, whole CLIP models, and
# AUTOMATIC1111, which renames `transformer.` to `transformer.text_model.` whatever stands below.
_LEVELS = re.compile(r"(cond_stage_model\.)?(transformer\.|roberta\.|bert\.)?(text_model\.)?")

# Heads are not to be seen in shapes; all these models have heads of this width.
_HEAD_WIDTH = 64


@dataclass(frozen=True)
class EncoderFiles:
    """The weights of a text encoder (`header.path`) and what stands beside them."""

    header: Header
    config: Mapping[str, Any]
    tokenizer_config: Mapping[str, Any]
    vocabulary: Path | None


@dataclass(frozen=True)
class _Names:
    """Where the shapes of an architecture are read."""

    words: str
    positions: str
    layer: str
    feed_forward: str


_CLIP = _Names(
    words="embeddings.token_embedding.weight",
    positions="embeddings.position_embedding.weight",
    layer="encoder.layers.",
    feed_forward="encoder.layers.0.mlp.fc1.weight",
)
_BERT = _Names(
    words="embeddings.word_embeddings.weight",
    positions="embeddings.position_embeddings.weight",
    layer="encoder.layer.",
    feed_forward="encoder.layer.0.intermediate.dense.weight",
)
_TOKEN_TYPES = "embeddings.token_type_embeddings.weight"


def encoder_prefix(header: Header) -> str | None:
    """What stands before the names of a text encoder's tensors, such as ``cond_stage_model.transformer.``; None if
    the file holds no text encoder that is known here."""
    for key in header.tensors:
        for words in (_CLIP.words, _BERT.words):
            prefix = key.removesuffix(words)
            if prefix != key and _LEVELS.fullmatch(prefix):
                return prefix
    return None


def encoder_keys(header: Header) -> dict[str, str]:
    """The tensors of a text encoder: name without levels -> name in the file. Empty if there is none."""
    prefix = encoder_prefix(header)
    if prefix is None:
        return {}
    root = "cond_stage_model." if prefix.startswith("cond_stage_model.") else ""
    return {bare_name(key): key for key in header.tensors if key.startswith(root)}


def bare_name(key: str) -> str:
    """A tensor's name without the levels above the encoder."""
    return _LEVELS.sub("", key, count=1)


def find_encoder(path: Path) -> EncoderFiles:
    """Find the text encoder of a diffusers folder, of a text encoder's folder, or of a single file.

    A vocabulary beside a single file counts if its name starts with the file's (``name.vocab.txt``), if it lies in a
    folder of the file's name, or if there is no other weight file that it could belong to.

    Raises:
        SdzhError: there is no such thing at the path.
    """
    if not path.is_dir():
        header = read_header(path)
        bare = encoder_prefix(header) in ("", "text_model.")
        config = _read_json(path.parent / "config.json") if bare else {}
        return _folder_files(header, config) if config else _single_files(header)
    folder = path / "text_encoder" if (path / "text_encoder").is_dir() else path
    weights = find_weights(folder)
    config = _read_json(folder / "config.json")
    if weights is None or not config:
        raise SdzhError("encoder_folder_foreign", path=path)
    return _folder_files(read_header(weights), config)


def _folder_files(header: Header, config: Mapping[str, Any]) -> EncoderFiles:
    folder = header.path.parent
    places = [folder.parent / "tokenizer", folder / "tokenizer", folder]
    tokenizer = next((place for place in places if find_vocabulary(place)), places[0])
    return EncoderFiles(
        header, config, _read_json(tokenizer / "tokenizer_config.json"), find_vocabulary(tokenizer)
    )


def _single_files(header: Header) -> EncoderFiles:
    folder, stem = header.path.parent, header.path.stem
    own = [folder / stem, folder / stem / "tokenizer"]
    alone = len([file for file in folder.iterdir() if file.suffix in _WEIGHT_SUFFIXES]) == 1
    shared = [folder, folder / "tokenizer"] if alone else []
    tokenizer = next((place for place in own + shared if find_vocabulary(place)), folder / stem)
    vocabulary = find_vocabulary(folder, stem) or find_vocabulary(tokenizer)
    return EncoderFiles(header, {}, _read_json(tokenizer / "tokenizer_config.json"), vocabulary)


_WEIGHT_SUFFIXES = (".safetensors", ".ckpt", ".pt", ".bin")


def read_spec(path: Path, hint: str | None = None) -> EncoderSpec:
    """Read the spec of the text encoder in a model folder or a single file.

    Args:
        path: diffusers folder, text encoder folder, LDM checkpoint or text encoder file.
        hint: the kind of vocabulary (``wordpiece``, ``clip_bpe``) of a 49408 x 768 CLIP tower, where no metadata and
            no tokenizer beside it tell MiaoBi from CLIP.

    Raises:
        SdzhError: no text encoder, an incomplete one, or ``spec_ambiguous``.
    """
    return spec_of(find_encoder(Path(path)), hint)


def spec_of(files: EncoderFiles, hint: str | None = None) -> EncoderSpec:
    """As `read_spec`, for files that were found already."""
    header = files.header
    if SPEC_KEY in header.metadata:
        return EncoderSpec.from_json(header.metadata[SPEC_KEY])
    keys = encoder_keys(header)
    if not keys:
        raise SdzhError("encoder_missing", path=header.path)
    shapes = {name: header.tensors[key].shape for name, key in keys.items()}
    try:
        return _spec_from_shapes(shapes, files, hint)
    except (KeyError, ValueError) as error:
        raise SdzhError("encoder_incomplete", path=header.path, missing=error.args[0]) from error


def encoder_vocabulary(weights: Weights, files: EncoderFiles, spec: EncoderSpec) -> Vocabulary:
    """The vocabulary in the checkpoint itself, else beside it, else with this package.

    Raises:
        SdzhError: there is none, it cannot be read, or it does not fit the encoder.
    """
    kind, words, source = spec.tokenizer.kind, spec.tokenizer.vocabulary_size, files.header.path
    stored = _stored_vocabulary(weights)
    vocabulary = parse_vocabulary(stored, kind, source) if stored else _vocabulary(files, words)
    if vocabulary is None:
        raise SdzhError("vocabulary_missing", path=source, kind=kind, words=words)
    check_fit(vocabulary, spec.tokenizer)
    return vocabulary


def check_fit(vocabulary: Vocabulary, spec: TokenizerSpec) -> None:
    """
    Raises:
        SdzhError: ``vocabulary_unfit``: it is of another kind or length than the encoder's embedding table wants.
    """
    if (vocabulary.kind, len(vocabulary.words)) != (spec.kind, spec.vocabulary_size):
        source = f"{vocabulary.kind}, {len(vocabulary.words)}"
        raise SdzhError("vocabulary_unfit", source=source, rows=spec.vocabulary_size)


def _stored_vocabulary(weights: Weights) -> bytes | None:
    """What a converted checkpoint carries."""
    if VOCABULARY_KEY in weights.header.metadata:
        return weights.header.metadata[VOCABULARY_KEY].encode()
    if VOCABULARY_KEY in weights.header.tensors:
        return weights.tensor(VOCABULARY_KEY).numpy().tobytes()
    return None


def _spec_from_shapes(
    shapes: Mapping[str, tuple[int, ...]], files: EncoderFiles, hint: str | None
) -> EncoderSpec:
    architecture = _architecture(shapes)
    names = _CLIP if architecture == "clip" else _BERT
    rows, width = shapes[names.words]
    rule = _rule(architecture, rows, width, files, hint)
    positions = shapes[names.positions][0]
    projection = next((p for p in ("transformation_pre", "transformation") if f"{p}.weight" in shapes), None)
    return EncoderSpec(
        architecture=architecture,
        vocabulary_size=rows,
        positions=positions,
        width=width,
        layers=1 + max(_layer_numbers(shapes, names.layer), default=-1),
        heads=files.config.get("num_attention_heads", max(1, width // _HEAD_WIDTH)),
        feed_forward=shapes[names.feed_forward][0],
        token_types=0 if architecture == "clip" else shapes[_TOKEN_TYPES][0],
        activation=files.config.get("hidden_act", rule.activation),
        norm_eps=files.config.get("layer_norm_eps", rule.norm_eps),
        context_length=min(
            rule.rows or positions, files.tokenizer_config.get("model_max_length") or positions
        ),
        context_width=shapes[f"{projection}.weight"][0] if projection else width,
        attention_mask=rule.attention_mask,
        tokenizer=_tokenizer(rule, rows, files),
        layer=-2 if projection == "transformation_pre" else -1,
        final_norm=architecture == "clip",
        projection=projection,
        punctuation=rule.punctuation,
    )


def _architecture(shapes: Mapping[str, tuple[int, ...]]) -> str:
    if _CLIP.words in shapes:
        return "clip"
    return "xlmr" if "transformation.weight" in shapes or "transformation_pre.weight" in shapes else "bert"


def _layer_numbers(shapes: Mapping[str, tuple[int, ...]], layer: str) -> Iterator[int]:
    numbers = (name.removeprefix(layer).split(".")[0] for name in shapes if name.startswith(layer))
    return (int(number) for number in numbers if number.isdigit())


def _rule(architecture: str, rows: int, width: int, files: EncoderFiles, hint: str | None) -> Rule:
    kind = hint or (vocabulary_kind(files.vocabulary) if files.vocabulary else None)
    if kind is None and architecture == "clip":
        if rows == 49408:
            raise SdzhError("spec_ambiguous", path=files.header.path, choices=f"{CLIP_BPE}, {WORDPIECE}")
        kind = WORDPIECE
    model_class = next(iter(files.config.get("architectures") or [""]))
    key = {"architecture": architecture, "vocabulary_size": rows, "model_class": model_class, "width": width}
    for rule in RULES:
        if rule.fits(**key) and kind in (None, rule.kind):
            return rule
    raise SdzhError("vocabulary_unfit", source=files.vocabulary or hint, rows=rows)


def _tokenizer(rule: Rule, rows: int, files: EncoderFiles) -> TokenizerSpec:
    words = rule.words or rows
    start, end, pad = rule.wrap_ids
    vocabulary = _vocabulary(files, words) if rule.wrap else None
    if rule.wrap and vocabulary:
        ids = vocabulary.ids()
        # SD2's CLIP pads with another word than SD1's; the tokenizer's configuration says which.
        pad_word = _word(files.tokenizer_config.get("pad_token")) if rule.kind == CLIP_BPE else None
        start, end, pad = (ids[word] for word in (*rule.wrap[:2], pad_word or rule.wrap[2]))
    lower_case = bool(files.tokenizer_config.get("do_lower_case", True))
    return TokenizerSpec(rule.kind, words, start=start, end=end, pad=pad, lower_case=lower_case)


def _vocabulary(files: EncoderFiles, words: int) -> Vocabulary | None:
    """The vocabulary beside the model, or the bundled one if it has as many words."""
    if files.vocabulary:
        return read_vocabulary(files.vocabulary)
    bundled = bundled_vocabulary()
    return bundled if words == len(bundled.words) else None


def _word(token: object) -> str | None:
    """A token of a tokenizer's configuration, which is a string or a dictionary around one."""
    return token.get("content") if isinstance(token, dict) else token if isinstance(token, str) else None


def _read_json(path: Path) -> dict[str, Any]:
    """A configuration file, empty where there is none."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return dict(content)
    except (ValueError, TypeError) as error:
        raise SdzhError("config_unreadable", path=path) from error
