"""The samples of style that a recogniser is given before it reads: how an emergency call is written down.

They name what callers and call takers speak of, with no accident in them: a recogniser that hears nothing repeats its
prompt, and "there is a fire" must never be what it repeats. The guards drop what only the prompt made it say.
"""

PROMPTS = {
    "ko": (
        "네, 119입니다. 위치가 어디세요? 아파트 몇 동 몇 호입니까? 의식과 호흡을 확인하고, 구급차와 소방차를 보내 "
        "드리겠습니다."
    ),
    "en": "Emergency service. What is the address? Which floor, please? Is the patient breathing? We send help.",
}
