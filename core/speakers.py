"""Which speakers name a person, and which name a role that many people have.

A split must not cut a person; a role (caller, agent) says nothing about who speaks. A role may carry a number
(`agent 2`, `상담사1`). A name made of digits alone, or of `speaker` or `화자` and a number, counts as a person: where
this is wrong, a snapshot has very few groups and says so, while the opposite mistake would raise scores in silence.
"""

import re

ROLES = frozenset([
    "caller", "callee", "taker", "call-taker", "calltaker", "call_taker", "agent", "customer", "client",
    "operator", "dispatcher", "responder", "counselor", "counsellor", "consultant", "doctor", "nurse",
    "patient", "guardian", "interviewer", "interviewee", "host", "guest", "user", "human", "system",
    "assistant", "bot", "speaker", "spk", "unknown", "unk", "other", "none", "a", "b", "c", "d", "p", "q",
    "male", "female", "child", "adult", "left", "right", "신고자", "수보자", "접수자", "접수요원", "접수원",
    "상황요원", "상황실", "구급대원", "소방대원", "출동대원", "요구조자", "상담사", "상담원", "상담자",
    "내담자", "고객", "손님", "점원", "직원", "환자", "보호자", "의사", "간호사", "화자", "발화자", "진행자",
    "질문자", "답변자", "면접관", "면접자", "지원자", "교사", "학생", "남", "여", "남자", "여자", "남성",
    "여성", "기타", "미상", "불명", "없음",
])  # fmt: skip
_NUMBERED = re.compile(r"(.*?\w)[\s_#-]*\d{1,3}")
_PERSONS_WITH_A_NUMBER = frozenset([
    "speaker", "spk", "화자", "발화자", "a", "b", "c", "d", "p", "q", "male", "female", "user", "human",
    "child", "adult", "남", "여", "남자", "여자", "남성", "여성", "학생", "client", "patient", "환자",
])  # fmt: skip


def names_a_person(speaker: str | None) -> bool:
    """Tell whether `speaker` identifies one person.

    >>> names_a_person("actor07"), names_a_person("Caller"), names_a_person("수보자"), names_a_person(None)
    (True, False, False, False)
    >>> names_a_person("상담사 2"), names_a_person("speaker12"), names_a_person("1001")
    (False, True, True)
    """
    name = (speaker or "").strip().casefold()
    if not name or name in ROLES:
        return False
    numbered = _NUMBERED.fullmatch(name)
    return numbered is None or numbered[1] not in ROLES - _PERSONS_WITH_A_NUMBER
