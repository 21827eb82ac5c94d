// A chorale to erase from, and the filling of its holes, step by step. The page asks for one step after the other, so that Stop works at once.
import { BLACK, GUTTER, RULER, SAVE, Transport, ask, brush, clock, download, drawKeys, h, icon, instrumentMenu, openSound, readNotes } from "./engine.js";
import { Instrument } from "./instrument.js";
import { notationPanel } from "./notation_panel.js";
import { showPlaying, viewOf } from "./view_parts.js";

const CELL = 6; // ticks: a sixteenth
const LANE = 20; // px of a voice's lane
const ROW = 7; // px a semitone
const PACE = 70; // ms that a step is shown at least
const REACH = 3; // semitones from the brush to the note that it erases
const VOICES = ["Soprano", "Alto", "Tenor", "Bass"];
const UNDO = "M8 4v4h6a5 5 0 0 1 0 10H7v-2.5h7a2.5 2.5 0 0 0 0-5H8v4L2.5 9z";
const REDO = "M16 4v4h-6a5 5 0 0 0 0 10h7v-2.5h-7a2.5 2.5 0 0 1 0-5h6v4L21.5 9z";
const UNITS = /** @type {[string, string][]} */ ([["note", "the notes touched"], ["1", "sixteenths"], ["2", "eighths"], ["4", "quarters"], ["bar", "bars"]]);
const HELP = {
  "Arrow keys": "walk over the lanes",
  "Shift + arrows": "select voices and time",
  "Enter, Delete": "erase what is selected",
  R: "restore what is selected",
  F: "fill, and stop",
  S: "one step alone",
  "Space, Home": "play, to the start",
  "Ctrl + Z, Y": "undo, redo",
};

/** @typedef {{ erased: string[], drawn: string[], filled: boolean, words: string, step: number, under_way: boolean, filling: boolean, undo: boolean, redo: boolean, version: number }} Place */
/** @typedef {{ voice: number, cell: number }} Spot */

/** @param {number} low @param {number} value @param {number} high */
const within = (low, value, high) => Math.max(low, Math.min(high, value));
/** Where stretches of truth begin and end. @param {ArrayLike<unknown>} flags @returns {number[][]} */
function runsOf(flags) {
  const runs = /** @type {number[][]} */ ([]);
  for (let i = 0; i < flags.length; i += 1) {
    const last = runs[runs.length - 1];
    if (flags[i] && last?.[1] === i) last[1] += 1;
    else if (flags[i]) runs.push([i, i + 1]);
  }
  return runs;
}
const bitsOf = (/** @type {string[]} */ rows) => rows.map((row) => Uint8Array.from(row, Number));

