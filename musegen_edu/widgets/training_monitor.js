// A training while it runs. The kernel publishes curves and progress; the page draws them, and asks for pause, stop and samples.
import { PAUSE, PLAY, Transport, ask, clock, h, icon, loadPack, openSound, packsFrom, readNotes, sound } from "./engine.js";

const HEIGHT = 264; // px of the curves
const LEFT = 56;
const RIGHT = 18;
const TOP = 24;
const BOTTOM = 36;
const DASHES = ["", "9 4", "2 3", "12 3 2 3", "5 2", "1 4"]; // as in the static picture
const PATIENCE = 4000; // ms after which a click that has shown no effect is explained
const ACTIVE = ["running", "paused"];

/** @typedef {{ name: string, values: Record<string, (number | null)[]>, points: [number, number][], resumed: number[], stopped: number[], best: number | null }} Run */
/** @typedef {{ state: string, epoch: number, epochs: number, done: number, batch: number, batches: number, elapsed: number, left: number | null, share: number | null, diverged: boolean }} Progress */
/** @typedef {{ run: string, epoch: number, kind: string, error: string }} Entry */
/** @typedef {{ kind: string, seconds: number, play: () => void | Promise<void>, stop: () => void, at: () => number, picture: string }} Sample */

// One copy a monitor, whatever number of cells it is shown in: what the reader has chosen.
const view = { metric: "loss", log: false, shown: "both", off: /** @type {Set<string>} */ (new Set()), chosen: /** @type {string | null} */ (null) };

