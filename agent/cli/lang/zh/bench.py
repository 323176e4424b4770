"""What `hydronest bench` says."""

TEXTS = {
    "every mistake of a bench file at once; touches no wire": "一次报告台架文件的全部错误; 不接触线路",
    "what hangs on the bench, what it can do and must never do, and who has it": (
        "台架上接了什么, 能做什么, 绝不能做什么, 以及谁在使用"
    ),
    "the bench file, such as bench.toml": "台架文件, 例如 bench.toml",
    "the bench is not installed here": "此处没有安装测试台架",
    "Install it: {command}": "请安装: {command}",
    "{mistakes} mistakes, {doubts} doubts: nothing runs on this bench": "{mistakes} 处错误, {doubts} 处存疑: 台架不可用",
    "the bench is good: {devices} devices on {lines} lines, {relays} relays": (
        "台架正确: {devices} 个设备, {lines} 条线路, {relays} 个继电器"
    ),
    "thing": "部件",
    "at": "位置",
    "can": "能做",
    "never": "绝不",
    "process {pid} has the bench": "进程 {pid} 正在使用台架",
    "no interlock: nothing real is written to": "没有联锁: 不向任何真实设备写入",
}
