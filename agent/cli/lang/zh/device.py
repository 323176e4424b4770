"""What `hydronest device` says."""

TEXTS = {
    "another terminal hangs there: look at it, and take it into use": "换了一台终端: 先试读, 再生效",
    "it stands somewhere else now: its place in the settings and in its life": "设备换了位置: 改设置中的坐标并记入历史",
    "as the site file calls it; it stays": "设置文件中的标识; 不变",
    "the new one's address, if it is another": "新终端的地址, 若有变化",
    "the line it hangs on, if it is another": "所在线路, 若有变化",
    "its make, if it is another: hydronest profile list": "型号, 若有变化: 见 hydronest profile list",
    "the old one's calibration holds for it too": "沿用旧终端的校准值",
    "do not ask it first: it does not hang there yet": "不先试读: 终端尚未接上",
    "its outlet's, above sea level": "出水口海拔 (米)",
    "another terminal; before: {was}": "更换终端; 之前: {was}",
    "another terminal": "更换终端",
    "{id} stands there already": "{id} 已经在该位置",
    "a device on an OPC UA line is not asked beforehand: hydronest opcua read shows it": (
        "OPC UA 线路上的设备不预先试读: 可用 hydronest opcua read 查看"
    ),
    "nobody answers at unit {unit} of {line} by {profile}: nothing was changed": (
        "{line} 上地址 {unit} 按 {profile} 无人应答: 什么也没有改变"
    ),
    "Who is there: hydronest bus scan {line}. To write it all the same: --unseen.": (
        "查找地址: hydronest bus scan {line}。仍要写入: --unseen。"
    ),
    "unit {unit} of {line} says:": "{line} 上地址 {unit} 的读数:",
    "somebody still answers at unit {unit} of {line}: was the right one taken off?": (
        "{line} 上地址 {unit} 仍有应答: 拆下的是那一台吗?"
    ),
}
