"""What a file or folder is, told by its keys and shapes. Names of files decide nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from sd_chinese.errors import SdzhError
from sd_chinese.registry.makes import Make, make_of
from sd_chinese.spec import EncoderSpec, encoder_prefix, read_spec
from sd_chinese.weights_io import Header, find_weights, read_header


@dataclass(frozen=True)
class Identity:
    """What was found.

    Attributes:
        kind: ``base``, ``lora``, ``controlnet``, ``t2i_adapter``, ``vae``, ``unet``, ``encoder``, ``embedding``;
            empty when it is nothing that is known here.
        family: ``sd1``, ``sd2``, ``sdxl``, ``mini`` (a smaller width); empty when nothing shows it.
        layout: how it is spelled, such as ``diffusers``, ``ldm``, ``kohya``, ``attn_procs``.
        width: of the conditioning that it was made for.
        spec: of the text encoder inside.
        card: the id that an install wrote into the file; names of files decide nothing.
        error: why it is nothing, or why its text encoder cannot be told.
    """

    kind: str
    family: str = ""
    layout: str = ""
    width: int | None = None
    spec: EncoderSpec | None = None
    card: str = ""
    error: SdzhError | None = None

    @property
    def make(self) -> Make | None:
        """Whose model it is, as far as its text encoder tells."""
        return make_of(self.spec) if self.spec else None

    @property
    def reason(self) -> str:
        """``error`` as one line for the user; empty when all is known."""
        return f"{self.error.zh} / {self.error.en}" if self.error else ""


@dataclass(frozen=True)
class _Mark:
    """A key that only one kind and layout has."""

    kind: str
    layout: str
    pattern: str


# In order: an LDM file holds an autoencoder too, a ControlNet has the down blocks of a UNet.
_MARKS = (
    _Mark("base", "ldm", r"model\.diffusion_model\.input_blocks\.0\.0\.weight"),
    _Mark("controlnet", "ldm", r"(control_model\.)?zero_convs\.0\.0\.weight"),
    _Mark("controlnet", "diffusers", r"controlnet_cond_embedding\.conv_in\.weight"),
    _Mark("t2i_adapter", "ldm", r"body\.0\.(block1|in_conv)\.weight"),
    _Mark("t2i_adapter", "diffusers", r"adapter\.(body\.0\..+|conv_in\.weight)"),
    _Mark("lora", "lycoris", r".+\.(hada_w1_a|hada_w1|lokr_w1|lokr_w1_a|oft_blocks|on_input)"),
    _Mark("lora", "kohya", r"lora_(unet|te\d?)_[^.]+\.lora_(down|up)\.weight"),
    _Mark("lora", "attn_procs", r".+\.to_\w+?_lora\.(down|up)\.weight"),
    _Mark("lora", "diffusers", r".+\.(lora|lora_linear_layer)\.(down|up)\.weight"),
    _Mark("lora", "peft", r".+\.lora_[AB](\.\w+)?\.weight"),
    _Mark("embedding", "webui", r"string_to_param\..+|emb_params|clip_[lg]|<.+>"),
    _Mark("vae", "ldm", r"(first_stage_model\.)?decoder\.up\.0\.block\.0\.norm1\.weight"),
    _Mark("vae", "diffusers", r"decoder\.up_blocks\.0\.resnets\.0\.norm1\.weight"),
    _Mark("unet", "diffusers", r"down_blocks\.0\.resnets\.0\.norm1\.weight"),
)
# Other networks, by a key: named to the user and refused.
_ROOT = r"(model\.diffusion_model\.|transformer\.)?"
_OTHERS = {
    _ROOT + r"double_blocks\.0\..+|lora_unet_double_blocks_.+": "Flux",
    _ROOT + r"joint_blocks\.0\..+": "Stable Diffusion 3",
    _ROOT + r"(transformer_)?blocks\.0\.attn.+": "DiT",
    r"encoder_hid_proj\.weight": "Kolors",
}
# Where the conditioning comes in: the second side of a LoRA's lower matrix or of the weight itself.
_CONTEXT = r".*attn2[._](processor\.)?to_k(_lora|\.lora)?([._](lora_)?(down|A))?(\.\w+)?\.weight"
_FAMILIES = {768: "sd1", 1024: "sd2", 2048: "sdxl"}
# Taiyi-XL grew the vocabularies of SDXL's two encoders by 8067 characters (its config.json).
_XL_WORDS = r"(conditioner\.embedders\.\d\.)?(transformer\.|model\.)?(text_model\.embeddings\.)?token_embedding\.weight"
_TAIYI_XL_ROWS = 57475
# What an install writes into a checkpoint's metadata.
CARD_KEY = "sdzh.card"


def identify(path: Path) -> Identity:
    """Tell what ``path`` is; why it is nothing stands in ``error``."""
    try:
        if (path / "unet").is_dir():
            return _identify_folder(path)
        return _identify_file(read_header(path))
    except SdzhError as error:
        return Identity("", error=error)


def _identify_folder(path: Path) -> Identity:
    """A diffusers folder."""
    header = read_header(path / "unet")
    _refuse_others(header)
    if find_weights(path / "vae") is None:
        raise SdzhError("identify_no_vae", path=path)
    return _add_encoder(_add_width(Identity("base", layout="diffusers"), header), path)


def _identify_file(header: Header) -> Identity:
    _refuse_others(header)
    mark = next((mark for mark in _MARKS if _first(header, mark.pattern)), None)
    if mark is None and encoder_prefix(header) is not None:
        return _add_encoder(Identity("encoder", layout="transformers"), header.path)
    if mark is None:
        raise SdzhError("identify_unknown", path=header.path, keys=", ".join(sorted(header.tensors)[:3]))
    identity = _add_width(Identity(mark.kind, layout=mark.layout), header)
    identity = replace(identity, card=header.metadata.get(CARD_KEY, ""))
    return _add_encoder(identity, header.path) if mark.kind == "base" else identity


def _refuse_others(header: Header) -> None:
    if other := next((name for pattern, name in _OTHERS.items() if _first(header, pattern)), None):
        raise SdzhError("identify_other", path=header.path, name=other)


def _add_width(identity: Identity, header: Header) -> Identity:
    embedding = identity.kind == "embedding"
    key = next(iter(header.tensors)) if embedding else _first(header, _CONTEXT)
    shape = header.tensors[key].shape if key else ()
    if not shape:
        return identity
    width = shape[-1] if embedding else shape[1]
    return replace(identity, width=width, family=_family(width))


def _add_encoder(identity: Identity, path: Path) -> Identity:
    """How the text encoder inside is run; what cannot be told is told."""
    if identity.family == "sdxl":
        return _check_xl(identity, path)
    try:
        spec = read_spec(path)
    except SdzhError as error:
        return replace(identity, error=error)
    if identity.kind == "encoder":
        identity = replace(identity, width=spec.context_width, family=_family(spec.context_width))
    return replace(identity, spec=spec)


def _check_xl(identity: Identity, path: Path) -> Identity:
    """SDXL has two encoders; the one Chinese pair that is known is run by no host of ours."""
    header = read_header(path / "text_encoder" if path.is_dir() else path)
    words = _first(header, _XL_WORDS)
    if words and header.tensors[words].shape[0] == _TAIYI_XL_ROWS:
        return replace(identity, error=SdzhError("identify_taiyi_xl", path=path))
    return identity


def _family(width: int) -> str:
    return _FAMILIES.get(width, "mini" if width < min(_FAMILIES) else "")


def _first(header: Header, pattern: str) -> str | None:
    """The first key that is wholly of this form."""
    form = re.compile(pattern)
    return next((key for key in header.tensors if form.fullmatch(key)), None)
