// How examples of a game between generator and judge look: points over the judge's surface, densities with the judge's curve, rolls, spectrograms.
import { brush } from "./engine.js";
import { niceStep } from "./gan_charts.js";

const LOG_ENOUGH = 0.02; // of the highest density: below, the best judge has nothing to go by
const FOOT = 22; // px below a density for the axis

/** @typedef {{ kind: string, dims: number, low: any, high: any, grid: number, loss: string, is_probability: boolean, diversity: string, is_share: boolean,
 *   rows: number, columns: number, seconds: number, palette: number[][] }} Info */
/** @typedef {{ notes: Note[], facts: any }} Tune */

/** The judge's scores between -1, generated, and 1, real. @param {Float32Array} probed @param {Info} info @param {Float32Array[]} scores of real and generated examples */
export function shadesOf(probed, info, scores) {
  let middle = 0; // with the Wasserstein loss only differences of scores mean anything
  if (info.loss === "wasserstein") middle = scores.reduce((sum, part) => sum + part.reduce((a, b) => a + b, 0) / Math.max(1, part.length) / scores.length, 0);
  return probed.map((score) => Math.tanh(((Number.isFinite(score) ? score : 0) - middle) / 2));
}

/** @param {HTMLCanvasElement} canvas @param {number} width @param {number} height */
function fit(canvas, width, height) {
  const ratio = Math.max(2, globalThis.devicePixelRatio || 1); // a projector shows every soft line
  Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
  canvas.style.cssText = `width: ${width}px; height: ${height}px`;
}

/** px that there are for a canvas, whatever width it had before. @param {HTMLCanvasElement} canvas */
const roomOf = (canvas) => canvas.parentElement?.clientWidth ?? 0;

/** @param {string} hex @returns {[number, number, number]} */
const rgb = (hex) => /** @type {[number, number, number]} */ ([1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));

/**
 * Real points are round, generated ones are diamonds; the ground is blue where the judge says real, orange where it says generated.
 * @param {HTMLCanvasElement} canvas @param {Element} root @param {Info} info @param {Float32Array} real @param {Float32Array | null} forged @param {Float32Array | null} shades
 */
export function drawPlane(canvas, root, info, real, forged, shades) {
  const side = roomOf(canvas);
  if (!side) return;
  fit(canvas, side, side);
  const { pen, colour, fill } = brush(canvas, root);
  fill("ground", 0, 0, side, side);
  if (shades) {
    const { grid } = info;
    const image = new ImageData(grid, grid);
    const [blue, orange] = [rgb(colour("part-0")), rgb(colour("part-1"))];
    shades.forEach((shade, i) => {
      const pixel = 4 * ((grid - 1 - Math.floor(i / grid)) * grid + (i % grid)); // the first row of probes lies at the bottom
      image.data.set([...(shade > 0 ? blue : orange), Math.round(112 * Math.abs(shade))], pixel);
    });
    const small = new OffscreenCanvas(grid, grid);
    /** @type {OffscreenCanvasRenderingContext2D} */ (small.getContext("2d")).putImageData(image, 0, 0);
    pen.imageSmoothingQuality = "high";
    const half = side / (grid - 1) / 2; // probes lie on the edges
    pen.drawImage(small, -half, -half, side + 2 * half, side + 2 * half);
  }
  const place = (/** @type {Float32Array} */ points, /** @type {number} */ i) => [
    ((points[2 * i] - info.low[0]) / (info.high[0] - info.low[0])) * side, side - ((points[2 * i + 1] - info.low[1]) / (info.high[1] - info.low[1])) * side];
  pen.lineWidth = 1;
  pen.strokeStyle = colour("ground");
  for (const [points, name] of /** @type {[Float32Array | null, string][]} */ ([[real, "part-0"], [forged, "part-1"]])) {
    pen.fillStyle = colour(name);
    for (let i = 0; points && i < points.length / 2; i += 1) {
      const [x, y] = place(points, i);
      pen.beginPath();
      if (points === real) pen.arc(x, y, 3, 0, 7);
      else for (const [a, b] of [[0, -4.4], [4.4, 0], [0, 4.4], [-4.4, 0]]) pen.lineTo(x + a, y + b);
      pen.closePath();
      pen.fill();
      pen.stroke();
    }
  }
}

