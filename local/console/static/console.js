// The console: which section is shown, and when it looks again.

import { h } from "./dom.js";
import { calmly, get, listen } from "./server.js";
import { accounts } from "./accounts.js";
import { executions } from "./executions.js";
import { execution } from "./execution.js";
import { calls, events } from "./logs.js";

const SECTIONS = { accounts, executions, events, calls };
const main = document.getElementById("main");
const notice = document.getElementById("notice");
let place;
let current;
let silence;

/** Tells a person what was done, or why not. */
function say(words, bad = false) {
  notice.textContent = words;
  notice.className = bad ? "bad" : "";
  notice.hidden = false;
  clearTimeout(silence);
  silence = setTimeout(() => { notice.hidden = true; }, bad ? 12000 : 5000);
}

/** Does what a person asked for; tells why not. */
async function act(work) {
  try {
    return await work();
  } catch (error) {
    say(error.message, true);
    return undefined;
  }
}

function route() {
  const [, section = "accounts", ...rest] = decodeURIComponent(location.hash).split("/");
  const make = section === "execution" ? execution : SECTIONS[section] ?? accounts;
  const marked = section === "execution" ? "executions" : section in SECTIONS ? section : "accounts";
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#/${marked}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const view = make({ place, say, act }, rest.join("/"));
  main.replaceChildren(...view.elements);
  document.title = `${view.title} - Groundwork console`;
  current = { ...view, look: calmly(() => act(view.look)) };
  current.look();
}

async function begin() {
  place = await act(() => get("/api/overview"));
  if (!place) {
    main.replaceChildren(h("p.card", {}, "The embedded AWS does not answer. Load this page again once it runs."));
    return;
  }
  document.getElementById("endpoint").textContent = `${place.endpoint}, ${place.region}`;
  route();
  addEventListener("hashchange", () => { route(); main.focus({ preventScroll: true }); scrollTo(0, 0); });
  const live = document.getElementById("live");
  listen(
    (changed) => { if (current.needs.some((name) => changed.has(name))) current.look(); },
    (alive) => {
      live.textContent = alive ? "live" : "not connected";
      live.className = `chip ${alive ? "good" : "bad"}`;
    },
  );
}

begin();
