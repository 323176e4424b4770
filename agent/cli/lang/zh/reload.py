"""What `hydronest reload` says."""

TEXTS = {
    "only say what would change, and who would begin anew for it": "只说明会改变什么、哪些部分会重新启动",
    "Exit code: 0 done, or nothing had changed, 1 refused or not back yet, 78 the settings have mistakes.": (
        "退出码: 0 已生效或没有变化, 1 被拒绝或尚未恢复运行, 78 设置有错误。"
    ),
}
