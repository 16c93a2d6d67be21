"""The one table of texts that users read: key -> (Chinese, English).

Errors, the command line and the pages all look their words up here, so that a sentence is written once
and both languages stand side by side. ``{name}`` fields are filled by ``str.format``.
"""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    # --- text encoders -------------------------------------------------------------------------
    "prompt_too_long": (
        "提示词有 {length} 个字符，超过上限 {limit}。请确认没有误贴整篇文章，删短后再试。",
        "The prompt has {length} characters; the limit is {limit}. Shorten it.",
    ),
    "emphasis_unknown": (
        "没有叫“{name}”的强调方式。可用的有：{choices}。",
        "There is no emphasis mode {name}. Choose one of: {choices}.",
    ),
    "clip_skip_range": (
        "Clip skip 不能是 {value}：这个文本编码器有 {limit} 层，请填 1 到 {limit}。",
        "Clip skip cannot be {value}: this text encoder has {limit} layers. Use 1 to {limit}.",
    ),
    "segmenter_missing": (
        "长提示词要按词断开，但没有安装 jieba。请运行 pip install jieba，或缩短提示词。",
        "A long prompt is split between words, and jieba is not installed. Run pip install jieba, or shorten it.",
    ),
    "architecture_unknown": (
        "不支持文本编码器结构“{name}”。支持的有：{choices}。",
        "There is no encoder architecture {name}. There are: {choices}.",
    ),
    "encoder_missing": (
        "{path} 里没有认识的文本编码器（BERT、CLIP 或 XLM-R）。请换一个带文本编码器的模型。",
        "{path} holds no text encoder that is known (BERT, CLIP or XLM-R). Choose a model that has one.",
    ),
    "encoder_folder_foreign": (
        "文件夹 {path} 不是带文本编码器的模型：缺少 config.json 或权重。请选 diffusers 模型的文件夹。",
        "The folder {path} holds no text encoder: config.json or weights are missing. Choose a diffusers model.",
    ),
    "encoder_incomplete": (
        "{path} 里的文本编码器不完整，缺少 {missing}。文件可能损坏，请重新下载。",
        "The text encoder in {path} is incomplete: {missing} is missing. Download the file again.",
    ),
    "encoder_unfilled": (
        "文本编码器有 {count} 个张量在文件里找不到（如 {names}）。文件不完整或不是这种模型，请换一个。",
        "{count} tensors of the text encoder are not in the file (such as {names}). Choose a complete file.",
    ),
    "encoder_left_over": (
        "文件里有 {count} 个文本编码器张量用不上（如 {names}），说明配置与权重不符。请使用原版配置文件。",
        "{count} tensors of the text encoder have no place in it (such as {names}): the configuration does not "
        "describe these weights. Use the configuration that came with them.",
    ),
    "encoder_shape": (
        "张量 {name} 的形状是 {found}，应为 {expected}：配置与权重不符。请使用原版配置文件。",
        "The tensor {name} has shape {found}, not {expected}: the configuration does not describe these weights. "
        "Use the configuration that came with them.",
    ),
    "config_unreadable": (
        "配置文件 {path} 不是有效的 JSON。请重新下载这个文件。",
        "The configuration {path} is not valid JSON. Download it again.",
    ),
    "spec_unreadable": (
        "文本编码器说明无效：{reason}。请更新本扩展，或用原模型重新转换。",
        "The description of the text encoder is invalid: {reason}. Update this extension, or convert the model again.",
    ),
    "spec_ambiguous": (
        "{path} 的文本编码器有 49408 行词嵌入：可能是 CLIP（英文、太乙中英双语），也可能是妙笔 MiaoBi，"
        "单看权重分不出来。请把模型自带的词表放在旁边（merges.txt 或 vocab.txt），或指定词表种类：{choices}。",
        "The text encoder in {path} has 49408 words: it may be CLIP (English, Taiyi zh-EN) or MiaoBi, and weights "
        "alone cannot tell. Put the model's own vocabulary beside it (merges.txt or vocab.txt), or name its kind: "
        "{choices}.",
    ),
    "vocabulary_missing": (
        "找不到 {path} 的词表（{kind}，{words} 词）。请从模型主页下载词表（vocab.txt、merges.txt 或 "
        "sentencepiece.bpe.model），放在模型旁边，文件名前加上模型名和一个点。",
        "There is no vocabulary for {path} ({kind}, {words} words). Download vocab.txt, merges.txt or "
        "sentencepiece.bpe.model from the model's page and put it beside the model, named like it (model.vocab.txt).",
    ),
    "vocabulary_unfit": (
        "词表（{source}）与文本编码器的 {rows} 个词对不上。请使用该模型自带的词表。",
        "The vocabulary ({source}) does not fit a text encoder of {rows} words. Use the one that came with the model.",
    ),
    "vocabulary_unreadable": (
        "读不懂词表 {source}。请从模型主页重新下载。",
        "The vocabulary {source} cannot be read. Download it again from the model's page.",
    ),
    # --- weights and conversion ----------------------------------------------------------------
    "weights_missing": ("找不到文件：{path}。请检查路径。", "There is no file {path}. Check the path."),
    "weights_unreadable": (
        "读不了 {path}：{reason}。请检查文件权限和磁盘。",
        "{path} cannot be read: {reason}. Check its permissions and the disk.",
    ),
    "weights_folder_empty": (
        "文件夹 {path} 里没有权重文件（model.safetensors、pytorch_model.bin 等）。请选模型自己的文件夹。",
        "The folder {path} holds no weights (such as model.safetensors). Choose the model's own folder.",
    ),
    "weights_empty": (
        "{path} 里没有任何张量，不是模型权重。请换一个文件。",
        "{path} holds no tensor, so it is not a model. Choose another file.",
    ),
    "weights_foreign": (
        "{path} 不是认识的权重文件。能读 safetensors 和 torch 的 .bin、.ckpt、.pt，请换一个文件。",
        "{path} is not a weight file that can be read. Use safetensors, or torch's .bin, .ckpt or .pt.",
    ),
    "weights_truncated": (
        "{path} 不完整，多半是下载中断。请删掉后重新下载。",
        "{path} is incomplete, most likely a broken download. Delete it and download it again.",
    ),
    "weights_header": (
        "{path} 的文件头有误：里面写的名称、形状和长度对不上。请重新下载，或换一个来源。",
        "The header of {path} is wrong: its names, shapes and lengths do not agree. Download it again.",
    ),
    "weights_lfs_pointer": (
        "{path} 只是 git-lfs 的占位文本，权重本身没有下载。请运行 git lfs pull，或直接下载该文件。",
        "{path} is a git-lfs pointer, not the weights. Run git lfs pull, or download the file itself.",
    ),
    "weights_web_page": (
        "{path} 存下来的是一个网页，不是权重。请登录或同意许可后重新下载。",
        "{path} is a saved web page, not weights. Log in or accept the licence, then try again.",
    ),
    "pickle_unsafe": (
        "拒绝打开 {path}：这个 pickle 想调用 {name}，打开它可能会运行别人的代码。请换 safetensors 版本。",
        "{path} was refused: its pickle asks for {name}, which could run code. Get a safetensors version.",
    ),
    "pickle_foreign": (
        "{path} 不是 torch 存下的权重，或者已经损坏。请重新下载，或换 safetensors 版本。",
        "{path} is not weights saved by torch, or it is damaged. Download it again, or as safetensors.",
    ),
    "tensor_missing": (
        "{path} 里没有张量 {name}，最接近的是：{near}。这个文件可能属于另一种模型。",
        "{path} has no tensor {name}; the nearest are {near}. The file may belong to another kind of model.",
    ),
    "tensor_changed": (
        "张量 {name} 应为 {expected}，读出来却是 {actual}。文件可能已损坏，请重新下载。",
        "The tensor {name} should be {expected} but came out as {actual}. The file may be damaged.",
    ),
    "disk_full": (
        "磁盘空间不够，写不下 {path}：需要 {need} MB，只剩 {free} MB。请腾出空间或换个位置。",
        "There is no room for {path}: {need} MB are needed, {free} MB are free. Choose another place.",
    ),
    "write_suffix": (
        "输出文件 {path} 须以 .safetensors 结尾，界面才会列出它。请改名。",
        "The file {path} must end in .safetensors, or no WebUI lists it. Rename it.",
    ),
    "write_failed": (
        "写不了 {path}：{reason}。请检查文件夹是否存在、是否可写。",
        "{path} cannot be written: {reason}. Check that the folder exists and may be written to.",
    ),
    "part_missing": (
        "{path} 里没有 {part} 部分，不是完整的底模。请补全文件，或换一个模型。",
        "{path} has no {part} in it, so it is not a whole base model. Complete it, or choose another.",
    ),
    "part_incomplete": (
        "{path} 的 {part} 缺少张量 {name}，文件不完整。请重新下载。",
        "The {part} of {path} lacks the tensor {name}: it is incomplete. Download it again.",
    ),
    "convert_unknown_key": (
        "张量 {name} 不属于 Stable Diffusion 1.x 或 2.x，无法转换。请确认选对了模型。",
        "The tensor {name} is none of Stable Diffusion 1.x or 2.x, so it cannot be converted. Check the model.",
    ),
    "convert_not_unet": (
        "这些权重里没有交叉注意力，不是 Stable Diffusion 1.x 或 2.x 的 UNet。请换一个模型。",
        "These weights have no cross-attention: not a UNet of Stable Diffusion 1.x or 2.x. Choose another model.",
    ),
    "convert_overflow": (
        "张量 {name} 的数值超出 {dtype} 的范围。请改用 float32 转换。",
        "Values of the tensor {name} do not fit into {dtype}. Convert with float32 instead.",
    ),
    "dtype_unknown": (
        "不认识精度 {dtype}，可选：{choices}。",
        "{dtype} is not a precision that can be written; choose from {choices}.",
    ),
    "converter_unknown": (
        "没有办法转换 {kind}/{layout}，能转换的有：{choices}。",
        "There is no converter for {kind}/{layout}; there are {choices}.",
    ),
    "folder_exists": (
        "{path} 已经存在。请换一个名字，或先移走它。",
        "{path} exists already. Choose another name, or move it away first.",
    ),
    "lora_unknown_key": (
        "{path} 里的 {name} 不是 Stable Diffusion 1.x/2.x 的 LoRA 写法（LyCORIS、SDXL 暂不支持）。请换一个文件。",
        "{name} in {path} is no LoRA of Stable Diffusion 1.x/2.x (LyCORIS and SDXL are not read). Choose another file.",
    ),
    "lora_incomplete": (
        "{path} 里 {name} 的 down 和 up 不成对。文件可能不完整，请重新下载。",
        "In {path} the down and up of {name} do not match. The file may be incomplete: download it again.",
    ),
    # --- registry ------------------------------------------------------------------------------
    "card_unreadable": (
        "读不了模型卡 {path}：{reason}。请检查它是不是 UTF-8 编码的 JSON。",
        "The card {path} cannot be read: {reason}. Check that it is JSON in UTF-8.",
    ),
    "card_invalid": (
        "模型卡 {path} 不合规则，已跳过：{rules}。规则见 models_registry/card.schema.json。",
        "The card {path} breaks rules and was skipped: {rules}. The rules are in models_registry/card.schema.json.",
    ),
    "card_duplicate": (
        "模型卡 {path} 的编号 {id} 已被占用，已跳过。请换一个编号。",
        "The card {path} was skipped: its id {id} is taken. Choose another id.",
    ),
    "card_unknown": (
        "没有编号为 {id} 的模型。相近的有：{near}；全部：{ids}。",
        "There is no model with the id {id}. Near: {near}; all: {ids}.",
    ),
    "card_title": ("名称", "title"),
    "card_kind": ("类型", "kind"),
    "card_description": ("说明", "description"),
    "card_publisher": ("发布者", "publisher"),
    "card_licence": ("许可", "licence"),
    "card_size": ("大小", "size"),
    "card_compatible": ("适用底模", "made for"),
    "card_fits": ("能否用于别的底模", "other bases"),
    "fits_strict": ("不能", "none"),
    "fits_family": ("同系列的可以一试，效果不保证", "those of its family, without a promise"),
    "card_defaults": ("默认参数", "defaults"),
    "card_sources": ("来源", "sources"),
    "card_installed": ("位置", "place"),
    "card_absent": ("未安装", "not installed"),
    "card_notes": ("备注", "notes"),
    "commercial_yes": ("可商用", "commercial use allowed"),
    "commercial_no": ("不可商用", "no commercial use"),
    "commercial_conditions": (
        "可商用，须遵守许可中的使用限制",
        "commercial use within the licence's conditions",
    ),
    "commercial_ask": ("商用请先看许可", "commercial use: read the licence"),
    "card_terms": ("附加条款", "further terms"),
    "card_sizes": ("也适合的尺寸", "also draws well at"),
    "card_hosts": ("可用的界面", "runs in"),
    "card_uncertain": ("未经核实", "not verified"),
    "size_about": ("约 {size}", "about {size}"),
    "identify_taiyi_xl": (
        "{path} 是太乙 XL：SDXL 的两个编码器，词表扩充到 57475。本软件还不能运行这种编码器，现有的界面也不能。",
        "{path} is Taiyi-XL: SDXL's two encoders with a vocabulary of 57475. This software cannot run them yet, nor "
        "can its hosts.",
    ),
    "fit_channels": (
        "{id} 属于随附的小模型，{host} 只认 320 通道的 UNet，加载不了。请在独立界面或 AUTOMATIC1111 里使用。",
        "{id} belongs to the embedded family; {host} only loads UNets of 320 channels. Use it standalone or in "
        "AUTOMATIC1111.",
    ),
    "fit_channels_controlnet": (
        "{host} 的 ControlNet 只认 320 通道的 UNet，{id} 比它小。请在独立界面里使用。",
        "The ControlNet of {host} needs a UNet of 320 channels, and {id} has fewer. Use it standalone.",
    ),
    "fit_sd2_untried": (
        "{id} 是 SD 2.x 结构配中文编码器，在 {host} 里没有试过。",
        "{id} pairs an SD 2.x UNet with a Chinese encoder; in {host} that was not tried.",
    ),
    "fit_xl_standalone": (
        "{id} 是 SDXL 的，独立界面只画 SD 1.x、2.x 和小样。请在 WebUI 里使用。",
        "{id} is for SDXL; the standalone page draws SD 1.x, 2.x and the embedded family. Use it in a WebUI.",
    ),
    "fit_unknown": (
        "看不出 {id} 与 {base} 是不是同一家族，能不能配合要试过才知道。",
        "Whether {id} and {base} are of one family cannot be seen; only a trial tells.",
    ),
    "fit_family": (
        "{id} 属于 {family}，{base} 属于 {base_family}，尺寸对不上，不能配合。",
        "{id} is for {family} and {base} is {base_family}: their sizes differ, they do not go together.",
    ),
    "fit_strict": (
        "{id} 是和 {made_for} 的 UNet 一起训练的，配 {base} 画不对题。请换一个标明适用任意 SD 1.x 的编码器。",
        "{id} was trained together with the UNet of {made_for}; with {base} pictures would not follow the words. "
        "Choose an encoder that fits any SD 1.x.",
    ),
    "fit_encoder_untried": (
        "{id} 的尺寸与 {base} 相合，但它是对着 {made_for} 训练的；{base} 离得越远，越可能画不对题。",
        "{id} has the size that {base} needs, but it was trained for {made_for}; the further {base} is from that, "
        "the less pictures may follow the words.",
    ),
    "fit_encoder_replaces": (
        "{base} 自带中文编码器，换成 {id} 多半画不对题。一般不必换。",
        "{base} has a Chinese encoder of its own; with {id} pictures will hardly follow the words. Better keep it.",
    ),
    "fit_other_base": (
        "{id} 是为 {made_for} 做的，用在 {base} 上能加载，效果难料。",
        "{id} was made for {made_for}; on {base} it loads, and what it does is open.",
    ),
    "identify_unknown": (
        "认不出 {path}：里面的张量（{keys} 等）不属于底模、LoRA、ControlNet、文本编码器或 VAE。",
        "{path} is not recognised: its tensors ({keys} ...) are of no base, LoRA, ControlNet, text encoder or VAE.",
    ),
    "identify_other": (
        "{path} 属于 {name}，不是 Stable Diffusion 1.x、2.x 或 XL，这里用不了。",
        "{path} belongs to {name}, not to Stable Diffusion 1.x, 2.x or XL, and cannot be used here.",
    ),
    "identify_no_vae": (
        "{path} 里有 unet，却没有 vae 的权重，模型不完整。请补全文件。",
        "{path} has a unet but no weights of a vae, so it is not whole. Complete it.",
    ),
    # --- reading Chinese -----------------------------------------------------------------------
    "expand_what": (
        "请给出一句提示词，或用 --file 给出文件，二者选一。",
        "Give one prompt, or a file with --file, but not both.",
    ),
    "prompts_unreadable": ("无法读取 {path}：{reason}。", "{path} cannot be read: {reason}."),
    "expand_nothing": (
        "没有找到成语、诗句或文化词语，原文不变。",
        "No idiom, verse or cultural term found; text unchanged.",
    ),
    "expand_abstract": ("（没有可画之物，保持原文）", "(nothing to draw; left as it is)"),
    "expand_untranslated": ("英文中保留的中文：{words}", "left in Chinese: {words}"),
    "label_zh": ("中文", "Chinese"),
    "label_en": ("英文", "English"),
    "label_tags": ("标签", "tags"),
    "label_avoid": ("反向", "negative"),
    "kind_idiom": ("成语", "idiom"),
    "kind_saying": ("俗语", "saying"),
    "kind_verse": ("诗句", "verse"),
    "kind_poem": ("诗题", "poem"),
    "kind_term": ("文化词", "term"),
    "kind_image": ("意象", "image"),
    "kind_style": ("画风", "style"),
    "kind_phrase": ("短语", "phrase"),
    "how_exact": ("原样", "exact"),
    "how_spelling": ("异写", "other spelling"),
    "how_reordered": ("语序不同", "reordered"),
    "how_typo": ("错一字", "one character wrong"),
    "how_variant": ("字有出入", "characters differ"),
    "how_inserted": ("多一字", "a character too many"),
    "how_missing": ("少一字", "a character missing"),
    "how_part": ("诗句片段", "part of a line"),
    "how_read": ("逐字读出", "read by its images"),
    "lexicon_fault": ("词库条目有误，已跳过：{fault}", "lexicon entry skipped: {fault}"),
    "lexicon_stats_head": ("类别 条目 画面 陷阱 诗篇", "kind, entries, pictures, with traps, poems"),
    "lexicon_nothing": (
        "词库里没有 {term}；可用 lexicon add 添加。",
        "The lexicon has no {term}; add it with lexicon add.",
    ),
    "lexicon_no_entry": ("只知其名，没有条目", "known by name only, no entry"),
    "lexicon_kind": ("没有 {kind} 这一类；可用：{known}。", "There is no kind {kind}; use one of: {known}."),
    "lexicon_refused": ("条目未保存：{reason}。", "The entry was not saved: {reason}."),
    "lexicon_added": ("已把 {headword} 存入 {path}。", "{headword} was saved to {path}."),
    "help_expand": (
        "把成语、诗句、文化词语写成可画的提示词",
        "idioms, verse and cultural terms as drawable prompts",
    ),
    "help_expand_file": ("一行一句的文件", "a file with one prompt a line"),
    "help_json": ("输出 JSON", "print JSON"),
    "help_lang": ("只输出一种：zh 中文、en 英文、tags 英文标签", "print one: zh, en, or English tags"),
    "help_style": ("画风，如 水墨", "a style such as 「水墨」"),
    "help_candidates": ("列出直绘、意象、意境三种读法", "list the literal, image and mood readings"),
    "help_expand_strength": ("展开程度：light、normal、rich", "how much is told: light, normal, rich"),
    "help_phrase": ("原词：auto 自动、keep 保留、replace 替换", "the phrase itself: auto, keep, replace"),
    "help_no_people": ("画面里不要人物", "leave people out"),
    "help_limit": ("中文最多多少字（32 个标记的模型用 30）", "longest Chinese prompt (30 for 32 tokens)"),
    "help_off": ("不展开这个词（可多次使用）", "leave this phrase alone (may be repeated)"),
    "help_expand_seed": ("同一词条有多个画面时选哪一个", "chooses among an entry's pictures"),
    "help_corpus": ("诗词库文件", "a baked corpus of verse"),
    "help_lexicon": ("词库：检查、统计、查找、添加、诗词库", "lexicon: check, stats, find, add, bake"),
    "help_lexicon_check": ("检查词库文件", "check lexicon files"),
    "help_lexicon_stats": ("各类条目的数量", "how many entries there are"),
    "help_lexicon_find": ("查找词条", "look an entry up"),
    "help_lexicon_add": ("添加自己的词条", "add an entry of your own"),
    "help_lexicon_bake": (
        "把已下载的 npm 包 chinese-poetry 做成诗词库",
        "make the corpus of verse from the npm package chinese-poetry, already downloaded",
    ),
    "corpus_baked": (
        "诗词库：{poems} 首、{clauses} 句，写入 {path}。诗词属于公有领域，整理者 JackeyGao，MIT 许可（见文件开头）。",
        "Corpus: {poems} poems, {clauses} clauses, written to {path}. "
        "The verse is in the public domain, compiled by JackeyGao under the MIT licence (see the head of the file).",
    ),
    "help_lexicon_kind": ("种类：idioms、sayings、verse、terms、images、styles", "the folder of its kind"),
    "expand_option": (
        "{name} 不能是 {value}；可用：{known}。",
        "{name} cannot be {value}; use one of: {known}.",
    ),
    "style_unknown": (
        "没有名为 {name} 的画风；用 lexicon find 查找。",
        "There is no style called {name}; look for one with lexicon find.",
    ),
    "corpus_empty": (
        "{path} 里没有诗词；需要 npm 包 chinese-poetry 的 .tgz 或解压后的文件夹。",
        "{path} holds no poems; the npm package chinese-poetry is needed, as .tgz or unpacked.",
    ),
    "corpus_unreadable": (
        "无法读取 {path}：{reason}。请重新下载 npm 包 chinese-poetry。",
        "{path} cannot be read: {reason}. Download the npm package chinese-poetry again.",
    ),
    # --- generating ----------------------------------------------------------------------------
    "sampler_unknown": (
        "没有名为 {name} 的采样器，最接近的是 {near}。可用：{names}。",
        "There is no sampler called {name}; the nearest is {near}. Available: {names}.",
    ),
    "weights_misfit": (
        "{part} 的权重与配置不符：{reason}。请重新下载或重新转换这个模型。",
        "The weights of {part} do not fit its configuration: {reason}. Download or convert the model again.",
    ),
    "weights_incomplete": (
        "{part} 缺少 {count} 个张量（如 {first}），模型不完整。请重新下载。",
        "{part} lacks {count} tensors (such as {first}), so the model is incomplete. Download it again.",
    ),
    "lora_misfit": (
        "LoRA「{name}」与当前模型不配（{key} 的形状不同）。请换用为这个模型训练的 LoRA。",
        "The LoRA {name} does not fit this model ({key} differs in shape). Use one trained for this model.",
    ),
    "controlnet_misfit": (
        "ControlNet「{name}」与模型「{model}」不配：条件宽度 {control} 与 {base}。请换用为它训练的 ControlNet。",
        "The ControlNet {name} does not fit {model}: context widths {control} and {base}. Use one made for it.",
    ),
    "encoder_misfit": (
        "模型「{model}」的文本编码器输出宽度为 {width}，而 UNet 需要 {context}。请用同一模型的编码器。",
        "The text encoder of {model} gives width {width}, the UNet wants {context}. Use the model's own encoder.",
    ),
    "model_missing": (
        "找不到模型「{name}」。可用：{names}。把模型放进 {folder}，或直接给出路径。",
        "There is no model {name}. Available: {names}. Put it into {folder}, or give its path.",
    ),
    "model_not_installed": (
        "模型「{name}」还没有安装。请先运行 python run.py models install {name}，或把文件放进 {folder}。",
        "The model {name} is not installed. Run python run.py models install {name}, or put its file into {folder}.",
    ),
    "model_not_base": (
        "{path} 不是可以作画的基础模型（它是 {kind}）。请选一个基础模型。",
        "{path} is no base model to paint with (it is: {kind}). Choose a base model.",
    ),
    "size_invalid": (
        "尺寸 {size} 不行：宽和高都须是 {multiple} 的倍数，且在 64 到 4096 之间。例如 {near}。",
        "The size {size} will not do: width and height must be multiples of {multiple} from 64 to 4096, "
        "such as {near}.",
    ),
    "number_invalid": (
        "{name} 的值 {value} 超出范围，应在 {low} 到 {high} 之间。请改一改。",
        "{name} is {value}, outside {low} to {high}. Choose a value within.",
    ),
    "image_unreadable": (
        "读不了图片 {path}：{reason}。请换一张 PNG 或 JPEG。",
        "The picture {path} cannot be read: {reason}. Use a PNG or a JPEG.",
    ),
    "cannot_write": (
        "写不了 {path}：{reason}。请换一个可写的位置，或腾出磁盘空间。",
        "{path} cannot be written: {reason}. Choose a place that can be written to, or free some disk space.",
    ),
    "mask_without_image": (
        "给了蒙版却没有原图。请同时给出 --image。",
        "There is a mask but no picture to fill. Give --image as well.",
    ),
    "control_incomplete": (
        "ControlNet 需要模型和参考图两样。请同时给出 --controlnet 和 --control-image。",
        "A ControlNet needs its model and a picture. Give both --controlnet and --control-image.",
    ),
    "prompt_empty": (
        "提示词为空：画一张没有条件的图。",
        "The prompt is empty: painting without a condition.",
    ),
    "painting": ("作画", "Painting"),
    "saved": ("已保存 {path}（种子 {seed}）", "Saved {path} (seed {seed})"),
    # --- the command line ----------------------------------------------------------------------
    "cli_about": (
        "在本机画中文提示词；不带命令时打开网页。",
        "Paint Chinese prompts on this machine; without a command the page opens.",
    ),
    "interrupted": ("已中断。", "Interrupted."),
    "size_form": ("{text} 不是尺寸，应写成 512x768。", "{text} is no size; write it as 512x768."),
    "help_models_folder": ("模型文件夹", "the models folder"),
    "help_device": ("设备：cuda、mps 或 cpu", "device: cuda, mps or cpu"),
    "help_port": ("网页端口", "the page's port"),
    "help_generate": ("一句中文画一张图", "paint a picture from a sentence"),
    "help_prompt": ("提示词", "the prompt"),
    "help_out": ("保存为 PNG", "the PNG to write"),
    "help_negative": ("反向提示词", "what should not be there"),
    "help_model": ("模型：卡片名、文件名或路径", "model: a card's id, a file's name or a path"),
    "help_seed": ("种子", "seed"),
    "help_steps": ("步数", "sampling steps"),
    "help_size": ("尺寸（像素）", "size in pixels"),
    "help_sampler": ("采样器，与 WebUI 同名", "sampler, by the WebUI's name"),
    "help_cfg": ("提示词引导系数", "guidance scale"),
    "help_batch": ("一次画几张", "how many pictures"),
    "help_image": ("图生图：从这张图开始", "image to image: the picture to start from"),
    "help_mask": ("局部重绘：白处重画", "inpaint: white is painted anew"),
    "help_strength": ("重绘幅度 0 到 1", "denoising strength, 0 to 1"),
    "help_controlnet": ("ControlNet 模型", "a ControlNet"),
    "help_control_image": ("ControlNet 的参考图（如线稿）", "its picture, such as an edge map"),
    "help_models": ("模型：列出、查看、转换", "models: list, show, convert"),
    "help_models_list": ("列出所有模型", "list all models"),
    "help_models_show": ("查看一个模型的卡片", "show a model's card"),
    "help_models_convert": ("把文件夹或文件转换成 WebUI 用的格式", "convert a folder or file for the WebUI"),
    "help_kind": ("只看一类：base、lora、controlnet、encoder", "one kind: base, lora, controlnet, encoder"),
    "help_fp32": ("保留 32 位", "keep 32 bits"),
    "help_doctor": ("诊断：打印可以粘贴的报告", "print a report that can be pasted"),
    "help_test": ("检查代码并运行测试", "check the code and run the tests"),
    "port_taken": (
        "端口 {port} 已被占用。请关掉占用它的程序，或用 --port 换一个。",
        "Port {port} is taken. Close the program that uses it, or choose another with --port.",
    ),
    "page_open": ("网页已打开：{address}（Ctrl+C 关闭）", "The page is at {address} (Ctrl+C closes it)"),
    "page_title": ("中文作画", "Painting in Chinese"),
    "button_generate": ("生成", "Generate"),
    "label_prompt": ("提示词", "Prompt"),
    "label_negative": ("反向提示词", "Negative prompt"),
    "label_model": ("模型", "Model"),
    "label_sampler": ("采样器", "Sampler"),
    "label_steps": ("步数", "Steps"),
    "label_cfg": ("引导系数", "CFG scale"),
    "label_width": ("宽", "Width"),
    "label_height": ("高", "Height"),
    "label_batch": ("张数", "Pictures"),
    "label_seed": ("种子", "Seed"),
    "label_pictures": ("画", "Pictures"),
    "mistake": ("没有画成", "Not painted"),
    "notice": ("提示", "Note"),
    "label_info": ("生成信息", "Generation parameters"),
    "name": ("名称", "name"),
    "kind": ("类型", "kind"),
    "state": ("状态", "state"),
    "title": ("标题", "title"),
    "device": ("设备", "device"),
    "state_installed": ("已装好", "installed"),
    "state_available": ("可下载", "available"),
    "folder_ok": ("可写", "writable"),
    "folder_absent": ("还没有", "not there yet"),
    "folder_read_only": ("只读", "read-only"),
    "converting": ("转换", "Converting"),
    "converted": ("已写好 {path}", "Wrote {path}"),
    # --- the embedded family -------------------------------------------------------------------
    # --- the model library: sources and downloads ------------------------------------------------
    "address_scheme": (
        "不能从这个地址下载：{url}。只接受 http 和 https，加密的来源也不能转到不加密的地址。请换一个来源。",
        "{url} cannot be downloaded from: only http and https are allowed, and no way from https to http. "
        "Use another source.",
    ),
    "address_inside": (
        "来源把下载转到了本机或内网的地址（{host}），已拒绝。请换一个来源；如果这是自己架设的镜像，请把它设为来源地址。",
        "The source redirects to an address inside this network ({host}), which is refused. Use another source; if it "
        "is a mirror of your own, set it as the source's address.",
    ),
    "redirect_loop": (
        "{url} 转来转去没有尽头。请稍后重试，或换一个来源。",
        "{url} redirects without end. Try later, or use another source.",
    ),
    "proxy_form": (
        "不支持 {scheme} 代理。请填 http 代理（如 http://127.0.0.1:7890，Clash 的混合端口即可）。",
        "Proxies of the kind {scheme} are not supported. Use an http proxy, such as http://127.0.0.1:7890.",
    ),
    "name_unsafe": (
        "来源给出的文件名不安全：{name}，已拒绝。请换一个来源。",
        "The source names a file in an unsafe way: {name}. It is refused; use another source.",
    ),
    "source_certificate": (
        "{host} 的证书无效（{reason}）。请检查系统时间和代理设置，或换一个来源。",
        "The certificate of {host} is not valid ({reason}). Check the clock and the proxy, or use another source.",
    ),
    "source_forbidden": (
        "{url} 拒绝下载（{status}），可能要先登录或同意许可。请在网页上下载后放进模型文件夹，或换一个来源。",
        "{url} refuses ({status}); it may want a login or an agreement. Download it in a browser and put it into the "
        "models folder, or use another source.",
    ),
    "source_missing": (
        "{url} 没有这个模型（{status}）。请换一个来源。",
        "{url} does not have this model ({status}). Use another source.",
    ),
    "source_status": (
        "{url} 回应了错误（{status}）。请稍后重试，或换一个来源。",
        "{url} answers with an error ({status}). Try later, or use another source.",
    ),
    "source_answer": (
        "{url} 的回应看不懂，可能被网络设备换成了网页。请检查网络，或换一个来源。",
        "The answer of {url} makes no sense; something on the way may have replaced it. Check the network, or use "
        "another source.",
    ),
    "source_page": (
        "{url} 给的是网页，不是文件。请检查网络是否需要登录，或换一个来源。",
        "{url} sends a web page in place of the file. Check whether the network wants a login, or use another source.",
    ),
    "source_interrupted": (
        "{url} 一再中断（{reason}）。已下载的部分会保留，请稍后重试，或换一个来源。",
        "{url} broke off again and again ({reason}). What has come is kept: try later, or use another source.",
    ),
    "source_length": (
        "{url} 的长度不对：应为 {expected} 字节，实为 {actual}。请换一个来源。",
        "{url} has the wrong length: {actual} bytes where {expected} were announced. Use another source.",
    ),
    "source_corrupt": (
        "{url} 的内容与公布的校验值不符，已丢弃。请换一个来源。",
        "The content of {url} does not match its published checksum and was discarded. Use another source.",
    ),
    "source_too_large": (
        "来源的文件共 {size} MB，超过名片允许的 {limit} MB，已拒绝。请更新扩展，或换一个来源。",
        "The source's files have {size} MB where the card allows {limit}. Update the extension, or use another source.",
    ),
    "source_changed": (
        "来源里的 {path} 与名片记录的不同，已拒绝。请更新扩展，或换一个来源。",
        "The source's {path} is not what the card knows. Update the extension, or use another source.",
    ),
    "source_lacks": (
        "来源里没有 {id} 需要的部分：{part}。请换一个来源。",
        "The source lacks a part of {id}: {part}. Use another source.",
    ),
    "source_lacks_path": ("找不到 {path}。请检查路径。", "There is no {path}. Check the path."),
    "source_other": (
        "来源给的不是 {id}（应为 {kind} {family}）：{found}。请换一个来源或文件夹。",
        "What the source has is not {id} ({kind} {family}): {found}. Use another source or folder.",
    ),
    "source_unknown": (
        "没有叫“{name}”的来源。可用的有：{choices}。",
        "There is no source {name}. Choose from: {choices}.",
    ),
    "source_address": (
        "来源地址“{address}”无效，应以 http:// 或 https:// 开头。请改正。",
        "The source address {address} is not valid: it starts with http:// or https://. Correct it.",
    ),
    "sources_none": (
        "{id} 只能从 {kinds} 下载，而现在的来源是 {order}。请在设置里加上。",
        "{id} can be had from {kinds} only, and the sources in use are {order}. Add one of them.",
    ),
    "sources_failed": (
        "{id} 的所有来源都失败了：{reasons}。请检查网络或代理后重试（已下载的会接着下），"
        "或从 {page} 手动下载，再用 --from 指定文件夹。",
        "Every source of {id} failed: {reasons}. Check the network or proxy and try again (it resumes), or download it "
        "by hand from {page} and name the folder with --from.",
    ),
    # --- the model library: installing -----------------------------------------------------------
    "licence_unread": (
        "安装 {id} 前请先阅读它的许可：{licence}。同意后加上 --yes（网页上点“同意”）再试。",
        "Read the licence of {id} first: {licence}. If you agree, add --yes (or press Agree) and try again.",
    ),
    "licence_ask": ("同意以上许可并下载吗？[y/N] ", "Do you agree and want to download it? [y/N] "),
    "target_taken": (
        "{path} 已经存在，不会覆盖。请把它改名或移走后再试。",
        "{path} is there already and is not overwritten. Rename or move it, then try again.",
    ),
    "lock_held": (
        "另一个窗口正在安装同一个模型。请等它结束，或在那边取消。",
        "Another window is installing the same model. Wait for it, or cancel it there.",
    ),
    "ledger_unreadable": (
        "安装记录 {path} 读不了（{reason}）。请修好它，或把它改名后重新安装。",
        "The record of installed models {path} cannot be read ({reason}). Mend it, or rename it and install again.",
    ),
    "unfit_host": (
        "{id} 不能在 {host} 里运行，只能用于 {only}：{why}。",
        "{id} does not run in {host}, only in {only}: {why}.",
    ),
    "unfit_family": (
        "{id} 是 {family} 模型，它的中文文本编码器还不支持。请选 SD1.x 或 SD2.x 的模型。",
        "{id} is a model of {family}, whose Chinese text encoders are not supported yet. Choose one of SD1.x or SD2.x.",
    ),
    "remove_nothing": (
        "没有安装过“{id}”。可以移除的有：{ids}。自己放进去的文件请自行删除。",
        "{id} was not installed by this extension. These can be removed: {ids}. Files of your own are yours to delete.",
    ),
    "remove_bundled": (
        "{id} 是随软件附带的，没有另外安装，不用移除。",
        "{id} comes with the software and was not installed anywhere: there is nothing to remove.",
    ),
    "remove_failed": (
        "删不掉 {path}：{reason}。请先在 WebUI 里换一个模型，再试一次。",
        "{path} cannot be removed: {reason}. Choose another model in the WebUI, then try again.",
    ),
    "verify_unknown": (
        "没有“{id}”的安装记录，无从校验。有记录的：{ids}。",
        "There is no record of {id} to verify it by. There are records of: {ids}.",
    ),
    "adopt_folder": (
        "这是 {what} 的文件夹（{kind}），转换后可用：models convert {path}",
        "This is a folder of {what} ({kind}), usable after conversion: models convert {path}",
    ),
    "adopt_file": (
        "这是 {what} 的文件（{kind}），转换成 safetensors 后可用：models convert {path}",
        "This is a file of {what} ({kind}), usable after conversion to safetensors: models convert {path}",
    ),
    "adopt_encoder": (
        "这是 {what} 的文本编码器（{kind}），转换后可用：models convert {path}",
        "This is a text encoder of {what} ({kind}), usable after conversion: models convert {path}",
    ),
    "adopt_misplaced": (
        "这是 {what} 的 {kind}，放错了文件夹，转换后会放到该放的地方：models convert {path}",
        "This {kind} of {what} lies in the wrong folder; converting puts it into its own: models convert {path}",
    ),
    "state_partial": ("下了一半（{size}）", "partly downloaded ({size})"),
    "state_bundled": ("自带", "bundled"),
    "state_unfit": ("本机不适用", "does not fit"),
    "verdict_intact": ("完好", "intact"),
    "verdict_changed": ("内容变了", "changed"),
    "verdict_missing": ("不见了", "missing"),
    "verify_none": ("还没有安装记录。", "Nothing has been installed yet."),
    "installed_at": ("已装好：{path}", "Installed: {path}"),
    "removed": ("已移除 {path}", "Removed {path}"),
    "card_added": ("已加入 {id}：{title}", "Added {id}: {title}"),
    "size": ("大小", "size"),
    "help_models_install": ("下载、校验、转换并放好一个模型", "fetch, verify, convert and place a model"),
    "help_models_verify": ("重新核对已安装模型的校验值", "check installed models against their checksums"),
    "help_models_remove": ("移除安装过的模型", "undo an install"),
    "help_models_add": ("加入自己写的模型名片（JSON）", "add a card (JSON) of your own"),
    "help_sources": (
        "来源的顺序，用逗号分开（默认读 SDZH_SOURCES）",
        "order of the sources, with commas (default: SDZH_SOURCES)",
    ),
    "help_from": ("从这个文件夹或文件安装，不联网", "install from this folder or file, without the network"),
    "help_address": (
        "换掉一个来源的地址，如 hf=https://…",
        "replace a source's address, such as hf=https://…",
    ),
    "help_proxy": ("http 代理（默认按系统设置）", "http proxy (default: the system's)"),
    "help_yes": ("已读过并同意许可", "I have read the licence and agree"),
    "help_force": ("本机跑不了也安装", "install it even if this host cannot run it"),
    "help_ids": ("模型的编号", "ids of models"),
    "help_card_file": ("名片文件", "card files"),
    "help_convert_out": ("写到哪里（默认放进 WebUI 的文件夹）", "where to (default: the host's folder)"),
    # --- jobs ----------------------------------------------------------------------------------
    "cancelled": ("已取消。", "Cancelled."),
    "job_unknown": (
        "没有任务“{id}”，可能早已结束。现有任务：{ids}。",
        "There is no job {id}; it may have ended long ago. There are: {ids}.",
    ),
    "job_failed": (
        "任务 {id} 出了意外（{error}）。请重试；若仍如此，请带着这行文字反馈。",
        "The job {id} failed unexpectedly ({error}). Try again; if it stays so, report this line.",
    ),
    "stage_list": ("查看文件清单", "listing files"),
    "stage_download": ("下载", "downloading"),
    "stage_verify": ("校验", "verifying"),
    "stage_convert": ("转换", "converting"),
    "stage_place": ("放置", "placing"),
    # --- inside a WebUI ----------------------------------------------------------------------
    "webui_unsupported": (
        "sd-webui-chinese：这个 WebUI（{host}）还不支持，扩展不做任何改动。支持的有：{choices}。",
        "sd-webui-chinese: this WebUI ({host}) is not supported yet and is left as it is. Supported: {choices}.",
    ),
    "webui_failed": (
        "sd-webui-chinese：启动失败（{error}），WebUI 照常使用。请更新扩展，或带着这行文字反馈。",
        "sd-webui-chinese: it could not start ({error}); the WebUI goes on without it. Update the extension, or "
        "report this line.",
    ),
    "webui_step_failed": (
        "sd-webui-chinese：这一步出错（{error}），已跳过，WebUI 照常使用。请更新扩展，或带着这行文字反馈。",
        "sd-webui-chinese: this step failed ({error}) and is left out; the WebUI goes on. Update the extension, or "
        "report this line.",
    ),
    "option_text_encoder": ("文本编码器", "Chinese text encoder"),
    "option_text_encoder_info": (
        "automatic：模型自带的编码器；none：从不替换；其余为已安装的中文编码器，用来驱动宽度相同的普通模型",
        "automatic: the checkpoint's own; none: never replaced; any other drives an ordinary checkpoint of its width",
    ),
    "text_encoder_gone": (
        "文本编码器「{name}」不在了，改用模型自带的编码器。可用：{choices}。请放回文件，或在设置里另选。",
        "The text encoder {name} is gone; the checkpoint's own is used. Available: {choices}. Put it back, or choose "
        "another in the settings.",
    ),
    "text_encoder_family": (
        "「{model}」是 {family} 模型，不能换用中文文本编码器「{encoder}」，改用它自带的编码器。请选 SD1.x 模型。",
        "{model} is a {family} model and cannot be driven by {encoder}; its own text encoder is used. Choose an SD1.x "
        "checkpoint.",
    ),
    "text_encoder_unfit": (
        "文本编码器「{encoder}」输出宽度为 {width}，「{model}」的 UNet 需要 {context}，改用它自带的编码器。"
        "请选宽度为 {context} 的编码器。",
        "The text encoder {encoder} gives width {width}, the UNet of {model} wants {context}; its own encoder is used. "
        "Choose an encoder of width {context}.",
    ),
    "lora_text_skipped": (
        "sd-webui-chinese：LoRA「{name}」的文本部分不是为当前中文编码器训练的，已跳过；UNet 部分照常生效。",
        "sd-webui-chinese: the text part of the LoRA {name} was not made for this Chinese encoder and is skipped; its "
        "UNet part applies.",
    ),
    "forge_unet": (
        "Forge 认不出「{model}」的 UNet（交叉注意力宽 {width}，首层 {channels} 通道）：它只认 SD1.x、SD2.x 的尺寸。"
        "请在 AUTOMATIC1111 里使用，或独立运行（python run.py）。",
        "Forge does not know the UNet of {model} (cross-attention {width} wide, {channels} channels): it knows the "
        "sizes of SD1.x and SD2.x only. Use it in AUTOMATIC1111, or standalone (python run.py).",
    ),
    "forge_save": (
        "Forge 不能另存中文模型：它会写入空的 CLIP，丢掉中文文本编码器。请直接复制原来的模型文件 {path}。",
        "Forge cannot save a Chinese checkpoint: it would write a hollow CLIP in place of the Chinese text encoder. "
        "Copy the checkpoint's own file {path}.",
    ),
    "converting_folder": ("转换 diffusers 文件夹 {name}", "Converting the diffusers folder {name}"),
    "recognition_failed": (
        "sd-webui-chinese：无法识别 {path}（{error}），按普通模型载入。请带着这行文字反馈。",
        "sd-webui-chinese: {path} could not be looked into ({error}); it is loaded as an ordinary checkpoint. "
        "Report this line.",
    ),
    # --- the interface over HTTP ------------------------------------------------------------------
    "login_needed": (
        "需要登录：请先登录网页，或在请求里带上 --api-auth 设定的用户名和密码。",
        "Log in to the page first, or send the user and password of --api-auth with the request.",
    ),
    "cross_site": (
        "拒绝了来自其他网站的请求。请在本页面操作，或直接调用接口。",
        "A request from another site was refused. Use this page, or call the interface directly.",
    ),
    "access_disabled": (
        "此 WebUI 启动时关闭了扩展的安装权限，不能安装、转换或删除模型。去掉 --listen 或 --share，或加上 "
        "--enable-insecure-extension-access 后重新启动。",
        "This WebUI runs with extension access disabled: models cannot be installed, converted or removed. Start it "
        "without --listen or --share, or with --enable-insecure-extension-access.",
    ),
    "body_too_large": (
        "请求太大，上限是 {limit} 字节。请缩短内容。",
        "The request is too large; the limit is {limit} bytes. Shorten it.",
    ),
    "request_invalid": (
        "请求的格式不对：{faults}。请对照 /docs 里的说明。",
        "The request is not as described in /docs: {faults}.",
    ),
    "no_model_chosen": (
        "还没有选择模型。请先在 WebUI 里选一个，或在请求里写明 model。",
        "No model is chosen yet. Choose one in the WebUI, or name one in the request.",
    ),
    "job_finished": (
        "任务 {id} 已经结束（{state}），不能再取消。",
        "The job {id} has ended already ({state}) and cannot be cancelled.",
    ),
    "convert_unlisted": (
        "没有等待转换的“{name}”。可以转换的有：{names}。",
        "Nothing named {name} is waiting to be converted. There are: {names}.",
    ),
    "folder_unopened": (
        "打不开文件夹 {folder}：{reason}。请在文件管理器里自己打开。",
        "The folder {folder} could not be shown: {reason}. Open it in your file manager.",
    ),
    "folder_elsewhere": (
        "只有坐在运行 WebUI 的那台电脑前，才能打开 {kind} 的文件夹。",
        "The folder of {kind} can be shown only to who sits at the computer that runs the WebUI.",
    ),
    # --- the pages: `ui_` texts go to the browser ---------------------------------------------------
    "tab_prompt": ("中文提示词", "Chinese prompt"),
    "tab_models": ("中文模型", "Chinese models"),
    "tab_paint": ("作画", "Paint"),
    "ui_prompt_label": ("我写的", "What I write"),
    "ui_prompt_placeholder": (
        "写一句诗、一个成语，或者直接描述画面",
        "A line of verse, an idiom, or simply what is to be seen",
    ),
    "ui_candidates": ("它会成为", "What it becomes"),
    "ui_output_language": ("输出语言", "Output language"),
    "ui_output_zh": ("中文", "Chinese"),
    "ui_output_en": ("英文", "English"),
    "ui_inspire": ("灵感", "Inspire me"),
    "ui_history": ("历史", "History"),
    "ui_favourites": ("收藏夹", "Favourites"),
    "ui_favourite": ("收藏", "Keep"),
    "ui_forget": ("移除", "Remove"),
    "ui_kept": ("已收藏。", "Kept."),
    "ui_copy": ("复制", "Copy"),
    "ui_copied": ("已复制", "Copied"),
    "ui_negative": ("反向", "Negative"),
    "ui_style": ("画风", "Style"),
    "ui_style_none": ("不指定", "none"),
    "ui_style_search": ("找画风", "Find a style"),
    "ui_ratio": ("画幅", "Proportions"),
    "ui_send_txt2img": ("发送到 文生图", "Send to txt2img"),
    "ui_send_img2img": ("发送到 图生图", "Send to img2img"),
    "ui_undo": ("撤销发送", "Undo sending"),
    "ui_undone": ("已恢复发送之前的内容。", "What stood there before is back."),
    "ui_undo_nothing": ("没有可撤销的发送。", "Nothing has been sent yet."),
    "ui_painted_by": ("由 {model} 来画：{reads}", "Painted by {model}: {reads}"),
    "ui_painted_by_none": ("还没有选择模型。", "No model is chosen yet."),
    "ui_reads_zh": ("它懂中文", "it reads Chinese"),
    "ui_reads_en": ("它只懂英文，所以展开成英文", "it reads English only, so the prompt becomes English"),
    "ui_empty_prompt": ("写一句，或者先看看灵感。", "Write a line, or begin with an inspiration."),
    "ui_empty_found": (
        "没有认出成语或诗句，原文会照样送给模型。",
        "No idiom or verse was recognised; your words go to the model as they are.",
    ),
    "ui_empty_history": ("发送或复制过的提示词会留在这里。", "Prompts that were sent or copied stay here."),
    "ui_empty_favourites": ("按“收藏”把提示词留在这里。", "Press Keep to leave a prompt here."),
    "ui_keep_phrase": ("展开“{phrase}”", "Expand 「{phrase}」"),
    "ui_nothing_to_draw": ("没有可画之物，保持原文。", "Nothing to draw; left as it is."),
    "ui_trap": ("照字面会画出：{words}", "Read literally it would show: {words}"),
    "ui_matched": ("匹配方式：{how}", "Matched: {how}"),
    "ui_role_subject": ("主体", "subject"),
    "ui_role_action": ("动作", "action"),
    "ui_role_setting": ("场景", "setting"),
    "ui_role_palette": ("色彩", "colours"),
    "ui_role_mood": ("气氛", "mood"),
    "ui_role_composition": ("构图", "composition"),
    "ui_role_season": ("季节", "season"),
    "ui_role_time": ("时辰", "time of day"),
    "ui_role_weather": ("天气", "weather"),
    "ui_role_style": ("画风", "style"),
    "ui_hint_english": (
        "此模型只懂英文：换用中文编码器，或",
        "This model reads English only: use a Chinese encoder, or",
    ),
    "ui_hint_expand": ("展开为英文", "expand to English"),
    "ui_no_answer": ("WebUI 没有回答，请稍后再试。", "The WebUI did not answer. Try again."),
    "ui_no_installs": (
        "此 WebUI 关闭了扩展的安装权限，这里只能查看。",
        "This WebUI runs with extension access disabled: models can only be looked at.",
    ),
    "ui_kind": ("类型", "Kind"),
    "ui_kind_all": ("全部", "All"),
    "ui_kind_base": ("底模", "base"),
    "ui_kind_encoder": ("文本编码器", "encoder"),
    "ui_kind_lora": ("LoRA 微调", "LoRA"),
    "ui_kind_controlnet": ("ControlNet 构图", "ControlNet"),
    "ui_kind_corpus": ("诗词库", "verse"),
    "ui_model_search": ("找模型", "Find a model"),
    "ui_empty_models": ("没有符合的模型。", "No model fits."),
    "ui_reload": ("刷新", "Refresh"),
    "ui_download": ("下载", "Download"),
    "ui_resume": ("继续", "Resume"),
    "ui_pause": ("暂停", "Pause"),
    "ui_cancel": ("取消", "Cancel"),
    "ui_convert": ("转换", "Convert"),
    "ui_remove": ("卸载", "Remove"),
    "ui_open_folder": ("打开文件夹", "Open folder"),
    "ui_use_defaults": ("套用推荐参数", "Use its settings"),
    "ui_homepage": ("主页", "Home page"),
    "ui_doctor": ("诊断", "Diagnose"),
    "ui_left": ("剩余 {time}", "{time} left"),
    "ui_state_available": ("可下载", "available"),
    "ui_state_partial": ("下载未完", "partly downloaded"),
    "ui_state_unconverted": ("可转换", "can be converted"),
    "ui_state_installed": ("已装好", "installed"),
    "ui_state_running": ("进行中", "under way"),
    "ui_licence_ask": ("许可：{licence}", "Licence: {licence}"),
    "ui_licence_agree": ("同意并下载", "Agree and download"),
    "ui_licence_not": ("不同意", "Not now"),
    # --- the script in txt2img and img2img, and the settings ---------------------------------------
    "script_title": ("中文", "Chinese"),
    "script_expand": ("生成时展开", "Expand on Generate"),
    "script_view": ("读法", "Reading"),
    "script_language": ("展开成", "Expand into"),
    "label_style": ("画风", "Style"),
    "script_encoder": ("文本编码器", "Text encoder"),
    "setting_paste_original": ("粘贴图片参数时恢复原文", "Paste a picture's original prompt"),
    "setting_paste_original_info": (
        "开：恢复原来的中文，并打开展开；关：粘贴展开后的文字，并关闭展开。两种都能画出同一张图",
        "on: the Chinese as it was typed, with expansion on; off: the expanded text, with expansion off. Either paints "
        "the same picture again",
    ),
    "setting_completion": ("在提示词框里补全", "Complete in prompt boxes"),
    "setting_completion_info": (
        "输入两个以上汉字或拼音首字母时，给出成语、诗句和文化词；其他补全扩展弹出时让开",
        "idioms, lines and terms for two or more characters or pinyin initials; gives way to other completion "
        "extensions",
    ),
    "setting_language": ("页面语言", "Language of our pages"),
    "setting_language_info": (
        "auto：跟随浏览器；zh：中文；en：英文",
        "auto: as the browser; zh: 「中文」; en: English",
    ),
    "setting_sources": ("下载来源的顺序", "Sources of downloads, in order"),
    "setting_sources_info": (
        "用逗号隔开，没写到的不会去问；空：modelscope, hf-mirror, hf, npmmirror, npm",
        "separated by commas, others are never asked; empty: modelscope, hf-mirror, hf, npmmirror, npm",
    ),
    "setting_proxy": ("下载代理", "Proxy for downloads"),
    "setting_proxy_info": (
        "例如 http://127.0.0.1:7890；空：使用系统设置",
        "such as http://127.0.0.1:7890; empty: the system's own",
    ),
    "painted_with": ("作画的模型", "painted with"),
    "patches": ("对 WebUI 的改动", "patches in place"),
    "last_error": ("最近的错误", "last error"),
    "source_answers": ("能连上", "answers"),
    "source_silent": ("连不上", "does not answer"),
}


def text(key: str, /, **values: object) -> tuple[str, str]:
    """Return the (Chinese, English) pair of ``key`` with its fields filled.

    Raises:
        KeyError: the key is not in the table (a programming error, caught by the tests).
    """
    zh, en = TEXTS[key]
    return zh.format(**values), en.format(**values)


def both(key: str, /, **values: object) -> str:
    """Chinese first, English second, joined for a single line of output."""
    zh, en = text(key, **values)
    return f"{zh} / {en}"
