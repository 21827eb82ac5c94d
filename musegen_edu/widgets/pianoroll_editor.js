// A piano roll to draw in, to play into and to hear. Part 0 is drawn; the other parts are shown pale and sound along.
import { BLACK, DRUMS, GUTTER, PAUSE, PLAY, RULER, SAVE, Transport, brush, clock, download, drawKeys, firstAtOrAfter, h, icon, instrumentMenu, loadPack, openSound, packsFrom, readNotes } from "./engine.js";
import { viewOf } from "./view_parts.js";

const ROW = 13; // px a semitone
const LANE = 58; // px of velocities under the grid
const GRIDS = { 24: "1/4", 12: "1/8", 6: "1/16", 3: "1/32", 16: "1/4 triplet", 8: "1/8 triplet", 4: "1/16 triplet", 1: "off" };
const PIANO = "KeyA KeyW KeyS KeyE KeyD KeyF KeyT KeyG KeyY KeyH KeyU KeyJ KeyK KeyO KeyL KeyP Semicolon".split(" "); // by place, whatever the letters are
const FIELDS = /** @type {const} */ (["onset", "duration", "pitch", "velocity", "part"]);
const CLICK = 76; // the pitch that stands for the metronome
const UNDO = "M8 4v4h6a5 5 0 0 1 0 10H7v-2.5h7a2.5 2.5 0 0 0 0-5H8v4L2.5 9z";
const REDO = "M16 4v4h-6a5 5 0 0 0 0 10h7v-2.5h-7a2.5 2.5 0 0 1 0-5h6v4L21.5 9z";
const BIN = "M9 3h6l1 2h4v2H4V5h4zM6 8.5h12L17 21H7z";
const HELP = {
  "Arrow keys": "move the selected notes, or the cursor when none is",
  Enter: "draw a note at the cursor",
  ", and .": "select the note before or after",
  "Shift + ← →": "shorter, longer (no selection: by a bar)",
  "Shift + ↑ ↓": "by an octave",
  "Alt + ↑ ↓": "louder, softer",
  "Ctrl + A C X V": "select all, copy, cut, paste at the cursor",
  "Ctrl + Z, Y": "undo, redo",
  "Delete, Esc": "delete, select nothing",
  "Space, Home, R": "play, to the start, record",
  "A W S E D F …": "play like piano keys; Z and X shift by an octave",
};

/** @param {Note} a @param {Note} b */
const inOrder = (a, b) => a.onset - b.onset || a.pitch - b.pitch || a.part - b.part || a.duration - b.duration || a.velocity - b.velocity;
/** @param {number} low @param {number} value @param {number} high */
const within = (low, value, high) => Math.max(low, Math.min(high, value));

/** A metronome's click, as a sample. @returns {Sample} */
function click() {
  const buffer = new AudioBuffer({ length: 2205, sampleRate: 44100 });
  buffer.getChannelData(0).forEach((_, i, wave) => (wave[i] = 0.5 * Math.sin(i / 5) * Math.exp(-i / 300)));
  return { pitch: CLICK, buffer, lead: 0, holds: false };
}

