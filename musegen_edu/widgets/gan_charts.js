// The charts of a game between generator and judge: curves over the steps, and the judge's scores as histograms.
import { h } from "./engine.js";

const LEFT = 46;
const RIGHT = 14;
const TOP = 22;
const BOTTOM = 22;
const BINS = 31;

/** @typedef {{ name: string, key: string, part: number, dash: string }} Line */
/** @typedef {{ lines: Line[], low: number | null, high: number | null, percent: boolean }} Kind */
/** @typedef {Record<string, (number | null)[]>} Curves */

/** @param {number} value */
const round = (value) => Math.round(10 * value) / 10;

/** @param {string} text */
export const escape = (text) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** @param {number} value @param {number} [digits] */
export function short(value, digits = 3) {
  const size = Math.abs(value);
  return (size && (size < 1e-3 || size >= 1e5) ? value.toExponential(1) : String(Number(value.toPrecision(digits)))).replace("-", "−");
}

/** A whole number with thin spaces between thousands. @param {number} value */
export const whole = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");

/** 1, 2 or 5 times a power of ten: the smallest step that is at least so large. @param {number} least */
export function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((n) => n * power).find((step) => step >= least * 0.9999) ?? least;
}

/** What is drawn between which ends; one wild step must not press the curves flat. @param {Kind} kind @param {Curves} curves */
function ends(kind, curves) {
  const values = kind.lines.flatMap(({ key }) => curves[key] ?? []).filter((value) => value !== null).map(Number).sort((a, b) => a - b);
  let low = kind.low ?? values[Math.floor(0.01 * (values.length - 1))] ?? 0;
  let high = kind.high ?? values[Math.ceil(0.99 * (values.length - 1))] ?? 1;
  const step = niceStep(Math.max(high - low, 1e-6) / 4);
  if (kind.low === null) low = step * Math.floor(low / step);
  if (kind.high === null) high = step * Math.ceil(high / step + 1e-9);
  return { low, high, step };
}

/**
 * Curves over the steps, as SVG.
 * @param {Kind} kind @param {Curves} curves @param {{ width: number, height: number, last: number, at: number | null }} frame
 */
export function curvesPicture(kind, curves, { width, height, last, at }) {
  const { low, high, step } = ends(kind, curves);
  const bottom = height - BOTTOM;
  const x = (/** @type {number} */ value) => LEFT + (value / Math.max(1, last)) * (width - LEFT - RIGHT);
  const y = (/** @type {number} */ value) => bottom - ((Math.max(low, Math.min(high, value)) - low) / (high - low)) * (bottom - TOP);
  const out = [`<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" aria-hidden="true">`];
  for (let tick = low; tick <= high + step / 2; tick += step) {
    const text = kind.percent ? `${Math.round(100 * tick)} %` : short(Number(tick.toPrecision(10)));
    out.push(`<path class="mg-rule" d="M${LEFT} ${round(y(tick))}H${width - RIGHT}"/><text x="${LEFT - 7}" y="${round(y(tick)) + 4}" text-anchor="end">${text}</text>`);
  }
  const wide = niceStep(Math.max(1, last) / Math.max(2, Math.floor((width - LEFT - RIGHT) / 90)));
  for (let tick = 0; tick <= last; tick += Math.max(1, wide)) out.push(`<text x="${round(x(tick))}" y="${height - 5}" text-anchor="${tick ? (x(tick) > width - RIGHT - 20 ? "end" : "middle") : "start"}">${tick ? whole(tick) : "step 0"}</text>`);
  const steps = curves.step ?? [];
  for (const { key, part, dash } of kind.lines) {
    const points = (curves[key] ?? []).map((value, i) => (value === null ? "" : `${round(x(Number(steps[i])))},${round(y(value))}`)).filter(Boolean);
    const drawn = points.length === 1 ? `<circle cx="${points[0].split(",")[0]}" cy="${points[0].split(",")[1]}" r="3" style="fill: var(--mg-part-${part})"/>` : `<polyline points="${points.join(" ")}" stroke-dasharray="${dash}"/>`;
    out.push(`<g style="--mg-part: var(--mg-part-${part})">${drawn}</g>`);
  }
  if (at !== null) out.push(`<path class="mg-here" d="M${round(x(at))} ${TOP - 4}V${bottom}"/>`);
  return `${out.join("")}</svg>`;
}

