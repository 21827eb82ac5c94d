// The sampler that every musegen widget shares: one AudioContext a page, one copy of each instrument, and notes handed to
// the audio clock ahead of time. base.py puts this text in front of each widget's own module, so it may import nothing.

const TICKS_PER_QUARTER = 24;
export const DRUMS = 128; // the "program number" that means the drum kit
const LEAD = 0.02; // s from a click to the first note: enough for the audio thread to take the first notes over
const AHEAD = 0.3; // s scheduled ahead while the tab is in front
const AHEAD_HIDDEN = 2.5; // browsers wake the timers of a hidden tab only once a second
const RELEASE = 0.08; // s in which a note dies away after its end
const OVERLAP = 0.25; // s of cross-fade where a held note outlasts its sample
const STRUCK = 100; // the velocity at which the samples were recorded; loudness goes with its square
const IDLE = 30_000; // ms of silence after which the sound device is let go

// The ESM runs once per widget model; what must exist once per page lives here.
/** @type {MusegenSound} */
export const sound = (globalThis.musegenSound ??= { context: null, master: null, analyser: null, packs: new Map(), playing: null });

/**
 * Keep the keys for a widget's control from JupyterLab's shortcuts. Those look at the focused element itself before they look at what it lies in, so
 * the mark on a widget's root does not hold for its controls: an arrow on a slider would choose another cell, and d d would delete one.
 * @param {KeyboardEvent} event
 */
function keepKeys({ target }) {
  if (target instanceof Element && target.closest(".mg")) target.setAttribute("data-lm-suppress-shortcuts", "true");
}
globalThis.musegenKeys ??= keptKeys(); // once a page
function keptKeys() {
  window.addEventListener("keydown", keepKeys, true); // on the window: before JupyterLab, which listens on the document
  return /** @type {const} */ (true);
}

/** Open the page's sound device, or wake it. Must be called from a user's gesture the first time. */
export function openSound() {
  if (!sound.context) {
    const context = new AudioContext({ latencyHint: "interactive" });
    const master = new GainNode(context, { gain: 0.5 });
    const limiter = new DynamicsCompressorNode(context, { threshold: -8, knee: 4, ratio: 20, attack: 0.002, release: 0.12 });
    const analyser = new AnalyserNode(context, { fftSize: 16384, smoothingTimeConstant: 0 }); // what tests and meters listen to
    const ceiling = new WaveShaperNode(context, { curve: [-0.95, -0.8, -0.55, 0, 0.55, 0.8, 0.95] }); // what slips past the limiter's attack
    master.connect(limiter).connect(ceiling).connect(analyser).connect(context.destination);
    Object.assign(sound, { context, master, analyser });
  }
  clearTimeout(sound.rest);
  const context = /** @type {AudioContext} */ (sound.context);
  if (context.state !== "running") context.resume();
  return /** @type {{ context: AudioContext, master: GainNode, analyser: AnalyserNode }} */ (/** @type {unknown} */ (sound));
}

/**
 * The samples of one instrument, fetched and decoded once a page.
 * @param {number} program General MIDI program, or DRUMS
 * @param {(program: number) => Promise<RawPack>} fetchPack
 * @returns {Promise<Sample[]>} sorted by pitch
 */
export function loadPack(program, fetchPack) {
  let pack = sound.packs.get(program);
  if (!pack) {
    pack = fetchPack(program).then(decodePack);
    pack.catch(() => sound.packs.delete(program)); // a failed fetch may be tried again
    sound.packs.set(program, pack);
  }
  return pack;
}

/** @param {RawPack} raw @returns {Promise<Sample[]>} */
async function decodePack({ pitches, files }) {
  const decoder = new OfflineAudioContext(1, 1, 44100); // decodes before any gesture, when an AudioContext may not run
  const buffers = await Promise.all(
    files.map((file) => decoder.decodeAudioData(/** @type {ArrayBuffer} */ (file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength)))),
  );
  return pitches.map((pitch, i) => ({ pitch, buffer: buffers[i], ...listen(buffers[i]) }));
}

/**
 * What must be known of a sample before it is played. `lead`: s of silence before the sound, because some browsers keep MP3's
 * padding, which would be heard as lag. `holds`: a flute sounds until the breath is over, a piano fades by itself.
 * @param {AudioBuffer} buffer
 */