/** @param {RenderContext} context */
function render({ model, el, experimental }) {
  const gone = new AbortController(); // aborted when the view goes; every listener outside `el` hangs on it
  const { hidden, save, say, status, watch, whenResized, whenThemed } = viewOf(model, gone.signal);
  let info = model.get("info");
  let notes = readNotes(model.get("notes_data")); // the notes in it never change: an edit makes new ones
  let chosen = /** @type {Set<Note>} */ (new Set());
  let draft = /** @type {{ list: Note[], picked: Set<Note> } | null} */ (null); // what is shown during a drag or a recording
  let past = /** @type {Note[][]} */ ([]);
  let future = /** @type {Note[][]} */ ([]);
  let grid = 6;
  let loudness = 90; // velocity of the next note
  const own = notes.filter((n) => !n.part).map((n) => n.pitch);
  let pitch = own.length ? Math.round((Math.min(...own) + Math.max(...own)) / 2) : 64; // of the cursor
  let octave = 60; // the pitch of the key A
  let ticking = false;
  let recording = /** @type {{ from: number, taken: Note[], running: boolean } | null} */ (null);
  const held = /** @type {Map<number, { tick: number, velocity: number, lift: () => void }>} */ (new Map());

  const barOf = (/** @type {number} */ tick) => Math.floor((tick - info.pickup) / info.bar) + 1;
  const snap = (/** @type {number} */ tick, round = Math.round) => Math.max(0, info.pickup + round((tick - info.pickup) / grid) * grid);
  const step = () => (grid === 1 ? 6 : grid);
  const barEnd = (/** @type {number} */ tick) => info.pickup + Math.max(1, Math.ceil((tick - info.pickup) / info.bar)) * info.bar;
  const endOf = (/** @type {Note[]} */ list) => list.reduce((end, n) => Math.max(end, n.onset + n.duration), 0);
  const name = (/** @type {number} */ p) => info.names[p % 12] + (Math.floor(p / 12) - 1);
  const describe = (/** @type {Note} */ n) =>
    `${name(n.pitch)}, bar ${barOf(n.onset)} beat ${+((((n.onset - info.pickup + info.bar) % info.bar) / info.beat) + 1).toFixed(2)}, ${+(n.duration / 24).toFixed(2)} quarter${n.duration === 24 ? "" : "s"} long, velocity ${n.velocity}`;
  const transport = new Transport([], { programs: [0, DRUMS], length: 0, bpm: model.get("bpm"), onChange: show });

  // ---- edits ----

  let sent = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  function send() {
    if (waiting === undefined) return;
    clearTimeout(waiting);
    waiting = undefined;
    sent = JSON.stringify(notes);
    save("notes_data", new DataView(Int32Array.from(notes.flatMap((n) => FIELDS.map((field) => n[field]))).buffer));
  }

  /** @param {Note[]} next @param {Iterable<Note>} [picked] */
  function put(next, picked = []) {
    canvas.onpointercancel?.(); // a drag that is under way ends here
    notes = next.sort(inOrder);
    chosen = new Set(picked);
    draft = null;
    clearTimeout(waiting);
    waiting = setTimeout(send, 120); // a held arrow key is one message
    measure();
  }

  /** @param {Note[]} list @param {Note[]} picked */
  function preview(list, picked) {
    draft = { list: list.sort(inOrder), picked: new Set(picked) };
    show();
  }

  /** An edit that can be undone. @param {Note[]} next @param {Iterable<Note>} picked @param {string} [what] */
  function commit(next, picked, what) {
    past = [...past.slice(-199), notes];
    future = [];
    put(next, picked);
    const [one] = chosen;
    say(what ?? (chosen.size === 1 ? describe(one) : `${chosen.size} notes`));
  }

  /** The notes with the chosen ones changed. @param {(note: Note) => Partial<Note>} change @returns {[Note[], Note[]]} */
  function changed(change) {
    const picked = /** @type {Note[]} */ ([]);
    return [notes.map((n) => (chosen.has(n) ? picked[picked.push({ ...n, ...change(n) }) - 1] : n)), picked];
  }

  /** @param {number} ticks @param {number} semitones @returns {[Note[], Note[]]} */
  function moved(ticks, semitones) {
    const all = [...chosen];
    const right = Math.max(ticks, -Math.min(...all.map((n) => n.onset)));
    const up = within(-Math.min(...all.map((n) => n.pitch)), semitones, 127 - Math.max(...all.map((n) => n.pitch)));
    return changed((n) => ({ onset: n.onset + right, pitch: n.pitch + up }));
  }
  const stretched = (/** @type {number} */ ticks) => changed((n) => ({ duration: Math.max(Math.min(step(), n.duration), n.duration + ticks) }));
  const louder = (/** @type {number} */ by) => changed((n) => ({ velocity: within(1, n.velocity + by, 127) }));

  function travel(/** @type {Note[][]} */ from, /** @type {Note[][]} */ to, /** @type {string} */ what) {
    const next = from.pop();
    if (!next) return;
    to.push(notes);
    put(next);
    say(what);
  }
  const undo = () => travel(past, future, "Undone");
  const redo = () => travel(future, past, "Redone");

  function remove() {
    if (chosen.size) commit(notes.filter((n) => !chosen.has(n)), [], `Deleted ${chosen.size}`);
  }

  function copy() {
    const first = Math.min(...[...chosen].map((n) => n.onset));
    if (!chosen.size) return;
    globalThis.musegenClipboard = [...chosen].map((n) => ({ ...n, onset: n.onset - first }));
    transport.seek(snap(endOf([...chosen]), Math.ceil)); // pasted at once, the copy follows
    say(`Copied ${chosen.size}`);
  }

  function paste() {
    const from = snap(transport.tick);
    const copies = (globalThis.musegenClipboard ?? []).map((n) => ({ ...n, onset: n.onset + from }));
    if (!copies.length) return;
    commit([...notes, ...copies], copies, `Pasted ${copies.length}`);
    transport.seek(snap(endOf(copies), Math.ceil));
  }

  /** @param {Iterable<Note>} picked */
  function choose(picked) {
    chosen = new Set(picked);
    const [one] = chosen;
    if (one) say(chosen.size === 1 ? describe(one) : `${chosen.size} notes selected`);
    show();
  }

  // ---- sound ----

  const fetchPack = packsFrom(experimental.invoke, el);
  let ready = false; // are the samples of all parts here?
  async function loadInstruments() {
    const programs = [model.get("program"), ...info.programs.slice(1)];
    ready = false;
    const packs = await Promise.all(programs.map((program) => loadPack(program, fetchPack)));
    if (programs[0] !== model.get("program")) return; // another one was chosen meanwhile
    const same = transport.programs.length === programs.length + 1;
    if (!same) transport.close();
    Object.assign(transport, { programs: [...programs, DRUMS], packs: [...packs, [click()]], levels: [...packs, 1].map(() => 1) });
    ready = true;
    measure();
  }

  /** @returns {Promise<boolean>} */
  async function sounding() {
    openSound(); // within the gesture
    if (ready) return true;
    root.setAttribute("aria-busy", "true");
    try {
      await loadInstruments();
    } catch (error) {
      say(/** @type {Error} */ (error).message, true);
    }
    root.removeAttribute("aria-busy");
    return ready && !gone.signal.aborted;
  }

  const touch = (/** @type {Note} */ n) => ready && !transport.playing && transport.touch(n);

  async function toggle() {
    if (recording) return stopRecording();
    if (transport.playing) return transport.pause();
    if (await sounding()) transport.play();
  }

  /** A key goes down, of the computer, of a MIDI keyboard or of the roll. @param {number} p @param {number} velocity */
  function press(p, velocity) {
    if (held.has(p) || p > 127) return;
    const tick = transport.tick;
    void sounding();
    const lift = ready ? transport.press({ onset: 0, duration: 1, pitch: p, velocity, part: 0 }) : () => {};
    held.set(p, { tick, velocity, lift });
    show();
  }

  /** @param {number} p */
  function lift(p) {
    const key = held.get(p);
    held.delete(p);
    key?.lift();
    if (!key || !recording || key.tick < -info.beat / 2) return show();
    const onset = snap(key.tick);
    recording.taken.push({ onset, duration: Math.max(step(), snap(transport.tick) - onset), pitch: p, velocity: key.velocity, part: 0 });
    preview([...notes, ...recording.taken], []);
  }
  const liftAll = () => [...held.keys()].forEach(lift);

  async function record() {
    if (recording) return stopRecording();
    if (!(await sounding())) return;
    const from = transport.tick;
    recording = { from, taken: [], running: false };
    measure();
    if (!transport.playing) {
      if (ticking) transport.at = from - info.bar; // one bar is counted in
      transport.play();
    }
    recording.running = true;
    say(ticking ? "One bar is counted in, then play" : "Recording: play with A W S E D F … or a MIDI keyboard");
  }

  function stopRecording() {
    const { from, taken } = Object.assign(/** @type {NonNullable<typeof recording>} */ (recording), { running: false });
    liftAll();
    recording = draft = null;
    if (transport.playing) transport.pause();
    if (taken.length) commit([...notes, ...taken], taken, `Recorded ${taken.length}`);
    else say("Nothing was played");
    measure();
    transport.seek(from);
  }

  // ---- Web MIDI ----

  let midi = /** @type {MIDIAccess | null} */ (null);
  function hear(/** @type {((event: MIDIMessageEvent) => void) | null} */ listener) {
    for (const input of midi?.inputs.values() ?? []) input.onmidimessage = listener;
    if (midi) midi.onstatechange = listener && connect;
  }
  function connect() {
    hear((event) => {
      const [status, p, velocity] = event.data ?? [];
      if ((status & 0xf0) === 0x90 && velocity) press(p, velocity);
      else if ([0x80, 0x90].includes(status & 0xf0)) lift(p);
    });
    const names = [...(midi?.inputs.values() ?? [])].map((input) => input.name);
    say(names.length ? `Listening to ${names.join(", ")}` : "No MIDI keyboard yet; plug one in");
  }

  async function toggleMidi() {
    if (midi) {
      hear(null);
      midi = null;
      say("MIDI is off");
    } else if (!navigator.requestMIDIAccess) {
      say("This browser has no Web MIDI (Chrome, Edge and Firefox have). The keys A W S E D F … play too.", true);
    } else {
      openSound();
      try {
        midi = await navigator.requestMIDIAccess();
        connect();
      } catch {
        say("The browser did not allow MIDI. Allow it in the page's settings, or play with the keys A W S E D F …", true);
      }
    }
    midiButton.setAttribute("aria-pressed", String(!!midi));
  }

  // ---- controls ----

  /** @param {string} label @param {() => void} onclick @param {string} [path] @param {string} [title] */
  const button = (label, onclick, path, title = label) =>
    h("button", { class: `mg-button${path ? " mg-icon" : ""}`, type: "button", "aria-label": path ? label : title, title, onclick }, path ? icon(path) : label);
  /** @param {string} label @param {string} trait the part of `hide` @param {any} control @param {any} [text] */
  const field = (label, trait, control, text = label) => (hidden(trait) ? null : h("label", { class: "mg-field" }, text, control));

  const playButton = h("button", { class: "mg-play", type: "button", onclick: toggle });
  const recordButton = button("Record", record, "M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14z", "Record (R)");
  recordButton.classList.add("mg-record");
  const clickButton = button("Metronome", () => { ticking = !ticking; measure(); }, "M9 3h6l4 18H5zm1.6 2-2.2 10h4.1l4-7 1.3.8-3.6 6.2h1.5L13.400 5z", "Metronome, and one bar of count-in");
  const midiButton = button("MIDI keyboard", toggleMidi, "M3 5h18v14H3zm2 2v10h3v-4H7V7zm5 0v6H9v4h6v-4h-1V7zm7 0v6h-1v4h3V7z", "Play on a MIDI keyboard");
  const undoButton = button("Undo", undo, UNDO, "Undo (Ctrl Z)");
  const redoButton = button("Redo", redo, REDO, "Redo (Ctrl Y)");
  const binButton = button("Delete", remove, BIN, "Delete (Del)");
  const time = h("span", { class: "mg-time" });
  const snapMenu = h("select", { "aria-label": "Snap", onchange: () => { grid = Number(snapMenu.value); show(); } },
    ...[24, 12, 6, 3, 16, 8, 4, 1].map((ticks) => h("option", { value: ticks, selected: ticks === grid }, GRIDS[/** @type {keyof typeof GRIDS} */ (ticks)])));
  const keyMenu = h("select", { "aria-label": "Key", onchange: () => save("key", keyMenu.value) },
    h("option", { value: "" }, "none"), ...model.get("keys_offered").map((/** @type {string} */ key) => h("option", { value: key }, key)));
  const instrument = instrumentMenu(model, "Instrument", (program) => save("program", program));
  const velocity = h("input", { type: "range", min: 1, max: 127, "aria-label": "Velocity",
    onchange: () => { loudness = Number(velocity.value); if (chosen.size) commit(...changed(() => ({ velocity: loudness }))); } });
  const tempo = h("input", { type: "range", min: 30, max: 240, "aria-label": "Tempo, quarter notes a minute", oninput: () => save("bpm", Number(tempo.value)) });
  const tempoText = h("output", { class: "mg-bpm" });
  const help = h("dl", { class: "mg-help", hidden: true }, ...Object.entries(HELP).map(([keys, what]) => h("div", {}, h("dt", {}, keys), h("dd", {}, what))));
  const helpButton = button("?", () => { help.hidden = !help.hidden; helpButton.setAttribute("aria-expanded", String(!help.hidden)); }, "", "Keys");
  let selecting = false;
  const tools = ["Draw", "Select"].map((label, i) => h("button", { class: "mg-tab", type: "button", onclick: () => { selecting = !!i; show(); } }, label));

  // ---- the roll ----

  const canvas = h("canvas", { class: "mg-canvas" });
  const spacer = h("div");
  const roll = h("div", { class: "mg-roll mg-grid", role: "application", tabindex: "0", onscroll: draw }, canvas, spacer);
  let scale = 1; // px a tick
  let total = 0; // ticks that can be drawn in
  let floor = 0; // px where the grid ends and the velocities begin
  let box = /** @type {number[] | null} */ (null); // the frame of a selection: two ticks, two pitches
  const lane = hidden("velocity") ? 0 : LANE;
  const xOf = (/** @type {number} */ tick) => GUTTER + tick * scale - roll.scrollLeft;
  const yOf = (/** @type {number} */ p) => RULER + (127 - p) * ROW - roll.scrollTop;

  /** Fit the roll and the transport to the notes. */
  function measure() {
    const end = barEnd(endOf(notes));
    total = Math.max(info.pickup + info.bars * info.bar, end + info.bar, recording ? barEnd(recording.from) + 64 * info.bar : 0);
    const clicks = ticking ? Array.from({ length: Math.ceil(total / info.beat) + 16 }, (_, i) => i * info.beat + info.pickup - Math.ceil((info.bar + info.pickup) / info.beat) * info.beat) : [];
    const beats = clicks.map((onset) => ({ onset, duration: 6, pitch: CLICK, velocity: (onset - info.pickup) % info.bar ? 60 : 110, part: info.programs.length }));
    transport.setNotes([...notes, ...beats].sort(inOrder), recording ? total : end);
    const { clientWidth: width, clientHeight: height } = roll;
    if (width) {
      scale = within(1.7, (width - GUTTER - 4) / Math.min(total, 8 * info.bar), 6);
      const first = !floor;
      floor = height - lane;
      spacer.style.cssText = `width: ${GUTTER + total * scale}px; height: ${RULER + 128 * ROW + lane}px`;
      const ratio = globalThis.devicePixelRatio || 1;
      Object.assign(canvas, { width: width * ratio, height: height * ratio });
      canvas.style.cssText = `width: ${width}px; height: ${height}px; margin-bottom: ${-height}px`;
      if (first) roll.scrollTop = RULER + (127 - pitch) * ROW - floor / 2;
    }
    show();
  }

  function draw() {
    const width = roll.clientWidth;
    if (!width) return;
    const paint = brush(canvas, root);
    const { pen, colour, fill } = paint;
    const { list: shown, picked: marked } = draft ?? { list: notes, picked: chosen };
    const tick = transport.tick;
    const from = roll.scrollLeft / scale;
    const to = from + width / scale;
    const low = Math.max(0, 127 - Math.ceil((roll.scrollTop + floor - RULER) / ROW));
    const high = Math.min(127, 127 - Math.floor(roll.scrollTop / ROW));
    fill("ground", 0, 0, width, floor);
    for (let p = low; p <= high; p += 1) {
      const outside = info.scale.length ? !info.scale.includes(p % 12) : BLACK.includes(p % 12);
      if (outside) fill(info.scale.length ? "outside" : "black-row", GUTTER, yOf(p), width, ROW);
      if (info.scale.length && p % 12 === info.tonic) fill("soft", GUTTER, yOf(p), width, ROW);
      fill("line", GUTTER, yOf(p) + ROW, width, p % 12 ? 0.5 : 1.5);
    }
    const fine = grid * scale > 5 ? Math.min(grid, info.beat) : info.beat;
    for (const every of new Set([fine, info.beat, info.bar])) {
      for (let at = snapTo(from, every); at <= to; at += every) if (at >= 0) fill(every === info.bar ? "bar-line" : every === info.beat ? "edge" : "line", Math.round(xOf(at)), RULER, 1, canvas.height);
    }
    fill("black-row", xOf(total), RULER, width, floor);

    const longest = Math.max(transport.longest, total);
    const current = shown.slice(firstAtOrAfter(shown, from - longest), firstAtOrAfter(shown, to));
    const mine = colour("part-0");
    pen.save();
    pen.beginPath();
    pen.rect(0, RULER, width, floor - RULER);
    pen.clip();
    for (const n of [...current.filter((m) => m.part), ...current.filter((m) => !m.part)]) {
      const heard = transport.playing && n.onset <= tick && tick < n.onset + n.duration;
      pen.globalAlpha = n.part ? 0.3 : 0.45 + (0.55 * n.velocity) / 127;
      pen.fillStyle = heard ? colour("now") : n.part ? colour(`part-${n.part % 6}`) : mine;
      pen.beginPath();
      pen.roundRect(xOf(n.onset) + 0.5, yOf(n.pitch) + 1, Math.max(3, n.duration * scale - 1), ROW - 1, 3);
      pen.fill();
      pen.globalAlpha = 1;
      if (!marked.has(n)) continue;
      pen.lineWidth = 2;
      pen.strokeStyle = colour("ink");
      pen.stroke();
    }
    if (!marked.size && root.contains(document.activeElement)) {
      pen.lineWidth = 1.5;
      pen.strokeStyle = colour("accent");
      pen.strokeRect(xOf(tick), yOf(pitch) + 0.5, step() * scale, ROW);
    }
    if (box) fill("loop", xOf(box[0]), yOf(box[2]), (box[1] - box[0]) * scale, (box[2] - box[3] + 1) * ROW);
    pen.restore();

    fill("ruler", 0, 0, width, RULER);
    pen.fillStyle = colour("faint");
    for (let n = Math.max(1, barOf(from)); info.pickup + (n - 1) * info.bar < Math.min(to, total); n += 1) pen.fillText(String(n), xOf(info.pickup + (n - 1) * info.bar) + 4, RULER / 2 + 1);
    if (lane) {
      fill("ruler", 0, floor, width, lane);
      fill("edge", 0, floor, width, 1);
      for (const n of current) {
        if (n.part) continue;
        const high = (n.velocity / 127) * (lane - 10);
        fill(marked.has(n) ? "ink" : "part-0", xOf(n.onset), floor + lane - high, 2, high);
        pen.beginPath();
        pen.arc(xOf(n.onset) + 1, floor + lane - high, 3.5, 0, 7);
        pen.fill();
      }
    }
    fill("now", xOf(tick) - 1, 0, 2, floor);
    pen.save();
    pen.beginPath();
    pen.rect(0, RULER, GUTTER, floor - RULER);
    pen.clip();
    drawKeys(paint, low, high, yOf, ROW, floor);
    for (const p of held.keys()) fill("now", GUTTER - 18, yOf(p), 17, ROW);
    pen.restore();
    fill("ruler", 0, 0, GUTTER, RULER);
    if (!lane) return;
    fill("ruler", 0, floor + 1, GUTTER, lane);
    pen.fillStyle = colour("faint");
    pen.fillText("vel", 4, floor + 12);
  }
  /** @param {number} tick @param {number} every */
  const snapTo = (tick, every) => info.pickup + Math.floor((tick - info.pickup) / every) * every;

  // ---- mouse, pen and finger ----

  /** @param {PointerEvent | MouseEvent} event */
  function place(event) {
    const { left, top } = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    const tick = (x - GUTTER + roll.scrollLeft) / scale;
    const p = within(0, 127 - Math.floor((y - RULER + roll.scrollTop) / ROW), 127);
    const reach = Math.max(2, 3 / scale);
    const note = y < RULER || y > floor ? undefined
      : notes.findLast((n) => !n.part && n.pitch === p && n.onset <= tick && tick < n.onset + Math.max(n.duration, reach));
    const edge = !!note && (note.onset + note.duration - tick) * scale < Math.min(7, (note.duration * scale) / 3);
    return { x, y, tick, pitch: p, note, edge };
  }

  /** Follow the pointer until it is let go. @param {PointerEvent} down @param {(move: PointerEvent) => void} onMove @param {() => void} onUp */
  function follow(down, onMove, onUp) {
    canvas.setPointerCapture(down.pointerId);
    const end = () => (canvas.onpointermove = canvas.onpointerup = canvas.onpointercancel = null);
    canvas.onpointermove = onMove;
    canvas.onpointerup = () => {
      end();
      onUp();
      show();
    };
    canvas.onpointercancel = () => {
      end();
      draft = box = null;
      show();
    };
  }

  /** Drag the chosen notes. @param {PointerEvent} down @param {(here: ReturnType<typeof place>) => [Note[], Note[]]} change */
  function drag(down, change) {
    /** @type {[Note[], Note[]] | null} */
    let next = null;
    follow(down, (move) => {
      const [was] = next?.[1] ?? chosen;
      next = change(place(move));
      const [is] = next[1];
      if (is && is.pitch !== was.pitch) touch(is);
      preview(...next);
    }, () => {
      draft = null;
      if (next && JSON.stringify(next[1]) !== JSON.stringify([...chosen])) commit(...next);
    });
  }

  /** @param {PointerEvent} event */
  function onPointer(event) {
    const here = place(event);
    const { note, tick } = here;
    roll.focus({ preventScroll: true });
    if (event.button) return;
    if (here.y > floor) {
      const near = notes.filter((n) => !n.part && Math.abs(xOf(n.onset) - here.x) < 8);
      const first = near.find((n) => chosen.has(n)) ?? near[0];
      if (!first) return;
      if (!chosen.has(first)) choose(near);
      drag(event, ({ y }) => louder(Math.round((127 * (floor + lane - y)) / (lane - 10)) - first.velocity));
      canvas.onpointermove(event);
    } else if (here.y < RULER) {
      const seek = (/** @type {PointerEvent} */ move) => transport.seek(snap(place(move).tick));
      seek(event);
      follow(event, seek, () => {});
    } else if (here.x < GUTTER) {
      press(here.pitch, loudness);
      follow(event, () => {}, () => lift(here.pitch));
    } else if (note && event.shiftKey) {
      choose(chosen.has(note) ? [...chosen].filter((n) => n !== note) : [...chosen, note]);
    } else if (note) {
      if (!chosen.has(note)) choose([note]);
      pitch = note.pitch;
      touch(note);
      const end = note.onset + note.duration;
      drag(event, (to) =>
        event.altKey ? louder(Math.round(here.y - to.y))
        : here.edge ? stretched(snap(end + to.tick - tick) - end)
        : moved(Math.round((to.tick - tick) / grid) * grid, to.pitch - here.pitch));
    } else if (selecting && event.pointerType === "touch") {
      let { clientX, clientY } = event; // a finger has no wheel: it pushes the roll
      follow(event, (move) => {
        roll.scrollBy(clientX - move.clientX, clientY - move.clientY);
        ({ clientX, clientY } = move);
      }, () => {});
    } else if (selecting || event.shiftKey) {
      const before = event.shiftKey ? [...chosen] : [];
      const inside = (/** @type {number[]} */ [from, to, top, bottom]) => notes.filter((n) => !n.part && n.onset < to && n.onset + n.duration > from && n.pitch <= top && n.pitch >= bottom);
      follow(event, (move) => {
        const to = place(move);
        box = [Math.min(tick, to.tick), Math.max(tick, to.tick), Math.max(here.pitch, to.pitch), Math.min(here.pitch, to.pitch)];
        show();
      }, () => {
        if (!box) transport.seek(snap(tick));
        choose([...before, ...(box ? inside(box) : [])]);
        box = null;
      });
    } else if (tick < total) {
      const onset = snap(tick, Math.floor);
      let fresh = { onset, duration: step(), pitch: here.pitch, velocity: loudness, part: 0 };
      ({ pitch } = fresh);
      touch(fresh);
      preview([...notes, fresh], [fresh]);
      follow(event, (move) => {
        fresh = { ...fresh, duration: Math.max(step(), snap(place(move).tick, Math.ceil) - onset) };
        preview([...notes, fresh], [fresh]);
      }, () => commit([...notes, fresh], [fresh]));
    }
    show();
  }

  canvas.addEventListener("pointerdown", onPointer);
  canvas.addEventListener("mousemove", (/** @type {MouseEvent} */ event) => {
    const { note, edge, x, y } = place(event);
    canvas.style.cursor = edge ? "ew-resize" : note ? "grab" : y > floor ? "ns-resize" : x < GUTTER || y < RULER ? "pointer" : selecting ? "default" : "crosshair";
  });
  canvas.addEventListener("contextmenu", (/** @type {MouseEvent} */ event) => {
    const { note } = place(event);
    event.preventDefault();
    event.stopPropagation();
    if (!note) return;
    if (!chosen.has(note)) choose([note]);
    remove();
  });

  // ---- keys ----

  /** Scroll to a place. @param {number} tick @param {number} p */
  function reveal(tick, p) {
    const [x, y] = [xOf(tick), yOf(p)];
    if (x < GUTTER || x > roll.clientWidth - 40) roll.scrollLeft += x - GUTTER - 60;
    if (y < RULER || y > floor - ROW) roll.scrollTop += y - floor / 2;
  }

  /** @param {number} way @param {boolean} far */
  function across(way, far) {
    if (chosen.size) return commit(...(far ? stretched(way * grid) : moved(way * grid, 0)));
    transport.seek(within(0, snap(transport.tick + way * (far ? info.bar : step())), total));
    reveal(transport.at, pitch);
    say(`Cursor: ${name(pitch)}, bar ${barOf(transport.at)}`);
  }

  /** @param {number} way @param {KeyboardEvent} event */
  function upwards(way, { shiftKey, altKey }) {
    const by = way * (shiftKey ? 12 : 1);
    if (chosen.size) commit(...(altKey ? louder(8 * way) : moved(0, by)));
    else pitch = within(0, pitch + by, 127);
    const [one] = chosen;
    touch(one ?? { onset: 0, duration: 1, pitch, velocity: loudness, part: 0 });
    if (!one) say(`Cursor: ${name(pitch)}`);
    reveal(one?.onset ?? transport.at, one?.pitch ?? pitch);
  }

  function insert() {
    const fresh = { onset: snap(transport.tick, Math.floor), duration: step(), pitch, velocity: loudness, part: 0 };
    touch(fresh);
    commit([...notes, fresh], [], describe(fresh));
    transport.seek(fresh.onset + fresh.duration);
    reveal(transport.at, pitch);
  }

  /** @param {number} way */
  function neighbour(way) {
    const mine = notes.filter((n) => !n.part);
    const [one] = chosen;
    const after = one ? mine.indexOf(one) + way : firstAtOrAfter(mine, transport.tick) - (way < 0 ? 1 : 0);
    const next = mine[within(0, after, mine.length - 1)];
    if (!next) return;
    touch(next);
    reveal(next.onset, next.pitch);
    choose([next]);
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const { key, code, shiftKey: far } = event;
    const target = /** @type {HTMLElement} */ (event.target);
    const command = event.ctrlKey || event.metaKey;
    if (target.matches("select, input") || (target.matches("button") && ["Enter", " "].includes(key))) return;
    /** @type {Record<string, () => void>} */
    const keys = command
      ? { a: () => choose(notes.filter((n) => !n.part)), c: copy, x: () => { copy(); remove(); }, v: paste, z: far ? redo : undo, y: redo }
      : {
          ArrowLeft: () => across(-1, far),
          ArrowRight: () => across(1, far),
          ArrowUp: () => upwards(1, event),
          ArrowDown: () => upwards(-1, event),
          Enter: insert,
          ",": () => neighbour(-1),
          ".": () => neighbour(1),
          Delete: remove,
          Backspace: remove,
          Escape: () => choose([]),
          " ": () => void toggle(),
          Home: () => { transport.seek(0); reveal(0, pitch); },
        };
    if (!command && !event.altKey) {
      const white = PIANO.indexOf(code);
      if (white >= 0) keys[key] = () => event.repeat || press(octave + white, loudness);
      if (["KeyZ", "KeyX"].includes(code)) keys[key] = () => { liftAll(); octave = within(0, octave + (code === "KeyZ" ? -12 : 12), 108); say(`A plays ${name(octave)}`); };
      if (code === "KeyR" && !hidden("record")) keys[key] = () => void record();
    }
    const act = keys[command ? key.toLowerCase() : key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  /** @param {KeyboardEvent} event */
  function onKeyUp({ code }) {
    const white = PIANO.indexOf(code);
    if (white >= 0) lift(octave + white);
  }

  // ---- what is shown ----

  let frame = 0;
  function show() {
    cancelAnimationFrame(frame);
    if (recording?.running && !transport.playing) return stopRecording();
    const { tick, playing } = transport;
    const label = playing ? "Pause" : "Play";
    if (playButton.title !== `${label} (space)`) {
      playButton.setAttribute("aria-label", label);
      playButton.title = `${label} (space)`;
      playButton.replaceChildren(icon(playing ? PAUSE : PLAY));
    }
    recordButton.setAttribute("aria-pressed", String(!!recording));
    clickButton.setAttribute("aria-pressed", String(ticking));
    tools.forEach((tool, i) => tool.setAttribute("aria-pressed", String(selecting === !!i)));
    undoButton.disabled = !past.length;
    redoButton.disabled = !future.length;
    binButton.disabled = !chosen.size;
    const [one] = chosen;
    if (document.activeElement !== velocity) velocity.value = one?.velocity ?? loudness;
    time.textContent = tick < 0 ? `${Math.floor(tick / info.beat)}` : `${clock(tick / transport.rate)} / ${clock(endOf(notes) / transport.rate)}`;
    if (playing && (xOf(tick) > roll.clientWidth - 40 || (tick >= 0 && xOf(tick) < GUTTER))) roll.scrollLeft += xOf(tick) - GUTTER - 60;
    draw();
    if (playing) frame = requestAnimationFrame(show);
  }

  function showTempo() {
    const bpm = model.get("bpm");
    transport.setTempo(bpm);
    tempo.value = bpm;
    tempoText.textContent = `♩ = ${Math.round(bpm)}`;
  }

  const subtitle = h("span", { class: "mg-subtitle" });
  function showInfo() {
    info = model.get("info");
    subtitle.textContent = info.subtitle;
    roll.setAttribute("aria-label", `Piano roll editor: ${notes.length} note${notes.length === 1 ? "" : "s"}. Arrow keys move the cursor, Enter draws a note, comma and full stop select one.`);
    const key = model.get("key");
    if (![...keyMenu.options].some((option) => option.value === key)) keyMenu.append(h("option", { value: key }, key));
    keyMenu.value = key;
    instrument.value = model.get("program");
    measure();
    if (`${transport.programs.slice(0, -1)}` !== `${[model.get("program"), ...info.programs.slice(1)]}`) loadInstruments().catch((error) => say(error.message, true));
  }

  // ---- put together ----

  const head = h("div", { class: "mg-head" },
    hidden("title") ? null : h("div", { class: "mg-titles" }, h("span", { class: "mg-title" }, info.title || "Untitled"), subtitle),
    hidden("tools") ? null : h("div", { class: "mg-tabs", role: "group", "aria-label": "Tool" }, ...tools));
  const bar1 = h("div", { class: "mg-bar" }, playButton,
    hidden("record") ? null : recordButton, hidden("metronome") ? null : clickButton, hidden("midi") ? null : midiButton, time,
    h("div", { class: "mg-files" }, ...(hidden("undo") ? [] : [undoButton, redoButton]), binButton, hidden("help") ? null : helpButton));
  const bar2 = h("div", { class: "mg-bar mg-tools" },
    field("Snap", "snap", snapMenu), field("Key", "key", keyMenu), field("Velocity", "velocity", velocity),
    field("", "tempo", tempo, tempoText), field("", "instrument", instrument),
    hidden("download") ? null : h("div", { class: "mg-files" }, icon(SAVE), button("MIDI", () => { send(); void download(experimental.invoke, el, "midi", say); }, "", "Download MIDI")));
  const root = h("section", { class: "mg mg-editor", "aria-label": `Piano roll editor: ${info.title || "untitled"}`, "data-lm-suppress-shortcuts": "true",
    onkeydown: onKey, onkeyup: onKeyUp, onfocusin: draw, onfocusout: () => { liftAll(); draw(); } }, head, roll, bar1, bar2, help, status);
  el.append(root);

  watch("notes_data", () => {
    const told = readNotes(model.get("notes_data"));
    const text = JSON.stringify(told);
    if (text === sent || text === JSON.stringify(notes)) return; // our own words, coming back
    info = model.get("info");
    past = [...past, notes];
    put(told);
    clearTimeout(waiting);
    waiting = undefined;
  });
  for (const trait of ["info", "key", "program"]) watch(trait, showInfo);
  watch("bpm", showTempo);
  watch("remark", () => say(model.get("remark"), !!model.get("remark")));
  globalThis.addEventListener("blur", liftAll, { signal: gone.signal });
  globalThis.addEventListener("pagehide", send, { signal: gone.signal });
  whenResized(roll, measure);
  whenThemed(draw);

  showTempo();
  showInfo();
  say(model.get("remark"), !!model.get("remark"));
  loadInstruments().catch(() => {}); // ahead of the first click; a failure is told when somebody wants to hear
  return () => {
    if (recording) stopRecording();
    send();
    gone.abort();
    hear(null);
    liftAll();
    transport.onChange = () => {};
    cancelAnimationFrame(frame);
    transport.close();
  };
}

export default { render };
