// The next note, as a model sees it: a keyboard and bars that follow temperature, top-k and top-p. The page has the logits and does
// the arithmetic; only a token that is taken goes to the kernel, which answers with the logits of the next.
import { BLACK, GUTTER, RULER, SAVE, Transport, ask, brush, download, drawKeys, h, icon, instrumentMenu, readNotes } from "./engine.js";
import { Instrument } from "./instrument.js";
import { notationPanel } from "./notation_panel.js";
import { showPlaying, viewOf } from "./view_parts.js";

const ROWS = 10; // bars
const TOP = 84; // px of columns above the keys
const KEYS = 78; // px of a white key
const MOST_K = 50; // the slider's end is "all"
const OTHERS = { rest: "rest", hold: "hold", bar: "bar line", end: "end" };
const FLOOR = 2 ** -20; // a guess that the model thinks impossible counts as one in a million, or the mean would be lost

/** @typedef {{ kinds: string[], pitches: number[], ticks: number[], words: string[], low: number, high: number, names: string[] }} Table */
/** @typedef {{ logits: number[], allowed: string, guided: string, length: number, now: number, steps: number, finished: boolean }} Place */
/** @typedef {{ temperature: number, topK: number | null, topP: number | null }} Settings */

/**
 * What `musegen_edu.sampling` does, in its order: rules, temperature, top-k, top-p, softmax.
 * @param {ArrayLike<number>} logits @param {(token: number) => boolean} may @param {Settings} settings @returns {Float64Array}
 */
export function probabilitiesOf(logits, may, { temperature, topK, topP }) {
  let values = Float64Array.from(logits, (x, token) => (may(token) ? x / (temperature || 1) : -Infinity));
  const largest = values.reduce((a, b) => Math.max(a, b));
  if (!temperature) {
    const best = values.indexOf(largest);
    return values.map((_, token) => Number(token === best));
  }
  const keep = (/** @type {number} */ lowest) => (values = values.map((x) => (x >= lowest ? x : -Infinity)));
  const descending = () => values.toSorted().reverse();
  if (topK) keep(descending()[Math.min(topK, values.length) - 1]);
  if (topP && topP < 1) {
    const sorted = descending();
    const weights = sorted.map((x) => Math.exp(x - largest));
    const total = weights.reduce((a, b) => a + b);
    let before = 0; // what all likelier tokens have together
    let last = 0;
    for (let i = 0; i < weights.length && before < topP; i += 1) {
      last = i;
      before += weights[i] / total;
    }
    keep(sorted[last]);
  }
  const weights = values.map((x) => Math.exp(x - largest));
  const total = weights.reduce((a, b) => a + b);
  return weights.map((x) => x / total);
}

