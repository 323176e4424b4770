"""What `hydronest completion` says."""

TEXTS = {"print the completion file for bash": "输出 bash 的补全文件"}
