"""What `hydronest completion` says."""

TEXTS = {
    "print the ids that a running agent knows, one a line, for these files": (
        "输出运行中的采集程序所知的 id, 每行一个, 供补全文件使用"
    ),
    "one of {known}": "请选: {known}",
    "print the completion file for bash": "输出 bash 的补全文件",
    "print the completion file for zsh": "输出 zsh 的补全文件",
    "print the completion file for fish": "输出 fish 的补全文件",
}
