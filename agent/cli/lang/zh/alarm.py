"""What `hydronest alarm` says."""

TEXTS = {
    "what stands, who has seen it, what is shelved": "当前报警、已确认人、已搁置项",
    "say that you have seen it; it stands on until it is over": "确认已知悉; 报警持续到恢复为止",
    "all that stands of it otherwise": "默认该对象的全部报警",
    "keep one off the screens for a while, also when it comes again": "暂时搁置一个报警, 期间再次发生也不提示",
    "90s, 30m, 12h or 7d, no longer": "90s、30m、12h 或 7d, 最长 7d",
    "back on the screens": "取消搁置",
    "who says so; your user id otherwise": "操作人; 默认为你的用户号",
    "nothing stands": "当前没有报警",
    "{id}: {kinds} acknowledged": "{id}: {kinds} 已确认",
    "--for {span}: write 90s, 30m, 12h or 7d": "--for {span}: 请写 90s、30m、12h 或 7d",
    "{id}: {kind} shelved for {time}": "{id}: {kind} 已搁置 {time}",
    "{id}: {kind} is back on the screens": "{id}: {kind} 已取消搁置",
    "event": "事件",
    "severity": "级别",
    "for": "已持续",
    "because": "依据",
    "shelved, {time} left": "已搁置, 剩余 {time}",
    "acknowledged by {by}": "已由 {by} 确认",
    "new": "未确认",
}
