// The tree browser: choosing step, prompt and colouring; moving about with keys.
let drawnWidth = 0;

function drawTrees() {
  settleChoice();
  drawnWidth = $("view-trees").clientWidth;
  const tree = currentTree();
  $("view-trees").querySelector(".tree-layout").hidden = !tree;
  drawTreeBar();
  if (!tree) {
    $("tree-bar").replaceChildren(el("p", { class: "empty" }, "This run has no trees yet. They appear in trees/ when training writes them."));
    return;
  }
  drawPrompts();
  drawTree($("canvas"), tree, selectNode);
  drawLegend(tree);
  drawDetail($("detail"), tree, selectNode);
  writeAddress();
}

function selectNode(id, focus) {
  chosen.node = id;
  drawTrees();
  const item = $("canvas").querySelector(`[data-node="${id}"]`);
  if (focus && item) item.focus({ preventScroll: true });
  if (item) reveal(item);
}

/** Scrolls the drawing sideways so that a node can be seen; the page itself stays where it is. */
function reveal(item) {
  const canvas = $("canvas");
  const frame = canvas.getBoundingClientRect();
  const box = item.getBoundingClientRect();
  if (box.left < frame.left + 8) canvas.scrollLeft -= frame.left + 24 - box.left;
  if (box.right > frame.right - 8) canvas.scrollLeft += box.right - frame.right + 24;
}

function drawTreeBar() {
  const steps = currentRun().steps;
  const at = steps.findIndex((entry) => entry.step === chosen.step);
  const { trees: { length: kept } = [], of = 0 } = currentStep() ?? {};
  const slider = el("input", {
    type: "range", id: "step", min: 0, max: Math.max(0, steps.length - 1), value: at, "aria-label": "Step", "aria-valuetext": `step ${chosen.step}`,
    on: { input: (event) => goToStep(steps[Number(event.target.value)].step) },
  });
  const button = (text, label, move, off) => el("button", { class: "icon", type: "button", "aria-label": label, disabled: off, on: { click: () => stepBy(move) } }, text);
  const bar = [
    el("span", { class: "stepper" }, button("‹", "Earlier step", -1, at <= 0), slider, button("›", "Later step", 1, at >= steps.length - 1),
      el("span", { class: "at", id: "step-at" }, `step ${chosen.step}`),
      kept < of && el("span", { class: "hint" }, `${kept} of its ${of} trees kept`)),
    el("span", { class: "field" }, el("span", { class: "caption" }, "Colour by"), segmented("Colour by", Object.entries(colourings).map(([key, { name }]) => [key, name]), chosen.colour, chooseColour)),
  ];
  if (runs().length > 1) {
    bar.unshift(segmented("Run", runs().map((run, index) => [String(index), run.name]), String(chosen.run), (value) => { chosen.run = Number(value); drawTrees(); }));
  }
  const focused = document.activeElement?.id === "step";
  $("tree-bar").replaceChildren(...bar);
  if (focused) $("step").focus();
}

function chooseColour(value) {
  chosen.colour = value;
  drawTrees();
}

function goToStep(step) {
  chosen.step = step;
  chosen.node = null;
  drawTrees();
}

function stepBy(move) {
  const steps = currentRun().steps;
  const at = steps.findIndex((entry) => entry.step === chosen.step);
  const next = steps[Math.min(Math.max(at + move, 0), steps.length - 1)];
  if (next && next.step !== chosen.step) goToStep(next.step);
}

function promptBy(move) {
  const trees = currentStep()?.trees ?? [];
  chosen.prompt = Math.min(Math.max(chosen.prompt + move, 0), trees.length - 1);
  chosen.node = null;
  drawTrees();
}

function drawPrompts() {
  const focused = $("prompts").contains(document.activeElement);
  $("prompts").replaceChildren(...currentStep().trees.map((tree, index) => {
    const model = modelOf(tree);
    const right = model.trajectories.filter(isCorrect).length;
    const needed = sum(model.trajectories.map((trajectory) => trajectory.length));
    const sampled = sum(tree.nodes.map((node) => node.tokens.length));
    const on = index === chosen.prompt;
    return el("button", {
      type: "button", role: "radio", class: "prompt", "aria-checked": String(on), tabindex: on ? 0 : -1, "data-value": index, title: tree.id,
      on: { click: () => { chosen.prompt = index; chosen.node = null; drawTrees(); } },
    }, el("span", { class: "text" }, ellipsis(model.nodes.get(0).text, 60)),
    el("span", { class: "facts" }, `${right} of ${model.trajectories.length} correct · ${sampled} tokens sampled for ${needed}, ${model.sharers.length} distinct`));
  }));
  const current = $("prompts").querySelector("[aria-checked=true]");
  if (!current) return;
  const overhang = current.offsetLeft + current.offsetWidth - $("prompts").offsetLeft - $("prompts").clientWidth;
  $("prompts").scrollLeft = Math.max(0, overhang + 24);
  if (focused) current.focus();
}

function drawLegend(tree) {
  const scale = scaleOf(tree, chosen.colour);
  const colouring = colourings[chosen.colour];
  const ramp = el("canvas", { width: 150, height: 1, "aria-hidden": "true" });
  const pen = ramp.getContext("2d");
  for (let x = 0; x < 150; x++) {
    pen.fillStyle = rampAt(colouring.ramp, x / 149);
    pen.fillRect(x, 0, 1, 1);
  }
  const show = chosen.colour === "advantage" ? signed : fixed;
  const sign = (right) => svg("svg", { width: 18, height: 18, viewBox: "0 0 18 18", "aria-hidden": "true" },
    svg("g", { class: `outcome${right ? " correct" : ""}` }, svg("circle", { class: "ring", cx: 9, cy: 9, r: 7 }), outcomeSign(9, 9, 7, right)));
  const cut = svg("svg", { width: 16, height: 16, viewBox: "0 0 16 16", "aria-hidden": "true" }, cutMark(8, 8));
  $("legend").replaceChildren(
    el("span", { class: "scale number" }, show(scale.low, 2), ramp, show(scale.high, 2)), el("span", {}, colouring.about),
    el("span", { class: "item" }, sign(true), "correct"), el("span", { class: "item" }, sign(false), "not correct"),
    el("span", { class: "item" }, cut, "fallback cut"), el("span", { class: "item" }, "≡", "same text as an earlier segment"), el("span", {}, "height: trajectories through a segment"));
}

/** Where an arrow leads from a node: parent, a child, or the neighbour above or below of the same depth. */
function neighbour(tree, id, key) {
  const { nodes } = modelOf(tree);
  const node = nodes.get(id);
  if (key === "ArrowLeft") return node.parent;
  if (key === "ArrowRight") return node.children[Math.floor((node.children.length - 1) / 2)] ?? null;
  const column = [];
  const walk = (at) => {
    if (nodes.get(at).depth === node.depth) column.push(at);
    nodes.get(at).children.forEach(walk);
  };
  walk(0);
  return column[column.indexOf(id) + (key === "ArrowDown" ? 1 : -1)] ?? null;
}

$("canvas").addEventListener("keydown", (event) => {
  if (!event.key.startsWith("Arrow") || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const next = neighbour(currentTree(), chosen.node, event.key);
  if (next !== null) selectNode(next, true);
});
$("prompts").addEventListener("keydown", (event) => moveRadio(event, $("prompts"), (button) => button.click()));
