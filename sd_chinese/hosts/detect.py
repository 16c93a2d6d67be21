"""Which WebUI this process belongs to, told by what it can be asked to import; no version numbers."""

from __future__ import annotations

from importlib.util import find_spec

# In order: Forge and reForge both keep A1111's package. (lllyasviel/stable-diffusion-webui-forge `backend/`,
# Panchovix/stable-diffusion-webui-reForge and Haoming02/sd-webui-forge-classic `ldm_patched/`)
_MARKS = (
    ("forge", ("modules_forge", "backend.loader")),
    ("reforge", ("modules_forge", "ldm_patched")),
    ("a1111", ("modules.sd_models_config", "modules.sd_hijack")),
)


def detect_host() -> str | None:
    """``forge``, ``reforge``, ``a1111``, or None outside a WebUI."""
    return next((name for name, marks in _MARKS if all(map(_exists, marks))), None)


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even its package
        return False
