// What is asked of the console's server, and what it tells by itself.

async function answer(response) {
  if (response.status === 204) return null;
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  const body = isJson ? await response.json() : await response.text();
  if (!response.ok) throw new Error(body.error ?? `The server answered ${response.status}.`);
  return body;
}

export async function get(path, query = {}) {
  const search = new URLSearchParams(query).toString();
  return answer(await fetch(search ? `${path}?${search}` : path));
}

export async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return answer(await fetch(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

/** Calls `tell` with what has changed since the last time, and `alive` whenever the connection comes or goes. */
export function listen(tell, alive) {
  const source = new EventSource("/api/changes");
  let known = {};
  source.onopen = () => alive(true);
  source.onerror = () => alive(false);
  source.onmessage = (message) => {
    const now = JSON.parse(message.data);
    const changed = Object.keys(now).filter((name) => now[name] !== known[name]);
    known = now;
    tell(new Set(changed));
  };
}

const LATER = 1000;

/** Runs `work` again when it is asked for, or when it answers that it did not see all; never twice at once, and at most so often. */
export function calmly(work, milliseconds = 400) {
  let running = false;
  let wanted = false;
  return async function ask() {
    if (running) { wanted = true; return; }
    running = true;
    try {
      do {
        wanted = false;
        const more = await work();
        await new Promise((done) => setTimeout(done, more ? LATER : milliseconds));
        wanted ||= Boolean(more);
      } while (wanted);
    } finally {
      running = false;
    }
  };
}
