"""What Forge and reForge share: every family of encoders, one step of the UNet, LoRA, ControlNet, embeddings, memory.

``SDZH_FORGE=/path/to/webui SDZH_REFORGE=/path/to/webui python -m pytest tests/hosts/forge -m "" -v``
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from sd_chinese import strings
from tests.hosts.checkpoints import write_embedding, write_lora
from tests.hosts.forge.models import ALT, TAIYI, UNET, build_tower, convert, reference_rows, write_folder
from tests.hosts.real_host import FORGE, REFORGE, RealHost, RefusedError
from tests.text.families import FAMILIES

PROMPT = "月夜 一叶小舟"
UNET_KEYS = {"lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_v": (320, 768)}
HIRES = {
    "enable_hr": True,
    "hr_scale": 1,
    "hr_upscaler": "Latent",
    "denoising_strength": 0.7,
    "hr_additional_modules": ["Use same choices"],
}
CLIP_KEYS = {f"lora_te_text_model_encoder_layers_{n}_self_attn_q_proj": (768, 768) for n in range(12)}
BERT_KEYS = {
    f"lora_te_encoder_layer_{n}_attention_self_{leaf}": (768, 768)
    for n in range(2)
    for leaf in ("query", "key", "value")
}
MANAGERS = {"forge": "backend.memory_management", "reforge": "ldm_patched.modules.model_management"}
PATCHERS = {
    "forge": "shared.sd_model.text_processing_engine._patcher",
    "reforge": "shared.sd_model.cond_stage_model._patcher",
}


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("forge")
    return {family: write_folder(root / name, family) for name, family in (("taiyi", TAIYI), ("alt", ALT))}


@pytest.fixture(scope="session", params=[FORGE, REFORGE], ids=lambda kind: str(kind.name))
def host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, folders: dict[str, Path]
) -> Iterator[RealHost]:
    kind = request.param
    if kind.folder is None:
        pytest.skip(f"no host: set {kind.variable} to a WebUI's folder with its environment")
    data = tmp_path_factory.mktemp("host") / "数据 data"
    models = data / "models"
    (models / "Stable-diffusion").mkdir(parents=True)
    convert(folders[TAIYI], models / "Stable-diffusion" / "taiyi.safetensors")
    convert(folders[ALT], models / "Stable-diffusion" / "alt.safetensors")
    for name, keys in (("unet", {}), ("clip", CLIP_KEYS), ("bert", BERT_KEYS)):
        write_lora(models / "Lora" / f"画 {name}.safetensors", {**UNET_KEYS, **keys}, strength=0.1)
    write_embedding(data / "embeddings" / "青绿风.safetensors", 768)
    write_embedding(data / "embeddings" / "wide.safetensors", 1024)
    write_controlnet(models / "ControlNet" / "边缘 canny.safetensors", data / "controlnet")
    (data / "config.json").write_text('{"live_previews_enable": false}', encoding="utf-8")
    with RealHost(kind, data) as host:
        yield host


def write_controlnet(out: Path, folder: Path) -> None:
    """PAI publishes diffusers' own layout; ours converts it for the host."""
    import diffusers

    from sd_chinese.workflows.convert_model import convert_model

    torch.manual_seed(2)
    module = diffusers.ControlNetModel.from_unet(diffusers.UNet2DConditionModel(**UNET))
    for parameter in module.parameters():  # a new ControlNet adds nothing
        parameter.data.add_(torch.randn_like(parameter) * 0.05)
    module.half().save_pretrained(folder)  # what a host keeps of it
    out.parent.mkdir(parents=True)
    convert_model(folder, out)


def draw(host: RealHost, prompt: str = PROMPT, model: str = "taiyi", **settings: Any) -> Any:
    over = {"sd_model_checkpoint": model, **settings.pop("override_settings", {})}
    return host.draw(prompt, override_settings=over, width=64, height=64, **settings)


@pytest.mark.parametrize("family", [TAIYI, ALT])
def test_rows_are_the_publishers(host: RealHost, folders: dict[str, Path], family: str) -> None:
    draw(host, model={TAIYI: "taiyi", ALT: "alt"}[family])
    expected = reference_rows(folders[family], family, PROMPT)
    torch.testing.assert_close(host.rows(), expected, atol=1e-4, rtol=0)


def inside(host: RealHost, code: str) -> Any:
    """Run code that knows the host's memory manager as ``memory``, an encoder's patcher as ``patcher``."""
    names = {"MANAGER": MANAGERS[host.kind.name], "PATCHER": PATCHERS[host.kind.name]}
    for name, value in names.items():
        code = code.replace(name, value)
    return host.run("import MANAGER as memory\n".replace("MANAGER", names["MANAGER"]) + code)


