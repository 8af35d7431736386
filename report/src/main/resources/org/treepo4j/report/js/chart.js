// One chart: uPlot with smoothing, shared cursor, a readout and keys.
const charts = [];

/** Series of few points, as evaluations are, are drawn as they are. */
const isSparse = (values) => values.filter(known).length <= Math.max(30, values.length / 3);

/** Exponential moving average without the pull of its start; gaps stay gaps. */
function smooth(values, weight) {
  if (isSparse(values)) return values;
  let total = 0;
  let norm = 0;
  return values.map((value) => {
    if (!known(value)) return null;
    total = total * weight + value * (1 - weight);
    norm = norm * weight + (1 - weight);
    return total / norm;
  });
}

/** A series for every metric of every run. Where a chart has several, those that stay zero are left out. */
function seriesOf(spec) {
  const found = [];
  const deepest = Math.max(...spec.metrics.map((metric) => metric.depth ?? 0));
  spec.metrics.forEach((metric, place) => runs().forEach((run, index) => {
    const values = run.metrics[metric.name];
    if (values && values.some((value) => (place === 0 ? known(value) : value))) {
      const plain = runs().length > 1 ? place * runs().length + index : place;
      const colour = metric.depth === undefined ? () => curveColour(plain) : () => rampAt("entropy", 0.25 + 0.75 * metric.depth / deepest);
      found.push({ metric, run: index, colour, steps: run.metrics.step, values });
    }
  }));
  return found;
}

function chartCard(spec) {
  const series = seriesOf(spec);
  if (series.length === 0) return null;
  const readout = el("div", { class: "readout" });
  const plot = el("div", { class: "plot" });
  const card = el("figure", { class: "card chart", tabindex: 0, role: "img", "aria-label": summaryOf(spec, series), "data-chart": spec.metrics[0].name },
    el("figcaption", {}, el("h3", {}, spec.title), el("div", { class: "hint number at" })), el("p", { class: "about" }, spec.about), readout, plot);
  card.addEventListener("keydown", (event) => moveCursor(event, card));
  charts.push({ spec, series, card, plot, readout, at: card.querySelector(".at") });
  return card;
}

function summaryOf(spec, series) {
  return `${spec.title}. ` + series.map((one) => {
    const values = one.values.filter(known);
    return `${label(one)}: first ${brief(values[0])}, last ${brief(values[values.length - 1])}`;
  }).join("; ") + ". Left and right arrows move along the steps.";
}

const label = (one) => (runs().length > 1 ? `${one.metric.label} · ${runs()[one.run].name}` : one.metric.label);

/** Steps of all series in one column, the values beside them. */
function aligned(series) {
  const tables = series.map((one) => [one.steps, one.values]);
  return uPlot.join(tables);
}

function drawChart(chart) {
  chart.plotted?.destroy();
  const [steps, ...values] = aligned(chart.series);
  chart.steps = steps;
  chart.values = values;
  const data = [steps, ...values, ...values.map((one) => smooth(one, chosen.smoothing))];
  const smoothing = chosen.smoothing > 0;
  const line = (one, strong) => {
    const sparse = isSparse(values[chart.series.indexOf(one)]);
    return {
      stroke: strong || smoothing ? one.colour() : "transparent", alpha: strong ? 1 : 0.35, width: strong ? 2 : 1,
      dash: one.run > 0 ? [6, 4] : undefined, spanGaps: true, points: { show: strong && sparse, size: 5 }, label: label(one),
    };
  };
  const axis = { stroke: cssColour("--muted"), font: "11px " + cssColour("--sans"), grid: { stroke: cssColour("--line"), width: 1 }, ticks: { show: false } };
  const options = {
    width: Math.max(200, chart.plot.clientWidth), height: 190, legend: { show: false }, padding: [8, 10, 0, 0],
    cursor: { sync: { key: "steps" }, y: false, points: { size: 7 }, drag: { x: true, y: false } },
    scales: { x: { time: false }, y: chart.spec.share ? { range: [0, 1] } : { range: padded } },
    axes: [{ ...axis, size: 22, gap: 4 }, { ...axis, size: 48, gap: 4, values: (_, ticks) => ticks.map(axisLabel) }],
    series: [{}, ...chart.series.map((one) => line(one, false)), ...chart.series.map((one) => line(one, true))],
    hooks: { setCursor: [(plotted) => showAt(chart, plotted.cursor.idx)] },
  };
  chart.plotted = new uPlot(options, data, chart.plot);
  chart.plotted.over.addEventListener("click", () => openStep(chart));
  showAt(chart, null);
}

/** What is left of sums that cancel, such as the loss of whitened advantages, is no curve. */
const padded = (_, low, high) => {
  if (Math.max(Math.abs(low), Math.abs(high)) < rounding) return [low < 0 ? -1 : 0, 1];
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
};

const thousands = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

function axisLabel(value) {
  if (Math.abs(value) >= 1e4) return minus(thousands.format(value));
  if (value !== 0 && Math.abs(value) < 1e-3) return minus(value.toExponential(1).replace(".0", ""));
  return minus(String(Number(value.toPrecision(6))));
}

function showAt(chart, index) {
  const at = index ?? chart.steps.length - 1;
  chart.at.textContent = chart.steps.length ? `step ${chart.steps[at]}` : "";
  const idle = index === null || index === undefined;
  const shown = new Map();
  chart.series.forEach((one, place) => {
    const value = chart.values[place][at] ?? (idle ? lastOf(chart.values[place]) : null);
    if (!shown.has(one.metric.label)) shown.set(one.metric.label, []);
    shown.get(one.metric.label).push(swatch(one.colour(), one.run), el("b", { "data-metric": one.metric.name, "data-run": one.run }, brief(value)));
  });
  chart.readout.replaceChildren(...[...shown].map(([name, values]) => el("span", { class: "key" }, values[0], name, values.slice(1))));
}

const swatch = (colour, run) => el("span", { class: `swatch${run > 0 ? " dashed" : ""}`, style: { "border-color": colour } });

const lastOf = (values) => values.filter(known).at(-1);

function openStep(chart) {
  const index = chart.plotted.cursor.idx;
  if (index === null || index === undefined || chart.plotted.select.width > 3 || currentRun().steps.length === 0) return;
  chosen.step = nearestStep(currentRun().steps, chart.steps[index]).step;
  chosen.node = null;
  showTab("trees");
}

function moveCursor(event, card) {
  const chart = charts.find((one) => one.card === card);
  const move = { ArrowLeft: -1, ArrowRight: 1, Home: -1e9, End: 1e9 }[event.key];
  if (!move || !chart?.plotted) return;
  event.preventDefault();
  const from = chart.plotted.cursor.idx ?? chart.steps.length - 1;
  const index = Math.min(Math.max(from + move, 0), chart.steps.length - 1);
  chart.plotted.setCursor({ left: chart.plotted.valToPos(chart.steps[index], "x"), top: 20 });
}

const widthWatch = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const chart = charts.find((one) => one.plot === target);
    if (chart?.plotted && target.clientWidth > 0 && Math.abs(target.clientWidth - chart.plotted.width) > 1) {
      chart.plotted.setSize({ width: target.clientWidth, height: 190 });
    }
  }
});
