"""Whether a model fits this host, and an add-on a base model: a verdict and the sentence that explains it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sd_chinese.errors import SdzhError
from sd_chinese.registry.card import Card, Hosts
from sd_chinese.registry.identify import Identity

YES, MAYBE, NO = "yes", "maybe", "no"
_LEVELS = (YES, MAYBE, NO)
_ADD_ONS = ("lora", "controlnet", "encoder")
FAMILY_NAMES = {"sd1": "SD 1.x", "sd2": "SD 2.x", "sdxl": "SDXL", "mini": "mini"}


@dataclass(frozen=True)
class Fit:
    """``yes``; ``maybe``: it loads, and what comes of it is open; ``no``. All but ``yes`` have a reason."""

    level: str = YES
    reason: SdzhError | None = None


@dataclass(frozen=True)
class Side:
    """What fitting depends on, of a card or of a file.

    Attributes:
        made_for: base models that it was made for, by id; empty: any of its family.
        strict: it fits nothing else.
        chinese: a base model with a Chinese encoder of its own.
    """

    name: str
    kind: str
    family: str
    made_for: tuple[str, ...] = ()
    strict: bool = False
    chinese: bool = False
    hosts: Hosts | None = None

    @classmethod
    def of_card(cls, card: Card) -> Side:
        chinese = card.kind == "base"  # what is registered here is Chinese
        return cls(card.id, card.kind, card.family, card.compatible, card.strict, chinese, card.hosts)

    @classmethod
    def of_file(cls, name: str, identity: Identity) -> Side:
        chinese = identity.kind == "base" and bool(identity.make and identity.make.chinese)
        return cls(name, identity.kind, identity.family, chinese=chinese)


@dataclass(frozen=True)
class _Limit:
    """Hosts that do not take some kinds of some families, and why; ``chinese``: base models with a Chinese encoder."""

    level: str
    reason: str
    hosts: Collection[str]
    kinds: Collection[str]
    families: Collection[str]
    chinese: bool = False

    def holds(self, side: Side, host: str) -> bool:
        return (
            host in self.hosts
            and side.kind in self.kinds
            and side.family in self.families
            and (side.chinese or not self.chinese)
        )


_WEBUIS = ("a1111", "reforge", "forge")
# From the hosts' sources: Forge tells SD1.x by 320 channels, sd-webui-controlnet builds 320 whatever the file says.
_LIMITS = (
    _Limit(NO, "fit_channels", ("reforge", "forge"), ("base", "lora", "encoder"), ("mini",)),
    _Limit(NO, "fit_channels_controlnet", _WEBUIS, ("controlnet",), ("mini",)),
    _Limit(MAYBE, "fit_sd2_untried", ("reforge", "forge"), ("base",), ("sd2",), chinese=True),
    _Limit(MAYBE, "fit_sd2_untried", ("reforge", "forge"), ("encoder",), ("sd2",)),
    _Limit(NO, "unfit_family", _WEBUIS, ("base",), ("sdxl",), chinese=True),
    _Limit(NO, "unfit_family", (*_WEBUIS, "standalone"), ("encoder",), ("sdxl",)),
    _Limit(NO, "fit_xl_standalone", ("standalone",), ("base", "lora", "controlnet"), ("sdxl",)),
)
# How hosts name themselves, where cards name them otherwise.
_HOST_IDS = {"automatic1111": "a1111"}


def host_id(name: str) -> str:
    """A host's own name as cards write it."""
    return _HOST_IDS.get(name.lower(), name.lower())


def fit_host(side: Side, host: str) -> Fit:
    """Whether ``host``, by its own name, runs the model."""
    values = {"id": side.name, "host": host, "family": FAMILY_NAMES.get(side.family, side.family)}
    if side.hosts and host_id(host) not in side.hosts.only:
        only = ", ".join(side.hosts.only)
        return Fit(NO, SdzhError("unfit_host", **values, only=only, why=side.hosts.why))
    limit = next((limit for limit in _LIMITS if limit.holds(side, host_id(host))), None)
    return Fit(limit.level, SdzhError(limit.reason, **values)) if limit else Fit()


def fit_base(side: Side, base: Side) -> Fit:
    """Whether an add-on (LoRA, ControlNet, encoder) fits a base model; everything else does."""
    if side.kind not in _ADD_ONS or base.name in side.made_for:
        return Fit()
    level, key = _judge(side, base)
    if level == YES:
        return Fit()
    values = {
        "id": side.name,
        "base": base.name,
        "made_for": ", ".join(side.made_for) or "?",
        "family": FAMILY_NAMES.get(side.family, "?"),
        "base_family": FAMILY_NAMES.get(base.family, "?"),
    }
    return Fit(level, SdzhError(key, **values))


def _judge(side: Side, base: Side) -> tuple[str, str]:
    """The level and the key of its sentence."""
    if not side.family or not base.family:
        return MAYBE, "fit_unknown"
    if side.family != base.family:
        return NO, "fit_family"
    if side.strict:
        return NO, "fit_strict"
    if side.kind == "encoder":
        return MAYBE, "fit_encoder_replaces" if base.chinese else "fit_encoder_untried"
    return (MAYBE, "fit_other_base") if side.made_for else (YES, "")


def worst(*fits: Fit) -> Fit:
    """The least favourable verdict, the first of several."""
    return max(fits, key=lambda fit: _LEVELS.index(fit.level))
