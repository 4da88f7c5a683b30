// Accounts by components: what was found last.

const FOUND = { "as declared": "ready", differs: "differs", failed: "failed" };

function componentNames() {
  const names = new Set(report.components ?? []);
  for (const account of accounts) for (const name of Object.keys(account.components)) names.add(name);
  return [...names];
}

function matrixRow(account, names) {
  const cells = names.map((name) => {
    const finding = account.components[name];
    return finding
      ? make("td", {}, sign(FOUND[finding]), hidden(finding))
      : make("td", {}, hidden("nothing found"));
  });
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, accountButton(account)),
    make("td", { class: "subtle" }, account.unit || (account.kind === "management" ? "" : "Root")),
    ...cells,
    make("td", { class: account.behind ? "behind" : "subtle" }, account.baseline ?? "", account.behind ? " behind" : ""),
  );
}

let matrixShown = AT_ONCE;

function drawMatrix(list) {
  const names = componentNames();
  if (!names.length) {
    section("matrix").hidden = true;
    return;
  }
  const heads = names.map((name) => {
    const differing = list.filter((each) => each.components[name] === "differs").length;
    const told = differing ? make("small", {}, `${differing} differ`) : null;
    return make("th", { scope: "col" }, make("span", { class: "upright" }, name, told));
  });
  const sorted = [...list].sort(worstFirst);
  const { part, more } = firstOf(sorted, matrixShown, (next) => {
    matrixShown = next;
    drawMatrix(shown());
  });
  const legend = make(
    "p",
    { class: "legend subtle", "aria-hidden": "true" },
    sign("ready"), "as declared ", sign("differs"), "differs ", sign("failed"), "failed; empty: not of this account, or not looked at",
  );
  fill(
    "matrix",
    list.length
      ? table("Accounts by components", ["Account", "Unit", ...heads, "Baseline"], part.map((each) => matrixRow(each, names)), { class: "matrix" })
      : nothing("No account is shown."),
    more ?? "",
    legend,
  );
}