/** @param {RenderContext} context */
function render({ model, el, experimental: { invoke } }) {
  const gone = new AbortController(); // aborted when the view goes; every listener outside `el` hangs on it
  const { blame, hidden, save, say, status, watch, whenResized, whenThemed } = viewOf(model, gone.signal);
  let info = model.get("info");
  let place = /** @type {Place} */ (model.get("place"));
  let notes = readNotes(model.get("notes_data"));
  let erased = bitsOf(place.erased); // four lanes of cells; ahead of `place` while the brush is down
  let drawn = bitsOf(place.drawn);
  let others = /** @type {Note[] | null} */ (null); // what is heard in place of the chorale as it stands
  let tool = "brush";
  let unit = "note";
  let hear = "now";
  let running = false;
  let stopping = false;
  let cursor = /** @type {Spot} */ ({ voice: 0, cell: 0 });
  let anchor = cursor;
  let frameBox = /** @type {{ from: number[], to: number[] } | null} */ (null); // of a box that is being drawn: x and y
  const transport = new Transport([], { programs: Array(4).fill(model.get("program")), length: info.duration, bpm: info.bpm, onChange: show });

  const count = (/** @type {Uint8Array[]} */ lanes) => lanes.reduce((sum, lane) => sum + lane.reduce((n, cell) => n + cell, 0), 0);
  const many = (/** @type {number} */ n) => `${n} cell${n === 1 ? "" : "s"}`;

  // ---- where the chorale stands ----

  /** @param {Place} next @param {DataView} data */
  function adopt(next, data) {
    if (next.version < place.version) return;
    place = next;
    info = model.get("info");
    notes = readNotes(data);
    erased = bitsOf(place.erased);
    drawn = bitsOf(place.drawn);
    cursor = { ...cursor, cell: within(0, cursor.cell, erased[0].length - 1) };
    if (hear !== "now") void chooseSound(hear);
    refreshSound();
    engrave();
    measure();
    showControls();
  }

  /** Ask the kernel for a change. @param {string} name @param {object} message */
  async function change(name, message) {
    try {
      const { answer, buffers } = await ask(invoke, el, name, message);
      if (gone.signal.aborted) return false;
      adopt(answer.place, buffers[0]);
      return true;
    } catch (error) {
      erased = bitsOf(place.erased);
      blame(error);
      show();
      return false;
    }
  }

  async function putErased() {
    refreshSound();
    show();
    if (running) stop();
    if (await change("put_erased", { erased: erased.map((lane) => [...lane].join("")) })) say(place.words);
  }

  /** @param {string} way */
  async function travel(way) {
    if (running) stop();
    if (await change("travel", { way })) say({ undo: "Undone", redo: "Redone", "start over": "As it came" }[way] ?? "");
  }

  // ---- the filling ----

  const settings = () => ({ n_steps: model.get("n_steps"), temperature: model.get("temperature"), seed: model.get("seed") });

  /** @param {boolean} [single] one step alone */
  async function run(single = false) {
    if (running || place.filling) return single ? undefined : stop();
    if (!count(erased)) return say("Nothing is erased yet. Brush over some notes, or choose a voice.", true);
    running = true;
    stopping = single;
    if (!place.under_way) say("The network reads the chorale…");
    showControls();
    do {
      const began = performance.now();
      if (!(await change("go_on", settings()))) break;
      if (!gone.signal.aborted) say(progressWords());
      if (!stopping && place.under_way) await new Promise((resolve) => setTimeout(resolve, Math.max(0, PACE - performance.now() + began)));
    } while (!stopping && place.under_way && !gone.signal.aborted);
    running = false;
    if (!gone.signal.aborted) showControls();
  }

  function stop() {
    stopping = true;
    if (place.filling) ask(invoke, el, "stop", {}).catch(blame); // a cell fills, with inpainter.fill()
    say(`Stopped. ${progressWords()}`);
    showControls();
  }

  const progressWords = () => (place.step ? `Step ${place.step} of ${Math.max(place.step, model.get("n_steps"))}: ${many(count(drawn))} of ${count(erased)} drawn anew. Seed ${model.get("seed")}.` : place.words);

  function another() {
    save("seed", (model.get("seed") + 1) % 2 ** 31);
    showControls();
    void run();
  }

  // ---- sound ----

  const samples = new Instrument(model, invoke, el, transport);

  async function toggle() {
    if (transport.playing) return transport.pause();
    openSound(); // within the gesture
    root.setAttribute("aria-busy", "true");
    try {
      if (!samples.ready) await samples.load();
      if (!gone.signal.aborted) transport.play();
    } catch (error) {
      blame(error);
    }
    root.removeAttribute("aria-busy");
  }

  /** The notes without what is erased: a hole is silent. @returns {Note[]} */
  const withHoles = () => notes.flatMap((note) => piecesOf(note).filter((piece) => !piece.gone).map(({ from, to }) => ({ ...note, onset: from, duration: to - from })));

  /** A note, cut where erased cells begin and end. @param {Note} note */
  function piecesOf(note) {
    const pieces = /** @type {{ from: number, to: number, gone: boolean }[]} */ ([]);
    const end = note.onset + note.duration;
    for (let from = note.onset; from < end; ) {
      const to = Math.min(end, (Math.floor(from / CELL) + 1) * CELL);
      const isGone = !!erased[note.part]?.[Math.floor(from / CELL)];
      const last = pieces[pieces.length - 1];
      if (last && last.gone === isGone) last.to = to;
      else pieces.push({ from, to, gone: isGone });
      from = to;
    }
    return pieces;
  }

  /** Are there holes, because something is erased that is not filled, or by the brush that is down? */
  const hasHoles = () => !place.filled || erased.some((lane, voice) => lane.some((cell, i) => cell && place.erased[voice][i] === "0"));

  function refreshSound() {
    const list = hear === "now" || !others ? (hasHoles() ? withHoles() : notes) : others;
    transport.setNotes([...list].sort((a, b) => a.onset - b.onset || a.part - b.part), info.duration);
    transport.setTempo(info.bpm);
  }

  /** @param {string} which */
  async function chooseSound(which) {
    hear = which;
    if (which !== "now") {
      try {
        others = readNotes((await ask(invoke, el, "notes_of", { which })).buffers[0]);
      } catch (error) {
        blame(error);
      }
    }
    refreshSound();
    show();
  }

  // ---- the picture ----

  const canvas = h("canvas", { class: "mg-canvas" });
  const spacer = h("div", { class: "mg-spacer" });
  const roll = h("div", { class: "mg-roll mg-inpaint", role: "application", tabindex: "0", onscroll: () => paint() }, canvas, spacer);
  const top = RULER + 4 * LANE + 6; // where the roll begins
  let [low, high] = [48, 72];
  let scale = 1; // px a cell
  let bottom = 0;
  const cells = () => erased[0].length;
  const xOf = (/** @type {number} */ cell) => GUTTER + cell * scale - roll.scrollLeft;
  const yOf = (/** @type {number} */ pitch) => top + (high - pitch) * ROW;
  const laneOf = (/** @type {number} */ voice) => RULER + voice * LANE;
  const barOf = (/** @type {number} */ cell) => Math.floor((cell * CELL - info.pickup) / info.bar) + 1;
  const barCells = (/** @type {number} */ bar) => [within(0, Math.round((info.pickup + (bar - 1) * info.bar) / CELL), cells()), within(0, Math.round((info.pickup + bar * info.bar) / CELL), cells())];

  function measure() {
    const width = roll.clientWidth;
    if (!width) return;
    const pitches = notes.map((note) => note.pitch);
    low = Math.min(low, ...pitches.map((p) => p - 3));
    high = Math.max(high, ...pitches.map((p) => p + 3));
    bottom = yOf(low) + ROW + 2;
    scale = Math.max((width - GUTTER - 6) / cells(), 4.5);
    spacer.style.width = `${GUTTER + cells() * scale + 4}px`;
    const ratio = globalThis.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(bottom * ratio)) {
      Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(bottom * ratio) });
      canvas.style.cssText = `width: ${width}px; height: ${bottom}px`;
    }
    show();
  }

  function paint() {
    const width = roll.clientWidth;
    if (!width || !canvas.clientWidth) return;
    const tools = brush(canvas, root);
    const { pen, colour, fill } = tools;
    const now = transport.tick / CELL;
    fill("ground", 0, 0, width, bottom);
    for (let p = low; p <= high; p += 1) if (BLACK.includes(p % 12)) fill("black-row", GUTTER, yOf(p), width, ROW);
    const holes = hasHoles();
    for (const [from, to] of runsOf(Array.from({ length: cells() }, (_, cell) => erased.every((lane) => lane[cell])))) fill("soft", xOf(from), top, (to - from) * scale, bottom); // no voice is left
    for (let tick = info.pickup % info.bar; tick <= cells() * CELL; tick += info.bar) fill("bar-line", Math.round(xOf(tick / CELL)), RULER, 1, bottom);
    paintNotes(tools, holes, now);
    paintLanes(tools);
    if (frameBox) {
      const { from, to } = frameBox;
      pen.strokeStyle = colour("accent");
      pen.lineWidth = 1.5;
      pen.setLineDash([5, 3]);
      pen.strokeRect(from[0], from[1], to[0] - from[0], to[1] - from[1]);
      pen.setLineDash([]);
    }
    if (transport.playing || transport.at) fill("now", xOf(now) - 1, 0, 2, bottom);
    fill("ruler", 0, 0, width, RULER);
    pen.fillStyle = colour("faint");
    const every = Math.ceil(28 / ((info.bar / CELL) * scale));
    for (let bar = 1; info.pickup + (bar - 1) * info.bar < cells() * CELL; bar += every) pen.fillText(String(bar), xOf((info.pickup + (bar - 1) * info.bar) / CELL) + 4, RULER / 2 + 1);
    fill("ruler", 0, 0, GUTTER, bottom);
    pen.save();
    pen.beginPath();
    pen.rect(0, top, GUTTER, bottom);
    pen.clip();
    drawKeys(tools, low, high, yOf, ROW, bottom);
    pen.restore();
    pen.font = `700 13px ${getComputedStyle(root).fontFamily}`;
    VOICES.forEach((name, voice) => {
      pen.fillStyle = colour(`part-${voice}`);
      pen.fillText(name[0], 15, laneOf(voice) + LANE / 2 + 1);
    });
    fill("bar-line", GUTTER - 1, 0, 1, bottom);
  }

  /** @param {ReturnType<typeof brush>} tools @param {boolean} holes @param {number} now */
  function paintNotes({ pen, colour }, holes, now) {
    for (const note of notes) {
      for (const { from, to, gone: isGone } of piecesOf(note)) {
        const [begin, end] = [from / CELL, to / CELL];
        const x = xOf(begin) + 0.5;
        const wide = Math.max(2.5, (end - begin) * scale - 1);
        if (x > roll.clientWidth || x + wide < GUTTER) continue;
        const heard = transport.playing && hear === "now" && now >= begin && now < end && !(holes && isGone);
        pen.beginPath();
        pen.roundRect(x, yOf(note.pitch) + 0.5, wide, ROW - 1, 2.5);
        pen.fillStyle = pen.strokeStyle = heard ? colour("now") : colour(`part-${note.part % 6}`);
        if (holes && isGone) { // what was there, as a ghost
          pen.globalAlpha = 0.6;
          pen.lineWidth = 1;
          pen.setLineDash([2, 2]);
          pen.stroke();
          pen.setLineDash([]);
          pen.globalAlpha = 1;
          continue;
        }
        pen.fill();
        if (!isGone) continue;
        const fresh = place.under_way && drawn[note.part].slice(Math.floor(begin), Math.ceil(end)).some(Boolean);
        pen.lineWidth = fresh ? 2.6 : 1.1; // what the network wrote has a rim
        pen.strokeStyle = colour("ink");
        pen.stroke();
      }
    }
  }

  /** @param {ReturnType<typeof brush>} tools */
  function paintLanes({ pen, colour, fill }) {
    fill("ground", 0, RULER, roll.clientWidth, top - RULER);
    erased.forEach((lane, voice) => {
      const y = laneOf(voice);
      fill("black-row", GUTTER, y + 2, cells() * scale - roll.scrollLeft, LANE - 4);
      pen.globalAlpha = hasHoles() ? 0.4 : 0.75;
      for (const [from, to] of runsOf(lane)) fill(`part-${voice}`, xOf(from), y + 2, (to - from) * scale, LANE - 4);
      pen.globalAlpha = 1;
      if (place.under_way) for (const [from, to] of runsOf(drawn[voice])) fill("ink", xOf(from), y + 7, (to - from) * scale, LANE - 14);
    });
    for (let tick = info.pickup % info.bar; tick <= cells() * CELL; tick += info.bar) fill("bar-line", Math.round(xOf(tick / CELL)), RULER, 1, 4 * LANE);
    if (document.activeElement !== roll) return;
    const [from, to] = selection();
    pen.strokeStyle = colour("accent");
    pen.lineWidth = 2;
    pen.strokeRect(xOf(from.cell), laneOf(from.voice) + 1, (to.cell + 1 - from.cell) * scale, (to.voice + 1 - from.voice) * LANE - 2);
  }

  // ---- brush, box and keys ----

  const selection = () => [{ voice: Math.min(cursor.voice, anchor.voice), cell: Math.min(cursor.cell, anchor.cell) }, { voice: Math.max(cursor.voice, anchor.voice), cell: Math.max(cursor.cell, anchor.cell) }];

  /** The cells that one touch takes: the note, or the stretch of the grid. @param {number} voice @param {number} cell @returns {number[]} */
  function reachOf(voice, cell) {
    if (unit === "bar") return barCells(barOf(cell));
    if (unit !== "note") {
      const size = Number(unit);
      const shift = Math.round(info.pickup / CELL) % size;
      const from = Math.floor((cell - shift) / size) * size + shift;
      return [within(0, from, cells()), within(0, from + size, cells())];
    }
    const tick = cell * CELL;
    const own = notes.filter((note) => note.part === voice);
    const found = own.find((note) => note.onset < tick + CELL && note.onset + note.duration > tick);
    if (found) return [Math.floor(found.onset / CELL), Math.ceil((found.onset + found.duration) / CELL)];
    const before = own.findLast((note) => note.onset + note.duration <= tick);
    const after = own.find((note) => note.onset >= tick + CELL); // a rest, from note to note
    return [before ? Math.ceil((before.onset + before.duration) / CELL) : 0, after ? Math.floor(after.onset / CELL) : cells()];
  }

  /** @param {number} voice @param {number} cell @param {number} value 1 erases, 0 restores */
  function touch(voice, cell, value) {
    if (cell < 0 || cell >= cells()) return;
    const [from, to] = reachOf(voice, cell);
    erased[voice].fill(value, from, to);
  }

  /** @param {PointerEvent} event */
  function spotOf(event) {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const cell = within(0, Math.floor((x - GUTTER + roll.scrollLeft) / scale), cells() - 1);
    const inLanes = y < top - 3;
    return { x, y, cell, inLanes, voice: inLanes ? within(0, Math.floor((y - RULER) / LANE), 3) : -1, pitch: high - Math.floor((y - top) / ROW) };
  }

  /** The voice whose note lies nearest to a pitch, if it lies near enough. @param {number} cell @param {number} pitch */
  function voiceNear(cell, pitch) {
    const near = notes.filter((note) => note.onset < (cell + 1) * CELL && note.onset + note.duration > cell * CELL && Math.abs(note.pitch - pitch) <= REACH);
    near.sort((a, b) => Math.abs(a.pitch - pitch) - Math.abs(b.pitch - pitch));
    return near.length ? near[0].part : -1;
  }

  /** @param {PointerEvent} event */
  function onPointer(event) {
    if (event.button) return;
    const start = spotOf(event);
    roll.focus({ preventScroll: true });
    if (start.y < RULER) {
      const seek = (/** @type {PointerEvent} */ move) => transport.seek(spotOf(move).cell * CELL);
      seek(event);
      return follow(event, seek, () => {});
    }
    const value = tool === "restore" || event.altKey ? 0 : 1;
    let last = start;
    const stroke = (/** @type {PointerEvent} */ move) => {
      const here = spotOf(move);
      const steps = Math.max(1, Math.abs(here.cell - last.cell), Math.abs(here.y - last.y) / ROW);
      for (let i = 0; i <= steps; i += 1) {
        const cell = Math.round(last.cell + ((here.cell - last.cell) * i) / steps);
        const pitch = Math.round(last.pitch + ((here.pitch - last.pitch) * i) / steps);
        const voice = start.inLanes ? (here.inLanes ? here.voice : start.voice) : voiceNear(cell, pitch);
        if (voice >= 0) {
          touch(voice, cell, value);
          cursor = anchor = { voice, cell };
        }
      }
      last = here;
      refreshSound();
      show();
    };
    if (tool !== "box") {
      stroke(event);
      return follow(event, stroke, () => void putErased());
    }
    const before = erased.map((lane) => lane.slice());
    const box = (/** @type {PointerEvent} */ move) => {
      const here = spotOf(move);
      frameBox = { from: [start.x, start.y], to: [here.x, here.y] };
      erased = before.map((lane) => lane.slice());
      const [a, b] = [Math.min(start.cell, here.cell), Math.max(start.cell, here.cell)];
      if (start.inLanes) for (let voice = Math.min(start.voice, Math.max(here.voice, 0)); voice <= Math.max(start.voice, here.inLanes ? here.voice : 3); voice += 1) for (let cell = a; cell <= b; cell += 1) touch(voice, cell, value);
      else for (const note of notes) {
        if (note.pitch > Math.max(start.pitch, here.pitch) || note.pitch < Math.min(start.pitch, here.pitch)) continue;
        for (let cell = Math.max(a, Math.floor(note.onset / CELL)); cell <= Math.min(b, Math.ceil((note.onset + note.duration) / CELL) - 1); cell += 1) touch(note.part, cell, value);
      }
      cursor = { voice: Math.max(start.voice, here.voice, 0), cell: b };
      anchor = { voice: start.inLanes ? start.voice : 0, cell: a };
      show();
    };
    box(event);
    follow(event, box, () => {
      frameBox = null;
      void putErased();
    });
  }
  canvas.addEventListener("pointerdown", onPointer);

  /** Follow the pointer until it is let go. @param {PointerEvent} down @param {(move: PointerEvent) => void} onMove @param {() => void} onUp */
  function follow(down, onMove, onUp) {
    canvas.setPointerCapture(down.pointerId);
    canvas.onpointermove = onMove;
    canvas.onpointerup = canvas.onpointercancel = () => {
      canvas.onpointermove = canvas.onpointerup = canvas.onpointercancel = null;
      onUp();
      show();
    };
  }

  /** Erase or restore whole cells, whatever the unit. @param {number[]} voices @param {number} from @param {number} to @param {number} value */
  function mark(voices, from, to, value) {
    for (const voice of voices) erased[voice].fill(value, from, to);
    void putErased();
  }
  const all = [0, 1, 2, 3];

  /** @param {number} value */
  function markSelection(value) {
    const [from, to] = selection();
    mark(all.slice(from.voice, to.voice + 1), from.cell, to.cell + 1, value);
  }

  function eraseBars() {
    const [from, to] = selection();
    const [first, last] = [barOf(from.cell), barOf(to.cell)];
    mark(all, barCells(first)[0], barCells(last)[1], 1);
  }

  const words = (/** @type {Spot} */ { voice, cell }) => `${VOICES[voice]}, bar ${barOf(cell)}, beat ${+((((cell * CELL - info.pickup + info.bar) % info.bar) / info.beat) + 1).toFixed(2)}`;
  function selectionWords() {
    const [from, to] = selection();
    return from.voice === to.voice && from.cell === to.cell ? words(from) : `${words(from)}, to ${words(to)}: ${many((to.voice + 1 - from.voice) * (to.cell + 1 - from.cell))}`;
  }

  /** @param {number} across @param {number} down @param {boolean} far keeps the other end of the selection */
  function walk(across, down, far) {
    const step = unit === "bar" ? Math.round(info.bar / CELL) : unit === "note" ? Math.round(info.beat / CELL) : Number(unit);
    cursor = { voice: within(0, cursor.voice + down, 3), cell: within(0, cursor.cell + across * step, cells() - 1) };
    if (!far) anchor = cursor;
    const x = xOf(cursor.cell);
    if (x < GUTTER || x > roll.clientWidth - 30) roll.scrollLeft += x - roll.clientWidth / 2;
    const erasedHere = erased[cursor.voice][cursor.cell] ? (hasHoles() ? ", erased" : ", filled") : "";
    say(selectionWords() + erasedHere);
    show();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const command = event.ctrlKey || event.metaKey;
    if (target.matches("select, input") || event.altKey || (target.matches("button") && [" ", "Enter"].includes(event.key))) return;
    const far = event.shiftKey;
    /** @type {Record<string, () => unknown>} */
    const keys = command
      ? { z: () => travel(far ? "redo" : "undo"), y: () => travel("redo"), a: () => { anchor = { voice: 0, cell: 0 }; cursor = { voice: 3, cell: cells() - 1 }; say(selectionWords()); show(); } }
      : { arrowleft: () => walk(-1, 0, far), arrowright: () => walk(1, 0, far), arrowup: () => walk(0, -1, far), arrowdown: () => walk(0, 1, far), enter: () => markSelection(1), delete: () => markSelection(1), backspace: () => markSelection(1),
          r: () => markSelection(0), f: () => run(), s: () => run(true), " ": toggle, home: () => transport.seek(0), escape: () => { anchor = cursor; show(); } };
    const act = keys[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    void act();
  }

  // ---- controls ----

  /** @param {string} label @param {() => unknown} onclick @param {string} [path] @param {string} [tip] */
  const button = (label, onclick, path, tip = label) =>
    h("button", { class: `mg-button${path ? " mg-icon" : ""}`, type: "button", "aria-label": path ? label : null, title: tip, onclick }, path ? icon(path) : label);
  /** @param {string} label @param {[string, string][]} options @param {(value: string) => void} choose */
  function menu(label, options, choose) {
    const select = h("select", { "aria-label": label, onchange: () => choose(select.value) }, ...options.map(([value, text]) => h("option", { value }, text)));
    return select;
  }
  /** @param {string} name the part of `hide` @param {string} text @param {...any} controls */
  const field = (name, text, ...controls) => (hidden(name) ? null : h("label", { class: "mg-field" }, text, ...controls));

  const tools = [["brush", "Brush"], ["box", "Box"], ["restore", "Restore"]].map(([name, label]) => h("button", { class: "mg-tab", type: "button", onclick: () => { tool = name; showControls(); } }, label));
  const unitMenu = menu("What a touch takes", UNITS, (value) => (unit = value));
  const voiceButtons = VOICES.map((name, voice) => {
    const made = button(name[0], () => mark([voice], 0, cells(), 1), "", `Erase the whole ${name.toLowerCase()}`);
    made.setAttribute("aria-label", `Erase the whole ${name.toLowerCase()}`);
    made.classList.add("mg-flag");
    made.style.color = `var(--mg-part-${voice})`;
    return made;
  });
  const barsButton = button("These bars", eraseBars, "", "Erase all voices in the bars of the last touch or selection");
  const everything = button("Everything", () => mark(all, 0, cells(), 1), "", "Erase the whole chorale");
  const nothing = button("Nothing", () => mark(all, 0, cells(), 0), "", "Restore all that is erased");
  const fillButton = h("button", { class: "mg-button mg-fill", type: "button", onclick: () => run() });
  const stepButton = button("Step", () => run(true), "", "One step of the filling (S)");
  const anotherButton = button("Another", another, "", "Fill anew with the next seed");
  const progress = h("div", { class: "mg-progress", role: "progressbar", "aria-label": "Steps of the filling", "aria-valuemin": 0 }, h("div"));
  const slider = (/** @type {string} */ label, /** @type {string} */ trait, /** @type {object} */ limits) => {
    const input = h("input", { type: "range", "aria-label": label, ...limits, oninput: () => { save(trait, Number(input.value)); showControls(); } });
    return input;
  };
  const steps = slider("Steps", "n_steps", { min: 1, max: 256 });
  const stepsText = h("output", { class: "mg-bpm" });
  const temperature = slider("Temperature", "temperature", { min: 0, max: 2, step: 0.05 });
  const temperatureText = h("output", { class: "mg-bpm" });
  const seed = h("input", { class: "mg-seed", type: "number", min: 0, "aria-label": "Seed", onchange: () => { if (Number.isInteger(Number(seed.value)) && Number(seed.value) >= 0 && seed.value !== "") save("seed", Math.min(Number(seed.value), 2 ** 31 - 1)); showControls(); } });
  const playButton = h("button", { class: "mg-play", type: "button", onclick: toggle });
  const time = h("span", { class: "mg-time" });
  const hearMenu = menu("Hear", [["now", "as it is now"], ["before", "before the filling"], ["original", "as it came"]], (value) => void chooseSound(value));
  const instrument = instrumentMenu(model, "Instrument", (program) => save("program", program));
  const undoButton = button("Undo", () => travel("undo"), UNDO, "Undo (Ctrl Z)");
  const redoButton = button("Redo", () => travel("redo"), REDO, "Redo (Ctrl Y)");
  const resetButton = button("As it came", () => travel("start over"), "", "The chorale of the beginning; this can be undone");
  const help = h("dl", { class: "mg-help", hidden: true }, ...Object.entries(HELP).map(([keys, what]) => h("div", {}, h("dt", {}, keys), h("dd", {}, what))));
  const helpButton = button("?", () => { help.hidden = !help.hidden; helpButton.setAttribute("aria-expanded", String(!help.hidden)); }, "", "Keys");
  helpButton.setAttribute("aria-label", "Keys");
  const delay = () => (running || place.filling ? 1200 : 150); // ms: between two steps there is no time for it
  const { sheet, sheetButton, engrave } = notationPanel("Notation of the chorale as it stands", invoke, el, gone.signal, delay);

  // ---- what is shown ----

  const subtitle = h("span", { class: "mg-subtitle" });
  function showControls() {
    const busy = (running && !stopping) || place.filling;
    fillButton.textContent = busy ? "Stop" : place.under_way ? "Go on" : place.step ? "Fill again" : "Fill";
    fillButton.title = busy ? "Stop after this step (F)" : "Fill what is erased (F)";
    fillButton.setAttribute("aria-pressed", String(busy));
    stepButton.disabled = anotherButton.disabled = busy;
    tools.forEach((made, i) => made.setAttribute("aria-pressed", String(["brush", "box", "restore"][i] === tool)));
    undoButton.disabled = !place.undo;
    redoButton.disabled = !place.redo;
    steps.value = model.get("n_steps");
    stepsText.textContent = String(model.get("n_steps"));
    temperature.value = model.get("temperature");
    temperatureText.textContent = model.get("temperature").toFixed(2);
    if (document.activeElement !== seed) seed.value = model.get("seed");
    const most = Math.max(model.get("n_steps"), place.step);
    progress.firstChild.style.width = `${(100 * place.step) / most}%`;
    progress.setAttribute("aria-valuemax", String(most));
    progress.setAttribute("aria-valuenow", String(place.step));
    subtitle.textContent = info.subtitle;
    show();
  }

  let frame = 0;
  function show() {
    cancelAnimationFrame(frame);
    showPlaying(playButton, transport.playing);
    const n = count(erased);
    roll.setAttribute("aria-label", `Four voices, ${cells()} sixteenths; ${n ? `${many(n)} ${hasHoles() ? "erased" : "filled"}` : "nothing erased"}. At ${words(cursor)}. Arrow keys walk, Shift selects, Enter erases, F fills.`);
    animate();
  }
  function animate() {
    const { tick, playing, rate } = transport;
    time.textContent = `${clock(tick / rate)} / ${clock(info.duration / rate)}`;
    if (playing) {
      const x = xOf(tick / CELL);
      if (x > roll.clientWidth - 40 || x < GUTTER) roll.scrollLeft += x - GUTTER - 60;
      frame = requestAnimationFrame(animate);
    }
    paint();
  }

  // ---- put together ----

  const head = h("div", { class: "mg-head" }, hidden("title") ? null : h("div", { class: "mg-titles" }, h("span", { class: "mg-title" }, model.get("title")), subtitle),
    hidden("undo") ? null : h("div", { class: "mg-files" }, undoButton, redoButton, resetButton));
  const eraseBar = h("div", { class: "mg-bar mg-tools" }, hidden("tools") ? null : h("div", { class: "mg-tabs", role: "group", "aria-label": "Tool" }, ...tools), field("unit", "takes", unitMenu),
    hidden("whole") ? null : h("span", { class: "mg-field", role: "group", "aria-label": "Erase" }, "Erase", ...voiceButtons, barsButton, everything, nothing));
  const fillBar = h("div", { class: "mg-bar mg-tools" }, fillButton, stepButton, anotherButton, progress, field("steps", "Steps", steps, stepsText), field("temperature", "Temperature", temperature, temperatureText), field("seed", "Seed", seed));
  const soundBar = h("div", { class: "mg-bar" }, playButton, time, field("hear", "Hear", hearMenu), hidden("instrument") ? null : instrument, hidden("notation") ? null : sheetButton,
    h("div", { class: "mg-files" }, ...(hidden("download") ? [] : [icon(SAVE), button("MIDI", () => download(invoke, el, "midi", say), "", "Download MIDI")]), hidden("help") ? null : helpButton));
  const legend = h("p", { class: "mg-subtitle mg-inpaint-legend" }, "Lanes: what is erased. Dashed: erased, silent. Thin rim: written by the network. Thick rim, and a line in its lane: drawn in this step.");
  const root = h("section", { class: "mg mg-inpainter", "aria-label": `Inpainter: ${model.get("title")}`, "data-lm-suppress-shortcuts": "true", onkeydown: onKey, onfocusin: () => paint(), onfocusout: () => paint() },
    head, eraseBar, roll, legend, fillBar, soundBar, sheet, help, status);
  el.append(root);

  watch("place", () => {
    if (model.get("place").version <= place.version) return; // our own question, answered already
    adopt(model.get("place"), model.get("notes_data"));
    say(place.filling || place.under_way ? progressWords() : place.words);
  });
  for (const trait of ["n_steps", "temperature", "seed"]) watch(trait, showControls);
  watch("program", () => { instrument.value = model.get("program"); samples.load().catch(blame); });
  whenResized(root, measure);
  whenThemed(paint);

  instrument.value = model.get("program");
  refreshSound();
  measure();
  showControls();
  samples.load().catch(() => {}); // ahead of the first click; a failure is told when somebody wants to hear
  return () => {
    stopping = true;
    gone.abort();
    cancelAnimationFrame(frame);
    transport.onChange = () => {};
    transport.close();
  };
}

export default { render };
