// A generator and a judge while they play. The kernel keeps pictures of the game; the page fetches those that are looked at, and steers.
import { PAUSE, PLAY, Transport, ask, h, icon, loadPack, openSound, packsFrom, readNotes, sound } from "./engine.js";
import { curvesPicture, histogram, legendOf, rangeOf, shareOf, short, stepAt, whole } from "./gan_charts.js";
import { drawLine, drawPlane, drawSpectrogram, pitchRange, rollOf, shadesOf } from "./gan_views.js";

const ACTIVE = ["running", "paused"];
const PATIENCE = 4000; // ms after which a click that has shown no effect is explained
const SLICE = 0.2; // s that the kernel trains at once when no fit runs
const SLOW = 600; // ms between two steps in slow motion
const AT_ONCE = 12; // pictures fetched at once when there is time
const FILM = 110; // ms a picture when all of the game is shown again
const CHART = 216; // px
const HISTOGRAM = 146;
const CUT = "The kernel was restarted, so nothing can be trained or fetched any more. What has been fetched can still be looked at; to play on, run the notebook again up to this cell.";
const PLAYERS = { both: "Both", judge: "Judge", generator: "Generator" };

/** @typedef {import("./gan_views.js").Info} Info */
/** @typedef {{ state: string, step: number, goal: number | null, players: string, slow: boolean, can_rest: boolean, can_train: boolean, kept: number[], diversity: (number | null)[] }} Progress */
/** @typedef {{ facts: any, notes: Note[], data: DataView }} Example */
/** @typedef {{ step: number, diversity: number | null, error: string, judges: string[], scores: Float32Array[][], probed: Float32Array | null, shown: Example[] }} Frame */

/** @typedef {{ key: string, step: number | null, stop: () => void, at: () => number }} Playing */

/** @param {DataView} data */
const floats = (data) => new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));

