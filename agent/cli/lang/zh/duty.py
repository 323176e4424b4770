"""What `hydronest duty` says."""

TEXTS = {
    "no duty check is open": "当前没有查岗",
    "open duty checks, and how many were answered or missed": "待应答的查岗，以及已应答和错过的次数",
    "say that somebody is here": "应答查岗：有人在岗",
    "only this centre's check; otherwise all": "只应答这个监控中心；缺省为全部",
    "your number at the centre, 0 to 255": "操作员编号，0 到 255",
    "centre": "监控中心",
    "seconds left": "剩余秒数",
    "answered {answered}, missed {missed}": "已应答 {answered} 次，错过 {missed} 次",
    "answered: {names}": "已应答：{names}",
}