function listen(buffer) {
  const wave = buffer.getChannelData(0);
  const loudness = (/** @type {number} */ from, /** @type {number} */ to) =>
    Math.sqrt(wave.subarray(from * wave.length, to * wave.length).reduce((sum, x) => sum + x * x, 0) / wave.length / (to - from));
  const first = wave.findIndex((x) => Math.abs(x) > 0.002);
  return { lead: Math.min(0.06, Math.max(0, first / buffer.sampleRate - 0.002)), holds: loudness(0.7, 0.88) > 0.6 * loudness(0.2, 0.4) };
}

/** Plays one list of notes. Positions are in ticks; the sound's clock is the only clock. */
export class Transport {
  /**
   * @param {Note[]} notes sorted by onset
   * @param {{ programs: number[], length: number, bpm: number, onChange?: () => void }} options one program a part; length in ticks
   */
  constructor(notes, { programs, length, bpm, onChange = () => {} }) {
    this.notes = notes;
    this.programs = programs;
    this.length = length;
    this.onChange = onChange;
    this.longest = longestOf(notes);
    this.playing = false;
    /** @type {[number, number] | null} */
    this.loop = null;
    /** @type {Set<Voice>} */
    this.voices = new Set();
    /** @type {Sample[][]} the samples of each part; the player fills them in */
    this.packs = programs.map(() => []);
    /** @type {number[]} loudness of each part, 0 to 1 */
    this.levels = programs.map(() => 1);
    /** @type {GainNode[]} */
    this.outputs = [];
    /** @type {{ time: number, tick: number }[]} where the music was at which time; a new entry at each turn of the loop */
    this.segments = [];
    this.at = 0; // the position while paused
    this.next = 0; // index of the first note not yet scheduled
    this.rate = (bpm * TICKS_PER_QUARTER) / 60; // ticks a second
  }

  /** The position heard now, in ticks. */
  get tick() {
    if (!this.playing) return this.at;
    const { context } = openSound();
    return this.#tickAt(context.currentTime - (context.outputLatency || 0));
  }

  /** Where the music stops or turns round. */
  get end() {
    return this.loop ? this.loop[1] : this.length;
  }

  play() {
    const { context, master } = openSound();
    if (sound.playing && sound.playing !== this) sound.playing.pause(); // one player at a time
    sound.playing = this;
    if (!this.outputs.length) {
      this.outputs = this.levels.map((gain) => new GainNode(context, { gain }));
      for (const output of this.outputs) output.connect(master);
    }
    if (this.loop && (this.at < this.loop[0] || this.at >= this.loop[1])) this.at = this.loop[0];
    if (this.at >= this.end) this.at = 0;
    this.playing = true;
    this.#start(this.at);
    this.timer = setInterval(() => this.#schedule(), 50);
    this.onChange();
  }

  /** Stop, and stay where the sound was. */
  pause() {
    if (this.playing) this.at = this.tick;
    this.#halt();
    this.onChange();
  }

  /** @param {number} tick */
  seek(tick) {
    this.at = Math.max(0, Math.min(tick, this.length));
    if (this.playing) {
      this.#silence();
      this.#start(this.at >= this.end ? (this.loop?.[0] ?? this.at) : this.at);
    }
    this.onChange();
  }

  /** @param {number} bpm quarter notes a minute; what sounds goes on sounding */
  setTempo(bpm) {
    this.#change({ rate: (bpm * TICKS_PER_QUARTER) / 60 });
  }

  /** Other notes from now on; what sounds goes on sounding. @param {Note[]} notes sorted by onset @param {number} length ticks */
  setNotes(notes, length) {
    this.#change({ notes, length, longest: longestOf(notes) });
  }

  /**
   * Other notes from this very moment: a note that both have goes on, whatever else sounds is faded over into what is new.
   * @param {Note[]} notes sorted by onset
   * @param {number} length ticks
   * @param {[number, number] | null} [loop]
   * @param {(tick: number) => number} [move] where in the new music it goes on
   */
  switchNotes(notes, length, loop = this.loop, move = (tick) => tick) {
    const now = sound.context?.currentTime ?? 0;
    this.at = move(this.playing ? this.#tickAt(now) : this.at);
    Object.assign(this, { notes, length, loop, longest: longestOf(notes) });
    if (!this.playing) return;
    const all = notes.map(nameOf);
    const kept = [...this.voices].filter(({ start, note }) => start <= now && all.includes(nameOf(note)));
    this.#silence(-1, kept);
    this.segments = [];
    this.#enter(now, this.at, true, kept.map(({ note }) => nameOf(note)));
    this.#schedule();
  }

  /** @param {object} fields what is scheduled ahead is taken back, and scheduled anew with these */
  #change(fields) {
    const { context } = sound;
    const tick = this.playing && context ? this.#tickAt(context.currentTime) : this.at;
    Object.assign(this, fields);
    if (!this.playing || !context) return;
    this.#silence(context.currentTime);
    this.#start(tick, false);
  }

  /** @param {[number, number] | null} loop from and to, in ticks */
  setLoop(loop) {
    const tick = this.tick;
    this.loop = loop && loop[1] - loop[0] >= 3 ? loop : null;
    if (!this.playing) return;
    this.seek(this.loop && (tick < this.loop[0] || tick >= this.loop[1]) ? this.loop[0] : tick);
  }

  /** @param {number[]} levels loudness of each part, 0 to 1 */
  setLevels(levels) {
    this.levels = levels;
    this.outputs.forEach((output, part) => output.gain.setTargetAtTime(levels[part], output.context.currentTime, 0.015));
  }

  /** Sound one note now, as a finger on a key would. @param {Note} note */
  touch(note) {
    const { context, master } = openSound();
    this.#voice(note, context.currentTime, context.currentTime + 0.4, 0, master);
  }

  /** Sound a note until the function that comes back is called. @param {Note} note */
  press(note) {
    const { context, master } = openSound();
    const voice = this.#voice(note, context.currentTime, context.currentTime + 20, 0, master);
    return () => voice && this.programs[note.part] !== DRUMS && this.#hush(voice, RELEASE / 3);
  }

  /** Leave nothing behind: no voice, no timer, no node. */
  close() {
    this.#halt();
    for (const output of this.outputs) setTimeout(() => output.disconnect(), 200);
    this.outputs = [];
  }

  #halt() {
    this.playing = false;
    clearInterval(this.timer);
    this.#silence();
    if (sound.playing === this) sound.playing = null;
    clearTimeout(sound.rest);
    sound.rest = setTimeout(() => sound.playing || sound.context?.suspend(), IDLE);
  }

