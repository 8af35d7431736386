// The panel that explains the selected segment or trajectory.
function drawDetail(panel, tree, select) {
  const node = modelOf(tree).nodes.get(chosen.node);
  const parts = [heading(node), factsOf(node)];
  if (node.ending) parts.push(el("h3", {}, `Advantage, spelled out · ${estimatorOf(currentRun()).title}`), formula(tree, node.ending));
  parts.push(el("h3", {}, node.id ? "Text up to here" : "Prompt"), ...tokenText(tree, node.id));
  if (node.id) parts.push(...trainingShare(tree, node));
  if (node.through.length > 1) parts.push(...subGroupList(tree, node, select));
  if (node.id) parts.push(tokenTable(tree, node));
  panel.replaceChildren(...parts);
}

function heading(node) {
  if (!node.ending) return el("h2", {}, node.id ? `Segment ${node.id}` : "Prompt");
  const right = isCorrect(node.ending);
  return el("h2", {}, `Trajectory to segment ${node.id}`,
    el("span", { class: `verdict${right ? " correct" : ""}` }, right ? "✓ correct" : "✗ not correct"));
}

function factsOf(node) {
  const fact = (name, value) => el("li", {}, name, " ", el("b", {}, value));
  const facts = [fact("depth", String(node.depth)), fact("tokens", String(node.tokens.length))];
  if (node.ending) {
    facts.push(fact("response", count(node.ending.length, "token")), fact("reward", plain(node.ending.reward)), fact("finished by", finishNames[node.ending.finish]));
  } else {
    facts.push(fact("trajectories", String(node.through.length)), fact("mean reward", fixed(meanReward(node.through))));
  }
  if (node.logprobs) facts.push(fact("mean log-prob", fixed(mean(node.logprobs))));
  if (node.entropies) facts.push(fact("mean entropy", fixed(mean(node.entropies))));
  if (known(node.alike)) facts.push(el("li", {}, "≡ ", el("b", {}, `same text as segment ${node.alike}`)));
  if (node.fallback) facts.push(el("li", {}, "◇ ", el("b", {}, "begins at a fallback cut")));
  return el("ul", { class: "facts-list" }, facts);
}

/** How a shared token is trained once: sums of positive and of negative advantages through it. */
function trainingShare(tree, node) {
  const model = modelOf(tree);
  const advantages = model.sharers[node.prefixes[0]].flatMap((sharer) => tokenAdvantages(model, sharer.node, sharer.index));
  if (advantages.length < 2) return [];
  const positive = sum(advantages.filter((value) => value > 0));
  const negative = -sum(advantages.filter((value) => value < 0));
  return [el("h3", {}, "Trained once, for all its trajectories"), el("div", { class: "formula" }, el("div", { class: "line" },
    variable("P"), " = ", el("b", {}, fixed(positive)), " pulls its probability up, ", variable("N"), " = ", el("b", {}, fixed(negative)), " pushes it down",
    el("span", { class: "why" }, "sums of the positive and of the negative advantages through the first token of this segment, and of all that begin alike")))];
}

function subGroupList(tree, node, select) {
  const nodes = modelOf(tree).nodes;
  const title = node.id ? `Sub-group of depth ${node.depth}` : "The whole group";
  const list = el("ul", { class: "mates" }, node.through.map((trajectory) => el("li", {}, el("button", { type: "button", on: { click: () => select(trajectory.leaf, true) } },
    el("span", {}, isCorrect(trajectory) ? "✓" : "✗"),
    el("span", { class: "tail" }, trajectory.path.slice(node.depth + 1).map((id) => nodes.get(id).text).join("") || nodes.get(trajectory.leaf).text),
    el("span", { class: "num" }, `R ${plain(trajectory.reward)}`), el("span", { class: "num" }, signed(trajectory.advantage))))));
  return [el("h3", {}, title, ": mean(", variable("G", node.depth), `) = ${fixed(meanReward(node.through))}`), list];
}
