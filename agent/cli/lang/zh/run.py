"""What `hydronest run` says."""

TEXTS = {
    "say more; -v is short for it": "多说一些; 简写为 -v",
    "nests and aircraft that are no simulators may move in this run": "本次运行允许真实的机巢和无人机动作",
}
