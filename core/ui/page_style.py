"""The style of every page: margins, focus, contrast, narrow windows.

Streamlit's grey and blue texts do not reach a contrast of 4.5:1 on every background; here they do, in both themes.
"""

# Streamlit leaves wide margins around a page: tables need that room, above all in a narrow window. What stands
# beside a picture moves below it before it gets too narrow to read. The element with the keyboard focus is outlined.
PAGE_STYLE = """<style>
:root { --gw-quiet: light-dark(#596375, #a7b1c2); --gw-blue: light-dark(#1d4ed8, #8ab6ff);
  --gw-back: light-dark(#ffffff, #10151f); }
[data-testid="stMainBlockContainer"] { padding: 2.25rem clamp(1.25rem, 3vw, 3.5rem) 4rem; }
[data-testid="stSidebarHeader"] { height: 2.5rem; margin-bottom: 0; padding-bottom: 0; }
[data-testid="stSidebarUserContent"] [data-testid="stVerticalBlock"] { gap: 0.35rem; }
[data-testid="stSidebarUserContent"] hr { margin: 0.6rem 0; }
:has(> .st-key-behind) { min-width: 22rem; }
.st-key-tiles > [data-testid="stElementContainer"] { flex: 1 1 10.5rem; min-width: 10.5rem; }
:is(a, button, summary, [role="tab"]):focus-visible,
label:has(:is([role="switch"], [type="checkbox"], [type="radio"]):focus-visible) {
  outline: 2px solid #3974ef; outline-offset: 2px; border-radius: 0.25rem;
}
[data-testid="stCaptionContainer"], [data-testid="InputInstructions"],
[data-testid="stFileUploaderDropzoneInstructions"] *, [data-testid="stMetricLabel"] {
  color: var(--gw-quiet) !important; opacity: 1 !important; }
:is([data-testid="stSliderThumbValue"], button[data-selected="true"]) p,
[role="tab"][aria-selected="true"] p { color: var(--gw-blue) !important; }
::placeholder { color: var(--gw-quiet) !important; opacity: 1 !important; }
[data-testid="stMarkdownContainer"] code { color: light-dark(#17673a, #7ddf9f) !important; }
.gw-brand { margin: 0; padding: 0.4rem 0; font-size: 1.25rem; font-weight: 600; }
.gw-phase { margin: 0.6rem 0 0; padding: 0; font-size: 0.8rem; font-weight: 600; line-height: 1.4;
  color: var(--gw-quiet); }
[data-testid="stSidebar"] [data-testid="stButtonGroup"] button { padding-inline: 0.6rem; }
.gw-skip:focus { margin-top: 3rem; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding: 0 1rem 3rem; }
  [data-testid="stHeader"] { background: transparent; }
  [data-testid="stMainBlockContainer"] :is(h1, h2, h3, p, label) { overflow-wrap: anywhere; }
  [data-testid="stMainBlockContainer"] h1 { margin-left: 3rem; padding: 0.3rem 0 0.75rem; font-size: 1.6rem; }
  .st-key-controls [data-testid="stHorizontalBlock"] { flex-wrap: wrap; gap: 0.5rem 0.75rem; }
  .st-key-controls [data-testid="stColumn"] { flex: 1 1 6.5rem; width: auto; min-width: 0; }
  .st-key-controls [data-testid="stColumn"]:nth-child(-n + 2) { flex-basis: 40%; }
}
</style>"""
