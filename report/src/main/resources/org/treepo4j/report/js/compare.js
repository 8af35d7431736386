// Two runs side by side: the ends of their curves, and the settings that differ.
const higherIsBetter = new Set(["accuracy", "eval_accuracy", "reward_mean", "tokens_per_second"]);
const lowerIsBetter = new Set(["sharing_ratio", "skipped_steps"]);

function drawCompare() {
  $("tab-compare").hidden = runs().length < 2;
  if (runs().length < 2) return;
  $("view-compare").replaceChildren(el("div", { class: "columns" }, metricTable(), settingTable()));
}

const runKey = (index) => el("span", { class: "run-key" }, swatch(curveColour(index), index), runs()[index].name);

function metricTable() {
  const names = [...new Set(runs().flatMap((run) => Object.keys(run.metrics)))].filter((name) => name !== "step");
  const placeOf = (name) => (higherIsBetter.has(name) ? 0 : lowerIsBetter.has(name) ? 1 : 2);
  names.sort((a, b) => placeOf(a) - placeOf(b) || a.localeCompare(b));
  const rows = names.map((name) => {
    const [a, b] = runs().map((run) => (run.metrics[name] ? tailMean(run, name) : null));
    const better = higherIsBetter.has(name) ? Math.sign(a - b) : lowerIsBetter.has(name) ? Math.sign(b - a) : 0;
    const cell = (value, wins, run) => el("td", { class: `num${wins ? " better" : ""}`, "data-run": run }, brief(value));
    const both = known(a) && known(b);
    return el("tr", { "data-metric": name }, el("td", {}, name.replaceAll("_", " ")), cell(a, both && better > 0, 0), cell(b, both && better < 0, 1),
      el("td", { class: "num" }, both ? (b >= a ? "+" : "") + brief(b - a) : "–"));
  });
  return el("div", { class: "card sheet" }, el("h2", {}, "At the end of the runs"), el("p", { class: "lead" }, "Mean of the last tenth of the steps. A mark shows the better run where more or less is plainly better."),
    el("div", { class: "wide" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Metric"), el("th", { class: "num", scope: "col" }, runKey(0)), el("th", { class: "num", scope: "col" }, runKey(1)), el("th", { class: "num", scope: "col" }, "Difference"))), el("tbody", {}, rows))));
}

function settingTable() {
  const [a, b] = runs().map((run) => run.settings);
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name]).sort();
  const cell = (value) => el("td", {}, value === undefined ? "–" : el("code", {}, String(value)));
  const body = names.length === 0
    ? el("p", { class: "hint" }, "No setting differs.")
    : el("div", { class: "wide" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Setting"), el("th", { scope: "col" }, runKey(0)), el("th", { scope: "col" }, runKey(1)))),
      el("tbody", {}, names.map((name) => el("tr", {}, el("td", {}, el("code", {}, name)), cell(a[name]), cell(b[name]))))));
  return el("div", { class: "card sheet" }, el("h2", {}, "Settings that differ"), el("p", { class: "lead" }, "From settings.yaml of both runs; the curves of both are drawn over each other in Curves."), body);
}
