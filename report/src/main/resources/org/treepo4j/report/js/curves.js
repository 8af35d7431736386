// Which numbers are drawn, in which order, under which words.
const one = (name, text) => ({ name, label: text ?? name.replaceAll("_", " ") });

const curveGroups = [
  ["Learning", [
    { title: "Accuracy", about: "share of trajectories with a correct answer", share: true, metrics: [one("accuracy", "training"), one("eval_accuracy", "evaluation")] },
    { title: "Reward", about: "mean over trajectories, shaping included", metrics: [one("reward_mean", "mean reward")] },
    { title: "Entropy", about: "mean entropy of the policy, nats per token", metrics: [one("entropy")] },
    { title: "KL", about: "nats per token", metrics: [one("kl", "to the reference"), one("behaviour_kl", "to the sampling policy")] },
  ]],
  ["Update", [
    { title: "Clip fraction", about: "share of tokens whose ratio was clipped", metrics: [one("clip_fraction", "clipped"), one("dual_clip_fraction", "dual clip")] },
    { title: "Loss", about: "of the step", metrics: [one("loss"), one("validation_loss", "validation")] },
    { title: "Gradient norm", about: "before clipping", metrics: [one("gradient_norm", "norm")] },
    { title: "Ratio", about: "mean of new over old probability", metrics: [one("ratio_mean", "mean ratio")] },
    { title: "Learning rate", about: "of the optimizer", metrics: [one("learning_rate", "rate")] },
    { title: "Log-prob mismatch", about: "sampling against scoring engine, nats", metrics: [one("logprob_mismatch", "mismatch")] },
  ]],
  ["Rollouts", [
    { title: "Response length", about: "mean tokens of a response", metrics: [one("response_tokens_mean", "tokens")] },
    { title: "Sharing ratio", about: "tokens sampled over tokens of all trajectories; lower is more sharing", metrics: [one("sharing_ratio", "ratio")] },
    { title: "How trajectories end", about: "trajectories by finish reason", metrics: [one("finish_answered", "answered"), one("finish_eos", "end token"), one("finish_max_depth", "max depth"), one("finish_max_response_tokens", "max tokens"), one("finish_repetition", "repetition"), one("finish_unclosed_answer", "unclosed answer"), one("finish_unfinished", "unfinished"), one("dropped_paths", "dropped")] },
    { title: "Fallbacks", about: "branchings inside finished trajectories", metrics: [one("fallbacks"), one("prompts_with_fallback", "prompts with one")] },
    { title: "Prompts", about: "groups whose scores are all equal are dropped", metrics: [one("prompts", "sampled"), one("prompts_trained", "trained on"), one("groups_dropped", "dropped")] },
    { title: "Trouble", about: "steps without update, rewards that failed, answers cut off", metrics: [one("skipped_steps", "skipped steps"), one("failed_rewards", "failed rewards"), one("limited_answers", "limited answers")] },
  ]],
  ["Throughput", [
    { title: "Where the time goes", about: "seconds of a step", metrics: [one("sampling_seconds", "sampling"), one("scoring_seconds", "scoring"), one("update_seconds", "update"), one("reward_seconds", "rewards")] },
    { title: "Tokens per second", about: "over the whole step", metrics: [one("tokens_per_second", "tokens"), one("sampled_tokens_per_second", "sampled once")] },
    { title: "Training tokens", about: "unique tokens of the trees against flattened trajectories", metrics: [one("unique_training_tokens", "unique"), one("flattened_training_tokens", "flattened"), one("computed_training_tokens", "computed")] },
    { title: "Sampled tokens", about: "computed by the decoder with the prompts, sampled in segments, and summed over trajectories", metrics: [one("computed_tokens", "computed"), one("sampled_tokens", "sampled"), one("trajectory_tokens", "in trajectories")] },
  ]],
];
const notDrawn = new Set(["step", "seconds", "trajectories"]);

/** Metrics this page has no words for are drawn too: one chart each, or one for a family by depth. */
function otherCurves() {
  const drawn = new Set(curveGroups.flatMap(([, specs]) => specs.flatMap((spec) => spec.metrics.map((metric) => metric.name))));
  const names = new Set(runs().flatMap((run) => Object.entries(run.metrics).filter(([, values]) => values.some((value) => value)).map(([name]) => name))
    .filter((name) => !drawn.has(name) && !notDrawn.has(name)));
  const families = new Map();
  for (const name of [...names].sort()) {
    const [, family, depth] = name.match(/^(.+)_depth_(\d+)$/) ?? [null, name, null];
    if (!families.has(family)) families.set(family, []);
    families.get(family).push(depth === null ? one(name) : { ...one(name, depth), depth: Number(depth) });
  }
  return ["Other metrics", [...families].map(([family, metrics]) => {
    const byDepth = metrics.some((metric) => metric.depth !== undefined);
    return { title: one(family).label + (byDepth ? " by depth" : ""), about: byDepth ? `${family}_depth_…` : family, metrics: metrics.sort((a, b) => (a.depth ?? 0) - (b.depth ?? 0)) };
  })];
}

function buildCurves() {
  widthWatch.disconnect();
  charts.splice(0).forEach((chart) => chart.plotted?.destroy());
  const groups = [...curveGroups, otherCurves()].map(([title, specs]) => {
    const cards = specs.map(chartCard).filter(Boolean);
    return cards.length ? el("section", { class: "curve-group" }, el("h2", {}, title), el("div", { class: "curve-grid" }, cards)) : null;
  }).filter(Boolean);
  if (groups.length === 0) groups.push(el("p", { class: "empty" }, "No metrics yet. Curves appear after the first step."));
  $("curves").replaceChildren(...groups);
  $("run-keys").hidden = runs().length < 2;
  $("run-keys").replaceChildren(...(runs().length < 2 ? [] : runs().map((_, index) => runKey(index))));
}

/** Charts need to know their width, so they are drawn when their view is shown. */
function drawCurves() {
  if ($("view-overview").hidden) return;
  charts.forEach((chart) => {
    drawChart(chart);
    widthWatch.observe(chart.plot);
  });
}

$("smoothing").value = chosen.smoothing;
$("smoothing-value").textContent = chosen.smoothing.toFixed(2);
$("smoothing").addEventListener("input", (event) => {
  chosen.smoothing = Number(event.target.value);
  $("smoothing-value").textContent = chosen.smoothing.toFixed(2);
  drawCurves();
});
