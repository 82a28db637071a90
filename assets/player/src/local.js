// Settings stored in this browser, and nonces (unique names) for requests.

/** The stored value of `name`, else `fallback`. Storage may be forbidden: then a setting lasts as long as the page. */
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
