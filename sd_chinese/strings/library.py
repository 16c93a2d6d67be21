"""The model library: sources, downloads, installing, jobs."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    # the model library: sources and downloads
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
    "source_unreachable": (
        "连不上 {host}（{reason}）。已下载的部分会保留，请检查网络或代理，或换一个来源。",
        "{host} cannot be reached ({reason}). What has come is kept: check the network or the proxy, or use another "
        "source.",
    ),
    "source_differs": (
        "{path} 与上次从这里安装时不同（上次 SHA-256 是 {before}…，这次是 {now}…）：可能是发布者更新了模型，"
        "也可能是线路上有人改动。",
        "{path} is not what it was when it was last installed from here (its SHA-256 was {before}… and is {now}…): the "
        "publisher may have updated the model, or somebody on the way has tampered with it.",
    ),
    "source_differs_pinned": (
        "{path} 与上次从这里安装时不同（上次 SHA-256 是 {before}…，这次是 {now}…），而卡片指定的版本是不会变的："
        "多半是镜像或线路改动了它。",
        "{path} is not what it was when it was last installed from here (its SHA-256 was {before}… and is {now}…), and "
        "the revision that the card names cannot change: most likely the mirror or the line has tampered with it.",
    ),
    "sources_differ": (
        "{id} 没有安装：{reasons.zh}请到 {page} 核对更新记录；确认无误后加上 --accept-changed（网页上点“仍要安装”），"
        "之后就以新文件为准。",
        "{id} was not installed: {reasons.en} Look at {page}; if the change is the publisher's, add --accept-changed "
        "(or press Install anyway), and the new files are remembered.",
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
        "来源的文件共 {size} MB，超过卡片允许的 {limit} MB，已拒绝。请更新扩展，或换一个来源。",
        "The source's files have {size} MB where the card allows {limit}. Update the extension, or use another source.",
    ),
    "source_changed": (
        "来源里的 {path} 与卡片记录的不同，已拒绝。请更新扩展，或换一个来源。",
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
        "{id} 的所有来源都失败了：{reasons.zh}请检查网络或代理后重试（已下载的会接着下），换一个来源，"
        "或从 {page} 手动下载，把文件夹放进模型目录后点“转换”（命令行用 --from 指定文件夹）。",
        "Every source of {id} failed: {reasons.en} Check the network or proxy and try again (it resumes), use another "
        "source, or download it by hand from {page}, put the folder among the models and press Convert (on the "
        "command line: --from).",
    ),
    # the model library: installing
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
    "verify_failed": (
        "{id} 和安装时不一样了：{files.zh}。请卸载后重新安装。",
        "{id} is not what was installed: {files.en}. Remove it and install it again.",
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
    "install_paused": (
        "{id} 已暂停，下好的 {size} 会保留：再运行一次同样的命令就接着下，不要了就运行 models remove {id}。",
        "{id} is paused and its {size} are kept: run the same command again to go on, or models remove {id} to drop "
        "them.",
    ),
    "installed_at": ("已装好：{path}", "Installed: {path}"),
    "removed": ("已移除 {path}", "Removed {path}"),
    "card_added": ("已加入 {id}：{title}", "Added {id}: {title}"),
    "size": ("大小", "size"),
    "help_models_install": ("下载、校验、转换并放好一个模型", "fetch, verify, convert and place a model"),
    "help_models_verify": ("重新核对已安装模型的校验值", "check installed models against their checksums"),
    "help_models_remove": ("移除安装过的模型", "undo an install"),
    "help_models_add": ("加入自己写的模型卡片（JSON）", "add a card (JSON) of your own"),
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
    "help_accept_changed": (
        "文件与上次安装时不同也安装，并记住新的校验值",
        "install although the files are not those of the last time, and remember the new ones",
    ),
    "help_yes": ("已读过并同意许可", "I have read the licence and agree"),
    "help_force": ("本机跑不了也安装", "install it even if this host cannot run it"),
    "help_ids": ("模型的编号", "ids of models"),
    "help_card_file": ("卡片文件", "card files"),
    "help_convert_out": ("写到哪里（默认放进 WebUI 的文件夹）", "where to (default: the host's folder)"),
    # jobs
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
    "stage_switch": ("换一个来源", "another source"),
    "source_next": ("{name}（不通：{failed}）", "{name} (no luck with {failed})"),
    "stage_download": ("下载", "downloading"),
    "stage_verify": ("校验", "verifying"),
    "stage_convert": ("转换", "converting"),
    "stage_place": ("放置", "placing"),
}
