// Settings that stay in this browser, and names for requests.

/** What was stored under `name`, else `fallback`: storage may be forbidden, the setting then lasts for the page. */
export function stored(name, fallback) {
  try {
    return localStorage.getItem(name) ?? fallback;
  } catch {
    return fallback;
  }
}

export function store(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // see stored()
  }
}

/** Not randomUUID: that needs HTTPS, which a workbench in a local network may not have. */
export function nonce() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
}
