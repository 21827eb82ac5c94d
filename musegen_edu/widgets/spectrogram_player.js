// Shows a sound as waveform, STFT, mel or CQT, plays it, and switches to a second sound in the same place. Positions are in seconds.
import { ask, brush, h, icon, openSound, sound } from "./engine.js";
import { showPlaying, tabTurner, viewOf } from "./view_parts.js";

const LOOP = "M7 7h9V4l5 4.5-5 4.5v-3H8v4H5V9a2 2 0 0 1 2-2zm10 10H8v3l-5-4.5L8 11v3h8v-4h3v5a2 2 0 0 1-2 2z";
const VIEWS = { waveform: "Waveform", stft: "STFT", mel: "Mel", cqt: "CQT" };
const WINDOWS = [256, 512, 1024, 2048, 4096, 8192];
const TILE = 1024; // columns that the kernel sends at once
const KEPT = 48; // tiles kept in the page
const [LEFT, RIGHT, TOP, BOTTOM] = [58, 62, 8, 24]; // px around the picture
const [HEIGHT, STRIP] = [330, 40]; // px of the picture with its axes, and of the overview
const LOWEST = -100; // dB of a level of 0; 255 is 0 dB
const LOW_C = 32.7032; // Hz
const LOG_FROM = 27.5; // Hz at the foot of the logarithmic axis: A0, the piano's lowest key
const NOTES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];
const SEAM = 0.005; // s in which the end of a loop fades into its beginning
const FADE = 0.008; // s in which sound comes and goes, so that nothing clicks
const SHORTEST = 0.01; // s that can be selected
const SPREAD = 30; // dB either way that the difference shows
/** Quieter in B than in A: blue. Louder: orange. As dark between them as a spectrogram is. */
const DIVERGING = [[86, 180, 233], [45, 96, 130], [24, 24, 28], [140, 86, 30], [255, 176, 84]];

/** @typedef {{ columns: number, rows: number, bytes: Uint8Array, wave: Float32Array, frequencies: Float32Array, loudest: number,
 *   painted: Map<string, HTMLCanvasElement> }} Tile */
/** @typedef {{ when: number, at: number, faders: GainNode[], sources: AudioBufferSourceNode[] }} Voice */

const clamp = (/** @type {number} */ x, /** @type {number} */ low, /** @type {number} */ high) => Math.max(low, Math.min(high, x));

/** Plays two sounds in step, one of them aloud. The audio clock is the only clock. */
class Deck {
  /** @param {number} seconds @param {() => void} onChange */
  constructor(seconds, onChange) {
    this.onChange = onChange;
    /** @type {AudioBuffer[]} */
    this.buffers = [];
    /** @type {GainNode[]} */
    this.outputs = [];
    /** @type {Voice | null} */
    this.voice = null;
    this.at = 0; // the position while paused
    this.from = 0;
    this.to = seconds;
    this.looping = false;
    this.aloud = 0;
    this.volume = 0.8;
    /** @type {{ key: string, buffers: AudioBuffer[] }} */
    this.loops = { key: "", buffers: [] };
  }

  get playing() {
    return this.voice !== null;
  }

  /** s at the beginning of a loop that are heard only the first time, because its end fades into them */
  get seam() {
    return Math.min(SEAM, (this.to - this.from) / 4);
  }

  /** The position heard now. */
  get time() {
    if (!this.voice) return this.at;
    const { context } = openSound();
    const position = this.voice.at + Math.max(0, context.currentTime - (context.outputLatency || 0) - this.voice.when);
    if (position < this.to) return position;
    const back = this.from + this.seam;
    return this.looping ? back + ((position - this.to) % (this.to - back)) : this.to;
  }

  play() {
    if (sound.playing && sound.playing !== this) sound.playing.pause(); // one player at a time
    const { context, analyser } = openSound();
    sound.playing = this;
    if (!this.outputs.length) {
      // Straight to the analyser: the limiter of the sampler would add partials to a tone that has none.
      this.level = new GainNode(context, { gain: this.volume / 2 });
      this.level.connect(analyser);
      this.outputs = this.buffers.map((_, i) => new GainNode(context, { gain: Number(i === this.aloud) }));
      for (const output of this.outputs) output.connect(this.level);
    }
    this.#start(this.at);
    this.onChange();
  }

  pause() {
    if (this.voice) this.at = this.time;
    this.#stop();
    if (sound.playing === this) sound.playing = null;
    this.onChange();
  }

  /** @param {number} time */
  seek(time) {
    this.at = time;
    if (this.voice) this.#start(time);
    this.onChange();
  }

  /** What is played, and whether again and again. @param {number} from @param {number} to @param {boolean} looping */
  setRange(from, to, looping) {
    if (from === this.from && to === this.to && looping === this.looping) return;
    const time = this.time;
    Object.assign(this, { from, to, looping });
    this.seek(time < from || time >= to ? from : time);
  }

  /** Which of the sounds is heard: the one fades as the other rises, so their sum stays. @param {number} aloud */
  choose(aloud) {
    this.aloud = aloud;
    this.outputs.forEach((output, i) => output.gain.setTargetAtTime(Number(i === aloud), output.context.currentTime, FADE));
  }

  /** @param {number} volume 0 to 1 */
  setVolume(volume) {
    this.volume = volume;
    this.level?.gain.setTargetAtTime(volume / 2, this.level.context.currentTime, 0.015);
  }

  /** Other sounds from now on. @param {AudioBuffer[]} buffers */
  load(buffers) {
    this.pause();
    const old = this.level;
    setTimeout(() => old?.disconnect(), 200);
    Object.assign(this, { buffers, outputs: [], level: undefined, loops: { key: "", buffers: [] } });
  }

