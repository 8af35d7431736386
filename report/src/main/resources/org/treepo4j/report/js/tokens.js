// The text of a path with every token shaded, and the numbers of the token pointed at.
function tokenText(tree, nodeId) {
  const model = modelOf(tree);
  const scale = tokenScale(tree, nodeId);
  const readout = el("div", { class: "token-readout" }, tokenHint());
  const text = el("div", { class: "tokens", dir: "ltr" });
  for (const id of pathTo(model.nodes, nodeId)) {
    const node = model.nodes.get(id);
    if (id === 0) {
      text.append(el("span", { class: "prompt-text" }, visible(node.pieces.join(""))));
      continue;
    }
    text.append(el("span", { class: `border${node.fallback ? " cut" : ""}`, title: node.fallback ? "segment border, fallback cut" : "segment border" }));
    node.pieces.forEach((piece, index) => text.append(tokenSpan(tree, node, index, piece, scale, id === nodeId, readout)));
  }
  return [text, readout];
}

const tokenHint = () => `Point at a token for its numbers. Shaded by ${colourings[chosen.colour].name.toLowerCase()}.`;

function tokenScale(tree, nodeId) {
  const model = modelOf(tree);
  const values = pathTo(model.nodes, nodeId).filter((id) => id).flatMap((id) => {
    const node = model.nodes.get(id);
    return node.tokens.map((_, index) => tokenValue(tree, node, index, chosen.colour));
  }).filter(known);
  const whole = scaleOf(tree, chosen.colour);
  if (chosen.colour === "entropy") {
    const high = Math.max(...values, 1e-3);
    return { place: (value) => value / high };
  }
  if (chosen.colour === "logprob") {
    const low = Math.min(...values, -1e-3);
    return { place: (value) => value / low };
  }
  return whole;
}

function tokenSpan(tree, node, index, piece, scale, inside, readout) {
  const colour = colourOf(scale, chosen.colour, tokenValue(tree, node, index, chosen.colour));
  const show = () => readout.replaceChildren(...tokenNumbers(tree, node, index, piece));
  const back = () => readout.replaceChildren(tokenHint());
  return el("span", {
    class: `token${inside ? " inside" : ""}`, style: { background: colour, color: inkOn(colour) },
    tabindex: inside ? 0 : undefined, on: { mouseenter: show, focus: show, mouseleave: back, blur: back },
  }, piece === "" ? "∅" : visible(piece));
}

function tokenNumbers(tree, node, index, piece) {
  const parts = [el("b", {}, `“${visible(piece, true)}”`), ` id ${node.tokens[index]} · segment ${node.id}, token ${index + 1}`, el("br")];
  if (node.logprobs) parts.push("log-prob ", el("b", {}, fixed(node.logprobs[index], 4)), known(node.logprobs[index]) ? ` (p ${fixed(Math.exp(node.logprobs[index]), 3)})` : "");
  if (node.model_logprobs) parts.push(" · model ", el("b", {}, fixed(node.model_logprobs[index], 4)));
  if (node.entropies) parts.push(" · entropy ", el("b", {}, fixed(node.entropies[index], 4)));
  const advantage = mean(tokenAdvantages(modelOf(tree), node, index));
  if (known(advantage)) parts.push(" · advantage ", el("b", {}, signed(advantage)));
  return parts;
}

/** All numbers of a segment as a table. */
function tokenTable(tree, node) {
  const model = modelOf(tree);
  const rows = node.pieces.map((piece, index) => el("tr", {},
    el("td", {}, el("code", {}, visible(piece, true))), el("td", { class: "num" }, String(node.tokens[index])),
    el("td", { class: "num" }, fixed(node.logprobs?.[index], 4)),
    node.model_logprobs && el("td", { class: "num" }, fixed(node.model_logprobs[index], 4)),
    el("td", { class: "num" }, fixed(node.entropies?.[index], 4)),
    el("td", { class: "num" }, signed(mean(tokenAdvantages(model, node, index))))));
  const head = ["Token", "Id", "Log-prob", node.model_logprobs && "Model", "Entropy", "Adv."].filter(Boolean);
  return el("details", {}, el("summary", {}, `Numbers of its ${count(node.tokens.length, "token")}`), el("div", { class: "wide" },
    el("table", {}, el("thead", {}, el("tr", {}, head.map((name, i) => el("th", { class: i ? "num" : "", scope: "col" }, name)))), el("tbody", {}, rows))));
}