def step(host: RealHost) -> Tensor:
    """One run of the host's UNet with the LoRA of the last request. Shape: (1, 4, 8, 8)."""
    code = f"""
import torch
from modules import shared
patcher = shared.sd_model.forge_objects_after_applying_lora.unet
memory.load_model_gpu(patcher)
latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(7))
with torch.inference_mode():
    rows = shared.sd_model.get_learned_conditioning([{PROMPT!r}])
    rows = rows["crossattn"] if isinstance(rows, dict) else rows
    result = patcher.model.diffusion_model(latents, timesteps=torch.tensor([500.0]), context=rows.float()).tolist()
"""
    return torch.tensor(inside(host, code))


def diffusers_step(folder: Path, rows: Tensor, lora: Path | None = None) -> Tensor:
    """The same by diffusers. Shape: (1, 4, 8, 8)."""
    import diffusers

    unet = diffusers.UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32)
    if lora is not None:
        pipeline = diffusers.StableDiffusionPipeline
        state, alphas = pipeline.lora_state_dict(lora, unet_config=unet.config)
        pipeline.load_lora_into_unet(state, alphas, unet)
    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(7))
    with torch.no_grad():
        found: Tensor = unet(latents, 500, encoder_hidden_states=rows[None]).sample
    return found


def test_one_step_of_the_unet_is_diffusers(host: RealHost, folders: dict[str, Path]) -> None:
    draw(host)
    expected = diffusers_step(folders[TAIYI], reference_rows(folders[TAIYI], TAIYI, PROMPT))
    torch.testing.assert_close(step(host), expected, atol=1e-4, rtol=1e-4)


