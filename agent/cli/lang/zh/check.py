"""What `hydronest check` says."""

TEXTS = {
    "the site file, or several": "站点设置文件, 可以多个",
    "{files} site files: {mistakes} mistakes, {doubts} doubts": "{files} 个站点文件: {mistakes} 处错误, {doubts} 处存疑",
    "Exit code: 0 the agent can start with them, 78 it cannot.": "退出码: 0 可以启动, 78 不能启动。",
    "{mistakes} mistakes, {doubts} doubts: the agent will not start with these settings": (
        "{mistakes} 处错误, {doubts} 处存疑: 采集程序不会用这份设置启动"
    ),
    "the settings are good: {devices} devices on {lines} lines, {uplinks} uplinks, {profiles} profiles": (
        "设置正确: {devices} 个设备, {lines} 条线路, {uplinks} 个上行, {profiles} 个点表"
    ),
}