/** @param {RenderContext} context */
function render({ model, el, experimental: { invoke } }) {
  const hidden = (/** @type {string} */ name) => model.get("hide").includes(name);
  let closed = false;
  let width = 0;
  /** @type {number | null} the epoch that is read out; null is the newest */
  let cursor = null;
  /** @type {number | null} where the pointer is, in epochs */
  let pointer = null;

  // ---- what is there ----

  const progress = () => /** @type {Progress} */ (model.get("progress"));
  const runs = () => /** @type {Run[]} */ ([...model.get("earlier"), model.get("current")].filter((run) => run?.name));
  const isActive = () => ACTIVE.includes(progress().state);
  const epochsOf = (/** @type {Run} */ run) => Math.max(0, ...Object.values(run.values).map((values) => values.length));

  /** All lines of the chosen value: one a run and kind. */
  function lines() {
    const all = runs();
    return all.flatMap((run, number) => [view.metric, `val_${view.metric}`].flatMap((key) => {
      const validation = key.startsWith("val_");
      if (!run.values[key] && (validation || view.metric !== "loss")) return [];
      if (view.off.has(run.name) || view.shown === (validation ? "training" : "validation")) return [];
      const slot = (number + (all.length === 1 && validation ? 1 : 0)) % 6;
      return [{ run, validation, slot, values: run.values[key] ?? [] }];
    }));
  }

  // ---- controls ----

  const pauseButton = h("button", { class: "mg-button mg-run", type: "button", onclick: () => send(progress().state === "paused" ? "resume" : "pause") }, "Pause");
  const stopButton = h("button", { class: "mg-button", type: "button", title: "Stop after this batch; weights and history are kept", onclick: () => send("stop") }, "Stop");
  const bar = h("div", { class: "mg-progress", role: "progressbar", "aria-label": "Training", "aria-valuemin": 0, "aria-valuemax": 100 }, h("div"));
  const facts = h("p", { class: "mg-facts" });
  const status = h("p", { class: "mg-status", role: "status" });
  const metric = h("select", { "aria-label": "What is drawn", onchange: () => change({ metric: metric.value }) });
  const shown = h("select", { "aria-label": "Which curves", onchange: () => change({ shown: shown.value }) },
    ...Object.entries({ both: "training and validation", training: "training only", validation: "validation only" }).map(([value, text]) => h("option", { value }, text)));
  const log = h("button", { class: "mg-button", type: "button", "aria-pressed": "false", title: "A scale on which each step is a factor", onclick: () => change({ log: !view.log }) }, "Log scale");
  const legend = h("div", { class: "mg-legend" });
  const chart = h("div", { class: "mg-curves", role: "slider", tabindex: "0", "aria-label": "Curves; the arrow keys read out epoch by epoch", "aria-valuemin": 1, onkeydown: walk });
  const readout = h("div", { class: "mg-readout" });
  const strips = h("div", { class: "mg-strips" });
  const heading = h("span", { class: "mg-subtitle" });
  const picture = h("div", { class: "mg-sample" });
  const playButton = h("button", { class: "mg-play", type: "button", onclick: toggle });
  const time = h("span", { class: "mg-time" });
  const player = h("div", { class: "mg-bar" }, playButton, picture, time);
  const samples = h("div", { class: "mg-samples", hidden: true }, h("div", { class: "mg-bar" }, heading, strips), player);
  const choices = [hidden("metric") ? null : metric, hidden("shown") ? null : shown, hidden("log") ? null : log];
  const root = h("section", { class: "mg mg-training", "aria-label": model.get("title") || "Training", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "mg-head" }, hidden("title") ? null : h("span", { class: "mg-title", role: "heading", "aria-level": "3" }, model.get("title")), h("div", { class: "mg-choices" }, ...choices)),
    h("div", { class: "mg-bar" }, hidden("pause") ? null : pauseButton, hidden("stop") ? null : stopButton, ...(hidden("progress") ? [] : [bar, facts])),
    chart, hidden("readout") ? null : readout, legend, hidden("samples") ? null : samples, status);

  /** @param {Partial<typeof view>} choice */
  function change(choice) {
    Object.assign(view, choice);
    drawCurves();
  }

  /** @param {string} text @param {boolean} [trouble] */
  function say(text, trouble = false) {
    status.textContent = text;
    status.classList.toggle("mg-trouble", trouble);
  }

  /** Ask for pause, resume or stop. A click is never without an answer. @param {string} action */
  async function send(action) {
    const before = progress().state;
    const button = action === "stop" ? stopButton : pauseButton;
    button.disabled = true;
    say({ pause: "Pausing after this batch…", resume: "Going on…", stop: "Stopping after this batch…" }[action] ?? "");
    const late = setTimeout(() => {
      if (!closed && progress().state === before) say("The click waits for the end of this batch. The notebook's own interrupt button (■) stops the training, too, and keeps weights and history.");
    }, PATIENCE);
    try {
      const { answer } = await ask(invoke, el, "control", { action });
      if (!answer.taken) say("The training is already over.");
    } catch (error) {
      if (!closed && progress().state === before) say(`${/** @type {Error} */ (error).message} The notebook's own interrupt button (■) stops a training, too, and keeps weights and history.`, true);
    } finally {
      clearTimeout(late);
      if (!closed) showProgress();
    }
  }

  // ---- progress ----

  let state = "";
  let quarter = 0;
  let received = 0; // when the last news came

  function showProgress() {
    const now = progress();
    const active = isActive();
    const paused = now.state === "paused";
    pauseButton.textContent = paused ? "Resume" : "Pause";
    pauseButton.disabled = stopButton.disabled = !active;
    const share = now.state === "finished" ? 1 : now.share ?? 0;
    bar.firstChild.style.width = `${100 * share}%`;
    bar.setAttribute("aria-valuenow", String(Math.round(100 * share)));
    bar.dataset.state = now.state;
    const text = wordsFor(now, (performance.now() - received) / 1000);
    facts.textContent = text;
    bar.setAttribute("aria-valuetext", text);
    const reached = Math.floor(4 * share);
    if (now.state !== state) say(now.diverged ? DIVERGED : { running: state === "paused" ? "Going on." : "Training.", paused: "Paused. The network waits; other cells wait, too.", finished: "Finished.", stopped: "Stopped. Weights and history are kept; fitting again goes on from here.", failed: "The training was ended by an error; what was recorded is kept.", left: "The loop was left before its last epoch; what was recorded is kept." }[now.state] ?? "", now.diverged || now.state === "failed");
    else if (active && now.diverged) say(DIVERGED, true);
    else if (active && reached > quarter && reached < 4) say(`${25 * reached} % done.`);
    [state, quarter] = [now.state, reached];
  }

  // ---- curves ----

  function drawCurves() {
    const all = runs();
    const names = [...new Set(all.flatMap((run) => Object.keys(run.values)).filter((name) => !name.startsWith("val_")))];
    if (!names.length) names.push("loss");
    if (!names.includes(view.metric)) view.metric = names[0];
    if ([...metric.options].map((option) => option.value).join() !== names.join()) metric.replaceChildren(...names.map((name) => h("option", { value: name }, name.replaceAll("_", " "))));
    metric.value = view.metric;
    metric.hidden = names.length < 2;
    const validated = all.some((run) => Object.keys(run.values).some((name) => name.startsWith("val_")));
    shown.hidden = !validated;
    shown.value = view.shown;
    log.setAttribute("aria-pressed", String(view.log));
    if (width) chart.innerHTML = picture_of();
    drawLegend(all, validated);
    showReadout();
  }

  /** The ends of both axes and how values come to lie between them. */
  function frame() {
    const drawn = lines();
    const done = Math.max(1, ...runs().map(epochsOf), ...runs().map((run) => Math.ceil(run.points.at(-1)?.[0] ?? 0)));
    const total = Math.max(progress().epochs, done);
    const last = total <= 30 ? total : Math.min(total, Math.max(10, Math.ceil(1.4 * done)));
    const finite = (/** @type {(number | null)[]} */ values) => /** @type {number[]} */ (values.filter((value) => value !== null && (!view.log || value > 0)));
    const epochs = drawn.flatMap((line) => finite(line.values));
    const batches = view.metric === "loss" ? drawn.filter((line) => !line.validation).flatMap((line) => finite(line.run.points.map(([, loss]) => loss))).sort((a, b) => a - b) : [];
    const typical = batches.slice(0, Math.ceil(0.97 * batches.length)); // one wild batch must not press the curves flat
    const values = [...epochs, ...typical];
    let low = values.reduce((a, b) => Math.min(a, b), Infinity);
    let high = values.reduce((a, b) => Math.max(a, b), -Infinity);
    if (!values.length) [low, high] = [view.log ? 0.1 : 0, 1];
    if (!view.log && low > 0 && low < 0.4 * high) low = 0;
    const ticks = view.log ? logTicks(low, high) : evenTicks(low, high);
    [low, high] = [Math.min(low, ticks[0]), Math.max(high, ticks[ticks.length - 1])];
    const scale = view.log ? Math.log10 : (/** @type {number} */ value) => value;
    const x = (/** @type {number} */ epoch) => LEFT + (epoch / last) * (width - LEFT - RIGHT);
    const y = (/** @type {number} */ value) => HEIGHT - BOTTOM - ((scale(value) - scale(low)) / (scale(high) - scale(low) || 1)) * (HEIGHT - TOP - BOTTOM);
    return { drawn, last, ticks, x, y, inside: (/** @type {number | null} */ value) => value !== null && (!view.log || value > 0) };
  }

  function picture_of() {
    const { drawn, last, ticks, x, y, inside } = frame();
    const bottom = HEIGHT - BOTTOM;
    const alone = runs().length === 1;
    const out = [`<svg width="${width}" height="${HEIGHT}" viewBox="0 0 ${width} ${HEIGHT}" aria-hidden="true">`];
    for (const tick of ticks) out.push(`<line class="mg-rule" x1="${LEFT}" x2="${width - RIGHT}" y1="${y(tick)}" y2="${y(tick)}"/><text x="${LEFT - 8}" y="${y(tick) + 4}" text-anchor="end">${short(tick)}</text>`);
    const every = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((n) => (n / last) * (width - LEFT - RIGHT) > 30) ?? 1000;
    for (let epoch = 0; epoch <= last; epoch += every) out.push(`<text x="${x(epoch)}" y="${bottom + 16}" text-anchor="middle">${epoch}</text>`);
    out.push(`<text x="${(LEFT + width - RIGHT) / 2}" y="${HEIGHT - 3}" text-anchor="middle">epochs</text><text x="14" y="11">${escape(view.metric.replaceAll("_", " "))}</text><line class="mg-axis" x1="${LEFT}" x2="${width - RIGHT}" y1="${bottom}" y2="${bottom}"/>`);
    for (const run of new Set(drawn.map((line) => line.run))) {
      for (const [kind, epochs] of /** @type {[string, number[]][]} */ ([["stopped", run.stopped], ["resumed", run.resumed]]))
        for (const epoch of epochs) out.push(`<line class="mg-mark" x1="${x(epoch)}" x2="${x(epoch)}" y1="${TOP}" y2="${bottom}"/><text class="mg-note" x="${x(epoch) + 4}" y="${kind === "stopped" ? TOP + 22 : TOP + 9}">${kind}</text>`);
    }
    out.push(`<svg width="${width}" height="${bottom + 2}">`); // cuts off what lies outside
    for (const { run, validation, slot, values } of drawn) {
      out.push(`<g style="--mg-part: var(--mg-part-${slot})">`);
      if (!validation && view.metric === "loss") out.push(`<polyline class="mg-batches" points="${run.points.filter(([, loss]) => inside(loss)).map(([at, loss]) => `${round(x(at))},${round(y(loss))}`).join(" ")}"/>`);
      const points = values.map((value, i) => /** @type {[number, number | null]} */ ([i + 1, value])).filter(([, value]) => inside(value));
      out.push(`<polyline class="${validation ? "mg-validation" : "mg-learning"}" stroke-dasharray="${DASHES[slot]}" points="${points.map(([epoch, value]) => `${round(x(epoch))},${round(y(/** @type {number} */ (value)))}`).join(" ")}"/>`);
      const gap = Math.max(1, Math.ceil(points.length / 30));
      for (const [epoch, value] of points) {
        const [px, py] = [round(x(epoch)), round(y(/** @type {number} */ (value)))];
        if (epoch === run.best && view.metric === "loss" && (validation || !run.values.val_loss)) out.push(`<circle class="mg-best" cx="${px}" cy="${py}" r="9"/>`, alone ? `<text x="${Math.min(px, width - 30)}" y="${Math.max(11, py - 13)}" text-anchor="middle" font-weight="600">best</text>` : "");
        if ((epoch - 1) % gap === 0) out.push(validation ? diamond(px, py) : `<circle class="mg-dot" cx="${px}" cy="${py}" r="3"/>`);
      }
      out.push("</g>");
    }
    out.push("</svg>", `<line class="mg-here" y1="${TOP}" y2="${bottom}" hidden/></svg>`);
    return out.join("");
  }

  /** @param {Run[]} all @param {boolean} validated */
  function drawLegend(all, validated) {
    const kinds = [["training", false], ["validation", true]].filter(([, validation]) => validated || !validation);
    const samplesOf = (/** @type {number} */ number) => kinds.map(([kind, validation]) => {
      const slot = (number + (all.length === 1 && validation ? 1 : 0)) % 6;
      const mark = validation ? diamond(20, 9) : `<circle class="mg-dot" cx="20" cy="9" r="3"/>`;
      return `<svg width="40" height="18" aria-hidden="true" style="--mg-part: var(--mg-part-${slot})"><path class="${validation ? "mg-validation" : "mg-learning"}" d="M0 9h40" stroke-dasharray="${DASHES[slot]}"/>${mark}</svg> ${kind}`;
    }).join(" &nbsp; ");
    const text = JSON.stringify([all.map((run) => run.name), [...view.off], validated]);
    if (legend.dataset.text === text) return;
    legend.dataset.text = text;
    legend.replaceChildren(...all.map((run, number) => {
      const entry = all.length > 1
        ? h("button", { class: "mg-button", type: "button", "aria-pressed": String(!view.off.has(run.name)), title: "Show or put away", onclick: () => { view.off.has(run.name) ? view.off.delete(run.name) : view.off.add(run.name); drawCurves(); } })
        : h("span");
      entry.innerHTML = `${all.length > 1 ? `<b>${escape(run.name)}</b> ` : ""}${samplesOf(number)}`;
      return entry;
    }), all.length ? h("span", { class: "mg-subtitle" }, "○ best epoch · faint: batches, smoothed") : "");
  }

  /** What stands under the pointer, or what the newest epoch brought. */
  function showReadout() {
    const { drawn, x, last } = frame();
    const newest = Math.max(0, ...drawn.map((line) => line.values.length));
    const epoch = cursor === null ? newest : Math.min(cursor, Math.max(newest, 1));
    const parts = new Map();
    for (const { run, validation, values } of drawn) {
      const value = values[epoch - 1];
      if (value === undefined) continue;
      const name = runs().length > 1 ? `${run.name}: ` : "";
      const said = `${validation ? "validation" : "training"} ${value === null ? "no number" : short(value, 4)}${epoch === run.best && view.metric === "loss" && (validation || !run.values.val_loss) ? " (best)" : ""}`;
      parts.set(name, [...(parts.get(name) ?? []), said]);
    }
    const at = pointer === null || view.metric !== "loss" ? null : nearestPoint(drawn, pointer);
    const pieces = newest ? [`Epoch ${epoch}${cursor === null ? ", the newest" : ""}`, ...[...parts].map(([name, said]) => name + said.join(", "))] : drawn.length ? ["No epoch is complete yet."] : [];
    if (newest && at) pieces.push(`batches at ${at[0].toFixed(2)}: ${short(at[1], 4)}`);
    const text = pieces.join(" · ");
    readout.replaceChildren(...pieces.map((piece) => h("span", {}, piece)));
    chart.setAttribute("aria-valuemax", String(Math.max(1, newest)));
    chart.setAttribute("aria-valuenow", String(Math.max(1, epoch)));
    chart.setAttribute("aria-valuetext", text);
    const rule = chart.querySelector(".mg-here");
    if (!rule) return;
    rule.toggleAttribute("hidden", cursor === null || epoch > last);
    rule.setAttribute("x1", String(x(epoch)));
    rule.setAttribute("x2", String(x(epoch)));
  }

  /** @param {KeyboardEvent} event */
  function walk(event) {
    const newest = Math.max(1, ...lines().map((line) => line.values.length));
    const now = cursor ?? newest;
    const to = /** @type {Record<string, number | null>} */ ({ ArrowLeft: now - 1, ArrowRight: now + 1, ArrowDown: now - 1, ArrowUp: now + 1, Home: 1, End: newest, Escape: null })[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    cursor = to === null ? null : Math.max(1, Math.min(newest, to));
    pointer = null;
    showReadout();
  }

  chart.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    const { last } = frame();
    const at = ((event.clientX - chart.getBoundingClientRect().left - LEFT) / (width - LEFT - RIGHT)) * last;
    pointer = Math.max(0, Math.min(last, at));
    cursor = Math.max(1, Math.round(at));
    showReadout();
  });
  chart.addEventListener("pointerleave", () => {
    cursor = pointer = null;
    showReadout();
  });

  // ---- samples ----

  /** @type {Map<string, Promise<Sample>>} */
  const fetched = new Map();
  /** @type {Sample | null} */
  let playing = null;
  let frameRequest = 0;
  const keyOf = (/** @type {Entry} */ entry) => `${entry.run} ${entry.epoch}`;
  const fetchPack = packsFrom(invoke, el);

  function drawStrip() {
    const entries = /** @type {Entry[]} */ (model.get("strip"));
    samples.hidden = !entries.length;
    if (!entries.length) return;
    const keys = entries.map(keyOf);
    for (const key of fetched.keys()) if (!keys.includes(key)) fetched.delete(key);
    if (view.chosen && !keys.includes(view.chosen)) view.chosen = null;
    const now = view.chosen ?? keys[keys.length - 1];
    const names = [...new Set(entries.map((entry) => entry.run))];
    strips.replaceChildren(...names.map((name) => h("div", { class: "mg-strip", role: "group", "aria-label": `Samples${names.length > 1 ? ` of ${name}` : ""}` },
      names.length > 1 ? h("span", { class: "mg-subtitle" }, name) : null,
      ...entries.filter((entry) => entry.run === name).map((entry) => h("button", {
        class: "mg-button mg-epoch", type: "button", "aria-pressed": String(keyOf(entry) === now), "data-kind": entry.kind,
        "aria-label": `${entry.epoch ? `after epoch ${entry.epoch}` : "before training"}${entry.error ? ", no sample" : ""}`, onclick: () => choose(keyOf(entry)),
      }, entry.error ? `${entry.epoch} !` : entry.epoch ? String(entry.epoch) : "before")))));
    heading.textContent = "Samples, epoch by epoch";
    showSample(entries[keys.indexOf(now)]);
  }

  /** @param {string} key */
  function choose(key) {
    stopSound();
    const keys = model.get("strip").map(keyOf);
    view.chosen = key === keys[keys.length - 1] ? null : key; // the newest one stays the newest
    const label = document.activeElement?.getAttribute("aria-label");
    drawStrip();
    /** @type {HTMLElement | null} */ (label && strips.querySelector(`[aria-label="${label}"]`))?.focus();
  }

  let shownKey = "";
  /** @param {Entry} entry */
  async function showSample(entry) {
    const key = keyOf(entry);
    if (key === shownKey && (entry.error || fetched.has(key))) return;
    if (playing && playing.at() >= 0) return; // what sounds is heard to its end
    shownKey = key;
    playButton.hidden = time.hidden = Boolean(entry.error);
    if (entry.error) {
      picture.replaceChildren(h("p", { class: "mg-trouble" }, `No sample after epoch ${entry.epoch}. ${entry.error}`));
      return;
    }
    showPlay();
    try {
      const sample = await fetchSample(entry);
      if (shownKey !== key || closed) return;
      picture.innerHTML = sample.picture;
      time.textContent = clock(sample.seconds);
    } catch (error) {
      fetched.delete(key);
      if (shownKey === key && !closed) picture.replaceChildren(h("p", { class: "mg-trouble" }, /** @type {Error} */ (error).message));
      shownKey = "";
    }
  }

  /** @param {Entry} entry @returns {Promise<Sample>} */
  function fetchSample(entry) {
    const key = keyOf(entry);
    let sample = fetched.get(key);
    if (!sample) {
      const label = `${entry.run} after epoch ${entry.epoch}`;
      sample = ask(invoke, el, "fetch_sample", { run: entry.run, epoch: entry.epoch }).then(({ answer, buffers }) => (answer.kind === "score" ? scoreSample(answer, buffers[0], label) : audioSample(answer, buffers[0], label)));
      sample.catch(() => fetched.delete(key));
      fetched.set(key, sample);
    }
    return sample;
  }

  /** @param {any} facts @param {DataView} rows @param {string} label @returns {Promise<Sample>} */
  async function scoreSample(facts, rows, label) {
    const notes = readNotes(rows);
    const transport = new Transport(notes, { programs: facts.programs, length: facts.duration, bpm: facts.bpm, onChange: () => !transport.playing && ended() });
    const rate = (facts.bpm * 24) / 60; // ticks a second
    return {
      kind: "score", seconds: facts.duration / rate, picture: rollOf(notes, facts, label),
      play: async () => {
        transport.packs = await Promise.all(facts.programs.map((/** @type {number} */ program) => loadPack(program, fetchPack)));
        if (closed || playing === null) return;
        transport.at = 0;
        transport.play();
      },
      stop: () => transport.close(),
      at: () => (transport.playing ? transport.tick / rate : -1),
    };
  }

  /** @param {any} facts @param {DataView} file @param {string} label @returns {Promise<Sample>} */
  async function audioSample(facts, file, label) {
    const bytes = /** @type {ArrayBuffer} */ (file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
    const buffer = await new OfflineAudioContext(1, 1, 44100).decodeAudioData(bytes);
    /** @type {AudioBufferSourceNode | null} */
    let source = null;
    let began = 0;
    const voice = { pause: () => stop() };
    const stop = () => {
      if (source) source.onended = null;
      source?.stop();
      source = null;
      if (sound.playing === voice) sound.playing = null;
      ended();
    };
    return {
      kind: "audio", seconds: facts.seconds, picture: waveOf(facts.peaks, label),
      play: () => {
        const { context, master } = openSound();
        if (sound.playing) sound.playing.pause();
        sound.playing = voice;
        source = new AudioBufferSourceNode(context, { buffer });
        source.onended = stop;
        source.connect(master);
        began = context.currentTime;
        source.start();
      },
      stop,
      at: () => (source ? Math.max(0, /** @type {AudioContext} */ (sound.context).currentTime - began) : -1),
    };
  }

  async function toggle() {
    if (playing) return stopSound();
    openSound(); // within the gesture
    const entries = /** @type {Entry[]} */ (model.get("strip"));
    const entry = entries.find((one) => keyOf(one) === shownKey);
    if (!entry || entry.error) return;
    root.setAttribute("aria-busy", "true");
    try {
      playing = await fetchSample(entry);
      await playing.play();
      showPlay();
      follow();
    } catch (error) {
      playing = null;
      say(/** @type {Error} */ (error).message, true);
      showPlay();
    } finally {
      root.removeAttribute("aria-busy");
    }
  }

  function stopSound() {
    const was = playing;
    playing = null;
    was?.stop();
    showPlay();
  }

  function ended() {
    if (playing && playing.at() >= 0) return;
    playing = null;
    showPlay();
    if (!closed) drawStrip(); // a newer one may have come in the meantime
  }

  function follow() {
    cancelAnimationFrame(frameRequest);
    if (!playing || closed) return;
    const at = playing.at();
    if (at >= 0) {
      const here = picture.querySelector(".mg-now");
      here?.setAttribute("transform", `translate(${(1000 * at) / Math.max(0.01, playing.seconds)} 0)`);
      time.textContent = `${clock(at)} / ${clock(playing.seconds)}`;
    }
    frameRequest = requestAnimationFrame(follow);
  }

  function showPlay() {
    const label = playing ? "Stop the sound" : "Play the sample";
    if (playButton.getAttribute("aria-label") === label) return;
    playButton.setAttribute("aria-label", label);
    playButton.replaceChildren(icon(playing ? PAUSE : PLAY));
    if (!playing) picture.querySelector(".mg-now")?.setAttribute("transform", "translate(-9 0)");
  }

  // ---- put together ----

  el.append(root);
  const showAll = () => {
    received = performance.now();
    showProgress();
    drawCurves();
  };
  /** @type {[string, () => void][]} */
  const watched = [["change:progress", showAll], ["change:current", drawCurves], ["change:earlier", drawCurves], ["change:strip", drawStrip]];
  for (const [name, callback] of watched) model.on(name, callback);
  const resized = new ResizeObserver(() => {
    if (root.clientWidth === width) return;
    width = root.clientWidth;
    drawCurves();
  });
  resized.observe(root);
  const ticking = setInterval(() => progress().state === "running" && (facts.textContent = wordsFor(progress(), (performance.now() - received) / 1000)), 1000);
  showPlay();
  showAll();
  drawStrip();
  return () => {
    closed = true;
    stopSound();
    clearInterval(ticking);
    cancelAnimationFrame(frameRequest);
    resized.disconnect();
    for (const [name, callback] of watched) model.off(name, callback);
  };
}