def test_clip_skip_takes_the_layer_before(host: RealHost, folders: dict[str, Path]) -> None:
    draw(host, override_settings={"CLIP_stop_at_last_layers": 2})
    host.set(CLIP_stop_at_last_layers=1)
    tokenizer = FAMILIES[TAIYI].load_tokenizer(folders[TAIYI] / "tokenizer")
    ids = tokenizer([PROMPT], padding="max_length", max_length=512, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        expected = build_tower(TAIYI)(ids, output_hidden_states=True).hidden_states[-2][0]
    torch.testing.assert_close(host.rows(), expected, atol=1e-4, rtol=0)


def test_schedules_and_composition_reach_the_unet(host: RealHost, folders: dict[str, Path]) -> None:
    code = """
from modules import prompt_parser, shared
found = prompt_parser.get_multicond_learned_conditioning(shared.sd_model, ["[月夜:小舟:0.5] AND 雪山:0.6"], 2)
result = [[part.weight, [[s.end_at_step, s.cond.float().cpu().tolist()] for s in part.schedules]]
          for part in found.batch[0]]
"""
    draw(host)
    (one, stages), (weight, (snow,)) = host.run(code)
    assert (one, weight, [end for end, _ in stages]) == (1.0, 0.6, [1, 2])
    for rows, text in ((stages[0][1], "月夜"), (stages[1][1], "小舟"), (snow[1], " 雪山")):
        expected = reference_rows(folders[TAIYI], TAIYI, text)
        torch.testing.assert_close(torch.tensor(rows), expected, atol=1e-4, rtol=0)


def test_lora_keeps_its_unet_part_and_its_text_part_only_where_it_fits(host: RealHost) -> None:
    plain = draw(host)
    rows = host.rows()
    unet = draw(host, f"{PROMPT}<lora:画 unet:1>")
    assert unet.sha != plain.sha
    english = draw(host, f"{PROMPT}<lora:画 clip:1>")
    assert english.sha == unet.sha
    assert torch.equal(host.rows(), rows)
    assert "画 clip" in host.comments()
    made_for_bert = draw(host, f"{PROMPT}<lora:画 bert:1>")
    assert made_for_bert.sha != unet.sha
    assert not torch.equal(host.rows(), rows)
    assert "画 bert" not in host.comments()
    assert draw(host).sha == plain.sha
    assert torch.equal(host.rows(), rows)


def lora_rows(folder: Path, lora: Path, prompt: str) -> Tensor:
    """The publisher's rows with the text part of a LoRA, by peft. Shape: (rows, width)."""
    from peft import LoraConfig, inject_adapter_in_model, set_peft_model_state_dict
    from safetensors.torch import load_file

    leaves = ["query", "key", "value"]
    tower = inject_adapter_in_model(LoraConfig(r=4, lora_alpha=4, target_modules=leaves), build_tower(TAIYI))
    tensors = load_file(lora)
    state = {
        f"encoder.layer.{n}.attention.self.{leaf}.lora_{side}.weight": tensors[
            f"lora_te_encoder_layer_{n}_attention_self_{leaf}.lora_{name}.weight"
        ]
        for n in range(2)
        for leaf in leaves
        for side, name in (("A", "down"), ("B", "up"))
    }
    assert not set_peft_model_state_dict(tower, state).unexpected_keys
    judge = FAMILIES[TAIYI]
    return judge.reference(tower, judge.load_tokenizer(folder / "tokenizer"), [prompt])[0]


def test_lora_acts_on_both_as_peft_and_diffusers_have_it(host: RealHost, folders: dict[str, Path]) -> None:
    file = host.data / "models" / "Lora" / "画 bert.safetensors"
    draw(host, f"{PROMPT}<lora:画 bert:1>")
    rows = lora_rows(folders[TAIYI], file, PROMPT)
    torch.testing.assert_close(host.rows(), rows, atol=1e-4, rtol=0)
    unet = host.data / "models" / "Lora" / "画 unet.safetensors"  # what `write_lora` gives both is the same
    torch.testing.assert_close(step(host), diffusers_step(folders[TAIYI], rows, unet), atol=1e-4, rtol=1e-4)


def test_hires_prompt_brings_a_lora_of_its_own(host: RealHost, folders: dict[str, Path]) -> None:
    file = host.data / "models" / "Lora" / "画 bert.safetensors"
    draw(host, **HIRES, hr_prompt="雪山<lora:画 clip:1>")
    assert "画 clip" in host.comments()
    plain = reference_rows(folders[TAIYI], TAIYI, "雪山")
    torch.testing.assert_close(host.rows(), plain, atol=1e-4, rtol=0)
    draw(host, **HIRES, hr_prompt="雪山<lora:画 bert:1>")
    torch.testing.assert_close(host.rows(), lora_rows(folders[TAIYI], file, "雪山"), atol=1e-4, rtol=0)
    draw(host, f"{PROMPT}<lora:画 bert:1>", **HIRES, hr_prompt="雪山")
    torch.testing.assert_close(host.rows(), plain, atol=1e-4, rtol=0)


def test_embedding_of_the_right_width_is_a_word(host: RealHost) -> None:
    plain = draw(host, "小舟，青绿")
    picture = draw(host, "小舟，青绿风")
    assert {"forge": "TI: 青绿风", "reforge": 'TI hashes: "青绿风: '}[host.kind.name] in picture.infotext
    assert picture.sha != plain.sha
    assert ">5/" in host.run(
        "from modules import ui; result = ui.update_token_counter('小舟，青绿风', 20, [])"
    )
    assert "TI" not in draw(host, "小舟，wide").infotext


def test_controlnet_of_the_host_steers_a_chinese_checkpoint(host: RealHost) -> None:
    def units(value: int) -> dict[str, Any]:
        unit = {"enabled": True, "module": "None", "model": name, "image": png64(value), "weight": 1.0}
        return {"alwayson_scripts": {"ControlNet": {"args": [unit]}}}

    name = next(name for name in host.call("/controlnet/model_list")["model_list"] if "canny" in name)
    plain, black, white = draw(host), draw(host, **units(0)), draw(host, **units(255))
    assert len({plain.sha, black.sha, white.sha}) == 3
    assert draw(host).sha == plain.sha


def test_controlnet_adds_what_diffusers_adds(host: RealHost, folders: dict[str, Path]) -> None:
    import diffusers

    file = host.data / "models" / "ControlNet" / "边缘 canny.safetensors"
    code = f"""
import torch
from modules_forge.shared import try_load_supported_control_model
network = try_load_supported_control_model({str(file)!r}).model_patcher.control_model
given = torch.Generator().manual_seed(9)
shapes = ((1, 4, 8, 8), (1, 3, 64, 64), (1, 32, 768))
latents, hint, rows = (torch.randn(shape, generator=given) for shape in shapes)
with torch.inference_mode():
    added = network(x=latents, hint=hint, timesteps=torch.tensor([500.0]), context=rows)
added = [*added["output"], *added["middle"]] if isinstance(added, dict) else added
result = [rest.tolist() for rest in added]
"""
    given = torch.Generator().manual_seed(9)
    shapes = ((1, 4, 8, 8), (1, 3, 64, 64), (1, 32, 768))
    latents, hint, rows = (torch.randn(shape, generator=given) for shape in shapes)
    network = diffusers.ControlNetModel.from_pretrained(host.data / "controlnet", torch_dtype=torch.float32)
    with torch.no_grad():
        down, middle = network(latents, 500, rows, hint, return_dict=False)
    for found, expected in zip(host.run(code), (*down, middle), strict=True):
        torch.testing.assert_close(torch.tensor(found), expected, atol=1e-4, rtol=1e-4)


def png64(value: int) -> str:
    from PIL import Image

    file = io.BytesIO()
    image = Image.new("RGB", (64, 64), (value,) * 3)
    image.paste((255 - value,) * 3, (16, 16, 48, 48))
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def loaded(host: RealHost) -> list[str]:
    """What the host's memory manager counts as loaded."""
    code = "result = [type(entry.model.model).__name__ for entry in memory.current_loaded_models]"
    return list(inside(host, code))


def test_encoder_is_one_of_the_hosts_models(host: RealHost) -> None:
    """One resident encoder, in the host's list of loaded models; the CLIP that nobody needs is hollow and not in it."""
    draw(host)
    assert loaded(host).count("BertEncoder") == 1
    assert not {"JointTextEncoder", "SD1ClipModel"} & set(loaded(host))
    weights = inside(
        host,
        "from modules import shared\n"
        "result = sum(p.numel() for p in shared.sd_model.forge_objects.clip.cond_stage_model.parameters())",
    )
    assert weights < 1_000_000
    draw(host, model="alt")
    assert "BertEncoder" not in loaded(host)


def test_encoder_is_unloaded_with_all_models_and_comes_back(host: RealHost) -> None:
    picture = draw(host)
    inside(host, "memory.unload_all_models(); result = 1")
    assert loaded(host) == []
    again = draw(host, negative_prompt="雪")  # another request: the host keeps conditioning
    assert loaded(host).count("BertEncoder") == 1
    assert again.sha != picture.sha
    assert draw(host).sha == picture.sha


PARTLY = {
    "forge": "entry.model_load(8 * 2**20); assert entry.model_accelerated",
    "reforge": "entry.model_load(8 * 2**20); assert patcher.model.model_lowvram",
}


def test_encoder_may_be_loaded_in_part(host: RealHost) -> None:
    """What a host does where a device has not the room: the layers that wait elsewhere fetch their weights."""
    picture = draw(host)
    waiting = inside(
        host,
        f"""
from modules import shared
patcher = PATCHER
memory.unload_all_models()
entry = memory.LoadedModel(patcher)
{PARTLY[host.kind.name]}
memory.current_loaded_models.insert(0, entry)
marks = "prev_parameters_manual_cast", "prev_ldm_patched_cast_weights"
result = sum(hasattr(layer, mark) for layer in patcher.model.modules() for mark in marks)
""",
    )
    assert waiting > 0
    draw(host, negative_prompt="雪山")
    assert draw(host).sha == picture.sha
    inside(host, "memory.unload_all_models(); result = 1")
    assert draw(host).sha == picture.sha


def test_too_long_a_prompt_is_refused_with_our_sentence(host: RealHost) -> None:
    plain = draw(host)
    with pytest.raises(RefusedError) as caught:
        draw(host, "月" * 20_001)
    for language in strings.text("prompt_too_long", length=20_001, limit=20_000):
        assert language in str(json.loads(str(caught.value))) + host.log
    assert draw(host).sha == plain.sha


def test_grid_over_checkpoints(host: RealHost) -> None:
    """X/Y/Z plot (scripts/xyz_grid.py): checkpoints of two families side by side."""
    axes, parameters = host.run(
        "import inspect\n"
        "from modules import scripts\n"
        "grid = [d.module for d in scripts.scripts_data if d.path.endswith('xyz_grid.py')][0]\n"
        "labels = [a.label for a in grid.axis_options if not getattr(a, 'is_img2img', False)]\n"
        "result = labels, list(inspect.signature(grid.Script.run).parameters)"
    )
    nothing = [axes.index("Nothing"), "", []]
    given = {"draw_legend": True, "items_per_grid": 0, "margin_size": 0}
    flags = [given.get(name, False) for name in parameters[parameters.index("draw_legend") :]]
    arguments = [axes.index("Checkpoint name"), "", ["taiyi", "alt"], *nothing, *nothing, *flags]
    grid = draw(host, script_name="x/y/z plot", script_args=arguments)
    found, one, other = grid.pixels[-64:], draw(host).pixels, draw(host, model="alt").pixels
    assert (found[:, :64] == one).all() and (found[:, -64:] == other).all()
