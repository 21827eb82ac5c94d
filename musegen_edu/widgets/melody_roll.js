// A small piano roll for one melody of a few bars: it is shown whole, without scrolling, and can be drawn in.
import { BLACK, GUTTER, RULER, brush, drawKeys, h } from "./engine.js";

const GRID = 6; // ticks: a sixteenth
const OPEN = [55, 81]; // pitches that are always there to draw in
const ROLL = 262; // px

/** @param {Note} a @param {Note} b */
const byOnset = (a, b) => a.onset - b.onset || a.pitch - b.pitch;
/** @param {number} low @param {number} value @param {number} high */
export const within = (low, value, high) => Math.max(low, Math.min(high, value));

/**
 * The melody with one note in it, in one voice: what it covers makes room.
 * @param {Note[]} notes @param {Note} fresh @returns {Note[]}
 */
export function withNote(notes, fresh) {
  const end = fresh.onset + fresh.duration;
  const others = notes.flatMap((note) => {
    const stop = note.onset + note.duration;
    if (stop <= fresh.onset || note.onset >= end) return [note];
    return note.onset < fresh.onset ? [{ ...note, duration: fresh.onset - note.onset }] : [];
  });
  return [...others, fresh].sort(byOnset);
}

/**
 * @param {{ length: number, bar: number, spelling: () => { names: string[], scale: number[] },
 *   commit: (notes: Note[]) => void, touch: (note: Note) => void, say: (text: string) => void, seek: (tick: number) => void }} options
 */
