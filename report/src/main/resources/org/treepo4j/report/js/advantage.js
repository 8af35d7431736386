// The advantage of a trajectory step by step, by the formula of the run's estimator, and the check
// that these steps lead to the numbers in the file.

/** A setting of the advantage section, or the one whose dotted name ends with the word. */
function setting(run, word) {
  const bare = (key) => key.toLowerCase().replace(/[_-]/g, "");
  const names = Object.keys(run.settings).filter((key) => bare(key).endsWith("." + word) || bare(key) === word);
  const name = names.find((key) => /advantage/i.test(key)) ?? names[0];
  return name ? String(run.settings[name]) : "";
}

function estimatorOf(run) {
  const name = setting(run, "estimator").toLowerCase() || "treepo";
  // By prefixes, sub-groups are not the nodes of the tree that the lines below go through.
  const byPrefix = name === "treepo" && setting(run, "subgroups") === "prefixes";
  return {
    name: name.replace(/[^a-z]/g, "") + (byPrefix ? "byprefix" : ""), title: name, bySize: /size/i.test(setting(run, "weighting")),
    rejection: setting(run, "subgrouprejection") === "true", deviation: setting(run, "siblingdeviation") === "true", eta: Number(setting(run, "eta")) || 0, std: setting(run, "std") !== "false",
  };
}

/**
 * Sub-groups of a trajectory by depth: {depth, node, group, mean, term, alone, kept}. Depth j holds the
 * trajectories that share its first j segments; its own leaf counts only where others go on from it.
 */
function subGroups(tree, trajectory, estimator) {
  const model = modelOf(tree);
  const last = trajectory.path.length - 1;
  return trajectory.path.filter((id, depth) => depth < last || model.nodes.get(id).through.length > 1).map((id, depth) => {
    const group = model.nodes.get(id).through;
    const groupMean = group.length === 1 && depth === 0 ? 0 : meanReward(group);
    const alone = depth > 0 && group.length < 2;
    const rejected = estimator.rejection && depth > 0 && group.every((member) => member.reward === group[0].reward);
    return { depth, node: id, group, mean: groupMean, term: trajectory.reward - groupMean, alone, kept: !alone && !rejected };
  });
}

function treePoAdvantage(tree, trajectory, estimator) {
  const kept = subGroups(tree, trajectory, estimator).filter((group) => group.kept);
  const weights = kept.map((group) => (estimator.bySize ? group.group.length : 1));
  return sum(kept.map((group, i) => group.term * weights[i])) / sum(weights);
}

function deviation(values, freedom) {
  const middle = mean(values);
  return Math.sqrt(sum(values.map((value) => (value - middle) ** 2)) / (values.length - freedom));
}

/** One advantage before whitening for the whole trajectory, or null for estimators by segment. */
function rawAdvantage(tree, trajectory, estimator) {
  const rewards = modelOf(tree).trajectories.map((member) => member.reward);
  if (!rewards.every(known)) return null;
  const others = rewards.filter((_, index) => index !== trajectory.index);
  const difference = trajectory.reward - (others.length ? mean(rewards) : 0);
  switch (estimator.name) {
    case "treepo": return treePoAdvantage(tree, trajectory, estimator);
    case "grpo": return others.length && estimator.std ? difference / (deviation(rewards, 1) + 1e-6) : difference;
    case "rloo": return trajectory.reward - (others.length ? mean(others) : 0);
    case "reinforcebaseline": return difference;
    default: return null;
  }
}

