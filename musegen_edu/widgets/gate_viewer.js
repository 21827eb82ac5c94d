// What gates and state of recurrent networks do while they read a melody: a heat map for each network under the notes. The kernel sends
// all values of a layer once; sorting, choosing and drawing happen here.
import { BLACK, GUTTER, RULER, Transport, ask, brush, drawKeys, h, instrumentMenu, readNotes } from "./engine.js";
import { Instrument } from "./instrument.js";
import { showPlaying, viewOf } from "./view_parts.js";

const ROLL = 120; // px of notes
const MAP = 180; // px of a heat map, at least
const LINE = 92; // px of the lines of one unit
const HEAD = 22; // px of a panel's name above its map
const SHARES = [16, 48, 128];
const STATE = 0; // the view of a network's memory: c, or h
const CELL = "cell state c"; // has no bounds: each unit is drawn in its own scale
const LINES = { "forget gate f": "part-0", "update gate z": "part-0", "input gate i": "part-1", "reset gate r": "part-1", "output gate o": "part-2" };

/** @typedef {{ name: string, units: number, views: string[] }} Layer */
/** @typedef {{ steps: number, units: number, views: { label: string, largest: number, values: Int16Array }[], follows: Record<string, { r: number[], chance: number }> }} Activity */
/** @typedef {{ index: number, layer: number, view: number, unit: number, activity: Activity | null, order: number[], rows: number, pixels: HTMLCanvasElement | null, top: number, tall: number }} Panel */

const signed = (/** @type {number} */ x, digits = 2) => x.toFixed(digits).replace("-", "−");

