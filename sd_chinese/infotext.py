"""Generation parameters in the WebUI's own text form, so that its "PNG Info" tab can read and paste them.

Form (A1111 modules/infotext_utils.py)::

    prompt, possibly on several lines
    Negative prompt: possibly on several lines
    Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: name, "quoted": "when, needed"
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

NEGATIVE = "Negative prompt:"
# One "Key: value" of the last line; a value with a comma, colon or line break is a JSON string.
FIELD = re.compile(r'\s*([\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')


@dataclass(frozen=True)
class Infotext:
    """A picture's prompt, negative prompt and settings in their written order."""

    prompt: str
    negative: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [self.prompt]
        if self.negative:
            lines.append(f"{NEGATIVE} {self.negative}")
        lines.append(", ".join(f"{key}: {_quote(value)}" for key, value in self.settings.items()))
        return "\n".join(lines)


def parse_infotext(text: str) -> Infotext:
    """Read what :class:`Infotext` or a WebUI wrote; a text without settings is all prompt."""
    lines = text.strip("\n").split("\n")
    settings = {key.strip(): _unquote(value) for key, value in FIELD.findall(lines[-1])}
    if len(settings) >= 3:  # A1111's own rule: fewer fields mean that the last line is prompt
        lines = lines[:-1]
    else:
        settings = {}
    start = next((i for i, line in enumerate(lines) if line.startswith(NEGATIVE)), len(lines))
    negative = "\n".join(lines[start:])[len(NEGATIVE) :].strip()
    return Infotext("\n".join(lines[:start]).strip(), negative, settings)


def _quote(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if re.search(r'[,:"\n]', value) else value


def _unquote(value: str) -> str:
    value = value.strip()
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except json.JSONDecodeError:
        return value
