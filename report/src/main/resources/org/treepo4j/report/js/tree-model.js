// What a tree says, worked out once per tree: children, trajectories through a node, texts.
const models = new WeakMap();

function modelOf(tree) {
  if (!models.has(tree)) models.set(tree, buildModel(tree));
  return models.get(tree);
}

function buildModel(tree) {
  const nodes = new Map([[0, {
    id: 0, parent: null, depth: 0, children: [], through: [], tokens: tree.tokens, pieces: tree.pieces ?? tree.tokens.map(tokenName),
  }]]);
  if (tree.prompt !== undefined && !tree.pieces) nodes.get(0).pieces = [tree.prompt];
  for (const node of tree.nodes) {
    const parent = nodes.get(node.parent);
    nodes.set(node.id, { ...node, depth: parent.depth + 1, children: [], through: [], pieces: node.pieces ?? node.tokens.map(tokenName) });
    parent.children.push(node.id);
  }
  for (const node of nodes.values()) node.text = visible(node.pieces.join(""), true);
  const sharers = sharedPrefixes(nodes);
  const trajectories = tree.trajectories.map((trajectory, index) => {
    const path = pathTo(nodes, trajectory.leaf);
    const made = { ...trajectory, index, path, length: sum(path.map((id) => (id ? nodes.get(id).tokens.length : 0))) };
    if (made.segment_advantages) {
      made.advantages = made.segment_advantages.flatMap((value, i) => nodes.get(path[i + 1]).tokens.map(() => value));
    }
    made.advantage = meanAdvantage(made);
    for (const id of path) nodes.get(id).through.push(made);
    nodes.get(trajectory.leaf).ending = made;
    return made;
  });
  return { nodes, trajectories, sharers };
}

/**
 * Numbers every prefix of the sampled tokens and tells, by its number, the tokens that end it: engines compute them
 * once. Gives each node the numbers of its tokens, and the first node that ends with the same text behind the prompt.
 */
function sharedPrefixes(nodes) {
  const numbers = new Map();
  const sharers = [];
  for (const node of nodes.values()) {
    if (!node.id) continue;
    let at = nodes.get(node.parent).prefixes?.at(-1) ?? "";
    node.prefixes = node.tokens.map((token, index) => {
      const key = `${at}:${token}`;
      if (!numbers.has(key)) numbers.set(key, sharers.push([]) - 1);
      at = numbers.get(key);
      sharers[at].push({ node, index });
      return at;
    });
    const first = sharers[at].find((sharer) => sharer.index === sharer.node.tokens.length - 1).node;
    node.alike = first === node ? null : first.id;
  }
  return sharers;
}

const tokenName = (id) => `⟨${id}⟩`;
const sum = (values) => values.reduce((total, value) => total + value, 0);
const mean = (values) => (values.length ? sum(values) / values.length : null);

/** Node ids from the prompt (0) to a node. */
function pathTo(nodes, id) {
  const path = [];
  for (let at = id; at !== null; at = nodes.get(at).parent) path.unshift(at);
  return path;
}

function meanAdvantage(trajectory) {
  const stored = trajectory.advantages;
  return Array.isArray(stored) ? mean(stored.filter(known)) : stored ?? null;
}

/** Whether an answer was right: as the run says, else by a positive reward. */
const isCorrect = (trajectory) => trajectory.correct ?? (trajectory.reward ?? 0) > 0;

/** Advantages of one token: one value per trajectory through its node. */
function tokenAdvantages(model, node, index) {
  return node.through.map((trajectory) => {
    if (!Array.isArray(trajectory.advantages)) return trajectory.advantage;
    const before = sum(trajectory.path.slice(1, trajectory.path.indexOf(node.id)).map((id) => model.nodes.get(id).tokens.length));
    return trajectory.advantages[before + index];
  }).filter(known);
}

const nodeAdvantages = (model, node) =>
  Array.isArray(node.through[0]?.advantages)
    ? node.tokens.map((_, index) => mean(tokenAdvantages(model, node, index))).filter(known)
    : node.through.map((trajectory) => trajectory.advantage).filter(known);

const meanReward = (trajectories) => mean(trajectories.map((trajectory) => trajectory.reward).filter(known));

/** The number a node is coloured by; null where the file has none. */
function nodeValue(tree, id, colouring) {
  const model = modelOf(tree);
  const node = model.nodes.get(id);
  switch (colouring) {
    case "advantage": return mean(nodeAdvantages(model, node));
    case "reward": return meanReward(node.through);
    case "entropy": return mean((node.entropies ?? []).filter(known));
    default: return mean((node.logprobs ?? []).filter(known));
  }
}

/** The number a token is shaded by. */
function tokenValue(tree, node, index, colouring) {
  switch (colouring) {
    case "advantage": return mean(tokenAdvantages(modelOf(tree), node, index));
    case "reward": return meanReward(node.through);
    case "entropy": return node.entropies?.[index] ?? null;
    default: return node.logprobs?.[index] ?? null;
  }
}
