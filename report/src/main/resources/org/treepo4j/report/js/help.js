// The help window and the keys that work everywhere.
const keyTable = [
  ["?", "this help"], ["1 … 4", "curves, trees, compare, settings"], ["← → ↑ ↓", "in the tree: to parent, child, neighbour; on a chart: along the steps"],
  ["[ ]", "earlier and later step"], [", .", "previous and next prompt"], ["c", "next colouring"], ["g", "focus the tree"], ["t", "dark or light"],
];

function buildHelp() {
  const keys = el("div", { class: "keys" }, keyTable.flatMap(([key, text]) => [el("span", {}, key.split(" ").map((one, i) => (one === "…" ? " … " : [i ? " " : "", el("kbd", {}, one)])).flat()), el("span", {}, text)]));
  $("help").replaceChildren(
    el("h2", { id: "help-title" }, "Reading a tree"),
    el("p", {}, "A tree grows from the prompt on the left. Every block is a segment that was sampled once; its height is the number of trajectories that pass through it. At the right, one row for every trajectory: ✓ in a filled circle is a correct answer, ✗ in an open one is not; then its advantage and why it ended."),
    el("p", {}, "A dashed ribbon with a diamond is a fallback: the tree had no active path left but wanted more trajectories, so it branched again inside a finished one."),
    el("h3", {}, "Advantage"),
    el("p", {}, "G₀ is the whole group of a prompt, Gⱼ the trajectories that share the first j segments. TreePO compares a reward with the mean of every such sub-group, averages over the depths, and whitens over the batch. Select a trajectory to see it with its numbers."),
    el("h3", {}, "Keys"), keys,
    el("p", {}, el("button", { class: "plain", type: "button", on: { click: () => $("help").close() } }, "Close")));
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open || /^(SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  const tabs = visibleTabs();
  const act = {
    "?": () => $("help").showModal(), t: switchTheme, c: () => nextColour(), g: () => { showTab("trees"); selectNode(chosen.node, true); },
    "[": () => inTrees(() => stepBy(-1)), "]": () => inTrees(() => stepBy(1)), ",": () => inTrees(() => promptBy(-1)), ".": () => inTrees(() => promptBy(1)),
  }[event.key] ?? (/^[1-4]$/.test(event.key) && tabs.includes(tabOrder[event.key - 1]) ? () => showTab(tabOrder[event.key - 1]) : null);
  if (act) {
    event.preventDefault();
    act();
  }
}

/** Keeps the focus in the tree when the keys redraw it. */
function inTrees(change) {
  if (chosen.tab !== "trees" || !currentTree()) return;
  const focused = $("canvas").contains(document.activeElement);
  change();
  if (focused) selectNode(chosen.node, true);
}

function nextColour() {
  inTrees(() => {
    const names = Object.keys(colourings);
    chooseColour(names[(names.indexOf(chosen.colour) + 1) % names.length]);
  });
}

$("help-open").addEventListener("click", () => $("help").showModal());
document.addEventListener("keydown", onKey);
