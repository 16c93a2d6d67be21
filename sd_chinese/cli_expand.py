"""`run.py expand` and `run.py lexicon`: reading prompts, and looking after the lexicon."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sd_chinese import strings
from sd_chinese.errors import SdzhError
from sd_chinese.progress import encodable
from sd_chinese.workflows import expand_prompt as workflow

if TYPE_CHECKING:
    from sd_chinese.expand.expander import Expander, ExpandOptions, Expansion
    from sd_chinese.expand.parts import Part

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

PROMPTS = {"zh": "prompt_zh", "en": "prompt_en", "tags": "prompt_tags"}
COLOURS = {"phrase": "1;33", "source": "36", "label": "1;32", "faint": "2"}
_PICTURE = ("subject", "action", "setting", "palette", "mood", "composition")


def add_parsers(subparsers: Subparsers) -> None:
    """Add the two commands."""
    _add_expand(subparsers)
    _add_lexicon(subparsers)


def _add_expand(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("expand", help=strings.both("help_expand"))
    parser.set_defaults(run=run_expand)
    parser.add_argument("prompt", nargs="?", help=strings.both("help_prompt"))
    parser.add_argument("--file", type=Path, help=strings.both("help_expand_file"))
    parser.add_argument("--json", action="store_true", help=strings.both("help_json"))
    parser.add_argument("--lang", choices=sorted(PROMPTS), help=strings.both("help_lang"))
    parser.add_argument("--style", help=strings.both("help_style"))
    parser.add_argument("--candidates", action="store_true", help=strings.both("help_candidates"))
    parser.add_argument("--strength", default="normal", help=strings.both("help_expand_strength"))
    parser.add_argument("--phrase", default="auto", help=strings.both("help_phrase"))
    parser.add_argument("--no-people", action="store_true", help=strings.both("help_no_people"))
    parser.add_argument("--limit", type=int, help=strings.both("help_limit"))
    parser.add_argument("--off", action="append", default=[], help=strings.both("help_off"))
    parser.add_argument("--seed", type=int, default=0, help=strings.both("help_expand_seed"))
    parser.add_argument("--corpus", type=Path, help=strings.both("help_corpus"))


def _add_lexicon(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("lexicon", help=strings.both("help_lexicon"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("check", help=strings.both("help_lexicon_check"))
    check.add_argument("paths", nargs="*", type=Path)
    check.set_defaults(run=run_check)
    commands.add_parser("stats", help=strings.both("help_lexicon_stats")).set_defaults(run=run_stats)
    find = commands.add_parser("find", help=strings.both("help_lexicon_find"))
    find.add_argument("term")
    find.set_defaults(run=run_find)
    bake = commands.add_parser("bake", help=strings.both("help_lexicon_bake"))
    bake.add_argument("package", type=Path)
    bake.set_defaults(run=run_bake)
    add = commands.add_parser("add", help=strings.both("help_lexicon_add"))
    add.add_argument("headword")
    add.add_argument("--kind", default="idioms", help=strings.both("help_lexicon_kind"))
    for name in ("says", "means", "sort", "trap", "season", "time", "weather", *_PICTURE):
        add.add_argument(f"--{name}", metavar="ZH / EN" if name in _PICTURE else None)
    add.set_defaults(run=run_add)


def _options(options: argparse.Namespace) -> ExpandOptions:
    from sd_chinese.expand.expander import ExpandOptions

    return ExpandOptions(
        strength=options.strength,
        phrase=options.phrase,
        style=options.style,
        people=not options.no_people,
        off=frozenset(options.off),
        limit=options.limit,
        seed=options.seed,
    )


def run_expand(options: argparse.Namespace) -> None:
    """Expand one prompt or a file of them."""
    if (options.prompt is None) == (options.file is None):
        raise SdzhError("expand_what")
    chosen = _options(options)
    expander = workflow.open_expander(corpus=options.corpus)
    _report_faults(expander)
    if options.file:
        results: Iterable[Expansion] = workflow.expand_file(options.file, chosen, expander)
    else:
        results = [workflow.expand_prompt(options.prompt, chosen, expander)]
    for result in results:
        if options.json:
            _say(
                json.dumps(result.to_json(), ensure_ascii=_must_escape(), indent=None if options.file else 2)
            )
        elif options.lang:
            _say(getattr(result, PROMPTS[options.lang]))
        else:
            _show(result, candidates=options.candidates)


def _report_faults(expander: Expander) -> None:
    for fault in expander.faults:
        print(encodable(strings.both("lexicon_fault", fault=fault), sys.stderr), file=sys.stderr)


def _must_escape() -> bool:
    """JSON stays whole on a console that cannot show Chinese, or a prompt that is no proper text."""
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") != "utf8"


def _say(line: str = "") -> None:
    print(encodable(line, sys.stdout))


def _paint(text: str, colour: str) -> str:
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{COLOURS[colour]}m{text}\033[0m"


def _show(result: Expansion, *, candidates: bool) -> None:
    """Readable output: what was found, the prompts, and where every phrase came from."""
    for part in result.parts:
        _say(_found(part))
    if not result.parts:
        _say(_paint(strings.both("expand_nothing"), "faint"))
    for label, text in (
        ("label_zh", result.prompt_zh),
        ("label_en", result.prompt_en),
        ("label_tags", result.prompt_tags),
        ("label_avoid", " | ".join(filter(None, (result.negative_zh, result.negative_en)))),
    ):
        if text:
            _say(f"{_paint(strings.both(label), 'label')}  {text}")
    if result.english.unknown:
        _say(_paint(strings.both("expand_untranslated", words="、".join(result.english.unknown)), "faint"))
    for element in result.scene.elements():
        _say(f"  {element.pair.zh} / {element.pair.en}  {_paint('← ' + element.source, 'source')}")
    for condition in result.scene.conditions:
        _say(f"  {condition.pair.zh} / {condition.pair.en}  {_paint('← ' + condition.source, 'source')}")
    for candidate in result.candidates if candidates else ():
        _say(_paint(f"{candidate.name} / {candidate.name_en}", "label"))
        _say(f"  {candidate.prompt_zh}\n  {candidate.prompt_en}")


def _found(part: Part) -> str:
    match, known = part.match, part.known
    kind = strings.both(f"kind_{part.kind}")
    how = strings.both(f"how_{match.how}")
    poem = f" {known.poem}" if known.poem else ""
    sure = f"{round(part.sure * 100)} %"
    written = match.text if match.text == match.canonical else f"{match.text} → {match.canonical}"
    state = "" if part.drawable or part.kind == "style" else "  " + strings.both("expand_abstract")
    return f"{_paint(written, 'phrase')}  {kind}{_paint(poem, 'source')}  {how} {sure}{state}"


def run_check(options: argparse.Namespace) -> int:
    """Check lexicon files; 1 when there are faults."""
    from sd_chinese.expand import check

    return check.main([str(path) for path in options.paths])


def run_stats(_: argparse.Namespace) -> None:
    """How many entries of each kind there are, and how many pictures, traps and poems."""
    from sd_chinese.expand import lexicon

    _say(strings.both("lexicon_stats_head"))
    for name, kind in lexicon.KINDS.items():
        entries = [
            entry
            for path, own in lexicon.lexicon_files()
            if own == kind
            for entry in lexicon.load_file(path, kind)[0]
        ]
        pictures = sum(len(entry.pictures) for entry in entries)
        traps = sum(bool(entry.trap_zh) for entry in entries)
        poems = len({entry.poem for entry in entries if entry.poem})
        _say(f"{name:8} {len(entries):6} {pictures:6} {traps:6} {poems or '':>6}")


def run_find(options: argparse.Namespace) -> None:
    """Show the entries that a term is, or that are read in it."""
    expander = workflow.open_expander()
    result = workflow.expand_prompt(options.term, _no_options(), expander)
    if not result.parts:
        raise SdzhError("lexicon_nothing", term=options.term)
    for part in result.parts:
        _say(_found(part))
        for line in _entry_lines(part):
            _say(f"  {line}")


def _no_options() -> ExpandOptions:
    from sd_chinese.expand.expander import ExpandOptions

    return ExpandOptions()


def _entry_lines(part: Part) -> Iterable[str]:
    entry = part.known.entry
    if entry is None:
        yield strings.both("lexicon_no_entry")
        return
    if entry.read:
        yield f"read: {entry.read}"
    for name in ("says", "means", "style", "pure", "negative"):
        pair = getattr(entry, name)
        if pair:
            yield f"{name}: {pair.zh} / {pair.en}"
    for picture in entry.pictures:
        if picture.name:
            yield f"scene: {picture.name}"
        yield from (f"{name}: {pair.zh} / {pair.en}" for name, pair in picture.pairs())
    if entry.trap_zh:
        yield f"trap: {'、'.join(entry.trap_zh)} / {', '.join(entry.trap_en)}"


def run_bake(options: argparse.Namespace) -> None:
    """Make the corpus of verse, and the index with it."""
    baked, path = workflow.bake_corpus(options.package)
    _say(strings.both("corpus_baked", poems=baked.poems, clauses=baked.clauses, path=path))
    workflow.open_expander()


def run_add(options: argparse.Namespace) -> None:
    """Write an entry into the user's own lexicon, after the checks that the built-in one passes."""
    from sd_chinese.expand import check, lexicon

    if options.kind not in lexicon.KINDS:
        raise SdzhError("lexicon_kind", kind=options.kind, known=" ".join(lexicon.KINDS))
    names = ("says", "means", "sort", *_PICTURE, "season", "time", "weather", "trap")
    given = [f"{name}: {value}" for name in names if (value := getattr(options, name))]
    text = "\n".join([f"[{options.headword}]", *given]) + "\n"
    path = workflow.data_folder() / workflow.LEXICON / options.kind / "own.txt"
    faults = check.check_text(text, str(path), lexicon.KINDS[options.kind])
    if faults:
        raise SdzhError(
            "lexicon_refused", reason="; ".join(re.sub(r"^.*?:\d+: ", "", str(f)) for f in faults)
        )
    old = lexicon.read_text(path) if path.exists() else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(old + ("\n" if old else "") + text, encoding="utf-8")
    part.replace(path)
    _say(strings.both("lexicon_added", headword=options.headword, path=path))
