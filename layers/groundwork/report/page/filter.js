// Which accounts are shown. Each part of the page that shows accounts is drawn again when that changes.

const wanted = { text: "", kind: "", unit: "", condition: "" };
const drawn = [];

function shown() {
  const text = wanted.text.trim().toLowerCase();
  return accounts.filter(
    (each) =>
      (!wanted.kind || each.kind === wanted.kind) &&
      (!wanted.unit || isBelow(each.unit, wanted.unit)) &&
      (!wanted.condition || each.condition === wanted.condition) &&
      (!text || [each.name, each.id, each.unit].some((part) => part.toLowerCase().includes(text))),
  );
}

function isNarrowed() {
  return Object.values(wanted).some(Boolean);
}

// `draw` is given the accounts that are shown.
function whenFiltered(draw) {
  drawn.push(draw);
}

function drawAll() {
  const list = shown();
  for (const draw of drawn) draw(list);
  document.getElementById("count").textContent = isNarrowed()
    ? `${list.length.toLocaleString("en")} of ${number(accounts.length, "account")}`
    : number(accounts.length, "account");
}

function setFilter(changes) {
  Object.assign(wanted, changes);
  for (const [name, value] of Object.entries(wanted)) document.getElementById(name).value = value;
  drawAll();
}

function options(id, all, values) {
  document
    .getElementById(id)
    .replaceChildren(make("option", { value: "" }, all), ...values.map(([value, words]) => make("option", { value }, words)));
}

function allUnits() {
  const paths = new Set(report.units ?? []);
  for (const { unit } of accounts) {
    const parts = unit.split("/");
    for (let depth = 1; unit && depth <= parts.length; depth += 1) paths.add(parts.slice(0, depth).join("/"));
  }
  return [...paths].sort(inOrder);
}

function startFilter() {
  const kinds = [...new Set(accounts.map((each) => each.kind).filter(Boolean))].sort();
  const conditions = WORST_FIRST.filter((name) => accounts.some((each) => each.condition === name));
  options("kind", "All kinds", kinds.map((each) => [each, each]));
  options("unit", "All units", allUnits().map((each) => [each, each]));
  options("condition", "All states", conditions.map((each) => [each, CONDITIONS[each]]));
  const form = document.getElementById("filter");
  form.addEventListener("input", (event) => {
    if (event.target.id in wanted) {
      wanted[event.target.id] = event.target.value;
      drawAll();
    }
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    setFilter({ text: "", kind: "", unit: "", condition: "" });
  });
}
