// Colours that colour-blind readers can tell apart: blue–orange for signs, one-hue-to-another ramps
// for sizes, and the Okabe-Ito set for curves. Lightness always carries the order.
const ramps = {
  light: {
    diverging: ["#b4500c", "#e09a5b", "#f3dcc3", "#eceae5", "#c9dcee", "#6fa3d6", "#1d5fa8"],
    entropy: ["#f4f3ea", "#cfe6c8", "#7fc4b5", "#3390a8", "#24568f", "#2b2a66"],
    logprob: ["#f6f2ee", "#f3d3c6", "#e39bab", "#b8639d", "#743c86", "#36205c"],
    reward: ["#f3efe4", "#f0dc9a", "#c3c06a", "#7fa25c", "#3e7e5c", "#12524f"],
    curves: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56a0d3", "#5b4b8a"],
  },
  dark: {
    diverging: ["#ffa254", "#c8742f", "#6e4a31", "#343b45", "#2f4f71", "#3f84c9", "#7cc0ff"],
    entropy: ["#242c36", "#1f4a5c", "#217a83", "#4aa98a", "#a6d387", "#f4f5b0"],
    logprob: ["#272a35", "#4a2f63", "#86418a", "#c4607f", "#ee9a74", "#fbe3ad"],
    reward: ["#272d33", "#2f4a45", "#3f7257", "#7d9c5a", "#c8c06c", "#f7ea9f"],
    curves: ["#56b4e9", "#f08a3c", "#2fc79b", "#e29ac4", "#e6c32f", "#9db8ff", "#b39ddb"],
  },
};

const colourings = {
  advantage: { name: "Advantage", ramp: "diverging", about: "mean advantage of the trajectories through a segment" },
  entropy: { name: "Entropy", ramp: "entropy", about: "mean entropy of a segment's tokens, nats" },
  logprob: { name: "Log-prob", ramp: "logprob", about: "mean log-probability of a segment's tokens, nats" },
  reward: { name: "Reward", ramp: "reward", about: "mean reward of the trajectories through a segment" },
};

const theme = () => (document.documentElement.dataset.theme === "dark" ? "dark" : "light");
const curveColour = (index) => ramps[theme()].curves[index % ramps[theme()].curves.length];

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** The colour at a place from 0 to 1 of a ramp. */
function rampAt(name, place) {
  const stops = ramps[theme()][name];
  const at = Math.min(Math.max(place, 0), 1) * (stops.length - 1);
  const from = channels(stops[Math.floor(at)]);
  const to = channels(stops[Math.ceil(at)]);
  return `rgb(${from.map((value, i) => Math.round(value + (to[i] - value) * (at - Math.floor(at)))).join(",")})`;
}

/** Black or white, whichever is easier to read on a colour (WCAG relative luminance). */
function inkOn(colour) {
  const linear = colour.match(/\d+/g).map((text) => {
    const c = Number(text) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.2 ? "#14181d" : "#ffffff";
}

/** The scale of a tree for a colouring: from values to places on the ramp, with its ends. */
function scaleOf(tree, colouring) {
  const values = tree.nodes.map((node) => nodeValue(tree, node.id, colouring)).filter(known);
  if (colouring === "advantage") {
    const reach = Math.max(...values.map(Math.abs), 1e-6);
    return { low: -reach, high: reach, place: (value) => 0.5 + value / reach / 2 };
  }
  if (colouring === "logprob") {
    const low = Math.min(...values, -1e-3);
    return { low: 0, high: low, place: (value) => value / low };
  }
  const low = Math.min(0, ...values);
  const high = Math.max(...values, low + (colouring === "reward" ? 1 : 1e-3));
  return { low, high, place: (value) => (value - low) / (high - low) };
}

const colourOf = (scale, colouring, value) =>
  known(value) ? rampAt(colourings[colouring].ramp, scale.place(value)) : cssRgb("--sunken");

const cssRgb = (name) => `rgb(${channels(cssColour(name)).join(",")})`;
