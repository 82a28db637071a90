// Fetches and decodes audio into peaks and a buffer. Times are ms. Does not draw, play or cache.

const PEAKS = 16000;

/** The sample rate of a RIFF header, limited to what every browser's AudioContext accepts; 48 kHz for other formats. */
export function statedRate(bytes) {
  const view = new DataView(bytes);
  const isWav = view.byteLength >= 28 && view.getUint32(0) === 0x52494646 && view.getUint32(12) === 0x666d7420;
  return isWav ? Math.min(96000, Math.max(8000, view.getUint32(24, true))) : 48000;
}

/** The loudest sample of each of at most `most` equal parts of the first channel. */
export function peaks(buffer, most) {
  const samples = buffer.getChannelData(0);
  const count = Math.min(most, samples.length);
  const out = new Float32Array(count);
  for (let i = 0; i < samples.length; i++) {
    const bucket = Math.floor((i * count) / samples.length);
    out[bucket] = Math.max(out[bucket], Math.abs(samples[i]));
  }
  return out;
}

/** What a person reads of a failed `fetchSound`: the status of the server if there is one, not the browser's English. */
export function failure(sentence, error) {
  return /^HTTP \d+$/.test(error.message) ? `${sentence} (${error.message})` : sentence;
}

/** {buffer, blob, peaks, durationMs} of the audio at `url`, with at most `most` peaks; throws on failure. */
export async function fetchSound(url, signal, most = PEAKS) {
  const answer = await fetch(url, { signal, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const bytes = await answer.arrayBuffer();
  const blob = new Blob([bytes], { type: answer.headers.get("content-type") ?? "" }); // decoding empties `bytes`
  const buffer = await new OfflineAudioContext(1, 1, statedRate(bytes)).decodeAudioData(bytes);
  return { buffer, blob, peaks: peaks(buffer, most), durationMs: buffer.duration * 1000 };
}
