"""The standalone page: a prompt box, the models, a few settings, the pictures and how to make them again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Any

from sd_chinese import strings
from sd_chinese.errors import SdzhError
from sd_chinese.workflows.find_model import known_names
from sd_chinese.workflows.generate_image import FALLBACK, ImageRequest, Studio, generate_image, save_image

if TYPE_CHECKING:
    import gradio

DEFAULT_PORT = 7865
OUTPUTS = Path("outputs")
STYLE = Path(__file__).resolve().parents[2] / "style.css"


def open_page(studio: Studio, port: int | None = None) -> None:
    """Serve the page on 127.0.0.1 until it is interrupted."""
    import gradio as gr

    page = build_page(studio)
    page.queue(default_concurrency_limit=1)
    page.launch(
        server_name="127.0.0.1",
        server_port=port or DEFAULT_PORT,
        inbrowser=True,
        css=STYLE.read_text(encoding="utf-8"),
        theme=gr.themes.Default(),
    )


def build_page(studio: Studio) -> gradio.Blocks:
    """Lay the page out; left what I wrote, right what it became."""
    import gradio as gr

    models = known_names("base", studio.catalog, studio.host)
    first = models[0] if models else None
    defaults = model_defaults(studio, first)
    with gr.Blocks(title=strings.both("page_title"), analytics_enabled=False) as page:
        with gr.Row(elem_classes="sdzh"):
            with gr.Column(scale=1):
                prompt = gr.Textbox(
                    label=strings.both("help_prompt"),
                    placeholder="月夜，一叶小舟，远山",
                    lines=4,
                    elem_id="sdzh_prompt",
                    autofocus=True,
                )
                negative = gr.Textbox(
                    label=strings.both("label_negative"), value=defaults["negative"], elem_id="sdzh_negative"
                )
                generate = gr.Button(
                    strings.both("button_generate"), variant="primary", elem_id="sdzh_generate"
                )
                with gr.Row():
                    model = gr.Dropdown(models, value=first, label=strings.both("label_model"))
                    sampler = gr.Dropdown(
                        list(studio.painter.samplers),
                        value=defaults["sampler"],
                        label=strings.both("label_sampler"),
                    )
                with gr.Row():
                    steps = gr.Slider(
                        1, 60, value=defaults["steps"], step=1, label=strings.both("label_steps")
                    )
                    cfg = gr.Slider(1, 15, value=defaults["cfg"], step=0.5, label=strings.both("label_cfg"))
                with gr.Row():
                    width = gr.Number(defaults["size"][0], label=strings.both("label_width"), precision=0)
                    height = gr.Number(defaults["size"][1], label=strings.both("label_height"), precision=0)
                    batch = gr.Number(
                        1, label=strings.both("label_batch"), precision=0, minimum=1, maximum=16
                    )
                    seed = gr.Number(-1, label=strings.both("label_seed"), precision=0)
            with gr.Column(scale=1):
                gallery = gr.Gallery(
                    label=strings.both("label_pictures"), elem_id="sdzh_gallery", format="png"
                )
                info = gr.Textbox(
                    label=strings.both("label_info"), lines=4, buttons=["copy"], elem_id="sdzh_info"
                )
        inputs = [prompt, negative, model, sampler, steps, cfg, width, height, batch, seed]
        generate.click(painter(studio), inputs, [gallery, info], api_name="generate")
        model.change(
            lambda name: tuple_of_defaults(studio, name),
            model,
            [negative, sampler, steps, cfg, width, height],
        )
    return page


def model_defaults(studio: Studio, name: str | None) -> dict[str, Any]:
    """The settings a model likes: its card's, else the WebUI's."""
    card = next((card for card in studio.catalog.all("base") if card.id == name), None)
    return {**FALLBACK, **(card.defaults.given() if card else {})}


def tuple_of_defaults(studio: Studio, name: str) -> tuple[Any, ...]:
    defaults = model_defaults(studio, name)
    return (defaults["negative"], defaults["sampler"], defaults["steps"], defaults["cfg"], *defaults["size"])


def painter(studio: Studio) -> Callable[..., Iterator[tuple[Any, str]]]:
    """The button's action: paint in a thread, show each step, then the saved pictures."""
    import gradio as gr

    def paint(
        prompt: str,
        negative: str,
        model: str,
        sampler: str,
        steps: float,
        cfg: float,
        width: float,
        height: float,
        batch: float,
        seed: float,
        progress: Any = gr.Progress(),  # noqa: B008 (gradio looks for it among the defaults)
    ) -> Iterator[tuple[Any, str]]:
        request = ImageRequest(
            prompt=prompt,
            negative=negative,
            model=model,
            sampler=sampler,
            steps=int(steps),
            cfg=float(cfg),
            size=(int(width), int(height)),
            batch=int(batch),
            seed=int(seed),
        )
        try:
            for done, total, result in steps_then_result(request, studio):
                if result is None:
                    progress((done, total), desc=strings.both("painting"))
                else:
                    yield result
        except SdzhError as error:
            raise gr.Error(str(error)) from error

    return paint


def steps_then_result(
    request: ImageRequest, studio: Studio
) -> Iterator[tuple[int, int, tuple[list[tuple[str, str]], str] | None]]:
    """Yield (done, total, None) after each step, at the end (total, total, (gallery items, infotext))."""
    events: Queue[tuple[int, int] | list[Any] | SdzhError | Exception] = Queue()

    def work() -> None:
        try:
            events.put(generate_image(request, studio, lambda done, total: events.put((done, total))))
        except Exception as error:  # handed over to the page's thread, raised there
            events.put(error)

    Thread(target=work, daemon=True).start()
    while True:
        event = events.get()
        if isinstance(event, Exception):
            raise event
        if isinstance(event, tuple):
            yield (*event, None)
            continue
        items = [(str(save_image(each, next_path(OUTPUTS, each.seed))), str(each.seed)) for each in event]
        yield 1, 1, (items, "\n\n".join(str(painted.infotext) for painted in event))
        return


def next_path(folder: Path, seed: int) -> Path:
    """`00012-4711.png`: numbered on, with the seed, as the WebUI names its pictures."""
    numbers = [int(path.name[:5]) for path in folder.glob("[0-9][0-9][0-9][0-9][0-9]-*.png")]
    return folder / f"{max(numbers, default=0) + 1:05}-{seed}.png"