  /** @param {number} time */
  #start(time) {
    const { context } = openSound();
    this.#stop();
    if (time < this.from || time >= this.to - 0.001) time = this.from;
    const when = context.currentTime + 0.02;
    const length = this.to - time;
    /** @type {Voice} */
    const voice = { when, at: time, faders: [], sources: [] };
    const buffers = this.looping ? this.#loopBuffers() : this.buffers;
    buffers.forEach((buffer, i) => {
      const fader = new GainNode(context, { gain: 0 });
      fader.gain.setValueAtTime(0, when).linearRampToValueAtTime(1, when + FADE);
      const source = new AudioBufferSourceNode(context, { buffer });
      source.connect(fader).connect(this.outputs[i]);
      if (this.looping) {
        Object.assign(source, { loop: true, loopStart: this.seam, loopEnd: buffer.duration });
        source.start(when, time - this.from);
      } else {
        if (length > 2 * FADE) fader.gain.setValueAtTime(1, when + length - FADE).linearRampToValueAtTime(0, when + length);
        source.start(when, time, length);
      }
      voice.faders.push(fader);
      voice.sources.push(source);
    });
    voice.sources[0].onended = () => {
      for (const fader of voice.faders) fader.disconnect();
      if (this.voice !== voice) return;
      this.voice = null;
      this.at = this.from;
      if (sound.playing === this) sound.playing = null;
      this.onChange();
    };
    this.voice = voice;
  }

  #stop() {
    const voice = this.voice;
    this.voice = null;
    if (!voice) return;
    const { context } = openSound();
    for (const { gain } of voice.faders) gain.cancelScheduledValues(context.currentTime).setTargetAtTime(0, context.currentTime, FADE / 2);
    for (const source of voice.sources) source.stop(context.currentTime + 8 * FADE);
  }

  /** The stretch that is repeated, its end faded into its beginning. Nothing from outside it is heard. */
  #loopBuffers() {
    const key = `${this.from} ${this.to}`;
    if (this.loops.key === key) return this.loops.buffers;
    const buffers = this.buffers.map((buffer) => {
      const rate = buffer.sampleRate;
      const first = Math.round(this.from * rate);
      const wave = buffer.getChannelData(0).slice(first, Math.max(first + 1, Math.round(this.to * rate)));
      const n = Math.round(this.seam * rate);
      for (let i = 0; i < n; i += 1) wave[wave.length - n + i] += (wave[i] - wave[wave.length - n + i]) * (i / n);
      const copy = new AudioBuffer({ length: wave.length, sampleRate: rate });
      copy.copyToChannel(wave, 0);
      return copy;
    });
    this.loops = { key, buffers };
    return buffers;
  }
}

/** Where frequencies lie on the picture's vertical axis: a share of 0 is its foot. Row k has its middle at k + 0.5. */
class Axis {
  /** @param {Float32Array} frequencies of the rows @param {boolean} log */
  constructor(frequencies, log) {
    this.frequencies = frequencies;
    this.rows = frequencies.length;
    this.top = frequencies[this.rows - 1];
    this.log = log && this.top > 2 * LOG_FROM;
  }

  /** @param {number} share */
  rowAt(share) {
    if (!this.log) return share * this.rows;
    return this.frequencyAt(share) / (this.top / (this.rows - 1)) + 0.5; // the STFT's rows are equally far apart
  }

  /** @param {number} share */
  frequencyAt(share) {
    if (this.log) return LOG_FROM * (this.top / LOG_FROM) ** share;
    if (this.rows < 2) return this.top;
    const place = share * this.rows - 0.5;
    const row = clamp(Math.floor(place), 0, this.rows - 2);
    const [here, next] = [this.frequencies[row], this.frequencies[row + 1]];
    return Math.max(0, here + (place - row) * (next - here));
  }

  /** @param {number} frequency */
  shareOf(frequency) {
    if (this.log) return Math.log(frequency / LOG_FROM) / Math.log(this.top / LOG_FROM);
    if (this.rows < 2) return 0.5;
    let row = this.frequencies.findIndex((f) => f > frequency) - 1;
    if (row < 0) row = frequency < this.frequencies[0] ? 0 : this.rows - 2;
    const [here, next] = [this.frequencies[row], this.frequencies[row + 1]];
    return (row + 0.5 + (frequency - here) / (next - here)) / this.rows;
  }
}

/** @param {number} f Hz */
function noteOf(f) {
  const pitch = 69 + 12 * Math.log2(f / 440);
  const key = Math.round(pitch);
  const cents = Math.round(100 * (pitch - key));
  return `${NOTES[((key % 12) + 12) % 12]}${Math.floor(key / 12) - 1}${cents ? ` ${cents > 0 ? "+" : "−"}${Math.abs(cents)} cents` : ""}`;
}

const hertz = (/** @type {number} */ f) => (f < 1000 ? `${f < 100 ? f.toFixed(1) : Math.round(f)} Hz` : `${(f / 1000).toFixed(f < 10000 ? 2 : 1)} kHz`);
const decibels = (/** @type {number} */ db, /** @type {number} */ digits = 0) => `${db.toFixed(digits).replace(/^-0(\.0)?$/, "0").replace("-", "−")} dB`;

/** 1, 2 or 5 times a power of ten: the smallest step that is at least so large. @param {number} least */
function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((n) => n * power).find((step) => step >= least * 0.9999) ?? least;
}

/** 256 colours between some anchors, as pixels. @param {number[][]} anchors @param {number} low @param {number} high which of the 256 are the ends */
function colours(anchors, low, high) {
  const pixels = new Uint32Array(256);
  const bytes = new Uint8Array(pixels.buffer);
  for (let i = 0; i < 256; i += 1) {
    const place = clamp((i - low) / Math.max(1, high - low), 0, 1) * (anchors.length - 1);
    const here = Math.min(Math.floor(place), anchors.length - 2);
    for (let c = 0; c < 3; c += 1) bytes[4 * i + c] = anchors[here][c] + (place - here) * (anchors[here + 1][c] - anchors[here][c]);
    bytes[4 * i + 3] = 255;
  }
  return pixels;
}

