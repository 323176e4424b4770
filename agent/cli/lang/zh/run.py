"""What `hydronest run` says."""

TEXTS = {
    "say more; -v is short for it": "多说一些; 简写为 -v",
    "whoever runs this may operate it, not only root and the operator group: for a rehearsal": (
        "运行本程序的用户也可操作, 不限于 root 和操作员组: 仅用于演练"
    ),
    "nests and aircraft that are no simulators may move in this run": "本次运行允许真实的机巢和无人机动作",
}
