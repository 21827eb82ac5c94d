// Notation below a widget, shown where somebody asks for it.
import { ask, h } from "./engine.js";

/**
 * Notation that a button opens, engraved by the kernel.
 * @param {string} label what it shows @param {Invoke} invoke @param {Element} el @param {AbortSignal} gone
 * @param {() => number} delay ms from a change to the engraving
 */
export function notationPanel(label, invoke, el, gone, delay) {
  const sheet = h("div", { class: "mg-sheet", hidden: true, role: "img", "aria-label": label });
  const sheetButton = h("button", { class: "mg-button", type: "button", "aria-pressed": "false", onclick: () => { sheet.hidden = !sheet.hidden; sheetButton.setAttribute("aria-pressed", String(!sheet.hidden)); engrave(); } }, "Notation");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let engraving;
  gone.addEventListener("abort", () => clearTimeout(engraving));
  function engrave() {
    clearTimeout(engraving);
    if (sheet.hidden) return;
    engraving = setTimeout(async () => {
      const { answer } = await ask(invoke, el, "engrave", { width: sheet.clientWidth }).catch((error) => ({ answer: { pages: [], remark: error.message } }));
      if (gone.aborted) return;
      const paper = h("div", { class: "mg-paper" });
      paper.innerHTML = answer.pages.join("");
      sheet.replaceChildren(answer.pages.length ? paper : h("p", { class: "mg-remark" }, answer.remark));
    }, delay());
  }
  return { sheet, sheetButton, engrave };
}