export function melodyRoll({ length, bar, spelling, commit, touch, say, seek }) {
  let notes = /** @type {Note[]} */ ([]);
  let draft = /** @type {Note[] | null} */ (null); // during a drag
  let chosen = /** @type {Note | null} */ (null);
  let isOpen = false; // may it be drawn in?
  let shade = "";
  let tick = -1;
  let cursor = { tick: 0, pitch: 67 };
  let [low, high] = OPEN;
  const canvas = h("canvas", { class: "mg-canvas" });
  const element = h("div", { class: "mg-melody", tabindex: "0" }, canvas);
  const rowHeight = () => (ROLL - RULER) / (high - low + 1);
  const scale = () => (canvas.clientWidth - GUTTER - 2) / length; // px a tick
  const xOf = (/** @type {number} */ at) => GUTTER + at * scale();
  const yOf = (/** @type {number} */ pitch) => RULER + (high - pitch) * rowHeight();
  const name = (/** @type {number} */ pitch) => spelling().names[pitch % 12] + (Math.floor(pitch / 12) - 1);
  const where = (/** @type {number} */ at) => `bar ${Math.floor(at / bar) + 1}, beat ${+((at % bar) / 24 + 1).toFixed(2)}`;
  const describe = (/** @type {Note} */ n) => `${name(n.pitch)}, ${where(n.onset)}, ${+(n.duration / 24).toFixed(2)} quarter${n.duration === 24 ? "" : "s"}`;

  function fit() {
    const width = element.clientWidth;
    if (!width) return;
    const ratio = globalThis.devicePixelRatio || 1;
    Object.assign(canvas, { width: width * ratio, height: ROLL * ratio });
    canvas.style.cssText = `width: ${width}px; height: ${ROLL}px`;
    draw();
  }

  function draw() {
    const width = canvas.clientWidth;
    if (!width) return;
    const paint = brush(canvas, element);
    const { pen, colour, fill } = paint;
    const row = rowHeight();
    const { scale: tones } = spelling();
    fill("ground", 0, 0, width, ROLL);
    for (let pitch = low; pitch <= high; pitch += 1) {
      const outside = tones.length ? !tones.includes(pitch % 12) : BLACK.includes(pitch % 12);
      if (outside) fill(tones.length && isOpen ? "outside" : "black-row", GUTTER, yOf(pitch), width, row);
      if (pitch % 12 === 0) fill("line", GUTTER, yOf(pitch) + row, width, 1);
    }
    for (let at = 0; at < length; at += isOpen ? GRID : 24) fill(at % bar === 0 ? "bar-line" : at % 24 === 0 ? "edge" : "line", Math.round(xOf(at)), RULER, 1, ROLL);
    for (const n of draft ?? notes) {
      pen.fillStyle = tick >= n.onset && tick < n.onset + n.duration ? colour("now") : shade || colour("part-0");
      pen.beginPath();
      pen.roundRect(xOf(n.onset) + 1, yOf(n.pitch) + 0.5, Math.max(3, n.duration * scale() - 2), row - 1, 3);
      pen.fill();
      if (n !== chosen) continue;
      pen.lineWidth = 2;
      pen.strokeStyle = colour("ink");
      pen.stroke();
    }
    if (isOpen && !chosen && element.contains(document.activeElement)) {
      pen.lineWidth = 1.5;
      pen.strokeStyle = colour("accent");
      pen.strokeRect(xOf(cursor.tick), yOf(cursor.pitch) + 0.5, GRID * scale(), row);
    }
    fill("ruler", 0, 0, width, RULER);
    pen.fillStyle = colour("faint");
    for (let at = 0; at < length; at += bar) pen.fillText(String(at / bar + 1), xOf(at) + 5, RULER / 2 + 1);
    if (tick >= 0) fill("now", xOf(tick) - 1, 0, 2, ROLL);
    drawKeys(paint, low, high, yOf, row, ROLL);
    fill("ruler", 0, 0, GUTTER, RULER);
  }

  /** Make the range fit; never during a drag, or the grid would slip away under the pointer. */
  function range() {
    const pitches = notes.map((n) => n.pitch);
    const open = isOpen ? OPEN : pitches.length ? [] : OPEN;
    low = Math.min(...open, ...pitches) - 2;
    high = Math.max(...open, ...pitches) + 2;
    const spare = Math.max(0, 17 - (high - low));
    [low, high] = [Math.max(0, low - Math.ceil(spare / 2)), Math.min(127, high + Math.floor(spare / 2))];
  }

  /** An edit. @param {Note[]} next @param {Note | null} picked */
  function put(next, picked) {
    [notes, chosen, draft] = [next, picked, null];
    range();
    draw();
    commit(notes);
    say(picked ? describe(picked) : `${notes.length} note${notes.length === 1 ? "" : "s"}`);
  }

  /** The chosen note, changed within the grid. @param {Note} from @param {Partial<Note>} change */
  function changed(from, change) {
    const next = { ...from, ...change };
    next.duration = within(1, next.duration, length);
    next.onset = within(0, next.onset, length - next.duration);
    next.pitch = within(0, next.pitch, 127);
    return next;
  }

  // ---- pointer ----

  /** @param {PointerEvent | MouseEvent} event */
  function place(event) {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const at = within(0, (x - GUTTER) / scale(), length - 0.01);
    const pitch = within(low, high - Math.floor((y - RULER) / rowHeight()), high);
    const note = y < RULER ? undefined : notes.findLast((n) => n.pitch === pitch && n.onset <= at && at < n.onset + n.duration);
    const edge = !!note && (note.onset + note.duration - at) * scale() < Math.min(8, (note.duration * scale()) / 3);
    return { x, y, at, pitch, note, edge };
  }

  /** Follow the pointer with a note that changes. @param {PointerEvent} down @param {Note} first @param {Note[]} rest @param {(to: ReturnType<typeof place>) => Note} change */
  function drag(down, first, rest, change) {
    let now = first;
    const show = () => {
      draft = withNote(rest, now);
      chosen = now;
      draw();
    };
    canvas.setPointerCapture(down.pointerId);
    canvas.onpointermove = (/** @type {PointerEvent} */ move) => {
      const next = change(place(move));
      if (next.pitch !== now.pitch) touch(next);
      now = next;
      show();
    };
    const end = () => (canvas.onpointermove = canvas.onpointerup = canvas.onpointercancel = null);
    canvas.onpointerup = () => {
      end();
      if (now === first && notes.includes(first)) draft = null;
      else put(withNote(rest, now), now);
      draw();
    };
    canvas.onpointercancel = () => {
      end();
      draft = chosen = null;
      draw();
    };
    touch(first);
    show();
  }

  canvas.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    const { at, pitch, note, edge, x, y } = place(event);
    element.focus({ preventScroll: true });
    if (event.button) return;
    if (y < RULER) return seek(at);
    if (x < GUTTER) return touch({ onset: 0, duration: 12, pitch, velocity: 80, part: 0 });
    if (!isOpen) return note ? touch(note) : seek(at);
    if (note) {
      const rest = notes.filter((n) => n !== note);
      const end = note.onset + note.duration;
      return drag(event, note, rest, (to) => edge
        ? changed(note, { duration: Math.max(GRID, Math.round((end + to.at - at) / GRID) * GRID - note.onset) })
        : changed(note, { onset: note.onset + Math.round((to.at - at) / GRID) * GRID, pitch: note.pitch + to.pitch - pitch }));
    }
    const onset = Math.floor(at / GRID) * GRID;
    const fresh = { onset, duration: GRID, pitch, velocity: 80, part: 0 };
    drag(event, fresh, notes, (to) => changed(fresh, { duration: within(GRID, Math.ceil((to.at + 0.01) / GRID) * GRID - onset, length - onset) }));
  });
  canvas.addEventListener("contextmenu", (/** @type {MouseEvent} */ event) => {
    const { note } = place(event);
    if (!isOpen) return;
    event.preventDefault();
    event.stopPropagation();
    if (note) put(notes.filter((n) => n !== note), null);
  });
  canvas.addEventListener("mousemove", (/** @type {MouseEvent} */ event) => {
    const { note, edge, x, y } = place(event);
    canvas.style.cursor = !isOpen || y < RULER || x < GUTTER ? "pointer" : edge ? "ew-resize" : note ? "grab" : "crosshair";
  });

  // ---- keys ----

  /** @param {number} across sixteenths @param {number} up semitones @param {boolean} stretch */
  function arrow(across, up, stretch) {
    if (chosen && notes.includes(chosen)) {
      const rest = notes.filter((n) => n !== chosen);
      const { onset, duration, pitch } = chosen;
      const next = stretch && across ? changed(chosen, { duration: within(GRID, duration + across * GRID, length - onset) })
        : changed(chosen, { onset: onset + across * GRID, pitch: pitch + up * (stretch ? 12 : 1) });
      if (up) touch(next);
      return put(withNote(rest, next), next);
    }
    cursor = { tick: within(0, cursor.tick + across * (stretch ? bar : GRID), length - GRID), pitch: within(low, cursor.pitch + up * (stretch ? 12 : 1), high) };
    if (up) touch({ onset: 0, duration: 12, pitch: cursor.pitch, velocity: 80, part: 0 });
    say(`Cursor: ${name(cursor.pitch)}, ${where(cursor.tick)}`);
    draw();
  }

  /** @param {number} way */
  function neighbour(way) {
    const here = chosen ? notes.indexOf(chosen) + way : notes.findIndex((n) => n.onset >= cursor.tick);
    chosen = notes[within(0, here, notes.length - 1)] ?? null;
    if (!chosen) return;
    touch(chosen);
    say(describe(chosen));
    draw();
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was for the roll */
  function onKey({ key, shiftKey, ctrlKey, metaKey, altKey }) {
    if (!isOpen || ctrlKey || metaKey || altKey || (key === "Escape" && !chosen)) return false;
    const drop = () => chosen && put(notes.filter((n) => n !== chosen), null);
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => arrow(-1, 0, shiftKey),
      ArrowRight: () => arrow(1, 0, shiftKey),
      ArrowUp: () => arrow(0, 1, shiftKey),
      ArrowDown: () => arrow(0, -1, shiftKey),
      Enter: () => {
        const fresh = { onset: cursor.tick, duration: GRID, pitch: cursor.pitch, velocity: 80, part: 0 };
        touch(fresh);
        cursor = { ...cursor, tick: (cursor.tick + GRID) % length };
        put(withNote(notes, fresh), null);
      },
      ",": () => neighbour(-1),
      ".": () => neighbour(1),
      Delete: drop,
      Backspace: drop,
      Escape: () => { chosen = null; draw(); },
    };
    keys[key]?.();
    return key in keys;
  }
  element.addEventListener("focus", draw);
  element.addEventListener("blur", draw);

  return {
    element,
    fit,
    draw,
    onKey,
    /** @param {Note[]} next @param {string} colour @param {boolean} open @param {string} label */
    show(next, colour, open, label) {
      if (canvas.onpointermove) return; // a hand is on it
      const same = JSON.stringify(next) === JSON.stringify(notes);
      shade = colour;
      if (!same || open !== isOpen) {
        notes = next;
        chosen = null;
        isOpen = open;
        range();
      }
      element.setAttribute("role", open ? "application" : "img");
      element.setAttribute("aria-label", label);
      draw();
    },
    /** @param {number} at ticks, or -1 */
    play(at) {
      if (Math.abs(at - tick) * scale() < 0.5) return;
      tick = at;
      draw();
    },
  };
}