/** The first and the last row that a row of pixels stands for. @param {Axis} axis @param {number} y from the top @param {number} height */
function rowsOf(axis, y, height) {
  const [low, high] = [axis.rowAt((height - y - 1) / height), axis.rowAt((height - y) / height)];
  const first = clamp(high - low > 1 ? Math.round(low) : Math.floor((low + high) / 2), 0, axis.rows - 1);
  return [first, clamp(high - low > 1 ? Math.round(high) - 1 : first, first, axis.rows - 1)];
}

/**
 * A tile as an image: one pixel a column, each pixel row the loudest of the rows it stands for.
 * @param {Tile} tile @param {Tile | null} minus the sound that is subtracted @param {Axis} axis @param {number} height @param {Uint32Array} pixels
 */
function paint(tile, minus, axis, height, pixels) {
  const { columns, bytes } = tile;
  const canvas = h("canvas", { width: columns, height });
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(columns, height);
  const out = new Uint32Array(image.data.buffer);
  const line = new Uint8Array(columns);
  const other = new Uint8Array(columns);
  const loudest = (/** @type {Uint8Array} */ into, /** @type {Uint8Array} */ from, /** @type {number} */ first, /** @type {number} */ last) => {
    into.set(from.subarray(first * columns, (first + 1) * columns));
    for (let row = first + 1; row <= last; row += 1) for (let x = 0; x < columns; x += 1) into[x] = Math.max(into[x], from[row * columns + x]);
  };
  for (let y = 0; y < height; y += 1) {
    const [first, last] = rowsOf(axis, y, height);
    loudest(line, bytes, first, last);
    if (minus) loudest(other, minus.bytes, first, last);
    for (let x = 0; x < columns; x += 1) {
      const level = minus ? clamp(Math.round(127.5 + ((line[x] - other[x]) * -LOWEST) / 2 / SPREAD), 0, 255) : line[x];
      out[y * columns + x] = pixels[level];
    }
  }
  pen.putImageData(image, 0, 0);
  return canvas;
}

