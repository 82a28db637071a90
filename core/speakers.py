"""Which speakers name a person, and which name a role that many people have.

A split must not cut a person; a role (caller, agent) says nothing about who speaks.
"""

ROLES = frozenset([
    "caller", "taker", "call-taker", "calltaker", "agent", "customer", "client", "operator", "dispatcher",
    "counselor", "counsellor", "doctor", "patient", "guardian", "interviewer", "interviewee", "host", "guest",
    "user", "system", "assistant", "bot", "speaker", "unknown", "other", "a", "b", "신고자", "수보자",
    "접수자", "접수요원",
    "상담사", "상담원", "고객", "환자", "보호자",
    "의사", "화자", "진행자", "손님", "기타", "미상",
])  # fmt: skip


def names_a_person(speaker: str | None) -> bool:
    """Tell whether `speaker` identifies one person.

    >>> names_a_person("actor07"), names_a_person("Caller"), names_a_person("수보자"), names_a_person(None)
    (True, False, False, False)
    """
    return bool(speaker and speaker.strip()) and str(speaker).strip().casefold() not in ROLES
