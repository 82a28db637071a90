"""A player that tells the server how far it has come, twice a second, and at its end; it begins by itself.

The server hears a live call exactly up to that moment. A pause pauses both; at another speed the voice keeps its pitch.
The script is short and needs no bundle; texts are the browser's own. What the browser sends is checked here.
"""

from typing import Any

import streamlit as st

EVERY_MS = 500

_STYLE = "audio { width: 100%; height: 2.75rem; } p { margin: .25rem 0 0; } p:empty { display: none; }"
_SCRIPT = (
    """
const players = new WeakMap();

class Live {
  constructor(audio, note) {
    this.audio = audio;
    this.note = note;
    this.sentAt = -1;
    audio.ontimeupdate = () => this.tell(false);
    audio.onended = () => this.tell(true);
    audio.onerror = () => (note.textContent = this.data.failed);
    audio.onplay = () => (note.textContent = "");
  }

  update({ data, setTriggerValue }) {
    this.send = setTriggerValue;
    const before = this.data;
    this.data = data;
    if (before?.url !== data.url) {
      this.sentAt = -1;
      this.audio.src = data.url;
      this.audio.play().catch(() => (this.note.textContent = data.blocked));
    }
    this.audio.playbackRate = data.speed;
  }

  tell(ended) {
    const ms = Math.round(this.audio.currentTime * 1000);
    if (!ended && (this.audio.seeking || ms < this.sentAt + EVERY_MS * this.data.speed)) return;
    this.sentAt = ms;
    this.send("heard", { ms, ended });
  }
}

export default (component) => {
  const { parentElement } = component;
  const audio = parentElement.querySelector("audio");
  let player = players.get(parentElement);
  if (player?.audio !== audio) {
    player = new Live(audio, parentElement.querySelector("p"));
    players.set(parentElement, player);
  }
  player.update(component);
  return () => {
    audio.pause();
    players.delete(parentElement);
  };
};
"""
).replace("EVERY_MS", str(EVERY_MS))

_PLAYER = st.components.v2.component(
    "gwidama_live", html="<audio controls></audio><p role='status'></p>", css=_STYLE, js=_SCRIPT
)


def live_player(url: str, *, speed: int, blocked: str, failed: str, key: str) -> tuple[int, bool] | None:
    """Show the player; return how far it has come in ms and whether it has ended, None where it told nothing new.

    `blocked` and `failed` are shown if the browser wants a click before it plays, and if the sound cannot be loaded.
    """
    data = {"url": url, "speed": speed, "blocked": blocked, "failed": failed}
    return position(_PLAYER(key=key, data=data, on_heard_change=lambda: None).heard)


def position(value: Any) -> tuple[int, bool] | None:
    """Check what the browser sent; None if it has another form.

    >>> position({"ms": 1500, "ended": False}), position({"ms": "x"}), position(None)
    ((1500, False), None, None)
    """
    match value:
        case {"ms": int(ms), "ended": bool(ended)} if not isinstance(ms, bool):
            return max(0, ms), ended
    return None