/** The density of points on a line: a sum of normal curves. @param {Float32Array} points @param {Float64Array} at */
function density(points, at) {
  const width = 0.02 * (at[at.length - 1] - at[0]);
  const scale = 1 / (points.length * width * Math.sqrt(2 * Math.PI));
  return at.map((x) => scale * points.reduce((sum, point) => sum + (Math.abs(point - x) < 5 * width ? Math.exp(-0.5 * ((point - x) / width) ** 2) : 0), 0));
}

/**
 * How dense real and generated examples lie on a line, and the judge's curve over it.
 * @param {HTMLCanvasElement} canvas @param {Element} root @param {Info} info @param {Float32Array} real @param {Float32Array | null} forged @param {Float32Array | null} probed
 */
export function drawLine(canvas, root, info, real, forged, probed) {
  const width = roomOf(canvas);
  const height = Math.max(220, Math.min(340, 0.62 * width));
  if (!width) return;
  fit(canvas, width, height);
  const { pen, colour, fill } = brush(canvas, root);
  fill("ground", 0, 0, width, height);
  const [low, high] = [info.low[0], info.high[0]];
  const [top, bottom, right] = [10, height - FOOT, width - 44];
  const at = Float64Array.from({ length: 161 }, (_, i) => low + (i / 160) * (high - low));
  const x = (/** @type {number} */ value) => ((value - low) / (high - low)) * right;
  const curves = [density(real, at), forged ? density(forged, at) : null];
  const most = 1.6 * Math.max(...(/** @type {Float64Array} */ (curves[0])));
  const trace = (/** @type {ArrayLike<number>} */ values, /** @type {(value: number) => number} */ y) => {
    pen.beginPath();
    for (let i = 0; i < values.length; i += 1) Number.isFinite(values[i]) && pen.lineTo((i / (values.length - 1)) * right, y(values[i]));
  };
  const tall = (/** @type {number} */ value) => bottom - Math.min(1, value / most) * (bottom - top);
  curves.forEach((curve, i) => {
    if (!curve) return;
    pen.strokeStyle = pen.fillStyle = colour(`part-${i}`);
    pen.lineWidth = 2.2;
    pen.setLineDash(i ? [8, 4] : []);
    trace(curve, tall);
    pen.stroke();
    pen.lineTo(right, bottom);
    pen.lineTo(0, bottom);
    pen.globalAlpha = 0.16;
    pen.fill();
    pen.globalAlpha = 1;
  });
  pen.setLineDash([]);
  fill("bar-line", 0, bottom, right, 1);
  pen.fillStyle = colour("faint");
  const step = niceStep((high - low) / Math.max(3, right / 80));
  for (let tick = step * Math.ceil(low / step); tick <= high; tick += step) {
    const text = String(Number(tick.toPrecision(6))).replace("-", "−");
    if (x(tick) > 10 && x(tick) < right - 10) pen.fillText(text, x(tick) - pen.measureText(text).width / 2, bottom + 13);
  }
  if (probed) judgeCurve();

  function judgeCurve() {
    const scores = /** @type {Float32Array} */ (probed);
    const values = info.is_probability ? scores.map((score) => 1 / (1 + Math.exp(-score))) : scores;
    const finite = values.filter(Number.isFinite);
    let [least, greatest] = info.is_probability ? [0, 1] : [Math.min(0, ...finite), Math.max(0, ...finite)];
    if (greatest - least < 1e-6) [least, greatest] = [least - 1, greatest + 1];
    const y = (/** @type {number} */ value) => bottom - 6 - ((value - least) / (greatest - least)) * (bottom - top - 12);
    const middle = info.is_probability ? 0.5 : 0;
    pen.setLineDash([2, 5]);
    pen.strokeStyle = colour("faint");
    pen.lineWidth = 1.2;
    pen.beginPath();
    pen.moveTo(0, y(middle));
    pen.lineTo(right, y(middle));
    pen.stroke();
    if (info.is_probability && curves[1]) {
      const [p, q] = /** @type {Float64Array[]} */ (curves);
      const best = p.map((one, i) => (one + q[i] > LOG_ENOUGH * most ? one / (one + q[i]) : NaN));
      pen.setLineDash([3, 4]);
      pen.lineWidth = 2;
      pen.strokeStyle = colour("ink");
      broken(best, y);
    }
    pen.setLineDash([]);
    pen.lineWidth = 3;
    pen.strokeStyle = pen.fillStyle = colour("part-3");
    trace(values, y);
    pen.stroke();
    for (const value of [least, middle, greatest]) pen.fillText(String(Number(value.toPrecision(2))).replace("-", "−"), right + 8, y(value));
  }

  /** A line with gaps. @param {Float64Array} values @param {(value: number) => number} y */
  function broken(values, y) {
    pen.beginPath();
    values.forEach((value, i) => {
      if (Number.isNaN(value)) return;
      const px = (i / (values.length - 1)) * right;
      if (i && !Number.isNaN(values[i - 1])) pen.lineTo(px, y(value));
      else pen.moveTo(px, y(value));
    });
    pen.stroke();
  }
}

