// Headline numbers above the curves.
function drawStats() {
  const cards = [
    stat("Accuracy", (run) => tailMean(run, "accuracy"), percent, (run) => (known(firstOf(run, "accuracy")) ? `from ${percent(firstOf(run, "accuracy"))}; mean of the last tenth` : "")),
    stat("Evaluation accuracy", (run) => lastOf(run.metrics.eval_accuracy ?? []), percent, () => "at the last evaluation"),
    stat("Tokens sampled", (run) => ratio(run, "sampled_tokens", "trajectory_tokens") ?? tailMean(run, "sharing_ratio"), (value) => `${value.toFixed(2)}×`, () => "of the tokens in trajectories; the rest is shared"),
    stat("Tokens computed", (run) => ratio(run, "computed_tokens", "trajectory_tokens"), (value) => `${value.toFixed(2)}×`, () => "of the tokens in trajectories, prompts included; what paths have in common is computed once"),
    stat("Tokens per second", (run) => tailMean(run, "tokens_per_second"), (value) => Math.round(value).toLocaleString("en"), () => "over the whole step, mean of the last tenth"),
    stat("Steps", (run) => lastOf(run.metrics.step ?? []), String, (run) => `${duration(sum((run.metrics.seconds ?? []).filter(known)))} in all`),
  ];
  $("stats").replaceChildren(...cards.filter(Boolean));
}

function stat(label, value, show, note) {
  const values = runs().map(value);
  if (!values.some(known)) return null;
  return el("div", { class: "card stat" }, el("div", { class: "label" }, label),
    el("div", { class: "value" }, known(values[0]) ? show(values[0]) : "–", values.length > 1 && known(values[1]) ? el("span", { class: "other" }, ` vs ${show(values[1])}`) : null),
    el("div", { class: "note" }, note(runs()[0])));
}

const firstOf = (run, name) => (run.metrics[name] ?? []).find(known);

/** Mean of the last tenth of a metric's values, at least one. */
function tailMean(run, name) {
  const values = (run.metrics[name] ?? []).filter(known);
  return mean(values.slice(-Math.max(1, Math.round(values.length / 10))));
}

/** One metric per other, both summed over the run; null where a step lacks one. */
function ratio(run, part, whole) {
  const parts = (run.metrics[part] ?? []).filter(known);
  const wholes = (run.metrics[whole] ?? []).filter(known);
  return parts.length && parts.length === wholes.length ? sum(parts) / sum(wholes) : null;
}

function drawNotices() {
  $("notices").hidden = report.notices.length === 0;
  $("notices").replaceChildren(...report.notices.map((notice) => el("li", {}, notice)));
}
