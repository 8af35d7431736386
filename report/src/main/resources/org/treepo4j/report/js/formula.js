// The advantage of a trajectory written out line by line, up to the number in the file.
const variable = (name, index) => [el("var", {}, name), index === undefined ? null : el("sub", {}, String(index))];

function formula(tree, trajectory) {
  const estimator = estimatorOf(currentRun());
  const box = el("div", { class: "formula", id: "formula" });
  if (!known(trajectory.reward)) {
    box.append(el("div", { class: "line skipped" }, "No reward is stored for this trajectory."));
    return box;
  }
  const segments = segmentAdvantages(tree, trajectory, estimator);
  const whitening = whiteningOf(currentStep(), estimator);
  if (segments) {
    box.append(...segmentLines(tree, trajectory, segments, whitening));
    return box;
  }
  const raw = rawAdvantage(tree, trajectory, estimator);
  box.append(...subGroupLines(tree, trajectory, estimator));
  if (known(raw)) box.append(estimator.name === "treepo" ? averageLine(tree, trajectory, estimator, raw) : groupLine(tree, trajectory, estimator, raw));
  box.append(...storedLines(trajectory, raw, whitening));
  return box;
}

/** Estimators by segment: what a node is worth less what its parent is worth. */
function segmentLines(tree, trajectory, segments, whitening) {
  const nodes = modelOf(tree).nodes;
  const stored = storedBySegment(tree, trajectory, estimatorOf(currentRun()));
  const whitened = whitening?.agrees && !isIdentity(whitening);
  const lines = segments.map((segment, index) => el("div", { class: "line", "data-depth": index + 1 },
    el("var", {}, "V"), el("sub", {}, String(segment.node)), " − ", segment.weight === 1 ? "" : `${fixed(segment.weight)}·`, el("var", {}, "V"), el("sub", {}, String(nodes.get(segment.node).parent)),
    ` = ${fixed(segment.value, 4)} − ${fixed(segment.weight * segment.parent, 4)} = `, el("b", { class: "term" }, signed(segment.raw, 4)),
    whitened ? [", whitened ", el("b", {}, signed((segment.raw - whitening.mean) / whitening.deviation))] : null,
    el("span", { class: "why" }, "segment ", el("code", {}, ellipsis(nodes.get(segment.node).text, 40)), `, in the file ${signed(stored[index])}`)));
  const notes = [el("span", { class: "check" }, estimatorOf(currentRun()).name === "spo" ? "V is the value of a segment's node, V₀ that of the prompt." : "V is the value of a segment's node; V₀ of the prompt is 0.")];
  if (whitened) notes.push(el("span", { class: "check" }, ` Whitened over the batch: μ = ${fixed(whitening.mean, 4)}, σ = ${fixed(whitening.deviation, 4)}.`));
  if (whitening?.agrees) notes.push(el("span", { class: "check" }, " ✓ as in the file."));
  if (whitening && !whitening.agrees) notes.push(el("span", { class: "check" }, " The lines do not lead to the file's numbers: the run's estimator works differently."));
  return [...lines, ...notes];
}

/** A line for every depth; once a trajectory is alone it stays alone, which takes one line. */
function subGroupLines(tree, trajectory, estimator) {
  const parts = subGroups(tree, trajectory, estimator);
  if (estimator.name !== "treepo") return [subGroupLine(tree, trajectory, parts[0])];
  const first = parts.findIndex((part) => part.alone);
  const lines = (first < 0 ? parts : parts.slice(0, first)).map((part) => subGroupLine(tree, trajectory, part));
  if (first >= 0) {
    const last = parts[parts.length - 1].depth;
    lines.push(el("div", { class: "line skipped", id: "alone" }, el("var", {}, "G"), el("sub", {}, String(parts[first].depth)),
      last > parts[first].depth ? [" … ", el("var", {}, "G"), el("sub", {}, String(last))] : null, ": alone in its sub-group, left out"));
  }
  return lines;
}

