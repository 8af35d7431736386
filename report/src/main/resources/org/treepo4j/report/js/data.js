// The runs and what the reader has chosen; the address after # keeps the choice.
let report = JSON.parse($("data").textContent);

const chosen = { tab: "overview", run: 0, step: null, prompt: 0, node: null, colour: "advantage", smoothing: 0.6 };

const runs = () => report.runs;
const currentRun = () => runs()[chosen.run] ?? runs()[0];
const currentStep = () => currentRun().steps.find((entry) => entry.step === chosen.step) ?? null;
const currentTree = () => currentStep()?.trees[chosen.prompt] ?? null;

/** Makes the choice point at something that is there. */
function settleChoice() {
  if (!runs()[chosen.run]) chosen.run = 0;
  const steps = currentRun().steps;
  if (steps.length === 0) {
    chosen.step = null;
    return;
  }
  if (chosen.step === null) chosen.step = steps[steps.length - 1].step;
  if (!currentStep()) chosen.step = nearestStep(steps, chosen.step).step;
  if (!currentTree()) chosen.prompt = 0;
  if (chosen.node !== 0 && !currentTree().nodes.some((node) => node.id === chosen.node)) chosen.node = firstLeaf(currentTree());
}

const nearestStep = (steps, wanted) =>
  steps.reduce((best, entry) => (Math.abs(entry.step - wanted) < Math.abs(best.step - wanted) ? entry : best));

/** A trajectory worth looking at first: the best rewarded one. */
function firstLeaf(tree) {
  const best = tree.trajectories.reduce((a, b) => ((b.reward ?? -Infinity) > (a?.reward ?? -Infinity) ? b : a), tree.trajectories[0]);
  return best ? best.leaf : 0;
}

function readAddress() {
  const [tab, rest] = location.hash.slice(1).split("?");
  if (["overview", "trees", "compare", "settings"].includes(tab)) chosen.tab = tab;
  const wanted = new URLSearchParams(rest ?? "");
  for (const name of ["run", "step", "prompt", "node"]) {
    if (/^\d{1,15}$/.test(wanted.get(name) ?? "")) chosen[name] = Number(wanted.get(name));
  }
  if (wanted.get("colour") in colourings) chosen.colour = wanted.get("colour");
}

function writeAddress() {
  let address = chosen.tab;
  if (chosen.tab === "trees" && chosen.step !== null) {
    const parts = { step: chosen.step, prompt: chosen.prompt, node: chosen.node, colour: chosen.colour };
    if (runs().length > 1) parts.run = chosen.run;
    address += "?" + new URLSearchParams(parts);
  }
  history.replaceState(null, "", "#" + address);
}
