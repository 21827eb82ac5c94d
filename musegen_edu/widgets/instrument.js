// The one instrument that a widget plays.
import { loadPack, openSound, packsFrom } from "./engine.js";

/** The one instrument of a view, for all parts of its transport: the one that the trait `program` names. */
export class Instrument {
  /** @param {Model} model @param {Invoke} invoke @param {Element} el @param {import("./engine.js").Transport} transport */
  constructor(model, invoke, el, transport) {
    this.model = model;
    this.transport = transport;
    this.fetchPack = packsFrom(invoke, el);
    this.ready = false; // are its samples here?
  }

  async load() {
    const program = this.model.get("program");
    this.ready = false;
    const pack = await loadPack(program, this.fetchPack);
    if (program !== this.model.get("program")) return; // another one was chosen meanwhile
    const { programs } = this.transport;
    Object.assign(this.transport, { packs: programs.map(() => pack), programs: programs.map(() => program) });
    this.ready = true;
  }

  /** Within a gesture: open the sound device and fetch what is missing. Can it be played then? @param {(error: unknown) => void} blame */
  async wake(blame) {
    openSound();
    if (!this.ready) await this.load().catch(blame);
    return this.ready;
  }
}
