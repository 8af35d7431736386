// Follows a run that is still going on: asks the page's own server for newer data.
const isLive = document.documentElement.dataset.mode === "live";

function startLive() {
  if (!isLive) return;
  let tag = null;
  const badge = $("live");
  badge.hidden = false;
  badge.textContent = "live";
  const ask = async () => {
    try {
      const answer = await fetch("data.json", { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
      if (answer.status === 200) {
        const first = tag === null;
        tag = answer.headers.get("ETag");
        const newer = await answer.json();
        if (!first || JSON.stringify(newer) !== JSON.stringify(report)) takeData(newer);
      } else if (answer.status !== 304) {
        throw new Error(`the server answered ${answer.status}`);
      }
      badge.classList.remove("lost");
      badge.textContent = `live · step ${lastOf(currentRun().metrics.step ?? []) ?? 0}`;
    } catch (problem) {
      badge.classList.add("lost");
      badge.textContent = "no answer";
    }
    setTimeout(ask, 2500);
  };
  ask();
}

/** A reader at the newest step goes on with the run; one who looks at an older tree keeps it. */
function takeData(newer) {
  const steps = currentRun().steps;
  const atNewest = steps.length === 0 || chosen.step === steps[steps.length - 1].step;
  const lookedAt = chosen.tab === "trees" && $("canvas").contains(document.activeElement);
  report = newer;
  if (atNewest && !lookedAt) {
    chosen.step = null;
    chosen.node = null;
  }
  drawAll();
}
