"""What `hydronest rate` says."""

TEXTS = {
    "working out": "计算中",
    "{period} is no month and no day: write 2026-11 or 2026-11-21": "{period} 不是月份也不是日期: 请写 2026-11 或 2026-11-21",
    "nothing was below a limit": "没有低于限值的",
    "the rate at this moment": "当前完好率",
    "time-weighted over a month (2026-11) or a day (2026-11-21)": "按时间加权, 一个月 (2026-11) 或一天 (2026-11-21)",
    "a rate for each station, district, kind or thing": "按消防站、辖区、类别或单个设备分别计算",
    "minutes below each limit, over a month or a day": "一个月或一天内低于各限值的分钟数",
    "every verdict with its reasons": "每个判定及其原因",
    "the serviceable ones too": "完好的也列出",
    "by the rules {rules}; unknown never counts as serviceable": "按规则 {rules}; 未知不计为完好",
    "group": "分组",
    "all": "全部",
    "strict rate": "完好率",
    "of known": "已知中的完好率",
    "for": "已持续",
    "because": "原因",
    "not known whether: {what}": "尚不知是否: {what}",
    "station": "消防站",
    "all {n} are serviceable": "{n} 个全部完好",
    "days of {zone}; a day's official rate is the one in its evidence, which anyone can recompute": "按 {zone} 的日期; 正式的日完好率以当日证据文件为准, 任何人可复算",
}
