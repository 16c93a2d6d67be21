"""Files and folders that the user put down by hand: what they are, and what makes a host's file of them."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese.errors import SdzhError
from sd_chinese.progress import Progress, Report, Stop
from sd_chinese.registry.fit import FAMILY_NAMES
from sd_chinese.registry.identify import Identity
from sd_chinese.registry.installed import Installed
from sd_chinese.registry.scan import Found
from sd_chinese.workflows.convert_model import convert_model
from sd_chinese.workflows.install_model import placed_files, undone

if TYPE_CHECKING:
    from sd_chinese.workflows.library import Library

# Layouts that hosts read as they are; a pickle of any layout is worth turning into safetensors.
_HOST_LAYOUTS = {("base", "ldm"), ("lora", "kohya"), ("lora", "lycoris"), ("controlnet", "ldm")}


@dataclass(frozen=True)
class Adoption:
    """What can be done with something that was found; ``reason`` says what it is."""

    path: Path
    kind: str
    reason: SdzhError


def propose(found: Found, kind: str) -> Adoption | None:
    """What ``found`` in the folder of ``kind`` would become; None if the host can use it as it is, or nobody can."""
    identity = found.identity
    if identity.kind not in ("base", "lora", "controlnet", "encoder"):
        return None
    values = {"path": found.path, "what": describe_origin(identity), "kind": identity.kind}
    if identity.kind == "encoder":
        if kind == "encoder" and found.path.is_dir():
            return None
        return Adoption(found.path, "encoder", SdzhError("adopt_encoder", **values))
    if found.path.is_dir():
        return Adoption(found.path, identity.kind, SdzhError("adopt_folder", **values))
    if (identity.kind, identity.layout) not in _HOST_LAYOUTS or found.path.suffix == ".bin":
        return Adoption(found.path, identity.kind, SdzhError("adopt_file", **values))
    if identity.kind != kind:
        return Adoption(found.path, identity.kind, SdzhError("adopt_misplaced", **values))
    return None


def describe_origin(identity: Identity) -> str:
    """Such as ``PAI-Diffusion``, or the family alone where the encoder is nobody's that is known."""
    if identity.make and identity.family != "mini":
        return identity.make.name
    return FAMILY_NAMES.get(identity.family, identity.layout)


def adopt_model(
    path: Path, library: Library, report: Report, stop: Stop, *, dtype: str = "float16"
) -> Installed:
    """Convert a file or folder into the host's folder of its kind; the original stays where it is.

    Raises:
        SdzhError: ``weights_missing``, ``target_taken``, or as the conversion.
    """
    if not path.exists():
        raise SdzhError("weights_missing", path=path)
    identity = Found(path).identity
    if not identity.kind and identity.error:
        raise identity.error
    name = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", path.name if path.is_dir() else path.stem)
    target = library.target(identity.kind, name)
    named = library.installed(name)  # of any kind: the record is kept by its name
    if target.exists() or named:
        raise SdzhError("target_taken", path=library.place(named) if named else target)

    def progress(done: int, total: int) -> None:
        report(Progress("convert", done, total, "tensors", detail=target.name))

    record = Installed(name, identity.kind, target.name, (), f"local {path}", time=time.time())
    with undone(record, target, library):
        convert_model(path, target, dtype=dtype, progress=progress)
        record = replace(record, files=tuple(placed_files(target, report, stop)))
        library.ledger.put(record)
    return record