  /** @param {number} time s on the audio clock */
  #tickAt(time) {
    while (this.segments.length > 1 && this.segments[1].time <= time) this.segments.shift();
    const { time: from, tick } = this.segments[0];
    return Math.min(tick + Math.max(0, time - from) * this.rate, this.end);
  }

  /** @param {number} tick @param {boolean} [join] take up the notes that are sounding there */
  #start(tick, join = true) {
    const { context } = openSound();
    this.segments = [];
    this.#enter(context.currentTime + (join ? LEAD : 0), tick, join);
    this.#schedule();
  }

  /** Begin a stretch of music at a time. @param {number} time @param {number} tick @param {boolean} join @param {string[]} [known] notes that sound already */
  #enter(time, tick, join, known = []) {
    this.segments.push({ time, tick });
    this.next = firstAtOrAfter(this.notes, tick);
    if (!join) return;
    for (let i = firstAtOrAfter(this.notes, tick - this.longest); i < this.next; i += 1) {
      const note = this.notes[i];
      const left = Math.min(note.onset + note.duration, this.end) - tick;
      if (left > 1 && !known.includes(nameOf(note))) this.#voice(note, time, time + left / this.rate, (tick - note.onset) / this.rate);
    }
  }

  #schedule() {
    const { context } = openSound();
    const horizon = context.currentTime + (document.hidden ? AHEAD_HIDDEN : AHEAD);
    for (;;) {
      const { time, tick } = this.segments[this.segments.length - 1];
      const until = Math.min(this.end, tick + (horizon - time) * this.rate);
      for (; this.next < this.notes.length && this.notes[this.next].onset < until; this.next += 1) {
        const note = this.notes[this.next];
        const stop = Math.min(note.onset + note.duration, this.end);
        this.#voice(note, time + (note.onset - tick) / this.rate, time + (stop - tick) / this.rate);
      }
      if (until < this.end) return;
      const over = time + (this.end - tick) / this.rate;
      if (this.loop) {
        this.#enter(over, this.loop[0], true);
      } else {
        if (context.currentTime > over + RELEASE) {
          this.#halt();
          this.at = 0;
          this.onChange();
        }
        return;
      }
    }
  }

  /**
   * @param {Note} note
   * @param {number} start @param {number} stop s on the audio clock
   * @param {number} [skip] s of the note that are already over
   * @param {AudioNode} [output]
   * @returns {Voice | undefined}
   */
  #voice(note, start, stop, skip = 0, output = this.outputs[note.part]) {
    const drums = this.programs[note.part] === DRUMS;
    const sample = nearest(this.packs[note.part], note.pitch, drums);
    if (!sample) return;
    const { context } = openSound();
    const playbackRate = drums ? 1 : 2 ** ((note.pitch - sample.pitch) / 12);
    const volume = new GainNode(context, { gain: (note.velocity / STRUCK) ** 2 });
    volume.connect(output);
    const lasts = (sample.buffer.duration - sample.lead) / playbackRate;
    const holds = sample.holds && !drums;
    if (!holds && skip >= lasts) return; // it has died away by itself
    const until = drums ? start + lasts : stop + 2.5 * RELEASE;
    /** @type {Voice} */
    const voice = { note, start, volume, sources: [] };
    // Where a held note outlasts its sample, the later part of the sample is laid over its end, again and again.
    for (let from = start, begin = holds ? skip % Math.max(lasts - OVERLAP, 0.1) : skip; from < until && voice.sources.length < 64; ) {
      const grain = new GainNode(context);
      const source = new AudioBufferSourceNode(context, { buffer: sample.buffer, playbackRate });
      const fades = from + lasts - begin - OVERLAP;
      const rises = voice.sources.length ? OVERLAP : skip ? 0.01 : 0;
      if (rises) grain.gain.setValueAtTime(0, from).linearRampToValueAtTime(1, from + rises);
      if (holds && fades + OVERLAP < until) grain.gain.setValueAtTime(1, fades).linearRampToValueAtTime(0, fades + OVERLAP);
      source.connect(grain).connect(volume);
      source.start(from, sample.lead + begin * playbackRate);
      source.stop(Math.min(until, from + lasts - begin));
      voice.sources.push(source);
      from = Math.max(fades, from + 0.05);
      begin = Math.min(0.5, lasts / 3);
      if (!holds || lasts < 3 * OVERLAP) break;
    }
    if (!drums) volume.gain.setTargetAtTime(0, stop, RELEASE / 3);
    voice.sources[voice.sources.length - 1].onended = () => {
      volume.disconnect();
      this.voices.delete(voice);
    };
    this.voices.add(voice);
    return voice;
  }

  /** Stop what sounds without a click, and what has not begun at once. @param {number} [after] only voices that begin after it @param {Voice[]} [kept] but these */
  #silence(after = -1, kept = []) {
    const now = sound.context?.currentTime ?? 0;
    for (const voice of this.voices) {
      if (voice.start <= after || kept.includes(voice)) continue;
      if (voice.start > now) voice.volume.disconnect();
      this.#hush(voice, 0.012);
    }
  }

  /** @param {Voice} voice @param {number} fade s in which it falls to a third */
  #hush(voice, fade) {
    const now = sound.context?.currentTime ?? 0;
    this.voices.delete(voice);
    voice.volume.gain.cancelScheduledValues(now).setTargetAtTime(0, now, fade);
    for (const source of voice.sources) source.stop(now + 7 * fade);
  }
}