/** @param {RenderContext} context */
function render({ model, el, experimental: { invoke } }) {
  const gone = new AbortController(); // aborted when the view goes
  const { hidden, save, say, status, watch, whenResized, whenThemed } = viewOf(model, gone.signal);
  let info = model.get("info");
  let [from, to] = [0, info.seconds]; // the stretch of time that is seen
  const deck = new Deck(info.seconds, show);

  // ---- sound ----

  let loaded = 0; // the version of the sounds that the deck has
  async function toggle() {
    if (deck.playing) return deck.pause();
    const { context } = openSound(); // within the gesture
    if (loaded === info.version) return deck.play();
    say("Fetching the sound from the kernel…");
    root.setAttribute("aria-busy", "true");
    try {
      const { version } = info;
      const { buffers } = await ask(invoke, el, "sound", { rate: context.sampleRate });
      const decoded = await Promise.all(buffers.map((file) => context.decodeAudioData(/** @type {ArrayBuffer} */ (file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength)))));
      say(info.peak > 1 ? `The sound reaches ${info.peak.toFixed(2)}, beyond full scale (1.00). It is played that much quieter, so that nothing is cut off.` : "");
      if (gone.signal.aborted || version !== info.version) return;
      deck.load(decoded);
      loaded = version;
      deck.play();
    } catch (error) {
      say(/** @type {Error} */ (error).message, true);
    } finally {
      root.removeAttribute("aria-busy");
    }
  }

  // ---- tiles ----

  /** @type {Map<string, Tile>} */
  const tiles = new Map();
  /** @type {Set<string>} */
  const asked = new Set(); // on their way, or refused
  /** @type {Map<string, object>} */
  let missing = new Map(); // what the last drawing lacked
  let asking = setTimeout(() => {}, 0);

  /** @param {string} view @param {string} source @param {number} level @param {number} index @param {boolean} [want] */
  function tileOf(view, source, level, index, want = true) {
    const key = [info.version, view, source, view === "stft" || view === "mel" ? model.get("n_fft") : 0, level, index].join();
    const tile = tiles.get(key);
    if (!tile && want && !asked.has(key)) missing.set(key, { view, source, level, index, n_fft: model.get("n_fft") });
    return tile;
  }

  async function fetchMissing() {
    for (const [key, message] of missing) {
      asked.add(key);
      const slow = setTimeout(() => say("The kernel is computing the picture…"), 600);
      const told = status.textContent;
      try {
        const { answer, buffers } = await ask(invoke, el, "picture", message);
        if (gone.signal.aborted) return;
        const numbers = buffers.map((view) => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
        const wave = "loudest" in answer ? new Float32Array() : new Float32Array(numbers[0]);
        tiles.set(key, { ...answer, bytes: new Uint8Array(numbers[0]), wave, frequencies: new Float32Array(numbers[1] ?? 0), painted: new Map() });
        while (tiles.size > KEPT) tiles.delete(/** @type {string} */ (tiles.keys().next().value));
        asked.delete(key);
      } catch (error) {
        if (!gone.signal.aborted && key.startsWith(`${info.version},`)) say(/** @type {Error} */ (error).message, true);
        return;
      } finally {
        clearTimeout(slow);
      }
      if (status.textContent.startsWith("The kernel is computing")) say(told);
      draw(); // which says what is missing now
      read();
      return;
    }
  }

  // ---- controls ----

  /** @param {string} label @param {string} text @param {() => void} onclick @param {string} [title] */
  const button = (label, text, onclick, title = label) => h("button", { class: "mg-button", type: "button", "aria-label": label, title, onclick }, text);

  const playButton = h("button", { class: "mg-play", type: "button", onclick: toggle });
  const position = h("input", { class: "mg-seek", type: "range", min: 0, step: "any", "aria-label": "Position", oninput: () => deck.seek(Number(position.value)) });
  const time = h("span", { class: "mg-time" });
  const loopButton = h("button", { class: "mg-button mg-icon", type: "button", "aria-label": "Loop", title: "Loop (L). Drag over the picture to choose a stretch", onclick: toggleLoop }, icon(LOOP));
  const zoomOut = button("Zoom out", "−", () => zoom(2), "Zoom out (-)");
  const zoomIn = button("Zoom in", "+", () => zoom(0.5), "Zoom in (+)");
  const volume = h("input", { type: "range", min: 0, max: 1, step: 0.01, value: deck.volume, "aria-label": "Volume", oninput: () => deck.setVolume(Number(volume.value)) });
  const views = Object.entries(VIEWS).map(([name, label]) =>
    h("button", { class: "mg-tab", type: "button", role: "tab", "data-view": name, onclick: () => save("view", name) }, label));
  const tabs = h("div", { class: "mg-tabs", role: "tablist", "aria-label": "View", onkeydown: tabTurner(views) }, ...views);
  const sources = ["A", "B"].map((name) => h("button", { class: "mg-button", type: "button", "data-source": name, title: `Hear and see ${name} (${name})`, onclick: () => save("source", name) }));
  const differ = button("Difference, B minus A", "", () => save("difference", !model.get("difference")), "Show how much louder the second sound is, in dB; in the waveform, what is left when the first is taken away");
  const compare = h("div", { class: "mg-field", role: "group", "aria-label": "Compare" }, ...sources, differ);
  const axisMenu = menu("Frequency axis", [["log", "log axis"], ["linear", "linear axis"]], "frequency_axis");
  const windowMenu = menu("Window, in samples", [], "n_fft");
  const quietest = h("input", { type: "range", min: LOWEST, max: -20, step: 5, "aria-label": "Quietest level shown, in dB", oninput: () => save("quietest", Number(quietest.value)) });
  const rangeText = h("output", { class: "mg-bpm" });
  const range = h("label", { class: "mg-tempo" }, "darkest", quietest, rangeText);
  const readout = h("p", { class: "mg-readout" });

  function milliseconds(/** @type {number} */ n) {
    const ms = (1000 * n) / info.sample_rate;
    return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  }

  /** @param {string} label @param {(string | number)[][]} options value and text @param {string} trait */
  function menu(label, options, trait) {
    const change = (/** @type {any} */ event) => save(trait, trait === "n_fft" ? Number(event.target.value) : event.target.value);
    return h("select", { "aria-label": label, onchange: change }, ...options.map(([value, text]) => h("option", { value }, String(text))));
  }

  // ---- selection ----

  let looping = false;
  /** @type {[number, number] | null} the selection while it is being drawn */
  let draft = null;

  function toggleLoop() {
    looping = !looping;
    takeSelection();
  }

  function takeSelection() {
    const [begin, end] = model.get("selection") ?? [0, info.seconds];
    deck.setRange(begin, end, looping);
    loopButton.setAttribute("aria-pressed", String(looping));
    place();
  }

  /** @param {number} begin @param {number} end */
  function select(begin, end) {
    const ends = [begin, end].sort((a, b) => a - b).map((t) => Number(clamp(t, 0, info.seconds).toFixed(6)));
    save("selection", ends[1] - ends[0] >= SHORTEST ? [ends[0], Math.min(ends[1], info.seconds)] : null);
  }

  // ---- time seen ----

  /** Samples or frames a second in the finest picture of a view. */
  const finest = () => (model.get("view") === "waveform" ? info.sample_rate : info.sample_rate / hop());
  /** Samples from one frame to the next. */
  const hop = () => (model.get("view") === "cqt" ? info.hop_length : Math.min(info.hop_length, model.get("n_fft") / 2));
  const width = () => Math.max(10, canvas.clientWidth - LEFT - RIGHT);
  const xOf = (/** @type {number} */ t) => LEFT + ((t - from) / (to - from)) * width();
  const timeAt = (/** @type {number} */ x) => clamp(from + ((x - LEFT) / width()) * (to - from), 0, info.seconds);

  /** @param {number} begin @param {number} span */
  function look(begin, span) {
    span = clamp(span, Math.min(info.seconds, 32 / info.sample_rate), info.seconds);
    from = clamp(begin, 0, info.seconds - span);
    to = from + span;
    zoomOut.disabled = span >= info.seconds;
    draw();
  }

  /** @param {number} factor @param {number} [around] what stays in its place */
  function zoom(factor, around = clamp(deck.time, from, to)) {
    look(around - (around - from) * factor, (to - from) * factor);
  }

  // ---- drawing ----

  const canvas = h("canvas", { class: "mg-canvas" });
  const cursor = h("div", { class: "mg-at" });
  const mark = h("div", { class: "mg-selected" });
  const plot = h("div", { class: "mg-plot", tabindex: "0", role: "img" }, canvas, mark, cursor);
  const strip = h("canvas", { class: "mg-canvas", "aria-hidden": "true" });
  const stripCursor = h("div", { class: "mg-at" });
  const overview = h("div", { class: "mg-plot mg-overview mg-wave" }, strip, stripCursor);
  let ratio = 1; // device pixels in a px

  /** Any tile of the view that is shown: they all know its rows. */
  function someTile() {
    const [view, n_fft] = [model.get("view"), model.get("view") === "cqt" ? 0 : model.get("n_fft")];
    for (const [key, tile] of tiles) if (key.startsWith(`${info.version},${view},`) && key.split(",")[3] === String(n_fft)) return tile;
    return undefined;
  }

  /** @param {HTMLCanvasElement} board @param {number} high */
  function fit(board, high) {
    const wide = root.clientWidth;
    ratio = globalThis.devicePixelRatio || 1;
    Object.assign(board, { width: Math.round(wide * ratio), height: Math.round(high * ratio) });
    board.style.cssText = `width: ${wide}px; height: ${high}px`;
  }

  function draw() {
    if (!root.clientWidth || !canvas.clientWidth) return;
    missing = new Map();
    const tools = brush(canvas, root);
    const { fill } = tools;
    fill("ground", 0, 0, canvas.clientWidth, HEIGHT);
    const view = model.get("view");
    if (view === "waveform") drawWave(tools, LEFT, width(), TOP, HEIGHT - BOTTOM, from, to, sourcesShown(), true);
    else drawLevels(tools, view);
    drawTimes(tools);
    if (!hidden("overview")) {
      const small = brush(strip, root);
      small.fill("ground", 0, 0, strip.clientWidth, STRIP);
      drawWave(small, LEFT, width(), 2, STRIP - 2, 0, info.seconds, [model.get("source")], false);
      const [a, b] = [from, to].map((t) => LEFT + (t / info.seconds) * width());
      small.fill("outside", LEFT, 2, a - LEFT, STRIP - 4);
      small.fill("outside", b, 2, LEFT + width() - b, STRIP - 4);
      if (to - from < info.seconds) small.fill("accent", a, STRIP - 3, Math.max(2, b - a), 3);
    }
    place();
    clearTimeout(asking);
    if (missing.size) asking = setTimeout(fetchMissing, 30);
  }

  const heard = () => /** @type {string[]} */ (info.labels).map((_, i) => "AB"[i]);
  function sourcesShown() {
    if (!model.get("difference") || info.labels.length < 2) return [model.get("source")];
    return model.get("view") === "waveform" ? ["difference"] : ["A", "B"];
  }

  /**
   * @param {ReturnType<typeof brush>} tools @param {number} left @param {number} wide @param {number} top @param {number} bottom
   * @param {number} begin @param {number} end @param {string[]} shown @param {boolean} axes
   */
  function drawWave({ pen, colour, fill }, left, wide, top, bottom, begin, end, shown, axes) {
    const middle = (top + bottom) / 2;
    const half = (bottom - top) / 2 - 1;
    const rate = info.sample_rate;
    const level = Math.max(0, Math.floor(Math.log2(((end - begin) * rate) / wide)));
    const step = 2 ** level / rate; // s a column
    const yOf = (/** @type {number} */ value) => middle - (half * value) / info.peak;
    if (axes) {
      for (const value of [-1, -0.5, 0, 0.5, 1]) {
        fill(value ? "line" : "bar-line", left, Math.round(yOf(value)), wide, 1);
        pen.fillStyle = colour("faint");
        pen.textAlign = "right";
        pen.fillText(String(value).replace("-", "−"), left - 8, clamp(yOf(value), top + 5, bottom - 5));
      }
    }
    pen.save();
    pen.beginPath();
    pen.rect(left, top, wide, bottom - top);
    pen.clip();
    shown.forEach((source) => {
      pen.fillStyle = pen.strokeStyle = colour(`part-${["A", "B", "difference"].indexOf(source)}`);
      const xAt = (/** @type {number} */ column) => left + ((column * step - begin) / (end - begin)) * wide;
      const apart = (step / (end - begin)) * wide; // px from one column to the next
      const dots = level === 0 && apart > 5;
      if (level === 0) pen.beginPath();
      for (let index = Math.floor(begin / step / TILE); index <= Math.floor(end / step / TILE); index += 1) {
        const tile = tileOf("waveform", source, level, index);
        if (axes) for (const name of heard()) tileOf("waveform", name, level, index);
        if (!tile) continue;
        const first = index * TILE;
        for (let c = Math.max(0, Math.floor(begin / step) - first - 1); c < tile.columns && (first + c - 1) * step <= end; c += 1) {
          const [x, low, high] = [xAt(first + c), tile.wave[c], tile.wave[tile.columns + c]];
          if (level === 0) pen.lineTo(x, yOf(low));
          else pen.fillRect(x, yOf(high) - 0.6, Math.max(1, apart), Math.max(1.2, yOf(low) - yOf(high) + 1.2));
          if (dots) pen.fillRect(x - 2.5, yOf(low) - 2.5, 5, 5);
        }
      }
      pen.lineWidth = 1.4;
      if (level === 0) pen.stroke();
    });
    pen.restore();
  }

  /** dB of the lightest colour: the loudest of both sounds, rounded up to a ten. */
  const loudest = () => Math.min(0, Math.max(LOWEST + 20, 10 * Math.ceil((someTile()?.loudest ?? 0) / 10)));

  /** @param {ReturnType<typeof brush>} tools @param {string} view */
  function drawLevels({ pen, colour, fill }, view) {
    const [wide, high] = [width(), HEIGHT - BOTTOM - TOP];
    const perSecond = finest();
    const frames = Math.floor(info.samples / hop()) + 1;
    const level = clamp(Math.floor(Math.log2(((to - from) * perSecond) / wide)), 0, Math.ceil(Math.log2(frames)));
    const shown = sourcesShown();
    const [quiet, loud] = [Math.min(model.get("quietest"), loudest() - 10), loudest()];
    const code = (/** @type {number} */ db) => Math.round(255 * (1 - db / LOWEST));
    const pixels = shown.length > 1 ? colours(DIVERGING, 0, 255) : colours(info.palette, code(quiet), code(loud));
    fill("ruler", LEFT, TOP, wide, high);
    pen.save();
    pen.beginPath();
    pen.rect(LEFT, TOP, wide, high);
    pen.clip();
    const axis = axisOf();
    /** @param {number} at the level whose tiles are drawn @param {boolean} want */
    const drawTiles = (at, want) => {
      const step = 2 ** at / perSecond; // s a column
      for (let index = Math.max(0, Math.floor((from + step / 2) / step / TILE)); index * TILE * step <= to && index * TILE * 2 ** at < frames; index += 1) {
        const found = shown.map((source) => tileOf(view, source, at, index, want)); // A before B
        if (want) for (const source of heard()) tileOf(view, source, at, index); // what is not shown is read
        const tile = found[found.length - 1];
        if (!axis || !tile || found.includes(undefined)) continue;
        const minus = found.length > 1 ? /** @type {Tile} */ (found[0]) : null;
        const height = Math.round(high * ratio);
        const look = [axis.log, height, quiet, loud, shown.length].join();
        const image = /** @type {HTMLCanvasElement} */ (tile.painted.get(look) ?? paint(tile, minus, axis, height, pixels));
        tile.painted = new Map([[look, image]]);
        const begin = index * TILE * step - 0.5 / perSecond; // a frame is as wide as a hop, around its middle
        pen.imageSmoothingEnabled = (step / (to - from)) * wide * ratio < 1.5; // large pixels stay what they are
        pen.drawImage(image, xOf(begin), TOP, xOf(begin + tile.columns * step) - xOf(begin), high);
      }
    };
    for (let at = level + 3; at > level; at -= 1) drawTiles(at, false); // what is there of coarser pictures, until the right one has come
    drawTiles(level, true);
    pen.restore();
    if (axis) drawFrequencies(axis, view, { pen, colour, fill });
    drawBar(shown.length > 1, quiet, loud, pixels, { pen, colour, fill });
  }

  function axisOf() {
    const known = someTile();
    return known?.frequencies.length ? new Axis(known.frequencies, model.get("view") === "stft" && model.get("frequency_axis") === "log") : null;
  }

  /** @param {Axis} axis @param {string} view @param {ReturnType<typeof brush>} tools */
  function drawFrequencies(axis, view, { pen, colour, fill }) {
    const high = HEIGHT - BOTTOM - TOP;
    /** @type {[number, string][]} */
    let ticks = [50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000].map((f) => [f, f < 1000 ? `${f} Hz` : `${f / 1000} kHz`]);
    if (view === "cqt") ticks = Array.from({ length: 10 }, (_, i) => [LOW_C * 2 ** i, `C${i + 1} ${i < 5 ? Math.round(LOW_C * 2 ** i) : `${((LOW_C * 2 ** i) / 1000).toFixed(1)}k`}`]);
    else if (view === "stft" && !axis.log) {
      const step = niceStep(axis.top / 7);
      ticks = Array.from({ length: 8 }, (_, i) => [i * step, i * step < 1000 ? `${i * step} Hz` : `${(i * step) / 1000} kHz`]);
    }
    let last = Infinity;
    pen.textAlign = "right";
    for (const [f, name] of ticks) {
      const y = TOP + high * (1 - axis.shareOf(f));
      if (y > TOP + high + 0.5 || y < TOP || last - y < 15) continue;
      last = y;
      fill("bar-line", LEFT - 5, Math.round(y), 5, 1);
      pen.fillStyle = colour("faint");
      pen.fillText(name, LEFT - 8, clamp(y, TOP + 6, TOP + high - 5));
    }
  }

  /** The colour bar. @param {boolean} differing @param {number} quiet @param {number} loud @param {Uint32Array} pixels @param {ReturnType<typeof brush>} tools */
  function drawBar(differing, quiet, loud, pixels, { pen, colour }) {
    const high = HEIGHT - BOTTOM - TOP;
    const x = LEFT + width() + 10;
    const [low, top] = differing ? [-SPREAD, SPREAD] : [quiet, loud];
    for (let y = 0; y < high; y += 1) {
      const db = low + ((high - y) / high) * (top - low);
      const at = differing ? Math.round(255 * ((db + SPREAD) / 2 / SPREAD)) : Math.round(255 * (1 - db / LOWEST));
      pen.fillStyle = `#${(pixels[clamp(at, 0, 255)] & 0xffffff).toString(16).padStart(6, "0").replace(/(..)(..)(..)/, "$3$2$1")}`;
      pen.fillRect(x, TOP + y, 12, 1.5);
    }
    pen.fillStyle = colour("faint");
    pen.textAlign = "left";
    for (let db = Math.ceil(low / 10) * 10; db <= top; db += differing ? 10 : 20) {
      const y = TOP + high * (1 - (db - low) / (top - low));
      pen.fillText(differing && db > 0 ? `+${db}` : String(db).replace("-", "−"), x + 17, clamp(y, TOP + 6, TOP + high - 5));
    }
    pen.fillText("dB", x, HEIGHT - BOTTOM / 2 + 2);
  }

  /** @param {ReturnType<typeof brush>} tools */
  function drawTimes({ pen, colour, fill }) {
    const step = niceStep(((to - from) * 76) / width());
    const digits = clamp(-Math.floor(Math.log10(step) + 1e-9), 0, 6);
    pen.textAlign = "center";
    for (let i = Math.ceil(from / step - 1e-6); i * step <= to + 1e-9; i += 1) {
      const x = xOf(i * step);
      fill("bar-line", Math.round(x), HEIGHT - BOTTOM, 1, 5);
      pen.fillStyle = colour("faint");
      const name = `${(i * step).toFixed(digits)} s`;
      const half = pen.measureText(name).width / 2;
      pen.fillText(name, clamp(x, half + 2, LEFT + width() + 4 - half), HEIGHT - BOTTOM + 14); // the colour bar begins behind it
    }
    pen.textAlign = "left";
  }

  /** Put cursor and selection where they belong. */
  function place() {
    const now = deck.time;
    const seen = now >= from && now <= to;
    cursor.hidden = !seen;
    cursor.style.transform = `translateX(${xOf(now) - 1}px)`;
    stripCursor.style.transform = `translateX(${LEFT + (now / info.seconds) * width() - 1}px)`;
    const chosen = draft ?? model.get("selection");
    mark.hidden = !chosen || chosen[1] < from || chosen[0] > to;
    if (!mark.hidden) {
      const [a, b] = [xOf(Math.max(from, chosen[0])), xOf(Math.min(to, chosen[1]))];
      mark.style.cssText = `transform: translateX(${a}px); width: ${Math.max(1, b - a)}px`;
    }
  }

  // ---- what is under the pointer ----

  /** @type {{ x: number, y: number } | null} */
  let pointer = null;

  /** Level in dB of a view's row at a time; undefined where the picture has not come yet. @param {string} source @param {number} t @param {number} row */
  function levelAt(source, t, row) {
    const tile = tileAt(source, t);
    return tile && tile.tile.bytes[row * tile.tile.columns + tile.column];
  }

  /** @param {string} source @param {number} t */
  function tileAt(source, t) {
    const frame = Math.round(t * finest());
    for (let level = 0; level < 24; level += 1) {
      const column = Math.floor(frame / 2 ** level);
      const tile = tileOf(model.get("view"), source, level, Math.floor(column / TILE), false);
      if (tile && column % TILE < tile.columns) return { tile, column: column % TILE };
    }
    return undefined;
  }

  const toDecibels = (/** @type {number | undefined} */ code) => (code === undefined ? "…" : code ? decibels(LOWEST * (1 - code / 255)) : "silent");

  function read() {
    const names = /** @type {string[]} */ (info.labels);
    const t = pointer ? timeAt(pointer.x) : deck.time;
    const when = `${t.toFixed(to - from < 0.2 ? 5 : 3)} s`;
    const tell = (/** @type {(source: string) => string} */ what) => heard().map((source, i) => (names.length > 1 ? `${names[i]} ${what(source)}` : what(source))).join(" · ");
    if (model.get("view") === "waveform") {
      const value = (/** @type {string} */ source) => {
        const found = tileAt(source, t);
        if (!found) return "…";
        const [low, high] = [found.tile.wave[found.column], found.tile.wave[found.tile.columns + found.column]];
        return low === high ? low.toFixed(3).replace("-", "−") : `${low.toFixed(3)} to ${high.toFixed(3)}`.replaceAll("-", "−");
      };
      readout.textContent = `${when} · ${tell(value)}`;
      return;
    }
    const axis = axisOf();
    const found = tileAt(model.get("source"), t);
    if (!axis || !found) {
      readout.textContent = when;
    } else if (pointer) {
      const high = (HEIGHT - BOTTOM - TOP) * ratio;
      const y = clamp(Math.floor((pointer.y - TOP) * ratio), 0, high - 1); // which row of pixels
      const [first, last] = rowsOf(axis, y, high);
      let row = first;
      for (let i = first; i <= last; i += 1) if ((levelAt(model.get("source"), t, i) ?? 0) > (levelAt(model.get("source"), t, row) ?? 0)) row = i;
      const f = last > first ? axis.frequencies[row] : axis.frequencyAt(clamp(1 - (pointer.y - TOP) / (HEIGHT - BOTTOM - TOP), 0, 1));
      const note = f > 20 ? ` · ${noteOf(f)}` : "";
      readout.textContent = `${when} · ${hertz(f)}${note} · ${tell((source) => toDecibels(levelAt(source, t, row)))}`;
    } else {
      // The strongest row at the cursor; a parabola through it and its neighbours tells the frequency between rows.
      const { tile, column } = found;
      let best = 0;
      const level = (/** @type {number} */ row) => tile.bytes[row * tile.columns + column];
      for (let row = 1; row < tile.rows; row += 1) if (level(row) > level(best)) best = row;
      const [left, middle, right] = [level(Math.max(0, best - 1)), level(best), level(Math.min(tile.rows - 1, best + 1))];
      const bend = left - 2 * middle + right;
      const place = bend < 0 ? best + (left - right) / 2 / bend : best;
      const f = new Axis(tile.frequencies, false).frequencyAt((place + 0.5) / tile.rows);
      // Half the way to the next row: no picture knows a frequency better than that for certain.
      const half = (tile.frequencies[Math.min(tile.rows - 1, best + 1)] - tile.frequencies[Math.max(0, best - 1)]) / 4;
      const note = noteOf(f).split(" ")[0];
      readout.textContent = middle ? `${when} · strongest: ${hertz(f)} ± ${half < 10 ? half.toFixed(1) : Math.round(half)} Hz · ${note} · ${toDecibels(middle)}` : `${when} · silent`;
    }
  }

  // ---- pointer and keys ----

  const here = (/** @type {MouseEvent} */ event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  plot.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    pointer = here(event);
    read();
  });
  plot.addEventListener("pointerleave", () => {
    pointer = null;
    read();
  });
  plot.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    if (event.button) return;
    plot.setPointerCapture(event.pointerId);
    const start = here(event).x;
    const chosen = model.get("selection");
    const edge = chosen?.findIndex((/** @type {number} */ t) => Math.abs(xOf(t) - start) < 6) ?? -1;
    const fixed = edge < 0 ? timeAt(start) : chosen[1 - edge]; // an end of the selection can be moved
    plot.onpointermove = (/** @type {PointerEvent} */ move) => {
      const x = here(move).x;
      if (!draft && Math.abs(x - start) < 4) return;
      const t = timeAt(x);
      draft = [Math.min(fixed, t), Math.max(fixed, t)];
      place();
    };
    plot.onpointerup = plot.onpointercancel = (/** @type {PointerEvent} */ up) => {
      plot.onpointermove = plot.onpointerup = plot.onpointercancel = null;
      const drawn = draft;
      draft = null;
      if (drawn && up.type === "pointerup") select(...drawn);
      else if (up.type === "pointerup" && edge < 0) deck.seek(timeAt(start));
      place();
    };
  });
  plot.addEventListener("dblclick", () => save("selection", null));
  plot.addEventListener("wheel", (/** @type {WheelEvent} */ event) => {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.shiftKey ? event.deltaY : 0;
    const zooming = !sideways && (event.ctrlKey || event.altKey || event.metaKey || document.activeElement === plot);
    if (zooming && event.deltaY > 0 && to - from >= info.seconds) return; // all is seen: the page may scroll on
    if (!zooming && !(sideways && to - from < info.seconds)) return;
    event.preventDefault();
    if (sideways) look(from + (sideways / width()) * (to - from), to - from);
    else zoom(2 ** clamp(event.deltaY / 200, -1, 1), timeAt(here(event).x));
  }, { passive: false });

  overview.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    if (event.button) return;
    overview.setPointerCapture(event.pointerId);
    const move = (/** @type {PointerEvent} */ at) => {
      const t = clamp(((here(at).x - LEFT) / width()) * info.seconds, 0, info.seconds);
      if (to - from < info.seconds) look(t - (to - from) / 2, to - from);
      else deck.seek(t);
    };
    move(event);
    overview.onpointermove = move;
    overview.onpointerup = overview.onpointercancel = () => (overview.onpointermove = overview.onpointerup = overview.onpointercancel = null);
  });

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const busy = target.matches("select, input, button") && target !== playButton;
    const step = ((to - from) / 20) * (event.shiftKey ? 4 : 1);
    const move = (/** @type {number} */ t) => deck.seek(clamp(t, 0, info.seconds));
    const setEnd = (/** @type {number} */ i) => {
      const ends = [...(model.get("selection") ?? [0, info.seconds])];
      ends[i] = deck.time;
      if (ends[0] < ends[1]) select(ends[0], ends[1]);
    };
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => move(deck.time - step),
      ArrowRight: () => move(deck.time + step),
      Home: () => move(deck.from),
      End: () => move(deck.to - Math.min(step, (deck.to - deck.from) / 2)),
      l: toggleLoop,
      a: () => save("source", "A"),
      b: () => info.labels.length > 1 && save("source", "B"),
      "+": () => zoom(0.5),
      "=": () => zoom(0.5),
      "-": () => zoom(2),
      "[": () => setEnd(0),
      "]": () => setEnd(1),
      Escape: () => save("selection", null),
    };
    if (target !== playButton) keys[" "] = () => void toggle();
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[key] || (busy && key !== "Escape")) return;
    event.preventDefault();
    event.stopPropagation();
    keys[key]();
  }

  // ---- what is shown ----

  let frame = 0;
  function show() {
    cancelAnimationFrame(frame);
    const now = deck.time;
    showPlaying(playButton, deck.playing);
    position.value = String(now);
    position.style.setProperty("--mg-share", `${(100 * now) / info.seconds}%`);
    position.setAttribute("aria-valuetext", `${now.toFixed(2)} of ${info.seconds.toFixed(2)} seconds`);
    time.textContent = `${now.toFixed(2)} / ${info.seconds.toFixed(2)} s`;
    const followed = to - from < info.seconds && deck.playing && (now < from || now > to);
    if (followed) look(now - (to - from) * 0.05, to - from);
    else place();
    if (!pointer) read();
    if (deck.playing) frame = requestAnimationFrame(show);
  }

  /** Everything but the sound, after a trait has changed. */
  function showAll() {
    const view = model.get("view");
    const several = info.labels.length > 1;
    for (const tab of views) {
      tab.setAttribute("aria-selected", String(tab.dataset.view === view));
      tab.tabIndex = tab.dataset.view === view ? 0 : -1;
    }
    sources.forEach((button, i) => {
      button.textContent = several ? info.labels[i] : "";
      button.setAttribute("aria-pressed", String(model.get("source") === "AB"[i]));
    });
    if (several) differ.textContent = `${info.labels[1]} − ${info.labels[0]}`;
    differ.setAttribute("aria-pressed", String(model.get("difference")));
    compare.hidden = !several;
    axisMenu.hidden = view !== "stft";
    windowMenu.hidden = view !== "stft" && view !== "mel";
    range.hidden = view === "waveform" || (several && model.get("difference"));
    axisMenu.value = model.get("frequency_axis");
    const windows = [...new Set([...WINDOWS, model.get("n_fft")])].sort((a, b) => a - b);
    windowMenu.replaceChildren(...windows.map((n) => h("option", { value: n }, `window ${n} = ${milliseconds(n)}`)));
    windowMenu.value = model.get("n_fft");
    quietest.value = model.get("quietest");
    rangeText.textContent = decibels(model.get("quietest"));
    const name = several ? info.labels["AB".indexOf(model.get("source"))] : info.title || "the sound";
    plot.classList.toggle("mg-wave", view === "waveform");
    plot.setAttribute("aria-label", `${VIEWS[/** @type {keyof VIEWS} */ (view)]} of ${name}, ${info.seconds.toFixed(2)} seconds. Space plays, arrow keys move, plus and minus zoom.`);
    deck.choose("AB".indexOf(model.get("source")));
    asked.clear();
    draw();
    read();
  }

  function takeSounds() {
    info = model.get("info");
    if (deck.playing) deck.pause();
    tiles.clear();
    [from, to] = [0, info.seconds];
    deck.at = Math.min(deck.at, info.seconds);
    position.max = info.seconds;
    zoomOut.disabled = true;
    takeSelection();
    showAll();
    show();
  }

  // ---- put together ----

  const { title } = info;
  const root = h("section", { class: "mg mg-spectrogram", tabindex: "-1", "aria-label": `Spectrogram player: ${title || "untitled sound"}`, "data-lm-suppress-shortcuts": "true", onkeydown: onKey },
    h("div", { class: "mg-head" }, title && !hidden("title") ? h("div", { class: "mg-title", role: "heading", "aria-level": "3" }, title) : null, hidden("views") ? null : tabs),
    plot,
    hidden("overview") ? null : overview,
    hidden("readout") ? null : readout,
    h("div", { class: "mg-bar" }, playButton, hidden("compare") ? null : compare, hidden("loop") ? null : loopButton, hidden("seek") ? null : position, time,
      hidden("zoom") ? null : h("div", { class: "mg-field", role: "group", "aria-label": "Zoom in time" }, zoomOut, zoomIn)),
    h("div", { class: "mg-bar mg-tools" }, hidden("axis") ? null : axisMenu, hidden("window") ? null : windowMenu, hidden("range") ? null : range,
      hidden("volume") ? null : h("label", { class: "mg-tempo" }, "volume", volume)),
    status);
  el.append(root);

  for (const name of ["view", "frequency_axis", "n_fft", "quietest", "source", "difference"]) watch(name, showAll);
  watch("info", takeSounds);
  watch("selection", () => {
    looping = model.get("selection") !== null;
    takeSelection();
  });
  whenResized(root, () => {
    if (!root.clientWidth) return;
    fit(canvas, HEIGHT);
    fit(strip, STRIP);
    draw();
  });
  whenThemed(draw);
  looping = model.get("selection") !== null;
  takeSounds();
  return () => {
    gone.abort();
    clearTimeout(asking);
    cancelAnimationFrame(frame);
    deck.onChange = () => {};
    deck.load([]);
  };
}

export default { render };
