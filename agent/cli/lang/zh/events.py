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
    "limit {limit}": "限值 {limit}",
    "{s} s left to {kpa} kPa": "{s} 秒后降到 {kpa} kPa",
}
