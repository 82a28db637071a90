// Import this first: it replaces the two bundled packages, so that tests need no `npm install`.

import { register } from "node:module";

const PACKAGES = {
  diff: "export const diffWords = (before, after) => [{ removed: true, value: before }, { added: true, value: after }]",
  "wavesurfer.js": `export default { create: (options) => ({
    options, on() {}, async load() {}, zoom() {}, setTime() {}, destroy() {}, setOptions() {}, getDecodedData: () => null, getWidth: () => 0, getDuration: () => 0 }) }`,
  "wavesurfer.js/dist/plugins/regions.esm.js": "export default { create: () => ({ on() {}, clearRegions() {} }) }",
};
const urls = Object.fromEntries(Object.entries(PACKAGES).map(([name, code]) => [name, `data:text/javascript,${encodeURIComponent(code)}`]));

register(`data:text/javascript,${encodeURIComponent(`
  const urls = ${JSON.stringify(urls)};
  export const resolve = (name, context, next) => (urls[name] ? { url: urls[name], shortCircuit: true } : next(name, context));
`)}`);
