"""The project's one exception: what happened, why, and what to do, in Chinese and in English."""

from __future__ import annotations

from sd_chinese import strings


class SdzhError(Exception):
    """A failure that the user can understand and mend.

    Args:
        code: key of the sentence in :data:`sd_chinese.strings.TEXTS`; also the machine-readable code of the API.
        values: what fills the sentence's fields.
    """

    def __init__(self, code: str, /, **values: object) -> None:
        self.code = code
        self.values = values
        self.zh, self.en = strings.text(code, **values)
        super().__init__(f"{self.zh}\n{self.en}")