/** A number from 0 up to 1 that depends on whole numbers alone; mixed as by the end of Austin Appleby's MurmurHash3. @param {...number} from */
export function uniform(...from) {
  let x = 0x9e3779b9;
  for (const number of from) {
    x = Math.imul(x ^ number, 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    x ^= x >>> 16;
  }
  return (x >>> 0) / 2 ** 32;
}

/** The token in whose share of [0, 1) a number falls. @param {Float64Array} probabilities @param {number} at */
export function tokenAt(probabilities, at) {
  let last = 0;
  for (let token = 0, sum = 0; token < probabilities.length; token += 1) {
    if (!probabilities[token]) continue;
    last = token;
    sum += probabilities[token];
    if (at < sum) break;
  }
  return last;
}

/** @param {string} tag @param {Record<string, any>} [attributes] @param {...Node} children @returns {any} */
function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const percent = (/** @type {number} */ p) => (p > 0 && p < 0.0095 ? "under 1 %" : `${Math.round(100 * p)} %`);
const bits = (/** @type {number} */ x) => x.toFixed(1).replace("-", "−");

/** @param {RenderContext} context */
function render({ model, el, experimental: { invoke } }) {
  const gone = new AbortController(); // aborted when the view goes; every listener outside `el` hangs on it
  const { blame, hidden, save, say, status, watch, whenResized, whenThemed } = viewOf(model, gone.signal);
  let table = /** @type {Table} */ (model.get("table"));
  let place = /** @type {Place} */ (model.get("place"));
  let info = model.get("info");
  let notes = /** @type {Note[]} */ ([]);
  let now = /** @type {Float64Array} */ (new Float64Array()); // what is drawn from
  let own = /** @type {Float64Array} */ (new Float64Array()); // what the model says: the same rules, no temperature, no filters
  let vetoed = /** @type {Set<number>} */ (new Set());
  let candidate = -1; // the token that may be taken
  let draws = 0; // at this place
  let guessed = /** @type {string | null} */ (null); // which key, at this place
  let tally = { count: 0, you: 0, itself: 0, blind: 0 };
  let sent = 0; // messages to the kernel
  let busy = 0; // the number of the one that is under way
  let composing = false;
  const transport = new Transport([], { programs: [model.get("program")], length: 0, bpm: info.bpm, onChange: show });

  const secret = () => model.get("guess") && guessed === null;
  const settings = () => ({ temperature: model.get("temperature"), topK: model.get("top_k"), topP: model.get("top_p") });
  const rule = () => (model.get("keep_to_bars") ? place.guided : place.allowed);
  /** Where a token is on the keyboard: its pitch, or its kind. @param {number} token */
  const keyOf = (token) => (table.kinds[token] === "note" ? String(table.pitches[token]) : table.kinds[token]);
  const wordsOf = (/** @type {string} */ key) => (key in OTHERS ? OTHERS[/** @type {keyof typeof OTHERS} */ (key)] : table.names[Number(key)]);

  /** @param {Float64Array} p @returns {Map<string, number>} */
  function byKey(p) {
    const sums = new Map();
    p.forEach((value, token) => value && sums.set(keyOf(token), (sums.get(keyOf(token)) ?? 0) + value));
    return sums;
  }

  function compute() {
    const flags = rule();
    own = probabilitiesOf(place.logits, (token) => flags[token] === "1", { temperature: 1, topK: null, topP: null });
    now = probabilitiesOf(place.logits, (token) => flags[token] === "1" && !vetoed.has(token), settings());
  }

  // ---- what is done ----

  /** @param {string} name @param {object} [message] */
  async function send(name, message = {}) {
    if (busy) return false;
    const mine = (busy = ++sent);
    try {
      await ask(invoke, el, name, message);
      return true;
    } catch (error) {
      blame(error);
      return false;
    } finally {
      if (busy === mine) busy = 0;
      if (!gone.signal.aborted) show();
    }
  }

  /** @param {number} token */
  function hear(token) {
    if (table.kinds[token] === "note" && samples.ready && !transport.playing) transport.touch({ onset: 0, duration: 1, pitch: table.pitches[token], velocity: 90, part: 0 });
  }

  /** @param {number} token @param {string} how */
  function propose(token, how) {
    candidate = token;
    void sounding().then(() => hear(token));
    say(`${how}: ${table.words[token]} (${percent(now[token])})`);
    show();
  }

  const next = () => tokenAt(now, uniform(model.get("seed"), place.length, draws++));

  function draw() {
    if (place.finished || busy || composing) return;
    if (secret()) return say("Guess first: click a key.");
    propose(next(), "Drawn");
  }

  async function accept() {
    if (candidate < 0 || composing) return;
    const token = candidate;
    if ((await send("take", { token, length: place.length })) && candidate < 0) say(`Taken: ${table.words[token]}${place.finished ? ". The tune is finished." : ""}`);
  }

  function veto() {
    if (candidate < 0 || composing) return;
    const flags = rule();
    if (now.filter((_, token) => flags[token] === "1" && !vetoed.has(token)).length < 2) return say("Nothing else is possible here.");
    const no = candidate;
    vetoed.add(no);
    compute();
    candidate = next();
    void sounding().then(() => hear(candidate));
    say(`No ${table.words[no]}. Drawn instead: ${table.words[candidate]} (${percent(now[candidate])})`);
    show();
  }

  async function undo() {
    if (place.steps && (await send("take_back"))) say("Undone");
  }

  /** @param {number} count bars, the one that is begun included */
  async function compose(count) {
    if (composing) {
      composing = false;
      return;
    }
    if (busy || place.finished) return;
    composing = true;
    const target = info.pickup + (Math.floor((place.now - info.pickup) / info.bar) + count) * info.bar;
    let added = 0;
    while (composing && !place.finished && place.now < target && !gone.signal.aborted) {
      const { length } = place;
      if (!(await send("take", { token: next(), length, same_step: added > 0 })) || place.length === length) break;
      added += 1;
    }
    composing = false;
    if (!gone.signal.aborted) {
      if (added && !status.classList.contains("mg-trouble")) say(`${added} ${added === 1 ? "token" : "tokens"} added${place.finished ? ". The tune is finished." : "; Undo takes them back together."}`);
      show();
    }
  }

  /** @param {string} [text] letters to begin with */
  async function begin(text) {
    composing = false;
    while (busy && !gone.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 20));
    if (transport.playing) transport.pause();
    if (await send("begin", text === undefined ? {} : { text })) {
      tally = { count: 0, you: 0, itself: 0, blind: 0 };
      transport.seek(0);
      say("A new start");
      show();
    }
  }

  /** A key is clicked: a guess, or the learner's own choice. @param {string} key */
  function press(key) {
    if (place.finished || composing) return;
    const tokens = table.kinds.map((_, token) => token).filter((token) => keyOf(token) === key && rule()[token] === "1");
    if (!tokens.length) {
      if (!(key in OTHERS)) void sounding().then(() => samples.ready && transport.touch({ onset: 0, duration: 1, pitch: Number(key), velocity: 90, part: 0 }));
      return say(`${wordsOf(key)} is not possible here.`);
    }
    const likeliest = tokens.reduce((best, token) => (own[token] > own[best] ? token : best));
    if (!secret()) return propose(likeliest, "Your choice");
    guessed = key;
    const odds = byKey(own);
    const all = new Set(table.kinds.map((_, token) => token).filter((token) => rule()[token] === "1").map(keyOf)).size;
    const p = odds.get(key) ?? 0;
    const rank = 1 + [...odds.values()].filter((other) => other > p).length;
    tally.count += 1;
    tally.you += Math.log2(Math.max(p, FLOOR));
    tally.itself += [...odds.values()].reduce((sum, q) => sum + q * Math.log2(q), 0);
    tally.blind -= Math.log2(all);
    propose(likeliest, "Your guess");
    const top = [...odds].reduce((a, b) => (b[1] > a[1] ? b : a));
    say(`You guessed ${wordsOf(key)}: the model gave it ${percent(p)}, rank ${rank} of ${all}.${rank > 1 ? ` Its favourite was ${wordsOf(top[0])} with ${percent(top[1])}.` : ""} Take it, or draw.`);
  }

  // ---- sound ----

  const samples = new Instrument(model, invoke, el, transport);
  const sounding = async () => (await samples.wake(blame)) && !gone.signal.aborted;

  async function toggle() {
    if (transport.playing) return transport.pause();
    if (!notes.length) return say("There is nothing to play yet.");
    if (await sounding()) transport.play();
  }

  // ---- the tune so far ----

  const canvas = h("canvas", { class: "mg-canvas" });
  const spacer = h("div", { class: "mg-spacer" });
  const roll = h("div", { class: "mg-roll", role: "img", onscroll: paint }, canvas, spacer);
  let scale = 1; // px a tick
  let [low, high, row, tall] = [60, 72, 8, 100]; // pitches, px
  const xOf = (/** @type {number} */ tick) => GUTTER + tick * scale - roll.scrollLeft;
  const yOf = (/** @type {number} */ pitch) => RULER + (high - pitch) * row;

  function fit() {
    const width = roll.clientWidth;
    if (!width) return;
    const pitches = [...notes.map((note) => note.pitch), ...(notes.length ? [] : [60, 72])];
    [low, high] = [Math.min(...pitches) - 4, Math.max(...pitches) + 4];
    row = Math.max(5, Math.min(10, Math.floor(140 / (high - low + 1))));
    tall = RULER + row * (high - low + 1);
    const total = info.pickup + (Math.max(3, Math.ceil((place.now - info.pickup) / info.bar)) + 1) * info.bar;
    scale = Math.max((width - GUTTER - 4) / total, 0.8);
    spacer.style.width = `${GUTTER + total * scale}px`;
    const ratio = globalThis.devicePixelRatio || 1;
    Object.assign(canvas, { width: width * ratio, height: tall * ratio });
    canvas.style.cssText = `width: ${width}px; height: ${tall}px`;
    roll.scrollLeft = (place.now + info.bar) * scale - width + GUTTER;
    paint();
  }

  function paint() {
    const width = roll.clientWidth;
    if (!width || !canvas.clientWidth) return;
    const tools = brush(canvas, root);
    const { pen, colour, fill } = tools;
    const to = (roll.scrollLeft + width) / scale;
    fill("ground", 0, 0, width, tall);
    for (let p = low; p <= high; p += 1) if (BLACK.includes(p % 12)) fill("black-row", GUTTER, yOf(p), width, row);
    for (let at = info.pickup % info.beat; at < to; at += info.beat) fill((at - info.pickup) % info.bar ? "line" : "bar-line", Math.round(xOf(at)), RULER, 1, tall);
    /** @param {{ onset: number, duration: number, pitch: number }} note */
    const block = ({ onset, duration, pitch }) => {
      pen.beginPath();
      pen.roundRect(xOf(onset) + 0.5, yOf(pitch) + 0.5, Math.max(3, duration * scale - 1), row - 1, 2.5);
    };
    const { tick } = transport;
    for (const note of notes) {
      const sounds = transport.playing && note.onset <= tick && tick < note.onset + note.duration;
      pen.fillStyle = sounds ? colour("now") : colour(note.onset < info.started ? "faint" : "part-0");
      block(note);
      pen.fill();
    }
    if (candidate >= 0 && table.ticks[candidate]) {
      const kind = table.kinds[candidate];
      const pitch = kind === "note" ? table.pitches[candidate] : (notes.at(-1)?.pitch ?? 60);
      pen.strokeStyle = colour("now");
      pen.lineWidth = 2;
      pen.setLineDash(kind === "rest" ? [3, 3] : []);
      block({ onset: place.now, duration: table.ticks[candidate], pitch });
      pen.stroke();
      pen.setLineDash([]);
    }
    fill("ruler", 0, 0, width, RULER);
    pen.fillStyle = colour("faint");
    for (let bar = 0; info.pickup + bar * info.bar < to; bar += 1) pen.fillText(String(bar + 1), xOf(info.pickup + bar * info.bar) + 4, RULER / 2 + 1);
    fill("now", xOf(transport.playing ? tick : place.now) - 1, 0, 2, tall);
    drawKeys(tools, low, high, yOf, row, tall);
  }

  canvas.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    const box = canvas.getBoundingClientRect();
    const tick = (event.clientX - box.left - GUTTER + roll.scrollLeft) / scale;
    const note = notes.findLast(({ onset, duration }) => onset <= tick && tick < onset + duration);
    if (note && !transport.playing) void sounding().then((can) => can && transport.touch(note));
    transport.seek(Math.max(0, note ? note.onset : tick));
  });

  // ---- the keyboard ----

  const keyboard = svg("svg", { class: "mg-piano", role: "group" });
  const question = svg("text", { class: "mg-guess", y: TOP / 2 + 6, "text-anchor": "middle" });
  /** @typedef {{ group: any, column: any, mark: any, shade: any, label: any, face: any, name: any, width: number, x: number }} Key */
  let keys = /** @type {Map<string, Key>} */ (new Map());
  let focused = ""; // the key that Tab reaches

  function layKeys() {
    const width = stage.clientWidth;
    if (!width || hidden("keyboard")) return;
    const few = width < 460; // a narrow page shows two octaves around the last note
    const lowest = few ? Math.max(table.low, Math.min(table.high - 23, (notes.at(-1)?.pitch ?? 66) - 12)) : table.low;
    const pitches = Array.from({ length: Math.min(few ? 24 : 128, table.high - lowest + 1) }, (_, i) => lowest + i);
    const white = pitches.filter((p) => !BLACK.includes(p % 12));
    const others = Object.keys(OTHERS).filter((kind) => table.kinds.includes(kind) && (kind !== "bar" || !model.get("keep_to_bars")));
    const box = Math.max(44, Math.min(66, width / 14));
    const w = (width - others.length * box - 12) / (white.length + 0.7);
    const places = /** @type {[string, number, number, boolean][]} */ ([]); // key, left, width, is it black
    let x = BLACK.includes(lowest % 12) ? 0.31 * w : 0;
    for (const p of pitches) {
      if (BLACK.includes(p % 12)) places.push([String(p), x - 0.31 * w, 0.62 * w, true]);
      else {
        places.push([String(p), x, w, false]);
        x += w;
      }
    }
    others.forEach((kind, i) => places.push([kind, width - (others.length - i) * box, box, false]));
    keyboard.setAttribute("width", width);
    keyboard.setAttribute("height", TOP + KEYS + 2);
    const held = keyboard.contains(document.activeElement);
    keys = new Map();
    keyboard.replaceChildren();
    for (const [key, left, wide, black] of places.sort((a, b) => Number(a[3]) - Number(b[3]))) {
      const tall = black ? 0.6 * KEYS : KEYS;
      const centre = left + wide / 2;
      const thick = key in OTHERS ? 0.4 * wide : 0.44 * w;
      const face = svg("rect", { class: `mg-face${black ? " mg-black" : ""}${key in OTHERS ? " mg-other" : ""}`, x: left + (key in OTHERS ? 3 : 0.5), y: TOP, width: wide - (key in OTHERS ? 6 : 1), height: tall, rx: key in OTHERS ? 5 : 2 });
      const shade = svg("rect", { class: "mg-shade", x: left + (key in OTHERS ? 3 : 0.5), y: TOP, width: wide - (key in OTHERS ? 6 : 1), height: tall, rx: key in OTHERS ? 5 : 2 });
      const above = svg("rect", { x: centre - thick / 2 - 2, y: 0, width: thick + 4, height: TOP, fill: "transparent" }); // a click on a column counts too
      const column = svg("rect", { class: "mg-column", x: centre - thick / 2, width: thick });
      const mark = svg("path", { class: "mg-own" });
      const label = svg("text", { class: "mg-percent", x: centre, "text-anchor": "middle" });
      const name = svg("text", { class: "mg-keyname", x: centre, y: key in OTHERS ? TOP + KEYS / 2 + 4 : TOP + KEYS - 8, "text-anchor": "middle" });
      const group = svg("g", { class: "mg-key", role: "button", tabindex: -1, "data-key": key }, above, face, shade, column, mark, label, name);
      group.addEventListener("click", () => { focused = key; press(key); });
      keys.set(key, { group, column, mark, shade, label, face, name, width: wide, x: centre - thick / 2 });
      keyboard.append(group);
    }
    question.setAttribute("x", width / 2);
    keyboard.append(question);
    if (!keys.has(focused)) focused = String(pitches[pitches.length >> 1]);
    if (held) keys.get(focused)?.group.focus();
    keyboard.classList.toggle("mg-tight", w < 17);
  }

  keyboard.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const order = [...Array.from({ length: table.high - table.low + 1 }, (_, i) => String(table.low + i)), ...Object.keys(OTHERS)].filter((key) => keys.has(key));
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: 12, ArrowDown: -12 }[event.key];
    if (!step && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    if (!step) return press(focused);
    const last = Math.abs(step) > 1 ? order.findLastIndex((key) => !(key in OTHERS)) : order.length - 1; // an octave stays on the piano
    focused = order[Math.max(0, Math.min(last, order.indexOf(focused) + step))];
    show();
    keys.get(focused)?.group.focus();
  });

  function showKeys() {
    const odds = secret() ? new Map() : byKey(now);
    const says = secret() ? new Map() : byKey(own);
    const most = Math.max(0.05, ...odds.values(), ...says.values());
    const high = TOP - 18;
    const chosen = candidate < 0 ? "" : keyOf(candidate);
    question.textContent = secret() && !place.finished ? "Which note comes next? Click a key." : "";
    const labelled = [...odds].sort((a, b) => b[1] - a[1]).slice(0, 8).filter(([, p]) => p >= 0.015).map(([key]) => key);
    for (const [key, { group, column, mark, shade, label, name, width, x }] of keys) {
      const p = odds.get(key) ?? 0;
      const q = says.get(key) ?? 0;
      const tall = (p / most) * high;
      column.setAttribute("y", String(TOP - 3 - tall));
      column.setAttribute("height", String(tall));
      mark.setAttribute("d", q > 0.002 ? `M${x - 2} ${TOP - 3 - (q / most) * high}h${Number(column.getAttribute("width")) + 4}` : "");
      shade.style.opacity = String((p / most) ** 0.7 * 0.9);
      label.textContent = labelled.includes(key) ? String(Math.round(100 * p)) : "";
      label.setAttribute("y", String(TOP - 7 - Math.max(tall, q > 0.002 ? (q / most) * high : 0)));
      const isName = key in OTHERS || (!BLACK.includes(Number(key) % 12) && (Number(key) % 12 === 0 || (labelled.includes(key) && width > 24)));
      name.textContent = isName ? wordsOf(key) : "";
      name.classList.toggle("mg-on-shade", (p / most) ** 0.7 > 0.6);
      group.classList.toggle("mg-chosen", key === chosen);
      group.classList.toggle("mg-guessed", key === guessed);
      group.setAttribute("tabindex", key === focused ? "0" : "-1");
      group.setAttribute("aria-label", `${wordsOf(key)}${secret() ? "" : `, ${percent(p)}`}`);
      group.setAttribute("aria-pressed", String(key === chosen));
    }
    keyboard.setAttribute("aria-label", secret() ? "Keyboard: which note comes next?" : "Keyboard, shaded by the probability of the next note; arrow keys walk, Enter chooses");
  }

  // ---- the bars ----

  const list = h("ol", { class: "mg-tokens", "aria-label": "The likeliest tokens" });
  const rows = Array.from({ length: ROWS }, () => {
    const words = h("span", { class: "mg-token" });
    const amount = h("span", { class: "mg-amount" });
    const mark = h("span", { class: "mg-model" });
    const number = h("span", { class: "mg-number-text" });
    const button = h("button", { type: "button", class: "mg-token-row", onclick: () => button.token >= 0 && !place.finished && !composing && propose(button.token, "Your choice") },
      words, h("span", { class: "mg-track", "aria-hidden": "true" }, amount, mark), number);
    const item = h("li", {}, button);
    list.append(item);
    return { item, button, words, amount, mark, number };
  });
  const others = h("p", { class: "mg-others" });

  function showBars() {
    const flags = rule();
    const shown = [...now.keys()].filter((token) => flags[token] === "1" && own[token] > 1e-6).sort((a, b) => own[b] - own[a] || a - b).slice(0, ROWS); // the model's own order: no row jumps under the sliders
    const most = Math.max(0.05, ...shown.map((token) => Math.max(now[token], own[token])));
    rows.forEach(({ item, button, words, amount, mark, number }, i) => {
      const token = shown[i] ?? -1;
      item.hidden = token < 0 || secret();
      if (item.hidden) return;
      Object.assign(button, { token });
      words.textContent = table.words[token];
      amount.style.width = `${(100 * now[token]) / most}%`;
      mark.style.left = `${(100 * own[token]) / most}%`;
      number.textContent = vetoed.has(token) ? "vetoed" : now[token] ? percent(now[token]) : "cut";
      button.classList.toggle("mg-cut", !now[token]);
      button.classList.toggle("mg-chosen", token === candidate);
      button.setAttribute("aria-pressed", String(token === candidate));
      button.setAttribute("aria-label", `${table.words[token]}, ${number.textContent}; the model says ${percent(own[token])}`);
    });
    const left = now.filter((p) => p > 0).length;
    const possible = own.filter((p) => p > 0).length;
    const kept = own.reduce((sum, p, token) => sum + (now[token] > 0 ? p : 0), 0);
    const entropy = now.reduce((sum, p) => (p > 0 ? sum - p * Math.log2(p) : sum), 0);
    others.textContent = place.finished ? "The tune is finished. Undo a step, or start over."
      : secret() ? "What the model thinks stays hidden until you have guessed."
      : `${left === possible ? `All ${left} possible tokens can be drawn.` : `${left} of ${possible} tokens can be drawn; the model gives them ${percent(kept)} together.`} Uncertainty: ${bits(entropy)} bits, as among ${(2 ** entropy).toFixed(1)} equally likely.`;
  }

  // ---- controls ----

  /** @param {string} label @param {() => void} onclick @param {string} [title] */
  const button = (label, onclick, title = label) => h("button", { class: "mg-button", type: "button", title, onclick }, label);
  const playButton = h("button", { class: "mg-play", type: "button", onclick: toggle });
  const drawButton = button("Draw", draw, "Draw a token with these odds (D)");
  const takeButton = button("Take it", accept, "Write it down (Enter)");
  const vetoButton = button("Veto", veto, "Rule it out here and draw again (V)");
  const undoButton = button("Undo", undo, "Take the last step back (Backspace)");
  const barButton = button("Rest of the bar", () => compose(1));
  const barsButton = button("4 bars", () => compose(4), "Compose four bars");
  const againButton = button("Start over", () => begin());
  const score = h("p", { class: "mg-tally", role: "status" });

  /**
   * A slider whose last place may mean "no filter".
   * @param {string} trait @param {string} label @param {number[]} range min, max, step @param {(x: number) => unknown} toTrait
   * @param {(value: any) => number} toSlider @param {(value: any) => string} words
   */
  function slider(trait, label, [min, max, step], toTrait, toSlider, words) {
    const input = h("input", { type: "range", min, max, step, "aria-label": label, oninput: () => save(trait, toTrait(Number(input.value))) });
    const text = h("output", { class: "mg-value" });
    return {
      element: hidden(trait) ? null : h("label", { class: "mg-slide" }, h("span", {}, label), input, text),
      update() {
        const value = model.get(trait);
        input.value = toSlider(value);
        text.textContent = words(value);
        input.setAttribute("aria-valuetext", words(value));
      },
    };
  }
  const sliders = [
    slider("temperature", "Temperature", [0, 2, 0.05], (x) => x, (t) => t, (t) => (t ? t.toFixed(2) : "0: the likeliest")),
    slider("top_k", "Top-k", [1, MOST_K + 1, 1], (x) => (x > MOST_K ? null : x), (k) => k ?? MOST_K + 1, (k) => (k === null ? "all" : `the best ${k}`)),
    slider("top_p", "Top-p", [0.05, 1, 0.01], (x) => (x >= 1 ? null : x), (p) => p ?? 1, (p) => (p === null || p === 1 ? "all" : p.toFixed(2))),
  ];
  /** @param {string} trait @param {string} label */
  const flag = (trait, label) => {
    const input = h("input", { type: "checkbox", onchange: () => save(trait, input.checked) });
    return { input, element: hidden(trait) ? null : h("label", { class: "mg-check" }, input, label) };
  };
  const guessFlag = flag("guess", "Guess before you look");
  const barsFlag = flag("keep_to_bars", "Keep to the bars");
  const seed = h("input", { class: "mg-seed", type: "number", min: 0, step: 1, "aria-label": "Seed", onchange: () => {
    const value = Number(seed.value);
    if (Number.isInteger(value) && value >= 0 && value < 2 ** 31) save("seed", value);
    else seed.value = model.get("seed");
  } });
  const typed = h("input", { class: "mg-letters", type: "text", maxlength: 400, placeholder: "C D E F G A B", "aria-label": "Notes to begin with, such as C D E F G A B", value: info.typed,
    onkeydown: (/** @type {KeyboardEvent} */ event) => { if (event.key === "Enter") void begin(typed.value); } });
  const instrument = instrumentMenu(model, "Instrument", (program) => save("program", program));
  const { sheet, sheetButton, engrave } = notationPanel("Notation of the tune so far", invoke, el, gone.signal, () => (composing ? 700 : 150));

  // ---- what is shown ----

  let frame = 0;
  function show() {
    cancelAnimationFrame(frame);
    showPlaying(playButton, transport.playing, "Play what I have");
    drawButton.disabled = place.finished || composing || secret();
    takeButton.disabled = vetoButton.disabled = candidate < 0 || composing;
    undoButton.disabled = !place.steps || composing;
    barButton.disabled = barsButton.disabled = place.finished;
    barButton.textContent = composing ? "Stop" : "Rest of the bar";
    score.textContent = !model.get("guess") || !tally.count ? ""
      : `${tally.count} ${tally.count === 1 ? "guess" : "guesses"}, in bits a note (0 is best): you ${bits(tally.you / tally.count)} · the model with its own odds ${bits(tally.itself / tally.count)} · a blind finger ${bits(tally.blind / tally.count)}`;
    showKeys();
    showBars();
    follow();
  }

  /** Draw the roll, again and again while it plays. */
  function follow() {
    const { playing, tick } = transport;
    if (playing && (xOf(tick) > roll.clientWidth - 40 || xOf(tick) < GUTTER)) roll.scrollLeft += xOf(tick) - GUTTER - 60;
    paint();
    if (playing) frame = requestAnimationFrame(follow);
  }

  function showSettings() {
    for (const { update } of sliders) update();
    guessFlag.input.checked = model.get("guess");
    barsFlag.input.checked = model.get("keep_to_bars");
    seed.value = model.get("seed");
    instrument.value = model.get("program");
    compute();
    if (candidate >= 0 && !now[candidate]) candidate = -1; // cut off meanwhile
    show();
  }

  function arrive() {
    [table, place, info] = [model.get("table"), model.get("place"), model.get("info")];
    notes = readNotes(model.get("notes_data"));
    [vetoed, candidate, draws, guessed, busy] = [new Set(), -1, 0, null, 0]; // the news come before the answer
    transport.setNotes(notes, Math.max(place.now, 1));
    transport.setTempo(info.bpm);
    subtitle.textContent = info.subtitle;
    roll.setAttribute("aria-label", `Piano roll of the tune so far: ${notes.length} note${notes.length === 1 ? "" : "s"}`);
    layKeys();
    compute();
    fit();
    show();
    engrave();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.matches("select, input") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.matches("button") && ["Enter", " "].includes(event.key)) return;
    /** @type {Record<string, () => unknown>} */
    const actions = { " ": toggle, d: draw, Enter: accept, v: veto, Backspace: undo };
    const act = actions[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  // ---- put together ----

  const subtitle = h("span", { class: "mg-subtitle" });
  const head = h("div", { class: "mg-head" },
    hidden("title") ? null : h("div", { class: "mg-titles" }, h("span", { class: "mg-title" }, model.get("title")), subtitle),
    hidden("notation") ? null : sheetButton);
  const bar = h("div", { class: "mg-bar" }, playButton, drawButton, takeButton, vetoButton, undoButton,
    ...(hidden("compose") ? [] : [h("span", { class: "mg-gap" }), barButton, barsButton]), againButton);
  const stage = h("div", { class: "mg-keys" }, hidden("keyboard") ? null : keyboard);
  const legend = h("p", { class: "mg-odds-legend", "aria-hidden": "true" }, h("span", { class: "mg-legend-now" }, "drawn from, in per cent"), h("span", { class: "mg-legend-own" }, "what the model itself says"));
  const panel = h("div", { class: "mg-panel" }, ...sliders.map(({ element }) => element), h("div", { class: "mg-checks" }, guessFlag.element, barsFlag.element),
    h("div", { class: "mg-checks" }, hidden("seed") ? null : h("label", { class: "mg-field" }, "Seed", seed), hidden("instrument") ? null : instrument,
      hidden("download") ? null : h("button", { class: "mg-button mg-icon", type: "button", "aria-label": "Download MIDI", title: "Download MIDI", onclick: () => download(invoke, el, "midi", say) }, icon(SAVE))),
    hidden("start") ? null : h("div", { class: "mg-checks" }, h("label", { class: "mg-field mg-grow" }, "Begin with", typed), button("Begin", () => begin(typed.value), "Start over with these notes")));
  const lower = h("div", { class: "mg-split" }, hidden("bars") ? null : h("div", { class: "mg-odds" }, list, others), panel);
  const root = h("section", { class: "mg mg-sampling", tabindex: "0", "aria-label": `Sampling playground: ${model.get("title")}`, "data-lm-suppress-shortcuts": "true", onkeydown: onKey },
    head, sheet, roll, bar, status, score, stage, hidden("keyboard") ? null : legend, lower);
  el.append(root);

  watch("place", arrive);
  for (const name of ["temperature", "top_k", "top_p", "seed"]) watch(name, showSettings);
  watch("guess", showSettings);
  watch("keep_to_bars", () => {
    layKeys();
    showSettings();
  });
  watch("program", () => {
    showSettings();
    samples.load().catch(blame);
  });
  whenResized(root, () => {
    layKeys();
    fit();
    show();
  });
  whenThemed(paint);

  arrive();
  showSettings();
  samples.load().catch(() => {}); // ahead of the first click; a failure is told when somebody wants to hear
  return () => {
    composing = false;
    gone.abort();
    cancelAnimationFrame(frame);
    transport.onChange = () => {};
    transport.close();
  };
}

export default { render, probabilitiesOf, uniform, tokenAt };
