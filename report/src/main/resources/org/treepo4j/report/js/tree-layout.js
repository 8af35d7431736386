// Where everything of a tree stands. Every trajectory has one row; a node is as high as the rows of
// the trajectories through it, so width on the page is number of trajectories.
function layoutOf(tree, available) {
  const model = modelOf(tree);
  const depth = Math.max(...[...model.nodes.values()].map((node) => node.depth));
  const rows = Math.max(1, model.trajectories.length);
  const unit = Math.max(6, Math.min(32, 440 / rows));
  const gap = Math.max(2, Math.min(10, unit * 0.34));
  const outcome = 158;
  const columnGap = Math.min(64, Math.max(16, available / (depth + 1) / 5.5));
  const letters = Math.max(...[...model.nodes.values()].filter((node) => node.id).map((node) => [...node.text].length), 6);
  const wanted = Math.min(190, Math.max(84, letters * 7.6 + 18));
  const fits = (available - outcome - 24) / (depth + 1) - columnGap;
  const column = fits >= 62 ? Math.min(Math.max(wanted, 150), fits) : Math.min(wanted, 116);
  const places = new Map();
  let y = 34;
  const place = (id) => {
    const node = model.nodes.get(id);
    const top = y;
    node.children.forEach(place);
    const ownRow = node.ending !== undefined || node.children.length === 0;
    const row = ownRow ? y : null;
    if (ownRow) y += unit + gap;
    const extent = Math.max(unit, y - top - gap);
    const height = Math.max(unit * 0.5, node.through.length * unit);
    const middle = top + extent / 2;
    places.set(id, { x: 14 + node.depth * (column + columnGap), y: middle - height / 2, width: column, height, middle, row: row === null ? null : (node.children.length ? row + unit / 2 : middle) });
  };
  place(0);
  const outcomeX = 14 + (depth + 1) * (column + columnGap) - columnGap + 22;
  return { places, unit, column, columnGap, depth, outcomeX, width: outcomeX + outcome, height: y + 12 };
}

/** The ribbon from a parent's right side to a child's left side. */
function ribbon(parent, from, child) {
  const x0 = parent.x + parent.width;
  const x1 = child.x;
  const bend = (x1 - x0) * 0.55;
  const bottom = from + child.height;
  return `M${x0} ${from}C${x0 + bend} ${from} ${x1 - bend} ${child.y} ${x1} ${child.y}V${child.y + child.height}`
    + `C${x1 - bend} ${child.y + child.height} ${x0 + bend} ${bottom} ${x0} ${bottom}Z`;
}
