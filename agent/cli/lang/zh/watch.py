"""What `hydronest watch` says."""

TEXTS = {
    "seconds between two frames; 1": "两次刷新之间的秒数; 默认 1",
    "stop after N frames": "刷新 N 次后结束",
    "tables one after the other, for pipes and logs": "逐次输出表格, 供管道和日志使用",
    "only devices that contain TEXT": "只显示包含 TEXT 的设备",
    "--interval: from 0.1 to 3600 seconds": "--interval: 0.1 到 3600 秒",
    "--count: a number of frames, 0 for no end": "--count: 刷新次数, 0 为不停",
    "clock not trusted": "时钟不可信",
    "up": "已运行",
    "devices": "设备",
    "journal": "存储",
    "uplink": "上行",
    "{committed} committed  {waiting} not yet  {lost} lost": "已存 {committed}  未存 {waiting}  丢失 {lost}",
    "{backlog} wait  {forwarded} forwarded  {confirmed} confirmed": (
        "待传 {backlog}  已转发 {forwarded}  已确认 {confirmed}"
    ),
    "oldest {age}": "最早 {age} 前",
    "nothing matches": "没有符合的设备",
    "no devices": "没有设备",
    "move": "上下移动",
    "a page up, a page down": "上一页, 下一页",
    "first, last": "第一个, 最后一个",
    "everything about the device under the cursor; again to go back": "查看光标处设备的全部信息; 再按返回",
    "show only what contains the typed text; Esc shows all again": "只显示包含所输文字的设备; Esc 恢复全部",
    "only what is not well": "只看不正常的",
    "this page": "本页",
    "leave": "退出",
    "A reading in brackets is no reading: the words say why. A curve shows the last 60 values of its device.": (
        "括号里的不是读数, 而是没有读数的原因。曲线是该设备最近 60 个值。"
    ),
    "enter details  / find  ! not well  ? help  q leave": "enter 详情  / 查找  ! 只看异常  ? 帮助  q 退出",
    "Esc shows all": "Esc 全部",
    "Esc back  q leave": "Esc 返回  q 退出",
}
