// Four melodies, the plane between them, and a puck. The kernel has decoded the whole plane, so what is heard follows at once:
// a dragged puck changes the melody where it is, in time; keys and paths change it at the bar lines.
import { DRUMS, PAUSE, PLAY, SAVE, Transport, ask, brush, download, h, icon, instrumentMenu, loadPack, openSound, packsFrom, readNotes } from "./engine.js";
import { melodyRoll, within, withNote } from "./melody_roll.js";

const BAR = 96; // ticks
const LETTERS = ["A", "B", "C", "D"];
const PART_COLOURS = ["part-0", "part-3", "part-2", "part-1"]; // neighbours are near in hue, so that the middle is not all grey
const PIANO = "KeyA KeyW KeyS KeyE KeyD KeyF KeyT KeyG KeyY KeyH KeyU KeyJ KeyK KeyO KeyL KeyP Semicolon".split(" "); // by place, whatever the letters are
const LOWEST_KEY = 60; // the pitch of the key A
const CLICK = 76; // the pitch that stands for the metronome
const UNDO = "M8 4v4h6a5 5 0 0 1 0 10H7v-2.5h7a2.5 2.5 0 0 0 0-5H8v4L2.5 9z";
const REDO = "M16 4v4h-6a5 5 0 0 0 0 10h7v-2.5h-7a2.5 2.5 0 0 1 0-5h6v4L21.5 9z";
const BIN = "M9 3h6l1 2h4v2H4V5h4zM6 8.5h12L17 21H7z";

/** @typedef {{ name: string, notes: number[][], bpm: number, program: number, key: string }} Melody */

/**
 * A melody whose bar k is bar k of the k-th one, counted round and round; as `join_bars` does it.
 * @param {Note[][]} melodies @returns {Note[]}
 */
export function joinBars(melodies) {
  const notes = /** @type {Note[]} */ ([]);
  let held = /** @type {Map<number, Note>} */ (new Map()); // pitch -> the note that is held over the bar line
  melodies.forEach((melody, bar) => {
    const start = (bar % 4) * BAR;
    const over = new Map();
    for (const note of melody) {
      const [first, last] = [Math.max(note.onset, start), Math.min(note.onset + note.duration, start + BAR)];
      if (first >= last) continue;
      let joined = note.onset < start ? held.get(note.pitch) : undefined;
      if (!joined) notes.push((joined = { ...note, onset: first - start + bar * BAR, duration: 0 }));
      joined.duration += last - first;
      if (note.onset + note.duration > start + BAR) over.set(note.pitch, joined);
    }
    held = over;
  });
  return notes.sort((a, b) => a.onset - b.onset || a.pitch - b.pitch);
}

/** Where on a path somebody is who has walked a share of it. @param {number[][]} path @param {number} share 0 to 1 */
function pointAt(path, share) {
  const lengths = path.slice(1).map((to, i) => Math.hypot(to[0] - path[i][0], to[1] - path[i][1]));
  let rest = share * lengths.reduce((a, b) => a + b, 0);
  let leg = 0;
  while (leg < lengths.length - 1 && lengths[leg] < rest) rest -= lengths[leg++];
  const part = lengths[leg] ? Math.min(1, rest / lengths[leg]) : 0;
  const [from, to] = [path[leg], path[Math.min(leg + 1, path.length - 1)]];
  return [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])];
}

/** The cell that each bar comes from when a path is walked through; as `path_to_cells`. @param {number[][]} path @param {number} bars @param {number} size */
export function pathToCells(path, bars, size) {
  return Array.from({ length: bars }, (_, bar) => {
    const [x, y] = pointAt(path, bar / Math.max(1, bars - 1));
    return Math.floor(y + 0.5) * size + Math.floor(x + 0.5);
  });
}

/** A metronome's click, as a sample. @returns {Sample} */
function click() {
  const buffer = new AudioBuffer({ length: 2205, sampleRate: 44100 });
  buffer.getChannelData(0).forEach((_, i, wave) => (wave[i] = 0.5 * Math.sin(i / 5) * Math.exp(-i / 300)));
  return { pitch: CLICK, buffer, lead: 0, holds: false };
}

