"""What `hydronest rate` says."""

TEXTS = {
    "minutes by reason, over a day, a month, a year": "某日、某月、某年按原因统计的分钟数",
    "nothing was out of order": "没有任何异常",
    "of what was judged: {none}": "已判定的部分: {none}",
    "working out": "计算中",
    "from {first} to {last}": "自 {first} 至 {last}",
    "of {hours} no verdict is kept, they count as unknown: gateway off, power lost, or clock put right": "其中 {hours} 未留存判定, 按未知计: 网关停机, 断电或时钟被校正",
    "whole days: {days}": "整日: {days}",
    "parts of days: {days}": "部分: {days}",
    "nothing was below a limit": "没有低于限值的",
    "the rate at this moment": "当前完好率",
    "time-weighted over 2026-11-21, 2026-11, 2026 or 2026-06..2026-08": "按时间加权: 2026-11-21, 2026-11, 2026 或 2026-06..2026-08",
    "a rate for each station, district, kind or thing": "按消防站、辖区、类别或单个设备分别计算",
    "minutes below each limit, over a day, a month, a year": "一天、一个月或一年内低于各限值的分钟数",
    "dead hydrants side by side, and hours of low pressure: for a risk platform": "连片失效的消火栓和低压时长: 供风险防控平台使用",
    "no two that do not work stand within {m} m of each other": "没有相距 {m} m 以内的两个失效消火栓",
    "{n} side by side do not work ({unknown} of them not known to), {lon},{lat}, within {m} m: {ids}": (
        "{n} 个连片失效 (其中 {unknown} 个未知), {lon},{lat}, {m} m 以内: {ids}"
    ),
    "every verdict with its reasons": "每个判定及其原因",
    "the serviceable ones too": "完好的也列出",
    "{n} counted as serviceable have an alarm, not long enough for a verdict: {ids}": (
        "{n} 个计为完好的有报警, 未到判定时间: {ids}"
    ),
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
