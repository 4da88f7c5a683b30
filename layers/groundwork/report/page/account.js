// One account: how it is, what differs, who enters it, what ran.

const dialog = document.getElementById("account");

function fact(name, value) {
  return value ? make("div", {}, make("dt", {}, name), make("dd", {}, value)) : null;
}

function part(heading, ...children) {
  return make("section", {}, make("h3", {}, heading), ...children);
}

function differencesOf(account) {
  if (!account.differences.length && !account.moreDifferences) return null;
  const byComponent = Map.groupBy
    ? Map.groupBy(account.differences, (each) => each.component)
    : new Map([["", account.differences]]);
  const lists = [...byComponent].flatMap(([name, list]) => [
    make("h4", {}, name),
    make(
      "ul",
      { class: "plain differences" },
      ...list.map((each) => make("li", {}, make("span", { class: `severity ${each.severity}` }, each.severity), each.words)),
    ),
  ]);
  const left = account.moreDifferences;
  return part("Differences", ...lists, left ? make("p", { class: "subtle" }, `${left} more in the results of its runs.`) : null);
}

function doorsOf(account) {
  if (!report.doors) return null;
  if (!account.doors.length) return part("Doors", nothing("No declared door leads into it."));
  const sorted = [...account.doors].sort((one, other) => STRONGEST_FIRST.indexOf(one.power) - STRONGEST_FIRST.indexOf(other.power));
  const items = sorted.map((door) =>
    make(
      "li",
      {},
      make("p", {}, make("b", {}, door.principal), " as"),
      doorChip(door),
      door.by?.length ? make("p", { class: "subtle" }, door.by.join(", ")) : null,
    ),
  );
  return part(`Doors: ${number(items.length, "way")} in`, make("ul", { class: "plain cards ways" }, ...items));
}

function runsOf(account) {
  const runs = (report.runs ?? []).filter((each) => each.accountId === account.id);
  if (!runs.length) return null;
  const items = runs.map((run) => make("li", {}, runOutcome(run), " ", moment(run.started), " ", make("span", { class: "subtle" }, duration(run.seconds))));
  return part("Runs", make("ul", { class: "plain" }, ...items));
}

function componentsOf(account) {
  const found = Object.entries(account.components);
  if (!found.length) return null;
  return part("Components", make("ul", { class: "plain row" }, ...found.map(([name, finding]) => make("li", {}, badge(FOUND[finding], `${name}: ${finding}`)))));
}

function showAccount(id) {
  const account = accountsById.get(id);
  if (!account) return;
  const failures = (report.failures ?? []).filter((each) => each.accountId === id);
  dialog.replaceChildren(
    make(
      "header",
      {},
      make("div", {}, make("h2", { id: "account-name" }, account.name), make("p", { class: "subtle" }, account.id)),
      make("button", { type: "button", "aria-label": "Close", onclick: () => dialog.close() }, "Close"),
    ),
    make("p", {}, badge(account.condition, account.condition === "differs" ? "Differs" : account.state)),
    make(
      "dl",
      {},
      fact("Kind", account.kind),
      fact("Unit", account.unit || (account.kind === "management" ? "" : "Root")),
      fact("Baseline", account.baseline && `${account.baseline}${account.behind ? ", behind" : ""}`),
      fact("Last run", moment(account.lastRunAt)),
      fact("Last plan", moment(account.lastPlanAt)),
      fact("Closes", moment(account.closesAt)),
      fact("Expires", account.expiresOn && day(account.expiresOn)),
    ),
    ...[
      failures.length ? part("Failed", make("ul", { class: "plain cards" }, ...failures.map((each) => failureItem([each])))) : null,
      differencesOf(account),
      doorsOf(account),
      componentsOf(account),
      runsOf(account),
    ].filter(Boolean),
  );
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  history.replaceState(null, "", `#account=${id}`);
}

function startAccount() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-account]");
    if (button) showAccount(button.dataset.account);
    else if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => history.replaceState(null, "", location.pathname + location.search));
  const follow = () => {
    const [, id] = location.hash.match(/^#account=(\d{12})$/) ?? [];
    if (id) showAccount(id);
  };
  window.addEventListener("hashchange", follow);
  follow();
}
