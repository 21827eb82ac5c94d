// A small network while it learns. The network lives in the kernel; the page asks for a few steps at a time and draws the answer.
import { ask, h } from "./engine.js";

const SHOWN = 8; // neurons drawn in a column
const SIDE = 300; // px of the decision surface
const FRAME = 70; // ms between two requests, so that the eye can follow and the kernel can breathe
const SPEEDS = [1, 5, 20, 100, 500]; // steps a picture
const RATES = [0.01, 0.03, 0.1, 0.3, 1, 3];

/** @typedef {{ weights: number[][][], surface: number[], maps: number[][][], points: number[][], labels: number[], low: number[], high: number[],
 *   steps: number, loss: number | null, losses: number[][], accuracy: number }} Picture */

/** @param {RenderContext} context */
function render({ model, el, experimental: { invoke } }) {
  const hidden = (/** @type {string} */ name) => model.get("hide").includes(name);
  const [first, second] = model.get("names");
  const [zero, one] = model.get("kinds");
  let running = false;
  let waiting = false;
  let closed = false;

  const numbers = h("p", { class: "mg-tally" });
  const status = h("div", { class: "mg-status", role: "status" });
  const runButton = h("button", { class: "mg-button mg-run", type: "button", "aria-pressed": "false", onclick: () => (running ? pause() : run()) }, "Run");
  const stepButton = h("button", { class: "mg-button", type: "button", onclick: () => { pause(); send("train", 1); } }, "Step");
  const againButton = h("button", { class: "mg-button", type: "button", onclick: startOver }, "Start over");
  const speed = choice("Speed, steps a picture", SPEEDS, "speed", (value) => `${value} step${value === 1 ? "" : "s"} a picture`);
  const rate = choice("Learning rate", RATES, "learning_rate", (value) => `learning rate ${value}`);
  const noise = h("input", { type: "range", min: 0, max: model.get("max_noise"), step: model.get("max_noise") / 20, value: model.get("noise"), "aria-label": "Noise in the data", onchange: restartWith("noise") });
  const seed = h("input", { class: "mg-seed", type: "number", min: 0, max: 9999, value: model.get("seed"), "aria-label": "Seed", onchange: restartWith("seed"), onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && seed.blur() }); // JupyterLab takes Enter away before it counts as a change
  const net = canvas("The network: lines are weights, thick is large, dashed is negative", 420, SIDE);
  const plane = canvas("The decision surface and the points", SIDE, SIDE);
  const curve = canvas("The loss so far", SIDE, 74);
  const key = h("p", { class: "mg-subtitle" }, h("span", { class: "mg-one" }, `● ${one}`), "  ", h("span", { class: "mg-zero" }, `■ ${zero}`));
  const root = h(
    "section", { class: "mg mg-network", "aria-label": model.get("title"), "data-lm-suppress-shortcuts": "true" },
    hidden("title") ? null : h("div", { class: "mg-head" }, h("div", { class: "mg-title", role: "heading", "aria-level": "3" }, model.get("title"))),
    h("div", { class: "mg-bar" },
      hidden("run") ? null : runButton, hidden("step") ? null : stepButton, hidden("restart") ? null : againButton,
      hidden("speed") ? null : speed, hidden("rate") ? null : rate,
      hidden("noise") ? null : h("label", { class: "mg-tempo" }, "noise", noise), hidden("seed") ? null : h("label", { class: "mg-tempo" }, "seed", seed)),
    h("div", { class: "mg-stage" },
      hidden("network") ? null : h("figure", {}, net, h("figcaption", { class: "mg-subtitle" }, "blue, solid: above 0 · orange, dashed: below 0 · thick: large")),
      h("figure", {}, plane, h("figcaption", { class: "mg-subtitle" }, `→ ${first}   ↑ ${second}`), key),
      h("figure", {}, numbers, hidden("loss") ? null : curve)),
    status,
  );

  /** @param {string} label @param {number[]} values @param {string} trait @param {(value: number) => string} say */
  function choice(label, values, trait, say) {
    const now = model.get(trait);
    const all = values.includes(now) ? values : [...values, now].sort((a, b) => a - b);
    const change = (/** @type {any} */ event) => set(trait, Number(event.target.value));
    return h("select", { "aria-label": label, onchange: change }, ...all.map((value) => h("option", { value, selected: value === now }, say(value))));
  }

  /** @param {string} label @param {number} width @param {number} height */
  function canvas(label, width, height) {
    const sharp = Math.max(2, window.devicePixelRatio || 1); // a projector shows every soft line
    const made = h("canvas", { role: "img", "aria-label": label, width: width * sharp, height: height * sharp, style: `width:${width}px;aspect-ratio:${width}/${height}` });
    made.getContext("2d").scale(sharp, sharp);
    return made;
  }

  /** @param {string} trait @param {unknown} value */
  function set(trait, value) {
    model.set(trait, value);
    model.save_changes();
  }

  /** @param {"noise" | "seed"} trait */
  function restartWith(trait) {
    return (/** @type {any} */ event) => {
      const value = Number(event.target.value);
      if (trait === "seed" && (!Number.isInteger(value) || value < 0 || value > 9999)) {
        event.target.value = model.get("seed");
        return;
      }
      set(trait, value);
      startOver();
    };
  }

  function run() {
    running = true;
    showRunning();
    loop();
  }

  function pause() {
    running = false;
    showRunning();
  }

  function showRunning() {
    runButton.textContent = running ? "Pause" : "Run";
    runButton.setAttribute("aria-pressed", String(running));
  }

  async function loop() {
    while (running && !closed) {
      const began = performance.now();
      if (!(await send("train", model.get("speed")))) return pause();
      await new Promise((resolve) => setTimeout(resolve, Math.max(10, FRAME - (performance.now() - began))));
    }
  }

  async function startOver() {
    pause();
    while (waiting && !closed) await new Promise((resolve) => setTimeout(resolve, 20)); // let the steps on their way arrive
    if (!closed) await send("restart", 0);
  }

  /** @param {"train" | "restart"} name @param {number} steps */
  async function send(name, steps) {
    if (waiting) return true; // one question at a time: the kernel never gets a queue
    waiting = true;
    try {
      await ask(invoke, el, name, { steps });
      status.textContent = "";
      status.classList.remove("mg-trouble");
      return true;
    } catch (error) {
      if (!closed) {
        status.textContent = /** @type {Error} */ (error).message;
        status.classList.add("mg-trouble");
      }
      return false;
    } finally {
      waiting = false;
    }
  }

  function draw() {
    const picture = /** @type {Picture} */ (model.get("picture"));
    const style = getComputedStyle(root);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    const colours = { one: colour("--mg-part-0"), zero: colour("--mg-part-1"), ink: colour("--mg-faint"), ground: style.backgroundColor, edge: colour("--mg-bar-line") };
    if (!hidden("network")) drawNetwork(net, picture, colours);
    drawPlane(plane, picture, colours);
    if (!hidden("loss")) drawCurve(curve, picture, colours);
    const right = `${Math.round(100 * picture.accuracy)} % on the right side`;
    numbers.textContent = picture.loss === null ? `not trained yet · ${right}` : `step ${picture.steps} · loss ${picture.loss.toFixed(3)} · ${right}`;
    plane.setAttribute("aria-label", `The decision surface and ${picture.points.length} points, ${right}`);
  }

  el.append(root);
  model.on("change:picture", draw);
  const size = new ResizeObserver(draw); // fires once the page has taken the element in: before that it has no colours
  size.observe(root);
  const themes = new MutationObserver(draw); // canvas has no style sheet: draw again when the page turns dark
  themes.observe(document.body, { attributes: true });
  return () => {
    closed = true;
    running = false;
    themes.disconnect();
    size.disconnect();
    model.off("change:picture", draw);
  };
}

