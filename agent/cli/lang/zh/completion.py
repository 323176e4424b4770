"""What `hydronest completion` says."""

TEXTS = {
    "print the completion file for bash": "输出 bash 的补全文件",
    "print the completion file for zsh": "输出 zsh 的补全文件",
    "print the completion file for fish": "输出 fish 的补全文件",
}
