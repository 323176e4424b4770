"""What `hydronest events` says."""

TEXTS = {
    "what was raised and not yet cleared": "已发生尚未恢复的事件",
    "the newest first, raised and cleared": "最近的发生与恢复, 新的在前",
    "how many; 50 otherwise": "最多几条; 默认 50",
    "for": "已持续",
    "turn": "变化",
    "ago": "多久前",
    "event": "事件",
    "severity": "级别",
    "because": "依据",
    "nothing stands": "当前没有事件",
    "nothing was raised or cleared since the agent began": "采集程序启动以来没有事件",
    "time": "时间",
}