/** What the nodes are worth to the estimators by segment: leaves by outcome, inner nodes by their children. */
function nodeValues(tree, estimator) {
  const { nodes, trajectories } = modelOf(tree);
  const values = new Map([[0, 0]]);
  const outcome = (trajectory) => {
    if (estimator.name.startsWith("spo")) return trajectory.reward;
    const groups = trajectory.path.map((id) => nodes.get(id).through);
    return sum(groups.map((group) => group.length * (trajectory.reward - meanReward(group)))) / sum(groups.map((group) => group.length));
  };
  const passed = (id) => nodes.get(id).children.filter((child) => nodes.get(child).through.length);
  const valueOf = (id) => {
    const below = passed(id).map(valueOf);
    const value = below.length ? mean(below) : outcome(nodes.get(id).ending);
    if (id) values.set(id, value);
    return value;
  };
  if (trajectories.length) valueOf(0);
  if (estimator.name === "spo") values.set(0, mean(passed(0).map((id) => values.get(id))));
  if (estimator.name !== "sporecipe") return values;
  const standardised = new Map(values);
  for (const node of nodes.values()) {
    const siblings = passed(node.id).map((id) => values.get(id));
    if (siblings.length < 2) continue;
    const spread = deviation(siblings, 0);
    for (const id of passed(node.id)) standardised.set(id, spread <= 1e-8 ? 0 : (values.get(id) - mean(siblings)) / spread);
  }
  return standardised;
}

/** The advantage before whitening of every segment of a trajectory, {node, value, parent, weight, raw}, or null. */
function segmentAdvantages(tree, trajectory, estimator) {
  const bySegment = ["segmentprogress", "spo", "sporecipe"].includes(estimator.name) && !(estimator.name === "spo" && estimator.deviation);
  if (!bySegment || !modelOf(tree).trajectories.every((one) => known(one.reward))) return null;
  const values = nodeValues(tree, estimator);
  const length = trajectory.path.length;
  return trajectory.path.slice(1).map((id, index) => {
    const weight = estimator.eta > 0 && estimator.name === "segmentprogress" ? estimator.eta ** (length - index - 1) : 1;
    const [value, parent] = [values.get(id), values.get(trajectory.path[index])];
    return { node: id, value, parent, weight, raw: value - weight * parent };
  });
}

/** The file's advantage of every segment of a trajectory; of spo, whose mask leaves 0, that of its other tokens. */
function storedBySegment(tree, trajectory, estimator) {
  const counts = (value) => known(value) && (value !== 0 || estimator.name !== "spo");
  if (!Array.isArray(trajectory.advantages)) return trajectory.path.slice(1).map(() => (counts(trajectory.advantage) ? trajectory.advantage : null));
  let from = 0;
  return trajectory.path.slice(1).map((id) => {
    const length = modelOf(tree).nodes.get(id).tokens.length;
    from += length;
    return mean(trajectory.advantages.slice(from - length, from).filter(counts));
  });
}

/**
 * Whitening (A − μ)/σ takes μ and σ over the whole batch, of which a report holds only some trees.
 * They are recovered from the advantages in the file: {mean, deviation, agrees}.
 */
function whiteningOf(step, estimator) {
  const pairs = step.trees.flatMap((tree) => modelOf(tree).trajectories.flatMap((trajectory) => {
    const stored = storedBySegment(tree, trajectory, estimator);
    const segments = segmentAdvantages(tree, trajectory, estimator);
    if (segments) return segments.map((segment, index) => [segment.raw, stored[index]]);
    return [[rawAdvantage(tree, trajectory, estimator), trajectory.advantage]];
  })).filter(([raw, stored]) => known(raw) && known(stored));
  if (pairs.length === 0) return null;
  const low = pairs.reduce((a, b) => (b[0] < a[0] ? b : a));
  const high = pairs.reduce((a, b) => (b[0] > a[0] ? b : a));
  if (high[0] - low[0] < 1e-9 || high[1] - low[1] < 1e-9) return null;
  const spread = (high[0] - low[0]) / (high[1] - low[1]);
  const middle = high[0] - high[1] * spread;
  const error = Math.max(...pairs.map(([raw, stored]) => Math.abs((raw - middle) / spread - stored)));
  return { mean: middle, deviation: spread, agrees: error < 1e-3 * Math.max(1, Math.abs(low[1]), Math.abs(high[1])) };
}

const isIdentity = (whitening) => Math.abs(whitening.mean) < 1e-5 && Math.abs(whitening.deviation - 1) < 1e-5;
