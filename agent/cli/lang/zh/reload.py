"""What `hydronest reload` says."""

TEXTS = {
    "Exit code: 0 done, or nothing had changed, 1 refused or not back yet, 78 the settings have mistakes.": (
        "退出码: 0 已生效或没有变化, 1 被拒绝或尚未恢复运行, 78 设置有错误。"
    ),
    "the supervisor reads the settings: {s:.0f} s at most": "主管进程正在读取设置: 最多 {s:.0f} 秒",
    "{parts} does not work yet: hydronest status says why": "{parts} 尚未恢复运行: 原因见 hydronest status",
    "nothing was changed": "什么也没有改变",
    "no agent runs at {path}, or you may not see it": "{path} 处没有采集程序在运行, 或您无权查看",
    "Try it with sudo.": "请用 sudo 再试。",
    "this agent was started by hand in a terminal: stop it and start it again": (
        "这个采集程序是在终端里手动启动的: 请停掉后重新启动"
    ),
    "only root may reload the settings": "只有 root 可以重新载入设置",
    "the supervisor has not answered": "主管进程没有应答",
    "hydronest status shows every part.": "hydronest status 显示各部分。",
    "the settings say what they said before: nothing was changed": "设置与之前相同: 什么也没有改变",
    "begun anew: {parts}; everything else went on": "已重新启动: {parts}; 其余照常运行",
}
