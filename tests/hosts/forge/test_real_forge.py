"""What is Forge's own, in a real Forge: every family of encoders, one step of the UNet, LoRA, ControlNet, embeddings.

``SDZH_FORGE=/path/to/webui python -m pytest tests/hosts/forge -m "" -v``
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.hosts.checkpoints import write_embedding, write_lora
from tests.hosts.forge.models import ALT, TAIYI, UNET, convert, reference_rows, write_folder
from tests.hosts.real_host import FORGE, RealHost

PROMPT = "月夜 一叶小舟"
UNET_KEYS = {"lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_v": (320, 768)}
CLIP_KEYS = {f"lora_te_text_model_encoder_layers_{n}_self_attn_q_proj": (768, 768) for n in range(12)}
BERT_KEYS = {
    f"lora_te_encoder_layer_{n}_attention_self_{leaf}": (768, 768)
    for n in range(2)
    for leaf in ("query", "key", "value")
}


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("forge")
    return {family: write_folder(root / name, family) for name, family in (("taiyi", TAIYI), ("alt", ALT))}


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory, folders: dict[str, Path]) -> Iterator[RealHost]:
    if FORGE.folder is None:
        pytest.skip(f"no host: set {FORGE.variable} to a WebUI's folder with its environment")
    data = tmp_path_factory.mktemp("host") / "数据 data"
    models = data / "models"
    (models / "Stable-diffusion").mkdir(parents=True)
    convert(folders[TAIYI], models / "Stable-diffusion" / "taiyi.safetensors")
    convert(folders[ALT], models / "Stable-diffusion" / "alt.safetensors")
    write_lora(models / "Lora" / "画 unet.safetensors", UNET_KEYS)
    write_lora(models / "Lora" / "画 clip.safetensors", {**UNET_KEYS, **CLIP_KEYS})
    write_lora(models / "Lora" / "画 bert.safetensors", {**UNET_KEYS, **BERT_KEYS})
    write_embedding(data / "embeddings" / "青绿风.safetensors", 768)
    write_embedding(data / "embeddings" / "wide.safetensors", 1024)
    write_controlnet(models / "ControlNet" / "边缘 canny.safetensors", data / "controlnet")
    with RealHost(FORGE, data) as host:
        yield host


def write_controlnet(out: Path, folder: Path) -> None:
    """PAI publishes diffusers' own layout; ours converts it for the host."""
    import diffusers

    from sd_chinese.workflows.convert_model import convert_model

    torch.manual_seed(2)
    module = diffusers.ControlNetModel.from_unet(diffusers.UNet2DConditionModel(**UNET))
    for parameter in module.parameters():  # a new ControlNet adds nothing
        parameter.data.add_(torch.randn_like(parameter) * 0.05)
    module.save_pretrained(folder)
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


def test_one_step_of_the_unet_is_diffusers(host: RealHost, folders: dict[str, Path]) -> None:
    import diffusers

    draw(host)
    rows = reference_rows(folders[TAIYI], TAIYI, PROMPT)[None]
    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(7))
    unet = diffusers.UNet2DConditionModel.from_pretrained(folders[TAIYI] / "unet", torch_dtype=torch.float32)
    with torch.no_grad():
        expected = unet(latents, 500, encoder_hidden_states=rows).sample
    code = f"""
import torch
from modules import shared
from backend import memory_management
patcher = shared.sd_model.forge_objects.unet
memory_management.load_model_gpu(patcher)
latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(7))
with torch.inference_mode():
    rows = shared.sd_model.get_learned_conditioning([{PROMPT!r}])
    result = patcher.model.diffusion_model(latents, timesteps=torch.tensor([500.0]), context=rows.float()).tolist()
"""
    torch.testing.assert_close(torch.tensor(host.run(code)), expected, atol=1e-4, rtol=1e-4)


def test_clip_skip_takes_the_layer_before(host: RealHost, folders: dict[str, Path]) -> None:
    from tests.hosts.forge.models import build_tower
    from tests.text.families import FAMILIES

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


def test_embedding_of_the_right_width_is_a_word(host: RealHost) -> None:
    plain = draw(host, "小舟，青绿")
    picture = draw(host, "小舟，青绿风")
    assert "TI: 青绿风" in picture.infotext
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


def png64(value: int) -> str:
    from PIL import Image

    file = io.BytesIO()
    image = Image.new("RGB", (64, 64), (value,) * 3)
    image.paste((255 - value,) * 3, (16, 16, 48, 48))
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_encoder_lives_where_the_host_puts_text_encoders(host: RealHost) -> None:
    """One resident encoder, in the host's list of loaded models; the CLIP that nobody needs is hollow and not in it."""
    draw(host)
    code = """
from backend import memory_management as m
from modules import shared
names = [type(l.model.model).__name__ for l in m.current_loaded_models]
clip = sum(p.numel() for p in shared.sd_model.forge_objects.clip.cond_stage_model.parameters())
result = [names.count("BertEncoder"), names.count("JointTextEncoder"), clip]
"""
    resident, unused, weights = host.run(code)
    assert (resident, unused) == (1, 0)
    assert weights < 1_000_000
