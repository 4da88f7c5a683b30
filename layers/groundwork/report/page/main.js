// The page as a whole.

function startTheme() {
  const choice = document.getElementById("theme");
  const apply = (theme) => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    choice.value = theme;
  };
  choice.addEventListener("change", () => apply(choice.value));
  apply("");
}

function drawHead() {
  document.getElementById("heading").textContent = report.organization
    ? `Organization ${report.organization}`
    : "The organization";
  const about = [moment(report.made), report.version && `declaration ${report.version}`, `by ${report.by}`];
  document.getElementById("made").textContent = about.filter(Boolean).join(" · ");
  document.getElementById("foot").textContent = `Written by ${report.by} on ${moment(report.made)}. This file asks no network.`;
  document.title = `${report.organization || "Organization"}: Groundwork report`;
}

function drawSections() {
  const links = [...document.querySelectorAll("main > section:not([hidden])")]
    .map((each) => [each.id, each.querySelector("h2")?.textContent ?? "Overview"])
    .map(([id, words]) => make("li", {}, make("a", { href: `#${id}` }, words)));
  document.getElementById("sections").replaceChildren(...links);
}

startTheme();
startFilter();
drawHead();
drawTiles();
drawLast();
drawChanges();
for (const draw of [pressTile, drawFailures, drawTree, drawMatrix, drawDoors, drawRuns]) whenFiltered(draw);
drawAll();
drawSections();
startAccount();
document.getElementById("print").addEventListener("click", () => window.print());
window.addEventListener("beforeprint", () => {
  for (const each of document.querySelectorAll("main details")) each.open = true;
});
