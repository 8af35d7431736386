// Views, theme and the first drawing.
const tabOrder = ["overview", "trees", "compare", "settings"];
const visibleTabs = () => tabOrder.filter((name) => name !== "compare" || runs().length > 1);

function showTab(name) {
  chosen.tab = visibleTabs().includes(name) ? name : "overview";
  for (const tab of tabOrder) {
    $(`view-${tab}`).hidden = tab !== chosen.tab;
    $(`tab-${tab}`).setAttribute("aria-selected", String(tab === chosen.tab));
    $(`tab-${tab}`).tabIndex = tab === chosen.tab ? 0 : -1;
  }
  if (chosen.tab === "overview") drawCurves();
  if (chosen.tab === "trees") drawTrees();
  writeAddress();
}

function drawAll() {
  $("run-names").textContent = runs().map((run) => run.name).join(" vs ");
  drawNotices();
  drawStats();
  buildCurves();
  drawCompare();
  drawSettings();
  showTab(chosen.tab);
}

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  $("theme").textContent = name === "dark" ? "☀" : "☾";
}

function switchTheme() {
  setTheme(theme() === "dark" ? "light" : "dark");
  drawAll();
}

const systemDark = matchMedia("(prefers-color-scheme: dark)");
systemDark.addEventListener("change", () => {
  setTheme(systemDark.matches ? "dark" : "light");
  drawAll();
});
$("theme").addEventListener("click", switchTheme);
$("tabs").addEventListener("click", (event) => {
  if (event.target.id.startsWith("tab-")) showTab(event.target.id.slice(4));
});
$("tabs").addEventListener("keydown", (event) => {
  const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!move) return;
  const tabs = visibleTabs();
  showTab(tabs[(tabs.indexOf(chosen.tab) + move + tabs.length) % tabs.length]);
  $(`tab-${chosen.tab}`).focus();
});
new ResizeObserver(([entry]) => {
  if (chosen.tab === "trees" && Math.abs(entry.contentRect.width - drawnWidth) > 8) drawTrees();
}).observe($("view-trees"));
window.addEventListener("hashchange", () => {
  readAddress();
  showTab(chosen.tab);
});

setTheme(systemDark.matches ? "dark" : "light");
readAddress();
buildHelp();
drawAll();
startLive();
