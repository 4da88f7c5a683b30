// The organization as a tree. What is below a unit is made when it is opened: there may be thousands of accounts.

const OPEN_UP_TO = 60;

function unitsOf(list) {
  const root = { name: "Root", path: "", units: new Map(), own: [], all: [] };
  const place = (path) => {
    let unit = root;
    for (const part of path ? path.split("/") : []) {
      if (!unit.units.has(part)) {
        const below = unit.path ? `${unit.path}/${part}` : part;
        unit.units.set(part, { name: part, path: below, units: new Map(), own: [], all: [] });
      }
      unit = unit.units.get(part);
    }
    return unit;
  };
  if (!isNarrowed()) for (const path of report.units ?? []) place(path);
  for (const account of list) place(account.unit).own.push(account);
  gather(root);
  return root;
}

function gather(unit) {
  unit.all = [...unit.own];
  for (const each of unit.units.values()) unit.all.push(...gather(each));
  return unit.all;
}

// How many are ready, differ, failed: as a bar, and in words.
function share(list) {
  const counts = countedBy(list, (each) => each.condition);
  const bar = make("span", { class: "share", "aria-hidden": "true" });
  const words = [];
  for (const condition of WORST_FIRST) {
    const count = counts.get(condition);
    if (!count) continue;
    const part = make("span", { class: condition });
    part.style.flexGrow = count;
    bar.append(part);
    if (condition !== "ready") words.push(`${count} ${count > 1 && condition === "differs" ? "differ" : CONDITIONS[condition].toLowerCase()}`);
  }
  return [list.length ? bar : "", make("span", { class: "subtle" }, [number(list.length, "account"), ...words].join(", "))];
}

function unitItem(unit, open) {
  const details = make("details", {}, make("summary", {}, make("b", {}, unit.name), ...share(unit.all)));
  const unfold = () => {
    if (details.childElementCount === 1) details.append(inside(unit, open, AT_ONCE));
  };
  details.addEventListener("toggle", () => details.open && unfold());
  if (open) {
    unfold();
    details.open = true;
  }
  return make("li", { class: "unit" }, details);
}

function inside(unit, open, limit) {
  const own = [...unit.own].sort(worstFirst);
  const { part, more } = firstOf(own, limit, (next) => list.replaceWith(inside(unit, open, next)));
  const units = [...unit.units.values()].sort((one, other) => inOrder(one.name, other.name));
  const list = make(
    "ul",
    { class: "plain" },
    ...part.map(leaf),
    more && make("li", {}, more),
    ...units.map((each) => unitItem(each, open)),
  );
  return list;
}

function leaf(account) {
  const differing = Object.keys(account.components).filter((name) => account.components[name] === "differs");
  return make(
    "li",
    { class: "leaf" },
    accountButton(account),
    make("span", { class: "subtle id" }, account.id),
    account.kind && make("span", { class: "kind" }, account.kind),
    badge(account.condition, account.condition === "other" ? account.state : undefined),
    ending(account) ? make("span", { class: "subtle" }, ending(account)) : null,
    differing.length ? make("span", { class: "subtle" }, differing.join(", ")) : null,
  );
}

function ending(account) {
  if (account.closesAt) return `closes ${day(account.closesAt)}`;
  return account.expiresOn ? `expires ${day(account.expiresOn)}` : "";
}

function worstFirst(one, other) {
  return (
    WORST_FIRST.indexOf(one.condition) - WORST_FIRST.indexOf(other.condition) ||
    (one.kind === "management" ? -1 : 0) - (other.kind === "management" ? -1 : 0) ||
    inOrder(one.name, other.name)
  );
}

function drawTree(list) {
  if (!list.length) {
    fill("tree", nothing("No account is shown."));
    return;
  }
  const root = unitsOf(list);
  const item = unitItem(root, list.length <= OPEN_UP_TO);
  const first = item.querySelector("details");
  first.open = true;
  if (first.childElementCount === 1) first.append(inside(root, false, AT_ONCE));
  fill("tree", make("ul", { class: "plain tree" }, item));
}
