"""A small labelled corpus for the tests of the augmentation: real sentences of danger and of everyday life."""

from core.records import NewUtterance
from core.workflows.workspace import Workspace, now

DANGER = (
    "아버지가 거실에서 갑자기 쓰러지셨는데 의식이 없어요 빨리 와 주세요",
    "옆집 주방에서 연기가 많이 나고 있어요 소방차를 보내 주세요",
    "남편이 계단에서 굴러서 머리를 다쳤는데 피가 계속 나요",
    "모르는 남자가 칼을 들고 가게 앞에서 사람들을 위협하고 있어요",
)
NORMAL = (
    "오늘 저녁에 친구하고 시장에 가서 과일을 조금 사려고 해요",
    "내일 아침 회의 자료를 미리 정리해서 메일로 보내 드릴게요",
)


def fill(ws: Workspace, danger: int = len(DANGER), normal: int = len(NORMAL)) -> list[int]:
    """Add the first sentences of each class, one group each, with gold labels; return their ids."""
    source = ws.store.corpus.add_source("talk", "sentences", "ours", "0", now())
    said = [("danger", text) for text in DANGER[:danger]] + [("normal", text) for text in NORMAL[:normal]]
    items = [
        NewUtterance(f"t{n}", text, f"t{n}", labels={"danger": code}) for n, (code, text) in enumerate(said)
    ]  # fmt: skip
    ws.store.corpus.add_sentences(source, items, now())
    return list(ws.store.corpus.utterance_ids([item.key for item in items]).values())