function subGroupLine(tree, trajectory, part) {
  const nodes = modelOf(tree).nodes;
  const shared = trajectory.path.slice(1, part.depth + 1).map((id) => nodes.get(id).text).join("");
  return el("div", { class: `line${part.kept ? "" : " skipped"}`, "data-depth": part.depth },
    el("var", {}, "R"), " − mean(", variable("G", part.depth), `) = ${plain(trajectory.reward)} − ${plain(part.mean)} = `, el("b", { class: "term" }, signed(part.term, 4)),
    part.kept ? null : ", left out: all its rewards are equal",
    el("span", { class: "why" }, variable("G", part.depth), `: ${count(part.group.length, "trajectory", "trajectories")}, `,
      part.depth === 0 ? "the whole group" : ["sharing ", el("code", {}, tail(shared, 64))]));
}

function averageLine(tree, trajectory, estimator, raw) {
  const kept = subGroups(tree, trajectory, estimator).filter((part) => part.kept);
  const terms = kept.map((part) => (estimator.bySize ? `${part.group.length}·(${signed(part.term, 4)})` : signed(part.term, 4)));
  const divisor = estimator.bySize ? `(${kept.map((part) => part.group.length).join(" + ")})` : kept.length;
  return el("div", { class: "line result" }, variable("A"), ` = (${terms.join(" ")}) / ${divisor} = `, el("b", { id: "raw-advantage" }, signed(raw, 4)),
    el("span", { class: "why" }, estimator.bySize ? "weighted by the size of the sub-groups" : "the average over the depths"));
}

function groupLine(tree, trajectory, estimator, raw) {
  const rewards = modelOf(tree).trajectories.map((member) => member.reward);
  const others = rewards.filter((_, index) => index !== trajectory.index);
  const [R, middle] = [plain(trajectory.reward), plain(mean(rewards))];
  const how = {
    grpo: estimator.std ? `(${R} − ${middle}) / (${plain(deviation(rewards, 1))} + 10⁻⁶)` : `${R} − ${middle}`,
    rloo: `${R} − ${plain(mean(others))}`, reinforcebaseline: `${R} − ${middle}`,
  }[estimator.name];
  const why = { grpo: estimator.std ? "GRPO: reward less the group's mean, over the group's deviation" : "Dr.GRPO: reward less the group's mean", rloo: "RLOO: reward less the mean of the others" }[estimator.name];
  return el("div", { class: "line result" }, variable("A"), ` = ${how} = `, el("b", { id: "raw-advantage" }, signed(raw, 4)), el("span", { class: "why" }, why ?? "REINFORCE++ baseline: reward less the group's mean"));
}

function storedLines(trajectory, raw, whitening) {
  if (!known(trajectory.advantage)) return [el("span", { class: "check" }, "The file holds no advantages for this tree.")];
  const stored = el("b", { id: "stored-advantage" }, signed(trajectory.advantage));
  const average = Array.isArray(trajectory.advantages) ? " on average over its tokens" : "";
  if (!known(raw) || !whitening?.agrees) {
    return [el("div", { class: "line result" }, "In the file: ", stored, average, el("span", { class: "why" },
      known(raw) && whitening ? "the lines above do not lead there: the run's estimator works differently" : "after the estimator's own normalisation over the batch"))];
  }
  if (isIdentity(whitening)) return [el("span", { class: "check" }, "✓ as in the file: ", stored)];
  const value = (raw - whitening.mean) / whitening.deviation;
  return [el("div", { class: "line result" },
    "whitened (", variable("A"), " − ", el("var", {}, "μ"), ") / ", el("var", {}, "σ"), ` = (${signed(raw, 4)} ${whitening.mean < 0 ? "+" : "−"} ${fixed(Math.abs(whitening.mean), 4)}) / ${fixed(whitening.deviation, 4)} = `,
    el("b", { id: "whitened-advantage" }, signed(value)),
    el("span", { class: "why" }, "μ and σ are taken over all response tokens of the batch")), el("span", { class: "check" }, "✓ as in the file: ", stored)];
}