/** @param {Note[]} notes */
const longestOf = (notes) => notes.reduce((most, note) => Math.max(most, note.duration), 0);

/** What makes a note that note. @param {Note} note */
const nameOf = ({ onset, duration, pitch, velocity, part }) => `${[onset, duration, pitch, velocity, part]}`;

/** Index of the first note at or after a tick. @param {Note[]} notes @param {number} tick */
export function firstAtOrAfter(notes, tick) {
  let low = 0;
  for (let high = notes.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (notes[middle].onset < tick) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @param {Sample[]} pack @param {number} pitch @param {boolean} exact a drum is itself, never another one transposed */
function nearest(pack, pitch, exact) {
  /** @type {Sample | null} */
  let best = null;
  for (const sample of pack) if (!best || Math.abs(sample.pitch - pitch) < Math.abs(best.pitch - pitch)) best = sample;
  return exact && best && best.pitch !== pitch ? null : best;
}

/**
 * Make an element: h("button", { class: "mg-button", onclick: play }, "Play").
 * @param {string} tag @param {Record<string, any>} [properties] functions become listeners, the rest attributes
 * @param {...(Node | string | null)} children
 * @returns {any}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/**
 * Ask the kernel for something. Rejects with a message that a person can act on.
 * @param {Invoke} invoke @param {Element} el the widget's element @param {string} name @param {object} message @param {number} [seconds]
 */
export async function ask(invoke, el, name, message, seconds = 120) {
  const gone = "The Python kernel does not answer. Run this cell again once the kernel is idle.";
  if (el.closest(".jupyter-widgets-disconnected")) throw new Error(gone);
  /** @type {[any, DataView[]]} */
  const [answer, buffers] = await invoke(name, message, { signal: AbortSignal.timeout(seconds * 1000) }).catch((error) => {
    throw new Error(gone, { cause: error });
  });
  if (answer.error) throw new Error(answer.error);
  return { answer, buffers };
}

/**
 * Let the kernel render a file, and put it into the downloads.
 * @param {Invoke} invoke @param {Element} el @param {string} format @param {(text: string, trouble?: boolean) => void} say
 */
export async function download(invoke, el, format, say) {
  say("Rendering…");
  try {
    const { answer, buffers } = await ask(invoke, el, "render_file", { format });
    const url = URL.createObjectURL(new Blob([/** @type {ArrayBuffer} */ (buffers[0].buffer)], { type: answer.type }));
    h("a", { href: url, download: answer.name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    say(`${answer.name} is in your downloads.`);
  } catch (error) {
    say(/** @type {Error} */ (error).message, true);
  }
}

/** How a widget gets an instrument's samples from its kernel. @param {Invoke} invoke @param {Element} el */
export function packsFrom(invoke, el) {
  return async (/** @type {number} */ program) => {
    const { answer, buffers } = await ask(invoke, el, "note_pack", { program });
    return { pitches: answer.pitches, files: buffers };
  };
}

/** A menu of all instruments. @param {Model} model @param {string} label @param {(program: number) => void} choose */
export function instrumentMenu(model, label, choose) {
  const names = /** @type {string[]} */ (model.get("instrument_names"));
  const option = (/** @type {string} */ name, /** @type {number} */ value) => h("option", { value }, name);
  const select = h("select", { "aria-label": label, onchange: () => choose(Number(select.value)) });
  model.get("families").forEach((/** @type {string} */ family, /** @type {number} */ i) =>
    select.append(h("optgroup", { label: family }, ...names.slice(8 * i, 8 * i + 8).map((name, j) => option(name, 8 * i + j)))));
  select.append(option(names[DRUMS], DRUMS));
  return select;
}

// ---- what players and editors draw with ----

export const PLAY = "M7 4.5v15l12.5-7.5z";
export const PAUSE = "M6.5 5h4v14h-4zm7 0h4v14h-4z";
export const SAVE = "M11 4h2v8h3.5L12 17l-4.5-5H11zM5 18.5h14v2H5z";
export const GUTTER = 42; // px of piano keys at the left of the roll
export const RULER = 22; // px of bar numbers above it
export const BLACK = [1, 3, 6, 8, 10];

/** @param {string} path */
export function icon(path) {
  const holder = document.createElement("template");
  holder.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;
  return /** @type {Node} */ (holder.content.firstChild);
}

/** @param {DataView} data rows of five int32 @returns {Note[]} */
export function readNotes(data) {
  const rows = new Int32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  return Array.from({ length: rows.length / 5 }, (_, i) => {
    const [onset, duration, pitch, velocity, part] = rows.subarray(5 * i, 5 * i + 5);
    return { onset, duration, pitch, velocity, part };
  });
}

/** @param {number} seconds */
export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** A brush and the theme's colours, by name, for a canvas. @param {HTMLCanvasElement} canvas @param {Element} root */
export function brush(canvas, root) {
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const css = getComputedStyle(root);
  const colour = (/** @type {string} */ name) => css.getPropertyValue(`--mg-${name}`).trim();
  const ratio = canvas.width / canvas.clientWidth;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.font = `12px ${css.fontFamily}`;
  pen.textBaseline = "middle";
  const fill = (/** @type {string} */ name, /** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ high) => {
    pen.fillStyle = colour(name);
    pen.fillRect(x, y, w, high);
  };
  return { pen, colour, fill };
}

/**
 * The piano keys at the left of a roll.
 * @param {ReturnType<typeof brush>} brush @param {number} low @param {number} high
 * @param {(pitch: number) => number} yOf @param {number} row px a semitone @param {number} bottom
 */
export function drawKeys({ pen, colour, fill }, low, high, yOf, row, bottom) {
  fill("ruler", 0, 0, GUTTER, bottom);
  fill("key-white", GUTTER - 18, RULER, 17, bottom);
  for (let pitch = low; pitch <= high; pitch += 1) {
    const y = yOf(pitch);
    if (BLACK.includes(pitch % 12)) fill("key-black", GUTTER - 18, y, 11, row);
    if ([0, 5].includes(pitch % 12)) fill("key-edge", GUTTER - 18, y + row, 17, 0.7); // below C and F
    if (pitch % 12) continue;
    pen.fillStyle = colour("faint");
    pen.fillText(`C${pitch / 12 - 1}`, 4, Math.min(y + row / 2, bottom - 7));
  }
  fill("bar-line", GUTTER - 1, 0, 1, bottom);
}
