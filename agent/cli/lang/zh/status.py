"""What `hydronest status` says."""

TEXTS = {
    "Exit code: 0 all well, 1 degraded, 3 an alarm stands.": "退出码: 0 一切正常, 1 有异常, 3 有报警。",
    "wait up to S seconds for the agent to come up": "最多等待 S 秒, 直到采集程序启动",
    "and {n} more: hydronest hydrant list": "另有 {n} 个: hydronest hydrant list",
    "gateway": "网关",
    "up": "已运行",
    "clock": "时钟",
    "not to be trusted yet": "尚不可信",
    "devices": "设备",
    "lines": "线路",
    "uplink": "上行",
    "journal": "存储",
    "no contact yet": "尚未连通",
    "{n} wait": "待传 {n}",
    "(oldest {age})": "(最早 {age} 前)",
    "{forwarded} forwarded, {confirmed} confirmed": "已转发 {forwarded}, 已确认 {confirmed}",
    "{committed} committed, {waiting} not yet": "已存 {committed}, 未存 {waiting}",
    "{lost} lost": "丢失 {lost}",
    "{size} on disk, {free} free": "占用 {size}, 剩余 {free}",
}