const DIVERGED = "The loss is no longer a number: the training has run away. A smaller learning rate helps.";

/** Progress in words. @param {Progress} now @param {number} since s since it was told */
function wordsFor(now, since) {
  const going = now.state === "running" ? Math.min(since, 3600) : 0;
  const took = spell(now.elapsed + going);
  const where = `Epoch ${now.epoch}${now.epochs ? ` of ${now.epochs}` : ""}`;
  const batch = now.batches || now.batch ? ` · batch ${now.batch}${now.batches ? ` of ${now.batches}` : ""}` : "";
  if (now.state === "idle") return "Not trained yet.";
  const count = `${now.done} epoch${now.done === 1 ? "" : "s"} in ${took}${now.epoch > now.done ? `, ${now.epoch} in all` : ""}`;
  if (now.state === "finished") return count;
  if (["stopped", "failed", "left"].includes(now.state)) return `Ended early: ${count}`;
  const left = now.left === null ? "" : ` · ${about(Math.max(0, now.left - going))} left`;
  return `${where}${batch} · ${took} so far${left}`;
}

/** @param {number} seconds */
function spell(seconds) {
  if (seconds < 1) return "less than 1 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 90 ? `${minutes} min ${Math.round(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A time that nobody knows exactly, in words that do not claim to. @param {number} seconds */
function about(seconds) {
  if (seconds < 5) return "a few seconds";
  if (seconds < 55) return `about ${5 * Math.max(1, Math.round(seconds / 5))} s`;
  if (seconds < 105) return seconds < 75 ? "about 1 min" : "about 1½ min";
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min`;
  return `about ${Math.round(seconds / 1800) / 2} h`;
}

/** @param {number} value @param {number} [digits] */
function short(value, digits = 3) {
  const size = Math.abs(value);
  return size && (size < 1e-3 || size >= 1e5) ? value.toExponential(1) : String(Number(value.toPrecision(digits)));
}

/** @param {number} value */
const round = (value) => Math.round(10 * value) / 10;

/** @param {string} text */
const escape = (text) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** @param {number} x @param {number} y */
const diamond = (x, y) => `<path class="mg-diamond" d="M${x} ${round(y - 4.5)}l4.5 4.5-4.5 4.5-4.5-4.5z"/>`;

/** Four or five round numbers around a range. @param {number} low @param {number} high */
function evenTicks(low, high) {
  if (high <= low) [low, high] = [low - Math.abs(low) / 10 - 0.01, high + Math.abs(high) / 10 + 0.01];
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= 0.999 * rough) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  return Array.from({ length: Math.ceil(high / step - 1e-9) - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** 1, 2 and 5 times powers of ten around a range. @param {number} low @param {number} high */
function logTicks(low, high) {
  const from = Math.floor(Math.log10(low));
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - from + 1 }, (_, i) => from + i);
  const all = powers.flatMap((power) => (powers.length > 4 ? [1] : [1, 2, 5]).map((factor) => Number((factor * 10 ** power).toPrecision(12))));
  const first = all.findLastIndex((tick) => tick <= low * 1.001);
  const last = all.findIndex((tick) => tick >= high * 0.999);
  return all.slice(Math.max(0, first), (last < 0 ? all.length - 1 : last) + 1);
}

/** The batch nearest to a place. @param {{ run: Run, validation: boolean }[]} drawn @param {number} at in epochs @returns {[number, number] | null} */
function nearestPoint(drawn, at) {
  const points = drawn.filter((line) => !line.validation).at(-1)?.run.points ?? [];
  return points.reduce((best, point) => (!best || Math.abs(point[0] - at) < Math.abs(best[0] - at) ? point : best), /** @type {[number, number] | null} */ (null));
}

/** A small piano roll, 1000 units wide. @param {Note[]} notes @param {any} facts @param {string} label */
function rollOf(notes, { duration, bar, pickup }, label) {
  const pitches = notes.map((note) => note.pitch);
  const low = pitches.reduce((a, b) => Math.min(a, b), 127) - 1;
  const high = Math.max(pitches.reduce((a, b) => Math.max(a, b), 0) + 1, low + 12);
  const row = 110 / (high - low + 1);
  const x = (/** @type {number} */ tick) => round((1000 * tick) / Math.max(1, duration));
  const bars = [];
  for (let tick = pickup; tick < duration; tick += bar) bars.push(`<path class="mg-rule" d="M${x(tick)} 0V110"/>`);
  const blocks = notes.map((note) => `<rect x="${x(note.onset)}" y="${round((high - note.pitch) * row)}" width="${Math.max(2, x(note.duration) - 1)}" height="${round(Math.max(2, row - 0.6))}" rx="1.5" fill="var(--mg-part-${note.part % 6})"/>`);
  return sampleSvg(`Piano roll, ${label}: ${notes.length} notes`, 110, bars.join("") + blocks.join(""));
}

/** @param {number[][]} peaks @param {string} label */
function waveOf(peaks, label) {
  const largest = Math.max(1e-6, ...peaks.flat().map(Math.abs));
  const wide = 1000 / peaks.length;
  const path = peaks.map(([low, high], i) => `M${round((i + 0.5) * wide)} ${round(35 - (33 * high) / largest)}V${round(35.6 - (33 * low) / largest)}`).join("");
  return sampleSvg(`Waveform, ${label}`, 70, `<path d="${path}" stroke="var(--mg-part-0)" stroke-width="${round(Math.max(1, 0.8 * wide))}"/>`);
}

/** @param {string} label @param {number} height @param {string} body */
const sampleSvg = (label, height, body) => `<svg role="img" aria-label="${escape(label)}" viewBox="0 0 1000 ${height}" height="${height}" preserveAspectRatio="none">${body}<path class="mg-now" transform="translate(-9 0)" d="M0 0V${height}"/></svg>`;

export default { render };
