// How many accounts are in which state; what failed and what to do; what changed since the last report.

function tile(count, words, condition) {
  return make(
    "button",
    {
      type: "button",
      class: `tile ${condition || "all"}`,
      "data-condition": condition,
      onclick: () => setFilter({ condition: wanted.condition === condition ? "" : condition }),
    },
    make("span", { class: "figure" }, count.toLocaleString("en")),
    make("span", {}, condition ? sign(condition) : null, words),
  );
}

function drawTiles() {
  const counts = countedBy(accounts, (each) => each.condition);
  const always = ["ready", "differs", "failed"];
  const others = ["working", "other"].filter((each) => counts.has(each));
  document
    .getElementById("tiles")
    .replaceChildren(
      tile(accounts.length, accounts.length === 1 ? "Account" : "Accounts", ""),
      ...[...always, ...others].map((each) => tile(counts.get(each) ?? 0, CONDITIONS[each], each)),
    );
}

function pressTile() {
  for (const each of document.querySelectorAll(".tile")) {
    each.setAttribute("aria-pressed", String(each.dataset.condition === wanted.condition));
  }
}

function drawLast() {
  const last = report.rollOut;
  const place = document.getElementById("last");
  if (!last) {
    place.remove();
    return;
  }
  const counts = Object.entries(last.accounts).map(([outcome, count]) => `${count} ${outcome}`);
  place.append(`Last roll-out (${last.mode}): ${counts.join(", ") || "no accounts"}. All of it: `, make("code", {}, last.results));
}

function failureItem(alike) {
  const [each] = alike;
  return make(
    "li",
    { class: "failure" },
    make("p", {}, make("code", {}, each.error), make("span", { class: "subtle" }, moment(each.at))),
    make("p", {}, each.cause),
    each.remedy && make("p", {}, make("b", {}, "What to do: "), each.remedy),
    make("p", { class: "whom" }, ...failedAccounts(alike)),
  );
}

const NAMED = 8;

function failedAccounts(alike) {
  const names = alike.map((each) => {
    const account = accountsById.get(each.accountId);
    return account ? accountButton(account) : make("span", {}, each.accountName || each.accountId || "A request");
  });
  if (names.length <= NAMED + 1) return names;
  const others = make("button", { type: "button", class: "link", onclick: () => others.replaceWith(...names.slice(NAMED)) }, `and ${names.length - NAMED} more`);
  return [...names.slice(0, NAMED), others];
}

// Those that failed for the same reason are told once.
function failuresAlike(list) {
  const alike = new Map();
  for (const each of list) {
    const key = JSON.stringify([each.error, each.cause, each.remedy]);
    if (!alike.has(key)) alike.set(key, []);
    alike.get(key).push(each);
  }
  return [...alike.values()].sort((one, other) => other.length - one.length);
}

let failuresShown = 10;

function drawFailures(list) {
  const ids = new Set(list.map((each) => each.id));
  const all = report.failures ?? [];
  const here = isNarrowed() ? all.filter((each) => ids.has(each.accountId)) : all;
  if (!all.length) {
    section("failures").hidden = true;
    return;
  }
  const { part, more } = firstOf(failuresAlike(here), failuresShown, (next) => {
    failuresShown = next;
    drawFailures(shown());
  });
  const left = report.moreFailures;
  fill(
    "failures",
    part.length ? make("ul", { class: "plain cards" }, ...part.map(failureItem)) : nothing("None of the accounts shown."),
    more ?? "",
    left ? make("p", { class: "subtle" }, `${number(left, "more failure")} in the results of runs.`) : "",
  );
}

function drawChanges() {
  const place = section("changes");
  if (!report.changes) {
    place.hidden = true;
    return;
  }
  place.querySelector(".subtle").textContent = `Since the report of ${moment(report.since)}.`;
  const sorted = [...report.changes].sort((one, other) => weight(one) - weight(other));
  const draw = (limit) => {
    const { part, more } = firstOf(sorted, limit, draw);
    const list = part.length ? make("ul", { class: "plain changes" }, ...part.map(changeItem)) : nothing("Nothing.");
    const left = report.moreChanges;
    fill("changes", list, more ?? "", left ? make("p", { class: "subtle" }, `And ${number(left, "more change")}.`) : "");
  };
  draw(12);
}

function weight(change) {
  return (change.what === "door" ? 0 : 10) + (change.better === false ? 0 : change.better ? 2 : 1);
}

function changeItem(change) {
  const tone = change.better === false ? "worse" : change.better ? "better" : "neutral";
  const account = accountsById.get(change.accountId);
  return make(
    "li",
    { class: tone },
    make("span", { class: "what" }, change.what),
    make("span", {}, change.words, account ? " " : null, account && detailsButton(account)),
  );
}
