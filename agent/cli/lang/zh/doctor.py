"""What `hydronest doctor` says."""

TEXTS = {
    "{file} is there already": "{file} 已经存在",
    "Name another file.": "请另起文件名。",
    "ask every part what is wrong, and what to do about it; changes nothing without --fix": (
        "逐一询问各部分有何问题、该怎么办; 不加 --fix 不做任何改动"
    ),
    "do what takes nothing away; each command is shown and asked about first": (
        "执行不会造成损失的修复; 每条命令都先显示并询问"
    ),
    "with --fix: do not ask": "与 --fix 一起: 不再询问",
    "only root may mend the machine": "只有 root 可以修复",
    "there is nothing that --fix can mend": "没有 --fix 能修复的问题",
    "--fix would do:": "--fix 将执行:",
    "Do it?": "执行吗?",
    "done": "完成",
    "Exit code: 0 all is fine, 1 something is not.": "退出码: 0 一切正常, 1 有问题。",
    "also write an archive for support, without secrets": "同时写出供技术支持用的压缩包, 不含密码和密钥",
    "{file}: {inside}; look through it before you send it": "{file}: {inside}; 发送前请过目",
    "fine": "正常",
    "all is fine": "一切正常",
    "{bad} of {all} are not fine": "{all} 项中有 {bad} 项不正常",
}
