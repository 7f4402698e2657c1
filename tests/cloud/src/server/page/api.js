// The API of docs/cloud.md. The session is a cookie that this page cannot read.

export class LoggedOut extends Error {}

export async function call(method, path, body, signal) {
  const init = { method, signal, headers: {} };
  if (method !== "GET" && method !== "DELETE") {
    init.headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body ?? {});
  }
  const response = await fetch(`/api/${path}`, init);
  if (response.status === 204) return null;
  const value = await response.json().catch(() => ({}));
  if (response.status === 401) throw new LoggedOut(value.error);
  if (!response.ok) throw new Error(value.error ?? `HTTP status ${response.status}`);
  return value;
}

export const get = (path, signal) => call("GET", path, undefined, signal);
export const post = (path, body, signal) => call("POST", path, body, signal);
export const put = (path, body) => call("PUT", path, body);
export const remove = (path) => call("DELETE", path);

/** Calls `on(events)` with everything that happens, until `signal` ends it. `on(null)` says that the Cloud cannot be reached. */
export async function follow(on, loggedOut, signal) {
  let after = 0;
  while (!signal.aborted) {
    try {
      const found = await get(`events?after=${after}&wait=${after ? 25 : 0}`, signal);
      if (signal.aborted) return;
      // A Cloud that was started anew counts from the beginning.
      after = found.next;
      on(found.events, found.lost);
      if (!after) await new Promise((wait) => setTimeout(wait, 1000));
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof LoggedOut) return loggedOut();
      on(null);
      await new Promise((wait) => setTimeout(wait, 2000));
    }
  }
}
