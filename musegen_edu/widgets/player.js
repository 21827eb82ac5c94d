// Plays a score: engraving and piano roll with a cursor that follows the sound. All positions are in ticks.
import { BLACK, GUTTER, RULER, SAVE, Transport, ask, brush, clock, download, drawKeys, firstAtOrAfter, h, icon, instrumentMenu, loadPack, openSound, packsFrom, readNotes } from "./engine.js";
import { showPlaying, tabTurner, viewOf } from "./view_parts.js";

const LOOP = "M7 7h9V4l5 4.5-5 4.5v-3H8v4H5V9a2 2 0 0 1 2-2zm10 10H8v3l-5-4.5L8 11v3h8v-4h3v5a2 2 0 0 1-2 2z";
const FILES = { midi: "MIDI", wav: "WAV", musicxml: "MusicXML" };

/** @param {RenderContext} context */
function render({ model, el, experimental }) {
  const { title, subtitle, duration, bar, beat, pickup } = model.get("info");
  const notes = readNotes(model.get("notes_data"));
  const gone = new AbortController(); // aborted when the view goes; every listener outside `el` hangs on it
  const { hidden, save, say, status, watch, whenResized, whenThemed } = viewOf(model, gone.signal);
  const barOf = (/** @type {number} */ tick) => (tick < pickup ? 0 : Math.floor((tick - pickup) / bar) + 1);
  const snap = (/** @type {number} */ tick) => Math.max(0, Math.min(duration, pickup + Math.round((tick - pickup) / beat) * beat));
  const transport = new Transport(notes, { programs: model.get("programs"), length: duration, bpm: model.get("bpm"), onChange: show });

  // ---- sound ----

  const fetchPack = packsFrom(experimental.invoke, el);
  let ready = false; // are the samples of all parts here?
  let wanted = 0; // grows with each change of instrument, so that a late answer to an early question is dropped
  async function loadInstruments() {
    const programs = [...model.get("programs")];
    const order = ++wanted;
    ready = false;
    const packs = await Promise.all(programs.map((program) => loadPack(program, fetchPack)));
    if (order !== wanted) return;
    Object.assign(transport, { packs, programs });
    ready = true;
    if (transport.playing) transport.seek(transport.tick);
  }

  async function toggle() {
    if (transport.playing) return transport.pause();
    openSound(); // within the gesture
    if (ready) return transport.play();
    say("Fetching the instruments from the kernel…");
    root.setAttribute("aria-busy", "true");
    try {
      await loadInstruments();
      say("");
      if (!gone.signal.aborted && ready) transport.play();
    } catch (error) {
      say(/** @type {Error} */ (error).message, true);
    } finally {
      root.removeAttribute("aria-busy");
    }
  }

  /** @param {number} tick @param {Note} [note] */
  function seek(tick, note) {
    transport.seek(tick);
    if (note && !transport.playing && ready) transport.touch(note);
  }

  // ---- controls ----

  const playButton = h("button", { class: "mg-play", type: "button", onclick: toggle });
  const position = h("input", { class: "mg-seek", type: "range", min: 0, max: Math.max(1, duration), step: 1, "aria-label": "Position" });
  position.addEventListener("input", () => seek(Number(position.value)));
  const time = h("span", { class: "mg-time" });
  const tempo = h("input", { type: "range", min: 30, max: Math.max(240, model.get("bpm")), step: 1, "aria-label": "Tempo, quarter notes a minute" });
  const tempoText = h("output", { class: "mg-bpm" });
  tempo.addEventListener("input", () => save("bpm", Number(tempo.value)));
  const loopButton = h("button", { class: "mg-button mg-icon", type: "button", "aria-label": "Loop", title: "Loop (L). Drag over the bar numbers to choose a part", onclick: toggleLoop }, icon(LOOP));
  const views = Object.entries({ notation: "Notation", roll: "Piano roll", both: "Both" }).map(([name, label]) =>
    h("button", { class: "mg-tab", type: "button", role: "tab", "data-view": name, onclick: () => save("view", name) }, label),
  );
  const tabs = h("div", { class: "mg-tabs", role: "tablist", "aria-label": "View", onkeydown: tabTurner(views) }, ...views);
  const downloads = Object.entries(FILES).map(([format, label]) =>
    h("button", { class: "mg-button", type: "button", "aria-label": `Download ${label}`, onclick: () => download(experimental.invoke, el, format, say) }, label),
  );

  function toggleLoop() {
    save("loop", model.get("loop").length ? [] : [0, duration]);
  }

  // ---- one row a part ----

  /** @param {string} name @param {number} part @param {unknown} value */
  const savePart = (name, part, value) => save(name, model.get(name).map((/** @type {unknown} */ old, /** @type {number} */ i) => (i === part ? value : old)));

  const strips = transport.programs.map((_, part) => {
    const label = model.get("part_names")[part];
    const select = instrumentMenu(model, `Instrument of ${label}`, (program) => savePart("programs", part, program));
    const flag = (/** @type {string} */ trait, /** @type {string} */ text, /** @type {string} */ letter) =>
      h("button", { class: "mg-button mg-flag", type: "button", title: text, "aria-label": `${text} ${label}`, onclick: () => savePart(trait, part, !model.get(trait)[part]) }, letter);
    const volume = h("input", { type: "range", min: 0, max: 1, step: 0.01, "aria-label": `Volume of ${label}`, oninput: () => savePart("volumes", part, Number(volume.value)) });
    const mute = flag("mutes", "Mute", "M");
    const solo = flag("solos", "Solo", "S");
    const several = transport.programs.length > 1;
    const row = h("div", { class: "mg-part", style: `--mg-part: var(--mg-part-${part % 6})` },
      h("span", { class: "mg-swatch", "aria-hidden": "true" }), several ? h("span", { class: "mg-name" }, label) : null,
      hidden("instrument") ? null : select, several ? mute : null, several ? solo : null, volume);
    return { select, mute, solo, volume, row };
  });

  function applyMix() {
    const solos = /** @type {boolean[]} */ (model.get("solos"));
    const levels = strips.map((_, part) => (model.get("mutes")[part] || (solos.includes(true) && !solos[part]) ? 0 : model.get("volumes")[part]));
    transport.setLevels(levels);
    strips.forEach(({ select, mute, solo, volume, row }, part) => {
      select.value = model.get("programs")[part];
      mute.setAttribute("aria-pressed", String(model.get("mutes")[part]));
      solo.setAttribute("aria-pressed", String(solos[part]));
      volume.value = model.get("volumes")[part];
      row.classList.toggle("mg-silent", levels[part] === 0);
    });
    draw();
  }

  // ---- notation ----

  const sheet = h("div", { class: "mg-sheet", role: "img", "aria-label": `Notation of ${title || "the score"}`, onclick: clickSheet });
  const sheetCursor = h("div", { class: "mg-cursor", hidden: true });
  const paper = h("div", { class: "mg-paper" });
  /** @type {Map<string, Element>} */
  let heads = new Map();
  /** @type {Map<number, Element[]>} */
  let headsOfRow = new Map();
  /** @type {{ tick: number, x: number, right: number, top: number, height: number }[]} where the cursor is at which tick */
  let stops = [];
  /** @type {Element[]} */
  let lit = [];
  let engraving = model.get("engraving");
  let narrow = false;

  function engrave() {
    const { pages, rows, remark } = engraving;
    paper.innerHTML = pages.join("");
    paper.append(sheetCursor);
    sheet.replaceChildren(paper);
    if (remark) sheet.append(h("p", { class: "mg-remark" }, remark));
    heads = new Map();
    headsOfRow = new Map();
    for (const note of paper.querySelectorAll("g.note")) {
      const row = rows[note.id];
      if (row === undefined) continue;
      heads.set(note.id, note);
      headsOfRow.set(row, [...(headsOfRow.get(row) ?? []), note]);
    }
    measure();
  }

  /** On a narrow page fewer bars go on a line. The kernel lays them out; until it has, the wide layout is shown smaller. */
  async function fitPaper() {
    const isNarrow = root.clientWidth > 0 && root.clientWidth < 640;
    if (isNarrow === narrow) return;
    narrow = isNarrow;
    if (!narrow) engraving = model.get("engraving");
    else engraving = await ask(experimental.invoke, el, "engrave_narrow", {}).then(({ answer }) => answer, () => engraving);
    engrave();
  }

  /** Note where every onset stands on the paper. Needed again whenever the width changes. */
  function measure() {
    stops = [];
    const home = paper.getBoundingClientRect();
    if (!home.width) return;
    const systems = new Map();
    for (const [tick, ids] of engraving.stops) {
      const marks = ids.map((/** @type {string} */ id) => heads.get(id)).filter(Boolean);
      if (!marks.length) continue;
      const system = marks[0].closest("g.system") ?? paper;
      if (!systems.has(system)) systems.set(system, system.getBoundingClientRect());
      const box = systems.get(system);
      const lefts = marks.map((/** @type {Element} */ mark) => (mark.querySelector(".notehead") ?? mark).getBoundingClientRect());
      const x = Math.min(...lefts.map((/** @type {DOMRect} */ r) => r.left + r.width / 2));
      stops.push({ tick, x: x - home.left, right: box.right - home.left, top: box.top - home.top, height: box.height });
    }
    showSheetCursor(transport.tick);
  }

  /** @param {number} tick */
  function showSheetCursor(tick) {
    let i = stops.findLastIndex((stop) => stop.tick <= tick);
    sheetCursor.hidden = !stops.length || tick > (stops.at(-1)?.tick ?? 0) + bar;
    if (sheetCursor.hidden) return;
    i = Math.max(i, 0);
    const here = stops[i];
    const next = stops[i + 1];
    const sameLine = next && next.top === here.top;
    const span = (next?.tick ?? duration) - here.tick;
    const share = span > 0 ? Math.max(0, Math.min(1, (tick - here.tick) / span)) : 0;
    const x = here.x + share * ((sameLine ? next.x : here.right) - here.x);
    sheetCursor.style.cssText = `transform: translate(${x}px, ${here.top}px); height: ${here.height}px`;
    if (transport.playing && (here.top < sheet.scrollTop || here.top + here.height > sheet.scrollTop + sheet.clientHeight)) {
      sheet.scrollTo({ top: Math.max(0, here.top - 12), behavior: "smooth" });
    }
  }

  /** @param {PointerEvent} event */
  function clickSheet(event) {
    const { clientX, clientY } = event;
    for (const [row, marks] of headsOfRow) {
      for (const mark of marks) {
        const box = (mark.querySelector(".notehead") ?? mark).getBoundingClientRect();
        const reach = 5; // px around the head: a note is a small thing to hit
        if (clientX < box.left - reach || clientX > box.right + reach || clientY < box.top - reach || clientY > box.bottom + reach) continue;
        return seek(notes[row].onset, notes[row]);
      }
    }
    const home = paper.getBoundingClientRect();
    const [x, y] = [clientX - home.left, clientY - home.top];
    const far = (/** @type {typeof stops[0]} */ s) => Math.abs(s.x - x) + 20 * Math.max(0, s.top - y, y - s.top - s.height);
    if (stops.length) seek(stops.reduce((best, stop) => (far(stop) < far(best) ? stop : best)).tick);
  }

  // ---- piano roll ----

  const canvas = h("canvas", { class: "mg-canvas" });
  const spacer = h("div", { class: "mg-spacer" });
  const roll = h("div", { class: "mg-roll", role: "img", "aria-label": `Piano roll: ${notes.length} notes in ${barOf(Math.max(0, duration - 1))} bars`, onscroll: draw }, canvas, spacer);
  const pitches = notes.map((note) => note.pitch);
  let low = pitches.reduce((a, b) => Math.min(a, b), 127) - 2;
  let high = pitches.reduce((a, b) => Math.max(a, b), 0) + 2;
  if (high - low < 14) [low, high] = [Math.floor((low + high) / 2) - 7, Math.floor((low + high) / 2) + 7];
  const rowHeight = Math.max(3, Math.min(11, Math.floor(200 / (high - low + 1))));
  const rollHeight = RULER + rowHeight * (high - low + 1);
  let scale = 1; // px a tick
  const xOf = (/** @type {number} */ tick) => GUTTER + tick * scale - roll.scrollLeft;
  const yOf = (/** @type {number} */ pitch) => RULER + (high - pitch) * rowHeight;
  /** @type {[number, number] | null} the loop while it is being drawn */
  let draft = null;

  function fitRoll() {
    const width = roll.clientWidth;
    if (!width) return;
    scale = Math.max(Math.min((width - GUTTER - 8) / Math.max(duration, bar), 4), 0.9);
    spacer.style.width = `${GUTTER + duration * scale + 8}px`;
    const ratio = globalThis.devicePixelRatio || 1;
    Object.assign(canvas, { width: width * ratio, height: rollHeight * ratio });
    canvas.style.cssText = `width: ${width}px; height: ${rollHeight}px`;
    draw();
  }

  function draw() {
    if (!roll.clientWidth) return;
    const width = roll.clientWidth;
    const tools = brush(canvas, root);
    const { pen, colour, fill } = tools;
    const tick = transport.tick;
    const from = Math.floor(roll.scrollLeft / scale);
    const to = from + width / scale;
    fill("ground", 0, 0, width, rollHeight);
    for (let pitch = low; pitch <= high; pitch += 1) if (BLACK.includes(pitch % 12)) fill("black-row", GUTTER, yOf(pitch), width, rowHeight);
    for (let pitch = low; pitch <= high; pitch += 1) if (pitch % 12 === 0) fill("line", GUTTER, yOf(pitch - 1), width, 1);
    const firstBeat = Math.floor((from - pickup) / beat);
    for (let i = firstBeat; pickup + i * beat <= Math.min(to, duration); i += 1) {
      const isBar = (i * beat) % bar === 0;
      if (pickup + i * beat >= 0 && (isBar || beat * scale > 8)) fill(isBar ? "bar-line" : "line", Math.round(xOf(pickup + i * beat)), RULER, 1, rollHeight);
    }
    const loop = draft ?? model.get("loop");
    if (loop.length) fill("loop", xOf(loop[0]), 0, (loop[1] - loop[0]) * scale, rollHeight);

    const levels = transport.levels;
    const parts = levels.map((_, part) => colour(`part-${part % 6}`));
    const now = colour("now");
    for (let i = firstAtOrAfter(notes, from - transport.longest); i < notes.length && notes[i].onset < to; i += 1) {
      const { onset, duration: length, pitch, velocity, part } = notes[i];
      const sounding = onset <= tick && tick < onset + length && (transport.playing || tick > 0);
      pen.globalAlpha = levels[part] ? 0.55 + (0.45 * velocity) / 127 : 0.2;
      pen.fillStyle = sounding && levels[part] ? now : parts[part];
      pen.beginPath();
      pen.roundRect(xOf(onset) + 0.5, yOf(pitch) + 0.5, Math.max(2, length * scale - 1), rowHeight - 1, Math.min(3, rowHeight / 3));
      pen.fill();
    }
    pen.globalAlpha = 1;

    fill("ruler", 0, 0, width, RULER);
    if (loop.length) fill("loop-edge", xOf(loop[0]), RULER - 4, (loop[1] - loop[0]) * scale, 4);
    pen.fillStyle = colour("faint");
    const every = [1, 2, 4, 8, 16, 32, 64, 128].find((n) => n * bar * scale > 34) ?? 256;
    for (let n = Math.max(1, barOf(from)); pickup + (n - 1) * bar < Math.min(to, duration); n += 1) {
      if ((n - 1) % every === 0) pen.fillText(String(n), xOf(pickup + (n - 1) * bar) + 4, RULER / 2 + 1);
    }
    fill("now", xOf(tick) - 1, 0, 2, rollHeight);
    drawKeys(tools, low, high, yOf, rowHeight, rollHeight);
  }

  /** @param {PointerEvent} event */
  function place(event) {
    const box = canvas.getBoundingClientRect();
    const tick = (event.clientX - box.left - GUTTER + roll.scrollLeft) / scale;
    return { tick: Math.max(0, Math.min(duration, tick)), y: event.clientY - box.top };
  }

  canvas.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    const { tick, y } = place(event);
    if (event.button) return;
    if (y >= RULER) {
      const pitch = high - Math.floor((y - RULER) / rowHeight);
      const note = notes.findLast((n) => n.pitch === pitch && n.onset <= tick && tick < n.onset + n.duration);
      return seek(note ? note.onset : tick, note);
    }
    canvas.setPointerCapture(event.pointerId); // a drag over the bar numbers selects what is looped
    canvas.onpointermove = (/** @type {PointerEvent} */ move) => {
      const ends = [snap(tick), snap(place(move).tick)].sort((a, b) => a - b);
      draft = ends[1] > ends[0] ? [ends[0], ends[1]] : null;
      draw();
    };
    canvas.onpointerup = () => {
      canvas.onpointermove = canvas.onpointerup = null;
      if (draft) save("loop", draft);
      else seek(snap(tick));
      draft = null;
    };
  });

  // ---- what is shown ----

  let frame = 0;
  function show() {
    cancelAnimationFrame(frame);
    const tick = transport.tick;
    const perSecond = transport.rate;
    showPlaying(playButton, transport.playing);
    position.value = String(Math.round(tick));
    position.style.setProperty("--mg-share", `${(100 * tick) / Math.max(1, duration)}%`);
    position.setAttribute("aria-valuetext", `bar ${barOf(tick)}, ${clock(tick / perSecond)}`);
    time.textContent = `${clock(tick / perSecond)} / ${clock(duration / perSecond)}`;
    showSheetCursor(tick);
    light(tick);
    const x = xOf(tick);
    if (transport.playing && (x > roll.clientWidth - 40 || x < GUTTER)) roll.scrollLeft += x - GUTTER - 60;
    draw();
    if (transport.playing) frame = requestAnimationFrame(show);
  }

  /** Colour the notes that sound. @param {number} tick */
  function light(tick) {
    for (const mark of lit) mark.classList.remove("mg-on");
    lit = [];
    if (!transport.playing && tick === 0) return;
    for (let i = firstAtOrAfter(notes, tick - transport.longest); i < notes.length && notes[i].onset <= tick; i += 1) {
      if (tick < notes[i].onset + notes[i].duration) lit.push(...(headsOfRow.get(i) ?? []));
    }
    for (const mark of lit) mark.classList.add("mg-on");
  }

  function showView() {
    const view = hidden("notation") ? "roll" : hidden("roll") ? "notation" : model.get("view");
    sheet.hidden = view === "roll";
    roll.hidden = view === "notation";
    for (const tab of views) {
      tab.setAttribute("aria-selected", String(tab.dataset.view === view));
      tab.tabIndex = tab.dataset.view === view ? 0 : -1;
    }
    measure();
    fitRoll();
  }

  function showTempo() {
    const bpm = model.get("bpm");
    transport.setTempo(bpm);
    tempo.value = bpm;
    tempoText.textContent = `♩ = ${Math.round(bpm)}`;
    show();
  }

  function showLoop() {
    const loop = model.get("loop");
    transport.setLoop(loop.length ? loop : null);
    loopButton.setAttribute("aria-pressed", String(loop.length > 0));
    draw();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const typing = target.matches("select, input, button") && target !== playButton;
    const tick = transport.tick;
    const step = event.shiftKey ? bar : beat;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => seek(snap(tick - step)),
      ArrowRight: () => seek(snap(tick + step)),
      Home: () => seek(0),
      l: toggleLoop,
      "[": () => save("loop", [snap(tick), model.get("loop")[1] > snap(tick) ? model.get("loop")[1] : duration]),
      "]": () => save("loop", [model.get("loop")[0] < snap(tick) ? model.get("loop")[0] : 0, snap(tick)]),
      Escape: () => save("loop", []),
    };
    if (target !== playButton) keys[" "] = () => void toggle();
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key] || (typing && event.key !== "Escape")) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  }

  // ---- put together ----

  const head = h("div", { class: "mg-head" },
    hidden("title") ? null : h("div", { class: "mg-titles" }, h("span", { class: "mg-title" }, title || "Untitled"), h("span", { class: "mg-subtitle" }, subtitle)),
    hidden("views") || hidden("notation") || hidden("roll") ? null : tabs);
  const bar1 = h("div", { class: "mg-bar" }, playButton, hidden("seek") ? null : position, time, hidden("loop") ? null : loopButton);
  const mixer = h("div", { class: "mg-parts" }, ...(hidden("parts") ? [] : strips.map(({ row }) => row)));
  const tools = h("div", { class: "mg-bar mg-tools" },
    hidden("tempo") ? null : h("label", { class: "mg-tempo" }, tempoText, tempo),
    transport.programs.length === 1 ? mixer : null,
    hidden("download") ? null : h("div", { class: "mg-files" }, icon(SAVE), ...downloads));
  const root = h("section", { class: "mg mg-player", tabindex: "0", "aria-label": `Player: ${title || "untitled score"}`, "data-lm-suppress-shortcuts": "true", onkeydown: onKey },
    head, sheet, roll, bar1, tools, transport.programs.length > 1 ? mixer : null, status);
  el.append(root);

  watch("bpm", showTempo);
  watch("loop", showLoop);
  watch("view", showView);
  for (const name of ["mutes", "solos", "volumes"]) watch(name, applyMix);
  watch("programs", () => {
    applyMix();
    loadInstruments().catch((error) => say(error.message, true));
  });
  whenResized(root, () => {
    fitPaper();
    measure();
    fitRoll();
  });
  whenThemed(draw);

  engrave();
  showView();
  showTempo();
  showLoop();
  applyMix();
  loadInstruments().catch(() => {}); // ahead of the first click; a failure is told when somebody wants to hear
  return () => {
    gone.abort();
    cancelAnimationFrame(frame);
    transport.onChange = () => {};
    transport.close();
  };
}

export default { render };