/** The range of pitches that holds some tunes. @param {Tune[]} tunes @returns {[number, number]} */
export function pitchRange(tunes) {
  let [low, high] = [127, 0];
  for (const { notes } of tunes) for (const { pitch } of notes) [low, high] = [Math.min(low, pitch), Math.max(high, pitch)];
  if (high < low) [low, high] = [60, 72];
  const spare = Math.max(0, 14 - (high - low)) / 2;
  return [Math.floor(low - spare) - 1, Math.ceil(high + spare) + 1];
}

/** A small piano roll, 1000 units wide. @param {Tune} tune @param {[number, number]} range @param {string} part @param {string} label */
export function rollOf({ notes, facts }, [low, high], part, label) {
  const height = 100;
  const row = height / (high - low + 1);
  const x = (/** @type {number} */ tick) => Math.round((10000 * tick) / Math.max(1, facts.duration)) / 10;
  const bars = [];
  for (let tick = facts.pickup; tick < facts.duration; tick += facts.bar) bars.push(`<path class="mg-rule" d="M${x(tick)} 0V${height}"/>`);
  const many = new Set(notes.map((note) => note.part)).size > 1;
  const blocks = notes.map((note) => `<rect x="${x(note.onset) + 1}" y="${Math.round(10 * (high - note.pitch) * row) / 10}" width="${Math.max(3, x(note.duration) - 3)}" height="${Math.round(10 * Math.max(3.5, row - 0.5)) / 10}" rx="1.5" fill="var(--mg-part-${many ? note.part % 6 : part})"/>`);
  return `<svg role="img" aria-label="${label}: ${notes.length} notes" viewBox="0 0 1000 ${height}" preserveAspectRatio="none">${bars.join("")}${blocks.join("")}<path class="mg-now" transform="translate(-9 0)" d="M0 0V${height}"/></svg>`;
}

/** Levels as a picture, lowest row at the bottom. @param {HTMLCanvasElement} canvas @param {Uint8Array} levels @param {Info} info */
export function drawSpectrogram(canvas, levels, { rows, columns, palette }) {
  Object.assign(canvas, { width: columns, height: rows });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = pen.createImageData(columns, rows);
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1) {
      const place = (levels[row * columns + column] / 255) * (palette.length - 1);
      const here = Math.min(Math.floor(place), palette.length - 2);
      const pixel = 4 * ((rows - 1 - row) * columns + column);
      for (let c = 0; c < 3; c += 1) image.data[pixel + c] = palette[here][c] + (place - here) * (palette[here + 1][c] - palette[here][c]);
      image.data[pixel + 3] = 255;
    }
  pen.putImageData(image, 0, 0);
}