/** @param {string} name @param {Record<string, string | number>} attributes */
function svg(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** @param {RenderContext} context */
function render({ model, el, experimental: { invoke } }) {
  const gone = new AbortController();
  const hidden = (/** @type {string} */ name) => model.get("hide").includes(name);
  let info = model.get("info");
  const { size } = info;
  const all = size * size;
  let melodies = /** @type {Note[][]} */ ([]); // of the cells, row by row, then of the corners as entered
  let at = /** @type {number[]} */ (model.get("puck"));
  let path = /** @type {number[][]} */ (model.get("path"));
  let editing = -1; // the corner that is drawn in
  let auditioned = -1; // the saved melody that is heard
  let isDrawing = false; // is the path tool taken up?
  let arranged = /** @type {Note[][]} */ ([]); // what the transport plays: the melody that each bar comes from
  let recording = false;
  const held = /** @type {Map<number, { tick: number, lift: () => void }>} */ (new Map());
  const transport = new Transport([], { programs: [0, DRUMS], length: 4 * BAR, bpm: model.get("bpm"), onChange: show });

  const save = (/** @type {string} */ trait, /** @type {unknown} */ value) => {
    model.set(trait, value);
    model.save_changes();
  };
  const cellAt = (/** @type {number[]} */ [x, y]) => Math.floor(y + 0.5) * size + Math.floor(x + 0.5);
  const cornerPoint = (/** @type {number} */ corner) => [(corner % 2) * (size - 1), Math.floor(corner / 2) * (size - 1)];
  const isWalking = () => model.get("walking") && path.length > 0;
  /** The shares of the four corners in a cell. @param {number} cell */
  function sharesOf(cell) {
    const [x, y] = [(cell % size) / (size - 1), Math.floor(cell / size) / (size - 1)];
    return [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y];
  }

  // ---- sound ----

  const fetchPack = packsFrom(invoke, el);
  let ready = false;
  async function loadInstrument() {
    const program = model.get("program");
    const pack = await loadPack(program, fetchPack);
    if (program !== model.get("program")) return;
    Object.assign(transport, { programs: [program, DRUMS], packs: [pack, [click()]] });
    ready = true;
  }

  /** @returns {Promise<boolean>} */
  async function sounding() {
    openSound(); // within the gesture
    if (ready) return true;
    root.setAttribute("aria-busy", "true");
    try {
      await loadInstrument();
    } catch (error) {
      say(/** @type {Error} */ (error).message, true);
    }
    root.removeAttribute("aria-busy");
    return ready && !gone.signal.aborted;
  }

  /** The melody that each bar of what is wanted comes from. */
  function wanted() {
    if (isWalking()) return pathToCells(path, model.get("path_bars"), size).map((cell) => melodies[cell]);
    return Array(4).fill(melodies[editing < 0 ? cellAt(at) : all + editing]);
  }

  /** The bar that is being played, counted on the audio clock and not by the ear. */
  function barNow() {
    const ahead = (openSound().context.outputLatency || 0) * transport.rate;
    return Math.floor(((transport.tick + ahead) % transport.length) / BAR);
  }

  /**
   * Give the transport what is wanted: at once, in time, or from the next bar line on.
   * @param {boolean} atOnce @param {(tick: number) => number} [move]
   */
  function conduct(atOnce, move) {
    if (auditioned >= 0) {
      const notes = model.get("saved")[auditioned].notes.map((/** @type {number[]} */ [onset, duration, pitch, velocity]) => ({ onset, duration, pitch, velocity, part: 0 }));
      const length = BAR * Math.max(4, Math.ceil(Math.max(0, ...notes.map((/** @type {Note} */ n) => n.onset + n.duration)) / BAR));
      arranged = [];
      return transport.switchNotes(notes, length, [0, length], () => 0);
    }
    const next = wanted();
    const keeps = !atOnce && transport.playing && arranged.length === next.length;
    if (keeps) {
      const bar = barNow();
      next[bar] = arranged[bar];
    }
    arranged = next;
    const length = next.length * BAR;
    const notes = joinBars(next);
    if (recording) for (let onset = 0; onset < length; onset += 24) notes.push({ onset, duration: 6, pitch: CLICK, velocity: onset % BAR ? 60 : 110, part: 1 });
    notes.sort((a, b) => a.onset - b.onset);
    if (keeps) transport.setNotes(notes, length);
    else transport.switchNotes(notes, length, [0, length], move ?? ((tick) => tick % length));
  }

  /** What was to change at a bar line that is over now. */
  function settle() {
    if (!transport.playing || auditioned >= 0 || isWalking()) return;
    const next = wanted();
    const bar = barNow();
    if (arranged.some((melody, i) => i !== bar && melody !== next[i])) conduct(false);
  }

  async function toggle() {
    if (recording) return record();
    if (transport.playing) return transport.pause();
    if (!(await sounding())) return;
    conduct(true);
    transport.play();
  }

  /** Play from the beginning, whatever was there before. */
  async function start() {
    if (!(await sounding())) return;
    conduct(true, () => 0);
    if (transport.playing) return;
    transport.at = 0;
    transport.play();
  }

  // ---- the puck and the path ----

  let isStarting = false; // are the samples on their way?
  /**
   * @param {number} x @param {number} y cells @param {"drag" | "key" | "told"} how
   */
  function movePuck(x, y, how) {
    const leaves = isWalking() || auditioned >= 0 || editing >= 0;
    const before = cellAt(at);
    at = [within(0, x, size - 1), within(0, y, size - 1)];
    stopEditing();
    auditioned = -1;
    if (model.get("walking")) save("walking", false);
    const same = cellAt(at) === before && !leaves;
    if (transport.playing && !same) conduct(leaves || (how === "drag" && model.get("follow") === "drag"));
    if (!transport.playing && how === "drag" && !isStarting) {
      isStarting = true;
      void start().finally(() => (isStarting = false));
    }
    if (!same) describe();
    show();
    if (!same) engrave();
  }

  /** @param {PointerEvent} event */
  function pointOf(event) {
    const box = canvas.getBoundingClientRect();
    const cell = box.width / size;
    return [within(0, (event.clientX - box.left) / cell - 0.5, size - 1), within(0, (event.clientY - box.top) / cell - 0.5, size - 1)];
  }

  /** @param {PointerEvent} event */
  function onPointer(event) {
    if (event.button) return;
    stage.focus({ preventScroll: true });
    stage.setPointerCapture(event.pointerId);
    const draws = !hidden("path") && (isDrawing || event.shiftKey);
    let last = pointOf(event);
    if (draws) path = [last];
    else movePuck(last[0], last[1], "drag");
    const far = (/** @type {number[]} */ point) => Math.hypot(point[0] - last[0], point[1] - last[1]) > 0.2;
    stage.onpointermove = (/** @type {PointerEvent} */ move) => {
      const point = pointOf(move);
      if (!draws) return movePuck(point[0], point[1], "drag");
      if (!far(point) || path.length >= 400) return;
      path.push((last = point));
      showOverlay();
    };
    stage.onpointerup = stage.onpointercancel = () => {
      stage.onpointermove = stage.onpointerup = stage.onpointercancel = null;
      if (draws) walk(path);
      else save("puck", at);
    };
  }

  /** @param {number[][]} points */
  function walk(points) {
    stopEditing();
    [path, auditioned, isDrawing] = [points, -1, false];
    const wasWalking = isWalking();
    model.set("path", path);
    save("walking", true);
    if (transport.playing) conduct(true, (tick) => (wasWalking ? 0 : tick % BAR)); // in time, but from the beginning
    else void start();
    say(`A walk of ${model.get("path_bars")} bars along the path`);
    describe();
    show();
    engrave();
  }

  function clearPath() {
    path = [];
    model.set("walking", false);
    save("path", path);
    conduct(true);
    describe();
    show();
    engrave();
  }

  // ---- corners ----

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  let unsent = false; // is there a drawing that the kernel does not know?
  function send() {
    clearTimeout(waiting);
    if (!unsent) return;
    unsent = false;
    const notes = melodies[all + editing].map(({ onset, duration, pitch, velocity }) => [onset, duration, pitch, velocity]);
    void tell("put_corner", { corner: editing, source: "drawn", notes });
  }

  /** @param {Note[]} notes */
  function commit(notes) {
    melodies[all + editing] = notes;
    unsent = true;
    clearTimeout(waiting);
    waiting = setTimeout(send, 200); // a held arrow key is one message
    conduct(true);
    describe();
  }

  /** @param {number} corner */
  function edit(corner) {
    const [x, y] = cornerPoint(corner);
    if (editing === corner) return movePuck(x, y, "told");
    movePuck(x, y, "told");
    save("puck", at);
    editing = corner;
    if (transport.playing) conduct(true);
    describe();
    show();
    engrave();
    roll.element.focus({ preventScroll: true });
    say(`Draw in corner ${LETTERS[corner]}: drag to draw or to move, right click to delete. The keys A W S E D … play.`);
  }

  function stopEditing() {
    if (editing < 0) return;
    if (recording) record();
    send();
    editing = -1;
  }

  /** @param {number} p */
  function press(p) {
    if (held.has(p)) return;
    void sounding();
    held.set(p, { tick: transport.tick, lift: ready ? transport.press({ onset: 0, duration: 1, pitch: p, velocity: 90, part: 0 }) : () => {} });
  }

  /** @param {number} p */
  function lift(p) {
    const key = held.get(p);
    held.delete(p);
    key?.lift();
    if (!key || !recording || editing < 0) return;
    const onset = (Math.round(key.tick / 6) * 6) % (4 * BAR);
    const lasts = (transport.tick - key.tick + 4 * BAR) % (4 * BAR);
    const duration = Math.min(Math.max(6, Math.round(lasts / 6) * 6), 4 * BAR - onset);
    commit(withNote(melodies[all + editing], { onset, duration, pitch: p, velocity: 90, part: 0 }));
    describe();
  }

  async function record() {
    recording = !recording;
    if (recording && !(await sounding())) recording = false;
    if (recording) {
      say("Recording: play along with the click on A W S E D F …; what you play is laid on the sixteenths.");
      conduct(true, () => 0);
      if (!transport.playing) {
        transport.at = 0;
        transport.play();
      }
    } else {
      [...held.keys()].forEach(lift);
      conduct(true);
    }
    show();
  }

  // ---- the kernel ----

  let busy = 0;
  /** Ask the kernel for a change; what it makes of it comes back in the traits. @param {string} name @param {object} message */
  async function tell(name, message) {
    busy += 1;
    stage.setAttribute("aria-busy", "true");
    try {
      await ask(invoke, el, name, message);
    } catch (error) {
      if (gone.signal.aborted) return;
      arrive(); // what was not taken is not shown
      say(/** @type {Error} */ (error).message, true);
    }
    busy -= 1;
    if (!busy) stage.removeAttribute("aria-busy");
  }

  let moving = false; // is the kernel decoding for a slider?
  let amounts = /** @type {Record<string, number>} */ ({ ...model.get("amounts") });
  async function move() {
    if (moving) return; // the latest position is sent when the answer is there
    moving = true;
    for (let sent = ""; sent !== JSON.stringify(amounts); ) {
      sent = JSON.stringify(amounts);
      await tell("move", { amounts: JSON.parse(sent) });
      if (gone.signal.aborted) return;
    }
    moving = false;
  }

  const step = (/** @type {string} */ what, message = {}) => {
    send();
    return tell("step", { what, ...message });
  };

  // ---- controls ----

  const status = h("p", { class: "mg-status", role: "status" });
  /** @param {string} text @param {boolean} [trouble] */
  function say(text, trouble = false) {
    status.textContent = text;
    status.classList.toggle("mg-trouble", trouble);
  }

  /** @param {string} label @param {() => void} onclick @param {string} [path] @param {string} [title] */
  const button = (label, onclick, path, title = label) =>
    h("button", { class: `mg-button${path ? " mg-icon" : ""}`, type: "button", "aria-label": path ? label : null, title, onclick }, path ? icon(path) : label);
  const playButton = h("button", { class: "mg-play", type: "button", onclick: toggle });
  const undoButton = button("Undo", () => void step("undo"), UNDO, "Undo (Ctrl Z)");
  const redoButton = button("Redo", () => void step("redo"), REDO, "Redo (Ctrl Y)");
  const pathButton = button("Draw a path", () => { isDrawing = !isDrawing; show(); }, "", "Draw a path over the plane (or drag with Shift)");
  const walkButton = button("Walk it", () => walk(path), "", "Play along the path from its beginning");
  const clearButton = button("Clear", clearPath, "", "Take the path away");
  const barsMenu = h("select", { "aria-label": "Bars of the walk", onchange: () => { save("path_bars", Number(barsMenu.value)); conduct(true); describe(); engrave(); } },
    ...[4, 8, 12, 16, 24, 32].map((n) => h("option", { value: n }, `${n} bars`)));
  const randomButton = button("Random point", () => void step("random"));
  const followMenu = h("select", { "aria-label": "When a dragged puck is heard", onchange: () => save("follow", followMenu.value) },
    h("option", { value: "drag" }, "at once"), h("option", { value: "bar" }, "at the bar line"));
  const tempo = h("input", { type: "range", min: 40, max: 220, "aria-label": "Tempo, quarter notes a minute", oninput: () => save("bpm", Number(tempo.value)) });
  const tempoText = h("output", { class: "mg-bpm" });
  const instrument = instrumentMenu(model, "Instrument", (program) => save("program", program));
  instrument.querySelector(`option[value="${DRUMS}"]`)?.remove(); // a melody needs pitches
  const sheet = h("div", { class: "mg-sheet", role: "img", "aria-label": "Notation" });
  const sheetButton = h("button", { class: "mg-button", type: "button", "aria-pressed": "true", onclick: () => { sheet.hidden = !sheet.hidden; sheetButton.setAttribute("aria-pressed", String(!sheet.hidden)); engrave(); } }, "Notation");

  const cards = LETTERS.map((letter, corner) => {
    const title = h("span", { class: "mg-card-title" });
    const editButton = button("Edit", () => edit(corner), "", `Draw in corner ${letter}`);
    editButton.setAttribute("aria-label", `Edit corner ${letter}`);
    const menu = h("select", { class: "mg-swap", "aria-label": `Another melody for corner ${letter}`, onchange: () => {
      const [source, index] = menu.value.split(":");
      menu.value = "";
      if (source) void tell("put_corner", { corner, source, index: Number(index) });
    } });
    const element = h("div", { class: "mg-card", style: `--mg-part: var(--mg-${PART_COLOURS[corner]})` },
      h("button", { class: "mg-badge", type: "button", "aria-label": `Go to corner ${letter}`, title: `Go to corner ${letter} (${corner + 1})`, onclick: () => goTo(corner) }, letter), title,
      ...(hidden("editor") ? [] : [editButton]), ...(hidden("corners") ? [] : [menu]));
    return { element, title, editButton, menu };
  });

  const sliders = Object.keys(amounts).map((name) => {
    const input = h("input", { type: "range", min: -info.farthest, max: info.farthest, step: 0.25, "aria-label": name, oninput: () => {
      amounts = { ...amounts, [name]: Number(input.value) };
      showSliders();
      void move();
    } });
    const value = h("output", { class: "mg-value" });
    return { name, input, value, element: h("label", { class: "mg-slide" }, h("span", {}, name), input, value) };
  });
  const levelButton = button("All to 0", () => { amounts = Object.fromEntries(Object.keys(amounts).map((name) => [name, 0])); showSliders(); void move(); });
  function showSliders() {
    for (const { name, input, value } of sliders) {
      input.value = amounts[name];
      value.textContent = `${amounts[name] > 0 ? "+" : ""}${amounts[name]}`.replace("-", "−");
    }
    levelButton.disabled = !Object.values(amounts).some(Boolean);
  }

  const nameBox = h("input", { class: "mg-letters", type: "text", maxlength: 80, placeholder: "a name", "aria-label": "Name of the melody to keep",
    onkeydown: (/** @type {KeyboardEvent} */ event) => { if (event.key === "Enter") keep(); } });
  const keepButton = button("Keep this one", keep, "", "Keep what is heard (S)");
  const list = h("ol", { class: "mg-kept" });
  function keep() {
    void step("save", { name: nameBox.value }).then(() => say(`Kept as ${model.get("saved").at(-1)?.name}`));
    nameBox.value = "";
  }

  function showSaved() {
    const saved = /** @type {Melody[]} */ (model.get("saved"));
    if (auditioned >= saved.length) auditioned = -1;
    list.replaceChildren(...saved.map(({ name }, i) => {
      const box = h("input", { class: "mg-letters", type: "text", maxlength: 80, value: name, "aria-label": `Name of ${name}`, onchange: () => {
        const text = box.value.trim();
        if (text) save("saved", saved.map((one, j) => (j === i ? { ...one, name: text } : one)));
        else box.value = name;
      } });
      const hear = button(`Hear ${name}`, () => { stopEditing(); auditioned = i; void start(); show(); }, PLAY);
      hear.setAttribute("aria-pressed", String(auditioned === i));
      return h("li", {}, hear, box, button(`Delete ${name}`, () => { if (auditioned === i) auditioned = -1; save("saved", saved.filter((_, j) => j !== i)); }, BIN));
    }));
    for (const { menu } of cards) {
      const option = (/** @type {string} */ value, /** @type {string} */ text) => h("option", { value }, text);
      const short = saved.flatMap((one, i) => (one.notes.every(([onset, duration]) => onset + duration <= 4 * BAR) ? [option(`saved:${i}`, one.name)] : []));
      menu.replaceChildren(option("", "Change"), option("corpus", "Another folk tune"), option("prior", "A random melody"), option("here", "What is under the puck"),
        ...(short.length ? [h("optgroup", { label: "Kept" }, ...short)] : []));
    }
  }

  /** @param {number} corner */
  function goTo(corner) {
    const [x, y] = cornerPoint(corner);
    movePuck(x, y, "drag");
    save("puck", at);
  }

  // ---- notation ----

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let engraving;
  let drawn = ""; // what the sheet shows
  function engrave() {
    clearTimeout(engraving);
    if (sheet.hidden || hidden("notation")) return;
    const cell = isWalking() ? null : editing < 0 ? cellAt(at) : all + editing;
    const what = JSON.stringify([cell === null ? wanted() : melodies[cell], sheet.clientWidth]);
    sheet.classList.toggle("mg-stale", what !== drawn);
    if (what === drawn) return;
    engraving = setTimeout(async () => {
      send();
      const { answer } = await ask(invoke, el, "engrave", { cell, width: sheet.clientWidth - 28 }).catch((error) => ({ answer: { pages: [], remark: error.message } }));
      if (gone.signal.aborted) return;
      drawn = what;
      const paper = h("div", { class: "mg-paper" });
      paper.innerHTML = answer.pages.join("");
      sheet.replaceChildren(answer.pages.length ? paper : h("p", { class: "mg-remark" }, answer.remark));
      engrave(); // the puck may be elsewhere by now
    }, 280);
  }

  // ---- what is shown ----

  const canvas = h("canvas", { class: "mg-canvas" });
  const overlay = svg("svg", { class: "mg-overlay", viewBox: `-0.5 -0.5 ${size} ${size}`, "aria-hidden": "true" });
  const heardTile = svg("rect", { class: "mg-heard", width: 0.94, height: 0.94, rx: 0.08 });
  const nextTile = svg("rect", { class: "mg-next", width: 0.94, height: 0.94, rx: 0.08 });
  const cursor = svg("line", { class: "mg-tile-cursor", y1: 0.04, y2: 0.9 });
  const line = svg("polyline", { class: "mg-path" });
  const puck = svg("circle", { class: "mg-puck", r: 0.15 });
  overlay.append(line, heardTile, nextTile, cursor, puck);
  const stage = h("div", { class: "mg-plane", role: "application", tabindex: "0", onpointerdown: onPointer }, canvas, overlay);

  /** @param {number} cell */
  const placeOf = (cell) => `translate(${(cell % size) - 0.47} ${Math.floor(cell / size) - 0.47})`;
  const colour = (/** @type {string} */ name) => getComputedStyle(root).getPropertyValue(`--mg-${name}`).trim();
  /** The mixed colours of the corners, by cell. */
  function mixer() {
    const corners = PART_COLOURS.map((name) => [1, 3, 5].map((i) => parseInt(colour(name).slice(i, i + 2), 16)));
    return (/** @type {number} */ cell, alpha = 1) => {
      const shares = sharesOf(cell);
      const mixed = [0, 1, 2].map((k) => corners.reduce((sum, corner, i) => sum + shares[i] * corner[k], 0));
      const grey = (mixed[0] + mixed[1] + mixed[2]) / 3;
      const vivid = 1 + 1.2 * (1 - Math.max(...shares)); // mixing takes colour away; this gives some back
      return `rgba(${mixed.map((x) => Math.round(within(0, grey + vivid * (x - grey), 255)))}, ${alpha})`;
    };
  }

  /** Draw all the tiles: only needed when the plane or the theme has changed. */
  function drawPlane() {
    const width = stage.clientWidth;
    if (!width) return;
    const ratio = globalThis.devicePixelRatio || 1;
    Object.assign(canvas, { width: width * ratio, height: width * ratio });
    canvas.style.cssText = `width: ${width}px; height: ${width}px`;
    const { pen } = brush(canvas, root);
    const mix = mixer();
    const side = width / size;
    const pitches = melodies.slice(0, all).flat().map((n) => n.pitch);
    const [low, high] = pitches.length ? [pitches.reduce((a, b) => Math.min(a, b)), pitches.reduce((a, b) => Math.max(a, b))] : [60, 72];
    const row = (side - 8) / Math.max(12, high - low + 1);
    for (let cell = 0; cell < all; cell += 1) {
      const [x, y] = [(cell % size) * side, Math.floor(cell / size) * side];
      pen.fillStyle = mix(cell, 0.13);
      pen.beginPath();
      pen.roundRect(x + 1, y + 1, side - 2, side - 2, 5);
      pen.fill();
      pen.fillStyle = mix(cell);
      for (const n of melodies[cell]) pen.fillRect(x + 4 + ((side - 8) * n.onset) / (4 * BAR), y + 4 + (high - n.pitch) * row, Math.max(1, ((side - 8) * n.duration) / (4 * BAR) - 0.5), Math.max(2, row));
    }
  }

  function showOverlay() {
    const { tick, playing } = transport;
    const cell = cellAt(at);
    const walks = isWalking();
    line.setAttribute("points", path.map((point) => point.join(",")).join(" "));
    const walker = walks && playing ? pointAt(path, Math.min(1, tick / BAR / Math.max(1, transport.length / BAR - 1))) : walks ? path[0] : at;
    puck.setAttribute("transform", `translate(${walker})`);
    const bar = Math.min(arranged.length - 1, Math.floor((tick % transport.length) / BAR));
    const sounds = auditioned >= 0 ? -1 : walks ? cellAt(pointAt(path, bar / Math.max(1, arranged.length - 1))) : editing >= 0 ? cell : melodies.indexOf(arranged[bar]);
    const heard = sounds >= 0 && sounds < all ? sounds : cell;
    heardTile.setAttribute("transform", placeOf(heard));
    nextTile.setAttribute("transform", placeOf(cell));
    nextTile.style.display = playing && !walks && heard !== cell ? "" : "none";
    cursor.style.display = playing && auditioned < 0 ? "" : "none";
    const x = 0.05 + (0.84 * (tick % (4 * BAR))) / (4 * BAR);
    cursor.setAttribute("transform", `${placeOf(heard)} translate(${x} 0)`);
  }

  const mixText = h("span", { class: "mg-mix" });
  const rollTitle = h("span", { class: "mg-here" });
  const roll = melodyRoll({
    length: 4 * BAR, bar: BAR, commit, say,
    spelling: () => ({ names: info.spelling, scale: info.scale }),
    touch: (note) => void (ready && transport.touch(note)),
    seek: (tick) => transport.seek(isWalking() ? Math.floor(transport.tick / (4 * BAR)) * 4 * BAR + tick : tick),
  });

  /** Say in words what is under the puck, and show its roll. */
  function describe() {
    const cell = cellAt(at);
    const shares = sharesOf(cell).map((share, i) => [Math.round(100 * share), LETTERS[i]]).filter(([percent]) => percent).map(([percent, letter]) => `${letter} ${percent} %`);
    const moved = Object.entries(model.get("amounts")).filter(([, amount]) => amount).map(([name, amount]) => `${name} ${amount > 0 ? "+" : "−"}${Math.abs(amount)}`);
    const notes = melodies[editing < 0 ? cell : all + editing];
    rollTitle.textContent = editing >= 0 ? `Corner ${LETTERS[editing]}` : auditioned >= 0 ? model.get("saved")[auditioned].name : isWalking() ? "Along the path" : "Under the puck";
    mixText.textContent = editing >= 0 ? `${notes.length} notes` : auditioned >= 0 ? "" : isWalking() ? `${model.get("path_bars")} bars` : [shares.length === 1 && !moved.length ? `${shares[0].split(" ")[0]} as entered` : shares.join(" · "), ...moved].join(" · ");
    stage.setAttribute("aria-label", `Plane of ${size} by ${size} melodies between ${info.names.join(", ")}. The puck is in row ${Math.floor(cell / size) + 1}, column ${(cell % size) + 1}: ${mixText.textContent}. Arrow keys move it.`);
    showRoll();
  }

  let shownMelody = /** @type {unknown} */ (null);
  function showRoll() {
    const bar = Math.floor((transport.tick % Math.max(1, transport.length)) / BAR);
    const notes = auditioned >= 0 ? transport.notes.filter((n) => n.onset < 4 * BAR && !n.part) : editing >= 0 ? melodies[all + editing] : isWalking() ? wanted()[bar] ?? [] : melodies[cellAt(at)];
    if (notes === shownMelody && !unsent) return;
    shownMelody = notes;
    const cell = isWalking() ? pathToCells(path, model.get("path_bars"), size)[bar] ?? 0 : cellAt(at);
    const label = editing >= 0 ? `Piano roll of corner ${LETTERS[editing]}: ${notes.length} notes. Arrow keys move the cursor, Enter draws a note, comma and full stop select one.` : `Piano roll: ${notes.length} notes`;
    roll.show(notes, editing >= 0 ? colour(PART_COLOURS[editing]) : auditioned >= 0 ? colour("part-4") : mixer()(cell), editing >= 0, label);
  }

  let frame = 0;
  function show() {
    cancelAnimationFrame(frame);
    const { playing } = transport;
    const label = playing ? "Pause" : "Play";
    if (playButton.getAttribute("aria-label") !== label) {
      playButton.setAttribute("aria-label", label);
      playButton.title = `${label} (space)`;
      playButton.replaceChildren(icon(playing ? PAUSE : PLAY));
    }
    const [back, forth] = model.get("history");
    undoButton.disabled = !back;
    redoButton.disabled = !forth;
    pathButton.setAttribute("aria-pressed", String(isDrawing));
    stage.classList.toggle("mg-drawing", isDrawing);
    walkButton.disabled = clearButton.disabled = !path.length;
    walkButton.setAttribute("aria-pressed", String(isWalking()));
    cards.forEach(({ editButton }, i) => editButton.setAttribute("aria-pressed", String(editing === i)));
    editTools.hidden = editing < 0;
    recordButton.setAttribute("aria-pressed", String(recording));
    list.querySelectorAll(".mg-icon[aria-pressed]").forEach((/** @type {Element} */ hear, /** @type {number} */ i) => hear.setAttribute("aria-pressed", String(auditioned === i)));
    follow();
  }

  /** Once a frame while it plays. */
  function follow() {
    cancelAnimationFrame(frame);
    settle();
    showOverlay();
    if (isWalking() && transport.playing) showRoll();
    roll.play(transport.playing && transport.tick >= 0 ? transport.tick % (4 * BAR) : -1);
    if (transport.playing) frame = requestAnimationFrame(follow);
  }

  /** The kernel has decoded a plane. */
  function arrive() {
    info = model.get("info");
    const drawing = unsent ? melodies[all + editing] : null; // newer than what the kernel knows
    melodies = Array.from({ length: all + 4 }, () => []);
    for (const note of readNotes(model.get("notes_data"))) melodies[note.part].push({ ...note, part: 0 });
    if (drawing) melodies[all + editing] = drawing;
    cards.forEach(({ title }, i) => {
      title.textContent = info.names[i];
      title.title = info.names[i];
    });
    subtitle.textContent = [info.key, "4 bars of 4/4", `${size} × ${size} melodies`].filter(Boolean).join(" · ");
    if (!moving) amounts = { ...model.get("amounts") };
    showSliders();
    drawPlane();
    if (auditioned < 0) conduct(model.get("follow") === "drag");
    describe();
    show();
    engrave();
  }

  function showTempo() {
    const bpm = model.get("bpm");
    transport.setTempo(bpm);
    tempo.value = bpm;
    tempoText.textContent = `♩ = ${Math.round(bpm)}`;
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const { key, code, shiftKey, ctrlKey, metaKey, altKey } = event;
    const target = /** @type {HTMLElement} */ (event.target);
    const command = ctrlKey || metaKey;
    if (target.matches("select, input") || (target.matches("button") && ["Enter", " "].includes(key))) return;
    const nudge = (/** @type {number} */ x, /** @type {number} */ y) => () => {
      const [column, row] = [cellAt(at) % size, Math.floor(cellAt(at) / size)];
      movePuck(column + x, row + y, "key");
      save("puck", at);
      say(mixText.textContent ?? "");
    };
    /** @type {Record<string, () => unknown>} */
    const keys = command ? { z: () => void step(shiftKey ? "redo" : "undo"), y: () => void step("redo") }
      : { " ": toggle, Escape: () => { const was = editing; stopEditing(); if (was >= 0) { conduct(true); describe(); show(); } } };
    if (command && hidden("undo")) return;
    const white = command || altKey || shiftKey ? -1 : PIANO.indexOf(code);
    if (editing >= 0 && white >= 0) keys[key] = () => event.repeat || press(LOWEST_KEY + white);
    else if (!command) {
      if (target === stage) Object.assign(keys, { ArrowLeft: nudge(-1, 0), ArrowRight: nudge(1, 0), ArrowUp: nudge(0, -1), ArrowDown: nudge(0, 1) });
      if (editing < 0) for (let i = 0; i < 4; i += 1) keys[String(i + 1)] = () => goTo(i);
      if (editing < 0 && !hidden("saved")) keys.s = keep;
    }
    const isForRoll = roll.element.contains(target) && roll.onKey(event);
    const act = isForRoll ? undefined : keys[command ? key.toLowerCase() : key];
    if (!act && !isForRoll) return;
    event.preventDefault();
    event.stopPropagation();
    act?.();
  }

  // ---- put together ----

  const subtitle = h("span", { class: "mg-subtitle" });
  const recordButton = button("Record", () => void record(), "M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14z", "Record on the keys A W S E D F …");
  recordButton.classList.add("mg-record");
  const editTools = h("span", { class: "mg-edit-tools", hidden: true }, recordButton,
    button("Empty", () => { commit([]); describe(); }, "", "Take all notes away"),
    button("Done", () => { stopEditing(); conduct(true); describe(); show(); }, "", "Back to the plane (Esc)"));
  const head = h("div", { class: "mg-head" },
    hidden("title") ? null : h("div", { class: "mg-titles" }, h("span", { class: "mg-title" }, model.get("title")), subtitle),
    h("div", { class: "mg-files" }, ...(hidden("undo") ? [] : [undoButton, redoButton]), hidden("notation") ? null : sheetButton));
  const left = h("div", { class: "mg-latent-left" },
    h("div", { class: "mg-cards" }, cards[0].element, cards[1].element), stage, h("div", { class: "mg-cards" }, cards[2].element, cards[3].element),
    h("div", { class: "mg-bar" }, playButton, hidden("tempo") ? null : h("label", { class: "mg-tempo" }, tempoText, tempo), hidden("instrument") ? null : instrument,
      hidden("download") ? null : button("Download MIDI", () => { send(); void download(invoke, el, "midi", say); }, SAVE, "Download what is heard as MIDI")),
    h("div", { class: "mg-bar" }, ...(hidden("path") ? [] : [pathButton, walkButton, clearButton, barsMenu])),
    h("div", { class: "mg-bar" }, hidden("random") ? null : randomButton, hidden("follow") ? null : h("label", { class: "mg-field" }, "A dragged puck is heard", followMenu)));
  const right = h("div", { class: "mg-latent-right" },
    h("div", { class: "mg-roll-head" }, h("span", { class: "mg-roll-words" }, rollTitle, mixText), editTools), roll.element,
    hidden("notation") ? null : sheet,
    hidden("attributes") || !sliders.length ? null : h("div", { class: "mg-panel" }, h("div", { class: "mg-roll-head" }, h("span", { class: "mg-here" }, "Move the whole plane"), levelButton), ...sliders.map(({ element }) => element)),
    hidden("saved") ? null : h("div", { class: "mg-panel" }, h("div", { class: "mg-checks" }, keepButton, nameBox), list));
  const root = h("section", { class: "mg mg-latent", "aria-label": `Latent explorer: ${model.get("title")}`, "data-lm-suppress-shortcuts": "true", onkeydown: onKey,
    onkeyup: (/** @type {KeyboardEvent} */ { code }) => { const white = PIANO.indexOf(code); if (white >= 0) lift(LOWEST_KEY + white); } },
    head, h("div", { class: "mg-latent-main" }, left, right), status);
  el.append(root);

  const watch = (/** @type {string} */ name, /** @type {() => void} */ change) => {
    model.on(`change:${name}`, change);
    gone.signal.addEventListener("abort", () => model.off(`change:${name}`, change));
  };
  watch("notes_data", arrive);
  watch("history", show);
  watch("remark", () => say(model.get("remark")));
  watch("puck", () => {
    const [x, y] = model.get("puck");
    if (x !== at[0] || y !== at[1]) movePuck(x, y, "told");
  });
  watch("path", () => {
    if (JSON.stringify(model.get("path")) === JSON.stringify(path)) return;
    path = model.get("path");
    if (transport.playing) conduct(true);
    describe();
    show();
    engrave();
  });
  watch("amounts", () => {
    if (!moving) amounts = { ...model.get("amounts") };
    showSliders();
    describe();
  });
  watch("saved", () => {
    showSaved();
    show();
  });
  watch("bpm", showTempo);
  watch("follow", () => (followMenu.value = model.get("follow")));
  watch("path_bars", () => (barsMenu.value = model.get("path_bars")));
  watch("program", () => {
    instrument.value = model.get("program");
    loadInstrument().catch((error) => say(error.message, true));
  });
  globalThis.addEventListener("blur", () => [...held.keys()].forEach(lift), { signal: gone.signal });
  globalThis.addEventListener("pagehide", send, { signal: gone.signal });
  const ticker = setInterval(settle, 500); // no frames come in a hidden tab
  const redraw = () => {
    drawPlane();
    shownMelody = null;
    describe();
    roll.fit();
  };
  const resized = new ResizeObserver(() => {
    redraw();
    engrave();
  });
  resized.observe(root);
  const themed = new MutationObserver(redraw); // the canvases must be painted again when the theme changes
  for (const node of [document.documentElement, document.body]) themed.observe(node, { attributes: true });

  [followMenu.value, barsMenu.value, instrument.value] = [model.get("follow"), model.get("path_bars"), model.get("program")];
  showTempo();
  showSaved();
  arrive();
  say(model.get("remark"));
  loadInstrument().catch(() => {}); // ahead of the first click; a failure is told when somebody wants to hear
  return () => {
    send();
    gone.abort();
    clearTimeout(engraving);
    clearInterval(ticker);
    resized.disconnect();
    themed.disconnect();
    cancelAnimationFrame(frame);
    transport.onChange = () => {};
    transport.close();
  };
}

export default { render, joinBars, pathToCells };