/** @typedef {{ one: string, zero: string, ink: string, ground: string, edge: string }} Colours */

/** @param {HTMLCanvasElement} canvas */
function clean(canvas) {
  const brush = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  brush.clearRect(0, 0, canvas.width, canvas.height);
  brush.setLineDash([]);
  brush.globalAlpha = 1;
  return brush;
}

/** Lines for weights, and a small map in every neuron: where in the plane it says yes. @param {HTMLCanvasElement} canvas @param {Picture} picture @param {Colours} colours */
function drawNetwork(canvas, { weights, maps, surface }, colours) {
  const brush = clean(canvas);
  const sizes = [weights[0].length, ...weights.map((matrix) => matrix[0].length)];
  const shown = sizes.map((size) => Math.min(size, SHOWN));
  const box = Math.min(38, (SIDE - 20) / Math.max(...shown) - 4);
  const x = (/** @type {number} */ layer) => 34 + (layer * (420 - 68)) / (sizes.length - 1);
  const y = (/** @type {number} */ layer, /** @type {number} */ neuron) => 8 + ((neuron + 0.5) * (SIDE - 30)) / shown[layer];
  weights.forEach((matrix, layer) => {
    const largest = Math.max(...matrix.flat().map(Math.abs), 1e-9);
    for (let i = 0; i < shown[layer]; i += 1)
      for (let j = 0; j < shown[layer + 1]; j += 1) {
        const value = matrix[i][j];
        brush.strokeStyle = value < 0 ? colours.zero : colours.one;
        brush.setLineDash(value < 0 ? [6, 4] : []);
        brush.lineWidth = 0.4 + (5 * Math.abs(value)) / largest;
        brush.globalAlpha = 0.35 + (0.6 * Math.abs(value)) / largest;
        brush.beginPath();
        brush.moveTo(x(layer), y(layer, i));
        brush.lineTo(x(layer + 1), y(layer + 1, j));
        brush.stroke();
      }
  });
  brush.setLineDash([]);
  brush.font = "13px system-ui, sans-serif";
  brush.textAlign = "center";
  sizes.forEach((size, layer) => {
    for (let neuron = 0; neuron < shown[layer]; neuron += 1) {
      const left = x(layer) - box / 2;
      const top = y(layer, neuron) - box / 2;
      const map = layer === sizes.length - 1 ? surface : maps[layer - 1]?.[neuron];
      brush.globalAlpha = 1;
      brush.fillStyle = colours.ground;
      brush.fillRect(left, top, box, box);
      if (map) paint(brush, map, left, top, box, colours, 0.85);
      brush.globalAlpha = 1;
      brush.lineWidth = 1.5;
      brush.strokeStyle = colours.ink;
      brush.strokeRect(left, top, box, box);
      brush.fillStyle = colours.ink;
      if (layer === 0) brush.fillText(neuron ? "↑" : "→", x(0), y(0, neuron) + 5);
    }
    if (size > SHOWN) brush.fillText(`and ${size - SHOWN} more`, x(layer), SIDE - 4);
  });
}

