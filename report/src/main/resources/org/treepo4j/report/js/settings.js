// The resolved settings and the summary of every run.
function drawSettings() {
  const table = (pairs) => el("div", { class: "wide" }, el("table", {}, el("tbody", {}, pairs.map(([name, value]) =>
    el("tr", {}, el("td", {}, el("code", {}, name)), el("td", {}, el("code", {}, typeof value === "string" ? value : JSON.stringify(value))))))));
  const sheets = runs().flatMap((run) => [
    Object.keys(run.settings).length ? el("div", { class: "card sheet" }, el("h2", {}, `Settings of ${run.name}`), el("p", { class: "lead" }, "settings.yaml, as the run resolved them"), table(Object.entries(run.settings))) : null,
    Object.keys(run.summary).length ? el("div", { class: "card sheet" }, el("h2", {}, `Summary of ${run.name}`), el("p", { class: "lead" }, "summary.json, the last word of the run"), table(Object.entries(run.summary))) : null,
  ]).filter(Boolean);
  $("view-settings").replaceChildren(sheets.length ? el("div", { class: "columns" }, sheets) : el("p", { class: "empty" }, "This run wrote no settings."));
}
