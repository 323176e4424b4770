"""What `hydronest drone` says."""

TEXTS = {
    "every aircraft: link, place, battery, hours": "列出全部无人机: 链路、位置、电量、飞行小时",
    "aircraft": "无人机",
    "nest": "机巢",
    "link": "链路",
    "where": "位置",
    "mode": "模式",
    "height m": "高度 m",
    "speed m/s": "速度 m/s",
    "battery %": "电量 %",
    "satellites": "卫星",
    "flights": "架次",
    "hours": "小时",
    "battery cycles": "电池循环",
}
