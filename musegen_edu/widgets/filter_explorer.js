// A kernel that slides over a piano roll or a spectrogram, and the map of what it answers. The kernel of one's own is computed here, so that
// the map follows the finger; the maps of a network's layers come from Python.
import { BLACK, GUTTER, RULER, Transport, ask, brush, drawKeys, h, icon, instrumentMenu, openSound, readNotes, sound } from "./engine.js";
import { Instrument } from "./instrument.js";
import { showPlaying, viewOf } from "./view_parts.js";

const HEAD = 24; // px of a panel's name
const TALL = 190; // px of a panel, about
const STEP = 0.25; // by which a key or a drag changes a weight
const MOST = [16, 25]; // weights along time and along rows
const UNDO = "M8 4v4h6a5 5 0 0 1 0 10H7v-2.5h7a2.5 2.5 0 0 0 0-5H8v4L2.5 9z";
const REDO = "M16 4v4h-6a5 5 0 0 0 0 10h7v-2.5h-7a2.5 2.5 0 0 1 0-5h6v4L21.5 9z";
const OWN = /** @type {const} */ (["kernel", "stride", "dilation", "padding", "bias", "relu"]);
const AXES = ["time", "rows"];

/** @typedef {{ size: number[], stride: number[], start: number[] }} Field which cells a number has seen */
/** @typedef {{ values: Float64Array, shape: number[], field: Field | null, largest: number }} FeatureMap */
/** @typedef {{ largest: number, values: Int16Array, kernel: Float32Array | null, bias: Float32Array | null, reads: Float32Array | null }} LayerData */
/** @typedef {{ name: string, kind: string, shape: number[], filters: number, field: Field | null, activation: string, dilation: number[], padding: string, kernel: number[] | false }} Layer */
/** @typedef {{ kernel: number[][], stride: number[], dilation: number[], padding: string, bias: number, relu: boolean }} Settings */

/** @param {number} low @param {number} value @param {number} high */
const within = (low, value, high) => Math.max(low, Math.min(high, value));
const short = (/** @type {number} */ x) => (Math.abs(x) < 0.005 ? "0" : Number.isInteger(x) ? String(x) : x.toFixed(2)).replace("-", "−");
const many = (/** @type {number} */ n, /** @type {string} */ what, ending = "s") => `${n} ${what}${n === 1 ? "" : ending}`;
/** @template T @param {T} value @returns {T} */
const copyOf = (value) => JSON.parse(JSON.stringify(value));
const bytesOf = (/** @type {DataView} */ data) => /** @type {ArrayBuffer} */ (data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));

/** How a kernel lies on a picture, as in musegen_edu.kernels. @param {number[]} picture @param {Settings} own */
function fieldOf(picture, { kernel, stride, dilation, padding }) {
  const size = [(kernel.length - 1) * dilation[0] + 1, (kernel[0].length - 1) * dilation[1] + 1];
  const around = size.map((window, i) => (padding === "same" ? Math.max(0, (Math.ceil(picture[i] / stride[i]) - 1) * stride[i] + window - picture[i]) : 0));
  const shape = size.map((window, i) => Math.max(0, Math.floor((picture[i] + around[i] - window) / stride[i]) + 1));
  return { field: { size, stride, start: around.map((zeros) => -Math.floor(zeros / 2)) }, shape };
}

