"""Steps of a judgement: what is judged (`spans`, of several recordings `hearing`), what judges (`serving`), what the
runs say (`judge`), text and voice together (`fusion`), one verdict for the whole input (`verdict`).
"""
