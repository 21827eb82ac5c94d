// What the views of widgets do alike: they follow and change traits, say how things stand, and have a button to play and tabs.
import { PAUSE, PLAY, h, icon } from "./engine.js";

/**
 * What every view needs. Whatever is begun here ends when the view goes.
 * @param {Model} model @param {AbortSignal} gone
 */
export function viewOf(model, gone) {
  const status = h("p", { class: "mg-status", role: "status" });
  /** @param {string} text @param {boolean} [trouble] */
  function say(text, trouble = false) {
    status.textContent = text;
    status.classList.toggle("mg-trouble", trouble);
  }
  return {
    status,
    say,
    blame: (/** @type {any} */ error) => gone.aborted || say(error.message, true),
    hidden: (/** @type {string} */ name) => /** @type {boolean} */ (model.get("hide").includes(name)),
    save(/** @type {string} */ trait, /** @type {unknown} */ value) {
      model.set(trait, value);
      model.save_changes();
    },
    watch(/** @type {string} */ trait, /** @type {() => void} */ act) {
      model.on(`change:${trait}`, act);
      gone.addEventListener("abort", () => model.off(`change:${trait}`, act));
    },
    whenResized(/** @type {Element} */ node, /** @type {() => void} */ act) {
      const resized = new ResizeObserver(() => act());
      resized.observe(node);
      gone.addEventListener("abort", () => resized.disconnect());
    },
    /** A canvas has no style sheet: it must be painted again when the page turns dark. */
    whenThemed(/** @type {() => void} */ paint) {
      const themed = new MutationObserver(() => paint());
      for (const node of [document.documentElement, document.body]) themed.observe(node, { attributes: true });
      gone.addEventListener("abort", () => themed.disconnect());
    },
  };
}

/** Let a button show what a click on it does. @param {any} button @param {boolean} playing @param {string} [play] */
export function showPlaying(button, playing, play = "Play") {
  const label = playing ? "Pause" : play;
  if (button.getAttribute("aria-label") === label) return;
  button.setAttribute("aria-label", label);
  button.title = `${label} (space)`;
  button.replaceChildren(icon(playing ? PAUSE : PLAY));
}

/** Arrow keys move between tabs. @param {HTMLElement[]} tabs */
export const tabTurner = (tabs) => (/** @type {KeyboardEvent} */ event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  event.stopPropagation();
  const next = tabs[(tabs.findIndex((tab) => tab === event.target) + step + tabs.length) % tabs.length];
  next.click();
  next.focus();
};