/** @param {RenderContext} context */
function render({ model, el, experimental: { invoke } }) {
  const gone = new AbortController(); // aborted when the view goes; every listener outside `el` hangs on it
  const { blame, hidden, save, say, status, watch, whenResized, whenThemed } = viewOf(model, gone.signal);
  const info = model.get("info");
  const layers = /** @type {Layer[]} */ (model.get("layers"));
  const presets = /** @type {{ name: string, kernel: number[][], bias: number, words: string }[]} */ (model.get("presets"));
  const isRoll = info.kind === "roll";
  const notes = readNotes(model.get("notes_data"));
  const { steps, rows } = info;
  let cells = new Float32Array(steps * rows);
  let own = /** @type {Settings} */ (Object.fromEntries(OWN.map((name) => [name, copyOf(model.get(name))])));
  const first = copyOf(own);
  let past = /** @type {Settings[]} */ ([]);
  let future = /** @type {Settings[]} */ ([]);
  let map = /** @type {FeatureMap} */ ({ values: new Float64Array(), shape: [0, 0], field: null, largest: 0 });
  let lit = new Uint8Array(steps * rows);
  let at = [0, 0]; // the place in the map that is looked at
  let pinned = false;
  let weight = [0, 0]; // the weight that keys change: time, row
  let hear = isRoll || info.sounds ? "lit" : "";
  const loaded = /** @type {Map<number, LayerData>} */ (new Map());
  const layer = () => /** @type {number} */ (model.get("layer"));
  const parts = 1 + notes.reduce((most, note) => Math.max(most, note.part), 0);
  const transport = new Transport([], { programs: Array(parts).fill(model.get("program")), length: info.duration ?? 0, bpm: info.bpm ?? 120, onChange: show });


  // ---- the map ----

  const isInside = (/** @type {number} */ step, /** @type {number} */ row) => step >= 0 && step < steps && row >= 0 && row < rows;
  /** The cell under a weight at a place; what lies outside the picture is 0. @param {number} step @param {number} row @param {Float32Array} [table] */
  const cell = (step, row, table = cells) => (isInside(step, row) ? table[step * rows + row] : 0);

  /** @returns {FeatureMap} */
  function slide() {
    const { field, shape } = fieldOf([steps, rows], own);
    const values = new Float64Array(shape[0] * shape[1]).fill(own.bias);
    own.kernel.forEach((line, a) => line.forEach((w, b) => {
      if (!w) return;
      for (let i = 0; i < shape[0]; i += 1) {
        const step = field.start[0] + i * field.stride[0] + a * own.dilation[0];
        if (step < 0 || step >= steps) continue;
        for (let j = 0; j < shape[1]; j += 1) {
          const row = field.start[1] + j * field.stride[1] + b * own.dilation[1];
          if (row >= 0 && row < rows) values[i * shape[1] + j] += w * cells[step * rows + row];
        }
      }
    }));
    return { values, shape, field, largest: 0 };
  }

  /** @param {LayerData} data @param {number} filter @returns {FeatureMap} */
  function filterMap(data, filter) {
    const { shape, field } = layers[layer()];
    const n = shape[0] * shape[1];
    return { values: Float64Array.from(data.values.subarray(filter * n, (filter + 1) * n), (x) => (x * data.largest) / 32767), shape, field, largest: 0 };
  }

  /** Everything that depends on kernel, layer or threshold. */
  function compute() {
    const data = loaded.get(layer());
    if (layer() >= 0 && !data) return;
    map = data ? filterMap(data, model.get("channel")) : slide();
    if (own.relu) map.values.forEach((x, i) => (map.values[i] = Math.max(0, x)));
    map.largest = map.values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    at = at.map((place, i) => within(0, place, Math.max(0, map.shape[i] - 1)));
    light();
    mapPixels = null;
    refreshSound();
    measure();
    calculate();
  }

  /** Which cells make the map light up, as in musegen_edu.kernels. */
  function light() {
    lit = new Uint8Array(steps * rows);
    litPicture = null;
    const [n, m] = map.shape;
    const top = map.values.reduce((most, x) => Math.max(most, x), 0);
    const above = (/** @type {number} */ x) => x > 0 && x >= model.get("threshold") * top;
    const lowest = cells.reduce((least, x) => Math.min(least, x), 0);
    if (layer() >= 0) {
      const nearest = (/** @type {number} */ k, /** @type {number} */ axis) => {
        const { field, shape } = map;
        const place = field ? Math.floor((k - field.start[axis] - (field.size[axis] - 1) / 2) / field.stride[axis] + 0.5) : Math.floor((k * shape[axis]) / [steps, rows][axis]);
        return within(0, place, shape[axis] - 1);
      };
      for (let step = 0; step < steps; step += 1) for (let row = 0; row < rows; row += 1) if (above(map.values[nearest(step, 0) * m + nearest(row, 1)]) && cell(step, row) > lowest) lit[step * rows + row] = 1;
      return;
    }
    const { start, stride } = /** @type {Field} */ (map.field);
    for (let i = 0; i < n; i += 1) for (let j = 0; j < m; j += 1) {
      if (!above(map.values[i * m + j])) continue;
      own.kernel.forEach((line, a) => line.forEach((w, b) => {
        const [step, row] = [start[0] + i * stride[0] + a * own.dilation[0], start[1] + j * stride[1] + b * own.dilation[1]];
        if (isInside(step, row) && w * (cell(step, row) - lowest) > 0) lit[step * rows + row] = 1;
      }));
    }
  }

  /** Is one of a note's cells lit? @param {Note} note */
  function isLit(note) {
    for (let step = note.onset / info.grid; step < (note.onset + note.duration) / info.grid; step += 1) if (lit[step * rows + note.pitch]) return true;
    return false;
  }

  async function loadLayer() {
    const index = layer();
    if (index < 0 || loaded.has(index)) return compute();
    try {
      const { answer, buffers } = await ask(invoke, el, "maps", { layer: index });
      const [values, kernel, bias, reads] = buffers.map(bytesOf);
      loaded.set(index, { ...answer, values: new Int16Array(values), kernel: kernel ? new Float32Array(kernel) : null, bias: bias ? new Float32Array(bias) : null, reads: reads ? new Float32Array(reads) : null });
      if (gone.signal.aborted || index !== layer()) return;
      compute();
      jump();
      showControls();
    } catch (error) {
      blame(error);
    }
  }

  // ---- edits ----

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  function send() {
    if (waiting === undefined) return;
    clearTimeout(waiting);
    waiting = undefined;
    for (const name of OWN) if (JSON.stringify(model.get(name)) !== JSON.stringify(own[name])) model.set(name, copyOf(own[name]));
    model.save_changes();
  }

  /** @param {Settings} next @param {boolean} [tell] Python, which does not know it yet */
  function put(next, tell = true) {
    own = next;
    weight = weight.map((place, i) => within(0, place, [own.kernel.length, own.kernel[0].length][i] - 1));
    if (tell) {
      clearTimeout(waiting);
      waiting = setTimeout(send, 120); // a drag is one message
    }
    compute();
    showControls();
  }

  /** An edit that can be undone. @param {Partial<Settings>} change @param {string} what */
  function commit(change, what) {
    past = [...past.slice(-199), own];
    future = [];
    put({ ...copyOf(own), ...copyOf(change) });
    say(what);
  }

  /** @param {Settings[]} from @param {Settings[]} to @param {string} what */
  function travel(from, to, what) {
    const next = from.pop();
    if (!next) return;
    to.push(own);
    put(next);
    say(what);
  }
  const undo = () => travel(past, future, "Undone");
  const redo = () => travel(future, past, "Redone");

  /** The kernel with one weight changed. @param {number[]} place @param {number} value */
  const withWeight = ([a, b], value) => own.kernel.map((line, i) => line.map((w, j) => (i === a && j === b ? within(-100, value, 100) : w)));
  /** @param {number} value */
  const setWeight = (value) => commit({ kernel: withWeight(weight, value) }, `Weight at time ${weight[0] + 1}, row ${weight[1] + 1}: ${short(value)}`);

  /** A larger or smaller kernel: it grows at its end and at its top. @param {number} axis @param {number} size */
  function resize(axis, size) {
    const lengths = [own.kernel.length, own.kernel[0].length];
    lengths[axis] = within(1, Math.round(size) || 1, MOST[axis]);
    const kernel = Array.from({ length: lengths[0] }, (_, a) => Array.from({ length: lengths[1] }, (__, b) => own.kernel[a]?.[b] ?? 0));
    commit({ kernel }, `${lengths[0]} × ${lengths[1]} weights`);
  }

  function copyFilter() {
    const data = loaded.get(layer());
    const { kernel: size, dilation, padding, activation, name, field } = layers[layer()];
    if (!data?.kernel || !data.bias || !size) return;
    const filter = model.get("channel");
    const from = filter * size[0] * size[1];
    const kernel = Array.from({ length: size[0] }, (_, a) => Array.from({ length: size[1] }, (__, b) => +(/** @type {Float32Array} */ (data.kernel)[from + a * size[1] + b].toFixed(4))));
    save("layer", -1);
    commit({ kernel, dilation, padding, stride: field?.stride ?? [1, 1], bias: +data.bias[filter].toFixed(4), relu: activation === "relu" || own.relu }, `Filter ${filter} of ${name}, to be edited`);
  }

  // ---- sound ----

  const samples = new Instrument(model, invoke, el, transport);

  let audible = /** @type {Note[]} */ ([]);
  function refreshSound() {
    if (!isRoll) return;
    const next = hear === "lit" ? notes.filter(isLit) : notes;
    if (next.length === audible.length && next.every((note, i) => note === audible[i])) return;
    audible = next;
    transport.setNotes(next, info.duration);
  }

  const clip = { source: /** @type {AudioBufferSourceNode | null} */ (null), began: 0, pause: () => stopClip() };
  const clips = /** @type {Map<string, AudioBuffer>} */ (new Map());
  function stopClip() {
    if (clip.source) clip.source.onended = null;
    clip.source?.stop();
    clip.source = null;
    if (sound.playing === clip) sound.playing = null;
    show();
  }

  const isPlaying = () => transport.playing || !!clip.source;
  /** Where the sound is, in steps of the picture; -1 in silence. */
  function heardAt() {
    if (transport.playing) return transport.tick / info.grid;
    return clip.source && sound.context ? Math.max(0, sound.context.currentTime - clip.began) / info.hop_seconds : -1;
  }

  async function toggle() {
    if (!hear || hidden("sound")) return;
    if (transport.playing) return transport.pause();
    if (clip.source) return stopClip();
    openSound(); // within the gesture
    root.setAttribute("aria-busy", "true");
    try {
      if (isRoll) {
        if (!samples.ready) await samples.load();
        if (!audible.length) say("Nothing lights up, so there is nothing to hear. Lower the threshold.");
        else if (!gone.signal.aborted) transport.play();
      } else await playClip();
    } catch (error) {
      blame(error);
    }
    root.removeAttribute("aria-busy");
  }

  async function playClip() {
    const settings = { ...own, layer: layer(), channel: model.get("channel"), threshold: model.get("threshold"), what: hear };
    const key = hear === "lit" ? JSON.stringify(settings) : hear;
    let buffer = clips.get(key);
    if (!buffer) {
      say(hear === "original" ? "Fetching the sound…" : "Turning the cells back into sound…");
      const { buffers } = await ask(invoke, el, "sound", settings);
      buffer = await new OfflineAudioContext(1, 1, 44100).decodeAudioData(bytesOf(buffers[0]));
      clips.set(key, buffer);
      say("");
    }
    if (gone.signal.aborted) return;
    const { context, master } = openSound();
    sound.playing?.pause();
    sound.playing = clip;
    clip.source = new AudioBufferSourceNode(context, { buffer });
    clip.source.onended = stopClip;
    clip.source.connect(master);
    clip.began = context.currentTime;
    clip.source.start();
    show();
  }

  // ---- the pictures ----

  const canvas = h("canvas", { class: "mg-canvas" });
  const spacer = h("div", { class: "mg-spacer" });
  const plot = h("div", { class: "mg-roll mg-filter-plot", role: "application", tabindex: "0", onscroll: () => paint() }, canvas, spacer);
  const pitches = notes.map((note) => note.pitch);
  const [low, high] = isRoll ? [Math.max(0, Math.min(...pitches) - 4), Math.min(rows - 1, Math.max(...pitches) + 4)] : [0, rows - 1]; // the rows that are shown
  const row = isRoll ? within(5, Math.floor(TALL / (high - low + 1)), 15) : TALL / rows; // px
  const tall = row * (high - low + 1);
  const tops = [RULER + HEAD, RULER + HEAD + tall + HEAD]; // of picture and map
  const bottom = tops[1] + tall + 4;
  let scale = 1; // px a step
  let mapPixels = /** @type {HTMLCanvasElement | null} */ (null);
  let soundPicture = /** @type {HTMLCanvasElement | null} */ (null); // in full colour
  let litPicture = /** @type {HTMLCanvasElement | null} */ (null); // what is lit, the rest dark
  const xOf = (/** @type {number} */ step) => GUTTER + step * scale - plot.scrollLeft;
  /** The upper edge of a row. @param {number} r @param {number} panel */
  const yOf = (r, panel) => tops[panel] + (high - r) * row;

  function measure() {
    const width = plot.clientWidth;
    if (!width) return;
    scale = Math.max((width - GUTTER - 6) / steps, isRoll ? 3.5 : 1);
    spacer.style.width = `${GUTTER + steps * scale + 4}px`;
    const ratio = globalThis.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(bottom * ratio)) {
      Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(bottom * ratio) });
      canvas.style.cssText = `width: ${width}px; height: ${bottom}px`;
    }
    show();
  }

  /** One pixel a number, highest row on top. @param {number[]} shape @param {(step: number, row: number) => number[]} colourOf */
  function pixelsOf(shape, colourOf) {
    const pixels = h("canvas", { width: Math.max(1, shape[0]), height: Math.max(1, shape[1]) });
    const pen = pixels.getContext("2d");
    const image = pen.createImageData(pixels.width, pixels.height);
    for (let step = 0; step < shape[0]; step += 1) for (let r = 0; r < shape[1]; r += 1) image.data.set(colourOf(step, r), 4 * ((shape[1] - 1 - r) * shape[0] + step));
    pen.putImageData(image, 0, 0);
    return pixels;
  }

  /** Blue above 0, orange below, as strong as the number is large. @param {(name: string) => string} colour @param {ArrayLike<number>} values @param {number[]} shape @param {number} largest @param {number} [from] */
  function divergingPixels(colour, values, shape, largest, from = 0) {
    const [above, below] = ["part-0", "part-1"].map((name) => rgbOf(colour(name)));
    return pixelsOf(shape, (step, r) => {
      const x = values[from + step * shape[1] + r] / (largest || 1);
      return [...(x < 0 ? below : above), 255 * Math.min(1, Math.abs(x))];
    });
  }

  function rgbOf(/** @type {string} */ text) {
    const pen = h("canvas", { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
    pen.fillStyle = text;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  }

  /** A spectrogram in colours; what is silenced is dark. @param {boolean} masked */
  function soundPixels(masked) {
    const { palette } = info;
    return pixelsOf([steps, rows], (step, r) => {
      const x = within(0, (cell(step, r) - info.low) / (info.high - info.low || 1), 1) * (palette.length - 1);
      const [a, b] = [palette[Math.floor(x)], palette[Math.ceil(x)]];
      const share = masked && !lit[step * rows + r] ? 0.3 : 1;
      return [...[0, 1, 2].map((i) => share * (a[i] + (x % 1) * (b[i] - a[i]))), 255];
    });
  }

  function paint() {
    const width = plot.clientWidth;
    if (!width || !canvas.clientWidth) return;
    const tools = brush(canvas, root);
    const { pen, colour, fill } = tools;
    const now = heardAt();
    fill("ground", 0, 0, width, bottom);
    pen.imageSmoothingEnabled = false;
    for (const panel of [0, 1]) {
      pen.save();
      pen.beginPath();
      pen.rect(GUTTER, tops[panel], width, tall);
      pen.clip();
      if (isRoll) for (let r = low; r <= high; r += 1) if (BLACK.includes(r % 12)) fill("black-row", GUTTER, yOf(r, panel), width, row);
      if (panel) paintMap(tools);
      else if (isRoll) paintNotes(tools, now);
      else {
        const pixels = hear === "lit" ? (litPicture ??= soundPixels(true)) : (soundPicture ??= soundPixels(false));
        pen.drawImage(pixels, xOf(0), tops[0], steps * scale, tall);
      }
      if (isRoll) for (let tick = info.pickup % info.bar; tick <= steps * info.grid; tick += info.bar) fill("bar-line", Math.round(xOf(tick / info.grid)), tops[panel], 1, tall);
      pen.restore();
    }
    paintMarks(tools);
    if (now >= 0) fill("now", xOf(now) - 1, 0, 2, bottom);
    fill("ruler", 0, 0, width, RULER);
    paintRuler(tools, width);
    fill("ruler", 0, 0, GUTTER, bottom);
    for (const panel of [0, 1]) paintGutter(tools, panel);
    pen.fillStyle = colour("ink");
    const names = [isRoll ? "Piano roll" : "Spectrogram", `Feature map${layer() >= 0 ? `: filter ${model.get("channel")} of ${layers[layer()].name}` : ""}`];
    const remarks = [hear === "lit" ? (isRoll ? "green: lights up, and sounds" : "dark: silenced") : "", `blue above 0, orange below · full colour ${short(map.largest)} · ${map.shape.join(" × ")} places`];
    const wide = width > 560;
    names.forEach((name, panel) => {
      const y = tops[panel] - HEAD / 2;
      fill("ground", 0, tops[panel] - HEAD, width, HEAD);
      pen.font = `600 13px ${getComputedStyle(root).fontFamily}`;
      pen.fillStyle = colour("ink");
      pen.fillText(name, 8, y);
      pen.font = `12.5px ${getComputedStyle(root).fontFamily}`;
      pen.fillStyle = colour("faint");
      pen.textAlign = "right";
      pen.fillText(wide ? remarks[panel] : remarks[panel].split(" · ")[1] ?? "", width - 8, y);
      pen.textAlign = "left";
    });
  }

  /** @param {ReturnType<typeof brush>} tools @param {number} now */
  function paintNotes({ pen, colour }, now) {
    for (const note of notes) {
      const [from, to] = [note.onset / info.grid, (note.onset + note.duration) / info.grid];
      const shines = isLit(note);
      pen.globalAlpha = hear === "lit" && !shines ? 0.4 : 1;
      pen.fillStyle = colour(now >= from && now < to && (shines || hear !== "lit") ? "now" : shines ? "part-2" : "part-0");
      pen.beginPath();
      pen.roundRect(xOf(from) + 0.5, yOf(note.pitch, 0) + 0.5, Math.max(2, (to - from) * scale - 1), row - 1, Math.min(3, row / 3));
      pen.fill();
    }
    pen.globalAlpha = 1;
  }

  /** Where a map lies over the picture: each number in the middle of what it has seen. */
  function placing() {
    const { field, shape } = map;
    const jump = field?.stride ?? [steps / (shape[0] || 1), rows / (shape[1] || 1)];
    const origin = field ? [0, 1].map((i) => field.start[i] + field.size[i] / 2 - jump[i] / 2) : [0, 0];
    return { jump, origin };
  }

  /** @param {ReturnType<typeof brush>} tools */
  function paintMap({ pen, colour }) {
    if (!map.values.length) return;
    const pixels = (mapPixels ??= divergingPixels(colour, map.values, map.shape, map.largest));
    const { jump, origin } = placing();
    pen.drawImage(pixels, xOf(origin[0]), yOf(origin[1] + map.shape[1] * jump[1] - 1, 1), map.shape[0] * jump[0] * scale, map.shape[1] * jump[1] * row);
  }

  /** What is looked at: the place in the map, and the cells that it has seen. @param {ReturnType<typeof brush>} tools */
  function paintMarks({ pen, colour }) {
    if (!map.values.length) return;
    const { jump, origin } = placing();
    const frame = (/** @type {number} */ panel, /** @type {number[]} */ from, /** @type {number[]} */ size) => {
      pen.save();
      pen.beginPath();
      pen.rect(GUTTER, tops[panel] - 2, plot.clientWidth, tall + 4);
      pen.clip();
      const [edge, ink] = panel || isRoll ? [colour("ground"), colour("now")] : ["#000", "#fff"];
      for (const [line, thick] of /** @type {[string, number][]} */ ([[edge, 4.5], [ink, 2.2]])) {
        pen.strokeStyle = line;
        pen.lineWidth = thick;
        const [w, high] = [Math.max(size[0] * scale, 4), Math.max(size[1] * row, 4)];
        pen.strokeRect(xOf(from[0] + size[0] / 2) - w / 2, yOf(from[1] + size[1] / 2 - 1, panel) - high / 2, w, high);
      }
      pen.restore();
    };
    const place = [0, 1].map((i) => origin[i] + at[i] * jump[i]);
    frame(1, place, jump);
    if (!map.field) return;
    const from = [0, 1].map((i) => /** @type {Field} */ (map.field).start[i] + at[i] * jump[i]);
    frame(0, from, map.field.size);
    const { dilation, kernel } = own;
    if (layer() >= 0 || Math.max(...dilation) === 1) return;
    kernel.forEach((line, a) => line.forEach((w, b) => w && frame(0, [from[0] + a * dilation[0], from[1] + b * dilation[1]], [1, 1]))); // the gaps of a dilated kernel
  }

  /** @param {ReturnType<typeof brush>} tools @param {number} width */
  function paintRuler({ pen, colour }, width) {
    pen.fillStyle = colour("faint");
    if (isRoll) {
      const every = Math.ceil(28 / ((info.bar / info.grid) * scale));
      for (let bar = 1; info.pickup + (bar - 1) * info.bar < steps * info.grid; bar += every) pen.fillText(String(bar), xOf((info.pickup + (bar - 1) * info.bar) / info.grid) + 4, RULER / 2 + 1);
      return;
    }
    if (!info.hop_seconds) return void pen.fillText("frames →", GUTTER + 4, RULER / 2 + 1);
    const every = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30].find((seconds) => (seconds / info.hop_seconds) * scale > 56) ?? 60;
    for (let i = 0; i * every < steps * info.hop_seconds; i += 1) {
      const x = xOf((i * every) / info.hop_seconds);
      if (x < width - 30) pen.fillText(`${+(i * every).toFixed(2)}${i ? "" : " s"}`, x + 4, RULER / 2 + 1);
    }
  }

  /** @param {ReturnType<typeof brush>} tools @param {number} panel */
  function paintGutter(tools, panel) {
    const { pen, colour, fill } = tools;
    if (isRoll) {
      pen.save();
      pen.beginPath();
      pen.rect(0, tops[panel], GUTTER, tall);
      pen.clip();
      drawKeys(tools, low, high, (p) => yOf(p, panel), row, tops[panel] + tall);
      return pen.restore();
    }
    pen.fillStyle = colour("faint");
    pen.textAlign = "right";
    for (const hertz of [200, 500, 1000, 2000, 5000, 10000]) {
      const r = info.frequencies.findIndex((/** @type {number} */ f) => f >= hertz);
      if (r > 0 && yOf(r, panel) > tops[panel] + 16) pen.fillText(hertz < 1000 ? String(hertz) : `${hertz / 1000} k`, GUTTER - 6, yOf(r, panel) + row / 2);
    }
    if (info.frequencies.length) pen.fillText("Hz", GUTTER - 6, tops[panel] + 8);
    pen.textAlign = "left";
    fill("bar-line", GUTTER - 1, tops[panel], 1, tall);
  }

  // ---- what is looked at ----

  /** @param {PointerEvent} event the place of the map whose middle is nearest @returns {number[]} */
  function placeAt(event) {
    const box = canvas.getBoundingClientRect();
    const panel = event.clientY - box.top > tops[1] - HEAD ? 1 : 0;
    const spot = [(event.clientX - box.left - GUTTER + plot.scrollLeft) / scale, high + 1 - (event.clientY - box.top - tops[panel]) / row];
    const { jump, origin } = placing();
    return spot.map((s, i) => within(0, Math.floor((s - origin[i]) / jump[i]), Math.max(0, map.shape[i] - 1)));
  }

  /** @param {number[]} place */
  function look(place) {
    if (place[0] === at[0] && place[1] === at[1]) return;
    at = place;
    calculate();
    show();
  }

  canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => pinned || look(placeAt(event)));
  canvas.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    const place = placeAt(event);
    pinned = !(pinned && place[0] === at[0] && place[1] === at[1]);
    look(place);
    say(pinned ? "Held here. Click elsewhere to look there; click again, or press Escape, to let the pointer lead." : "The pointer leads.");
  });

  /** Look at the largest number of the map. */
  function jump() {
    let best = 0;
    map.values.forEach((x, i) => (best = x > map.values[best] ? i : best));
    at = [Math.floor(best / (map.shape[1] || 1)), best % (map.shape[1] || 1)];
    calculate();
    show();
  }

  /** @param {number} step @param {number} r */
  function words(step, r) {
    if (!isRoll) return info.hop_seconds ? `${(step * info.hop_seconds).toFixed(2)} s, ${Math.round(info.frequencies[within(0, Math.round(r), rows - 1)])} Hz` : `frame ${Math.round(step)}, band ${Math.round(r)}`;
    const tick = step * info.grid - info.pickup;
    const bar = Math.floor(tick / info.bar);
    return `bar ${bar + 1}, beat ${+((tick - bar * info.bar) / info.beat + 1).toFixed(2)}, ${info.names[within(0, Math.round(r), rows - 1)]}`;
  }

  // ---- the calculation by hand ----

  const title = (/** @type {string} */ text) => h("figcaption", { class: "mg-subtitle" }, text);
  const tables = ["cells", "kernel", "products"].map((name) => h("div", { class: "mg-weights", "data-name": name, ...(name === "kernel" ? { role: "grid", tabindex: "0" } : { role: "img" }) }));
  const [cellTable, kernelTable, productTable] = tables;
  const rowNames = h("div", { class: "mg-row-names", "aria-hidden": "true" });
  const sum = h("div", { class: "mg-sum" });
  const seen = h("canvas", { class: "mg-seen", role: "img" });
  const cellTitle = title("cells under the kernel");
  const kernelTitle = title("× weights");
  const sumBox = h("figure", {}, title("= sum"), sum);
  const reading = h("p", { class: "mg-readout mg-filter-reading" });
  const byHand = [h("figure", {}, cellTitle, h("div", { class: "mg-named" }, rowNames, cellTable)), h("figure", {}, kernelTitle, kernelTable), h("figure", {}, title("= products"), productTable), sumBox];
  const seenBox = h("figure", {}, title("the cells that it has seen"), seen);

  /** The weights that are looked at: one's own, or those of a first layer. */
  function weightsNow() {
    if (layer() < 0) return { kernel: own.kernel, bias: own.bias, dilation: own.dilation, reads: cells };
    const data = loaded.get(layer());
    const { kernel: size, dilation } = layers[layer()];
    if (!data?.kernel || !data.bias || !data.reads || !size) return null;
    const filter = model.get("channel");
    const values = data.kernel.subarray(filter * size[0] * size[1], (filter + 1) * size[0] * size[1]);
    return { kernel: Array.from({ length: size[0] }, (_, a) => [...values.subarray(a * size[1], (a + 1) * size[1])]), bias: data.bias[filter], dilation, reads: data.reads };
  }

  /** @param {any} table @param {number[][]} values time by time @param {number} largest @param {number[]} [chosen] */
  function fillTable(table, values, largest, chosen) {
    const [n, m] = [values.length, values[0].length];
    const room = root.clientWidth < 760 ? root.clientWidth - 90 : Math.min(330, (root.clientWidth - 440) / 3);
    const [wide, tall] = [within(9, Math.floor(room / n), 46), within(9, Math.floor(250 / m), 30)];
    const longest = values.flat().reduce((most, x) => Math.max(most, short(x).length), 1);
    const size = Math.min(13, (wide - 3) / (0.58 * longest)); // px of a digit's height
    const spoken = size >= 10 && tall >= 17;
    if (table.dataset.shape !== `${n} ${m} ${wide}`) {
      table.dataset.shape = `${n} ${m} ${wide}`;
      table.style.cssText = `grid-template-columns: repeat(${n}, ${wide}px); grid-auto-rows: ${tall}px`;
      rowNames.style.cssText = `grid-auto-rows: ${tall}px`;
      const inGrid = table === kernelTable;
      table.replaceChildren(...Array.from({ length: m }, (_, y) => h("div", inGrid ? { role: "row" } : {}, ...Array.from({ length: n }, (__, a) =>
        h("span", { "data-a": a, "data-b": m - 1 - y, ...(inGrid ? { role: "gridcell", id: `${id}-${a}-${m - 1 - y}` } : {}) })))));
    }
    table.style.fontSize = `${size}px`;
    for (const span of table.querySelectorAll("span")) {
      const [a, b] = [Number(span.dataset.a), Number(span.dataset.b)];
      const x = values[a][b];
      const text = short(x);
      span.textContent = spoken ? text : "";
      span.title = text;
      span.style.background = `color-mix(in srgb, var(--mg-part-${x < 0 ? 1 : 0}) ${Math.round((70 * Math.min(Math.abs(x), largest)) / (largest || 1))}%, transparent)`;
      span.classList.toggle("mg-chosen", chosen?.[0] === a && chosen[1] === b);
      if (table === kernelTable) span.setAttribute("aria-label", `time ${a + 1}, row ${b + 1}: ${text}`);
    }
  }

  function calculate() {
    if (hidden("calculation") || !root.clientWidth) return;
    const weights = weightsNow();
    for (const box of byHand) box.hidden = !weights;
    seenBox.hidden = !!weights || !map.field;
    kernelTitle.textContent = layer() < 0 ? "× weights (yours to change)" : `× weights of filter ${model.get("channel")}`;
    if (!map.values.length) {
      reading.textContent = layer() >= 0 ? "Waiting for the kernel…" : "The kernel is larger than the picture: choose the padding “same”, or make it smaller.";
      if (weights) fillTable(kernelTable, weights.kernel, 1, weight);
      return;
    }
    const value = map.values[at[0] * map.shape[1] + at[1]];
    const { field } = map;
    const from = field && [0, 1].map((i) => field.start[i] + at[i] * field.stride[i]);
    const middle = from && field ? [0, 1].map((i) => from[i] + (field.size[i] - 1) / 2) : [0, 1].map((i) => ((at[i] + 0.5) * [steps, rows][i]) / map.shape[i]);
    const span = field && (isRoll ? `${many(field.size[0], "sixteenth")} × ${many(field.size[1], "pitch", "es")}` : `${many(field.size[0], "frame")}${info.hop_seconds ? ` (${(field.size[0] * info.hop_seconds).toFixed(2)} s)` : ""} × ${many(field.size[1], "band")}`);
    reading.replaceChildren(h("strong", {}, `Place ${at[0]}, ${at[1]}: ${short(value)}`), ` · around ${words(...pair(middle))}${span ? ` · has seen ${span}` : ""}${pinned ? " · held" : ""}`);
    if (weights && from) {
      const patch = weights.kernel.map((line, a) => line.map((_, b) => cell(from[0] + a * weights.dilation[0], from[1] + b * weights.dilation[1], weights.reads)));
      const products = patch.map((line, a) => line.map((x, b) => x * weights.kernel[a][b]));
      const most = weights.kernel.flat().reduce((so, w) => Math.max(so, Math.abs(w)), 0);
      const peak = weights.reads.reduce((so, x) => Math.max(so, Math.abs(x)), 1e-9);
      cellTitle.textContent = weights.reads.every((x, i) => x === cells[i]) ? "cells under the kernel" : "cells under the kernel, as the layer reads them";
      fillTable(cellTable, patch, peak);
      const named = parseFloat(rowNames.style.gridAutoRows) >= 15;
      rowNames.replaceChildren(...(named ? weights.kernel[0].map((_, b) => h("span", {}, nameOf(from[1] + b * weights.dilation[1]))).reverse() : []));
      fillTable(kernelTable, weights.kernel, most, layer() < 0 ? weight : undefined);
      fillTable(productTable, products, most * peak);
      const total = products.flat().reduce((so, x) => so + x, 0);
      const line = (/** @type {string} */ label, /** @type {number} */ x) => h("div", {}, h("span", {}, label), h("b", {}, short(x)));
      sum.replaceChildren(line("sum of the products", total), line("+ bias", weights.bias), line("=", total + weights.bias), ...(own.relu ? [line("after ReLU", value)] : value - total - weights.bias > 1e-3 ? [line(`after ${layers[layer()].activation}`, value)] : []));
      cellTable.setAttribute("aria-label", `Cells under the kernel: ${patch.map((step) => step.map(short).join(" ")).join("; ")}`);
      productTable.setAttribute("aria-label", `Products; their sum is ${short(total)}`);
      kernelTable.setAttribute("aria-label", `Kernel of ${weights.kernel.length} steps of time by ${weights.kernel[0].length} rows. Arrows walk, plus and minus change a weight, 0 clears it.`);
      kernelTable.setAttribute("aria-activedescendant", `${id}-${weight[0]}-${weight[1]}`);
      kernelTable.setAttribute("aria-readonly", String(layer() >= 0));
      if (document.activeElement !== weightField) weightField.value = String(+own.kernel[weight[0]][weight[1]].toFixed(4));
    } else if (from && field) showSeen(from, field.size);
    plot.setAttribute("aria-label", `${isRoll ? "Piano roll" : "Spectrogram"} and its feature map of ${map.shape.join(" × ")} places. ${reading.textContent}. Arrow keys walk over the map, space plays.`);
  }
  const nameOf = (/** @type {number} */ r) => (r < 0 || r >= rows ? "–" : isRoll ? info.names[r] : info.frequencies.length ? `${Math.round(info.frequencies[r])} Hz` : String(r));
  const pair = (/** @type {number[]} */ list) => /** @type {[number, number]} */ ([list[0], list[1]]);

  /** The field of a deep layer, enlarged. @param {number[]} from @param {number[]} size */
  function showSeen(from, size) {
    const colour = (/** @type {string} */ name) => getComputedStyle(root).getPropertyValue(`--mg-${name}`).trim();
    const ink = rgbOf(colour("part-0"));
    const { palette } = info;
    const pixels = pixelsOf(size, (a, b) => {
      if (!isInside(from[0] + a, from[1] + b)) return [0, 0, 0, 0]; // the padding
      const x = within(0, (cell(from[0] + a, from[1] + b) - info.low) / (info.high - info.low || 1), 1);
      return isRoll ? [...ink, 255 * x] : [...palette[Math.round(x * (palette.length - 1))], 255];
    });
    Object.assign(seen, { width: size[0], height: size[1] });
    seen.getContext("2d").drawImage(pixels, 0, 0);
    const zoom = Math.max(1, Math.min(300 / size[0], 220 / size[1], 24));
    seen.style.cssText = `width: ${size[0] * zoom}px; height: ${size[1] * zoom}px`;
    seen.setAttribute("aria-label", `${size[0]} by ${size[1]} cells`);
  }

  /** @param {PointerEvent} event */
  function onKernel(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (layer() >= 0 || event.button || !target.dataset.a) return;
    const place = [Number(target.dataset.a), Number(target.dataset.b)];
    const again = place[0] === weight[0] && place[1] === weight[1];
    const before = own;
    const start = own.kernel[place[0]][place[1]];
    weight = place;
    calculate();
    kernelTable.setPointerCapture(event.pointerId);
    let moved = false;
    kernelTable.onpointermove = (/** @type {PointerEvent} */ move) => {
      const value = start + Math.round((event.clientY - move.clientY) / 8) * STEP;
      moved ||= Math.abs(event.clientY - move.clientY) > 6;
      if (moved && value !== own.kernel[place[0]][place[1]]) put({ ...own, kernel: withWeight(place, value) });
    };
    kernelTable.onpointerup = kernelTable.onpointercancel = () => {
      kernelTable.onpointermove = kernelTable.onpointerup = kernelTable.onpointercancel = null;
      if (moved && before !== own) {
        past = [...past.slice(-199), before];
        future = [];
        say(`Weight at time ${place[0] + 1}, row ${place[1] + 1}: ${short(own.kernel[place[0]][place[1]])}`);
        showControls();
      } else if (again) setWeight(start === 0 ? 1 : start > 0 ? -1 : 0);
    };
  }
  kernelTable.addEventListener("pointerdown", onKernel);

  /** @param {KeyboardEvent} event @returns {(() => void) | undefined} */
  function kernelKey({ key, shiftKey }) {
    const walk = (/** @type {number} */ axis, /** @type {number} */ way) => () => {
      weight[axis] = within(0, weight[axis] + way, [own.kernel.length, own.kernel[0].length][axis] - 1);
      calculate();
    };
    const change = (/** @type {number} */ by) => () => layer() < 0 && setWeight(own.kernel[weight[0]][weight[1]] + by);
    if (shiftKey && (key === "ArrowUp" || key === "ArrowDown")) return change(key === "ArrowUp" ? STEP : -STEP);
    const clear = () => { if (layer() < 0) setWeight(0); };
    return { ArrowLeft: walk(0, -1), ArrowRight: walk(0, 1), ArrowUp: walk(1, 1), ArrowDown: walk(1, -1), "+": change(STEP), "=": change(STEP), "-": change(-STEP), 0: clear, Delete: clear, Backspace: clear }[key];
  }

  // ---- controls ----

  /** @param {string} label @param {() => void} onclick @param {string} [path] @param {string} [tip] */
  const button = (label, onclick, path, tip = label) =>
    h("button", { class: `mg-button${path ? " mg-icon" : ""}`, type: "button", "aria-label": path ? label : null, title: tip, onclick }, path ? icon(path) : label);
  /** @param {string} label @param {[string | number, string][]} options @param {(value: string) => void} choose */
  function menu(label, options, choose) {
    const select = h("select", { "aria-label": label, onchange: () => choose(select.value) }, ...options.map(([value, text]) => h("option", { value }, text)));
    return select;
  }
  /** @param {string} label @param {Record<string, any>} limits @param {(value: number) => void} change */
  function number(label, limits, change) {
    const input = h("input", { class: "mg-seed", type: "number", "aria-label": label, ...limits, onchange: () => { const value = Number(input.value); if (input.value !== "" && Number.isFinite(value)) change(value); showControls(); } });
    return input;
  }
  /** @param {string} name the part of `hide` @param {string} text @param {...any} controls */
  const field = (name, text, ...controls) => (hidden(name) ? null : h("label", { class: "mg-field" }, text, ...controls));

  const id = `mg-${Math.random().toString(36).slice(2, 8)}`;
  const playButton = h("button", { class: "mg-play", type: "button", onclick: toggle });
  const options = /** @type {[string, string][]} */ ([["lit", "what lights up"], ["all", isRoll ? "all notes" : "all cells, turned back"], ...(info.original ? [["original", "the original sound"]] : [])]);
  const hearMenu = menu("Hear", options, (value) => {
    if (clip.source) stopClip();
    hear = value;
    refreshSound();
    show();
  });
  const threshold = h("input", { type: "range", min: 0, max: 1, step: 0.01, "aria-label": "Threshold, as a share of the map's largest number", oninput: () => { save("threshold", Number(threshold.value)); light(); refreshSound(); showControls(); show(); } });
  const thresholdText = h("output", { class: "mg-bpm" });
  const instrument = instrumentMenu(model, "Instrument", (program) => save("program", program));
  const undoButton = button("Undo", undo, UNDO, "Undo (Ctrl Z)");
  const redoButton = button("Redo", redo, REDO, "Redo (Ctrl Y)");
  const resetButton = button("Reset", () => commit(first, "As at the beginning"), "", "The kernel and settings of the beginning");
  const layerMenu = menu("Layer", [...layers.map(({ name, filters }, i) => /** @type {[number, string]} */ ([i, `${name}: ${filters} filters`])), [-1, "a kernel of your own"]], (value) => save("layer", Number(value)));
  const presetMenu = menu("Preset", [["", "your own"], ...presets.map(({ name }, i) => /** @type {[number, string]} */ ([i, name]))], (value) => {
    const preset = presets[Number(value)];
    if (value === "" || !preset) return showControls();
    commit({ kernel: preset.kernel, bias: preset.bias, stride: [1, 1], dilation: [1, 1] }, `${preset.name}: ${preset.words}`);
    jump();
  });
  const sizes = AXES.map((axis, i) => number(`Weights along ${axis}`, { min: 1, max: MOST[i] }, (value) => resize(i, value)));
  const pairFields = (/** @type {"stride" | "dilation"} */ name) => AXES.map((axis, i) => number(`${name === "stride" ? "Stride" : "Dilation"} along ${axis}`, { min: 1, max: 16 }, (value) => {
    const next = [...own[name]];
    next[i] = within(1, Math.round(value), 16);
    commit({ [name]: next }, `${name} ${next.join(" × ")}`);
  }));
  const [strides, dilations] = [pairFields("stride"), pairFields("dilation")];
  const paddingMenu = menu("Padding", [["same", "same"], ["valid", "valid"]], (value) => commit({ padding: value }, `padding ${value}`));
  const biasField = number("Bias", { step: STEP, min: -100, max: 100 }, (value) => commit({ bias: within(-100, value, 100) }, `bias ${short(value)}`));
  const weightField = number("Weight", { step: STEP, min: -100, max: 100 }, setWeight);
  const relu = h("input", { type: "checkbox", onchange: () => commit({ relu: relu.checked }, relu.checked ? "ReLU: what is below 0 becomes 0" : "No ReLU: what is below 0 stays") });
  const copyButton = button("Edit a copy of this filter", copyFilter);
  const thumbs = h("div", { class: "mg-thumbs", role: "group", "aria-label": "Filters of this layer" });
  const hint = h("p", { class: "mg-subtitle mg-filter-hint" });

  let thumbsOf = "";
  function showThumbs() {
    const data = loaded.get(layer());
    thumbs.hidden = !data;
    if (!data) return;
    const { shape, filters, name } = layers[layer()];
    const theme = getComputedStyle(root).getPropertyValue("--mg-part-0");
    if (thumbsOf !== `${layer()} ${theme}`) {
      thumbsOf = `${layer()} ${theme}`;
      const colour = (/** @type {string} */ part) => getComputedStyle(root).getPropertyValue(`--mg-${part}`).trim();
      thumbs.replaceChildren(...Array.from({ length: filters }, (_, filter) => {
        const n = shape[0] * shape[1];
        const largest = data.values.subarray(filter * n, (filter + 1) * n).reduce((most, x) => Math.max(most, Math.abs(x)), 1);
        return h("button", { class: "mg-button mg-thumb", type: "button", "aria-label": `Filter ${filter} of ${name}`, onclick: () => save("channel", filter) }, divergingPixels(colour, data.values, shape, largest, filter * n), h("span", {}, String(filter)));
      }));
    }
    thumbs.childNodes.forEach((/** @type {any} */ thumb, /** @type {number} */ i) => thumb.setAttribute("aria-pressed", String(i === model.get("channel"))));
  }

  /** Put the controls where the settings are. */
  function showControls() {
    const isOwn = layer() < 0;
    const preset = presets.findIndex(({ kernel, bias }) => bias === own.bias && JSON.stringify(kernel) === JSON.stringify(own.kernel));
    presetMenu.value = preset < 0 ? "" : String(preset);
    layerMenu.value = String(layer());
    [own.kernel.length, own.kernel[0].length].forEach((size, i) => (sizes[i].value = String(size)));
    own.stride.forEach((value, i) => (strides[i].value = String(value)));
    own.dilation.forEach((value, i) => (dilations[i].value = String(value)));
    paddingMenu.value = own.padding;
    biasField.value = String(own.bias);
    relu.checked = own.relu;
    threshold.value = model.get("threshold");
    thresholdText.textContent = `${Math.round(100 * model.get("threshold"))} %`;
    undoButton.disabled = !past.length;
    redoButton.disabled = !future.length;
    for (const control of kernelBar.children) if (control !== layerField && control !== reluField) control.hidden = !isOwn;
    weightLabel.hidden = !isOwn;
    copyButton.hidden = isOwn || !loaded.get(layer())?.reads?.every((x, i) => x === cells[i]); // what reads other numbers would answer otherwise
    const facts = layers[layer()];
    hint.textContent = isOwn ? (preset < 0 ? "Drag a weight up or down, or press + and −; a second click makes it 0, 1, −1." : `${presets[preset].name}: ${presets[preset].words}`) : `${facts.kind}, ${facts.filters} filters${facts.field ? "" : "; what they have seen of the picture is not known"}`;
    showThumbs();
  }

  // ---- what is shown ----

  let frame = 0;
  function show() {
    cancelAnimationFrame(frame);
    showPlaying(playButton, isPlaying());
    follow();
  }
  function follow() {
    if (isPlaying()) {
      const x = xOf(heardAt());
      if (x > plot.clientWidth - 40 || x < GUTTER) plot.scrollLeft += x - GUTTER - 60;
      frame = requestAnimationFrame(follow);
    }
    paint();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const command = event.ctrlKey || event.metaKey;
    if (target.matches("select, input:not([type=checkbox], [type=range])") || event.altKey || (target.matches("button, input") && [" ", "Enter", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].includes(event.key))) return;
    const walk = (/** @type {number} */ axis, /** @type {number} */ way) => () => {
      pinned = true;
      const next = [...at];
      next[axis] = within(0, at[axis] + way, map.shape[axis] - 1);
      look(next);
      say(reading.textContent ?? "");
      const x = xOf(placing().origin[0] + at[0] * placing().jump[0]);
      if (x < GUTTER || x > plot.clientWidth - 30) plot.scrollLeft += x - plot.clientWidth / 2;
    };
    /** @type {Record<string, (() => unknown) | undefined>} */
    const keys = command ? { z: event.shiftKey ? redo : undo, y: redo } : { " ": toggle, Escape: () => { pinned = false; calculate(); }, ...(target === plot ? { ArrowLeft: walk(0, -1), ArrowRight: walk(0, 1), ArrowUp: walk(1, 1), ArrowDown: walk(1, -1), Home: jump } : {}) };
    const act = target === kernelTable && !command ? (kernelKey(event) ?? keys[event.key]) : keys[command ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  // ---- put together ----

  const head = h("div", { class: "mg-head" }, hidden("title") ? null : h("div", { class: "mg-titles" }, h("span", { class: "mg-title" }, model.get("title") || "Filter explorer"), h("span", { class: "mg-subtitle" }, info.subtitle)),
    hidden("undo") ? null : h("div", { class: "mg-files" }, undoButton, redoButton, resetButton));
  const layerField = layers.length ? field("layer", "Layer", layerMenu) : null;
  const reluField = hidden("relu") ? null : h("label", { class: "mg-check" }, relu, "ReLU");
  const group = (/** @type {string} */ name, /** @type {string} */ text, /** @type {any[]} */ inputs) => (hidden(name) ? null : h("span", { class: "mg-field", role: "group", "aria-label": text }, text, inputs[0], "×", inputs[1]));
  const kernelBar = h("div", { class: "mg-bar mg-tools" }, layerField, field("presets", "Kernel", presetMenu), group("size", "Size", sizes), group("stride", "Stride", strides), group("dilation", "Dilation", dilations), field("padding", "Padding", paddingMenu), field("bias", "Bias", biasField), reluField);
  const soundBar = h("div", { class: "mg-bar" }, ...(hidden("sound") || !hear ? [] : [playButton, field("", "Hear", hearMenu)]), hidden("threshold") ? null : h("label", { class: "mg-field" }, "Threshold", threshold, thresholdText), isRoll && !hidden("sound") && !hidden("instrument") ? instrument : null);
  const weightLabel = h("label", { class: "mg-field" }, "Weight", weightField);
  const calculation = h("div", { class: "mg-calculation" }, reading, h("div", { class: "mg-stage" }, ...byHand, seenBox), h("div", { class: "mg-bar mg-tools" }, weightLabel, copyButton, hint));
  const root = h("section", { class: "mg mg-filter", "aria-label": `Filter explorer: ${model.get("title")}`, "data-lm-suppress-shortcuts": "true", onkeydown: onKey },
    head, kernelBar, thumbs, plot, soundBar, hidden("calculation") ? null : calculation, status);
  el.append(root);

  for (const name of OWN) watch(name, () => {
    if (JSON.stringify(model.get(name)) === JSON.stringify(own[name])) return; // our own words, coming back
    past = [...past.slice(-199), own];
    future = [];
    put({ ...own, [name]: copyOf(model.get(name)) }, false);
  });
  watch("layer", () => { thumbs.hidden = true; void loadLayer(); showControls(); });
  watch("channel", () => { compute(); showControls(); });
  watch("threshold", () => { compute(); showControls(); });
  watch("program", () => { instrument.value = model.get("program"); samples.load().catch(blame); });
  whenResized(root, () => { measure(); calculate(); });
  whenThemed(() => { mapPixels = null; showThumbs(); calculate(); paint(); });
  globalThis.addEventListener("pagehide", send, { signal: gone.signal });

  hearMenu.value = hear;
  instrument.value = model.get("program");
  showControls();
  measure();
  ask(invoke, el, "cells", {}).then(({ buffers }) => {
    if (gone.signal.aborted) return;
    cells = new Float32Array(bytesOf(buffers[0]));
    soundPicture = null;
    if (layer() < 0) compute();
    else void loadLayer();
    jump();
  }).catch(blame);
  if (isRoll) samples.load().catch(() => {}); // ahead of the first click; a failure is told when somebody wants to hear
  return () => {
    send();
    gone.abort();
    cancelAnimationFrame(frame);
    if (clip.source) stopClip();
    cancelAnimationFrame(frame);
    transport.onChange = () => {};
    transport.close();
  };
}

export default { render };
