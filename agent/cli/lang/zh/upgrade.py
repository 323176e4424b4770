"""What `hydronest upgrade` says."""

TEXTS = {
    "another version, signed for: installed, watched, and undone by itself where it is worse": "安装经签名的其他版本, 随后观察, 变差则自动退回",
    "Without FILE: how the last one went, or stands. Exit code: 0 the new version stays, 1 it does not.": "不带 FILE: 显示上一次升级的结果或进度。退出码: 0 新版本保留, 1 未保留。",
    "the package, as on the stick": "安装包, 与 U 盘上的相同",
    "SHA-256 of release.pem, as it was sent by another way; once": "release.pem 的 SHA-256, 以另一途径收到的为准; 只需一次",
    "only check; nothing is changed": "只检查, 不做任何改动",
    "without FILE: until it has an outcome": "不带 FILE 时: 等到有结果为止",
    "only root may install another version": "只有 root 可以安装其他版本",
    "Install {new} in the place of {old}? The agent is away for a minute or two.": "以 {new} 替换 {old}? 采集程序将中断一两分钟。",
    "keeping {old} as it is now ...": "正在保存现有的 {old} ...",
    "nothing speaks against it": "可以升级",
    "It goes on by itself from here, after a power cut too: hydronest upgrade shows how it stands.": "此后自动进行, 断电后也会继续: hydronest upgrade 显示进度。",
    "nothing was upgraded by this command yet": "尚未用此命令升级过",
    "from {old} to {new}: {stage}": "从 {old} 到 {new}: {stage}",
    "{new} runs and does as well as {old} did": "{new} 正在运行, 与 {old} 一样好",
    "nothing was changed: {old} runs as before": "未做任何改动: {old} 照常运行",
    "{old} is back: {new} did worse": "已退回 {old}: {new} 表现变差",
    "neither {new} nor {old} could be brought about; hydronest doctor says what is wrong now": "{new} 与 {old} 均未能装好; hydronest doctor 会指出现在的问题",
    "what {new} had kept lies in {folder}": "{new} 期间保存的内容在 {folder}",
    "unknown": "未知",
    "readings a minute: {was} before, {now} after": "每分钟读数: 之前 {was}, 之后 {now}",
}
