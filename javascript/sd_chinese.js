// The pages' half that lives in the browser: the prompt tab, the model tab, completion and the hint.
// One global, window.SDZH. Every text reaches the page through textContent; nothing is asked of any other address.
(function () {
  "use strict";
  if (window.SDZH) return;

  const API = "/sdzh/v1";
  const HAN = /[\u3400-\u9fff]/;
  const PAGES = { sdzh_prompt_page: promptPage, sdzh_models_page: modelsPage };
  const HISTORY = 50;

  // --- words, elements, requests ---

  let shell = null; // what the page's HTML brought: texts, token

  const locale = () => shell?.language || navigator.language;
  const language = () => (/^zh\b/i.test(locale()) ? "zh" : "en");
  const script = () => (language() === "en" ? 1 : /tw|hk|mo|hant/i.test(locale()) ? 2 : 0);

  function t(key, values = {}) {
    const text = shell?.texts[key]?.[script()] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  }

  const either = (text) => (text || "").split(" / ").at(language() === "en" ? -1 : 0); // "阿里云 PAI / Alibaba Cloud PAI"
  const say = (pair) => (pair ? pair[language()] || pair.zh : "");

  function h(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (name in element && typeof value !== "string") element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
    return element;
  }

  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));

  // Puts elements in place of the old ones; those that stay are not touched, and the keyboard stays where it was.
  function fill(place, ...elements) {
    const held = place.contains(document.activeElement) && document.activeElement.dataset.key;
    for (const each of Array.from(place.children)) if (!elements.includes(each)) each.remove();
    elements.forEach((each, at) => { if (place.children[at] !== each) place.insertBefore(each, place.children[at] || null); });
    if (held) place.querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus();
  }

  const button = (key, onclick, more = {}) =>
    h("button", { type: "button", class: "sdzh-button", onclick, ...more }, t(key));

  const LINK = { class: "sdzh-button sdzh-link" };
  const PRIMARY = { class: "sdzh-button sdzh-primary" };

  const radio = (key, chosen, onclick, more, ...inside) =>
    h("button", { type: "button", role: "radio", "data-key": key, "aria-checked": String(chosen), onclick, ...more }, ...inside);

  const quiet = (...words) => h("p", { class: "sdzh-quiet" }, ...words);
  const group = (of, label) => h("div", { class: of, role: "radiogroup", "aria-label": t(label) });
  const searchBox = (label, oninput) => h("input", { type: "search", placeholder: t(label), "aria-label": t(label), oninput });

  // A line for what happened: said quietly, or complained of.
  function noticeLine() {
    const element = h("p", { class: "sdzh-notice", role: "status" });
    const tell = (text, fault = false) => { element.textContent = text; element.classList.toggle("sdzh-fault", fault); };
    return { element, tell, complain: (error) => tell(error.message, true), calm: () => element.matches(".sdzh-fault") && tell("") };
  }

  class Refusal extends Error {
    constructor(reply) {
      super(reply[language()] || reply.zh || "");
      this.code = reply.code;
    }
  }

  async function ask(path, body, options = {}) {
    const headers = { "x-sdzh-page": shell?.token || "" };
    if (body !== undefined) headers["content-type"] = "application/json";
    const method = options.method || (body === undefined ? "GET" : "POST");
    const reply = await fetch(API + path, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin", signal: options.signal,
    }).catch((error) => { throw error.name === "AbortError" ? error : new Refusal({ zh: t("no_answer"), en: t("no_answer") }); });
    if (!reply.ok) throw new Refusal(await reply.json().catch(() => ({ zh: t("no_answer"), en: t("no_answer") })));
    return options.raw ? reply : reply.json();
  }

  async function follow(job, onjob) {
    const reader = (await ask(`/jobs/${job}/events`, undefined, { raw: true })).body.getReader();
    const decoder = new TextDecoder();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const events = (text + decoder.decode(value, { stream: true })).split("\n\n");
      text = events.pop();
      for (const event of events) {
        const data = event.split("\n").find((line) => line.startsWith("data: "));
        if (data) onjob(JSON.parse(data.slice(6)));
      }
    }
  }

  const remembered = (name, otherwise) => {
    try { return JSON.parse(localStorage.getItem(`sdzh.${name}`)) ?? otherwise; } catch { return otherwise; }
  };
  const remember = (name, value) => {
    try { localStorage.setItem(`sdzh.${name}`, JSON.stringify(value)); } catch { /* private window */ }
  };

  async function copy(text, from) {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // no clipboard on an insecure address
      const box = h("textarea", { class: "sdzh-unseen" });
      box.value = text;
      document.body.append(box);
      box.select();
      document.execCommand("copy");
      box.remove();
    }
    const before = from.textContent;
    from.textContent = t("copied");
    setTimeout(() => (from.textContent = before), 1200);
  }

  // The server counts characters, the browser UTF-16 units.
  const units = (characters, first, last) => characters.slice(first, last).join("").length;

  // --- the host's own boxes ---

  const box = (tab, name) => {
    const around = document.getElementById(`${tab}_${name}`);
    return around?.matches("textarea, input") ? around : around?.querySelector("textarea, input[type=number]");
  };

  function put(element, value) {
    if (!element || element.value === String(value)) return;
    element.value = value;
    for (const kind of ["input", "change", "blur"]) element.dispatchEvent(new Event(kind, { bubbles: true }));
  }

  // gradio 4 and later name a tab's button after the tab, gradio 3 does not.
  function openTab(id, title) {
    const named = document.getElementById(`tab_${id}-button`) || document.getElementById(`${id}_tab-button`);
    const found = named || all("#tabs > .tab-nav > button").find((each) => each.textContent.trim() === title);
    found?.click();
    return Boolean(found);
  }

  const FIELDS = ["prompt", "neg_prompt", "width", "height", "steps", "cfg_scale"];
  const moment = (milliseconds) => new Promise((go) => setTimeout(go, milliseconds));

  const samplerOf = (tab) => {
    const around = document.getElementById(`${tab}_sampling`);
    return around?.querySelector("input:checked") || around?.querySelector("input:not([type=radio])");
  };

  // A drop-down of gradio's takes a choice from its open list alone; the host may show radio buttons instead.
  async function choose(tab, name) {
    const now = samplerOf(tab);
    const same = (text) => text?.trim().toLowerCase() === name?.toLowerCase();
    if (!now || !name || same(now.value)) return;
    if (now.type === "radio") return all(`#${tab}_sampling input`).find((each) => same(each.value))?.click();
    now.focus();
    for (let wait = 0; wait < 10; wait++) {
      await moment(20);
      const found = all("[data-testid=dropdown-option]").find((each) => same(each.getAttribute("aria-label") || each.textContent));
      if (!found) continue;
      found.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true }));
      await moment(20); // it is taken before the list closes
      break;
    }
    now.blur();
  }

  let sent = []; // what the boxes held before each sending

  async function show(tab) {
    if (!openTab(tab)) window[`switch_to_${tab}`]?.();
    for (let wait = 0; !box(tab, "prompt")?.offsetParent && wait < 40; wait++) await moment(50); // built when first shown
  }

  async function send(tab, values) {
    await show(tab);
    sent.push({ tab, values: Object.fromEntries(FIELDS.map((name) => [name, box(tab, name)?.value])), sampler: samplerOf(tab)?.value });
    const old = box(tab, "neg_prompt")?.value;
    for (const name of FIELDS) if (values[name] !== undefined) put(box(tab, name), values[name]);
    if (values.avoid) put(box(tab, "neg_prompt"), withWords(old, values.avoid));
    await choose(tab, values.sampler);
  }

  function undo() {
    const last = sent.pop();
    for (const name of FIELDS) if (last?.values[name] !== undefined) put(box(last.tab, name), last.values[name]);
    if (last && samplerOf(last.tab)?.value !== last.sampler) // a menu that is out of sight takes nothing
      show(last.tab).then(() => choose(last.tab, last.sampler)).then(() => openTab("sdzh_prompt", t("tab_prompt")));
    return Boolean(last);
  }

  const withWords = (text, more) => {
    const parts = (text || "").split(/[,，]\s*/).filter(Boolean);
    for (const word of (more || "").split(/[,，]\s*/)) if (word && !parts.includes(word)) parts.push(word);
    return parts.join(HAN.test(more || text) ? "，" : ", ");
  };

  const recommended = (defaults) => ({
    sampler: defaults.sampler, steps: defaults.steps, cfg_scale: defaults.cfg, width: defaults.size?.[0], height: defaults.size?.[1],
  });

  let hostAsked = null;
  function askHost() {
    if (!hostAsked || Date.now() - hostAsked.at > 5000) hostAsked = { at: Date.now(), reply: ask("/host") };
    return hostAsked.reply;
  }

  // --- the prompt tab ---

  function promptPage(root) {
    // `defaults`: the settings that view, style and language were chosen under; when they change, they win.
    const own = Object.assign({ prompt: "", view: "", style: "", language: "", ratio: "", off: [], defaults: "" }, remembered("draft", {}));
    const keepDraft = () => remember("draft", own);
    const counts = new Map(); // texts -> how many tokens they take
    let read = null, found = [], host = null, styles = [], timer = 0, counting = 0, flight = null, spoken = "";

    const input = h("textarea", {
      id: "sdzh_prompt_input", rows: "3", spellcheck: "false", placeholder: t("prompt_placeholder"), "aria-label": t("prompt_label"),
    });
    input.value = own.prompt;
    const backdrop = h("div", { class: "sdzh-backdrop", "aria-hidden": "true" });
    const cards = h("div", { class: "sdzh-cards" });
    const candidates = group("sdzh-candidates", "candidates");
    const negative = h("p", { class: "sdzh-negative" });
    const notice = noticeLine();
    const taken = h("span", { class: "sdzh-count", title: t("token_meaning") });
    const ratios = group("sdzh-ratios", "ratio");
    const model = h("p", { class: "sdzh-quiet" });
    const drawer = h("div", { class: "sdzh-drawer", hidden: true });
    const swatches = h("div", { class: "sdzh-swatches" });
    const styleName = h("b", {});
    const search = searchBox("style_search", drawStyles);
    const star = button("favourite", () => { if (own.prompt.trim()) { keepIn("favourites"); notice.tell(t("kept")); } });
    const languages = group("sdzh-switcher", "output_language");

    root.replaceChildren(
      h("section", { class: "sdzh-column" },
        h("div", { class: "sdzh-bar" },
          h("h2", {}, t("prompt_label")),
          button("inspire", inspire),
          ["history", "favourites"].map((name) => button(name, (event) => openDrawer(name, event.target))),
          star),
        drawer,
        h("div", { class: "sdzh-paper" }, backdrop, input),
        h("div", { class: "sdzh-bar sdzh-status" }, notice.element, taken), cards),
      h("section", { class: "sdzh-column" },
        h("div", { class: "sdzh-bar" }, h("h2", {}, t("candidates")), languages),
        candidates, negative,
        h("details", { class: "sdzh-styles", ontoggle: loadStyles },
          h("summary", {}, t("style"), " ", styleName), search, swatches),
        ratios, model,
        h("div", { class: "sdzh-actions" },
          button("send_txt2img", () => sendTo("txt2img"), PRIMARY),
          shell.tabs.includes("img2img") ? button("send_img2img", () => sendTo("img2img")) : null,
          button("undo", () => { notice.tell(t(undo() ? "undone" : "undo_nothing")); }))));

    input.addEventListener("input", () => { own.off = []; changed(); });
    input.addEventListener("scroll", () => { backdrop.scrollTop = input.scrollTop; });
    root.addEventListener("focusin", meetHost);
    root.addEventListener("pointerenter", meetHost);
    SDZH.open = (text) => { input.value = text; own.off = []; changed(); openTab("sdzh_prompt", t("tab_prompt")); };

    function changed() {
      const longer = input.value.length - own.prompt.length;
      own.prompt = input.value;
      keepDraft();
      underline(moved(found, Array.from(own.prompt), longer));
      clearTimeout(timer);
      if (!composing) timer = setTimeout(refresh, 20);
    }
    input.addEventListener("compositionend", changed);

    async function refresh() {
      flight?.abort();
      flight = new AbortController();
      try {
        const asked = { prompt: own.prompt, view: own.view || null, style: own.style, off: own.off };
        read = await ask("/expand", asked, { signal: flight.signal });
        notice.calm();
        draw();
      } catch (error) {
        if (error.name !== "AbortError") notice.complain(error);
      }
    }

    // Until the answer is there: phrases that stand where they stood, before what was typed or behind it.
    const moved = (cards, characters, longer) => cards.flatMap((card) => {
      const by = [0, longer].find((far) => characters.slice(card.start + far, card.end + far).join("") === card.text);
      return by === undefined ? [] : [{ ...card, start: card.start + by, end: card.end + by }];
    });

    function underline(phrases) {
      found = phrases;
      const characters = Array.from(own.prompt);
      const parts = [];
      let at = 0;
      for (const card of found) {
        parts.push(characters.slice(at, card.start).join(""));
        parts.push(h("u", { class: `sdzh-${card.kind}${card.on ? "" : " sdzh-off"}` }, characters.slice(card.start, card.end).join("")));
        at = card.end;
      }
      backdrop.replaceChildren(...parts, characters.slice(at).join("") + "\n");
      backdrop.scrollTop = input.scrollTop;
    }

    function toggle(word) {
      own.off = own.off.includes(word) ? own.off.filter((other) => other !== word) : [...own.off, word];
      keepDraft();
      refresh();
    }

    function draw() {
      underline(read.cards);
      drawCards();
      drawCandidates();
      const avoid = spoken === "en" ? read.negative_en : read.negative_zh;
      negative.replaceChildren(...(avoid ? [h("b", {}, t("negative")), " ", avoid] : []));
    }

    // One card for a phrase that comes twice; what has not changed stays as it is, and does not fade in again.
    function drawCards() {
      const phrases = read.cards.filter((card, at) => read.cards.findIndex((other) => other.canonical === card.canonical) === at);
      const old = new Map(Array.from(cards.children, (each) => [each.dataset.is, each]));
      const shown = phrases.map((card) => {
        const is = JSON.stringify({ ...card, start: 0, end: 0 });
        return old.get(is) || phraseCard(card, toggle, is);
      });
      fill(cards, ...(shown.length ? shown : [emptyState()]));
    }

    function emptyState() {
      const empty = !own.prompt.trim();
      return h("p", { class: "sdzh-empty" }, t(empty ? "empty_prompt" : "empty_found"), " ", empty ? button("inspire", inspire) : "");
    }

    function drawCandidates() {
      const shown = read.candidates;
      const view = chosenOne()?.name;
      fill(candidates, ...shown.map((each) => {
        const text = each[`prompt_${spoken}`];
        const chosen = each.name === view;
        const choose = () => { own.view = each.name; keepDraft(); refresh(); };
        return h("div", { class: `sdzh-candidate${chosen ? " sdzh-chosen" : ""}` },
          h("div", { class: "sdzh-bar" },
            radio(each.name, chosen, choose, { class: "sdzh-seal" }, language() === "en" ? each.name_en : each.name),
            chosen ? h("span", { class: "sdzh-count", title: t("token_meaning") }, counts.get(text)) : null,
            button("copy", (event) => { keepIn("history"); copy(text, event.target); }, LINK),
            button("send", () => { choose(); sendTo("txt2img"); }, { ...LINK, title: t("send_txt2img") })),
          h("p", { onclick: choose }, each[`runs_${spoken}`].map((run) => h("span", { class: run.added ? "sdzh-added" : "" }, run.text))));
      }), ...(shown.length ? [] : [h("p", { class: "sdzh-empty" }, own.prompt.trim() ? own.prompt : t("empty_candidates"))]));
      taken.textContent = counts.get(own.prompt) || "";
      clearTimeout(counting);
      counting = setTimeout(count, 150);
    }

    const chosenOne = () => read?.candidates.find((each) => each.name === own.view) || read?.candidates[0];

    // How many tokens the text and the chosen reading take in the model that will paint; nothing while there is none.
    async function count() {
      for (const text of new Set([own.prompt, chosenText()])) {
        if (!text.trim() || counts.has(text)) continue;
        const reply = await ask("/tokens", { text }).catch(() => null);
        const parts = reply?.contexts.length; // none where only the host knows the words
        const room = reply && `${parts ? reply.contexts.flat().length : reply.tokens}/${reply.limit / (parts || 1)}`;
        counts.set(text, reply ? [room, parts > 1 && t("token_parts", { parts })].filter(Boolean).join(" · ") : "");
      }
      taken.textContent = counts.get(own.prompt) || "";
      const shown = candidates.querySelector(".sdzh-count");
      if (shown) shown.textContent = counts.get(chosenText()) || "";
    }

    const chosenText = () => chosenOne()?.[`prompt_${spoken}`] || own.prompt;

    function sendTo(tab) {
      if (!own.prompt.trim()) { notice.tell(t("empty_prompt")); return input.focus(); }
      keepIn("history");
      const size = host?.sizes.find((each) => each.ratio === own.ratio);
      const defaults = host?.model?.defaults || {};
      const avoid = withWords(spoken === "en" ? read?.negative_en : read?.negative_zh, defaults.negative);
      send(tab, {
        ...recommended(defaults), prompt: chosenText(), avoid,
        ...(size ? { width: size.width, height: size.height } : {}),
      });
    }

    function keepIn(name) {
      if (!own.prompt.trim()) return;
      const kept = remembered(name, []).filter((each) => each.prompt !== own.prompt);
      remember(name, [{ ...own }, ...kept].slice(0, name === "history" ? HISTORY : 500));
    }

    function openDrawer(name, from) {
      const shut = !drawer.hidden && drawer.dataset.name === name;
      drawer.hidden = shut;
      drawer.dataset.name = name;
      from.setAttribute("aria-expanded", String(!shut));
      const kept = remembered(name, []);
      const restore = (each) => { Object.assign(own, { off: [], style: "" }, each); input.value = own.prompt; drawer.hidden = true; drawStyles(); drawRatios(); changed(); };
      const drop = (each) => { remember(name, kept.filter((other) => other.prompt !== each.prompt)); drawer.hidden = true; openDrawer(name, from); };
      drawer.replaceChildren(...(kept.length ? kept.map((each) => h("div", { class: "sdzh-kept" },
        h("button", { type: "button", class: "sdzh-button sdzh-link", onclick: () => restore(each) }, each.prompt),
        button("forget", () => drop(each), LINK))) : [h("p", { class: "sdzh-empty" }, t(`empty_${name}`))]));
    }

    async function inspire() {
      try {
        input.value = (await ask("/inspiration")).line;
        own.off = [];
        changed();
      } catch (error) { notice.complain(error); }
    }

    async function loadStyles() {
      if (!styles.length) styles = await ask("/styles").catch(() => []);
      drawStyles();
    }

    function drawStyles() {
      styleName.textContent = own.style || t("style_none");
      const wanted = search.value.trim().toLowerCase();
      const shown = styles.filter((each) => !wanted || `${each.name}${each.zh}${each.en}`.toLowerCase().includes(wanted));
      const choose = (name) => { own.style = own.style === name ? "" : name; keepDraft(); drawStyles(); refresh(); };
      fill(swatches, ...shown.map((each) => h("button", {
        type: "button", class: "sdzh-swatch", title: say(each), "data-key": each.name, "aria-pressed": String(each.name === own.style), onclick: () => choose(each.name),
      }, h("i", { style: `background:linear-gradient(135deg,${each.colours.map((colour, at, { length }) => `${colour} ${(100 * at) / length}% ${(100 * at + 100) / length}%`)})` }), each.name)));
    }

    function drawRatios() {
      fill(ratios, ...(host?.sizes || []).map((each) => {
        const scale = 22 / Math.max(each.width, each.height);
        const take = () => { own.ratio = own.ratio === each.ratio ? "" : each.ratio; keepDraft(); drawRatios(); };
        return radio(each.ratio, each.ratio === own.ratio, take, { class: "sdzh-ratio", title: `${each.width} × ${each.height}` },
          h("i", { style: `width:${each.width * scale}px;height:${each.height * scale}px` }), each.ratio);
      }));
    }

    function drawLanguages() {
      const take = (name) => { own.language = spoken = name; keepDraft(); drawLanguages(); if (read) draw(); };
      fill(languages, ...["zh", "en"].map((name) => radio(name, name === spoken, () => take(name), LINK, t(`output_${name}`))));
    }

    // At the start, and when the artist comes back: another model may have been chosen meanwhile.
    async function meetHost() {
      const before = JSON.stringify(host);
      try {
        host = await askHost();
      } catch (error) { notice.complain(error); }
      if (JSON.stringify(host) === before && read) return;
      const { view, style, language } = host?.defaults || {};
      const defaults = JSON.stringify([view, style, language]);
      if (host && own.defaults !== defaults) Object.assign(own, { view, style, language, defaults });
      spoken = [own.language, host?.model?.language].find((each) => each && each !== "auto") || "zh";
      model.textContent = host?.model ? t("painted_by", { model: host.model.name, reads: t(`reads_${host.model.language}`) }) : t("painted_by_none");
      counts.clear();
      drawRatios();
      drawLanguages();
      drawStyles();
      refresh();
    }
    meetHost();
  }

  function phraseCard(card, toggle, is) {
    const written = card.text === card.canonical ? card.text : `${card.text} → ${card.canonical}`;
    const traps = language() === "en" ? card.trap.en : card.trap.zh;
    return h("article", { class: `sdzh-card sdzh-${card.kind}${card.on ? "" : " sdzh-off"}`, "data-is": is },
      h("header", {},
        h("b", { class: "sdzh-phrase" }, written),
        h("span", { class: "sdzh-pinyin" }, card.pinyin),
        h("span", { class: "sdzh-kind" }, t(`kind_${card.kind}`)),
        h("button", {
          type: "button", role: "switch", class: "sdzh-toggle", "aria-checked": String(card.on), "data-key": `card ${card.canonical}`,
          "aria-label": t("keep_phrase", { phrase: card.text }), onclick: () => toggle(card.canonical),
        })),
      card.poem ? h("p", { class: "sdzh-source" }, `《${card.poem.title}》 ${card.poem.author} · ${card.poem.dynasty}`) : null,
      card.means ? h("p", {}, say(card.means)) : null,
      card.draws.length ? h("div", { class: "sdzh-chips" }, card.draws.map((each) => h("button", {
        type: "button", class: "sdzh-chip", "aria-pressed": String(each.on), "data-key": `chip ${each.zh}`, title: t(`role_${each.role}`), onclick: () => toggle(each.zh),
      }, say(each)))) : quiet(t("nothing_to_draw")),
      traps.length ? h("p", { class: "sdzh-trap" }, t("trap", { words: traps.join(language() === "en" ? ", " : "、") })) : null,
      card.exact ? null : quiet(t("matched", { how: t(`how_${card.how}`) })));
  }

  // --- the model tab ---

  // The host's own buttons that look for new files.
  const HOST_REFRESH = "#refresh_sd_model_checkpoint, #forge_refresh_checkpoint, [id$=_controlnet_refresh_models]";
  const KINDS = ["", "base", "encoder", "lora", "controlnet", "corpus"];
  const NEXT = { available: "download", bundled: "convert", partial: "resume", unconverted: "convert", installed: "installed" };

  function modelsPage(root) {
    let rows = [], kind = "", mayInstall = true;
    const jobs = new Map(); // of each model: its job as last heard
    const following = new Set();
    const filters = group("sdzh-switcher", "kind");
    const search = searchBox("model_search", draw);
    const grid = h("div", { class: "sdzh-models" });
    const notice = noticeLine();
    const report = h("pre", { class: "sdzh-report", tabindex: "0", hidden: true });
    const copyReport = button("copy", (event) => copy(report.textContent, event.target), { hidden: true });
    root.replaceChildren(h("section", { class: "sdzh-column sdzh-wide" },
      h("div", { class: "sdzh-bar" }, filters, search, button("reload", load)),
      notice.element, grid,
      h("div", { class: "sdzh-bar sdzh-end" }, button("doctor", diagnose), copyReport), report));

    async function load() {
      try {
        mayInstall = (await askHost()).may_install;
        rows = await ask("/models");
        notice.tell(mayInstall ? "" : t("no_installs"));
        draw();
        for (const row of rows) if (row.job) watch(row.name, row.job);
      } catch (error) { notice.complain(error); }
    }

    async function watch(name, id) {
      if (following.has(id)) return;
      following.add(id);
      try {
        await follow(id, (job) => { jobs.set(name, job); if (job.state === "running") redraw(name); });
      } catch (error) { notice.complain(error); }
      following.delete(id);
      const ended = jobs.get(name);
      if (ended && ended.state !== "failed") jobs.delete(name);
      rows = await ask("/models").catch(() => rows);
      draw();
      if (ended?.state !== "done") return;
      if (ended.action === "verify") return notice.tell(t("verified", { name }));
      for (const each of document.querySelectorAll(HOST_REFRESH)) each.click();
    }

    function draw() {
      const wanted = search.value.trim().toLowerCase();
      const shown = rows.filter((row) => (!kind || row.kind === kind) && (!wanted || JSON.stringify(row).toLowerCase().includes(wanted)));
      const take = (name) => { kind = name; draw(); };
      fill(filters, ...KINDS.map((each) => radio(each || "all", each === kind, () => take(each), LINK, t(each ? `kind_${each}` : "kind_all"))));
      grid.replaceChildren(...(shown.length ? shown.map(modelCard) : [h("p", { class: "sdzh-empty" }, t("empty_models"))]));
    }

    function redraw(name) {
      const old = grid.querySelector(`[data-name="${CSS.escape(name)}"]`);
      const row = rows.find((each) => each.name === name);
      const bar = old?.querySelector(".sdzh-progress");
      if (bar && jobs.get(name).state === "running") return bar.replaceWith(progress(jobs.get(name))); // buttons stay, to be pressed
      if (old && row) old.replaceWith(modelCard(row));
    }

    function modelCard(row) {
      const job = jobs.get(row.name);
      const running = job?.state === "running";
      const facts = [t(`kind_${row.kind}`), either(row.publisher), row.size_bytes && megabytes(row.size_bytes), row.resolution && `${row.resolution} × ${row.resolution}`];
      return h("article", { class: `sdzh-model sdzh-${row.state}`, "data-name": row.name },
        h("header", {}, h("b", {}, say(row.title)), h("span", { class: "sdzh-kind" }, t(`state_${running ? "running" : row.state}`))),
        quiet(facts.filter(Boolean).join(" · ")),
        h("p", { class: "sdzh-description" }, say(row.description)),
        row.licence.name ? quiet(`${either(row.licence.name)} · ${t(`commercial_${row.licence.commercial}`)}`) : null,
        row.reason ? h("p", { class: row.fits ? "sdzh-quiet" : "sdzh-trap" }, say(row.reason)) : null,
        job?.error && job.error.code !== "cancelled" ? h("p", { class: "sdzh-trap" }, say(job.error)) : null,
        running ? progress(job) : null,
        h("div", { class: "sdzh-actions" }, running ? pauseAndCancel(job) : nextSteps(row)));
    }

    function progress(job) {
      const now = job.progress || { done: 0, total: 0, stage: "list" };
      const percent = now.total ? Math.floor((100 * now.done) / now.total) : 0;
      const words = [t(`stage_${now.stage}`), now.unit === "files" && either(now.detail), now.total && `${percent} %`, now.speed && `${megabytes(now.speed)}/s`, now.seconds_left && t("left", { time: clock(now.seconds_left) })];
      return h("div", { class: "sdzh-progress" },
        h("div", { role: "progressbar", "aria-valuenow": String(percent), "aria-valuemin": "0", "aria-valuemax": "100", "aria-label": job.subject }, h("i", { style: `width:${percent}%` })),
        quiet(words.filter(Boolean).join(" · ")));
    }

    const attempt = async (work) => {
      try { return await work(); } catch (error) { notice.complain(error); notice.element.scrollIntoView({ block: "nearest" }); }
    };

    const pauseAndCancel = (job) => [false, true].map((discard) =>
      button(discard ? "cancel" : "pause", () => attempt(() => ask(`/jobs/${job.id}/cancel`, { discard }).then(load))));

    function nextSteps(row) {
      const steps = [];
      if (row.state !== "installed") {
        const start = row.state === "unconverted" ? () => begin(row, "/models/convert", { name: row.name }) : () => agree(row);
        steps.push(button(NEXT[row.state], start, { ...PRIMARY, disabled: !mayInstall || !row.fits }));
      }
      if (row.state === "installed" && Object.keys(row.defaults).length) steps.push(button("use_defaults", () => useDefaults(row)));
      if (row.state !== "unconverted") steps.push(button("open_folder", () => attempt(() => ask(`/folders/${row.kind}/open`, {})), LINK));
      if (jobs.get(row.name)?.error?.code === "sources_differ") steps.push(button("install_anyway", () => install(row, true), { disabled: !mayInstall }));
      if (row.removable && row.state === "installed") steps.push(button("verify", () => begin(row, `${pathOf(row)}/verify`, {}), LINK));
      if (row.removable) steps.push(button(row.state === "partial" ? "cancel" : "remove", () => begin(row, pathOf(row), undefined, "DELETE"), { ...LINK, disabled: !mayInstall }));
      if (row.homepage) steps.push(h("a", { href: row.homepage, target: "_blank", rel: "noreferrer noopener" }, t("homepage")));
      return steps;
    }

    const pathOf = (row) => `/models/${encodeURIComponent(row.name)}`;
    const install = (row, accept_changed) => begin(row, `${pathOf(row)}/install`, { accept_licence: true, accept_changed });

    function agree(row) {
      if (row.state === "partial" || row.state === "bundled") return install(row);
      const card = grid.querySelector(`[data-name="${CSS.escape(row.name)}"]`);
      card.querySelector(".sdzh-actions").replaceChildren(
        quiet(t("licence_ask", { licence: row.licence.agreed_to || row.licence.name })),
        button("licence_agree", () => install(row), PRIMARY), button("licence_not", draw));
    }

    async function begin(row, path, body, method) {
      const job = await attempt(() => ask(path, body, { method }));
      if (!job) return draw();
      jobs.set(row.name, job);
      redraw(row.name);
      watch(row.name, job.id);
    }

    function useDefaults(row) {
      const values = recommended(row.defaults);
      send("txt2img", { ...values, avoid: row.defaults.negative });
    }

    async function diagnose() {
      const found = await attempt(() => ask("/doctor"));
      if (found) { report.textContent = found.lines.join("\n"); report.hidden = copyReport.hidden = false; }
    }

    load();
  }

  const megabytes = (bytes) => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`);
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

  // --- completion ---

  let composing = false, offers = [], chosen = -1, target = null, request = null;
  const popup = h("div", { class: "sdzh sdzh-popup", role: "listbox", hidden: true, id: "sdzh_completions" });

  const wanted = (element) => element?.matches?.("textarea") && /prompt/i.test(element.id || element.closest("[id]")?.id || "");
  const isOn = () => window.opts?.sdzh_completion !== false;
  const otherIsOpen = () => all(".autocompleteResults, .autocompleteParent").some((each) => each.offsetParent);

  function shut() {
    popup.hidden = true;
    offers = [];
    request?.abort();
    target?.removeAttribute("aria-activedescendant");
  }

  async function offer(element) {
    shut();
    const before = element.value.slice(Math.max(0, element.selectionStart - 32), element.selectionStart);
    if (!isOn() || !/([\u3400-\u9fff]{2}|[a-z]{2})$/.test(before) || element.selectionStart !== element.selectionEnd) return;
    request = new AbortController();
    try {
      const found = (await ask("/complete", { before }, { signal: request.signal })).completions;
      if (!found.length || document.activeElement !== element || otherIsOpen()) return;
      [offers, target] = [found, element];
      chosen = HAN.test(before.slice(-1)) ? 0 : -1; // letters may be English: nothing is taken unasked
      drawOffers();
      place(element);
    } catch { /* completion is never worth a message */ }
  }

  function drawOffers() {
    popup.hidden = false;
    popup.replaceChildren(...offers.map((each, at) => h("div", {
      class: "sdzh-offer", role: "option", id: `sdzh_offer_${at}`, "aria-selected": String(at === chosen),
      onmousedown: (event) => { event.preventDefault(); take(at); },
    }, h("b", {}, each.word), h("small", {}, each.source || say(each.means)), h("em", {}, t(`kind_${each.kind}`)))));
    if (chosen >= 0) target.setAttribute("aria-activedescendant", `sdzh_offer_${chosen}`);
  }

  function place(element) {
    const style = getComputedStyle(element);
    const mirror = h("div", { class: "sdzh-mirror" });
    for (const name of ["font", "lineHeight", "padding", "border", "width", "boxSizing", "letterSpacing"]) mirror.style[name] = style[name];
    const mark = h("span", {}, "\u200b");
    mirror.append(element.value.slice(0, element.selectionStart), mark);
    document.body.append(mirror);
    const field = element.getBoundingClientRect();
    const line = mark.offsetTop + mark.offsetHeight - element.scrollTop;
    const left = Math.min(field.left + mark.offsetLeft, innerWidth - popup.offsetWidth - 8);
    const below = field.top + Math.min(line, field.height) + 4;
    const fits = below + popup.offsetHeight < innerHeight;
    popup.style.left = `${Math.max(8, left)}px`;
    popup.style.top = `${fits ? below : field.top + Math.min(mark.offsetTop - element.scrollTop, field.height) - popup.offsetHeight - 4}px`;
    mirror.remove();
  }

  function take(at) {
    const { word, replaces } = offers[at];
    const element = target, caret = element.selectionStart;
    const before = Array.from(element.value.slice(0, caret));
    const start = caret - units(before, -replaces);
    shut();
    element.focus();
    element.setSelectionRange(start, caret);
    if (!document.execCommand("insertText", false, word)) { // keeps the box's own undo where it works
      element.setRangeText(word, start, caret, "end");
      element.dispatchEvent(new Event("input", { bubbles: true }));
    }
    clearTimeout(pause); // what was just taken asks for nothing more
    hint(element);
  }

  const KEYS = {
    ArrowDown: () => { chosen = (chosen + 1) % offers.length; drawOffers(); },
    ArrowUp: () => { chosen = (chosen <= 0 ? offers.length : chosen) - 1; drawOffers(); },
    Enter: () => (chosen >= 0 ? take(chosen) : false),
    Tab: () => take(Math.max(chosen, 0)),
    Escape: shut,
  };

  function onKey(event) {
    if (popup.hidden || event.isComposing || event.keyCode === 229 || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    if (otherIsOpen()) return shut();
    const act = KEYS[event.key];
    if (!act || event.target !== target || act() === false) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  // Within a group of choices, arrows move and choose.
  function onArrow(event) {
    const far = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const group = event.target.closest?.(".sdzh [role=radiogroup]");
    if (!far || !group || event.target.getAttribute("role") !== "radio") return;
    event.preventDefault();
    const radios = all("[role=radio]", group);
    const next = radios[(radios.indexOf(event.target) + far + radios.length) % radios.length];
    next.focus();
    next.click();
  }

  // --- the hint under the host's own box ---

  async function hint(element) {
    const around = element.closest("#txt2img_prompt, #img2img_prompt");
    if (!around) return;
    const expands = document.querySelector(`#sdzh_expand_${around.id.split("_")[0]} input`)?.checked;
    let line = around.querySelector(".sdzh-hint");
    const chinese = HAN.test(element.value.replace(/<[^<>]*>/g, ""));
    const model = chinese ? (await askHost().catch(() => null))?.model : null;
    if (model?.language !== "en" || expands) return line?.remove();
    if (line) return;
    line = h("p", { class: "sdzh sdzh-hint", role: "status" }, t("hint_english"), " ", button("hint_expand", () => SDZH.open(element.value), LINK));
    around.append(line);
  }

  // --- setting up ---

  let pause = 0;
  function onInput(event) {
    if (!wanted(event.target) || composing || event.isComposing) return;
    clearTimeout(pause);
    const element = event.target;
    pause = setTimeout(() => { if (document.activeElement === element) offer(element); hint(element); }, 20);
  }

  document.addEventListener("compositionstart", () => { composing = true; shut(); }, true);
  document.addEventListener("compositionend", (event) => { composing = false; onInput(event); }, true);
  document.addEventListener("input", onInput, true);
  document.addEventListener("change", (event) => {
    const tab = event.target.closest?.("[id^=sdzh_expand_]")?.id.split("_").pop();
    if (box(tab, "prompt")) hint(box(tab, "prompt"));
  }, true);
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("keydown", onArrow);
  document.addEventListener("focusout", (event) => { if (event.target === target) shut(); }, true);
  document.addEventListener("scroll", (event) => { if (!popup.hidden && !popup.contains(event.target)) shut(); }, true);

  function fillPage(root) {
    if (root.dataset.ready) return;
    root.dataset.ready = "1";
    PAGES[root.id](root);
  }

  // Filled when seen: the host need not wait.
  function look() {
    for (const root of all(".sdzh-page")) {
      shell = shell || JSON.parse(root.dataset.shell);
      if (!root.lang) root.lang = popup.lang = ["zh-CN", "en", "zh-TW"][script()];
      if (!root.dataset.ready && root.offsetParent) fillPage(root);
    }
    if (!popup.isConnected && shell) document.body.append(popup);
    if (!popup.hidden && otherIsOpen()) shut();
  }

  const open = (text) => { fillPage(document.getElementById("sdzh_prompt_page")); SDZH.open(text); };
  const SDZH = (window.SDZH = { open, send, undo });
  setInterval(look, 300);
  document.addEventListener("DOMContentLoaded", look);
  document.addEventListener("click", () => setTimeout(look));
})();
