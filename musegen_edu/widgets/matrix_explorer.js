// A table as a heat map: cells to point at, to walk with the arrow keys, to see as notes and to hear.
import { PAUSE, PLAY, Transport, ask, brush, h, icon, loadPack, openSound, packsFrom, readNotes } from "./engine.js";
import { viewOf } from "./view_parts.js";

const LINE = 14; // px that a printed label needs
const TALLEST = 460; // px of the map's window
const ROLL = 96; // px
const BARS = 10; // of a row's distribution
const ZOOMS = [1, 1.5, 2, 3, 4, 6, 8];
const SCALES = /** @type {Record<string, [(share: number) => number, (shade: number) => number]>} */ ({
  linear: [(share) => share, (shade) => shade],
  "square root": [(share) => Math.sqrt(share), (shade) => shade * shade],
  logarithmic: [(share) => Math.max(0.04, 1 + Math.log10(Math.max(share, 1e-3)) / 3), (shade) => 10 ** (3 * (shade - 1))],
});

/** @param {number} low @param {number} value @param {number} high */
const within = (low, value, high) => Math.max(low, Math.min(high, value));
/** @param {number} share per cent, with room for two letters; what is there is never shown as 0 */
const rounded = (share) => (share > 0 && share < 0.005 ? "<1" : String(Math.round(100 * share)));
/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** @param {RenderContext} context */
function render({ model, el, experimental: { invoke } }) {
  const gone = new AbortController();
  const { hidden, save, say: tell, status, watch, whenResized, whenThemed } = viewOf(model, gone.signal);
  let table = read();
  let hover = /** @type {number[]} */ ([]);
  let zoom = 0;
  let cell = 20; // px
  let left = 40; // px of row labels
  let top = 20; // px of column labels
  let music = /** @type {any} */ (null); // what was opened: title, length, and for a walk its cells
  let notes = /** @type {Note[]} */ ([]);
  let transport = new Transport([], { programs: [], length: 0, bpm: 120 });
  let ticket = 0; // grows with every question, so that a late answer to an early one is dropped

  function read() {
    const { values, rows, columns, names, counts, diagonal, joint, remark } = model.get("matrix");
    const n = columns.length;
    const totals = rows.map((/** @type {string} */ _, /** @type {number} */ r) => values.slice(r * n, r * n + n).reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0));
    const value = (/** @type {number} */ r, /** @type {number} */ c) => values[r * n + c];
    const share = (/** @type {number} */ r, /** @type {number} */ c) => (totals[r] ? value(r, c) / totals[r] : 0);
    const largest = { value: Math.max(...values, 1e-12), share: Math.max(1e-12, ...rows.map((/** @type {string} */ _, /** @type {number} */ r) => (totals[r] ? Math.max(...values.slice(r * n, r * n + n)) / totals[r] : 0))) };
    const say = (/** @type {number} */ r, /** @type {number} */ c) => {
      const where = `${names[0]} ${rows[r]}${joint}${names[1]} ${columns[c]}: `;
      return where + (counts ? `${+value(r, c).toPrecision(6)} of ${+totals[r].toPrecision(6)}, ${percent(share(r, c))}` : percent(share(r, c)));
    };
    return { rows, columns, names, counts, diagonal, remark, totals, value, share, largest, say };
  }

  const measured = () => (table.counts ? /** @type {"share" | "value"} */ (model.get("measure")) : "share");
  const amount = (/** @type {number} */ r, /** @type {number} */ c) => table[measured()](r, c);
  const shade = (/** @type {number} */ r, /** @type {number} */ c) => (amount(r, c) ? SCALES[model.get("scale")][0](amount(r, c) / table.largest[measured()]) : 0);

  // ---- the map ----

  const canvas = h("canvas", { class: "mg-canvas" });
  const spacer = h("div", { class: "mg-spacer" });
  const heat = h("div", { class: "mg-heat", tabindex: "0", role: "application", "aria-roledescription": "heat map", onscroll: draw, onkeydown: onKey }, canvas, spacer);
  const readOut = h("p", { class: "mg-tally mg-readout", role: "status" });
  const caption = h("p", { class: "mg-subtitle" });
  const legend = h("div", { class: "mg-matrix-legend" });
  const remark = h("p", { class: "mg-subtitle" });

  /** Width of the longest label, px. @param {string[]} labels @param {number} most */
  function widest(labels, most) {
    const { pen } = brush(canvas, root);
    return Math.min(most, Math.max(...labels.map((label) => pen.measureText(label).width)));
  }

  function fit() {
    const width = Math.floor(frame.clientWidth);
    if (!width) return;
    const [high, wide] = [table.rows.length, table.columns.length];
    left = widest(table.rows, 150) + 12;
    const longest = widest(table.columns, 110);
    const [across, down] = [Math.floor((width - left - 2) / wide), Math.floor((TALLEST - 40) / high)];
    const fits = Math.min(across, down < 9 ? 12 : down); // what must be scrolled anyhow may be large enough to point at
    cell = Math.min(within(5, fits, 84) * ZOOMS[zoom], 120);
    top = (longest > cell - 2 ? longest : LINE) + 10;
    Object.assign(heat.dataset, { left, top, cell }); // where the cells are, for whoever looks at the page from outside
    const seen = Math.min(top + high * cell + 2, TALLEST);
    const ratio = globalThis.devicePixelRatio || 1;
    const [overRight, overBelow] = [left + wide * cell + 2 > width, top + high * cell + 2 > seen];
    heat.style.cssText = `width: ${Math.min(width, left + wide * cell + 2 + (overBelow ? 14 : 0))}px; height: ${seen + (overRight ? 14 : 0)}px`;
    Object.assign(canvas, { width: Math.round(heat.clientWidth * ratio), height: Math.round(seen * ratio) });
    canvas.style.cssText = `width: ${heat.clientWidth}px; height: ${seen}px`;
    spacer.style.cssText = `width: ${left + wide * cell + 2}px; height: ${top + high * cell + 2 - seen}px`;
    draw();
  }

  function draw() {
    const [wide, tall] = [canvas.clientWidth, canvas.clientHeight];
    if (!wide) return;
    const { pen, colour, fill } = brush(canvas, root);
    const { rows, columns, diagonal } = table;
    const x = (/** @type {number} */ c) => left + c * cell - heat.scrollLeft;
    const y = (/** @type {number} */ r) => top + r * cell - heat.scrollTop;
    const [c0, r0] = [Math.floor(heat.scrollLeft / cell), Math.floor(heat.scrollTop / cell)];
    const [c1, r1] = [Math.min(columns.length - 1, c0 + Math.ceil((wide - left) / cell)), Math.min(rows.length - 1, r0 + Math.ceil((tall - top) / cell))];
    const gap = cell > 9 ? 1 : 0;
    const [ink, ground, blue] = ["ink", "ground", "part-0"].map(colour);
    const light = [ground, blue].map((name) => luminance(pen, name));
    fill("ground", 0, 0, wide, tall);
    pen.textAlign = "center";
    for (let r = r0; r <= r1; r += 1)
      for (let c = c0; c <= c1; c += 1) {
        const dark = shade(r, c);
        if (gap) fill("line", x(c), y(r), cell - gap, cell - gap);
        if (!dark) continue;
        pen.globalAlpha = 0.05 + 0.95 * dark;
        fill("part-0", x(c), y(r), cell - gap, cell - gap);
        pen.globalAlpha = 1;
        if (cell < 27 || hidden("numbers")) continue;
        const behind = light[0] + (light[1] - light[0]) * dark;
        pen.fillStyle = Math.abs(behind - luminance(pen, ground)) > Math.abs(behind - luminance(pen, ink)) ? ground : ink;
        const lines = diagonal && cell > 40 ? [String(table.value(r, c)), `${rounded(table.share(r, c))} %`] : [measured() === "value" ? String(+table.value(r, c).toPrecision(3)) : rounded(table.share(r, c))];
        lines.forEach((text, i) => pen.fillText(text, x(c) + cell / 2, y(r) + cell / 2 + (i - (lines.length - 1) / 2) * 15));
      }
    if (diagonal) for (let i = Math.max(r0, c0); i <= Math.min(r1, c1); i += 1) outline(i, i, "right", 2);
    for (const [place, name, width] of /** @type {const} */ ([[hover, "faint", 2], [model.get("cell"), "ink", 2.5], [walked(), "now", 4]])) if (place.length) outline(place[0], place[1], name, width);

    /** @param {number} r @param {number} c @param {string} name @param {number} width */
    function outline(r, c, name, width) {
      const side = Math.max(cell - gap, 7); // a frame around a tiny cell is still to be seen
      const out = (side - cell + gap) / 2;
      pen.lineWidth = width;
      pen.strokeStyle = colour(name);
      pen.strokeRect(x(c) - out + width / 2 - 1, y(r) - out + width / 2 - 1, side - width + 2, side - width + 2);
    }

    // The labels stay in sight while the cells are scrolled. The chosen row and column are named even where labels are thinned.
    fill("ruler", 0, 0, left - 4, tall);
    fill("ruler", 0, 0, wide, top - 4);
    const [row, column] = walked().length ? walked() : hover.length ? hover : model.get("cell");
    const every = Math.ceil(LINE / cell);
    const upright = columns.every((/** @type {string} */ label) => pen.measureText(label).width <= cell - 2);
    pen.textAlign = "right";
    const near = (/** @type {number} */ i, /** @type {number} */ chosen) => Math.abs(i - chosen) * cell < LINE && i !== chosen;
    for (let r = r0; r <= r1; r += 1) {
      const middle = y(r) + (cell - gap) / 2;
      if ((r % every && r !== row) || near(r, row) || middle < top) continue;
      pen.fillStyle = r === row ? colour("accent") : colour("faint");
      pen.fillText(rows[r], left - 9, middle, left - 12);
    }
    for (let c = c0; c <= c1; c += 1) {
      const middle = x(c) + (cell - gap) / 2;
      if ((c % every && c !== column) || near(c, column) || middle < left) continue;
      pen.save();
      pen.translate(middle, top - 9);
      if (!upright) pen.rotate(-Math.PI / 2);
      pen.textAlign = upright ? "center" : "left";
      pen.fillStyle = c === column ? colour("accent") : colour("faint");
      pen.fillText(columns[c], 0, upright ? -4 : 0, top - 12 > 20 ? top - 12 : cell);
      pen.restore();
    }
    fill("ruler", 0, 0, left - 4, top - 4);
    pen.textAlign = "left";
  }

  /** Row and column under a pointer, or nothing. @param {MouseEvent} event */
  function under(event) {
    const box = canvas.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    const at = [Math.floor((py - top + heat.scrollTop) / cell), Math.floor((px - left + heat.scrollLeft) / cell)];
    return px < left || py < top || at[0] >= table.rows.length || at[1] >= table.columns.length ? [] : at;
  }

  canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => point(under(event)));
  canvas.addEventListener("pointerleave", () => point([]));
  canvas.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const at = under(event);
    heat.focus({ preventScroll: true });
    if (at.length) choose(at, model.get("plays"));
  });

  /** @param {number[]} at */
  function point(at) {
    if (String(at) === String(hover)) return;
    hover = at;
    say();
    draw();
  }

  function say() {
    const [row, column] = hover.length ? hover : walked().length ? walked() : model.get("cell");
    readOut.textContent = row === undefined ? "Point at a cell, click it, or walk with the arrow keys." : table.say(row, column);
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  /** Choose a cell. To be heard it is opened at once, else when the keys rest. @param {number[]} at @param {boolean} [play] */
  function choose(at, play = false) {
    save("cell", at);
    if (!play) return;
    openSound(); // within the gesture
    open(at, 0, true);
  }

  /** @param {number[]} at */
  function reveal([row, column]) {
    if (row === undefined) return;
    const keep = (/** @type {number} */ scroll, /** @type {number} */ from, /** @type {number} */ room) => (from < scroll ? from : from + cell > scroll + room ? from + cell - room : scroll);
    heat.scrollTop = keep(heat.scrollTop, row * cell, canvas.clientHeight - top);
    heat.scrollLeft = keep(heat.scrollLeft, column * cell, canvas.clientWidth - left);
  }

  // ---- controls ----

  const menu = (/** @type {string} */ label, /** @type {string} */ trait, /** @type {Record<string, string>} */ options) => {
    const select = h("select", { "aria-label": label, onchange: () => save(trait, typeof model.get(trait) === "number" ? Number(select.value) : select.value) }, ...Object.entries(options).map(([value, text]) => h("option", { value, selected: String(model.get(trait)) === value }, text)));
    return select;
  };
  const turn = (/** @type {number} */ step) => {
    zoom = within(0, zoom + step, ZOOMS.length - 1);
    fit();
    reveal(model.get("cell"));
  };
  const zooms = ["−", "+"].map((sign, i) => h("button", { class: "mg-button mg-icon", type: "button", "aria-label": i ? "Zoom in" : "Zoom out", title: i ? "Zoom in (+)" : "Zoom out (-)", onclick: () => turn(2 * i - 1) }, sign));
  const orders = /** @type {number[]} */ (model.get("orders"));
  const walks = model.get("order") > 0 && !hidden("walk");
  const walkButton = h("button", { class: "mg-button mg-walk", type: "button", "aria-pressed": "false", title: "Walk through the table by its probabilities (W)", onclick: walk }, "Walk");
  const seed = h("input", { class: "mg-seed", type: "number", min: 0, max: 9999, value: model.get("seed"), "aria-label": "Seed of the walk", onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && seed.blur(), onchange: () => {
    const value = Number(seed.value);
    if (seed.value !== "" && Number.isInteger(value) && value >= 0 && value <= 9999) save("seed", value);
    else seed.value = model.get("seed");
  } });
  const bars = h("div", { class: "mg-bars" });
  const heading = h("div", { class: "mg-subtitle", "aria-live": "polite" });
  const playButton = h("button", { class: "mg-play", type: "button", onclick: toggle });
  const steps = ["‹", "›"].map((sign, i) => h("button", { class: "mg-button mg-icon", type: "button", "aria-label": i ? "Next piece" : "Previous piece", title: i ? "Next piece (Page Down)" : "Previous piece (Page Up)", onclick: () => turnTo(2 * i - 1) }, sign));
  const list = h("select", { class: "mg-pieces", size: 5, "aria-label": "Pieces of this cell", onchange: () => open(model.get("cell"), Number(list.value), transport.playing) });
  const roll = h("canvas", { class: "mg-small-roll", role: "img", "aria-label": "Piano roll", onclick: seekTo });
  const paper = h("div", { class: "mg-paper" });

  function showTable() {
    table = read();
    const { rows, columns, names } = table;
    heat.setAttribute("aria-label", `${model.get("title") || "Heat map"}: ${rows.length} rows (${names[0]}), ${columns.length} columns (${names[1]}). Arrow keys walk, Enter opens and plays.`);
    caption.textContent = `↓ ${names[0]}   → ${names[1]}`;
    remark.textContent = table.remark;
    hover = [];
    showLegend();
    fit();
    showCell();
  }

  function showLegend() {
    const scale = /** @type {string} */ (model.get("scale"));
    const most = table.largest[measured()];
    const tick = (/** @type {number} */ at) => {
      const value = (at ? SCALES[scale][1](at) : 0) * most;
      return h("span", {}, measured() === "value" ? String(+value.toPrecision(2)) : `${+(100 * value).toPrecision(2)} %`);
    };
    const first = scale === "logarithmic" ? h("span", {}, "rare") : tick(0);
    legend.replaceChildren(h("span", { class: "mg-ramp", "aria-hidden": "true" }), h("div", { class: "mg-ticks" }, first, tick(0.5), tick(1)), h("span", {}, `${measured() === "value" ? "how often" : "share of the row in %"}, ${scale} scale · empty: never`));
  }

  /** The row of the chosen cell, largest share first. */
  function showCell() {
    say();
    draw();
    const [row, column] = walked().length ? walked() : model.get("cell");
    bars.hidden = row === undefined || hidden("bars");
    if (bars.hidden) return;
    const order = table.columns.map((/** @type {string} */ _, /** @type {number} */ c) => c).filter((/** @type {number} */ c) => table.value(row, c) > 0);
    order.sort((/** @type {number} */ a, /** @type {number} */ b) => table.value(row, b) - table.value(row, a) || a - b);
    const shown = order.slice(0, BARS);
    if (order.includes(column) && !shown.includes(column)) shown[BARS - 1] = column;
    const most = order.length ? table.share(row, order[0]) : 1;
    bars.style.setProperty("--mg-name", `${Math.min(20, Math.max(...table.columns.map((/** @type {string} */ label) => label.length))) * 0.6 + 0.8}em`);
    const focused = bars.contains(document.activeElement);
    bars.replaceChildren(
      h("p", { class: "mg-subtitle" }, order.length ? `${table.names[0]} ${table.rows[row]}, ${table.names[1]}:` : `${table.names[0]} ${table.rows[row]}: nothing was counted`),
      ...shown.map((/** @type {number} */ c) => {
        const bar = h("button", { class: "mg-share", type: "button", "aria-pressed": String(c === column), "aria-label": table.say(row, c), onclick: () => choose([row, c], model.get("plays")) },
          h("span", { class: "mg-share-name" }, table.columns[c]), h("span", { class: "mg-share-bar", style: `--mg-part: ${(100 * table.share(row, c)) / most}%` }), h("span", { class: "mg-share-value" }, percent(table.share(row, c))));
        if (focused && c === column) setTimeout(() => bar.focus());
        return bar;
      }),
      order.length > shown.length ? h("p", { class: "mg-subtitle" }, `and ${order.length - shown.length} more`) : "",
    );
  }

  // ---- music ----

  /** @param {number[]} at @param {number} index @param {boolean} play */
  function open(at, index, play) {
    if (at.length) return fetchMusic("open_cell", { row: at[0], column: at[1], index }, play);
  }

  function walk() {
    if (music?.cells && transport.playing) return transport.pause();
    openSound();
    hover = [];
    return fetchMusic("take_walk", { seed: model.get("seed"), from: model.get("cell")[0] ?? -1 }, true);
  }

  /** @param {string} name @param {object} message @param {boolean} play */
  async function fetchMusic(name, message, play) {
    const order = ++ticket;
    clearTimeout(waiting);
    try {
      const { answer, buffers } = await ask(invoke, el, name, message);
      if (order !== ticket || gone.signal.aborted) return;
      tell(answer.remark ?? "");
      putAway();
      music = answer;
      notes = buffers.length ? readNotes(buffers[0]) : [];
      transport = new Transport(notes, { programs: answer.programs ?? [], length: answer.duration ?? 0, bpm: answer.bpm ?? 120, onChange: show });
      showMusic();
      if (!notes.length) return;
      const mine = transport;
      const packs = Promise.all(mine.programs.map((program) => loadPack(program, packsFrom(invoke, el))));
      const engraved = hidden("notation") ? null : ask(invoke, el, "engrave_opened", {});
      mine.packs = await packs;
      if (play && order === ticket && !gone.signal.aborted) mine.play();
      if (engraved) {
        const pages = (await engraved).answer;
        if (order === ticket) engrave(pages);
      }
    } catch (error) {
      if (order === ticket && !gone.signal.aborted) tell(/** @type {Error} */ (error).message, true);
    }
  }

  /** Forget what was opened. */
  function putAway() {
    transport.onChange = () => {};
    transport.close();
    transport = new Transport([], { programs: [], length: 0, bpm: 120 });
    music = null;
    notes = [];
    heads = new Map();
    paper.replaceChildren();
  }

  /** @type {Map<number, Element[]>} note heads by row of the notes */
  let heads = new Map();
  /** @param {any} engraving */
  function engrave({ pages, rows }) {
    paper.innerHTML = pages.join("");
    for (const head of paper.querySelectorAll("g.note")) {
      const row = rows[head.id];
      if (row !== undefined) heads.set(row, [...(heads.get(row) ?? []), head]);
    }
    show();
  }

  function showMusic() {
    const several = !!music?.titles && music.count > 1;
    steps.forEach((button) => (button.hidden = !several));
    list.hidden = !several;
    if (several) {
      list.replaceChildren(...music.titles.map((/** @type {string} */ title, /** @type {number} */ value) => h("option", { value, selected: value === music.index }, title)));
      if (music.count > music.titles.length) list.append(h("option", { disabled: true }, `and ${music.count - music.titles.length} more`));
    }
    const place = several ? `${music.index + 1} of ${music.count}: ` : "";
    heading.textContent = !music ? "" : notes.length ? `${place}${music.title}` : "No piece is in this cell.";
    piece.hidden = !notes.length;
    show();
  }

  /** @param {number} step */
  function turnTo(step) {
    if (music?.titles && music.count > 1) open(model.get("cell"), (music.index + step + music.count) % music.count, transport.playing);
  }

  async function toggle() {
    if (transport.playing) return transport.pause();
    if (!notes.length) return open(model.get("cell"), 0, true);
    openSound();
    const mine = transport;
    try {
      mine.packs = await Promise.all(mine.programs.map((program) => loadPack(program, packsFrom(invoke, el))));
      if (mine === transport) mine.play();
    } catch (error) {
      tell(/** @type {Error} */ (error).message, true);
    }
  }

  /** The cell that a walk has come to, or nothing. @returns {number[]} */
  function walked() {
    if (!music?.cells || (!transport.playing && !transport.at)) return [];
    const step = music.cells.findLast((/** @type {number[]} */ place) => place[2] <= transport.tick);
    return step && step[0] >= 0 ? step.slice(0, 2) : [];
  }

  let frames = 0;
  let seen = "";
  function show() {
    cancelAnimationFrame(frames);
    const label = transport.playing ? "Pause" : "Play";
    if (playButton.getAttribute("aria-label") !== label) {
      playButton.setAttribute("aria-label", label);
      playButton.replaceChildren(icon(transport.playing ? PAUSE : PLAY));
    }
    const walking = !!music?.cells && transport.playing;
    walkButton.setAttribute("aria-pressed", String(walking));
    walkButton.textContent = walking ? "Stop" : "Walk";
    const now = String(walked());
    if (now !== seen) {
      seen = now;
      reveal(walked());
      showCell();
    }
    const tick = transport.tick;
    const on = (/** @type {number} */ i) => (transport.playing || tick > 0) && notes[i].onset <= tick && tick < notes[i].onset + notes[i].duration;
    for (const [row, marks] of heads) for (const mark of marks) mark.classList.toggle("mg-on", on(row));
    drawRoll(tick, on);
    if (transport.playing) frames = requestAnimationFrame(show);
  }

  /** @param {number} tick @param {(i: number) => boolean} on */
  function drawRoll(tick, on) {
    const width = roll.clientWidth;
    if (!width || !notes.length) return;
    const ratio = globalThis.devicePixelRatio || 1;
    if (roll.width !== Math.round(width * ratio)) Object.assign(roll, { width: Math.round(width * ratio), height: Math.round(ROLL * ratio) });
    const { pen, colour, fill } = brush(roll, root);
    const pitches = notes.map((note) => note.pitch);
    const [low, high] = [Math.min(...pitches) - 3, Math.max(...pitches) + 3];
    const row = ROLL / (high - low + 1);
    fill("ruler", 0, 0, width, ROLL);
    notes.forEach(({ onset, duration, pitch, part }, i) => {
      pen.fillStyle = on(i) ? colour("now") : colour(`part-${part % 6}`);
      pen.fillRect((onset / music.duration) * width, (high - pitch) * row, Math.max(2, (duration / music.duration) * width - 1), Math.max(3, row - 1));
    });
    fill("now", (tick / music.duration) * width - 1, 0, 2, ROLL);
    roll.setAttribute("aria-label", `Piano roll: ${notes.length} notes`);
  }

  /** @param {MouseEvent} event */
  function seekTo(event) {
    const box = roll.getBoundingClientRect();
    if (notes.length) transport.seek(((event.clientX - box.left) / box.width) * music.duration);
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const [row, column] = model.get("cell").length ? model.get("cell") : [0, 0];
    const [high, wide] = [table.rows.length - 1, table.columns.length - 1];
    const jump = event.shiftKey ? 8 : 1;
    const first = !model.get("cell").length; // the first arrow key finds the corner
    const go = (/** @type {number} */ r, /** @type {number} */ c) => choose(first ? [0, 0] : [within(0, r, high), within(0, c, wide)]);
    /** @type {Record<string, () => unknown>} */
    const keys = {
      ArrowUp: () => go(row - jump, column),
      ArrowDown: () => go(row + jump, column),
      ArrowLeft: () => go(row, column - jump),
      ArrowRight: () => go(row, column + jump),
      Home: () => go(row, 0),
      End: () => go(row, wide),
      Enter: () => choose([row, column], true),
      " ": toggle,
      PageUp: () => turnTo(-1),
      PageDown: () => turnTo(1),
      "+": () => turn(1),
      "-": () => turn(-1),
      w: () => walks && walk(),
      Escape: () => transport.pause(),
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    hover = []; // a pointer that rests somewhere has nothing to say while keys walk
    keys[event.key]();
  }

  // ---- put together ----

  const piece = h("div", { hidden: true }, hidden("roll") ? null : roll, hidden("notation") ? null : h("div", { class: "mg-sheet", role: "img", "aria-label": "Notation" }, paper));
  const frame = h("div", {}, heat);
  const root = h("section", { class: "mg mg-matrix", "aria-label": model.get("title") || "Matrix explorer", "data-lm-suppress-shortcuts": "true" },
    hidden("title") || !model.get("title") ? null : h("div", { class: "mg-head" }, h("div", { class: "mg-title", role: "heading", "aria-level": "3" }, model.get("title"))),
    h("div", { class: "mg-bar" },
      walks ? walkButton : null,
      walks && !hidden("seed") ? h("label", { class: "mg-tempo" }, "seed", seed) : null,
      orders.length > 1 && !hidden("order") ? menu("How far back the chain looks", "order", Object.fromEntries(orders.map((n) => [n, n === 1 ? "remembers 1 note" : `remembers ${n} notes`]))) : null,
      hidden("measure") || !table.counts ? null : menu("What is shaded", "measure", { share: "share of the row", value: "how often" }),
      hidden("scale") ? null : menu("Colour scale", "scale", Object.fromEntries(Object.keys(SCALES).map((name) => [name, `${name} scale`]))),
      ...(hidden("zoom") ? [] : zooms)),
    h("div", { class: "mg-stage" },
      h("figure", {}, readOut, caption, frame, legend, remark),
      h("figure", {}, bars, h("div", { class: "mg-head" }, playButton, heading, h("div", { class: "mg-files" }, ...steps)), hidden("pieces") ? null : list, piece)),
    status);
  el.append(root);

  watch("matrix", () => {
    ticket += 1; // what is on its way belongs to the old table
    putAway();
    showTable();
    showMusic();
  });
  watch("cell", () => {
    if (music?.cells) putAway(); // the walk is over
    clearTimeout(waiting);
    waiting = setTimeout(() => open(model.get("cell"), 0, false), 180);
    reveal(model.get("cell"));
    showCell();
    showMusic();
  });
  for (const name of ["scale", "measure"]) watch(name, () => {
    showLegend();
    draw();
  });
  whenResized(root, () => {
    fit();
    show();
  });
  whenThemed(() => {
    draw();
    show();
  });

  showTable();
  showMusic();
  if (model.get("cell").length) open(model.get("cell"), 0, false);
  return () => {
    gone.abort();
    clearTimeout(waiting);
    cancelAnimationFrame(frames);
    transport.onChange = () => {};
    transport.close();
  };
}

/** How light a colour is, 0 to 1. @param {CanvasRenderingContext2D} pen @param {string} colour */
function luminance(pen, colour) {
  const before = pen.fillStyle;
  pen.fillStyle = colour; // the canvas turns a name into #rrggbb
  const hex = String(pen.fillStyle);
  pen.fillStyle = before;
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255);
  return 0.3 * r + 0.59 * g + 0.11 * b;
}

export default { render };