/** @param {RenderContext} context */
function render({ model, el, experimental: { invoke } }) {
  const gone = new AbortController(); // aborted when the view goes; every listener outside `el` hangs on it
  const { blame, hidden, status, watch, whenResized, whenThemed } = viewOf(model, gone.signal);
  const info = model.get("info");
  const slots = model.get("slots");
  const layouts = /** @type {{ name: string, kind: string, layers: Layer[] }[]} */ (model.get("panels"));
  const notes = readNotes(model.get("notes_data"));
  const { edges, onsets, ticks } = /** @type {{ edges: number[], onsets: number[], ticks: number[] }} */ (slots);
  const steps = onsets.length;
  let token = model.get("selected").token ?? 0;
  let current = 0; // the panel that arrow keys walk in
  let sort = "activity";
  let share = SHARES[1];
  const panels = /** @type {Panel[]} */ (layouts.map((_, index) => ({ index, layer: 0, view: 0, unit: -1, activity: null, order: [], rows: 0, pixels: null, top: 0, tall: MAP })));
  const transport = new Transport(notes, { programs: notes.length ? Array.from({ length: 1 + Math.max(...notes.map((n) => n.part)) }, () => model.get("program")) : [0], length: info.duration, bpm: info.bpm, onChange: show });

  // ---- values ----

  /** @param {Panel} panel @param {number} view @param {number} step @param {number} unit */
  const valueAt = ({ activity }, view, step, unit) => (activity ? (activity.views[view].values[step * activity.units + unit] * activity.views[view].largest) / 32767 : 0);
  /** The largest value of a unit, its sign left out. @param {Panel} panel @param {number} view @param {number} unit */
  const largestOf = (panel, view, unit) => Math.max(1e-6, ...onsets.map((_, step) => Math.abs(valueAt(panel, view, step, unit))));
  const keptView = (/** @type {Panel} */ { activity }) => activity?.views.findIndex(({ label }) => /^(forget|update)/.test(label)) ?? -1;

  /** @param {Panel} panel */
  async function load(panel) {
    const { layer } = panel;
    try {
      const { answer, buffers } = await ask(invoke, el, "activity", { panel: panel.index, layer });
      if (gone.signal.aborted || panel.layer !== layer) return;
      const views = answer.views.map((/** @type {object} */ view, /** @type {number} */ i) => ({ ...view, values: new Int16Array(buffers[i].buffer.slice(buffers[i].byteOffset, buffers[i].byteOffset + buffers[i].byteLength)) }));
      panel.activity = { ...answer, views };
      panel.unit = -1;
      arrange(panel);
    } catch (error) {
      blame(error);
    }
  }

  /** Sort a panel's units and paint its map. @param {Panel} panel */
  function arrange(panel) {
    const { activity } = panel;
    if (!activity) return;
    const { units } = activity;
    const { values } = activity.views[panel.view];
    const score = Array.from({ length: units }, (_, unit) => {
      if (sort === "network") return -unit;
      if (sort !== "activity") return Math.abs(activity.follows[sort]?.r[unit] ?? 0);
      let [sum, squares] = [0, 0];
      for (let step = 0; step < steps; step += 1) {
        const x = values[step * units + unit];
        sum += x;
        squares += x * x;
      }
      return squares / steps - (sum / steps) ** 2;
    });
    panel.order = score.map((_, unit) => unit).sort((a, b) => score[b] - score[a] || a - b);
    panel.rows = Math.min(units, share || units);
    if (panel.unit < 0 || !panel.order.slice(0, panel.rows).includes(panel.unit)) panel.unit = panel.order[0];
    panel.pixels = null;
    measure();
  }

  /** One pixel a step and unit, in the theme's colours. @param {Panel} panel @param {(name: string) => string} colour */
  function pixelsOf(panel, colour) {
    const { activity, rows, order, view } = panel;
    const pixels = h("canvas", { width: steps, height: rows });
    const pen = pixels.getContext("2d", { willReadFrequently: true });
    const rgb = (/** @type {string} */ name) => {
      pen.fillStyle = colour(name);
      pen.clearRect(0, 0, 1, 1);
      pen.fillRect(0, 0, 1, 1);
      return [...pen.getImageData(0, 0, 1, 1).data];
    };
    const [ground, above, below] = ["ground", "part-0", "part-1"].map(rgb);
    const image = pen.createImageData(steps, rows);
    const { label } = /** @type {Activity} */ (activity).views[view];
    for (let row = 0; row < rows; row += 1) {
      const largest = label === CELL ? largestOf(panel, view, order[row]) : /** @type {Activity} */ (activity).views[view].largest;
      for (let step = 0; step < steps; step += 1) {
        const x = valueAt(panel, view, step, order[row]) / largest;
        const to = x < 0 ? below : above;
        for (let i = 0; i < 3; i += 1) image.data[4 * (row * steps + step) + i] = ground[i] + Math.abs(x) * (to[i] - ground[i]);
        image.data[4 * (row * steps + step) + 3] = 255;
      }
    }
    pen.putImageData(image, 0, 0);
    return pixels;
  }

  // ---- sound ----

  const samples = new Instrument(model, invoke, el, transport);
  const sounding = async () => (await samples.wake(blame)) && !gone.signal.aborted;

  async function toggle() {
    if (transport.playing) return transport.pause();
    if (await sounding()) transport.play();
  }

  // ---- the picture ----

  const canvas = h("canvas", { class: "mg-canvas" });
  const spacer = h("div", { class: "mg-spacer" });
  const roll = h("div", { class: "mg-roll mg-gates", role: "application", tabindex: "0", onscroll: paint }, canvas, spacer);
  const line = hidden("line") ? 0 : LINE;
  const pitches = notes.map((note) => note.pitch);
  const [low, high] = [Math.min(...pitches) - 2, Math.max(...pitches) + 2];
  const row = (ROLL - 4) / (high - low + 1);
  let scale = 1; // px a tick
  let tall = 0; // px of it all
  const xOf = (/** @type {number} */ edge) => GUTTER + edge * scale - roll.scrollLeft;
  const yOf = (/** @type {number} */ pitch) => RULER + (high - pitch) * row;

  /** Where a tick of the music is drawn: what takes no time has a stripe of its own. @param {number} tick */
  function edgeAt(tick) {
    let step = 0;
    for (let i = 0; i < steps; i += 1) if (ticks[i] && onsets[i] <= tick) step = i;
    return ticks[step] ? edges[step] + Math.min(tick - onsets[step], ticks[step]) : edges[step];
  }

  function measure() {
    const width = roll.clientWidth;
    if (!width) return;
    const total = edges[steps];
    scale = Math.max((width - GUTTER - 6) / total, 0.9);
    tall = RULER + ROLL;
    for (const panel of panels) {
      panel.tall = Math.max(1, Math.floor(MAP / Math.max(panel.rows, 1))) * Math.max(panel.rows, 1);
      panel.top = tall + HEAD;
      tall = panel.top + panel.tall + line;
    }
    spacer.style.width = `${GUTTER + total * scale + 4}px`;
    const ratio = globalThis.devicePixelRatio || 1;
    Object.assign(canvas, { width: width * ratio, height: tall * ratio });
    canvas.style.cssText = `width: ${width}px; height: ${tall}px`;
    show();
  }

  function paint() {
    const width = roll.clientWidth;
    if (!width || !canvas.clientWidth) return;
    const tools = brush(canvas, root);
    const { pen, colour, fill } = tools;
    fill("ground", 0, 0, width, tall);
    for (let p = low; p <= high; p += 1) if (BLACK.includes(p % 12)) fill("black-row", GUTTER, yOf(p), width, row);
    const { tick } = transport;
    slots.kinds.forEach((/** @type {string} */ kind, /** @type {number} */ i) => {
      const x = xOf(edges[i]);
      const wide = (edges[i + 1] - edges[i]) * scale;
      if (x > width || x + wide < GUTTER) return;
      if (!ticks[i]) fill(kind === "bar" ? "edge" : "line", x, RULER, wide, tall);
      const pitch = kind === "hold" ? heldPitch(i) : slots.pitches[i];
      if (pitch < 0) return;
      const sounds = transport.playing && onsets[i] <= tick && tick < onsets[i] + ticks[i];
      pen.fillStyle = colour(sounds ? "now" : "part-0");
      pen.beginPath();
      pen.roundRect(x + 0.5, yOf(pitch) + 0.5, Math.max(3, wide - 1), Math.max(3, row - 1), Math.min(3, row / 3));
      pen.fill();
    });
    for (const panel of panels) paintPanel(panel, tools, width);

    fill("ruler", 0, 0, width, RULER);
    pen.fillStyle = colour("faint");
    let bar = 0;
    slots.kinds.forEach((/** @type {string} */ kind, /** @type {number} */ i) => {
      if (kind === "bar" && (bar += 1) && (edges[steps] / info.duration) * info.bar * scale > 26) pen.fillText(String(bar), xOf(edges[i + 1]) + 3, RULER / 2 + 1);
    });
    pen.strokeStyle = colour("now");
    pen.lineWidth = 2;
    pen.strokeRect(xOf(edges[token]), RULER + 1, Math.max(3, (edges[token + 1] - edges[token]) * scale), tall - RULER - 2);
    if (transport.playing) fill("now", xOf(edgeAt(tick)) - 1, 0, 2, tall);
    fill("ruler", 0, 0, GUTTER, tall);
    pen.save();
    pen.beginPath();
    pen.rect(0, 0, GUTTER, RULER + ROLL);
    pen.clip();
    drawKeys(tools, low, high, yOf, row, RULER + ROLL);
    pen.restore();
    const plain = pen.font;
    for (const panel of panels) {
      fill("ground", 0, panel.top - HEAD, width, HEAD);
      fill("edge", 0, panel.top - HEAD, width, 1);
      pen.font = `600 13px ${getComputedStyle(root).fontFamily}`;
      pen.fillStyle = colour("ink");
      const layer = layouts[panel.index].layers[panel.layer];
      pen.fillText(`${layouts[panel.index].name} · ${layer.views[panel.view]}`, 8, panel.top - HEAD / 2 + 1);
      pen.font = plain;
      pen.fillStyle = colour("faint");
      pen.textAlign = "right";
      if (panel.activity) pen.fillText(`${panel.rows} of ${panel.activity.units} units · full colour: ${layer.views[panel.view] === CELL ? "each unit's own largest" : panel.activity.views[panel.view].largest.toFixed(2)}`, width - 8, panel.top - HEAD / 2 + 1);
      pen.textAlign = "left";
      if (line && panel.activity) {
        pen.fillText(`${panel.unit}`, 8, panel.top + panel.tall + line / 2);
        pen.fillText("unit", 8, panel.top + panel.tall + line / 2 - 15);
      }
    }
  }

  const heldPitch = (/** @type {number} */ step) => slots.pitches.slice(0, step).findLast((/** @type {number} */ pitch) => pitch >= 0) ?? -1;

  /** @param {Panel} panel @param {ReturnType<typeof brush>} tools @param {number} width */
  function paintPanel(panel, tools, width) {
    const { pen, colour, fill } = tools;
    if (!panel.activity) return;
    const pixels = (panel.pixels ??= pixelsOf(panel, colour));
    pen.imageSmoothingEnabled = false;
    for (let i = 0; i < steps; i += 1) {
      const x = xOf(edges[i]);
      const wide = (edges[i + 1] - edges[i]) * scale;
      if (x <= width && x + wide >= GUTTER) pen.drawImage(pixels, i, 0, 1, panel.rows, x, panel.top, wide + 0.5, panel.tall);
    }
    const at = panel.order.indexOf(panel.unit);
    const thick = panel.tall / panel.rows;
    if (at >= 0 && at < panel.rows) {
      pen.strokeStyle = colour("ink");
      pen.lineWidth = 1.5;
      pen.strokeRect(GUTTER, panel.top + at * thick - 0.5, width - GUTTER - 1, thick + 1);
    }
    if (!line) return;
    const top = panel.top + panel.tall;
    const middle = top + line / 2;
    const half = line / 2 - 8;
    fill("ground", 0, top, width, line);
    fill("line", GUTTER, middle - half, width, 1);
    fill("bar-line", GUTTER, middle, width, 1);
    fill("line", GUTTER, middle + half, width, 1);
    const largest = largestOf(panel, STATE, panel.unit);
    panel.activity.views.forEach(({ label }, view) => {
      const isState = view === STATE;
      if (!isState && view !== panel.view && !(label in LINES)) return;
      pen.strokeStyle = colour(isState ? "ink" : (LINES[/** @type {keyof typeof LINES} */ (label)] ?? "part-3"));
      pen.lineWidth = isState ? 2.5 : 1.5;
      pen.setLineDash(isState ? [] : /input|reset/.test(label) ? [6, 3] : /output/.test(label) ? [2, 2] : []);
      pen.beginPath();
      for (let i = 0; i < steps; i += 1) {
        const y = middle - half * (valueAt(panel, view, i, panel.unit) / (isState ? largest : 1));
        pen.lineTo(xOf(edges[i]), y); // a value holds until the next token is read
        pen.lineTo(xOf(edges[i + 1]), y);
      }
      pen.stroke();
    });
    pen.setLineDash([]);
  }

  /** @param {PointerEvent} event */
  function point(event) {
    const box = canvas.getBoundingClientRect();
    const edge = (event.clientX - box.left - GUTTER + roll.scrollLeft) / scale;
    const y = event.clientY - box.top;
    const step = Math.max(0, Math.min(steps - 1, edges.findLastIndex((at) => at <= edge)));
    for (const panel of panels) {
      if (y < panel.top - HEAD || y >= panel.top + panel.tall + line) continue;
      current = panel.index;
      if (panel.activity && y >= panel.top && y < panel.top + panel.tall) panel.unit = panel.order[Math.floor(((y - panel.top) / panel.tall) * panel.rows)];
    }
    choose(step);
  }
  canvas.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => event.button || point(event));

  /** @param {number} step */
  function choose(step) {
    token = Math.max(0, Math.min(steps - 1, step));
    const pitch = slots.pitches[token];
    if (pitch >= 0 && !transport.playing) void sounding().then((can) => can && transport.touch({ onset: 0, duration: 1, pitch, velocity: 90, part: 0 }));
    transport.seek(onsets[token]);
    const x = xOf(edges[token]);
    if (x < GUTTER || x > roll.clientWidth - 30) roll.scrollLeft += x - GUTTER - 60;
    tell();
    read();
    show();
  }

  function tell() {
    model.set("selected", { token, units: Object.fromEntries(panels.map((panel) => [layouts[panel.index].name, panel.unit])) });
    model.save_changes();
  }

  // ---- in words ----

  const reading = h("div", { class: "mg-reading", role: "status" });

  function place(/** @type {number} */ step) {
    const tick = onsets[step];
    const bar = tick < info.pickup ? 0 : Math.floor((tick - info.pickup) / info.bar) + 1;
    const beat = +((((tick - info.pickup + info.bar) % info.bar) / info.beat) + 1).toFixed(2);
    return ticks[step] ? `bar ${bar}, beat ${beat}` : "takes no time";
  }

  /** What the network kept and what changed when it read the chosen token. @param {Panel} panel */
  function readingOf(panel) {
    const { activity, unit } = panel;
    if (!activity) return h("div", {}, "Waiting for the kernel…");
    const { name, kind } = layouts[panel.index];
    const kept = keptView(panel);
    const units = Array.from({ length: activity.units }, (_, i) => i);
    const change = units.map((i) => valueAt(panel, STATE, token, i) - (token ? valueAt(panel, STATE, token - 1, i) : 0));
    const most = units.sort((a, b) => Math.abs(change[b]) - Math.abs(change[a])).slice(0, 3);
    const mean = kept < 0 ? 0 : change.reduce((sum, _, i) => sum + valueAt(panel, kept, token, i), 0) / activity.units;
    const follows = Object.entries(activity.follows).map(([what, { r, chance }]) => ({ what, r: r[unit], chance })).sort((a, b) => Math.abs(b.r) - b.chance - Math.abs(a.r) + a.chance);
    const best = follows[0];
    const sure = best && Math.abs(best.r) > best.chance;
    let logs = 0;
    if (kept >= 0) for (let i = 0; i < steps; i += 1) logs += Math.log2(Math.max(valueAt(panel, kept, i, unit), 1e-6)) / steps;
    const half = -1 / logs;
    const memory = kept < 0 ? "" : ` It keeps ${Math.round(100 * 2 ** logs)} % from token to token: half of what it holds is gone ${half < 1 ? "within one token" : half > 99 ? "only after more than 99 tokens" : `after ${Math.round(half)} token${half < 1.5 ? "" : "s"}`}.`;
    const stateName = kind === "LSTM" ? "c" : "h";
    return h("div", { class: "mg-read" },
      h("p", {}, h("strong", {}, name), kept < 0 ? " has no gate: all of h is written anew at each token." : ` kept ${Math.round(100 * mean)} % of its memory here: the mean of its ${activity.units} ${kind === "GRU" ? "update" : "forget"} gates.`),
      h("p", {}, `Changed most in ${stateName}: `, ...most.map((i) => {
        const before = token ? valueAt(panel, STATE, token - 1, i) : 0;
        return h("button", { class: "mg-button mg-unit", type: "button", "aria-label": `Follow unit ${i} of ${name}`, onclick: () => { panel.unit = i; current = panel.index; tell(); read(); show(); } }, `unit ${i}: ${signed(before)} → ${signed(valueAt(panel, STATE, token, i))}`);
      })),
      h("p", {}, h("strong", {}, `Unit ${unit}`), ` is at ${signed(valueAt(panel, STATE, token, unit))}.`, memory,
        best ? ` Over this melody it follows ${best.what} with r = ${signed(best.r)}; ${sure ? `the best of ${activity.units} units would reach ${signed(best.chance)} by chance.` : `by chance the best of ${activity.units} units reaches ${signed(best.chance)}, so that proves nothing.`}` : ""));
  }

  function read() {
    if (hidden("reading")) return;
    const { words } = slots;
    reading.replaceChildren(h("p", { class: "mg-chosen-token" }, h("strong", {}, words[token]), ` · ${place(token)} · token ${token + 1} of ${steps}`), h("div", { class: "mg-reads" }, ...panels.map(readingOf)));
  }

  // ---- controls ----

  const playButton = h("button", { class: "mg-play", type: "button", onclick: toggle });
  /** @param {string} label @param {[string, string][]} options @param {(value: string) => void} choose @param {string} value */
  function menu(label, options, choose, value) {
    const select = h("select", { "aria-label": label, onchange: () => choose(select.value) }, ...options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)));
    return select;
  }
  const follows = ["place in the bar", "pitch", "length", "bar lines", "bars to come"];
  const sortMenu = menu("Sort units by", [["activity", "most change"], ["network", "number"], ...follows.map((what) => /** @type {[string, string]} */ ([what, what]))], (value) => {
    sort = value;
    for (const panel of panels) panel.unit = -1;
    panels.forEach(arrange);
    read();
  }, sort);
  const countMenu = menu("Units shown", [...SHARES.map((n) => /** @type {[string, string]} */ ([String(n), `${n} units`])), ["0", "all units"]], (value) => {
    share = Number(value);
    panels.forEach(arrange);
    read();
  }, String(share));
  const instrument = instrumentMenu(model, "Instrument", (program) => {
    model.set("program", program);
    model.save_changes();
  });
  const choosers = panels.map((panel) => {
    const { name, layers } = layouts[panel.index];
    const viewOptions = layers[0].views.map((label, i) => /** @type {[string, string]} */ ([String(i), label]));
    const layer = layers.length > 1 && !hidden("layer") ? menu(`Layer of ${name}`, layers.map((each, i) => /** @type {[string, string]} */ ([String(i), each.name])), (value) => {
      Object.assign(panel, { layer: Number(value), activity: null, pixels: null });
      show();
      void load(panel).then(read);
    }, "0") : null;
    const view = hidden("show") ? null : menu(`What is shown of ${name}`, viewOptions, (value) => {
      panel.view = Number(value);
      arrange(panel);
      read();
    }, "0");
    return layer || view ? h("label", { class: "mg-field" }, name, layer, view) : null;
  });
  const colours = Object.entries(LINES).filter(([label]) => layouts.some(({ layers }) => layers[0].views.includes(label)));
  const legend = h("p", { class: "mg-gate-legend" }, h("span", { class: "mg-scale", "aria-hidden": "true" }), "−full · 0 · +full",
    ...(line ? [["state, in the unit's own scale", "ink"], ...colours].map(([label, colour]) =>
      h("span", { class: "mg-stroke", style: `--mg-stroke: var(--mg-${colour}); --mg-dash: ${/input|reset/.test(label) ? "dashed" : /output/.test(label) ? "dotted" : "solid"}` }, label)) : []));

  // ---- what is shown ----

  let frame = 0;
  function show() {
    cancelAnimationFrame(frame);
    showPlaying(playButton, transport.playing);
    roll.setAttribute("aria-label", `${layouts.map(({ name }) => name).join(", ")} under the notes. Chosen: ${slots.words[token]}, ${place(token)}; unit ${panels[current].unit} of ${layouts[current].name}. Left and right walk through the tokens, up and down through the units.`);
    follow();
  }

  function follow() {
    if (transport.playing) {
      const x = xOf(edgeAt(transport.tick));
      if (x > roll.clientWidth - 40 || x < GUTTER) roll.scrollLeft += x - GUTTER - 60;
      frame = requestAnimationFrame(follow);
    }
    paint();
  }

  /** @param {number} way */
  function walkUnits(way) {
    const panel = panels[current];
    const at = panel.order.indexOf(panel.unit) + way;
    if (at < 0 || at >= panel.rows) return;
    panel.unit = panel.order[at];
    tell();
    read();
    show();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.matches("select, input") || event.ctrlKey || event.metaKey || event.altKey || (target.matches("button") && [" ", "Enter"].includes(event.key))) return;
    /** @type {Record<string, () => unknown>} */
    const keys = { " ": toggle, ArrowLeft: () => choose(token - 1), ArrowRight: () => choose(token + 1), ArrowUp: () => walkUnits(-1), ArrowDown: () => walkUnits(1), Home: () => choose(0), End: () => choose(steps - 1) };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  // ---- put together ----

  const head = h("div", { class: "mg-head" }, hidden("title") ? null : h("div", { class: "mg-titles" }, h("span", { class: "mg-title" }, model.get("title")), h("span", { class: "mg-subtitle" }, info.subtitle)));
  const bar = h("div", { class: "mg-bar" }, playButton, ...choosers, hidden("sort") ? null : h("label", { class: "mg-field" }, "Sort by", sortMenu), hidden("count") ? null : countMenu, hidden("instrument") ? null : instrument);
  const root = h("section", { class: "mg mg-gate-viewer", "aria-label": `Gate viewer: ${model.get("title")}`, "data-lm-suppress-shortcuts": "true", onkeydown: onKey },
    head, bar, legend, roll, hidden("reading") ? null : reading, status);
  el.append(root);

  whenResized(root, measure);
  whenThemed(() => {
    for (const panel of panels) panel.pixels = null;
    paint();
  });
  watch("program", () => {
    instrument.value = model.get("program");
    samples.load().catch(blame);
  });

  instrument.value = model.get("program");
  measure();
  read();
  void Promise.all(panels.map(load)).then(() => gone.signal.aborted || read());
  samples.load().catch(() => {}); // ahead of the first click; a failure is told when somebody wants to hear
  return () => {
    gone.abort();
    cancelAnimationFrame(frame);
    transport.onChange = () => {};
    transport.close();
  };
}

export default { render };