/**
 * Fill a square with values from 0 (orange) over 128 (nothing) to 255 (blue).
 * @param {CanvasRenderingContext2D} brush @param {number[]} values @param {number} left @param {number} top @param {number} side
 * @param {Colours} colours @param {number} strength
 */
function paint(brush, values, left, top, side, colours, strength) {
  const n = Math.round(Math.sqrt(values.length));
  const cell = side / n;
  values.forEach((value, index) => {
    const lean = (value - 127.5) / 127.5;
    brush.globalAlpha = strength * Math.abs(lean);
    brush.fillStyle = lean < 0 ? colours.zero : colours.one;
    brush.fillRect(left + (index % n) * cell, top + Math.floor(index / n) * cell, cell, cell);
  });
}

/** @param {HTMLCanvasElement} canvas @param {Picture} picture @param {Colours} colours */
function drawPlane(canvas, { surface, points, labels, low, high }, colours) {
  const brush = clean(canvas);
  paint(brush, surface, 0, 0, SIDE, colours, 0.5);
  brush.globalAlpha = 1;
  brush.lineWidth = 1.2;
  brush.strokeStyle = colours.ground;
  points.forEach(([px, py], index) => {
    const x = ((px - low[0]) / (high[0] - low[0])) * SIDE;
    const y = ((high[1] - py) / (high[1] - low[1])) * SIDE;
    brush.beginPath();
    if (labels[index]) brush.arc(x, y, 4.6, 0, 2 * Math.PI);
    else brush.rect(x - 4, y - 4, 8, 8);
    brush.fillStyle = labels[index] ? colours.one : colours.zero;
    brush.fill();
    brush.stroke();
  });
  brush.strokeStyle = colours.ink;
  brush.strokeRect(0.5, 0.5, SIDE - 1, SIDE - 1);
}

/** @param {HTMLCanvasElement} canvas @param {Picture} picture @param {Colours} colours */
function drawCurve(canvas, { losses }, colours) {
  const brush = clean(canvas);
  const [height, last] = [74, losses.at(-1)?.[0] ?? 1];
  const highest = Math.max(...losses.map(([, loss]) => loss), 1e-9);
  brush.strokeStyle = colours.edge;
  brush.strokeRect(0.5, 0.5, SIDE - 1, height - 1);
  brush.strokeStyle = colours.one;
  brush.lineWidth = 2;
  brush.beginPath();
  for (const [step, loss] of losses) brush.lineTo(2 + (step / last) * (SIDE - 4), 4 + (1 - loss / highest) * (height - 8));
  brush.stroke();
  brush.fillStyle = colours.ink;
  brush.font = "13px system-ui, sans-serif";
  brush.textAlign = "right";
  brush.fillText(losses.length ? `loss, at most ${highest.toFixed(2)}` : "loss", SIDE - 6, 16);
}

export default { render };
