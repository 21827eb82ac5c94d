// Multiple choice: a click answers, the explanation follows at once, and a wrong answer leaves the others to try.
import { h } from "./engine.js";

/** @param {RenderContext} context */
function render({ model, el }) {
  const hidden = (/** @type {string} */ name) => model.get("hide").includes(name);
  const questions = /** @type {{ prompt: string, choices: { text: string, why: string, right: boolean }[] }[]} */ (model.get("questions"));
  const tally = h("p", { class: "mg-tally", role: "status" });
  const restart = h("button", { class: "mg-button", type: "button", onclick: () => save(questions.map(() => [])) }, "Start over");
  const blocks = questions.map(block);
  const root = h("section", { class: "mg mg-quiz", "aria-label": model.get("title"), "data-lm-suppress-shortcuts": "true" });

  /** @param {number[][]} answers */
  function save(answers) {
    model.set("answers", answers);
    model.save_changes();
  }

  /** One question. @param {typeof questions[0]} question @param {number} number */
  function block(question, number) {
    const prompt = h("div", { class: "mg-prompt", role: "heading", "aria-level": "4" });
    prompt.innerHTML = question.prompt; // escaped in Python
    const said = h("p", { class: "mg-sr", role: "status" });
    const choices = question.choices.map((choice, index) => {
      const text = h("span", { class: "mg-choice-text" });
      text.innerHTML = choice.text;
      const verdict = h("span", { class: "mg-verdict" });
      const button = h(
        "button",
        { class: "mg-choice", type: "button", onclick: () => answer(number, index) },
        h("span", { class: "mg-letter", "aria-hidden": "true" }, String.fromCharCode(65 + index)), text, verdict,
      );
      const why = h("div", { class: "mg-why", hidden: true });
      why.innerHTML = choice.why;
      return { button, verdict, why, item: h("li", {}, button, why) };
    });
    const list = h("ol", { class: "mg-choices" }, ...choices.map(({ item }) => item));
    const badge = questions.length > 1 ? h("span", { class: "mg-number" }, `${number + 1}`) : null;
    return { choices, said, node: h("div", { class: "mg-question" }, h("div", { class: "mg-ask" }, badge, prompt), list, said) };
  }

  /** @param {number} number @param {number} index */
  function answer(number, index) {
    /** @type {number[][]} */
    const answers = model.get("answers");
    const { choices } = questions[number];
    if (answers[number].includes(index) || answers[number].some((tried) => choices[tried].right)) return;
    save(answers.map((tries, i) => (i === number ? [...tries, index] : tries)));
    const { right } = choices[index];
    blocks[number].said.textContent = `${right ? "Right." : "Wrong."} ${blocks[number].choices[index].why.textContent}`;
  }

  function show() {
    /** @type {number[][]} */
    const answers = model.get("answers");
    let first = 0;
    questions.forEach((question, number) => {
      const tries = answers[number];
      const solved = tries.some((tried) => question.choices[tried].right);
      if (tries.length && question.choices[tries[0]].right) first += 1;
      if (!tries.length) blocks[number].said.textContent = "";
      question.choices.forEach((choice, index) => {
        const { button, verdict, why } = blocks[number].choices[index];
        const tried = tries.includes(index);
        const state = tried ? (choice.right ? "right" : "wrong") : solved ? "rest" : "open";
        button.dataset.state = state;
        button.setAttribute("aria-disabled", String(state !== "open"));
        verdict.textContent = tried ? (choice.right ? "✓ Right" : "✗ Wrong") : "";
        why.hidden = !tried && !solved; // once solved, the other choices are explained too
        why.dataset.state = state;
      });
    });
    const answered = answers.filter((tries) => tries.length).length;
    tally.textContent = answered ? `${first} of ${questions.length} right at the first try` + (answered < questions.length ? `, ${questions.length - answered} to go` : "") : "";
    restart.style.visibility = answered ? "visible" : "hidden";
  }

  root.append(
    ...(hidden("title") ? [] : [h("div", { class: "mg-title", role: "heading", "aria-level": "3" }, model.get("title"))]),
    ...blocks.map(({ node }) => node),
    h("div", { class: "mg-foot" }, hidden("score") ? null : tally, hidden("restart") ? null : restart),
  );
  el.append(root);
  show();
  model.on("change:answers", show);
  return () => model.off("change:answers", show);
}

export default { render };
