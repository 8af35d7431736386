// Draws a tree as SVG. Nodes are items of an ARIA tree: one of them is in the tab order, arrows move.
function drawTree(canvas, tree, select) {
  const model = modelOf(tree);
  const layout = layoutOf(tree, Math.max(300, canvas.clientWidth));
  const scale = scaleOf(tree, chosen.colour);
  const path = new Set(pathTo(model.nodes, chosen.node));
  const picture = svg("svg", {
    width: layout.width, height: layout.height, viewBox: `0 0 ${layout.width} ${layout.height}`,
    role: "tree", "aria-label": `Tree of ${ellipsis(model.nodes.get(0).text, 60)} with ${count(model.trajectories.length, "trajectory", "trajectories")}`,
  });
  picture.append(columnHeads(layout, tree));
  const links = svg("g", { "aria-hidden": "true" });
  const boxes = svg("g", { role: "none" });
  const outcomes = svg("g", { "aria-hidden": "true" });
  for (const node of model.nodes.values()) {
    const value = node.id ? nodeValue(tree, node.id, chosen.colour) : null;
    const colour = node.id ? colourOf(scale, chosen.colour, value) : cssRgb("--sunken");
    links.append(...linksTo(layout, model, node, tree, scale, path));
    boxes.append(nodeBox(layout, node, colour, value, path, select));
    if (node.ending) outcomes.append(...outcomeOf(layout, node, path, select));
  }
  picture.append(links, outcomes, boxes);
  canvas.replaceChildren(picture);
}

function columnHeads(layout, tree) {
  const heads = svg("g", { "aria-hidden": "true" });
  for (let depth = 0; depth <= layout.depth; depth++) {
    const x = 14 + depth * (layout.column + layout.columnGap);
    heads.append(svg("text", { x, y: 21, class: "tree-head" }, depth ? `depth ${depth}` : "prompt"));
  }
  const hasAdvantages = modelOf(tree).trajectories.some((trajectory) => known(trajectory.advantage));
  if (hasAdvantages) heads.append(svg("text", { x: layout.outcomeX + 66, y: 21, class: "tree-head", "text-anchor": "end" }, "advantage"));
  heads.append(svg("text", { x: layout.outcomeX + 76, y: 21, class: "tree-head" }, "finished by"));
  return heads;
}

function linksTo(layout, model, parent, tree, scale, path) {
  const box = layout.places.get(parent.id);
  let from = box.y;
  return parent.children.map((id) => {
    const child = layout.places.get(id);
    const node = model.nodes.get(id);
    const colour = colourOf(scale, chosen.colour, nodeValue(tree, id, chosen.colour));
    const link = svg("path", {
      d: ribbon(box, Math.min(from, box.y + box.height - Math.min(child.height, box.height)), child),
      class: `tree-link${path.has(id) ? " on-path" : ""}${node.fallback ? " fallback" : ""}`, fill: colour,
    });
    from += child.height;
    return link;
  });
}

function nodeBox(layout, node, colour, value, path, select) {
  const box = layout.places.get(node.id);
  const ink = inkOn(colour);
  const letters = Math.floor((box.width - (node.fallback ? 21 : 16)) / 7.5);
  const left = box.x + (node.fallback ? 13 : 8);
  const facts = node.through.length > 1 && box.height >= 40;
  const group = svg("g", {
    class: `tree-node${path.has(node.id) ? " on-path" : ""}${node.id === chosen.node ? " selected" : ""}`,
    role: "treeitem", "data-node": node.id, tabindex: node.id === chosen.node ? 0 : -1,
    "aria-level": node.depth + 1, "aria-selected": String(node.id === chosen.node), "aria-expanded": node.children.length ? "true" : undefined,
    "aria-label": describe(node, value), on: { click: () => select(node.id, true) },
  });
  group.append(svg("rect", { class: "focus", x: box.x - 4, y: box.y - 4, width: box.width + 8, height: box.height + 8, rx: 9 }));
  group.append(svg("rect", { class: "body", x: box.x, y: box.y, width: box.width, height: box.height, rx: Math.min(6, box.height / 3), fill: colour }));
  if (box.height >= 13) {
    group.append(svg("text", { class: "segment-text", x: left, y: box.middle + (facts ? -3 : 4.5), fill: ink }, ellipsis(shownText(node), letters)));
  }
  if (facts) {
    const reward = box.width > 80 ? meanReward(node.through) : null;
    const wide = box.width > 108;
    group.append(svg("text", { class: "segment-facts", x: left, y: box.middle + 14, fill: ink },
      `×${node.through.length}${known(reward) ? ` · ${wide ? "mean " : ""}R ${fixed(reward, 2)}` : ""}`));
  }
  if (node.fallback) group.append(cutMark(box.x, box.middle));
  group.append(svg("title", {}, describe(node, value)));
  return group;
}

/** Segments whose text an earlier one has, behind the same text, are marked. */
const shownText = (node) => (known(node.alike) ? `≡ ${node.text}` : node.text);

/** A diamond on the left side of a node that begins at a fallback cut. */
const cutMark = (x, y) =>
  svg("path", { d: `M${x - 6} ${y}l6 -6l6 6l-6 6z`, fill: cssColour("--card"), stroke: cssColour("--ink"), "stroke-width": 1.5 });

function describe(node, value) {
  const parts = [node.id ? `segment ${node.id}, depth ${node.depth}` : "prompt", ellipsis(node.text, 80), count(node.through.length, "trajectory", "trajectories")];
  if (known(value)) parts.push(`${colourings[chosen.colour].name.toLowerCase()} ${fixed(value)}`);
  if (known(node.alike)) parts.push(`same text as segment ${node.alike}`);
  if (node.fallback) parts.push("begins at a fallback cut");
  if (node.ending) {
    parts.push(isCorrect(node.ending) ? "correct" : "not correct", `finished by ${finishNames[node.ending.finish]}`, `reward ${plain(node.ending.reward)}`);
  }
  return parts.join(", ");
}

function outcomeOf(layout, node, path, select) {
  const box = layout.places.get(node.id);
  const trajectory = node.ending;
  const y = box.row;
  const x = layout.outcomeX;
  const r = Math.max(3.5, Math.min(8.5, layout.unit * 0.4));
  const right = isCorrect(trajectory);
  const on = path.has(node.id);
  const group = svg("g", { class: `outcome${right ? " correct" : ""}${on ? " on-path" : ""}`, on: { click: () => select(node.id, true) } });
  group.append(svg("circle", { class: "ring", cx: x, cy: y, r }));
  group.append(outcomeSign(x, y, r, right));
  if (layout.unit >= 11) {
    if (known(trajectory.advantage)) group.append(svg("text", { x: x + 66, y: y + 4.2, "text-anchor": "end" }, signed(trajectory.advantage)));
    group.append(svg("text", { class: "finish", x: x + 76, y: y + 4.2 }, finishNames[trajectory.finish]));
  }
  return [svg("path", { class: "leader", d: `M${box.x + box.width + 5} ${y}H${x - r - 4}` }), group];
}

function outcomeSign(x, y, r, right) {
  const s = r * 0.42;
  const d = right ? `M${x - s * 1.1} ${y + s * 0.1}l${s * 0.8} ${s * 0.8}l${s * 1.4} ${-s * 1.7}` : `M${x - s} ${y - s}l${2 * s} ${2 * s}m0 ${-2 * s}l${-2 * s} ${2 * s}`;
  return svg("path", { class: "sign", d });
}
