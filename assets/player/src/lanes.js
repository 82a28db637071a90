// Computes where the regions of a recording are drawn, so that no two overlap. Pure.

/** Lane of each region: the call taker's below, the others above; a new lane if two regions of a lane overlap. */
export function lanes(regions) {
  const ends = [];
  const lane = new Map();
  const lower = regions.some((r) => r.tone !== "taker") ? 1 : 0;
  for (const region of [...regions].sort((a, b) => a.start_ms - b.start_ms)) {
    let index = region.tone === "taker" ? lower : 0;
    if ((ends[index] ?? 0) > region.start_ms) {
      index = [...ends.keys()].find((i) => (ends[i] ?? 0) <= region.start_ms) ?? ends.length;
    }
    ends[index] = region.end_ms;
    lane.set(region.id, index);
  }
  return { lane, count: Math.max(1, ends.length) };
}