/** The step under a pointer. @param {number} offset px from the left of the chart @param {number} width @param {number} last */
export const stepAt = (offset, width, last) => Math.round(Math.max(0, Math.min(1, (offset - LEFT) / (width - LEFT - RIGHT))) * last);

/** The key to the curves. @param {Line[]} lines */
export const legendOf = (lines) => lines.map(({ name, part, dash }) => {
  const entry = h("span", { class: "mg-gan-key", style: `--mg-part: var(--mg-part-${part})` });
  entry.innerHTML = `<svg width="30" height="10" aria-hidden="true"><path d="M0 5h30" stroke-dasharray="${dash}"/></svg>${escape(name)}`;
  return entry;
});

/**
 * Scores of real examples upward, of generated ones downward, and 0, where the judge changes its mind.
 * @param {Float32Array} real @param {Float32Array} forged @param {[number, number]} range @param {number} width @param {number} height
 */
export function histogram(real, forged, [low, high], width, height) {
  const [top, bottom] = [16, height - 18];
  const middle = (top + bottom) / 2;
  const count = (/** @type {Float32Array} */ scores) => {
    const bins = new Array(BINS).fill(0);
    for (const score of scores) if (Number.isFinite(score)) bins[Math.max(0, Math.min(BINS - 1, Math.floor(((score - low) / (high - low)) * BINS)))] += 1 / scores.length;
    return bins;
  };
  const both = [count(real), count(forged)];
  const scale = ((bottom - top) / 2 - 2) / Math.max(1e-9, ...both.flat());
  const wide = width / BINS;
  const bars = both.map((bins, i) => bins.map((share, bin) => share ? `<rect x="${round(bin * wide + 0.5)}" y="${round(i ? middle + 0.5 : middle - 0.5 - scale * share)}" width="${round(wide - 1)}" height="${round(scale * share)}" fill="var(--mg-part-${i})"/>` : "").join("")).join("");
  const x = (/** @type {number} */ value) => round(((value - low) / (high - low)) * width);
  const step = niceStep((high - low) / Math.max(3, Math.floor(width / 80)));
  const ticks = [];
  for (let tick = step * Math.ceil(low / step); tick <= high; tick += step) if (x(tick) > 8 && x(tick) < width - 8) ticks.push(`<text x="${x(tick)}" y="${height - 4}" text-anchor="middle">${short(Number(tick.toPrecision(10)))}</text>`);
  return `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" aria-hidden="true"><path class="mg-rule" d="M0 ${middle}H${width}"/>${bars}` +
    `<path class="mg-zero-line" d="M${x(0)} ${top - 4}V${bottom}"/>${sides(x(0), width)}${ticks.join("")}</svg>`;
}

/** What the judge says on either side of 0, where there is room for it. @param {number} zero @param {number} width */
function sides(zero, width) {
  const left = zero > 104 ? `<text x="${zero - 8}" y="11" text-anchor="end">◂ says generated</text>` : "";
  const right = width - zero > 84 ? `<text x="${zero + 8}" y="11">says real ▸</text>` : "";
  return left + right;
}

/** The range that holds all scores and 0. @param {Float32Array[]} all @returns {[number, number]} */
export function rangeOf(all) {
  let [low, high] = [-0.5, 0.5];
  for (const scores of all) for (const score of scores) if (Number.isFinite(score)) [low, high] = [Math.min(low, score), Math.max(high, score)];
  return [low - 0.03 * (high - low), high + 0.03 * (high - low)];
}

/** The share of scores on one side of 0. @param {Float32Array} scores @param {1 | -1} sign */
export const shareOf = (scores, sign) => scores.reduce((sum, score) => sum + Number(sign * score > 0), 0) / Math.max(1, scores.length);
