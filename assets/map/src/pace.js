// How many points a frame draws while the map moves: all of them where that is fast enough, else every n-th. At rest all
// are drawn. Pure: no DOM here.

export const COARSEST = 32; // every 32nd point at the least
export const REST_MS = 120; // without a movement for so long, the map rests
const SLOW_MS = 28; // between two frames
const FAST_MS = 18;
const PATIENCE = 20; // fast frames before more points are tried

export class Pace {
  constructor() {
    this.every = 1;
    this.last = this.fast = 0;
    this.movedAt = -Infinity;
    this.moving = this.moves = false;
  }

  /** A movement at `now` (ms). */
  move(now) {
    this.movedAt = now;
    this.moves = true; // counts for the next frame however late that comes
  }

  rests(now) {
    return now - this.movedAt > REST_MS;
  }

  /** Called for each frame: which points it draws, 1 for all. */
  frame(now) {
    const gap = now - this.last, moved = this.moving;
    this.last = now;
    this.moving = this.moves || !this.rests(now);
    this.moves = false;
    if (!this.moving) return 1;
    if (moved) this.#learn(gap);
    return this.every;
  }

  #learn(gap) {
    this.fast = gap <= FAST_MS ? this.fast + 1 : 0;
    if (gap > SLOW_MS) this.every = Math.min(COARSEST, this.every * (gap > 3 * SLOW_MS ? 4 : 2));
    else if (this.fast >= PATIENCE && this.every > 1) {
      this.every /= 2;
      this.fast = -PATIENCE * 4; // it goes back at once if that is too slow, and tries again later
    }
  }
}