/** @param {RenderContext} context */
function render({ model, el, experimental: { invoke } }) {
  const gone = new AbortController();
  const hidden = (/** @type {string} */ name) => model.get("hide").includes(name);
  const info = /** @type {Info} */ (model.get("info"));
  const progress = () => /** @type {Progress} */ (model.get("progress"));
  const isCut = () => !!el.closest(".jupyter-widgets-disconnected"); // is its kernel gone?
  const isActive = () => !isCut() && ACTIVE.includes(progress().state);
  const kept = () => (isCut() ? progress().kept.filter((step) => frames.has(step)) : progress().kept);
  /** @type {Map<number, Frame>} */
  const frames = new Map();
  let real = /** @type {Example[]} */ ([]);
  let looked = /** @type {number | null} */ (model.get("at")); // the step that is looked at; null is the newest
  let running = false; // does the page let the kernel train, with no fit?
  let shownFrame = /** @type {Frame | null} */ (null);
  let chart = "losses";
  let judgeName = "";
  let isSlow = progress().slow;

  // ---- controls ----

  const button = (/** @type {string} */ text, /** @type {() => void} */ onclick, /** @type {string} */ title) => h("button", { class: "mg-button", type: "button", title, onclick }, text);
  const runButton = button("Run", toggleRun, "Train, or wait (space)");
  runButton.classList.add("mg-fill");
  const stepButton = button("One step", oneStep, "Train on one batch (full stop key)");
  const stopButton = button("Stop", () => void steer("stop"), "End the training after this step; weights and history are kept");
  const slowButton = button("Slow motion", () => void setSlow(!isSlow), "Wait after each step, so that it can be seen (S)");
  slowButton.setAttribute("aria-pressed", "false");
  const tips = { both: "Both players learn (B)", judge: "Only the judge learns; the generator's weights stay as they are (J)", generator: "Only the generator learns; the judge's weights stay as they are (G)" };
  const tabs = Object.entries(PLAYERS).map(([name, text]) => h("button", { class: "mg-tab", type: "button", "aria-pressed": "false", "data-player": name, title: tips[/** @type {keyof typeof tips} */ (name)], onclick: () => void steer(name) }, text));
  const facts = h("span", { class: "mg-subtitle" });
  const status = h("p", { class: "mg-status", role: "status" });

  /** @param {string} text @param {boolean} [trouble] */
  function say(text, trouble = false) {
    status.textContent = text;
    status.classList.toggle("mg-trouble", trouble);
  }

  /** Ask a training for something; also between trainings. @param {string} action */
  async function steer(action) {
    const before = JSON.stringify([progress().state, progress().players, progress().step]);
    const late = setTimeout(() => {
      if (!gone.signal.aborted && isActive() && JSON.stringify([progress().state, progress().players, progress().step]) === before) say("The click waits for the end of this step. The notebook's own interrupt button (■) stops the training, too.");
    }, PATIENCE);
    try {
      const { answer } = await ask(invoke, el, "control", { action });
      if (action === "stop" && !answer.taken) say("The training is already over.");
    } catch (error) {
      if (!gone.signal.aborted) say(/** @type {Error} */ (error).message, true);
    } finally {
      clearTimeout(late);
      if (!gone.signal.aborted) showProgress();
    }
  }

  /** @param {boolean} slow */
  async function setSlow(slow) {
    isSlow = slow;
    slowButton.setAttribute("aria-pressed", String(slow));
    await steer(slow ? "slow" : "quick");
  }

  function toggleRun() {
    if (isActive()) return void steer(progress().state === "paused" ? "resume" : "pause");
    if (isCut() || !progress().can_train) return;
    running = !running;
    if (running) {
      if (looked !== null) look(null);
      void train();
    }
    showProgress();
  }

  function oneStep() {
    if (looked !== null) look(null);
    if (isActive()) return void steer("step");
    if (isCut() || !progress().can_train) return;
    running = false;
    void advance(1);
    showProgress();
  }

  let asking = false;
  /** @param {number} steps */
  async function advance(steps) {
    if (asking) return true; // one question at a time: the kernel never gets a queue
    asking = true;
    try {
      await ask(invoke, el, "advance", { steps, seconds: SLICE });
      return true;
    } catch (error) {
      if (!gone.signal.aborted) say(/** @type {Error} */ (error).message, true);
      return false;
    } finally {
      asking = false;
    }
  }

  async function train() {
    while (running && !isActive() && !gone.signal.aborted) {
      const began = performance.now();
      if (!(await advance(isSlow ? 1 : 100_000))) running = false;
      await new Promise((resolve) => setTimeout(resolve, Math.max(15, (isSlow ? SLOW : 0) - (performance.now() - began))));
    }
    running = false;
    if (!gone.signal.aborted) showProgress();
  }

  // ---- time ----

  const slider = h("input", { class: "mg-seek", type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": "Step that is looked at", title: "Go back to any step that is kept (arrow keys)", oninput: () => look(kept()[Number(slider.value)]), onchange: () => tellAt() });
  const stepText = h("span", { class: "mg-gan-step" });
  const newestButton = button("Newest", () => { look(null); tellAt(); }, "Follow the training");
  const filmButton = h("button", { class: "mg-button mg-icon", type: "button", onclick: () => (film ? stopFilm() : playFilm()) });
  let film = 0;

  /** @param {number | null} step */
  function look(step) {
    const steps = kept();
    looked = step === null || step === steps.at(-1) ? null : steps.reduce((best, one) => (Math.abs(one - step) < Math.abs(best - step) ? one : best), steps[0] ?? 0);
    showTime();
  }

  function tellAt() {
    if (isCut()) return; // nobody is there to be told
    model.set("at", looked);
    model.save_changes();
  }

  function playFilm() {
    const steps = kept();
    if (steps.length < 2) return;
    let index = looked === null ? 0 : Math.max(0, steps.indexOf(looked));
    const next = () => {
      const all = kept();
      if (index >= all.length) return stopFilm();
      if (frames.has(all[index])) look(all[index++]); // else it waits for the kernel
      else want(all.slice(index, index + AT_ONCE));
    };
    film = setInterval(next, FILM);
    showFilm();
    next();
  }

  function stopFilm() {
    clearInterval(film);
    film = 0;
    showFilm();
  }

  function showFilm() {
    filmButton.setAttribute("aria-label", film ? "Stop the film" : "Show the whole training as a film");
    filmButton.title = film ? "Stop" : "Show the whole training again";
    filmButton.replaceChildren(icon(film ? PAUSE : PLAY));
  }

  function showTime() {
    const steps = kept();
    const now = looked ?? steps.at(-1) ?? 0;
    const index = looked === null ? steps.length - 1 : Math.max(0, steps.indexOf(looked));
    slider.max = String(Math.max(0, steps.length - 1));
    slider.value = String(index);
    slider.disabled = filmButton.disabled = steps.length < 2;
    slider.style.setProperty("--mg-share", `${(100 * index) / Math.max(1, steps.length - 1)}%`);
    slider.setAttribute("aria-valuetext", `step ${now}${looked === null ? ", the newest" : ` of ${progress().step}`}`);
    stepText.textContent = now === 0 ? "before training" : `after step ${whole(now)}`;
    newestButton.setAttribute("aria-pressed", String(looked === null));
    want([now]);
    drawCurves();
    const frame = frames.get(now);
    if (frame) showFrame(frame);
  }

  // ---- pictures from the kernel ----

  /** @type {number[]} */
  let wanted = [];
  let fetching = false;
  /** Have pictures fetched that are not here yet; a later wish takes the place of an earlier one. @param {number[]} steps */
  function want(steps) {
    wanted = steps.filter((step) => !frames.has(step) && kept().includes(step));
    if (wanted.length && !fetching) void fetchWanted();
  }

  async function fetchWanted() {
    fetching = true;
    let worked = true;
    while (wanted.length && worked && !gone.signal.aborted) {
      const steps = wanted.slice(0, AT_ONCE);
      wanted = [];
      try {
        const { answer, buffers } = await ask(invoke, el, "fetch_frames", { steps });
        for (const frame of readFrames(answer.frames, buffers)) frames.set(frame.step, frame);
        for (const step of frames.keys()) if (!kept().includes(step)) frames.delete(step);
        const frame = frames.get(looked ?? kept().at(-1) ?? 0);
        if (frame) showFrame(frame);
      } catch (error) {
        worked = false;
        if (!gone.signal.aborted) say(/** @type {Error} */ (error).message, true);
      }
      if (!wanted.length && !isActive() && !running) wanted = kept().filter((step) => !frames.has(step)); // the rest while there is time
    }
    fetching = false;
  }

  /** @param {any[]} told @param {DataView[]} buffers @returns {Frame[]} */
  function readFrames(told, buffers) {
    let next = 0;
    return told.map((one) => {
      const scores = one.judges.map(() => [floats(buffers[next++]), floats(buffers[next++])]);
      const probed = one.probed ? floats(buffers[next++]) : null;
      return { ...one, scores, probed, shown: one.shown.map((/** @type {any} */ about) => readExample(about, buffers[next++])) };
    });
  }

  /** @param {any} about @param {DataView} data @returns {Example} */
  const readExample = (about, data) => ({ facts: about, notes: info.kind === "scores" ? readNotes(data) : [], data });

  let fetchingReal = false;
  /** Have the real examples fetched, if they are not here yet: a kernel that was busy for too long is asked again. */
  async function fetchReal() {
    if (real.length || fetchingReal || isCut()) return;
    fetchingReal = true;
    try {
      const { answer, buffers } = await ask(invoke, el, "fetch_real", {});
      real = answer.shown.map((/** @type {any} */ about, /** @type {number} */ i) => readExample(about, buffers[i]));
      if (shownFrame) showFrame(shownFrame);
      else drawStage();
    } catch (error) {
      if (!gone.signal.aborted) say(/** @type {Error} */ (error).message, true);
    } finally {
      fetchingReal = false;
    }
  }

  // ---- examples side by side ----

  const canvas = h("canvas", { class: "mg-gan-canvas", role: "img" });
  const realColumn = h("div", { class: "mg-gan-column" });
  const forgedColumn = h("div", { class: "mg-gan-column" });
  const trouble = h("p", { class: "mg-trouble", hidden: true });
  const isPoints = info.kind === "points";
  const stage = isPoints
    ? h("div", { class: "mg-gan-stage" }, h("div", { class: "mg-gan-plane" }, canvas), pointsKey(), trouble)
    : h("div", { class: "mg-gan-stage" }, h("div", { class: "mg-gan-pairs" }, realColumn, forgedColumn), trouble);

  function pointsKey() {
    const marks = info.dims === 2 ? [["mg-one", "● real"], ["mg-zero", "◆ generated"]] : [["mg-one", "━ real"], ["mg-zero", "┅ generated"], ["mg-gan-judge", "━ the judge"]];
    const about = info.dims === 2 ? "ground: blue where the judge says real, orange where it says generated" : info.is_probability ? "its probability of “real” (right) · dotted: the best possible judge" : "its score (right): above 0 it says real";
    return h("p", { class: "mg-gan-legend" }, ...marks.map(([name, text]) => h("span", { class: name }, text)), h("span", { class: "mg-subtitle" }, about));
  }

  /** @param {Frame} frame */
  function showFrame(frame) {
    shownFrame = frame;
    trouble.hidden = !frame.error;
    trouble.textContent = frame.error ? `No picture of step ${frame.step}. ${frame.error}` : "";
    drawStage();
    drawScores();
  }

  function drawStage() {
    const frame = shownFrame;
    if (isPoints) return drawPoints(frame);
    drawColumn(realColumn, "Real", real, null);
    if (!frame?.error) drawColumn(forgedColumn, frame ? `Generated${frame.step ? `, step ${whole(frame.step)}` : " before training"}` : "Generated", frame?.shown ?? [], frame);
  }

  /** @param {Frame | null} frame */
  function drawPoints(frame) {
    if (!real.length) return;
    const points = floats(real[0].data);
    const forged = frame && frame.shown.length ? floats(frame.shown[0].data) : null;
    if (info.dims === 2) drawPlane(canvas, root, info, points, forged, frame?.probed ? shadesOf(frame.probed, info, frame.scores[0]) : null);
    else drawLine(canvas, root, info, points, forged, frame?.probed ?? null);
    canvas.setAttribute("aria-label", `${info.dims === 2 ? "Plane" : "Line"} with ${points.length / info.dims} real and ${(forged?.length ?? 0) / info.dims} generated points${frame ? `, step ${frame.step}. ${verdict(frame)}` : ""}`);
  }

  /** @param {HTMLElement} column @param {string} title @param {Example[]} examples @param {Frame | null} frame */
  function drawColumn(column, title, examples, frame) {
    const side = frame ? "generated" : "real";
    if (!column.firstChild) column.append(h("h4", { class: "mg-gan-title" }), ...[]);
    /** @type {Element} */ (column.firstChild).textContent = title;
    while (column.children.length - 1 < examples.length) column.append(card(side === "real" ? null : "generated", column.children.length - 1));
    const range = pitchRange([...real, ...(shownFrame?.shown ?? [])]);
    examples.forEach((example, i) => {
      const picture = /** @type {HTMLElement} */ (column.children[i + 1].querySelector(".mg-sample"));
      const label = `${frame ? "Generated" : "Real"} ${i + 1}`;
      if (info.kind === "scores") picture.innerHTML = rollOf(example, range, frame ? "1" : "0", `${label}, piano roll`);
      else {
        const levels = /** @type {HTMLCanvasElement} */ (picture.querySelector("canvas") ?? picture.appendChild(h("canvas", { role: "img" })));
        levels.setAttribute("aria-label", `${label}, spectrogram`);
        drawSpectrogram(levels, new Uint8Array(example.data.buffer, example.data.byteOffset, example.data.byteLength), info);
        if (!picture.querySelector(".mg-at")) picture.append(h("div", { class: "mg-at", hidden: true }));
      }
    });
    showPlaying();
  }

  /** @param {string | null} side @param {number} index */
  function card(side, index) {
    const label = `${side ? "generated" : "real"} example ${index + 1}`;
    const play = h("button", { class: "mg-button mg-icon", type: "button", "data-sound": `${side ? "generated" : "real"} ${index}`, "data-label": label, onclick: () => void hear(side ? "generated" : "real", index) }, icon(PLAY));
    return h("div", { class: "mg-gan-card" }, hidden("sound") ? null : play, h("div", { class: "mg-sample" }));
  }

  // ---- sound ----

  const fetchPack = packsFrom(invoke, el);
  /** @type {Playing | null} */
  let playing = null;
  let frameRequest = 0;

  /** @param {string} side @param {number} index */
  async function hear(side, index) {
    const key = `${side} ${index}`;
    const was = playing?.key;
    stopSound();
    if (was === key) return;
    openSound(); // within the gesture
    const step = side === "real" ? null : shownFrame?.step ?? 0;
    const example = (side === "real" ? real : shownFrame?.shown ?? [])[index];
    if (!example) return;
    root.setAttribute("aria-busy", "true");
    const mine = /** @type {Playing} */ ({ key, step, stop: () => {}, at: () => -1 });
    playing = mine;
    showPlaying();
    try {
      if (info.kind === "scores") await playTune(mine, example);
      else await playSound(mine, index);
      if (playing === mine) say(`${side === "real" ? "A real example" : `Generated ${step ? `after step ${step}` : "before training"}`}`);
      follow();
    } catch (error) {
      if (playing === mine) stopSound();
      if (!gone.signal.aborted) say(isCut() ? CUT : /** @type {Error} */ (error).message, true);
    } finally {
      root.removeAttribute("aria-busy");
    }
  }

  /** @param {Playing} mine @param {Example} example */
  async function playTune(mine, { notes, facts: about }) {
    if (!notes.length) {
      say("This one is silent: it has no notes.");
      return stopSound();
    }
    const packs = await Promise.all(about.programs.map((/** @type {number} */ program) => loadPack(program, fetchPack)));
    if (playing !== mine) return;
    const transport = new Transport(notes, { programs: about.programs, length: about.duration, bpm: about.bpm, onChange: () => !transport.playing && playing === mine && stopSound() });
    transport.packs = packs;
    mine.stop = () => transport.close();
    mine.at = () => (transport.playing ? transport.tick / Math.max(1, about.duration) : -1);
    transport.play();
  }

  /** @param {Playing} mine @param {number} index */
  async function playSound(mine, index) {
    const { answer, buffers } = await ask(invoke, el, "fetch_sound", { step: mine.step, index });
    const bytes = /** @type {ArrayBuffer} */ (buffers[0].buffer.slice(buffers[0].byteOffset, buffers[0].byteOffset + buffers[0].byteLength));
    const buffer = await new OfflineAudioContext(1, 1, 44100).decodeAudioData(bytes);
    if (playing !== mine) return;
    const { context, master } = openSound();
    if (sound.playing) sound.playing.pause();
    const voice = (sound.playing = { pause: () => playing === mine && stopSound() });
    const source = new AudioBufferSourceNode(context, { buffer });
    source.onended = () => playing === mine && stopSound();
    source.connect(master);
    const began = context.currentTime;
    source.start();
    mine.stop = () => {
      source.onended = null;
      source.stop();
      if (sound.playing === voice) sound.playing = null;
    };
    mine.at = () => (context.currentTime - began) / Math.max(0.01, answer.seconds);
  }

  function stopSound() {
    const was = playing;
    playing = null;
    was?.stop();
    showPlaying();
  }

  function showPlaying() {
    for (const play of /** @type {NodeListOf<HTMLElement>} */ (stage.querySelectorAll("[data-sound]"))) {
      const sounds = playing?.key === play.dataset.sound;
      const label = `${sounds ? "Stop" : "Play"} the ${play.dataset.label}`;
      if (play.getAttribute("aria-label") !== label) {
        play.setAttribute("aria-label", label);
        play.title = sounds ? "Stop" : "Hear it";
        play.replaceChildren(icon(sounds ? PAUSE : PLAY));
      }
      if (!sounds) cursor(play, -1);
    }
  }

  /** @param {HTMLElement} play @param {number} share how much of it is over; -1 for silence */
  function cursor(play, share) {
    const picture = play.nextElementSibling;
    picture?.querySelector(".mg-now")?.setAttribute("transform", `translate(${share < 0 ? -9 : 1000 * share} 0)`);
    const line = /** @type {HTMLElement | null} */ (picture?.querySelector(".mg-at"));
    if (!line) return;
    line.hidden = share < 0;
    line.style.left = `${100 * Math.min(1, share)}%`;
  }

  function follow() {
    cancelAnimationFrame(frameRequest);
    if (!playing || gone.signal.aborted) return;
    const play = /** @type {HTMLElement | null} */ (stage.querySelector(`[data-sound="${playing.key}"]`));
    const same = playing.step === null || playing.step === shownFrame?.step;
    if (play) cursor(play, same ? playing.at() : -1);
    frameRequest = requestAnimationFrame(follow);
  }

  // ---- charts ----

  const one = (/** @type {string} */ name, /** @type {string} */ key, /** @type {number} */ part, dash = "") => ({ name, key, part, dash });
  function kinds() {
    const names = Object.keys(model.get("curves"));
    const others = names.filter((name) => name.endsWith("_loss") && !["judge_loss", "generator_loss"].includes(name)).slice(0, 6);
    const losses = [one("judge's loss", "judge_loss", 3), one("generator's loss", "generator_loss", 1, "7 4"), ...others.map((name, i) => one(name.replace(/_loss$/, "").replaceAll("_", " "), name, [0, 2, 4, 5][i % 4], i < 4 ? "2 3" : "9 3 2 3"))].filter(({ key }) => names.includes(key));
    return {
      losses: { label: "Losses", lines: losses, low: null, high: null, percent: false },
      scores: { label: "Right answers", lines: [one("real ones taken for real", "real_right", 0), one("generated ones found out", "forged_right", 1, "7 4")], low: 0, high: 1, percent: true },
      diversity: { label: info.diversity[0].toUpperCase() + info.diversity.slice(1), lines: [one(info.diversity, "diversity", 2)], low: 0, high: info.is_share ? 1 : null, percent: info.is_share },
    };
  }

  const chartTabs = Object.entries(kinds()).filter(([name]) => !hidden(name)).map(([name, { label }]) => h("button", { class: "mg-tab", type: "button", "aria-pressed": "false", "data-chart": name, onclick: () => { chart = name; drawCurves(); } }, label));
  if (chartTabs.length) chart = chartTabs[0].dataset.chart;
  const curvesBox = h("div", { class: "mg-gan-curves", role: "img", onclick: (/** @type {PointerEvent} */ event) => { look(stepAt(event.clientX - curvesBox.getBoundingClientRect().left, curvesBox.clientWidth, Math.max(1, progress().step))); tellAt(); } });
  const chartKey = h("p", { class: "mg-gan-legend" });
  let chartWidth = 0;

  function drawCurves() {
    const width = curvesBox.clientWidth;
    for (const tab of chartTabs) tab.setAttribute("aria-pressed", String(tab.dataset.chart === chart));
    if (!width || !chartTabs.length) return;
    const kind = kinds()[/** @type {keyof ReturnType<typeof kinds>} */ (chart)];
    const { step, diversity } = progress();
    const curves = chart === "diversity" ? { step: kept(), diversity } : model.get("curves");
    curvesBox.innerHTML = curvesPicture(kind, curves, { width, height: CHART, last: Math.max(1, step), at: looked });
    curvesBox.setAttribute("aria-label", kind.lines.map(({ name, key }) => `${name} ${latest(curves[key])}`).join(", "));
    const text = kind.lines.map(({ name }) => name).join();
    if (chartKey.dataset.text !== text) chartKey.replaceChildren(...legendOf(kind.lines));
    chartKey.dataset.text = text;
  }

  /** @param {(number | null)[] | undefined} column */
  const latest = (column) => (column?.at(-1) == null ? "none" : short(/** @type {number} */ (column.at(-1))));

  const scoresBox = h("div", { class: "mg-gan-scores", role: "img" });
  const judgeMenu = h("select", { "aria-label": "Judge", hidden: true, onchange: () => { judgeName = judgeMenu.value; drawScores(); } });
  const tally = h("p", { class: "mg-gan-tally" });
  const scoresTitle = h("div", { class: "mg-roll-head" }, h("span", { class: "mg-here" }, "What the judge thinks"), judgeMenu);

  /** @param {Frame} frame */
  function verdict(frame) {
    const [reals, forged] = frame.scores[Math.max(0, frame.judges.indexOf(judgeName))] ?? [];
    if (!reals) return "";
    return `The judge is right on ${Math.round(100 * shareOf(reals, 1))} % of the real and ${Math.round(100 * shareOf(forged, -1))} % of the generated ones.`;
  }

  function drawScores() {
    const frame = shownFrame;
    const width = scoresBox.clientWidth;
    if (!frame) return;
    judgeMenu.hidden = frame.judges.length < 2;
    if ([...judgeMenu.options].map((option) => option.value).join() !== frame.judges.join()) judgeMenu.replaceChildren(...frame.judges.map((value) => h("option", { value }, value)));
    if (!frame.judges.includes(judgeName)) judgeName = frame.judges[0] ?? "";
    judgeMenu.value = judgeName;
    const index = frame.judges.indexOf(judgeName);
    if (index < 0) return scoresBox.replaceChildren();
    const near = [...frames.values()].filter((other) => Math.abs(other.step - frame.step) <= 0.1 * progress().step).map((other) => other.scores[index] ?? []).flat();
    const [reals, forged] = frame.scores[index];
    if (width) scoresBox.innerHTML = histogram(reals, forged, rangeOf([...near, reals, forged]), width, HISTOGRAM);
    scoresBox.setAttribute("aria-label", `Scores of the judge. ${verdict(frame)}`);
    const figure = (/** @type {string} */ number, /** @type {string} */ words, /** @type {string} */ name) => h("span", { class: `mg-gan-figure ${name}` }, h("b", {}, number), ` ${words}`);
    tally.replaceChildren(
      figure(`${Math.round(100 * shareOf(reals, 1))} %`, "of the real ones taken for real", "mg-one"),
      figure(`${Math.round(100 * shareOf(forged, -1))} %`, "of the generated ones found out", "mg-zero"),
      ...(hidden("diversity") || frame.diversity === null ? [] : [figure(info.is_share ? `${Math.round(100 * frame.diversity)} %` : short(frame.diversity), info.diversity, "")]));
  }

  // ---- progress ----

  let state = "";
  function showProgress() {
    const now = progress();
    const active = isActive();
    const goes = active ? now.state === "running" : running;
    runButton.textContent = goes ? "Pause" : active ? "Resume" : now.step ? "Run on" : "Run";
    const cut = isCut();
    runButton.disabled = stepButton.disabled = cut || (!active && !now.can_train);
    runButton.title = cut ? "The kernel was restarted" : runButton.disabled ? "Works while a cell trains" : "Train, or wait (space)";
    stopButton.disabled = !active;
    slowButton.disabled = cut;
    for (const tab of tabs) {
      tab.setAttribute("aria-pressed", String(tab.dataset.player === now.players));
      tab.disabled = cut || (!now.can_rest && tab.dataset.player !== "both");
    }
    isSlow = now.slow;
    slowButton.setAttribute("aria-pressed", String(now.slow));
    facts.textContent = now.step || active ? `step ${whole(now.step)}${now.goal ? ` of ${whole(now.goal)}` : ""} · ${cut ? "without its kernel" : goes ? "training" : now.state === "paused" ? "paused" : "not training"}` : "not trained yet";
    if (cut) return say(CUT, true);
    const told = active || now.state !== state;
    if (now.state !== state && told) say({ paused: "Paused. Other cells wait, too.", running: "", finished: "The training is over; the slider goes back through all of it.", stopped: "Stopped. Weights and history are kept.", failed: "The training was ended by an error; what was recorded is kept." }[now.state] ?? "", now.state === "failed");
    state = now.state;
  }

  // ---- put together ----

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || target.matches("select")) return;
    if (target.matches("button") && ["Enter", " "].includes(event.key)) return;
    /** @type {Record<string, [string, () => void]>} */
    const keys = { " ": ["run", toggleRun], ".": ["step", oneStep], s: ["slow", () => void setSlow(!isSlow)], b: ["players", () => void steer("both")], j: ["players", () => void steer("judge")], g: ["players", () => void steer("generator")] };
    const act = keys[event.key];
    if (!act || hidden(act[0])) return;
    event.preventDefault();
    event.stopPropagation();
    act[1]();
  }

  const has = chartTabs.length > 0;
  const root = h("section", { class: "mg mg-gan", tabindex: "-1", "aria-label": model.get("title") || "Generator and judge", "data-lm-suppress-shortcuts": "true", onkeydown: onKey },
    h("div", { class: "mg-head" }, h("div", { class: "mg-titles" }, hidden("title") ? null : h("span", { class: "mg-title", role: "heading", "aria-level": "3" }, model.get("title")), facts)),
    h("div", { class: "mg-bar mg-gan-controls" }, hidden("run") ? null : runButton, hidden("step") ? null : stepButton, hidden("stop") ? null : stopButton,
      hidden("players") ? null : h("span", { class: "mg-field" }, "Learns:", h("span", { class: "mg-tabs", role: "group", "aria-label": "Who learns" }, ...tabs)), hidden("slow") ? null : slowButton),
    h("div", { class: "mg-gan-main" }, stage,
      h("div", { class: "mg-gan-side" },
        has ? h("div", { class: "mg-roll-head" }, h("span", { class: "mg-tabs", role: "group", "aria-label": "Chart" }, ...chartTabs)) : null, has ? curvesBox : null, has ? chartKey : null,
        ...(hidden("scores") ? [] : [scoresTitle, scoresBox, tally]))),
    hidden("time") ? null : h("div", { class: "mg-bar mg-gan-time" }, filmButton, slider, stepText, newestButton), status);
  el.append(root);

  const watch = (/** @type {string} */ name, /** @type {() => void} */ change) => {
    model.on(`change:${name}`, change);
    gone.signal.addEventListener("abort", () => model.off(`change:${name}`, change));
  };
  watch("progress", () => {
    void fetchReal();
    showProgress();
    showTime();
  });
  watch("curves", drawCurves);
  watch("at", () => {
    if (model.get("at") !== looked) look(model.get("at"));
  });
  const redraw = () => {
    drawCurves();
    drawStage();
    drawScores();
  };
  const resized = new ResizeObserver(() => {
    if (root.clientWidth === chartWidth) return;
    chartWidth = root.clientWidth;
    redraw();
  });
  resized.observe(root);
  const themed = new MutationObserver(redraw); // the canvases must be painted again when the theme changes
  for (const node of [document.documentElement, document.body]) themed.observe(node, { attributes: true });
  let wasCut = isCut();
  const left = new MutationObserver(() => {
    if (wasCut === isCut()) return;
    wasCut = isCut();
    if (!wasCut) say("");
    running = false;
    stopSound();
    showProgress();
    showTime();
  });
  for (let node = /** @type {Element | null} */ (el), i = 0; node && i < 3; node = node.parentElement, i += 1) left.observe(node, { attributes: true, attributeFilter: ["class"] }); // JupyterLab marks the widget when its kernel goes
  showFilm();
  showProgress();
  void fetchReal();
  showTime();
  return () => {
    gone.abort();
    running = false;
    stopFilm();
    stopSound();
    cancelAnimationFrame(frameRequest);
    resized.disconnect();
    themed.disconnect();
    left.disconnect();
  };
}

export default { render };
