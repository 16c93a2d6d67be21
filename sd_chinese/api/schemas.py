"""What goes in and out of `/sdzh/v1`; written for pydantic 1 and 2 alike."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

#: Far beyond any prompt; a pasted book is a mistake.
MAX_PROMPT = 20_000


class Words(BaseModel):
    zh: str
    en: str


class ErrorReply(BaseModel):
    code: str
    zh: str
    en: str


class ExpandRequest(BaseModel):
    prompt: str
    view: str | None = Field(None, description="直绘, 意象 or 意境; as the settings say if left out")
    strength: str = Field("normal", description="light, normal or rich")
    phrase: str = Field("auto", description="auto, keep or replace")
    style: str | None = Field(
        None, description="a name of /styles; empty: none; as the settings say if left out"
    )
    avoid: bool | None = Field(
        None, description="add to the negative prompt; as the settings say if left out"
    )
    people: bool = True
    off: list[str] = Field([], description="phrases and chips that are switched off")
    limit: int | None = Field(None, ge=1, description="longest Chinese prompt")
    seed: int = 0


class Draw(BaseModel):
    """A chip: one phrase that will be drawn."""

    role: str
    zh: str
    en: str
    on: bool


class Poem(BaseModel):
    title: str
    author: str
    dynasty: str


class Card(BaseModel):
    """A phrase that was recognised in the prompt; ``start`` and ``end`` count characters (code points)."""

    text: str
    start: int
    end: int
    kind: str
    canonical: str
    pinyin: str
    poem: Poem | None
    says: Words | None
    means: Words | None
    trap: dict[str, list[str]]
    how: str
    exact: bool
    confidence: float
    drawable: bool
    on: bool
    draws: list[Draw]


class Run(BaseModel):
    text: str
    added: bool


class Candidate(BaseModel):
    name: str
    name_en: str
    prompt_zh: str
    prompt_en: str
    runs_zh: list[Run]
    runs_en: list[Run]


class ExpandReply(BaseModel):
    input: str
    cards: list[Card]
    prompt_zh: str
    prompt_en: str
    prompt_tags: str
    negative_zh: str
    negative_en: str
    untranslated: list[str]
    candidates: list[Candidate]
    matches: list[dict[str, Any]]
    scene: dict[str, Any]


class CompleteRequest(BaseModel):
    before: str = Field(..., description="the text before the caret; its last 32 characters are enough")
    limit: int = Field(8, ge=1, le=50)


class Completion(BaseModel):
    word: str
    replaces: int
    kind: str
    pinyin: str
    source: str
    means: Words


class CompleteReply(BaseModel):
    completions: list[Completion]


class TokensRequest(BaseModel):
    text: str
    negative: bool = False
    model: str | None = Field(None, description="a base model or encoder; the one that will paint if empty")


class TokensReply(BaseModel):
    model: str
    tokens: int
    limit: int
    contexts: list[list[int]]


class Inspiration(BaseModel):
    line: str
    season: str
    poem: Poem | None


class Style(BaseModel):
    name: str
    theme: str
    zh: str
    en: str
    colours: list[str]


class Size(BaseModel):
    ratio: str
    width: int
    height: int


class Model(BaseModel):
    """The model that will paint."""

    name: str
    language: str
    encoder: str
    family: str
    resolution: int
    defaults: dict[str, Any]


class Defaults(BaseModel):
    """How a prompt is expanded where a request does not say."""

    view: str
    style: str
    language: str
    avoid: bool


class HostReply(BaseModel):
    host: str
    language: str
    version: str
    may_install: bool
    model: Model | None
    defaults: Defaults
    sizes: list[Size]


class Listed(BaseModel):
    """A card, a file, or both."""

    name: str
    kind: str
    state: str = Field(..., description="available, bundled, partial, installing, unconverted or installed")
    title: Words
    description: Words
    publisher: str
    licence: dict[str, str]
    size_bytes: int | None
    resolution: int | None
    fits: bool
    reason: Words | None
    defaults: dict[str, Any]
    homepage: str
    notes: Words | None
    job: str | None
    removable: bool


class InstallRequest(BaseModel):
    accept_licence: bool = Field(False, description="the user has read the licence and agrees")
    accept_changed: bool = Field(False, description="take files that are not those of the last install")


class ConvertRequest(BaseModel):
    name: str = Field(..., description="a name of /models whose state is unconverted")


class CancelRequest(BaseModel):
    discard: bool = Field(False, description="also throw away what has been downloaded")


class Progress(BaseModel):
    stage: str
    done: int
    total: int
    unit: str
    speed: float | None
    seconds_left: float | None
    detail: str


class JobReply(BaseModel):
    id: str
    action: str
    subject: str
    state: str
    version: int
    progress: Progress | None
    error: ErrorReply | None
    started: float
    ended: float | None


class DoctorReply(BaseModel):
    lines: list[str]
