"""What `hydronest run` says."""

TEXTS = {
    "say more": "多说一些",
    "nests and aircraft that are no simulators may move in this run": "本次运行允许真实的机巢和无人机动作",
}
